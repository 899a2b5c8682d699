"""Numbers, spans and lists in sentences."""

from datetime import timedelta

import pytest

from keyproof.domain.wording import count, listed, moment, span
from tests.fakes.secrets import utc


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"), (45, "45 s"), (60, "1 min"), (900, "15 min"), (3_600, "1 h"), (12_000, "3 h 20 min"),
        (86_400, "1 day"), (187_200, "2 days 4 h"), (86_460, "1 day"), (-900, "15 min"),
    ],
)  # fmt: skip
def test_a_length_of_time_in_its_two_largest_units(seconds: int, text: str) -> None:
    assert span(timedelta(seconds=seconds)) == text


def test_a_count_agrees_with_its_noun() -> None:
    assert [count(number, "day") for number in (0, 1, 2)] == ["0 days", "1 day", "2 days"]


def test_a_list_says_how_much_it_leaves_out() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b, c"
    assert listed(["a", "b", "c", "d"]) == "a, b, c and 1 more"
    assert listed(["a", "b", "c"], shown=1) == "a and 2 more"


def test_a_moment_at_midnight_is_a_date() -> None:
    assert moment(utc("2025-07-01")) == "2025-07-01"
    assert moment(utc("2025-07-01T09:30")) == "2025-07-01 09:30 UTC"
    assert moment(utc("2025-07-02T00:30+02:00")) == "2025-07-01 22:30 UTC"
