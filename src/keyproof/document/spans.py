"""Lengths of time as prose states them: `every 90 days`, `24-48 hours`, `quarterly`, `< 5 minutes`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from keyproof.domain.duration import Duration, parse_duration

_NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 1
    )
}
_NUMBER = rf"\d{{1,6}}|{'|'.join(_NUMBERS)}"
_COUNTED = re.compile(
    rf"(?<![\w.-])(?P<low>{_NUMBER})(?:\s*(?:-|\N{{EN DASH}}|\N{{EM DASH}}|to)\s*(?P<high>{_NUMBER}))?[\s-]*"
    r"(?P<unit>seconds?|secs?|minutes?|mins?|hours?|hrs?|h|days?|d|weeks?|months?|years?|yrs?)(?!\w)",
    re.IGNORECASE,
)
_WORD = re.compile(
    r"(?<![\w-])(hourly|daily|weekly|monthly|quarterly|bi-?annual(?:ly)?|semi-?annually|half-yearly|"
    r"annually|annual|yearly|every (?:hour|day|week|month|quarter|year))(?![\w-])",
    re.IGNORECASE,
)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A length of time found in a text; of a range the longer end, for until then the text permits."""

    duration: Duration
    start: int
    end: int
    shown: str
    """As written."""


def spans(text: str) -> tuple[Span, ...]:
    """Every length of time in `text`, in its order."""
    return tuple(sorted(_found(text), key=lambda span: span.start))


def first_span(text: str) -> Span | None:
    """The first length of time in `text`, or None."""
    return next(iter(spans(text)), None)


def _found(text: str) -> Iterator[Span]:
    for found in _COUNTED.finditer(text):
        number = found["high"] or found["low"]
        unit = found["unit"].lower().rstrip("s")
        yield from _span(found, f"{_NUMBERS.get(number.lower(), number)} {'h' if unit == 'hr' else unit}")
    for found in _WORD.finditer(text):
        yield from _span(found, found[1].lower())


def _span(found: re.Match[str], text: str) -> Iterator[Span]:
    try:
        duration = parse_duration(text)
    except (ValueError, OverflowError):
        return  # "0 days": no length that anything could be judged by
    yield Span(duration=duration, start=found.start(), end=found.end(), shown=found[0])


def written(duration: Duration) -> str:
    """`duration` as a policy file states it, in the largest unit that keeps its meaning."""
    if duration.events and not duration.scheduled:
        return "on " + ", ".join(event.replace("-", " ") for event in duration.events)
    if duration.months:
        return f"{duration.months}mo"
    seconds = int(duration.span.total_seconds())
    if not duration.by_clock and seconds % 86_400 == 0:
        return _in_days(seconds // 86_400)
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def _in_days(days: int) -> str:
    """A policy file takes six digits: more days than that are written as the weeks or years they were."""
    if days < 1_000_000:
        return f"{days}d"
    return f"{days // 365}y" if days % 365 == 0 and days // 365 < 1_000_000 else f"{days // 7}w"


def in_days(duration: Duration) -> int:
    """Whole days of a scheduled duration, calendar months counted as 30."""
    return duration.approximate_span // _DAY


def same(one: Duration, two: Duration) -> bool:
    """Whether both end after the same time, or both on events alone."""
    return (one.scheduled, one.approximate_span) == (two.scheduled, two.approximate_span)
