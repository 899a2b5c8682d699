"""Numbers, spans of time and lists as the sentences of a verdict say them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_SHOWN = 3


def count(number: int, noun: str) -> str:
    """`1 day`, `6 days`; the plural of `noun` takes an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def span(length: timedelta) -> str:
    """A length of time in its two largest units, without a sign: `2 days 4 h`, `3 h 20 min`, `45 s`."""
    length = abs(length)
    seconds = length.seconds
    hours, minutes = seconds // 3_600, seconds // 60 % 60
    if length.days:
        return count(length.days, "day") + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {minutes} min" if minutes else "")
    return f"{minutes} min" if minutes else f"{seconds} s"


def listed(items: Sequence[str], *, shown: int = _SHOWN, separator: str = ", ") -> str:
    """The first `shown` items, and how many there are beyond them."""
    rest = len(items) - shown
    return separator.join(items[:shown]) + (f" and {rest} more" if rest > 0 else "")


def in_utc(at: datetime) -> datetime:
    """The same instant told in UTC: what most moments already are."""
    return at if at.tzinfo is UTC else at.astimezone(UTC)


@lru_cache(maxsize=4096)  # one date of a secret is named in many sentences about it
def moment(at: datetime) -> str:
    """The UTC date, with the time of day unless it is midnight, as a date alone reads."""
    text = in_utc(at).isoformat(" ", "seconds")
    return text[:10] if text[11:19] == "00:00:00" else f"{text[:16]} UTC"
