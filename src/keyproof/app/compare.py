"""Another scanner's report beside our own search: what both found, and why the rest differs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from keyproof.domain.foreign import ForeignFinding
from keyproof.domain.leak import Leak, LeakConfidence, LeakScan, Occurrence

_LONGEST = 400
"""Lines of one secret that are looked up; a longer one is known by its first lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """A place that both found."""

    theirs: ForeignFinding
    ours: Leak


@dataclass(frozen=True, slots=True, kw_only=True)
class TheirsOnly:
    """A place that the other scanner alone reported."""

    theirs: ForeignFinding
    because: str
    ours: Leak | None = None
    """What we saw there, when we did and let it pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OursOnly:
    """A leak of which the other report names no place."""

    ours: Leak
    where: Occurrence
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Every finding of both, in exactly one place."""

    both: tuple[Both, ...]
    theirs_only: tuple[TheirsOnly, ...]
    ours_only: tuple[OursOnly, ...]
    complete: bool
    """Whether our own search looked at everything."""

    @property
    def unexplained(self) -> tuple[TheirsOnly, ...]:
        """What no detector of ours takes for a secret: to be looked at by a person."""
        return tuple(one for one in self.theirs_only if one.because == _NO_DETECTOR)


_NO_DETECTOR = "no detector takes that line for a secret: have a look at it"
_Place = tuple[str, int]


def compare(
    theirs: Iterable[ForeignFinding],
    scans: Sequence[LeakScan],
    *,
    fails: Callable[[Leak], bool],
    stored: Callable[[Iterable[str]], frozenset[str]],
) -> Comparison:
    """Put both side by side; `fails` tells which of our leaks we report, `stored` which commits there are."""
    theirs = tuple(theirs)
    leaks = [leak for scan in scans for leak in scan.leaks]
    at = _by_place(leaks)
    here = stored({one.commit for one in theirs if one.commit})
    problems = tuple(problem for scan in scans for problem in scan.coverage.problems)
    complete = all(scan.coverage.complete for scan in scans)
    both: list[Both] = []
    only: list[TheirsOnly] = []
    named: set[str] = set()
    for one in theirs:
        seen = _nearest(one, at.get((one.path, one.line), ()))
        named.update(leak.id for leak, _ in at.get((one.path, one.line), ()))
        if seen is not None and fails(seen):
            both.append(Both(theirs=one, ours=seen))
        elif seen is not None:
            only.append(TheirsOnly(theirs=one, because=_let_pass(seen), ours=seen))
        else:
            because = _unseen(one, leaks, here, complete=complete, problems=problems)
            only.append(TheirsOnly(theirs=one, because=because))
    ours = (leak for leak in leaks if fails(leak) and leak.id not in named)
    return Comparison(
        both=tuple(both),
        theirs_only=tuple(only),
        ours_only=tuple(_unnamed(leak) for leak in ours),
        complete=complete,
    )


def _by_place(leaks: Iterable[Leak]) -> Mapping[_Place, list[tuple[Leak, Occurrence]]]:
    found: dict[_Place, list[tuple[Leak, Occurrence]]] = {}
    for leak in leaks:
        for place in leak.occurrences:
            for line in range(place.line, min(place.end_line, place.line + _LONGEST) + 1):
                found.setdefault((place.path, line), []).append((leak, place))
    return found


def _nearest(one: ForeignFinding, seen: Sequence[tuple[Leak, Occurrence]]) -> Leak | None:
    """The leak at that line: in that commit if any, the surest first."""
    order = list(LeakConfidence)
    ranked = sorted(
        seen,
        key=lambda pair: (not _same_commit(one, pair[1]), pair[0].allowed is not None, order.index(pair[0].confidence)),
    )  # fmt: skip
    return ranked[0][0] if ranked else None


def _same_commit(one: ForeignFinding, place: Occurrence) -> bool:
    commits = {*place.commits, place.commit or ""}
    return not one.commit or any(commit.startswith(one.commit) for commit in commits)


def _let_pass(leak: Leak) -> str:
    if leak.allowed is not None:
        return f"seen, and accepted by {leak.allowed}"
    if leak.confidence is LeakConfidence.EXAMPLE:
        return "seen, and taken for a placeholder or an example of a documentation"
    return f"seen as {leak.confidence} only: --possible reports it"


def _unseen(
    one: ForeignFinding,
    leaks: Sequence[Leak],
    here: frozenset[str],
    *,
    complete: bool,
    problems: Sequence[str],
) -> str:
    if one.commit and one.commit not in here:
        return "its commit is not in this repository"
    lines = sorted(
        {
            place.line
            for leak in leaks
            for place in leak.occurrences
            if place.path == one.path and _same_commit(one, place)
        }
    )
    if lines:
        return f"found in that file on line {', '.join(str(line) for line in lines[:3])}, not on that one"
    if not complete:
        return "; ".join(("this search is not complete", *problems[:1]))
    return _NO_DETECTOR


def _unnamed(leak: Leak) -> OursOnly:
    place = leak.occurrences[0]
    beyond = {
        "commit-message": "it stands in the message of a commit",
        "tag": "it stands in a tag",
        "note": "it stands in a note",
        "unreachable": "no branch or tag leads to it any more",
        "index": "it is staged and not committed",
        "worktree": "it is in a file that is not committed",
    }
    return OursOnly(
        ours=leak, where=place, because=beyond.get(place.where, "the report names none of its places")
    )
