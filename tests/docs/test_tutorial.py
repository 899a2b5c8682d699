"""The tutorial is true: whoever types its commands sees its output, to the letter.

`KEYPROOF_WRITE_DOCS=1 pytest tests/docs` writes the outputs of today into the page.
"""

import os
import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Keyproof, keyproof
from tests.docs.walk import Walk

__all__ = ["keyproof"]


def test_every_command_of_the_tutorial_prints_what_the_page_shows(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keyproof: Keyproof
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("KEYPROOF_KEY", "a key of the test suite, long enough to be one")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "Ana")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "ana@example.com")
    for name in (
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "VAULT_ADDR",
        "BAO_ADDR",
    ):
        monkeypatch.delenv(name, raising=False)

    def run(command: str) -> tuple[str, int]:
        result = keyproof(*shlex.split(command)[1:])
        return result.out + result.err, result.code

    path = checkout / "docs" / "tutorial.md"
    page = path.read_text(encoding="utf-8")
    walked = Walk(folder=folder, run=run).through(page)
    if os.environ.get("KEYPROOF_WRITE_DOCS"):
        path.write_text(walked, encoding="utf-8")
    assert walked == page
