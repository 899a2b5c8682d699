"""Who brought a secret in, where and when, and when it left: exact over every shape of history."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from keyproof.domain.leak import Occurrence
from tests.fakes.repositories import DAY, FIRST, GitRepository, PlannedCommit, PlannedHistory
from tests.leaks.git.histories import histories, holds, introductions, reachable, removal, standing
from tests.leaks.git.searching import leak, occurrence, search

A, B = "tok_aaaaaaaa", "tok_bbbbbbbb"


def day(number: int) -> datetime:
    return datetime.fromtimestamp(FIRST, UTC) + timedelta(days=number)


def test_an_introduction_is_told_with_commit_author_and_date(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    repository.commit({"readme": "nothing"})
    commit = repository.commit({"conf/app.env": f"x\n  K={A}\n"}, author="Zoë Ö <zoe@example.com>")
    repository.commit({"other": "nothing"})
    assert occurrence(search(repository), A) == Occurrence(
        path="conf/app.env", line=2, column=5, end_line=2,
        blob=repository.git("rev-parse", f"{commit}:conf/app.env"), commit=commit, commits=(commit,),
        author="Zoë Ö", author_email="zoe@example.com", introduced_at=day(1), in_head=True,
    )  # fmt: skip


def test_later_versions_that_keep_the_secret_are_no_new_occurrence(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    first = repository.commit({"f": f"{A}\n"})
    repository.commit({"f": f"moved down\n{A}\n"})
    repository.commit({"f": f"{A}\nand\nagain {A}\n"})
    found = occurrence(search(repository), A)
    assert (found.line, found.commit, found.commits) == (1, first, (first,))


def test_two_lines_of_the_first_version_are_two_occurrences(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    repository.commit({"f": f"{A} {A}\n\n{A}\n"})
    places = leak(search(repository), A).occurrences
    assert [(one.path, one.line, one.column) for one in places] == [("f", 1, 1), ("f", 3, 1)]


def test_a_removal_is_dated(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    repository.commit({"f": A})
    repository.commit({"f": "clean"})
    repository.commit({"f": "still clean"})
    found = occurrence(search(repository), A)
    assert (found.in_head, found.introduced_at, found.removed_at) == (False, day(0), day(1))


def test_revert_and_reintroduce_lists_both_introductions_and_the_last_removal(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    first = repository.commit({"f": A})
    repository.commit({"f": "clean"})
    second = repository.commit({"f": f"\n{A}"})
    back = occurrence(search(repository), A)
    assert (back.commits, back.removed_at, back.in_head) == ((first, second), None, True)
    repository.commit({"f": "clean again"})
    gone = occurrence(search(repository), A)
    assert (gone.commit, gone.line, gone.removed_at, gone.in_head) == (first, 1, day(3), False)


def test_a_rename_is_another_occurrence_and_removes_the_old_one(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    first = repository.commit({"old": A})
    second = repository.commit({"new": A}, remove=["old"])
    new, old = leak(search(repository), A).occurrences
    assert (old.path, old.commits, old.removed_at) == ("old", (first,), day(1))
    assert (new.path, new.commits, new.removed_at) == ("new", (second,), None)


def test_a_merge_of_two_sides_that_both_brought_it_in_is_no_introduction(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    repository.commit({"readme": "r"})
    repository.git("switch", "--quiet", "-c", "side")
    side = repository.commit({"f": A, "g": "side"})
    repository.git("switch", "--quiet", "main")
    main = repository.commit({"f": A})
    repository.merge("side")
    assert occurrence(search(repository), A).commits == (side, main)


def test_an_evil_merge_is_an_introduction(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    repository.commit({"f": "f"})
    repository.git("switch", "--quiet", "-c", "side")
    repository.commit({"g": "g"})
    repository.git("switch", "--quiet", "main")
    repository.commit({"h": "h"})
    repository.git("merge", "--quiet", "--no-commit", "--no-ff", "side")
    merge = repository.commit({"f": A})
    found = occurrence(search(repository), A)
    assert (found.path, found.commit, found.introduced_at) == ("f", merge, day(3))


def test_an_octopus_merge_brings_in_what_one_branch_has(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    repository.commit({"f": "f"})
    for name in ("one", "two", "three"):
        repository.git("switch", "--quiet", "-c", name, "main")
        repository.commit({name: A if name == "two" else "clean"})
    brought = repository.git("rev-parse", "two")
    repository.git("switch", "--quiet", "main")
    repository.merge("one", "two", "three")
    found = occurrence(search(repository), A)
    assert (found.path, found.commits, found.in_head) == ("two", (brought,), True)


def test_a_removal_before_a_merge_counts_from_the_removal(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    repository.commit({"f": A})
    repository.git("branch", "side")
    repository.commit({"f": "clean"})
    repository.git("switch", "--quiet", "side")
    repository.commit({"g": "g"})
    repository.git("switch", "--quiet", "main")
    repository.merge("side")
    assert occurrence(search(repository), A).removed_at == day(1)


def test_what_only_another_branch_holds_is_still_present_there(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    repository.commit({"readme": "r"})
    repository.git("switch", "--quiet", "-c", "side")
    repository.commit({"f": A, "g": B})
    repository.commit({"g": "clean"})
    repository.git("switch", "--quiet", "main")
    scan = search(repository)
    here, gone = occurrence(scan, A), occurrence(scan, B)
    assert (here.where, here.in_head, here.removed_at) == ("history", False, None)
    assert (gone.in_head, gone.removed_at) == (False, day(2))


def test_what_one_other_branch_removed_and_another_holds_is_present(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    repository.commit({"readme": "r"})
    repository.git("switch", "--quiet", "-c", "holds")
    repository.commit({"f": A})
    repository.git("switch", "--quiet", "-c", "removed")
    repository.commit({"f": "clean"})
    repository.git("switch", "--quiet", "main")
    assert occurrence(search(repository), A).removed_at is None
    repository.git("branch", "--quiet", "-D", "holds")
    assert occurrence(search(repository), A).removed_at == day(2)


def test_the_earliest_author_date_names_the_introduction(tmp_path: Path) -> None:
    history = PlannedHistory(
        (
            PlannedCommit((), {b"f": A.encode()}, FIRST + 5 * DAY),
            PlannedCommit((), {b"f": b"\n\n" + A.encode()}, FIRST),
        ),
        {"main": 0, "older": 1},
    )
    repository, ids = history.build(tmp_path / "r")
    found = occurrence(search(repository), A)
    assert (found.commit, found.commits, found.line) == (ids[1], (ids[1], ids[0]), 3)


def test_a_secret_of_an_unreachable_commit_keeps_its_path_and_author(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    repository.commit({"readme": "r"})
    lost = repository.commit({"dir/f": A})
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    reflog = occurrence(search(repository), A)
    assert (reflog.where, reflog.commit, reflog.removed_at) == ("history", lost, None)
    repository.git("reflog", "expire", "--expire=now", "--all")
    found = occurrence(search(repository), A)
    assert (found.where, found.path, found.commit, found.author) == (
        "unreachable",
        "dir/f",
        lost,
        "Ann Author",
    )


def test_an_unreachable_copy_adds_no_introduction_to_a_reachable_one(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    repository.commit({"f": A}, message="first try")
    kept = repository.commit({}, options=["--amend"], message="second try")
    repository.git("reflog", "expire", "--expire=now", "--all")
    assert occurrence(search(repository), A).commits == (kept,)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories())
def test_every_secret_path_introduction_and_removal_agrees_with_checking_out_every_commit(
    history: PlannedHistory,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repository, ids = history.build(Path(folder) / "r")
        scan = search(repository)
    assert scan.coverage.complete
    every = set(range(len(ids)))
    kept = reachable(history, list(history.branches.values()))
    head = history.branches["main"]
    line = reachable(history, [head])
    found = {(place.path, one.fingerprint): place for one in scan.leaks for place in one.occurrences}
    assert set(found) == {place for number in every for place in standing(history.commits[number])}
    for place, told in found.items():
        among = introductions(history, kept, place) or introductions(history, every - kept, place)
        assert set(told.commits) == {ids[number] for number in among}
        assert told.commit == min((history.commits[number].seconds, ids[number]) for number in among)[1]
        assert told.in_head == holds(history, head, place)
        assert told.where == ("history" if introductions(history, kept, place) else "unreachable")
        if any(holds(history, number, place) for number in line):
            removed = removal(history, line, place)
        elif any(holds(history, tip, place) for tip in history.branches.values()):
            removed = None
        else:
            removed = removal(history, kept, place)
        assert told.removed_at == (None if removed is None else datetime.fromtimestamp(removed, UTC))
