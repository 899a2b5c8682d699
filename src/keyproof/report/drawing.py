"""Small pictures as inline SVG: pure functions, readable in black and white, each with a text alternative."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

_BAR_WIDTH, _BAR_DUE, _BAR_HEIGHT = 190, 124, 18
_LANE_WIDTH, _LANE_HEIGHT = 260, 23
_SHARE_WIDTH = 420
_STRIP_WIDTH, _STRIP_LEFT, _STRIP_ROW, _STRIP_TOP, _STRIP_APART = 1120, 170, 30, 34, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One dated mark on the calendar strip."""

    day: date
    lane: str
    kind: str
    """`late`, `accepted`, `lapsed`, `soon`, `later`, or `set` for the day a value was set."""
    label: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The stretch of days a picture shows."""

    first: date
    last: date

    def x(self, day: date, width: float) -> float:
        """Where `day` stands on `width`, clipped to the ends."""
        share = (day - self.first).days / max(1, (self.last - self.first).days)
        return round(max(0.0, min(1.0, share)) * width, 1)


def age_bar(*, start: date, due: date, today: date, rungs: Sequence[int], label: str) -> str:
    """How far a value is on its way from `start` to `due`; `rungs` are days before `due` that alert.

    The due date stands at the same place in every bar, so that bars below each other compare;
    what is overdue runs past it, and is broken off beyond about half a period.
    """
    period = max(1, (due - start).days)
    scale = _BAR_DUE / period
    now = (today - start).days * scale
    end = min(now, _BAR_WIDTH - 8)
    parts = [_rect("track", 0, 7, _BAR_DUE, 4), _rect("spent", 0, 7, max(0, min(now, _BAR_DUE)), 4)]
    parts += [_line("rung", _BAR_DUE - days * scale, 4, 14) for days in rungs if 0 < days < period]
    if now > _BAR_DUE:
        parts.append(_rect("late", _BAR_DUE, 4, end - _BAR_DUE, 10))
        if now > end:
            parts.append(f'<path class="break" d="M{end - 7:.1f} 16l4-14M{end - 3:.1f} 16l4-14"/>')
    parts.append(_line("due", _BAR_DUE, 1, 17))
    parts.append(f'<path class="today" d="M{max(0, end):.1f} 6l-3.5-6h7z"/>')
    return _svg("age-bar", _BAR_WIDTH, _BAR_HEIGHT, label, parts)


def age_axis() -> str:
    """What stands over the age bars."""
    parts = [
        '<text x="0" y="11">value set</text>',
        f'<text x="{_BAR_DUE}" y="11" text-anchor="middle">due</text>',
    ]
    return _svg(
        "age-axis", _BAR_WIDTH, 15, "the value's age, from the day it was set to the day it is due", parts
    )


def share_bar(*, whole: int, part: int, most: int, label: str) -> str:
    """`part` of `whole`, hatched, on the scale on which `most` fills the width."""
    scale = _SHARE_WIDTH / max(1, most)
    parts = [_rect("spent", part * scale, 3, (whole - part) * scale, 10)] if whole > part else []
    if part:
        parts.append(_rect("late", 0, 3, part * scale, 10))
    return _svg("share", _SHARE_WIDTH, 16, label, parts)


def exposure_lane(
    *, window: Window, start: date, end: date | None, marks: Mapping[str, date], failing: bool, label: str
) -> str:
    """How long a leaked value stood open; `end` None reaches today's edge; only a `failing` one alarms.

    `marks` may hold `rotated` (a diamond on a stem) and `deadline` (a line).
    """
    left = window.x(start, _LANE_WIDTH)
    right = window.x(end or window.last, _LANE_WIDTH)
    width = max(3.0, right - left)
    left = min(left, _LANE_WIDTH - width)
    kind = "closed" if end else "open alarming" if failing else "open"
    parts = [_rect("track", 0, 14.5, _LANE_WIDTH, 1), _rect(kind, left, 10, width, 10)]
    if deadline := marks.get("deadline"):
        parts.append(_line("deadline", window.x(deadline, _LANE_WIDTH), 2, 22))
    if rotated := marks.get("rotated"):
        x = window.x(rotated, _LANE_WIDTH)
        parts.append(f'<path class="rotated" d="M{x} 21V8l-4-4l4-4l4 4l-4 4"/>')
    return _svg("lane", _LANE_WIDTH, _LANE_HEIGHT, label, parts)


def lane_axis(window: Window) -> str:
    """The years over the exposure lanes."""
    parts = []
    years = range(window.first.year + 1, window.last.year + 1)
    for year in years:
        x = window.x(date(year, 1, 1), _LANE_WIDTH)
        parts.append(_line("tick", x, 12, 20))
        if x < _LANE_WIDTH - 62:
            parts.append(f'<text x="{x}" y="10" text-anchor="middle">{year}</text>')
    parts.append(f'<text x="{_LANE_WIDTH}" y="10" text-anchor="end">today</text>')
    return _svg("lane-axis", _LANE_WIDTH, 20, f"from {window.first} to today, {window.last}", parts)


def calendar_strip(marks: Iterable[Due], *, today: date) -> str:
    """The twelve months behind and ahead, one lane a class; marks that would hide each other are one with its number."""
    window = Window(first=_months(today, -12), last=_months(today, 13) - timedelta(days=1))
    placed = sorted(marks, key=lambda mark: (mark.lane, mark.day, mark.kind, mark.label))
    names = sorted({mark.lane for mark in placed})
    height = _STRIP_TOP + _STRIP_ROW * len(names) + 8
    parts = list(_months_grid(window, today, height))
    x = _strip_x(window, today)
    parts.append(_line("now", x, 12, height))
    parts.append(f'<text class="now-word" x="{x}" y="10" text-anchor="middle">today</text>')
    for row, lane in enumerate(names):
        y = _STRIP_TOP + _STRIP_ROW * row + _STRIP_ROW / 2
        parts.append(f'<text class="lane-name" x="0" y="{y + 4}">{escape(_short(lane))}</text>')
        parts.append(f'<path class="base" d="M{_STRIP_LEFT} {y}H{_STRIP_WIDTH}"/>')
        values = {mark.day for mark in placed if mark.lane == lane and mark.kind == "set"}
        parts += [
            _line("set", _strip_x(window, day), y - 4, y + 4) for day in sorted(values) if day >= window.first
        ]
        dues = (mark for mark in placed if mark.lane == lane and mark.kind != "set")
        parts += _dots(_grouped(dues, window), window, y)
    label = "Calendar of due dates by class; the table below it holds the same dates"
    return _svg("strip", _STRIP_WIDTH, height, label, parts)


def _dots(groups: Iterable[Sequence[Due]], window: Window, y: float) -> Iterator[str]:
    for group in groups:
        first, number = group[0], len(group)
        x = _middle(group, window)
        words = first.label if number == 1 else f"{number} from {first.day} to {group[-1].day}"
        count = (
            f'<text x="{x}" y="{y + (8 if first.kind == "soon" else 3.5)}" text-anchor="middle">{number}</text>'
            if number > 1
            else ""
        )
        shape = _shape(first.kind, x, y, _size(group))
        yield f'<a href="{escape(first.href)}" class="{first.kind}"><title>{escape(words)}</title>{shape}{count}</a>'


def _grouped(marks: Iterable[Due], window: Window) -> list[list[Due]]:
    """Marks of one kind so close together that their shapes would hide each other."""
    groups: list[list[Due]] = []
    for mark in sorted(marks, key=lambda mark: (mark.kind, mark.day, mark.label)):
        if groups and groups[-1][0].kind == mark.kind and _close(groups[-1][:1], [mark], window):
            groups[-1].append(mark)
        else:
            groups.append([mark])
    apart = groups[:1]
    for group in groups[1:]:
        if apart[-1][0].kind == group[0].kind and _close(apart[-1], group, window):
            apart[-1] = [*apart[-1], *group]
        else:
            apart.append(group)
    return apart


def _close(left: Sequence[Due], right: Sequence[Due], window: Window) -> bool:
    apart = max(_STRIP_APART, _size(left) + _size(right) + 4)  # a triangle is wider than its size
    return abs(_middle(right, window) - _middle(left, window)) < apart


def _size(group: Sequence[Due]) -> int:
    """Half the height of its shape, with room for its number: a triangle holds less text than a square."""
    if len(group) == 1:
        return 6
    triangle = group[0].kind == "soon"
    return (11 if triangle else 9) if len(group) < 100 else (15 if triangle else 11)


def _middle(group: Sequence[Due], window: Window) -> float:
    return _strip_x(window, group[len(group) // 2].day)


def _shape(kind: str, x: float, y: float, size: float) -> str:
    if kind == "late":
        return f'<rect x="{x - size:.1f}" y="{y - size}" width="{2 * size}" height="{2 * size}"/>'
    if kind == "soon":
        return f'<path d="M{x} {y - size - 1}l{size + 2} {2 * size}h-{2 * (size + 2)}z"/>'
    if kind == "lapsed":
        return f'<path d="M{x} {y - size - 1}l{size + 1} {size + 1}-{size + 1} {size + 1}-{size + 1}-{size + 1}z"/>'
    return f'<circle cx="{x}" cy="{y}" r="{size}"/>'


def _strip_x(window: Window, day: date) -> float:
    return round(_STRIP_LEFT + 8 + window.x(day, _STRIP_WIDTH - _STRIP_LEFT - 20), 1)


def _months_grid(window: Window, today: date, height: float) -> Iterator[str]:
    day = window.first
    now = _strip_x(window, today)
    while day <= window.last:
        x = _strip_x(window, day)
        yield _line("month", x, 12, height)
        yield f'<text class="month-name" x="{x + 3}" y="22">{day:%b}</text>'
        if (day.month == 1 or day == window.first) and abs(x - now) > 40:
            yield f'<text class="year" x="{x + 3}" y="10">{day.year}</text>'
        day = _months(day, 1)


def _months(day: date, number: int) -> date:
    """The first day of the month `number` months from `day`."""
    month = day.year * 12 + day.month - 1 + number
    return date(month // 12, month % 12 + 1, 1)


def _short(text: str) -> str:
    return text if len(text) <= 24 else text[:23] + "…"


def _rect(name: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{name}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="{height}"/>'


def _line(name: str, x: float, top: float, bottom: float) -> str:
    return f'<path class="{name}" d="M{x:.1f} {top}V{bottom}"/>'


def _svg(name: str, width: float, height: float, label: str, parts: Iterable[str]) -> str:
    role = f'role="img" aria-label="{escape(label)}"'
    if name == "strip":
        role = f'role="group" aria-label="{escape(label)}"'  # it holds links, which an image may not
    body = "".join(parts)
    return f'<svg class="{name}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" {role}>{body}</svg>'
