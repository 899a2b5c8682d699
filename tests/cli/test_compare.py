"""Coming from another scanner: its report beside ours, on a real history."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Keyproof

REAL, EXAMPLE = "AK" + "IAQYLPMN5HHHFPZAM2", "AK" + "IAIOSFODNN7EXAMPLE"


def git(*arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    done = subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A repository with a leak, an example and a file without; the id of its commit."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEYPROOF_KEY", "a key of the test suite, long enough to be one")
    git("init", "-q")
    (tmp_path / "a.py").write_text(f'one = 1\nkey = "{REAL}"\n')
    (tmp_path / "b.py").write_text(f'key = "{EXAMPLE}"\n')
    (tmp_path / "c.py").write_text("nothing = here\n")
    (tmp_path / "d.py").write_text(f'other = "{REAL[:-3]}AB7"\n')
    git("add", ".")
    git("commit", "-qm", "first")
    return git("rev-parse", "HEAD")


def report(commit: str, *places: tuple[str, int]) -> None:
    findings = [
        {"RuleID": "aws", "StartLine": line, "EndLine": line, "File": path, "Commit": commit, "Secret": REAL}
        for path, line in places
    ]
    Path("report.json").write_text(json.dumps(findings))


def test_each_difference_is_explained(commit: str, keyproof: Keyproof) -> None:
    report(commit, ("a.py", 2), ("b.py", 1), ("c.py", 1))
    result = keyproof("compare", "--with", "gitleaks", "report.json")
    assert result.code == 0
    assert "Found by both: 1 place" in result.out
    assert "Only in the report of gitleaks: 2 places, 1 of them to be looked at" in result.out
    assert "seen, and taken for a placeholder" in result.out
    assert "no detector takes that line for a secret" in result.out
    assert "Only here: 1 leak" in result.out
    assert "d.py:1" in result.out
    assert REAL not in result.out + result.err


def test_a_program_reads_the_same(commit: str, keyproof: Keyproof) -> None:
    report("f" * 40, ("z.py", 7))
    result = keyproof("compare", "--with", "gitleaks", "report.json", "--format", "json")
    found = json.loads(result.out)
    assert found["theirs_only"][0]["because"] == "its commit is not in this repository"
    assert (found["both"], len(found["ours_only"]), found["complete"]) == ([], 2, True)
    assert REAL not in result.out


def test_a_baseline_of_detect_secrets_is_about_the_files(commit: str, keyproof: Keyproof) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "detect_secrets", "scan", "a.py"], check=False, capture_output=True, text=True
    )
    Path("report.json").write_text(done.stdout)
    result = keyproof("compare", "--with", "detect-secrets", "--worktree", "report.json", ".")
    assert "Found by both: 1 place" in result.out


def test_another_scanner_is_refused(commit: str, keyproof: Keyproof) -> None:
    report(commit)
    result = keyproof("compare", "--with", "gitleak", "report.json")
    assert (result.code, "did you mean 'gitleaks'?" in result.err) == (2, True)
