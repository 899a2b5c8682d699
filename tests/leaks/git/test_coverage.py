"""The account of what was searched, in the words a reader sees."""

from inline_snapshot import snapshot

from keyproof.errors import GitFailedError
from keyproof.leaks.git.coverage import Tally


def test_a_scan_that_saw_everything_is_complete() -> None:
    tally = Tally(repository="app", mode="history")
    tally.search(10)
    tally.skip("excluded", "file", "pipe")
    tally.notes.append("worth knowing")
    coverage = tally.coverage()
    assert (coverage.complete, coverage.blobs_scanned, coverage.bytes_scanned) == (True, 1, 10)
    assert (coverage.blobs_skipped, coverage.notes) == ({"excluded": 1}, ("worth knowing",))


def test_every_gap_is_a_sentence_with_the_next_step() -> None:
    tally = Tally(repository="app", mode="history", shallow_commits=1200)
    for number in range(7):
        tally.skip("missing", "object", f"id{number}")
    tally.skip("missing", "object", "id1")
    tally.skip("size", "blob", "big")
    tally.skip("unreadable", "file", "secret.txt")
    tally.fail(GitFailedError("git rev-list failed", hint="run `git fsck --full`"))
    tally.fail(GitFailedError("git rev-list failed again"))
    coverage = tally.coverage()
    assert not coverage.complete
    assert coverage.blobs_skipped == {"missing": 7, "size": 1, "unreadable": 1}
    assert coverage.problems == snapshot(
        (
            "the history of this shallow clone ends at 1,200 commits; run `git fetch --unshallow`",
            "1 object (blob big) is larger than the size limit and not searched; look at them by hand",
            "7 objects (object id0, object id1, object id2, object id3, object id4, …) are not stored here; run `git fsck --full`, then fetch from a complete clone",
            "1 object (file secret.txt) is damaged or unreadable; run `git fsck --full` or check the permissions, then scan again",
            "git rev-list failed; run `git fsck --full`",
            "git rev-list failed again",
        )
    )


def test_missing_objects_of_a_partial_clone_have_their_own_next_step() -> None:
    tally = Tally(repository="app", mode="history", promised=True)
    assert tally.coverage().complete
    tally.skip("missing", "object", "id")
    assert tally.coverage().partial
    assert tally.coverage().problems == snapshot(
        (
            "1 object (object id) is not stored in this partial clone; run `git fetch --refetch --no-filter`, or clone without --filter",
        )
    )
