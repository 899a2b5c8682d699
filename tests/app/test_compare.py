"""Two searches side by side: every place of either has exactly one answer."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from keyproof.app.compare import Comparison, compare
from keyproof.domain.foreign import ForeignFinding
from keyproof.domain.leak import Coverage, Leak, LeakConfidence, LeakScan, Occurrence

HERE, ELSEWHERE = "a" * 40, "b" * 40
LEAK = Leak(
    fingerprint="00112233aabbccdd", detector="aws-access-key", title="AWS", secret_class="", repository="app",
    confidence=LeakConfidence.LIKELY, preview="aws-access-key (20)",
    occurrences=(Occurrence(path="a.py", line=3, column=1, end_line=5, commit=HERE, commits=(HERE,)),),
)  # fmt: skip


def compared(
    *theirs: ForeignFinding, leaks: Iterable[Leak] = (LEAK,), problems: tuple[str, ...] = ()
) -> Comparison:
    coverage = Coverage(repository="app", mode="history", problems=problems)
    return compare(
        theirs,
        [LeakScan(leaks=tuple(leaks), coverage=coverage)],
        fails=lambda leak: leak.confidence is LeakConfidence.LIKELY and leak.allowed is None,
        stored=lambda ids: frozenset(ids) & {HERE, HERE[:8]},
    )


@pytest.mark.parametrize("commit", [HERE, HERE[:8], "", ELSEWHERE])
@pytest.mark.parametrize("line", [3, 5])
def test_the_same_line_is_found_by_both(line: int, commit: str) -> None:
    found = compared(ForeignFinding(path="a.py", line=line, commit=commit))
    assert [(one.theirs.line, one.ours) for one in found.both] == [(line, LEAK)]
    assert (found.theirs_only, found.ours_only, found.complete) == ((), (), True)


@pytest.mark.parametrize(
    ("leak", "because"),
    [
        (replace(LEAK, confidence=LeakConfidence.EXAMPLE), "seen, and taken for a placeholder or an example of a documentation"),
        (replace(LEAK, confidence=LeakConfidence.POSSIBLE), "seen as possible only: --possible reports it"),
        (replace(LEAK, allowed="an inline comment"), "seen, and accepted by an inline comment"),
    ],
)  # fmt: skip
def test_what_we_let_pass_is_told(leak: Leak, because: str) -> None:
    found = compared(ForeignFinding(path="a.py", line=3), leaks=[leak])
    assert [(one.because, one.ours) for one in found.theirs_only] == [(because, leak)]
    assert (found.both, found.ours_only, found.unexplained) == ((), (), ())


def test_of_two_at_one_line_the_one_that_is_reported_counts() -> None:
    passing = replace(LEAK, fingerprint="f" * 16, confidence=LeakConfidence.EXAMPLE)
    found = compared(ForeignFinding(path="a.py", line=4), leaks=[passing, LEAK])
    assert [one.ours for one in found.both] == [LEAK]


@pytest.mark.parametrize(
    ("theirs", "problems", "because"),
    [
        (ForeignFinding(path="z.py", line=1, commit=ELSEWHERE), (), "its commit is not in this repository"),
        (ForeignFinding(path="a.py", line=9, commit=HERE), (), "found in that file on line 3, not on that one"),
        (ForeignFinding(path="z.py", line=1, commit=HERE), ("the clone is shallow",), "this search is not complete; the clone is shallow"),
        (ForeignFinding(path="z.py", line=1, commit=HERE), (), "no detector takes that line for a secret: have a look at it"),
    ],
)  # fmt: skip
def test_what_we_do_not_see_is_explained(
    theirs: ForeignFinding, problems: tuple[str, ...], because: str
) -> None:
    found = compared(theirs, problems=problems)
    assert [one.because for one in found.theirs_only] == [because]
    assert bool(found.unexplained) == because.startswith("no detector")
    assert found.complete is not bool(problems)


@pytest.mark.parametrize(
    ("where", "because"),
    [
        ("history", "the report names none of its places"),
        ("commit-message", "it stands in the message of a commit"),
        ("unreachable", "no branch or tag leads to it any more"),
        ("worktree", "it is in a file that is not committed"),
    ],
)
def test_what_only_we_see_is_explained(where: str, because: str) -> None:
    leak = replace(LEAK, occurrences=(replace(LEAK.occurrences[0], where=where),))
    found = compared(leaks=[leak, replace(LEAK, fingerprint="e" * 16, confidence=LeakConfidence.EXAMPLE)])
    assert [(one.ours, one.because) for one in found.ours_only] == [(leak, because)]
