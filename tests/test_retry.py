"""Backoff with jitter and a budget."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.retry import RetryBudget, ThrottledError


class Throttling:
    """Throttles some calls, then answers."""

    def __init__(self, times: int, after: float | None = None) -> None:
        self.left = times
        self.after = after

    def __call__(self) -> str:
        if self.left:
            self.left -= 1
            raise ThrottledError("slow down", after=self.after)
        return "answer"


@given(st.integers(0, 8), st.integers(0, 2**32))
def test_waits_grow_within_their_bounds(times: int, seed: int) -> None:
    waits: list[float] = []
    budget = RetryBudget(sleep=waits.append, random=Random(seed))
    assert budget.call(Throttling(times)) == "answer"
    assert len(waits) == times
    assert all(0 <= wait <= min(0.2 * 2**n, 10) for n, wait in enumerate(waits))


def test_the_servers_own_wish_is_honoured() -> None:
    waits: list[float] = []
    RetryBudget(sleep=waits.append).call(Throttling(2, after=7))
    assert waits == [7, 7]


@given(st.floats(0.5, 50), st.integers(0, 2**32))
def test_the_budget_ends(total: float, seed: int) -> None:
    waits: list[float] = []
    with pytest.raises(ThrottledError):
        RetryBudget(sleep=waits.append, total=total, random=Random(seed)).call(Throttling(10**6))
    assert sum(waits) <= total
