"""Periods as people write them, and the laws of their due dates."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.duration import Duration, Event, parse_duration, parse_lead_time

DAY = timedelta(days=1)
DATES = st.dates(min_value=date(1990, 1, 1), max_value=date(2200, 12, 31))
MONTHS = st.integers(min_value=1, max_value=600)


def months(number: int) -> Duration:
    return parse_duration(f"{number}mo")


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("90 days", 90), ("60 days", 60), ("180 days", 180), ("365 days", 365), ("30 days", 30),
        ("Every 90 days", 90), ("Every 30 days", 30), ("every 180 days", 180),
        ("daily", 1), ("weekly", 7), ("Monthly", 30), ("monthly", 30), ("every month", 30),
        ("Quarterly", 90), ("quarterly", 90), ("every quarter", 90),
        ("Bi-Annually", 182), ("bi-annually", 182), ("biannually", 182), ("semi-annually", 182),
        ("Annually", 365), ("annual", 365), ("yearly", 365), ("every year", 365),
        ("90d", 90), ("90 d", 90), ("2w", 14), ("1 week", 7), ("1y", 365), ("P90D", 90), ("p2w", 14),
    ],
)  # fmt: skip
def test_a_period_in_days_is_read_from_the_words_people_use(text: str, days: int) -> None:
    parsed = parse_duration(text)
    assert (parsed.span, parsed.months, parsed.by_clock) == (days * DAY, 0, False)
    assert parsed.text == text


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("15 minutes", 15), ("15min", 15), ("5 min", 5), ("1 hour", 60), ("2 hours", 120), ("24h", 24 * 60),
        ("24 hours", 24 * 60), ("48 hours", 48 * 60), ("hourly", 60), ("PT15M", 15), ("PT24H", 24 * 60),
        ("P1DT12H", 36 * 60), ("every 6 hours", 360),
    ],
)  # fmt: skip
def test_a_period_in_hours_or_less_goes_by_the_clock(text: str, minutes: int) -> None:
    parsed = parse_duration(text)
    assert (parsed.span, parsed.by_clock) == (timedelta(minutes=minutes), True)


@pytest.mark.parametrize(
    ("text", "number"), [("3mo", 3), ("3 months", 3), ("every 6 months", 6), ("P1Y6M", 18), ("P1M", 1)]
)
def test_months_are_of_the_calendar(text: str, number: int) -> None:
    parsed = parse_duration(text)
    assert (parsed.months, parsed.span, parsed.by_clock) == (number, timedelta(), False)


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("On compromise", (Event.COMPROMISE,)),
        ("on compromise", (Event.COMPROMISE,)),
        ("Immediately", (Event.COMPROMISE,)),
        ("Immediately if compromised", (Event.COMPROMISE,)),
        ("Immediately if compromise is suspected", (Event.COMPROMISE,)),
        ("Immediately after personnel changes", (Event.PERSONNEL_CHANGE,)),
        ("on personnel change", (Event.PERSONNEL_CHANGE,)),
        ("after any security incident", (Event.INCIDENT,)),
        (
            "on compromise, personnel-change and incident",
            (Event.COMPROMISE, Event.PERSONNEL_CHANGE, Event.INCIDENT),
        ),
    ],
)
def test_a_period_may_end_on_events_only(text: str, events: tuple[Event, ...]) -> None:
    parsed = parse_duration(text)
    assert parsed.events == events
    assert not parsed.scheduled
    with pytest.raises(ValueError, match="ends on events only"):
        parsed.after(datetime(2025, 1, 1, tzinfo=UTC))


def test_an_ambiguous_word_says_how_it_was_read() -> None:
    assert parse_duration("bi-annually").note == (
        "'bi-annually' can mean twice a year or every two years; read as 182 days"
    )
    assert parse_duration("semi-annually").note == ""


@pytest.mark.parametrize(
    "text",
    [
        "", "90", "d", "0d", "0mo", "-3d", "1.5d", "soon", "on", "on holiday", "on compromise or holiday",
        "24-48 hours", "30/60/90 days", "P", "PT", "P1M1D", "P1YT1H", "1e3d", "90 dogs", "9999999d", "٣d", "never",
    ],
)  # fmt: skip
def test_what_is_no_duration_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration; write for example 90d"):
        parse_duration(text)


def test_months_count_as_thirty_days_only_for_comparing() -> None:
    assert parse_duration("3mo").approximate_span == 90 * DAY
    assert parse_duration("91d").approximate_span == 91 * DAY


def test_a_lead_time_may_be_nothing() -> None:
    assert parse_lead_time("0d").span == timedelta()
    assert parse_lead_time("0").text == "0d"
    assert parse_lead_time("7d") == parse_duration("7d")


@pytest.mark.parametrize("text", ["on compromise", "3mo", "soon"])
def test_a_lead_time_has_a_fixed_length(text: str) -> None:
    with pytest.raises(ValueError, match="write for example"):
        parse_lead_time(text)


@pytest.mark.parametrize(
    ("period", "start", "due"),
    [
        ("1mo", "2025-01-31", "2025-02-28"),
        ("1mo", "2024-01-31", "2024-02-29"),
        ("1mo", "2025-03-31", "2025-04-30"),
        ("12mo", "2024-02-29", "2025-02-28"),
        ("48mo", "2024-02-29", "2028-02-29"),
        ("3mo", "2025-11-30", "2026-02-28"),
        ("1mo", "2025-12-31", "2026-01-31"),
        ("90d", "2025-07-01", "2025-09-29"),
        ("365d", "2024-02-29", "2025-02-28"),
        ("365d", "2023-03-01", "2024-02-29"),
        ("180d", "2025-06-01", "2025-11-28"),
    ],
)
def test_due_dates_at_the_edges_of_the_calendar(period: str, start: str, due: str) -> None:
    assert parse_duration(period).due(date.fromisoformat(start)) == date.fromisoformat(due)


@given(number=st.integers(min_value=1, max_value=99_999), unit=st.sampled_from(["d", "h", "min", "w", "s"]))
def test_a_duration_survives_being_written_and_read(number: int, unit: str) -> None:
    parsed = parse_duration(f"{number}{unit}")
    assert parse_duration(parsed.text) == parsed
    assert parse_duration(f" every  {number} {unit.upper()} ").span == parsed.span


@given(start=DATES, days=st.integers(min_value=1, max_value=5_000))
def test_a_period_of_days_has_that_many_days(start: date, days: int) -> None:
    assert parse_duration(f"{days}d").due(start) - start == days * DAY


@given(start=DATES, number=MONTHS)
def test_a_period_of_months_ends_on_the_same_day_or_the_last_of_a_shorter_month(
    start: date, number: int
) -> None:
    due = months(number).due(start)
    assert (due.year * 12 + due.month) - (start.year * 12 + start.month) == number
    assert due.day == min(start.day, monthrange(due.year, due.month)[1])


@given(start=DATES, number=MONTHS)
def test_a_longer_period_is_never_due_earlier(start: date, number: int) -> None:
    assert months(number).due(start) < months(number + 1).due(start)


@given(start=DATES, number=MONTHS)
def test_a_later_value_is_never_due_earlier(start: date, number: int) -> None:
    assert months(number).due(start) <= months(number).due(start + DAY)


@given(start=DATES, number=MONTHS)
def test_no_period_of_months_is_longer_than_its_longest(start: date, number: int) -> None:
    assert months(number).due(start) - start <= months(number).longest_span + DAY * (number // 48)


@pytest.mark.parametrize(("number", "days"), [(1, 31), (2, 62), (3, 92), (6, 184), (12, 366)])
def test_the_longest_a_period_of_months_can_be(number: int, days: int) -> None:
    assert months(number).longest_span == days * DAY


def test_the_longest_span_of_days_and_of_events() -> None:
    assert parse_duration("90d").longest_span == 90 * DAY
    assert parse_duration("on incident").longest_span == timedelta()


def test_the_last_year_of_the_calendar_is_still_one() -> None:
    assert months(12).due(date(9998, 12, 31)) == date.max
    assert months(11).due(date(9998, 12, 31)) == date(9999, 11, 30)


@pytest.mark.parametrize("text", ["999999d", "P9999Y", "99999mo", "999999y"])
def test_a_period_beyond_the_calendar_ends_with_it(text: str) -> None:
    assert parse_duration(text).due(date(9000, 1, 1)) == date.max
    assert parse_duration(text).after(datetime(9000, 1, 1, tzinfo=UTC)).tzinfo is UTC
