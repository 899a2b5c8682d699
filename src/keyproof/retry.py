"""Retrying throttled calls: exponential backoff with full jitter and a budget of time."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

T = TypeVar("T")
_LOG = logging.getLogger(__name__)


class ThrottledError(Exception):
    """Raised by a call that was throttled; `after` is the wait in seconds the server asked for, if any."""

    def __init__(self, reason: str, *, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryBudget:
    """How long one scope may wait in all for a backend that throttles.

    Full jitter after https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/.
    """

    sleep: Callable[[float], None]
    total: float = 60.0
    """Seconds of waiting per call before giving up."""
    first: float = 0.2
    """Upper bound of the first wait in seconds; doubles each time."""
    longest: float = 10.0
    random: Random = field(default_factory=Random)
    """Source of jitter; seed it in tests."""

    def call(self, function: Callable[[], T]) -> T:
        """Call `function` until it is not throttled. Raises ThrottledError once the budget is spent."""
        waited, bound = 0.0, self.first
        while True:
            try:
                return function()
            except ThrottledError as error:
                pause = error.after if error.after is not None else self.random.uniform(0, bound)
                if waited + pause > self.total:
                    raise
                _LOG.info("waiting %.1f s: %s", pause, error)
                self.sleep(pause)
                waited, bound = waited + max(pause, self.first / 10), min(2 * bound, self.longest)
