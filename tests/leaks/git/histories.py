"""Small generated histories, and a naive oracle that checks out every commit."""

import re

from hypothesis import strategies as st

from tests.fakes.repositories import DAY, FIRST, PlannedCommit, PlannedHistory
from tests.leaks.git.searching import SEALER, TOKEN

A, B = "tok_aaaaaaaa", "tok_bbbbbbbb"
NAMES = [b"a", b"b", b"dir/a", b"dir/deep/c"]
CONTENTS = [f"{extra}{token}".encode() for token in (A, B, "clean", f"{A}\n{B}") for extra in ("", "x\n")]


@st.composite
def histories(draw: st.DrawFn) -> PlannedHistory:
    commits: list[PlannedCommit] = []
    for number in range(draw(st.integers(1, 8))):
        parents: list[int] = []
        if number:
            parents = draw(st.lists(st.integers(0, number - 1), max_size=3, unique=True))
        files = draw(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(CONTENTS), max_size=4))
        inherits: bool = draw(st.booleans())
        if parents and inherits:
            files = {**commits[parents[0]].files, **files}
        commits.append(PlannedCommit(tuple(parents), files, FIRST + DAY * draw(st.integers(0, 9))))
    tips = draw(st.lists(st.integers(0, len(commits) - 1), min_size=1, max_size=3))
    branches = {f"branch{position}": tip for position, tip in enumerate(tips)}
    return PlannedHistory(tuple(commits), {**branches, "main": tips[0]})


Place = tuple[str, str]
"""Path and fingerprint."""


def standing(commit: PlannedCommit) -> set[Place]:
    """The oracle's check-out of one commit: every secret at every path."""
    return {
        (name.decode(), SEALER.fingerprint(found[0]))
        for name, content in commit.files.items()
        for found in re.finditer(TOKEN, content)
    }


def reachable(history: PlannedHistory, tips: list[int]) -> set[int]:
    reached: set[int] = set()
    for tip in tips:
        reached |= {tip} | reachable(history, list(history.commits[tip].parents))
    return reached


def holds(history: PlannedHistory, number: int, place: Place) -> bool:
    return place in standing(history.commits[number])


def introductions(history: PlannedHistory, among: set[int], place: Place) -> set[int]:
    return {
        number
        for number in among
        if holds(history, number, place)
        and not any(holds(history, parent, place) for parent in history.commits[number].parents)
    }


def removal(history: PlannedHistory, line: set[int], place: Place) -> int | None:
    """Date of the earliest removal on `line` that nothing on it undoes."""
    dates = [
        history.commits[number].seconds
        for number in line
        if not holds(history, number, place)
        and any(holds(history, parent, place) for parent in history.commits[number].parents)
        and not any(holds(history, later, place) for later in line if number in reachable(history, [later]))
    ]
    return min(dates, default=None)
