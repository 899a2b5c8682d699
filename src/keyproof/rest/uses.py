"""Who used what, gathered from the records of a cloud's audit logs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from keyproof.domain.access import AccessEvent, AccessLog, Action

_Use = tuple[str, Action, bool, date]
"""Who, what, whether it was allowed, and the UTC day."""


@dataclass(slots=True, kw_only=True)
class Uses:
    """The uses of many things, and the time for which they are all that was recorded.

    One event stands for all of a principal's equal uses on a UTC day: the day's last.
    """

    sink: str
    since: datetime | None = None
    until: datetime | None = None
    records: int = 0
    """How many were looked at."""
    _uses: dict[str, dict[_Use, datetime]] = field(default_factory=dict)

    def add(self, name: str, event: AccessEvent) -> None:
        """Take in a use of the thing called `name`."""
        use = (event.principal, event.action, event.allowed, event.at.date())
        uses = self._uses.setdefault(name, {})
        uses[use] = max(event.at, uses.get(use, event.at))

    def cover(self, since: datetime, until: datetime) -> None:
        """Let the covered time be this stretch, or none where it ends before it begins."""
        self.since, self.until = min(since, until), until

    def log_of(self, *names: str) -> AccessLog | None:
        """The uses of one thing by all its names; None where no time is covered."""
        if self.since is None or self.until is None:
            return None
        events = {event for name in names for event in _events(self._uses.get(name, {}).items())}
        return AccessLog(sink=self.sink, since=self.since, until=self.until, events=tuple(sorted(events)))


def _events(uses: Iterable[tuple[_Use, datetime]]) -> Iterable[AccessEvent]:
    for (principal, action, allowed, _), at in uses:
        yield AccessEvent(at=at, principal=principal, action=action, allowed=allowed)
