"""The moment a run judges by: strict words in, one instant in UTC out."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.cli.surroundings import moment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-10-05", "2025-10-05T00:00:00+00:00"),
        ("2024-02-29", "2024-02-29T00:00:00+00:00"),
        ("2025-10-05T12:30", "2025-10-05T12:30:00+00:00"),
        ("2025-10-05 12:30", "2025-10-05T12:30:00+00:00"),
        ("2025-10-05T12:30:01Z", "2025-10-05T12:30:01+00:00"),
        ("2025-10-05t12:30:01z", "2025-10-05T12:30:01+00:00"),
        ("2025-10-05T00:30:00+02:00", "2025-10-04T22:30:00+00:00"),
        ("2025-12-31T23:30:00-01:00", "2026-01-01T00:30:00+00:00"),
        ("2025-03-30T02:30:00+02:00", "2025-03-30T00:30:00+00:00"),
        ("0001-01-01", "0001-01-01T00:00:00+00:00"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999+00:00"),
    ],
)
def test_dates_and_times_are_instants_of_utc(text: str, expected: str) -> None:
    assert moment(text).isoformat() == expected


@pytest.mark.parametrize(
    "text",
    [
        *[
            "",
            "today",
            "20251005",
            "2025-W40-7",
            "2025-278",
            "2025-10",
            "05/10/2025",
            " 2025-10-05",
            "2025-10-05\n",
        ],
        *["2025-02-29", "2025-13-01", "2025-10-05T24:01", "2025-10-05T12", "2025-10-05T12:00:00+25:00"],
        *["2025-10-05T12:00 UTC", "2025-10-05T12:00[Europe/Berlin]", "٢٠٢٥-10-05"],
        *["0001-01-01T00:00+14:00", "9999-12-31T23:00-05:00"],
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        moment(text)


@given(st.text(max_size=30))
def test_no_text_breaks_it(text: str) -> None:
    with suppress(ValueError):
        assert moment(text).tzinfo is UTC


@given(
    at=st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)),  # noqa: DTZ001 (made aware below)
    minutes=st.integers(-1_439, 1_439),
)
def test_the_offset_in_which_a_moment_is_written_changes_nothing(at: datetime, minutes: int) -> None:
    aware = at.replace(tzinfo=UTC)
    elsewhere = aware.astimezone(timezone(timedelta(minutes=minutes)))
    assert moment(elsewhere.isoformat()) == moment(aware.isoformat()) == aware
    assert moment(elsewhere.isoformat()).date() == aware.date()


def test_now_is_whole_seconds_of_utc() -> None:
    now = moment(None)
    assert (now.tzinfo, now.microsecond) == (UTC, 0)
