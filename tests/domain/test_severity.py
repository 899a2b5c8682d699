"""The severity formula and its bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.severity import Derivation, derive
from keyproof.domain.verdict import Severity

SEVERITIES = st.sampled_from(Severity)
PRIORITIES = st.sampled_from(["critical", "high", "medium", "low", ""])
ENVIRONMENTS = st.sampled_from(["production", "staging", "development", ""])


def of(
    base: Severity = Severity.MEDIUM,
    priority: str = "",
    environment: str = "",
    days_overdue: int | None = None,
    period_days: int | None = 90,
) -> Derivation:
    return derive(
        base, priority=priority, environment=environment, days_overdue=days_overdue, period_days=period_days
    )


@pytest.mark.parametrize(
    ("found", "severity", "formula"),
    [
        (of(), "medium", "base medium = medium"),
        (of(priority="critical"), "high", "base medium, +1 priority critical = high"),
        (of(priority="low"), "low", "base medium, -1 priority low = low"),
        (of(priority="high"), "medium", "base medium = medium"),
        (of(environment="production"), "medium", "base medium = medium"),
        (of(environment="staging"), "low", "base medium, -1 environment staging = low"),
        (of(environment=""), "medium", "base medium = medium"),
        (of(days_overdue=90), "medium", "base medium = medium"),
        (of(days_overdue=91), "high", "base medium, +1 overdue by more than its whole period = high"),
        (of(days_overdue=91, period_days=None), "medium", "base medium = medium"),
        (
            of(days_overdue=1, period_days=0),
            "high",
            "base medium, +1 overdue by more than its whole period = high",
        ),
        (of(Severity.CRITICAL), "critical", "base critical = critical"),
        (
            of(Severity.CRITICAL, priority="critical"),
            "critical",
            "base critical, +1 priority critical = critical (the highest)",
        ),
        (
            of(Severity.LOW, priority="low", environment="staging"),
            "low",
            "base low, -1 priority low, -1 environment staging = low (the lowest)",
        ),
    ],
)
def test_a_severity_comes_with_the_sum_that_gave_it(found: Derivation, severity: str, formula: str) -> None:
    assert (found.severity.value, found.formula) == (severity, formula)


@given(base=SEVERITIES, priority=PRIORITIES, environment=ENVIRONMENTS, days=st.integers(0, 999))
def test_a_greater_priority_never_lowers_it(
    base: Severity, priority: str, environment: str, days: int
) -> None:
    lowest, found, highest = (
        of(base, word, environment, days).severity.rank for word in ("low", priority, "critical")
    )
    assert lowest <= found <= highest


@given(base=SEVERITIES, priority=PRIORITIES, environment=ENVIRONMENTS, days=st.integers(0, 999))
def test_production_and_lateness_never_lower_it(
    base: Severity, priority: str, environment: str, days: int
) -> None:
    here = of(base, priority, environment, days).severity.rank
    assert here <= of(base, priority, "production", days).severity.rank
    assert here <= of(base, priority, environment, days + 200).severity.rank


@given(base=SEVERITIES, priority=PRIORITIES, environment=ENVIRONMENTS, days=st.integers(0, 999))
def test_the_formula_ends_with_its_severity(
    base: Severity, priority: str, environment: str, days: int
) -> None:
    found = of(base, priority, environment, days)
    assert found.formula.split(" = ")[1].split(" (")[0] == found.severity.value
