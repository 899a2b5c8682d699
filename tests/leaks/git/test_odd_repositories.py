"""Repositories that few tools expect: formats, settings and contents at the edge of what git allows."""

import gc
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from keyproof.leaks.git.range import Range
from keyproof.leaks.git.repository import Repository
from keyproof.leaks.git.submodules import checked_out
from keyproof.leaks.source import Mode
from tests.fakes.repositories import GitRepository, PlannedCommit, PlannedHistory, git_environ
from tests.leaks.decoding import packed
from tests.leaks.git.searching import TokenScanner, found, occurrence, paths, search

A, B = "tok_" + "aaaa" + "aaaa", "tok_" + "bbbb" + "bbbb"


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    made = GitRepository.create(tmp_path / "r")
    made.commit({"readme": "nothing here"})
    return made


def test_refs_in_a_reftable(tmp_path: Path) -> None:
    """See https://git-scm.com/docs/reftable; git has it from 2.45 on."""
    probe = subprocess.run(
        ["git", "init", "--quiet", "--ref-format=reftable", str(tmp_path / "probe")],
        env=git_environ(tmp_path / "home"), capture_output=True, check=False,
    )  # fmt: skip
    if probe.returncode:
        pytest.skip("this git knows no reftable")
    repository = GitRepository.create(tmp_path / "r", "--ref-format=reftable")
    commit = repository.commit({"f": A})
    repository.commit({"f": "clean"}, options=["--amend"])
    repository.add({"staged": B})
    scan = search(repository)
    assert (occurrence(scan, A).commit, occurrence(scan, B).where) == (commit, "index")
    assert scan.coverage.complete


def test_a_sparse_index(repository: GitRepository) -> None:
    """See https://git-scm.com/docs/sparse-index: folders left out are one entry each."""
    repository.commit({"in/f": "f", "out/deep/f": "f", "out/g": "g"})
    repository.git("sparse-checkout", "set", "--cone", "--sparse-index", "in")
    assert " out/" in repository.git("ls-files", "--sparse", "--stage").replace("\t", " ")
    repository.add({"in/new": A})
    repository.git(
        "update-index", "--add", "--cacheinfo", f"100644,{repository.blob(B.encode())},out/deep/new"
    )
    assert found(search(repository, Mode.STAGED), A, B) == {A, B}
    scan = search(repository)
    assert (paths(scan, A), paths(scan, B)) == (["in/new"], ["out/deep/new"])
    assert scan.coverage.complete, scan.coverage.problems


def test_many_renames_beyond_the_limit(repository: GitRepository) -> None:
    """Others took git's warning for a failure, or compared paths and lost the content."""
    repository.git("config", "diff.renameLimit", "1")
    repository.git("config", "diff.renames", "copies")
    repository.commit({f"old/{number}": f"text {number}\n" * 9 for number in range(30)})
    repository.git("mv", "old", "new")
    last = repository.commit({"new/7": "text 7\n" * 8 + A})
    assert occurrence(search(repository, Range.parse("HEAD~1..HEAD")), A).commit == last
    assert occurrence(search(repository), A).path == "new/7"


def test_a_search_leaves_the_repository_as_it_was(repository: GitRepository) -> None:
    """No maintenance starts, no index is refreshed, nothing is written."""
    repository.git("config", "gc.auto", "1")
    repository.git("config", "maintenance.auto", "true")
    repository.git("config", "core.untrackedCache", "true")
    for number in range(30):
        repository.commit({"f": f"{number}"})
    (repository.path / "f").touch()

    def state() -> dict[Path, tuple[int, int]]:
        files = sorted((repository.path / ".git").rglob("*"))
        return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in files}

    before = state()
    for mode in (Mode.HISTORY, Mode.STAGED, Range.parse("HEAD~5..HEAD")):
        search(repository, mode)
    assert state() == before


def test_an_address_that_runs_a_program_is_not_asked(repository: GitRepository, tmp_path: Path) -> None:
    """A partial clone fetches what it lacks from its remote, and an `ext::` remote is a command (git-remote-ext(1))."""
    repository.commit({"f": A})
    repository.git("config", "uploadpack.allowFilter", "true")
    partial = repository.clone(tmp_path / "partial", "--filter=blob:none", "--no-checkout")
    trace = tmp_path / "trace"
    partial.git("config", "remote.origin.url", f"ext::sh -c touch% {trace}")
    partial.git("config", "protocol.ext.allow", "always")
    partial.git("config", "credential.helper", f"!touch {trace}")
    scan = search(partial)
    assert (scan.coverage.partial, trace.exists()) == (True, False)


def test_submodules_that_are_not_there_are_none_to_search(repository: GitRepository, tmp_path: Path) -> None:
    """Neither one that is not checked out, nor a link that was put in its place."""
    other = GitRepository.create(tmp_path / "other")
    head = other.commit({"f": A})
    for name in ("absent", "linked", "present"):
        repository.git("update-index", "--add", "--cacheinfo", f"160000,{head},{name}")
    (repository.path / "linked").symlink_to(other.path)
    GitRepository.create(repository.path / "present")
    opened = Repository.open(repository.path, repository.environ)
    assert [name for name, _ in checked_out(opened)] == ["present"]
    bare = repository.clone(tmp_path / "bare", "--bare")
    assert list(checked_out(Repository.open(bare.path, bare.environ))) == []


def test_settings_of_a_worktree_of_its_own(repository: GitRepository, tmp_path: Path) -> None:
    """`extensions.worktreeConfig` adds a file of settings that scanners forget to neutralise."""
    trace = tmp_path / "trace"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch '{trace}'\n")
    program.chmod(0o755)
    repository.git("config", "extensions.worktreeConfig", "true")
    repository.git("config", "--worktree", "core.fsmonitor", str(program))
    repository.git("config", "--worktree", "core.worktree", "/")
    repository.write("untracked", A)
    assert occurrence(search(repository), A).where == "worktree"
    assert not trace.exists()


def test_names_longer_than_any_file_system_takes(tmp_path: Path) -> None:
    name = b"n" * 5000
    repository, ids = PlannedHistory((PlannedCommit((), {name + b"/f": A.encode()}),), {"main": 0}).build(
        tmp_path / "r"
    )
    place = occurrence(search(repository), A)
    assert (len(place.path), place.commit) == (5002, ids[0])


@pytest.mark.parametrize("mode", [b"100664", b"100600", b"0100644", b"100755", b"120000"])
def test_modes_that_git_no_longer_writes(repository: GitRepository, mode: bytes) -> None:
    entry = mode + b" f\0" + bytes.fromhex(repository.blob(A.encode()))
    tree = repository.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", feed=entry)
    commit = repository.git("commit-tree", tree, feed=b"odd", env=repository.dates())
    repository.git("update-ref", "refs/heads/odd", commit)
    assert (occurrence(search(repository), A).commit, paths(search(repository), A)) == (commit, ["f"])


@pytest.mark.parametrize("at", [4096, 10_240, 65_536, 1 << 20])
@pytest.mark.parametrize("shift", [-12, -6, -1, 0])
def test_no_edge_splits_a_secret(repository: GitRepository, at: int, shift: int) -> None:
    """Where others cut content into pieces: pages, chunks with a peek, buffers of a line reader."""
    content = b"x" * (at + shift - 1) + b" " + A.encode() + b" " + b"x" * 70_000
    repository.commit({"f": content})
    assert occurrence(search(repository, largest=4 << 20), A).column == at + shift + 1


def test_the_language_and_dates_of_the_user_change_nothing(repository: GitRepository) -> None:
    repository.commit({"f": A})
    plain = search(repository)
    strange = {"LC_ALL": "de_DE.UTF-8", "LANGUAGE": "de:fr", "TZ": "Pacific/Kiritimati", "GIT_TRACE": "2"}
    assert search(repository, environ={**repository.environ, **strange}) == plain


def test_a_forced_push_brings_in_what_it_puts_there_only(repository: GitRepository) -> None:
    old = repository.commit({"gone": A})
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    new = repository.commit({"new": B})
    scan = search(repository, Range.parse(f"{old}..{new}"))
    assert (found(scan, A, B), scan.coverage.commits) == ({B}, 1)


def test_a_new_branch_brings_in_what_the_remote_has_not(repository: GitRepository, tmp_path: Path) -> None:
    repository.commit({"base": A})
    clone = repository.clone(tmp_path / "clone")
    clone.git("switch", "--quiet", "--create", "topic")
    new = clone.commit({"new": B})
    whole = search(clone, Range.parse(f"{'0' * 40}..{new}"))
    assert found(whole, A, B) == {A, B}
    fresh = search(clone, Range.parse(f"{'0' * 40}..{new}", known_to="origin"))
    assert (found(fresh, A, B), fresh.coverage.commits) == ({B}, 1)
    overtaken = search(clone, Range.parse(f"{'1' * 40}..{new}", known_to="origin"))
    assert (found(overtaken, A, B), overtaken.coverage.complete) == ({B}, True)


def test_a_finding_holds_on_to_nothing_but_itself() -> None:
    """Findings that kept the text they stood in took gigabytes."""
    (match,) = TokenScanner().scan(b"x" * 100_000 + A.encode())
    assert all(len(one) < 100 for one in gc.get_referents(match) if isinstance(one, bytes | memoryview))


def test_a_name_that_climbs_out_of_its_archive_is_only_a_name(
    repository: GitRepository, tmp_path: Path
) -> None:
    for number, pack in enumerate((packed.zipped, packed.tarred)):
        repository.commit({f"a{number}": pack({"../../../escaped": A.encode(), "/absolute": B.encode()})})
    scan = search(repository)
    assert paths(scan, A) == ["a0!/../../../escaped", "a1!/../../../escaped"]
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.parametrize("pack", [packed.zipped, packed.tarred])
def test_a_damaged_archive_is_searched_as_it_is(
    repository: GitRepository, pack: Callable[[dict[str, bytes]], bytes]
) -> None:
    made = (
        pack({"big": b"x" * 2000})
        if pack is packed.tarred
        else packed.zipped({"big": b"x" * 2000}, packed.STORED)
    )
    repository.commit({"broken": made[: len(made) // 2] + b"\n" + A.encode() + b"\n"})
    assert found(search(repository), A) == {A}


def test_what_lies_elsewhere_is_named(repository: GitRepository, tmp_path: Path) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12\n"
    repository.git("bundle", "create", "--quiet", str(tmp_path / "all.bundle"), "--all")
    repository.commit({"large.bin": pointer.encode(), "all.bundle": (tmp_path / "all.bundle").read_bytes()})
    coverage = search(repository).coverage
    assert coverage.blobs_skipped == {"closed": 2}
    assert "kept in Git LFS" in coverage.notes[0]
    assert "a git bundle to clone" in coverage.notes[0]
    assert coverage.complete
