"""A second search: what is remembered, and that nothing is believed that may have changed."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from keyproof.domain.leak import LeakScan
from keyproof.leaks.remembered import RememberedSource
from keyproof.ports import LeakSource, Surroundings
from keyproof.wiring.leaks import Search, leak_source
from tests.fakes.repositories import GitRepository
from tests.leaks.git.searching import Watch

AWS = "AK" + "IA" + "Q3EGRIZDQ5WKXAPT"
GITHUB = "ghp" + "_" + "a" * 30 + "0L7LxV"  # never issued: its checksum is wrong


class Later:
    """A clock that says that all files have been as they are for long."""

    def now(self) -> datetime:
        """See ports.Clock."""
        return datetime.now(UTC) + timedelta(minutes=5)


@pytest.fixture
def world(tmp_path: Path) -> Surroundings:
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "XDG_CONFIG_HOME": str(tmp_path)}
    return Surroundings(root=tmp_path, environ=environ, clock=Later(), sleep=lambda _: None)


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    repository = GitRepository.create(tmp_path / "repository")
    repository.commit({"a": "plain\n", "b": f"key = {AWS}\n"})
    return repository


def source(repository: GitRepository, world: Surroundings, search: Search | None = None) -> LeakSource:
    return leak_source(repository.path, search or Search(jobs=1), name="app", surroundings=world)


def scan(repository: GitRepository, world: Surroundings, search: Search | None = None) -> LeakScan:
    """Search, and hold the result to one without any memory."""
    search = search or Search(jobs=1)
    found = source(repository, world, search).scan(Watch())
    fresh = source(repository, world, replace(search, remember=False)).scan(Watch())
    assert found.leaks == fresh.leaks
    assert found.coverage.blobs_scanned + found.coverage.blobs_cached == fresh.coverage.blobs_scanned
    assert found.coverage.blobs_skipped == fresh.coverage.blobs_skipped
    assert found.coverage.complete is fresh.coverage.complete
    return found


def test_an_unchanged_repository_is_not_searched_again(
    repository: GitRepository, world: Surroundings
) -> None:
    first, second = scan(repository, world), scan(repository, world)
    assert (first.coverage.blobs_scanned, first.coverage.blobs_cached) == (2, 0)
    assert (second.coverage.blobs_scanned, second.coverage.blobs_cached) == (0, 2)
    assert second.coverage.bytes_scanned == 0


def test_after_a_commit_only_what_is_new_is_searched(repository: GitRepository, world: Surroundings) -> None:
    scan(repository, world)
    repository.commit({"c": "more\n"})
    found = scan(repository, world)
    assert found.coverage.blobs_cached == 1  # of the others one holds a secret, and its place must be told
    assert found.coverage.blobs_scanned == 2


def stage(repository: GitRepository) -> None:
    repository.write("a", b"other\n")
    repository.git("add", "a")


CHANGES: dict[str, Callable[[GitRepository], object]] = {
    "commit": lambda repository: repository.commit({"new": GITHUB}),
    "file": lambda repository: repository.write("untracked", f"key = {AWS}\n".encode()),
    "edit": lambda repository: repository.write("a", f"key = {AWS}\n".encode()),
    "stage": stage,
    "branch": lambda repository: repository.git("branch", "other"),
    "delete": lambda repository: repository.git("update-ref", "-d", "refs/heads/main"),
    "repack": lambda repository: repository.git("repack", "-adq"),
    "loose": lambda repository: repository.blob(b"nobody names it"),
    "accept": lambda repository: repository.write(".secrets.baseline", b'{"results": {}}'),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_is_seen(repository: GitRepository, world: Surroundings, change: str) -> None:
    scan(repository, world)
    assert scan(repository, world).coverage.blobs_scanned == 0
    CHANGES[change](repository)
    remembered = source(repository, world)
    assert isinstance(remembered, RememberedSource)
    state = remembered.state()
    assert state
    assert remembered.kept.get(state) is None
    scan(repository, world)


def test_other_options_are_another_search(repository: GitRepository, world: Surroundings) -> None:
    scan(repository, world)
    assert scan(repository, world, Search(jobs=1, largest=3)).coverage.blobs_skipped == {"size": 4}
    assert scan(repository, world, Search(jobs=1, archives=False)).coverage.blobs_scanned == 2


def test_what_changed_a_moment_ago_is_not_remembered(repository: GitRepository, world: Surroundings) -> None:
    written = datetime.now(UTC)

    class Then(Later):
        def now(self) -> datetime:
            return written

    present = replace(world, clock=Then())
    scan(repository, present)
    assert scan(repository, present).coverage.blobs_scanned == 1


def test_objects_elsewhere_are_not_remembered(
    repository: GitRepository, world: Surroundings, tmp_path: Path
) -> None:
    other = GitRepository.create(tmp_path / "other")
    (other.path / ".git/objects/info/alternates").write_text(f"{repository.path}/.git/objects\n")
    remembered = source(other, world)
    assert isinstance(remembered, RememberedSource)
    assert remembered.state() is None


def test_a_damaged_or_forged_result_is_not_believed(
    repository: GitRepository, world: Surroundings, tmp_path: Path
) -> None:
    scan(repository, world)
    (kept,) = (tmp_path / "cache/keyproof/scans").glob("*.scan")
    kept.write_bytes(kept.read_bytes().replace(b'"leaks":[{', b'"leaks":[ {'))
    assert scan(repository, world).coverage.blobs_scanned > 0
    kept.write_bytes(b"")
    assert scan(repository, world).coverage.blobs_scanned > 0


def test_a_damaged_object_is_named_every_time(repository: GitRepository, world: Surroundings) -> None:
    file = repository.loose_object(repository.git("rev-parse", "HEAD:a"))
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-3])
    for _ in range(2):
        found = scan(repository, world)
        assert found.coverage.blobs_skipped == {"unreadable": 1}
        assert found.coverage.blobs_cached == 0


def test_nothing_kept_holds_a_secret(repository: GitRepository, world: Surroundings, tmp_path: Path) -> None:
    scan(repository, world)
    files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert any(path.suffix == ".scan" for path in files)
    assert not any(AWS.encode() in path.read_bytes() for path in files)
