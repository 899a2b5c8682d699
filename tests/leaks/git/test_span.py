"""Ranges of commits: what the end has and the start has not, and never silently nothing."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from keyproof.errors import ConfigError, HistoryError
from keyproof.leaks.git.range import Range
from tests.fakes.repositories import GitRepository, PlannedHistory, run
from tests.leaks.git.histories import histories, introductions, reachable, standing
from tests.leaks.git.searching import found, leak, occurrence, search

A, B, C = "tok_aaaaaaaa", "tok_bbbbbbbb", "tok_cccccccc"
ZEROS = "0" * 40


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    made = GitRepository.create(tmp_path / "r")
    made.commit({"old": A})
    made.git("tag", "start")
    return made


def test_only_what_the_range_brings_in_is_found(repository: GitRepository) -> None:
    commit = repository.commit({"new": B})
    scan = search(repository, Range.parse("start..HEAD"))
    place = occurrence(scan, B)
    assert (found(scan, A, B), place.commit, place.commits) == ({B}, commit, (commit,))
    assert (place.in_head, place.removed_at, place.where) == (True, None, "history")
    assert (scan.coverage.mode, scan.coverage.commits, scan.coverage.complete) == (
        "range start..HEAD",
        1,
        True,
    )


def test_what_came_and_went_within_the_range_is_found(repository: GitRepository) -> None:
    repository.commit({"new": B})
    repository.commit({"new": "clean"})
    place = occurrence(search(repository, Range.parse("start..main")), B)
    assert (place.in_head, place.removed_at is not None) == (False, True)


def test_what_the_start_already_had_at_the_path_is_not_brought_in(repository: GitRepository) -> None:
    repository.commit({"old": f"another line\n{A}"})
    assert not search(repository, Range.parse("start..")).leaks


def test_what_the_range_brings_back_is_found(repository: GitRepository) -> None:
    repository.commit({"old": "clean"})
    repository.git("tag", "--force", "start")
    commit = repository.commit({"old": A})
    assert occurrence(search(repository, Range.parse("start..HEAD")), A).commit == commit


def test_an_evil_merge_in_the_range(repository: GitRepository) -> None:
    repository.git("switch", "--quiet", "-c", "side")
    repository.commit({"g": "g"})
    repository.git("switch", "--quiet", "main")
    repository.commit({"h": "h"})
    repository.git("merge", "--quiet", "--no-commit", "--no-ff", "side")
    merge = repository.commit({"old": f"{A}\n{B}"})
    assert occurrence(search(repository, Range.parse("side..main")), B).commit == merge


def test_messages_and_tags_of_the_range(repository: GitRepository) -> None:
    repository.commit({}, message=f"say {B}")
    repository.git("tag", "-a", "-m", f"tell {C}", "v1", env=repository.dates())
    scan = search(repository, Range.parse("start..v1"))
    assert (occurrence(scan, B).where, occurrence(scan, B).in_head) == ("commit-message", True)
    assert (occurrence(scan, C).where, occurrence(scan, C).path) == ("tag", "refs/tags/v1")


def test_a_path_with_a_line_break(repository: GitRepository) -> None:
    repository.commit({b"line\nbreak": B})
    assert occurrence(search(repository, Range.parse("start..HEAD")), B).path == "line\nbreak"


def test_a_side_left_out_is_head(repository: GitRepository) -> None:
    repository.commit({"new": B})
    assert found(search(repository, Range.parse("start..")), B) == {B}
    assert not search(repository, Range.parse("..start")).leaks


def test_an_empty_range_says_so(repository: GitRepository) -> None:
    coverage = search(repository, Range.parse("HEAD..HEAD")).coverage
    assert (coverage.commits, coverage.notes) == (0, ("the range HEAD..HEAD holds no commits",))


def test_a_start_of_zeros_is_the_beginning(repository: GitRepository) -> None:
    repository.commit({"new": B})
    assert found(search(repository, Range.parse(f"{ZEROS}..HEAD")), A, B) == {A, B}


def test_an_end_of_zeros_is_a_deleted_ref(repository: GitRepository) -> None:
    scan = search(repository, Range.parse(f"HEAD..{ZEROS}"))
    assert (scan.leaks, scan.coverage.complete) == ((), True)
    assert "deleted" in scan.coverage.notes[0]


def test_a_pre_receive_hook_searches_the_quarantine(repository: GitRepository, tmp_path: Path) -> None:
    server = repository.clone(tmp_path / "server.git", "--bare")
    hook = server.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    keep = f"cp -r objects {tmp_path}/kept; env -0 > {tmp_path}/seen; cat > {tmp_path}/refs"
    hook.write_text(f"#!/bin/sh\n{keep}\nexit 1\n")
    hook.chmod(0o755)
    repository.commit({"new": B})
    repository.git("branch", "fresh")
    with pytest.raises(AssertionError):
        repository.git("push", "--quiet", str(server.path), "fresh")
    old, new, _ = (tmp_path / "refs").read_text().split()
    seen = dict(line.split("=", 1) for line in (tmp_path / "seen").read_text().split("\0") if line)
    incoming = next((tmp_path / "kept").glob("*incoming*"))
    environ = {**seen, "GIT_OBJECT_DIRECTORY": str(incoming), "GIT_QUARANTINE_PATH": str(incoming)}
    span = Range.parse(f"{old}..{new}")
    scan = search(server, span, environ=environ, from_hook=True)
    assert (found(scan, A, B), scan.coverage.commits) == ({B}, 1)
    with pytest.raises(HistoryError):
        search(server, span, environ=environ)


def test_a_range_inside_a_shallow_clone_is_complete_until_it_meets_the_cut(
    repository: GitRepository, tmp_path: Path
) -> None:
    for number in range(4):
        repository.commit({"new": f"{number}{B if number == 3 else ''}"})
    shallow = repository.clone(tmp_path / "shallow", "--depth=3")
    inside = search(shallow, Range.parse("HEAD~1..HEAD"))
    assert (found(inside, B), inside.coverage.complete) == ({B}, True)
    shallow.git("checkout", "--quiet", "--orphan", "apart")
    shallow.commit({"apart": "apart"})
    beyond = search(shallow, Range.parse("apart..main"))
    assert (beyond.coverage.shallow, beyond.coverage.complete) == (True, False)
    with pytest.raises(HistoryError) as failure:
        search(shallow, Range.parse(f"{repository.git('rev-parse', 'start')}..HEAD"))
    assert "git fetch --unshallow" in failure.value.hint


def test_a_blob_missing_from_a_partial_clone_is_a_gap(repository: GitRepository, tmp_path: Path) -> None:
    repository.commit({"new": B})
    repository.commit({"new": "clean"})
    repository.git("config", "uploadpack.allowFilter", "true")
    partial = repository.clone(tmp_path / "partial", "--filter=blob:none")
    coverage = search(partial, Range.parse("HEAD~2..HEAD")).coverage
    assert (coverage.partial, coverage.blobs_skipped) == (True, {"missing": 1})


@pytest.mark.parametrize("text", ["main", "", "a...b", "--all..HEAD", "HEAD..--output=x", "-..-", "a..b\0c"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        Range.parse(text)


@pytest.mark.parametrize("text", ["nothing..HEAD", "HEAD..nothing", "HEAD..HEAD:old", f"{'1' * 40}..HEAD"])
def test_a_side_that_names_no_commit_is_refused(repository: GitRepository, text: str) -> None:
    with pytest.raises(HistoryError):
        search(repository, Range.parse(text))


def test_a_graft_does_not_shorten_a_range(repository: GitRepository) -> None:
    repository.commit({"new": B})
    last = repository.commit({"new": "clean"})
    (repository.path / ".git" / "info" / "grafts").write_text(f"{last}\n")
    assert found(search(repository, Range.parse("start..HEAD")), B) == {B}


def test_several_paths_and_commits_of_the_range(repository: GitRepository) -> None:
    first = repository.commit({"one": B})
    second = repository.commit({"two": B})
    places = leak(search(repository, Range.parse("start..HEAD")), B).occurrences
    assert [(one.path, one.commit) for one in places] == [("one", first), ("two", second)]


def test_a_range_of_a_sha_256_repository(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "new", "--object-format=sha256")
    repository.commit({"f": A})
    repository.commit({"f": B})
    assert found(search(repository, Range.parse("HEAD~1..HEAD")), A, B) == {B}
    assert run("fsck", cwd=repository.path, environ=repository.environ) is not None


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories())
def test_a_range_tells_exactly_the_introductions_of_its_commits(history: PlannedHistory) -> None:
    start, end = 0, len(history.commits) - 1
    with tempfile.TemporaryDirectory() as folder:
        repository, ids = history.build(Path(folder) / "r")
        scan = search(repository, Range.parse(f"{ids[start]}..{ids[end]}"))
    inside = reachable(history, [end]) - reachable(history, [start])
    places = {place for number in inside for place in standing(history.commits[number])}
    expected = {place: introductions(history, inside, place) for place in places}
    assert {
        (place.path, one.fingerprint): set(place.commits) for one in scan.leaks for place in one.occurrences
    } == {place: {ids[number] for number in among} for place, among in expected.items() if among}
    assert scan.coverage.commits == len(inside)
