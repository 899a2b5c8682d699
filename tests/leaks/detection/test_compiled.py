"""What is compiled once is read again, and never trusted when it does not fit."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from keyproof.leaks.detection import compiled
from keyproof.leaks.detection.compiled import open_scanner
from keyproof.leaks.detection.engine import RegexEngine
from keyproof.leaks.detection.examples import expand
from keyproof.leaks.detection.version import ENGINE_VERSION

_TEXT = expand("x = [[ghp_{github-body}]]", "compiled").text


@pytest.fixture
def some_rules(rules: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    shutil.copy(rules / "github.yaml", folder)
    return folder


def test_a_kept_set_finds_the_same(some_rules: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = open_scanner(some_rules, cache=cache)
    (kept,) = cache.glob("*.detectors")
    again = open_scanner(some_rules, cache=cache)
    assert dict(again.detectors) == dict(first.detectors)
    assert again.digest == first.digest == kept.stem
    assert again.scan(_TEXT) == first.scan(_TEXT) != ()
    assert kept.stat().st_mode & 0o077 == 0


def test_a_kept_set_is_opened_without_reading_yaml(some_rules: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from keyproof.leaks.detection.compiled import open_scanner;"
        "scanner = open_scanner(Path(sys.argv[1]), cache=Path(sys.argv[2]));"
        "print(len(scanner.scan(sys.argv[3].encode())), sorted({'yaml', 'pydantic', 'detect_secrets'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(some_rules), str(tmp_path / "cache"), _TEXT.decode()]
    runs = [
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() for _ in range(2)
    ]
    assert runs == ["1 ['pydantic', 'yaml']", "1 []"]


def test_a_changed_rule_is_seen(some_rules: Path, tmp_path: Path) -> None:
    before = open_scanner(some_rules, cache=tmp_path / "cache")
    path = some_rules / "github.yaml"
    path.write_text(path.read_text().replace("GitHub OAuth access token", "Another title"))
    after = open_scanner(some_rules, cache=tmp_path / "cache")
    assert before.digest != after.digest
    assert after.detectors["github-oauth-token"].title == "Another title"


@pytest.mark.parametrize("damage", [b"", b"{}\n", b'{"database": "", "detectors": []}\n', b"\xff\xff", None])
def test_a_damaged_cache_is_made_again(some_rules: Path, tmp_path: Path, damage: bytes | None) -> None:
    cache = tmp_path / "cache"
    open_scanner(some_rules, cache=cache)
    (kept,) = cache.glob("*.detectors")
    kept.write_bytes(kept.read_bytes()[:-1] if damage is None else damage)
    assert len(open_scanner(some_rules, cache=cache).scan(_TEXT)) == 1


def test_a_cache_that_cannot_be_written_only_costs_time(some_rules: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert len(open_scanner(some_rules, cache=tmp_path / "file" / "cache").scan(_TEXT)) == 1


def test_a_users_own_file_joins_the_shipped_ones(some_rules: Path, tmp_path: Path) -> None:
    own = tmp_path / "acme.yaml"
    own.write_text(
        "vendor: acme\ndetectors:\n  - {id: acme-token, title: Acme token, secret-class: acme, pattern: 'acme_[a-z]{9}',"
        " advice: 'Rotate: https://acme.example/', examples: ['acme_{lower:9}']}\n"
    )
    scanner = open_scanner(some_rules, extra=[own])
    assert [match.detector for match in scanner.scan(b"acme_qzkwvxjtb")] == ["acme-token"]


def test_without_hyperscan_the_plain_engine_takes_over(
    some_rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "hyperscan", None)
    for _ in range(2):
        scanner = open_scanner(some_rules, cache=tmp_path / "cache")
        assert isinstance(scanner._engine, RegexEngine)
        assert [match.detector for match in scanner.scan(_TEXT)] == ["github-personal-access-token"]


def test_a_newer_engine_does_not_read_an_older_cache(
    some_rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = open_scanner(some_rules, cache=tmp_path / "cache").digest
    monkeypatch.setattr(compiled, "ENGINE_VERSION", ENGINE_VERSION + 1)
    assert open_scanner(some_rules, cache=tmp_path / "cache").digest != before
