"""Days and instants past the end of a period, in any time zone."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.deadline import Deadline
from keyproof.domain.duration import parse_duration
from tests.fakes.secrets import utc

MOMENTS = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (made aware by the strategy)
OFFSETS = st.integers(min_value=-14, max_value=14).map(lambda hours: timezone(timedelta(hours=hours)))


@pytest.mark.parametrize(
    ("now", "overdue", "days", "left"),
    [
        ("2025-09-28T23:59", False, 0, 1),
        ("2025-09-29T00:00", False, 0, 0),
        ("2025-09-29T23:59", False, 0, 0),
        ("2025-09-30T00:00", True, 1, -1),
        ("2025-10-05T12:00", True, 6, -6),
    ],
)
def test_a_period_of_days_is_overdue_from_the_day_after(
    now: str, overdue: bool, days: int, left: int
) -> None:
    deadline = Deadline.of(utc("2025-07-01T18:00"), parse_duration("90d"), utc(now))
    assert str(deadline.due) == deadline.end == "2025-09-29"
    assert (deadline.overdue, deadline.days_overdue, deadline.left.days) == (overdue, days, left)


@pytest.mark.parametrize(
    ("now", "overdue", "days", "distance"),
    [
        ("2025-10-05T17:59", False, 0, "1 min"),
        ("2025-10-05T18:00", False, 0, "0 s"),
        ("2025-10-05T18:01", True, 0, "1 min"),
        ("2025-10-06T00:30", True, 1, "6 h 30 min"),
    ],
)
def test_a_period_of_hours_is_overdue_after_the_instant(
    now: str, overdue: bool, days: int, distance: str
) -> None:
    deadline = Deadline.of(utc("2025-10-04T18:00"), parse_duration("24h"), utc(now))
    assert deadline.end == "2025-10-05 18:00 UTC"
    assert (deadline.overdue, deadline.days_overdue, deadline.distance) == (overdue, days, distance)


def test_a_day_is_not_twenty_four_hours() -> None:
    start, now = utc("2025-10-04T08:00"), utc("2025-10-05T20:00")
    assert not Deadline.of(start, parse_duration("1d"), now).overdue
    assert Deadline.of(start, parse_duration("24h"), now).overdue


def test_the_day_is_that_of_utc() -> None:
    evening_in_new_york = utc("2025-07-01T22:00-04:00")
    deadline = Deadline.of(evening_in_new_york, parse_duration("90d"), utc("2025-09-30T01:00+02:00"))
    assert str(deadline.due) == "2025-09-30"
    assert (deadline.overdue, deadline.left) == (False, timedelta(days=1))


@given(start=MOMENTS, now=MOMENTS, days=st.integers(min_value=1, max_value=900))
def test_days_overdue_are_the_days_past_the_due_day(start: datetime, now: datetime, days: int) -> None:
    deadline = Deadline.of(start, parse_duration(f"{days}d"), now)
    assert deadline.days_overdue == max(0, (now.date() - start.date()).days - days)
    assert deadline.overdue == (deadline.days_overdue > 0) == (deadline.left < timedelta())


@given(
    start=MOMENTS,
    now=MOMENTS,
    here=OFFSETS,
    there=OFFSETS,
    period=st.sampled_from(["90d", "3mo", "24h", "1mo"]),
)
def test_the_zone_a_moment_is_written_in_changes_nothing(
    start: datetime, now: datetime, here: timezone, there: timezone, period: str
) -> None:
    length = parse_duration(period)
    one = Deadline.of(start, length, now)
    same = Deadline.of(start.astimezone(here), length, now.astimezone(there))
    assert (same.due, same.overdue, same.days_overdue, same.left, same.end) == (
        one.due, one.overdue, one.days_overdue, one.left, one.end,
    )  # fmt: skip


@given(
    start=MOMENTS, first=MOMENTS, later=st.timedeltas(min_value=timedelta(), max_value=timedelta(days=999))
)
def test_what_is_overdue_stays_overdue(start: datetime, first: datetime, later: timedelta) -> None:
    for text in ("30d", "2mo", "36h"):
        before = Deadline.of(start, parse_duration(text), first)
        after = Deadline.of(start, parse_duration(text), first + later)
        assert after.overdue >= before.overdue
        assert after.days_overdue >= before.days_overdue
