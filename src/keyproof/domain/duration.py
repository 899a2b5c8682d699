"""How long a secret may live: fixed spans, calendar months and event-only periods."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum


class Event(StrEnum):
    """What forces a rotation whatever the calendar says."""

    COMPROMISE = "compromise"
    PERSONNEL_CHANGE = "personnel-change"
    INCIDENT = "incident"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """A period: a fixed span, or calendar months, or neither when only events end it.

    Fixed spans and calendar months are never mixed in one period.
    """

    text: str
    """As a person wrote it."""
    span: timedelta = timedelta()
    months: int = 0
    events: tuple[Event, ...] = ()
    note: str = ""
    """Set when the word used is ambiguous, with the reading taken."""

    @property
    def scheduled(self) -> bool:
        """Whether the calendar alone ever ends this period."""
        return bool(self.span or self.months)

    @property
    def approximate_span(self) -> timedelta:
        """The span, calendar months counted as 30 days: for comparing periods, never for due dates."""
        return self.span or timedelta(days=30 * self.months)

    def after(self, start: datetime) -> datetime:
        """When the period that began at `start` ends.

        Calendar months clip to the last day of a shorter month. Raises ValueError for an event-only period.
        """
        if not self.scheduled:
            raise ValueError(f"{self.text!r} ends on events only")
        return _add_months(start, self.months) if self.months else start + self.span

    def due(self, start: date) -> date:
        """The UTC calendar date on which a value of `start` is due; overdue from the day after."""
        return self.after(datetime(start.year, start.month, start.day)).date()  # noqa: DTZ001 (a plain date in, a plain date out)


_WORDS: dict[str, tuple[timedelta, str]] = {
    "hourly": (timedelta(hours=1), ""),
    "daily": (timedelta(days=1), ""),
    "weekly": (timedelta(days=7), ""),
    "monthly": (timedelta(days=30), ""),
    "quarterly": (timedelta(days=90), ""),
    "bi-annually": (
        timedelta(days=182),
        "'bi-annually' can mean twice a year or every two years; read as 182 days",
    ),
    "semi-annually": (timedelta(days=182), ""),
    "annually": (timedelta(days=365), ""),
    "yearly": (timedelta(days=365), ""),
    "immediately": (timedelta(), ""),
}
_ALIASES = {
    "biannually": "bi-annually",
    "bi-annual": "bi-annually",
    "annual": "annually",
    "semiannually": "semi-annually",
}
_UNITS: dict[str, timedelta] = {
    "s": timedelta(seconds=1), "sec": timedelta(seconds=1), "second": timedelta(seconds=1),
    "min": timedelta(minutes=1), "minute": timedelta(minutes=1),
    "h": timedelta(hours=1), "hr": timedelta(hours=1), "hour": timedelta(hours=1),
    "d": timedelta(days=1), "day": timedelta(days=1),
    "w": timedelta(weeks=1), "wk": timedelta(weeks=1), "week": timedelta(weeks=1),
    "y": timedelta(days=365), "yr": timedelta(days=365), "year": timedelta(days=365),
}  # fmt: skip
_PLAIN = re.compile(r"(?:every\s+)?(\d{1,6})\s*([a-z]+)", re.IGNORECASE)
_ISO = re.compile(
    r"P(?:(?P<y>\d{1,4})Y)?(?:(?P<mo>\d{1,4})M)?(?:(?P<w>\d{1,4})W)?(?:(?P<d>\d{1,6})D)?"
    r"(?:T(?:(?P<h>\d{1,6})H)?(?:(?P<mi>\d{1,6})M)?(?:(?P<s>\d{1,9})S)?)?"
)
_ON = re.compile(r"(?:immediately\s+)?(?:on|if|upon)\s+(.+)", re.IGNORECASE)
_EVENT_WORDS = {
    "compromise": Event.COMPROMISE, "compromised": Event.COMPROMISE, "suspected compromise": Event.COMPROMISE,
    "personnel change": Event.PERSONNEL_CHANGE, "personnel-change": Event.PERSONNEL_CHANGE,
    "incident": Event.INCIDENT,
}  # fmt: skip


def parse_duration(text: str) -> Duration:
    """Read `90d`, `24h`, `15min`, `3mo` (calendar months), ISO 8601, period words, or `on compromise`.

    Raises ValueError with what to write instead.
    """
    cleaned = " ".join(text.strip().split())
    parsed = _word(cleaned) or _event(cleaned) or _plain(cleaned) or _iso(cleaned)
    if parsed is None:
        raise ValueError(
            f"{text!r} is not a duration; write for example 90d, 24h, 15min, 3mo, P90D, quarterly or 'on compromise'"
        )
    return parsed


def _word(text: str) -> Duration | None:
    word = _ALIASES.get(text.lower(), text.lower())
    if word not in _WORDS:
        return None
    span, note = _WORDS[word]
    if not span:
        return Duration(text=text, events=(Event.COMPROMISE,))
    return Duration(text=text, span=span, note=note)


def _event(text: str) -> Duration | None:
    match = _ON.fullmatch(text)
    if match is None:
        return None
    names = [name.strip().lower() for name in re.split(r",|\band\b|\bor\b", match[1]) if name.strip()]
    events = [_EVENT_WORDS[name] for name in names if name in _EVENT_WORDS]
    return Duration(text=text, events=tuple(events)) if events and len(events) == len(names) else None


def _plain(text: str) -> Duration | None:
    match = _PLAIN.fullmatch(text)
    if match is None:
        return None
    count, unit = int(match[1]), match[2].lower()
    if unit in {"mo", "month", "months"}:
        return Duration(text=text, months=count) if count else None
    span = _UNITS.get(unit) or _UNITS.get(unit.removesuffix("s"))
    return Duration(text=text, span=count * span) if span and count else None


def _iso(text: str) -> Duration | None:
    match = _ISO.fullmatch(text.upper())
    if match is None or not any(match.groups()):
        return None
    part = {name: int(value or 0) for name, value in match.groupdict().items()}
    months = 12 * part["y"] + part["mo"]
    span = timedelta(weeks=part["w"], days=part["d"], hours=part["h"], minutes=part["mi"], seconds=part["s"])
    if bool(months) == bool(span):
        return None  # a mixture (or nothing) has no single due date
    return Duration(text=text, months=months, span=span)


def _add_months(start: datetime, months: int) -> datetime:
    index = start.month - 1 + months
    year, month = start.year + index // 12, index % 12 + 1
    return start.replace(year=year, month=month, day=min(start.day, monthrange(year, month)[1]))
