"""The forecast as a calendar that mail programs and planners read (iCalendar, RFC 5545)."""

from collections.abc import Iterator, Sequence
from datetime import UTC, timedelta
from hashlib import sha256
from itertools import groupby

from keyproof.domain.forecast import Forecast, Turn

_OCTETS = 75
"""The longest line without its end, RFC 5545 section 3.1."""


def render(forecast: Forecast) -> str:
    """One all-day event for each thing that falls due, on the first of its last days.

    An event keeps its UID from run to run, so that a rotated secret moves in the calendar and does not
    come twice. The time stamp is that of the judgement: the same input gives the same bytes.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//keyproof//forecast//EN", "CALSCALE:GREGORIAN"]
    stamp = f"{forecast.today.run.as_of.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    by_subject = sorted(
        forecast.turns, key=lambda turn: (turn.finding.subject, turn.last_day, turn.finding.rule)
    )
    events = [list(turns) for _, turns in groupby(by_subject, key=lambda turn: turn.finding.subject)]
    for turns in sorted(events, key=lambda turns: (turns[0].last_day, turns[0].finding.subject)):
        lines += _event(turns, stamp)
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line))


def _event(turns: Sequence[Turn], stamp: str) -> Iterator[str]:
    first = turns[0]
    digest = sha256(first.finding.subject.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    worst = max(turns, key=lambda turn: turn.finding.severity.rank).finding.severity
    yield "BEGIN:VEVENT"
    yield f"UID:{digest}@keyproof"
    yield f"DTSTAMP:{stamp}"
    yield f"DTSTART;VALUE=DATE:{_compact(first, 0)}"
    yield f"DTEND;VALUE=DATE:{_compact(first, 1)}"
    yield f"SUMMARY:{_escaped(f'Last day: {first.name}')}"
    yield _description(turns)
    yield f"CATEGORIES:{worst.value.upper()}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _description(turns: Sequence[Turn]) -> str:
    text = "\n".join(_about(turns))
    return f"DESCRIPTION:{_escaped(text)}"


def _about(turns: Sequence[Turn]) -> Iterator[str]:
    yield turns[0].finding.subject
    for turn in turns:
        finding = turn.finding
        yield f"{turn.last_day}: {finding.rule_title} ({finding.pack}/{finding.rule}, {finding.severity}), {turn.because}"
    yield from dict.fromkeys(turn.finding.remediation for turn in turns if turn.finding.remediation)
    if turns[0].owner:
        yield f"Owner: {turns[0].owner}"


def _compact(turn: Turn, days: int) -> str:
    return (turn.last_day + timedelta(days=days)).isoformat().replace("-", "")


def _escaped(text: str) -> str:
    """TEXT of RFC 5545 section 3.3.11; other control characters may not stand in it."""
    for sign in ("\\", ";", ","):
        text = text.replace(sign, f"\\{sign}")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\\n".join("".join(c if c >= " " and c != "\x7f" else " " for c in line) for line in lines)


def _folded(line: str) -> Iterator[str]:
    """Pieces of at most 75 octets, none of them cut inside a character; all but the first begin with a blank."""
    piece, size = "", 0
    for character in line:
        octets = len(character.encode("utf-8", "surrogatepass"))
        if size + octets > _OCTETS:
            yield piece
            piece, size = " ", 1
        piece += character
        size += octets
    yield piece
