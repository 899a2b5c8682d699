"""The severity of a failure when a rule does not state one: a formula that is printed with it."""

from dataclasses import dataclass

from keyproof.domain.verdict import Severity

_BY_RANK = {severity.rank: severity for severity in Severity}
_PRIORITY_STEP = {"critical": 1, "low": -1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """A severity and the sum that gave it."""

    severity: Severity
    formula: str


def derive(
    base: Severity, *, priority: str, environment: str, days_overdue: int | None, period_days: int | None
) -> Derivation:
    """Weigh a check's base severity by class priority, environment and lateness.

    One step up for critical priority and for being late by more than a whole period, one step down
    for low priority and for an environment that is known and not production.
    """
    steps = [(f"base {base}", base.rank)]
    if step := _PRIORITY_STEP.get(priority, 0):
        steps.append((f"{step:+d} priority {priority}", step))
    if environment and environment != "production":
        steps.append((f"-1 environment {environment}", -1))
    if days_overdue and period_days is not None and days_overdue > period_days:
        steps.append(("+1 overdue by more than its whole period", 1))
    total = sum(step for _, step in steps)
    severity = _BY_RANK[max(0, min(3, total))]
    bound = " (the highest)" if total > 3 else " (the lowest)" if total < 0 else ""
    return Derivation(
        severity=severity, formula=f"{', '.join(text for text, _ in steps)} = {severity}{bound}"
    )
