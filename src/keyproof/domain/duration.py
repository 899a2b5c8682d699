"""How long a secret may live: fixed spans, calendar months and event-only periods."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, timedelta
from enum import StrEnum
from functools import cache


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
    by_clock: bool = False
    """Stated in hours, minutes or seconds: ends at an instant; every other period ends with a UTC day."""
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

    @property
    def longest_span(self) -> timedelta:
        """The longest the period can be: three calendar months can take 92 days; zero when only events end it."""
        return _longest(self.months) if self.months else self.span

    def after(self, start: datetime) -> datetime:
        """When the period that began at `start` ends; at the end of the calendar (year 9999) at the latest.

        Calendar months clip to the last day of a shorter month. Raises ValueError for an event-only period.
        """
        if not self.scheduled:
            raise ValueError(f"{self.text!r} ends on events only")
        try:
            return _add_months(start, self.months) if self.months else start + self.span
        except OverflowError:
            return datetime.max.replace(tzinfo=start.tzinfo)

    def due(self, start: date) -> date:
        """The UTC calendar date on which a value of `start` is due; overdue from the day after."""
        if self.span and not self.months:
            try:
                return start + self.span
            except OverflowError:
                return date.max
        return self.after(datetime(start.year, start.month, start.day)).date()  # noqa: DTZ001 (a plain date in, a plain date out)


@cache
def _longest(months: int) -> timedelta:
    starts = [datetime(year, month, 1) for year in range(2023, 2027) for month in range(1, 13)]  # noqa: DTZ001 (plain dates)
    return max(_add_months(start, months) - start for start in starts)


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
    "half-yearly": "semi-annually",
    "immediate": "immediately",
    "every hour": "hourly",
    "every day": "daily",
    "every week": "weekly",
    "every month": "monthly",
    "every quarter": "quarterly",
    "every year": "yearly",
}
_UNITS: dict[str, timedelta] = {
    "s": timedelta(seconds=1), "sec": timedelta(seconds=1), "second": timedelta(seconds=1),
    "min": timedelta(minutes=1), "minute": timedelta(minutes=1),
    "h": timedelta(hours=1), "hr": timedelta(hours=1), "hour": timedelta(hours=1),
    "d": timedelta(days=1), "day": timedelta(days=1),
    "w": timedelta(weeks=1), "wk": timedelta(weeks=1), "week": timedelta(weeks=1),
    "y": timedelta(days=365), "yr": timedelta(days=365), "year": timedelta(days=365),
}  # fmt: skip
_BELOW_A_DAY = timedelta(hours=1)
_PLAIN = re.compile(r"(?:every\s+)?([0-9]{1,6})\s*([a-z]+)", re.IGNORECASE)
_ISO = re.compile(
    r"P(?:(?P<y>[0-9]{1,4})Y)?(?:(?P<mo>[0-9]{1,4})M)?(?:(?P<w>[0-9]{1,4})W)?(?:(?P<d>[0-9]{1,6})D)?"
    r"(?:T(?:(?P<h>[0-9]{1,6})H)?(?:(?P<mi>[0-9]{1,6})M)?(?:(?P<s>[0-9]{1,9})S)?)?"
)
_ON = re.compile(r"(?:immediately\s+)?(?:on|if|upon|after|when)\s+(.+)", re.IGNORECASE)
_EVENT_WORDS = {
    "compromise": Event.COMPROMISE, "compromised": Event.COMPROMISE, "suspected compromise": Event.COMPROMISE,
    "compromise is suspected": Event.COMPROMISE,
    "personnel change": Event.PERSONNEL_CHANGE, "personnel-change": Event.PERSONNEL_CHANGE,
    "personnel changes": Event.PERSONNEL_CHANGE,
    "incident": Event.INCIDENT, "any incident": Event.INCIDENT, "security incident": Event.INCIDENT,
    "any security incident": Event.INCIDENT,
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


def parse_lead_time(text: str) -> Duration:
    """Read how long before a due date something happens: a duration of a fixed length, or `0d` for the day itself.

    Raises ValueError with what to write instead.
    """
    if text.strip().lower() in {"0", "0d"}:
        return Duration(text="0d")
    parsed = parse_duration(text)
    if not parsed.span:
        raise ValueError(f"{text!r} has no fixed length; write for example 30d, 7d or 0d")
    return parsed


def _word(text: str) -> Duration | None:
    word = _ALIASES.get(text.lower(), text.lower())
    if word not in _WORDS:
        return None
    span, note = _WORDS[word]
    if not span:
        return Duration(text=text, events=(Event.COMPROMISE,))
    return Duration(text=text, span=span, by_clock=span <= _BELOW_A_DAY, note=note)


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
    return Duration(text=text, span=count * span, by_clock=span <= _BELOW_A_DAY) if span and count else None


def _iso(text: str) -> Duration | None:
    match = _ISO.fullmatch(text.upper())
    if match is None or not any(match.groups()):
        return None
    part = {name: int(value or 0) for name, value in match.groupdict().items()}
    months = 12 * part["y"] + part["mo"]
    span = timedelta(weeks=part["w"], days=part["d"], hours=part["h"], minutes=part["mi"], seconds=part["s"])
    if bool(months) == bool(span):
        return None  # a mixture (or nothing) has no single due date
    by_clock = bool(part["h"] or part["mi"] or part["s"])
    return Duration(text=text, months=months, span=span, by_clock=by_clock)


def _add_months(start: datetime, months: int) -> datetime:
    index = start.month - 1 + months
    year, month = start.year + index // 12, index % 12 + 1
    if year > MAXYEAR:
        raise OverflowError("after the end of the calendar")
    return start.replace(year=year, month=month, day=min(start.day, monthrange(year, month)[1]))
