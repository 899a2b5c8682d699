"""What a commit made now would bring in: the index against HEAD, whatever lies in the work tree."""

from pathlib import Path

import pytest

from keyproof.leaks.source import Mode
from tests.fakes.repositories import GitRepository, run
from tests.leaks.git.searching import found, leak, occurrence, search

A, B = "tok_aaaaaaaa", "tok_bbbbbbbb"


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    made = GitRepository.create(tmp_path / "r")
    made.commit({"f": "clean", "g": "clean"})
    return made


def test_a_staged_secret_is_found_with_its_blob(repository: GitRepository) -> None:
    repository.add({"dir/new": f"\n  {A}"})
    scan = search(repository, Mode.STAGED)
    place = occurrence(scan, A)
    assert (place.path, place.line, place.column, place.where) == ("dir/new", 2, 3, "index")
    assert (place.blob, place.commit) == (repository.git("rev-parse", ":dir/new"), None)
    assert (scan.coverage.mode, scan.coverage.complete, scan.coverage.blobs_scanned) == ("staged", True, 1)


def test_the_index_counts_and_not_the_work_tree(repository: GitRepository) -> None:
    repository.add({"f": A})
    repository.write("f", "clean again")
    repository.write("g", B)
    assert found(search(repository, Mode.STAGED), A, B) == {A}


def test_nothing_staged_is_nothing_searched(repository: GitRepository) -> None:
    repository.commit({"f": A})
    coverage = search(repository, Mode.STAGED).coverage
    assert (coverage.blobs_scanned, coverage.complete) == (0, True)


def test_a_secret_that_head_has_at_the_path_is_not_brought_in(repository: GitRepository) -> None:
    repository.commit({"f": A})
    repository.add({"f": f"a new line\n{A}\n{B}", "g": A})
    scan = search(repository, Mode.STAGED)
    assert ([one.path for one in leak(scan, A).occurrences], occurrence(scan, B).path) == (["g"], "f")


def test_a_changed_mode_or_a_deletion_brings_nothing_in(repository: GitRepository) -> None:
    repository.commit({"f": A, "h": A})
    (repository.path / "f").chmod(0o755)
    repository.git("add", "f")
    repository.git("rm", "--quiet", "h")
    scan = search(repository, Mode.STAGED)
    assert (scan.leaks, scan.coverage.complete) == ((), True)


def test_a_rename_brings_the_secret_to_its_new_path(repository: GitRepository) -> None:
    repository.commit({"f": A})
    repository.git("mv", "f", "renamed")
    assert occurrence(search(repository, Mode.STAGED), A).path == "renamed"


def test_an_unborn_branch(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "new")
    repository.add({"f": A})
    assert occurrence(search(repository, Mode.STAGED), A).where == "index"


def test_an_unborn_branch_of_a_sha_256_repository(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "new", "--object-format=sha256")
    repository.add({"f": A})
    assert occurrence(search(repository, Mode.STAGED), A).where == "index"


def test_what_is_only_intended_is_named_and_no_gap(repository: GitRepository) -> None:
    repository.write("intended", A)
    repository.git("add", "--intent-to-add", "intended")
    repository.add({"empty": ""})
    scan = search(repository, Mode.STAGED)
    assert (scan.leaks, scan.coverage.complete) == ((), True)
    assert scan.coverage.notes == ("intended was added with --intent-to-add; nothing of it is staged yet",)


def test_a_symlink_that_became_a_file(repository: GitRepository) -> None:
    (repository.path / "link").symlink_to("f")
    repository.git("add", "link")
    repository.commit()
    (repository.path / "link").unlink()
    repository.add({"link": A})
    assert found(search(repository, Mode.STAGED), A) == {A}


def test_every_version_of_an_unmerged_path_is_searched(repository: GitRepository) -> None:
    repository.git("switch", "--quiet", "-c", "side")
    repository.commit({"f": f"side {A}"})
    repository.git("switch", "--quiet", "main")
    repository.commit({"f": f"main {B}"})
    with pytest.raises(AssertionError):
        repository.merge("side")
    scan = search(repository, Mode.STAGED)
    assert (found(scan, A, B), scan.coverage.complete) == ({A, B}, True)
    assert scan.coverage.notes == ("f is unmerged; every staged version of it was searched",)


def test_a_staged_submodule_is_named(repository: GitRepository, tmp_path: Path) -> None:
    inner = GitRepository.create(tmp_path / "inner")
    commit = inner.commit({"f": A})
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},libs/inner")
    scan = search(repository, Mode.STAGED)
    assert (scan.leaks, scan.coverage.complete) == ((), True)
    assert scan.coverage.blobs_skipped == {"excluded": 1}
    assert "libs/inner is a submodule" in scan.coverage.notes[0]


@pytest.mark.parametrize("name", [b"line\nbreak", b"ta\tb", b'quo"te', b"--all", "ünï".encode()])
def test_paths_that_confuse_parsers(repository: GitRepository, name: bytes) -> None:
    repository.add({name: A})
    assert occurrence(search(repository, Mode.STAGED), A).path == name.decode()


def test_a_staged_object_that_is_missing_is_a_gap(repository: GitRepository) -> None:
    repository.add({"new": "lost", "other": A})
    repository.loose_object(repository.git("rev-parse", ":new")).unlink()
    scan = search(repository, Mode.STAGED)
    assert (found(scan, A), scan.coverage.blobs_skipped) == ({A}, {"missing": 1})
    assert not scan.coverage.complete


def test_a_large_staged_blob_is_a_gap(repository: GitRepository) -> None:
    repository.add({"large": "x" * 300})
    coverage = search(repository, Mode.STAGED, largest=200).coverage
    assert (coverage.blobs_skipped, coverage.complete) == ({"size": 1}, False)


def test_the_index_a_hook_is_given_is_the_one_searched(repository: GitRepository) -> None:
    other = {"GIT_INDEX_FILE": ".git/next-index"}
    repository.git("read-tree", "HEAD", env=other)
    run("update-index", "--add", "--cacheinfo", f"100644,{repository.blob(A.encode())},f",
        cwd=repository.path, environ={**repository.environ, **other})  # fmt: skip
    environ = {**repository.environ, **other}
    assert not search(repository, Mode.STAGED, environ=environ).leaks
    assert found(search(repository, Mode.STAGED, environ=environ, from_hook=True), A) == {A}


def test_a_real_pre_commit_hook_sees_a_commit_of_all_changes(
    repository: GitRepository, tmp_path: Path
) -> None:
    repository.write("f", A)
    hook = repository.path / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f"#!/bin/sh\nenv -0 > {tmp_path}/seen\ncp .git/index.lock .git/kept 2>/dev/null\nexit 1\n"
    )
    hook.chmod(0o755)
    with pytest.raises(AssertionError):
        repository.git("commit", "--all", "--message=m")
    seen = dict(line.split("=", 1) for line in (tmp_path / "seen").read_text().split("\0") if line)
    assert seen["GIT_INDEX_FILE"].endswith(".git/index.lock")
    environ = {**seen, "GIT_INDEX_FILE": ".git/kept"}
    assert found(search(repository, Mode.STAGED, environ=environ, from_hook=True), A) == {A}
