"""`keyproof scan` on a project without servers: results, gates, filters, interrupts."""

import json
from pathlib import Path

import pytest

from keyproof.cli.progress import TerminalProgress
from tests.cli.conftest import Keyproof

AS_OF = ("--as-of", "2025-10-05")


def test_an_overdue_secret_fails_and_the_reports_are_written(project: Path, keyproof: Keyproof) -> None:
    result = keyproof("scan", *AS_OF, "--out", "reports")
    assert (result.code, result.err) == (1, "recorded as run 1\n")
    assert "Database Password" in result.out
    assert "6 d overdue" in result.out
    assert {path.suffix for path in (project / "reports").iterdir()} == {".json", ".xml", ".html"}


def test_nothing_overdue_is_in_order(project: Path, keyproof: Keyproof) -> None:
    assert keyproof("scan", "--as-of", "2025-09-29").code == 0


def test_results_go_to_stdout_alone(project: Path, keyproof: Keyproof) -> None:
    result = keyproof("scan", *AS_OF, "--format", "json", "--format", "junit=out/junit.xml")
    assert json.loads(result.out)["summary"]["exit_code"] == result.code == 1
    assert "NOT IN ORDER" in result.err
    assert (project / "out" / "junit.xml").read_text("utf-8").startswith("<?xml")
    assert keyproof("scan", *AS_OF, "--format", "json", "-q").err == ""


def test_two_runs_differ_in_their_times_only(project: Path, keyproof: Keyproof) -> None:
    one, two = (json.loads(keyproof("scan", *AS_OF, "--format", "json", "-q").out) for _ in range(2))
    for result in (one, two):
        result["run"]["started"] = result["run"]["finished"] = ""
    assert one == two


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--fail-on", "critical"), 0),
        (("--fail-on", "never"), 0),
        (("--fail-on", "medium"), 1),
        (("--rule", "age"), 1),
        (("--source", "table"), 1),
    ],
)
def test_gates_and_filters(project: Path, keyproof: Keyproof, arguments: tuple[str, ...], code: int) -> None:
    assert keyproof("scan", *AS_OF, *arguments).code == code


def test_a_source_that_cannot_be_read_is_a_gap(project: Path, keyproof: Keyproof) -> None:
    (project / "secrets.md").unlink()
    result = keyproof("scan", *AS_OF)
    assert result.code == 3
    assert "secrets.md" in result.out
    assert keyproof("scan", *AS_OF, "--allow-incomplete").code == 0


def test_collecting_and_judging_later_is_the_same(project: Path, keyproof: Keyproof) -> None:
    assert keyproof("collect", "-o", "snapshot.json").code == 0
    scanned = json.loads(keyproof("scan", *AS_OF, "--format", "json", "-q").out)
    judged = json.loads(keyproof("evaluate", "snapshot.json", *AS_OF, "--format", "json", "-q").out)
    assert judged["findings"] == scanned["findings"]
    assert judged["run"]["id"] == scanned["run"]["id"]


def test_an_interrupt_keeps_what_was_read(
    project: Path, keyproof: Keyproof, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Impatient(TerminalProgress):
        """Stops the run when the first scope is done."""

        def advance(self, units: int) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr("keyproof.cli.session.TerminalProgress", Impatient)
    (project / "secrets.csv").write_text("Secret,Last Rotated\nAPI Password,2025-01-01\n", encoding="utf-8")
    text = (project / "keyproof.yaml").read_text("utf-8").replace("secrets.md", "'secrets.*'")
    (project / "keyproof.yaml").write_text(text, encoding="utf-8")
    result = keyproof("scan", *AS_OF, "--jobs", "1", "--out", "reports")
    assert result.code == 130
    scopes = json.loads((project / "reports" / "keyproof.json").read_text("utf-8"))["scopes"]
    assert sorted(scope["status"] for scope in scopes) == ["ok", "skipped"]
    assert "interrupted" in result.out
