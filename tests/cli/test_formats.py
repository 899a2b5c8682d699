"""Every format from the command line: in a file, on standard output, and of a leak search."""

import json
from pathlib import Path

import pytest

from keyproof.demo import fakes
from keyproof.wiring.catalog import REPORTERS
from tests.cli.conftest import Keyproof
from tests.fakes.repositories import GitRepository
from tests.reporters.reading import commands, read
from tests.reporters.validating import validate

SCAN = ("scan", "--as-of", "2025-12-10", "--no-progress")


@pytest.mark.parametrize("name", sorted(REPORTERS))
def test_a_scan_writes_it_and_prints_it(project: Path, keyproof: Keyproof, name: str) -> None:
    printed = keyproof(*SCAN, "-q", "--format", name)
    written = keyproof(*SCAN, "-q", f"--format={name}=report")
    assert (printed.code, written.code, written.out) == (1, 1, "")
    for text in (printed.out, (project / "report").read_bytes().decode()):
        validate(name, text)
        told, held = read(name, text, expected={"fail": 2})
        assert told == held


def test_help_names_every_format(keyproof: Keyproof) -> None:
    out = keyproof("scan", "--help").out
    assert [name for name in REPORTERS if name not in out] == []


def test_a_leak_search_in_the_formats_of_services(project: Path, keyproof: Keyproof, tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "shop")
    repository.write("a.sh", f"export T={fakes.github_token('formats')}\n")
    repository.git("add", "a.sh")
    repository.git("commit", "--quiet", "--message", "one")
    result = keyproof(
        "leaks", str(repository.path), "--no-progress", "--format", "github", "--format", "gitlab=gitlab.json",
    )  # fmt: skip
    assert result.code == 1
    (level, properties, _), *_ = commands(result.out)
    assert (level, properties["file"], properties["line"]) == ("error", "a.sh", "1")
    text = (project / "gitlab.json").read_text("utf-8")
    validate("gitlab", text)
    (vulnerability,) = json.loads(text)["vulnerabilities"]
    assert vulnerability["location"]["commit"]["sha"] == repository.git("rev-parse", "HEAD")
