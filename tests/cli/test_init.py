"""`keyproof init` and `keyproof doctor`: from an empty folder to a first scan."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import TABLE, Keyproof


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository with a table of secrets and a .env file, and nothing of ours."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEYPROOF_KEY", "a key of the test suite, long enough to be one")
    for name in (
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY_ID",
        "VAULT_ADDR",
        "BAO_ADDR",
    ):
        monkeypatch.delenv(name, raising=False)
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / ".env").write_text("DB_PASSWORD=x\n", encoding="utf-8")
    (tmp_path / ".gitignore").write_text(".env\n", encoding="utf-8")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "secrets.md").write_text(TABLE, encoding="utf-8")
    return tmp_path


def test_what_it_writes_is_checked_and_scanned(empty: Path, keyproof: Keyproof) -> None:
    made = keyproof("init")
    assert made.code == 0, made.err
    text = (empty / "keyproof.yaml").read_text("utf-8")
    assert "kind: dotenv" in text
    assert "path: docs/secrets.md" in text
    assert "repositories: [{path: ., history: full}]" in text
    assert "# store: .keyproof/runs.db" in text
    assert (empty / ".pre-commit-config.yaml").exists()
    assert keyproof("policy", "lint").code == 0
    checked = keyproof("doctor")
    assert (checked.code, "PROBLEM" in checked.out) == (0, False), checked.out
    scanned = keyproof("scan", "--as-of", "2025-10-05")
    assert scanned.code in {1, 3}
    assert "Database Password" in scanned.out


def test_nothing_is_overwritten(empty: Path, keyproof: Keyproof) -> None:
    (empty / "keyproof.yaml").write_text("mine\n", encoding="utf-8")
    refused = keyproof("init")
    assert (refused.code, "--force" in refused.err) == (2, True)
    assert (empty / "keyproof.yaml").read_text("utf-8") == "mine\n"
    assert keyproof("init", "--force").code == 0


def test_backends_of_the_environment_are_found(
    empty: Path, keyproof: Keyproof, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("VAULT_ADDR", "https://vault.example:8200")
    keyproof("init")
    text = (empty / "keyproof.yaml").read_text("utf-8")
    assert "regions: [eu-central-1]" in text
    assert 'address: "${VAULT_ADDR}"' in text
    assert keyproof("policy", "lint").code == 0


def test_the_doctor_names_what_cannot_be_read(project: Path, keyproof: Keyproof) -> None:
    assert keyproof("doctor").code == 0
    (project / "secrets.md").unlink()
    result = keyproof("doctor")
    assert result.code == 3
    assert "PROBLEM table" in result.out
    assert "next: " in result.out
