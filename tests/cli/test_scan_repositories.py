"""What keyproof.yaml says of a repository: its submodules, its archives, whose it is."""

import gzip
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from keyproof.demo import fakes
from tests.cli.conftest import CONFIGURATION, Keyproof

_PERSON = ["-c", "user.name=Ana", "-c", "user.email=ana@example.org", "-c", "protocol.file.allow=always"]


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *_PERSON, *arguments], cwd=folder, check=True, capture_output=True)


def repository(folder: Path, name: str, content: bytes) -> Path:
    """A repository with one committed file."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    git(folder, "init", "--quiet")
    git(folder, "add", name)
    git(folder, "commit", "--quiet", "--message", "one")
    return folder


@pytest.fixture
def shop(project: Path) -> Path:
    """A repository with a token inside a compressed file, and with a submodule that holds another."""
    inner = repository(project / "inner", "c.sh", f"T={fakes.github_token('inner')}\n".encode())
    found = repository(
        project / "shop", "backup.gz", gzip.compress(f"T={fakes.github_token('outer')}\n".encode(), mtime=0)
    )
    git(found, "submodule", "--quiet", "add", str(inner), "libs/inner")
    git(found, "commit", "--quiet", "--message", "two")
    return found


def scan(keyproof: Keyproof, project: Path, options: str) -> dict[str, Any]:
    text = CONFIGURATION + f"repositories: [{{path: shop, owner: Shop Team, {options}}}]\n"
    (project / "keyproof.yaml").write_text(text, encoding="utf-8")
    result = keyproof("scan", "--as-of", "2025-10-05", "--format", "json", "-q")
    found: dict[str, Any] = json.loads(result.out)
    return found


def leaks(result: dict[str, Any]) -> list[tuple[str, str, list[str], str]]:
    return [
        (one["id"].split("/")[-2], place["path"], place["decoded"], one["owner"])
        for one in result["subjects"]
        if one["kind"] == "leak"
        for place in one["leak"]["occurrences"][:1]
    ]


def test_submodules_and_archives_are_set_for_each_repository(
    shop: Path, project: Path, keyproof: Keyproof
) -> None:
    outer = ("shop", "backup.gz", ["gzip"], "Shop Team")
    inner: tuple[str, str, list[str], str] = ("inner", "c.sh", [], "Shop Team")
    assert leaks(scan(keyproof, project, "submodules: false")) == [outer]
    assert sorted(leaks(scan(keyproof, project, "submodules: true"))) == [inner, outer]
    assert leaks(scan(keyproof, project, "submodules: true, archives: false")) == [inner]


def test_submodules_that_cannot_be_listed_are_a_gap(shop: Path, project: Path, keyproof: Keyproof) -> None:
    (shop / ".git" / "index").write_bytes(b"no index")
    found = scan(keyproof, project, "submodules: true")
    unread = {one["scope"]: one["reason"] for one in found["scopes"] if one["status"] != "ok"}
    assert "shop (submodules)" in unread
    assert unread["shop (submodules)"]


def test_submodules_of_a_folder_are_refused(project: Path, keyproof: Keyproof) -> None:
    text = CONFIGURATION + "repositories: [{path: ., history: worktree, submodules: true}]\n"
    (project / "keyproof.yaml").write_text(text, encoding="utf-8")
    result = keyproof("scan")
    assert result.code == 2
    assert "submodules goes with history: full" in result.err
