"""How far a moment is from the end of a period, counted in UTC: the one place that decides what is overdue."""

from datetime import date, datetime, timedelta
from typing import NamedTuple, Self

from keyproof.domain.duration import Duration
from keyproof.domain.wording import count, in_utc, span


class Deadline(NamedTuple):
    """The end of a period as seen from `now`.

    A period of days or months ends with a UTC calendar day: on that day it is due, overdue from the next.
    A period stated in hours or less ends at an instant and is overdue after it.
    """

    due: date
    at: datetime | None
    """The instant it ends; None when it ends with the day `due`."""
    now: datetime

    @classmethod
    def of(cls, start: datetime, period: Duration, now: datetime) -> Self:
        """The end of `period` begun at `start`. Raises ValueError when only events end it."""
        start = in_utc(start)
        if period.by_clock:
            return cls.at_instant(period.after(start), now)
        return cls.on_day(period.due(start.date()), now)

    @classmethod
    def on_day(cls, due: date, now: datetime) -> Self:
        """A period that ends with the UTC day `due`."""
        return cls(due, None, now)

    @classmethod
    def at_instant(cls, at: datetime, now: datetime) -> Self:
        """A period that ends at `at`."""
        return cls(in_utc(at).date(), at, now)

    @property
    def overdue(self) -> bool:
        """Whether it has ended."""
        return self.now > self.at if self.at else self._today > self.due

    @property
    def days_overdue(self) -> int:
        """Whole UTC calendar days past `due`; 0 until the day after it."""
        return max(0, (self._today - self.due).days)

    @property
    def left(self) -> timedelta:
        """The time left, in whole days where it ends with a day; negative once it has ended."""
        return self.at - self.now if self.at else self.due - self._today

    @property
    def distance(self) -> str:
        """How far its end is, without saying on which side: `6 days`, or `3 h 20 min`."""
        return span(self.left) if self.at else count(abs(self.left.days), "day")

    @property
    def end(self) -> str:
        """Its end as a person reads it: the day, or the minute."""
        return f"{in_utc(self.at).isoformat(' ', 'minutes')[:16]} UTC" if self.at else str(self.due)

    @property
    def _today(self) -> date:
        return in_utc(self.now).date()
