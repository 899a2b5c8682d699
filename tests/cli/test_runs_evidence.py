"""Evidence as it is handed over: exported, signed, verified offline, and the ledger verified at home."""

import json
import sqlite3
import zipfile
from pathlib import Path

import pytest

from keyproof.store.ledger import Ledger
from keyproof.store.sqlite import SqliteDatabase
from tests.cli.conftest import Keyproof


@pytest.fixture
def scanned(project: Path, keyproof: Keyproof) -> Path:
    """The project after one scan."""
    assert keyproof("scan", "-q", "--as-of", "2025-10-05", "--out", "reports").code == 1
    return project


def test_a_bundle_holds_the_reports_as_they_were(scanned: Path, keyproof: Keyproof) -> None:
    assert keyproof("runs", "export", "-o", "evidence.zip").code == 0
    with zipfile.ZipFile("evidence.zip") as archive:
        for report in (scanned / "reports").iterdir():
            assert archive.read(f"reports/{report.name}") == report.read_bytes()
        manifest = json.loads(archive.read("manifest.json"))
        documents = {name: archive.read(path).decode() for path, name in manifest["documents"].items()}
        population = json.loads(archive.read("population.json"))
        assert "keyproof" in json.loads(archive.read("environment.json"))
    assert documents["policy.yaml"] == (scanned / "policy.yaml").read_text("utf-8")
    assert (population["judged"], population["scopes"][0]["read"]) == (2, 2)
    assert manifest["run"]["number"] == 1


def test_the_same_run_gives_the_same_bytes(scanned: Path, keyproof: Keyproof) -> None:
    for name in ("one.zip", "two.zip"):
        keyproof("runs", "export", "1", "-o", name)
    assert (scanned / "one.zip").read_bytes() == (scanned / "two.zip").read_bytes()


def test_a_signed_bundle_is_verified_without_the_project(
    scanned: Path,
    keyproof: Keyproof,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    away = tmp_path_factory.mktemp("auditor")
    assert "its fingerprint is" in keyproof("runs", "key", "signing").out
    monkeypatch.setenv("KEYPROOF_SIGNING_KEY", str(scanned / "signing"))
    assert "signed by" in keyproof("runs", "export", "-o", str(away / "e.zip")).err
    (away / "key.pub").write_bytes((scanned / "signing.pub").read_bytes())
    monkeypatch.chdir(away)
    result = keyproof("runs", "verify", "e.zip", "--public-key", "key.pub")
    assert (result.code, "signed by the key given" in result.out) == (0, True)
    assert "say with --public-key whose it has to be" in keyproof("runs", "verify", "e.zip").out
    content = bytearray((away / "e.zip").read_bytes())
    content[len(content) // 2] ^= 1
    (away / "e.zip").write_bytes(content)
    result = keyproof("runs", "verify", "e.zip")
    assert (result.code, "was changed" in result.err or "damaged" in result.err) == (1, True)


def test_bundles_follow_each_other(scanned: Path, keyproof: Keyproof) -> None:
    keyproof("runs", "export", "-o", "one.zip")
    keyproof("runs", "export", "-o", "two.zip", "--previous", "one.zip")
    assert keyproof("runs", "verify", "two.zip", "--previous", "one.zip").code == 0
    result = keyproof("runs", "verify", "one.zip", "--previous", "two.zip")
    assert (result.code, "it does not follow two.zip" in result.err) == (1, True)


def test_a_key_is_not_made_over_another(scanned: Path, keyproof: Keyproof) -> None:
    keyproof("runs", "key", "signing")
    result = keyproof("runs", "key", "signing")
    assert (result.code, "is there already" in result.err) == (2, True)


def test_the_ledger_is_verified_and_names_its_last_digest(scanned: Path, keyproof: Keyproof) -> None:
    result = keyproof("runs", "verify")
    assert (result.code, result.out.startswith("1 run, all as they were recorded; the last is ")) == (0, True)
    digest = result.out.split()[-1]
    assert keyproof("runs", "verify", "--contains", digest[:16]).code == 0
    result = keyproof("runs", "verify", "--contains", "0" * 64)
    assert (result.code, "no run of the ledger has the digest" in result.err) == (1, True)


def test_a_changed_ledger_is_told(scanned: Path, keyproof: Keyproof) -> None:
    with sqlite3.connect(scanned / ".keyproof" / "runs.db") as connection:
        connection.execute("DROP TRIGGER run_no_UPDATE")
        connection.execute("UPDATE run SET head = replace(head, 'Example', 'Exemple')")
    connection.close()
    result = keyproof("runs", "verify")
    assert (result.code, "run 1 was changed: its digest does not fit" in result.err) == (1, True)


def test_no_value_gets_into_the_ledger_or_a_bundle(project: Path, keyproof: Keyproof) -> None:
    """Parts are compressed in the ledger, so they are looked at as they are read; the bundle is not."""
    leaked, kept = "AK" + "IAQYLPMN5HHHFPZAM2", "Correct-Horse-" + "Battery-9f3a"
    (project / "keyproof.yaml").write_text(
        "version: 1\norganisation: Example Ltd\npolicies: [leaks, ./policy.yaml]\n"
        "repositories: [{path: ., history: worktree, name: app}]\n"
        "sources: [{id: env, kind: dotenv, path: .}]\n"
    )
    (project / "a.py").write_text(f'key = "{leaked}"\n')
    (project / ".env").write_text(f"DATABASE_PASSWORD={kept}\n")
    assert keyproof("scan", "-q").code == 1
    assert keyproof("runs", "export", "-o", "e.zip").code == 0
    ledger = Ledger(SqliteDatabase(project / ".keyproof" / "runs.db", readonly=True))
    (run,) = ledger.runs()
    everything = [(project / "e.zip").read_bytes(), *ledger.parts(run).values()]
    everything += [path.read_bytes() for path in (project / ".keyproof").iterdir()]
    ledger.close()
    assert run.leaks >= 1
    assert run.secrets == 1
    for secret in (leaked, kept, leaked[4:], kept[:14]):
        assert not any(secret.encode() in text for text in everything)
