"""The worse the failure, the more have to agree and the sooner it ends."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.duration import parse_duration
from keyproof.domain.policy import Waiver, WaiverState
from keyproof.domain.verdict import Severity
from keyproof.domain.waiver_limits import LONGEST, WaiverLimits
from keyproof.policy.selector import Everything

START = date(2026, 1, 1)
WAIVER = Waiver(
    id="w", rule="r", control="", selector=Everything(), reason="x", ticket="", requested_by="Ana",
    approved_by=("Ben", "Cleo"), starts=START, until=date(2026, 1, 31),
)  # fmt: skip


@pytest.mark.parametrize(
    ("severity", "longest"),
    [(Severity.CRITICAL, 30), (Severity.HIGH, 90), (Severity.MEDIUM, 180), (Severity.LOW, 180)],
)
def test_each_severity_has_its_longest_time(severity: Severity, longest: int) -> None:
    last = START + timedelta(days=longest)
    assert replace(WAIVER, until=last).refusal(severity, START) == ""
    late = replace(WAIVER, until=last + timedelta(days=1))
    assert late.refusal(severity, START) == (
        f"a {severity} failure is accepted for {longest}d at most, "
        f"from 2026-01-01 to {last}, not to {last + timedelta(days=1)}"
    )


@pytest.mark.parametrize(
    ("severity", "fault"),
    [
        (Severity.CRITICAL, "a critical failure needs 2 approvers, and it has 1"),
        (Severity.HIGH, ""),
        (Severity.MEDIUM, ""),
        (Severity.LOW, ""),
    ],
)
def test_critical_failures_need_two_approvers(severity: Severity, fault: str) -> None:
    assert replace(WAIVER, approved_by=("Ben",)).refusal(severity, START) == fault
    assert WAIVER.refusal(severity, START) == ""


def test_calendar_months_are_counted_as_such() -> None:
    limits = WaiverLimits(longest={**LONGEST, Severity.HIGH: parse_duration("1mo")})
    assert limits.last_day(Severity.HIGH, date(2026, 1, 31)) == date(2026, 2, 28)


@given(st.dates(date(2025, 12, 1), date(2026, 3, 1)), st.sampled_from(Severity))
def test_a_waiver_counts_from_its_first_through_its_last_day(day: date, severity: Severity) -> None:
    assert (WAIVER.refusal(severity, day) == "") is (WAIVER.starts <= day <= WAIVER.until)
    state = WAIVER.state_on(day, used=True)
    assert (state in {WaiverState.ACTIVE, WaiverState.EXPIRING}) is (WAIVER.refusal(severity, day) == "")


def test_a_waiver_that_may_accept_none_of_its_failures_is_malformed() -> None:
    assert WAIVER.state_on(START, used=False, refused=True) is WaiverState.MALFORMED
    assert WAIVER.state_on(START, used=True, refused=True) is WaiverState.ACTIVE
    assert WAIVER.state_on(START, used=False) is WaiverState.UNUSED
