"""`keyproof demo`, as a new user runs it."""

import json
from pathlib import Path

import pytest

from keyproof.demo.openbao import find_binary
from tests.e2e.conftest import Run


@pytest.mark.server
def test_the_demo_scans_a_whole_organisation(keyproof: Run, tmp_path: Path) -> None:
    done = keyproof("demo", "organisation", cwd=tmp_path, HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "keyproof scan exited with 1" in done.stdout
    reports = tmp_path / "organisation" / "reports"
    result = json.loads((reports / "keyproof.json").read_text("utf-8"))
    sources = {scope["source"] for scope in result["scopes"]}
    assert sources == {"aws", "env-files", "git", "tracking-table", *(["vault"] if find_binary() else [])}
    assert {scope["status"] for scope in result["scopes"]} == {"ok"}
    failing = {finding["rule"] for finding in result["findings"] if finding["outcome"] == "fail"}
    assert failing >= {"openai-rotation", "no-leak", "developers-not-in-production", "tracking-agrees"}
    assert result["waivers"][0]["state"] == "expiring"
    assert (reports / "keyproof.html").stat().st_size > 50_000
    again = keyproof("demo", "organisation", cwd=tmp_path, HOME=str(tmp_path))
    assert again.returncode == 0, again.stderr


def test_a_folder_with_something_else_in_it_is_left_alone(keyproof: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    done = keyproof("demo", "mine", cwd=tmp_path)
    assert done.returncode == 2
    assert "is not empty and no earlier demo" in done.stderr
    assert (tmp_path / "mine" / "thesis.txt").exists()
