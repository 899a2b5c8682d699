"""How often AWS rotates a secret: `rate()` and `cron()` expressions read down to their longest gap.

The grammar is that of https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise

_RATE = re.compile(r"rate\(\s*([1-9][0-9]{0,3})\s+(hours?|days?)\s*\)")
_CRON = re.compile(r"cron\(([^()]*)\)")
_NUMBER = re.compile(r"[0-9]{1,2}")
_LAST_NAMED = re.compile(r"[A-Z]{3}L")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_ANY = frozenset({"*", "?"})

_FIRST = date(2025, 1, 1)
_CYCLE_DAYS = 28 * 365 + 7
"""Weekdays and leap years repeat after 28 years; that 2100 is no leap year is left out."""


@lru_cache(maxsize=4096)
def longest_gap(expression: str) -> timedelta:
    """The longest span between two openings of the rotation window under `expression`, in UTC.

    `rate(30 days)` gives 30 days, `cron(0 8 1 * ? *)` gives 31. Raises ValueError with the reason
    when the expression cannot be read or never comes due.
    """
    text = expression.strip()
    if rate := _RATE.fullmatch(text):
        unit = timedelta(hours=1) if rate[2].startswith("hour") else timedelta(days=1)
        return int(rate[1]) * unit
    if cron := _CRON.fullmatch(text):
        return _longest_gap_of_cron(cron[1].upper().split())
    raise ValueError(f"{expression!r} is neither rate(N hours), rate(N days) nor cron() with six fields")


def _longest_gap_of_cron(fields: list[str]) -> timedelta:
    if len(fields) != 6:
        raise ValueError(f"cron() has {len(fields)} fields, not six")
    minutes, hours, days, months, weekdays, years = fields
    if weekdays == "?" and _LAST_NAMED.fullmatch(days):
        days, weekdays = "?", days  # AWS documents SUNL, the last Sunday, as a day of the month
    if years != "*":
        raise ValueError(f"the year of a rotation schedule must be *, not {years}")
    if not _ANY & {days, weekdays}:
        raise ValueError("day of month and day of week are both restricted; one of them must be ?")
    times = sorted(
        timedelta(hours=hour, minutes=minute)
        for hour in _numbers("hours", hours, 0, 23)
        for minute in _numbers("minutes", minutes, 0, 59)
    )
    due = _Days(
        months=_numbers("month", months, 1, 12, _MONTHS),
        dates=_month_days(days),
        weekdays=_week_days(weekdays),
    ).in_one_cycle()
    if not due:
        raise ValueError(f"no day of the calendar is {days} {months} {weekdays}")
    within_a_day = [later - earlier for earlier, later in pairwise(times)]
    overnight = times[0] - times[-1]
    between_days = [later - earlier for earlier, later in pairwise([*due, due[0] + _CYCLE_DAYS])]
    return max([*within_a_day, timedelta(days=max(between_days)) + overnight])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Days:
    """Which days of the calendar a cron expression names."""

    months: frozenset[int]
    dates: frozenset[int]
    """Days of the month; 0 is its last."""
    weekdays: frozenset[tuple[int, int]]
    """(0 for Sunday … 6, which of the month): 0 is every one, 1 … 5 the n-th, -1 the last."""

    def in_one_cycle(self) -> list[int]:
        """The days that match, counted from the first of the cycle."""
        days = (_FIRST + timedelta(days=number) for number in range(_CYCLE_DAYS))
        return [number for number, day in enumerate(days) if day.month in self.months and self._has(day)]

    def _has(self, day: date) -> bool:
        last = monthrange(day.year, day.month)[1]
        weekday = day.isoweekday() % 7
        return (day.day in self.dates or (day.day == last and 0 in self.dates)) and (
            (weekday, 0) in self.weekdays
            or (weekday, (day.day + 6) // 7) in self.weekdays
            or (day.day + 7 > last and (weekday, -1) in self.weekdays)
        )


def _month_days(text: str) -> frozenset[int]:
    parts = ["*" if text == "?" else text] if "," not in text else text.split(",")
    numbers = (frozenset({0}) if part == "L" else _numbers("day of month", part, 1, 31) for part in parts)
    return frozenset().union(*numbers)


def _week_days(text: str) -> frozenset[tuple[int, int]]:
    parts = ["*" if text == "?" else text] if "," not in text else text.split(",")
    return frozenset().union(*(_week_day(part) for part in parts))


def _week_day(part: str) -> frozenset[tuple[int, int]]:
    """One item of the day-of-week field; AWS counts Sunday as 1 and lets `L` alone be the week's last day."""
    if part == "L":
        return frozenset({(6, 0)})
    if part.endswith("L"):
        return frozenset({(_number("day of week", part[:-1], 1, 7, _WEEKDAYS) - 1, -1)})
    name, hash_sign, nth = part.partition("#")
    if hash_sign:
        weekday = _number("day of week", name, 1, 7, _WEEKDAYS) - 1
        return frozenset({(weekday, _number("day of week", nth, 1, 5))})
    return frozenset((number - 1, 0) for number in _numbers("day of week", part, 1, 7, _WEEKDAYS))


def _numbers(field: str, text: str, low: int, high: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    """The numbers a field of lists, ranges and increments names."""
    found: set[int] = set()
    for item in text.split(","):
        base, slash, step_text = item.partition("/")
        step = _number(field, step_text, 1, high) if slash else 1
        start_text, dash, end_text = base.partition("-")
        if base == "*":
            start, end = low, high
        elif dash:
            start = _number(field, start_text, low, high, names)
            end = _number(field, end_text, low, high, names)
        else:
            start = _number(field, base, low, high, names)
            end = high if slash else start
        if end < start:
            raise ValueError(f"the {field} range {base} runs backwards")
        found.update(range(start, end + 1, step))
    return frozenset(found)


def _number(field: str, text: str, low: int, high: int, names: tuple[str, ...] = ()) -> int:
    if text in names:
        return low + names.index(text)
    if not _NUMBER.fullmatch(text) or not low <= int(text) <= high:
        raise ValueError(f"{text or 'nothing'} is not allowed as {field}")
    return int(text)
