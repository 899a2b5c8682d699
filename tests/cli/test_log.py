"""`-v` and KEYPROOF_LOG_LEVEL: what a run tells of its own work."""

import logging
from pathlib import Path

import pytest

from keyproof.cli import log
from tests.cli.conftest import Keyproof


def told(text: str) -> list[str]:
    """The lines of the log without their times."""
    return [line.split(" ", 1)[1] for line in text.splitlines() if " app." in line]


@pytest.fixture(autouse=True)
def _silent_again() -> None:
    logging.getLogger("keyproof").handlers = []


def test_nothing_is_told_unasked(project: Path, keyproof: Keyproof) -> None:
    assert told(keyproof("scan", "-q").err) == []


@pytest.mark.parametrize("asked", ["-v", "--verbose", "-vv", "-vvv"])
def test_each_scope_is_told_on_stderr(project: Path, keyproof: Keyproof, asked: str) -> None:
    found = keyproof("scan", "-q", asked, "--no-store", "--format", "json")
    assert told(found.err) == [
        "info app.collect: reading table secrets.md",
        "info app.collect: read table secrets.md: ok, 2 secrets",
    ]
    assert found.out.startswith("{")


def test_the_environment_asks_too(project: Path, keyproof: Keyproof, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYPROOF_LOG_LEVEL", "INFO")
    assert len(told(keyproof("scan", "-q").err)) == 2


def test_an_empty_variable_asks_for_nothing(
    project: Path, keyproof: Keyproof, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYPROOF_LOG_LEVEL", "")
    assert "level" not in keyproof("scan", "-q").err


def test_a_level_that_is_none_is_refused(
    project: Path, keyproof: Keyproof, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYPROOF_LOG_LEVEL", "loud")
    found = keyproof("scan", "-q")
    assert found.code == 2
    assert "'loud' is no level" in found.err
    assert "next: use one of error, warning, info, debug" in found.err


def test_a_record_is_one_line_whatever_its_names_hold(capsys: pytest.CaptureFixture[str]) -> None:
    log.show(1)
    logging.getLogger("keyproof.app.collect").info("read %s", "a\nb\x1b[2J\u202e")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("info app.collect: read a[U+000A]b[U+001B][2J[U+202E]")
