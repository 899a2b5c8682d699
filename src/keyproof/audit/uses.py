"""Who used what, gathered from audit logs: of a principal's equal uses on one UTC day the last is kept."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Generic, TypeVar

from keyproof.domain.access import AccessEvent, AccessLog, Action

A = TypeVar("A", bound=str)
"""What was done: an Action, or a backend's own word where only the thing used tells what it comes to."""


@dataclass(slots=True)
class DayUses(Generic[A]):
    """The uses of one thing, or of several at once."""

    last: dict[tuple[str, A, bool, date], datetime] = field(default_factory=dict)
    """Who, what, whether it was allowed, and the UTC day → the last time of that day."""

    def add(self, at: datetime, principal: str, action: A, allowed: bool) -> None:
        """Take in one use; `at` is in UTC."""
        use = (principal, action, allowed, at.date())
        before = self.last.get(use)
        if before is None or before < at:
            self.last[use] = at


def events_of(*found: DayUses[Action]) -> Iterator[AccessEvent]:
    """The uses of one thing that is told of in several places, each once; not sorted."""
    last: dict[tuple[str, Action, bool, date], datetime] = {}
    for uses in found:
        for use, at in uses.last.items():
            last[use] = max(at, last.get(use, at))
    for (principal, action, allowed, _), at in last.items():
        yield AccessEvent(at=at, principal=principal, action=action, allowed=allowed)


@dataclass(slots=True, kw_only=True)
class Uses:
    """The uses of many things by their names, and the time for which they are all that was recorded."""

    sink: str
    since: datetime | None = None
    until: datetime | None = None
    records: int = 0
    """How many were looked at."""
    _uses: dict[str, DayUses[Action]] = field(default_factory=lambda: defaultdict(DayUses))

    def add(self, name: str, event: AccessEvent) -> None:
        """Take in a use of the thing called `name`."""
        self.of(name).add(event.at, event.principal, event.action, event.allowed)

    def of(self, name: str) -> DayUses[Action]:
        """The uses of the thing called `name`, to add to."""
        return self._uses[name]

    def cover(self, since: datetime, until: datetime) -> None:
        """Let the covered time be this stretch, or none where it ends before it begins."""
        self.since, self.until = min(since, until), until

    def log_of(self, *names: str) -> AccessLog | None:
        """The uses of one thing by all its names; None where no time is covered."""
        if self.since is None or self.until is None:
            return None
        events = events_of(*self._of(names))
        return AccessLog(sink=self.sink, since=self.since, until=self.until, events=tuple(sorted(events)))

    def _of(self, names: Iterable[str]) -> Iterator[DayUses[Action]]:
        return (self._uses[name] for name in names if name in self._uses)
