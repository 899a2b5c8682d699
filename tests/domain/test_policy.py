"""Waivers: inclusive days, and one decision about validity."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.policy import Waiver, WaiverState
from keyproof.domain.subject import Subject

START, END = date(2025, 10, 1), date(2025, 10, 31)
DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2030, 1, 1))


class Nothing:
    """A selector that selects nothing."""

    def matches(self, subject: Subject, secret_class: str) -> bool:
        return False

    def describe(self) -> str:
        return "nothing"


def waiver(starts: date = START, until: date = END) -> Waiver:
    return Waiver(
        id="w", rule="r", control="", selector=Nothing(), reason="why", ticket="OPS-1", requested_by="Ana",
        approved_by=("Security",), starts=starts, until=until,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("day", "valid"),
    [
        (date(2025, 9, 30), False),
        (date(2025, 10, 1), True),
        (date(2025, 10, 31), True),
        (date(2025, 11, 1), False),
    ],
)
def test_a_waiver_is_valid_from_its_first_day_through_its_last(day: date, valid: bool) -> None:
    assert waiver().valid_on(day) is valid


@pytest.mark.parametrize(
    ("day", "used", "state"),
    [
        (date(2025, 9, 30), True, WaiverState.PENDING),
        (date(2025, 10, 1), True, WaiverState.ACTIVE),
        (date(2025, 10, 16), True, WaiverState.ACTIVE),
        (date(2025, 10, 17), True, WaiverState.EXPIRING),
        (date(2025, 10, 31), True, WaiverState.EXPIRING),
        (date(2025, 10, 31), False, WaiverState.UNUSED),
        (date(2025, 11, 1), True, WaiverState.EXPIRED),
        (date(2025, 11, 1), False, WaiverState.EXPIRED),
    ],
)
def test_the_state_of_a_waiver(day: date, used: bool, state: WaiverState) -> None:
    assert waiver().state_on(day, used=used) is state


@given(starts=DAYS, length=st.integers(min_value=0, max_value=400), day=DAYS, used=st.booleans())
def test_validity_and_state_agree(starts: date, length: int, day: date, used: bool) -> None:
    found = waiver(starts, starts + timedelta(days=length))
    in_force = found.state_on(day, used=used) not in {WaiverState.PENDING, WaiverState.EXPIRED}
    assert found.valid_on(day) == in_force


@given(starts=DAYS, length=st.integers(min_value=0, max_value=400))
def test_a_waiver_is_valid_for_its_days_and_no_others(starts: date, length: int) -> None:
    until = starts + timedelta(days=length)
    found = waiver(starts, until)
    around = (starts + timedelta(days=offset) for offset in range(-2, length + 3))
    assert sum(found.valid_on(day) for day in around) == length + 1
