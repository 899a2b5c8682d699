"""The forecast as a calendar that mail programs and planners read (iCalendar, RFC 5545)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from hashlib import sha256
from itertools import groupby

from keyproof.domain.forecast import Ending, Forecast, Turn

_OCTETS = 75
"""The longest line without its end, RFC 5545 section 3.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """A whole day."""

    key: str
    """What it is about, for its UID."""
    day: date
    summary: str
    about: tuple[str, ...]
    category: str


def render(forecast: Forecast) -> str:
    """One all-day event for each thing that falls due, lapses or ends, on the first of its last days.

    An event keeps its UID from run to run, so that a rotated secret moves in the calendar and does not
    come twice. The time stamp is that of the judgement: the same input gives the same bytes.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//keyproof//forecast//EN", "CALSCALE:GREGORIAN"]
    stamp = f"{forecast.today.run.as_of.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    events = [*_due(forecast.turns), *map(_lapse, forecast.lapses), *map(_end, forecast.endings)]
    for event in sorted(events, key=lambda event: (event.day, event.key)):
        lines += _lines(event, stamp)
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line))


def _due(turns: Sequence[Turn]) -> Iterator[_Event]:
    """An event for each subject, with everything about it that turns."""
    by_subject = sorted(turns, key=lambda turn: (turn.finding.subject, turn.last_day, turn.finding.rule))
    for subject, found in groupby(by_subject, key=lambda turn: turn.finding.subject):
        alike = list(found)
        worst = max(alike, key=lambda turn: turn.finding.severity.rank).finding.severity
        yield _Event(
            key=subject,
            day=alike[0].last_day,
            summary=f"Last day: {alike[0].name}",
            about=(subject, *_told(alike)),
            category=worst.value,
        )


def _lapse(turn: Turn) -> _Event:
    finding = turn.finding
    return _Event(
        key=f"attestation\0{finding.pack}/{finding.rule}\0{finding.subject}",
        day=turn.last_day,
        summary=f"Attest again: {finding.rule_title}",
        about=tuple(_told([turn])),
        category="attestation",
    )


def _end(ending: Ending) -> _Event:
    return _Event(
        key=f"baseline\0{ending.who}\0{ending.last_day}"
        if ending.id == "baseline"
        else f"waiver\0{ending.id}",
        day=ending.last_day,
        summary=f"Last day: {ending.id}, {ending.about}",
        about=(f"Accepts {ending.accepts} failing now: {ending.reason}", f"Approver or owner: {ending.who}"),
        category="accepted",
    )


def _told(turns: Sequence[Turn]) -> Iterator[str]:
    for turn in turns:
        finding = turn.finding
        yield f"{turn.last_day}: {finding.rule_title} ({finding.pack}/{finding.rule}, {finding.severity}), {turn.because}"
    yield from dict.fromkeys(turn.finding.remediation for turn in turns if turn.finding.remediation)
    if turns[0].owner:
        yield f"Owner: {turns[0].owner}"


def _lines(event: _Event, stamp: str) -> Iterable[str]:
    told = _escaped("\n".join(event.about))  # no backslash may stand inside an f-string of Python 3.11
    digest = sha256(event.key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return (
        "BEGIN:VEVENT",
        f"UID:{digest}@keyproof",
        f"DTSTAMP:{stamp}",
        f"DTSTART;VALUE=DATE:{_compact(event.day)}",
        f"DTEND;VALUE=DATE:{_compact(event.day + timedelta(days=1))}",
        f"SUMMARY:{_escaped(event.summary)}",
        f"DESCRIPTION:{told}",
        f"CATEGORIES:{event.category.upper()}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    )


def _compact(day: date) -> str:
    return day.isoformat().replace("-", "")


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
