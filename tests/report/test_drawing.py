import re
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from lxml import etree

from keyproof.report import drawing
from keyproof.report.drawing import Due, Window

TODAY = date(2026, 3, 16)
days = st.dates(min_value=date(2015, 1, 1), max_value=date(2035, 12, 31))


def parsed(svg: str) -> etree._Element:
    return etree.fromstring(svg)


def named(svg: str, name: str) -> list[etree._Element]:
    return [element for element in parsed(svg).iter() if name in str(element.get("class", "")).split()]


def bar(start: date, due: date, today: date = TODAY) -> str:
    return drawing.age_bar(start=start, due=due, today=today, rungs=[7, 30], label="a label")


def test_a_value_within_its_period() -> None:
    assert bar(date(2026, 1, 15), date(2026, 4, 15)) == snapshot(
        '<svg class="age-bar" viewBox="0 0 190 18" width="190" height="18" role="img" aria-label="a label"><rect class="track" x="0.0" y="7" width="124.0" height="4"/><rect class="spent" x="0.0" y="7" width="82.7" height="4"/><path class="rung" d="M114.4 4V14"/><path class="rung" d="M82.7 4V14"/><path class="due" d="M124.0 1V17"/><path class="today" d="M82.7 6l-3.5-6h7z"/></svg>'
    )


def test_overdue_runs_past_the_due_date() -> None:
    late = bar(date(2025, 12, 1), date(2026, 3, 1))
    assert len(named(late, "late")) == 1
    assert named(late, "break") == []
    assert named(bar(date(2025, 12, 1), TODAY), "late") == []


def test_far_overdue_is_broken_off() -> None:
    assert len(named(bar(date(2020, 1, 1), date(2020, 4, 1)), "break")) == 1


@given(days, st.integers(1, 4000), days)
def test_the_due_date_stands_at_one_place_and_nothing_leaves_the_picture(
    start: date, period: int, today: date
) -> None:
    svg = bar(start, start + timedelta(days=period), today)
    assert [mark.get("d") for mark in named(svg, "due")] == ["M124.0 1V17"]
    for shape in parsed(svg).iter("rect"):
        left, width = float(shape.get("x", "")), float(shape.get("width", ""))
        assert 0 <= left <= left + width <= 190
        assert width >= 0


@given(days, days, days)
def test_a_window_keeps_days_in_order_and_inside(first: date, second: date, third: date) -> None:
    first, second, third = sorted((first, second, third))
    window = Window(first=first, last=third)
    assert 0 == window.x(first, 100) <= window.x(second, 100) <= window.x(third, 100) <= 100


def test_an_open_lane_reaches_the_edge_and_alarms_only_when_failing() -> None:
    window = Window(first=date(2025, 1, 1), last=TODAY)
    lane = drawing.exposure_lane(
        window=window,
        start=date(2026, 2, 11),
        end=None,
        marks={"deadline": date(2026, 2, 12), "rotated": date(2026, 3, 1)},
        failing=True,
        label="x",
    )
    (shape,) = named(lane, "open")
    assert float(shape.get("x", "")) + float(shape.get("width", "")) == 260
    assert "alarming" in str(shape.get("class"))
    assert len(named(lane, "deadline")) == len(named(lane, "rotated")) == 1
    calm = drawing.exposure_lane(window=window, start=TODAY, end=TODAY, marks={}, failing=False, label="x")
    assert named(calm, "alarming") == []


def test_close_marks_are_one_with_their_number() -> None:
    marks = [
        Due(
            day=TODAY + timedelta(days=number),
            lane="database",
            kind="later",
            label=f"secret {number}",
            href="#x",
        )
        for number in (40, 41, 200)
    ]
    strip = drawing.calendar_strip(marks, today=TODAY)
    titles = [str(title.text) for title in parsed(strip).iter("title")]
    assert titles == ["2 from 2026-04-25 to 2026-04-26", "secret 200"]


def test_in_a_crowded_strip_no_mark_hides_its_neighbour() -> None:
    marks = [
        Due(
            day=TODAY + timedelta(days=number),
            lane="database",
            kind="later",
            label=f"secret {number}",
            href="#x",
        )
        for number in range(31, 331)
    ]
    strip = drawing.calendar_strip(marks, today=TODAY)
    places = [float(circle.get("cx", "")) for circle in parsed(strip).iter("circle")]
    assert all(right - left >= 18 for left, right in pairwise(places))
    assert sum(int(text.text or 0) for dot in named(strip, "later") for text in dot.iter("text")) == 300


def test_dates_outside_the_strip_stand_at_its_edge() -> None:
    marks = [
        Due(day=TODAY + timedelta(days=number), lane="a", kind=kind, label=kind, href="#x")
        for number, kind in ((-4000, "late"), (4000, "later"))
    ]
    strip = drawing.calendar_strip(marks, today=TODAY)
    places = [float(number) for number in re.findall(r' (?:cx|x)="([\d.]+)" (?:cy|y)="4', strip)]
    assert all(170 <= place <= 1120 for place in places)
    assert len(named(strip, "late")) == len(named(strip, "later")) == 1


def test_text_is_escaped() -> None:
    hostile = "</svg><script>\"'&"
    mark = Due(day=TODAY, lane=hostile, kind="soon", label=hostile, href='#"><script>')
    strip = parsed(drawing.calendar_strip([mark], today=TODAY))
    assert [element.tag for element in strip.iter() if element.tag == "script"] == []
    assert [str(title.text) for title in strip.iter("title")] == [hostile]
    label = parsed(drawing.age_bar(start=TODAY, due=TODAY, today=TODAY, rungs=[], label=hostile)).get(
        "aria-label"
    )
    assert label == hostile
