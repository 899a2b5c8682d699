"""What a check says about one subject, and why."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Outcome(StrEnum):
    """The result of one rule on one subject (XCCDF 1.2, OSCAL)."""

    PASS = "pass"  # noqa: S105 (an outcome, not a value)
    FAIL = "fail"
    NOT_EVALUATED = "not-evaluated"
    """Evidence is missing or could not be read."""
    MANUAL = "manual"
    """A control that a person attests."""
    NOT_APPLICABLE = "not-applicable"


class Severity(StrEnum):
    """How bad a failure is, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 for low … 3 for critical."""
        return 3 - list(Severity).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One observed fact, ready to print: never a secret's value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A check's decision on one subject."""

    outcome: Outcome
    reason: str
    """One sentence naming the facts the decision rests on."""
    evidence: tuple[Evidence, ...] = ()
    due: date | None = None
    days_overdue: int | None = None
    """Whole UTC days past the due date; 0 until the day after it; None without a due date."""
    alert: str = ""
    """The rung of the alert ladder reached while not yet overdue, e.g. `warning`."""

    @classmethod
    def passed(cls, reason: str, **facts: str) -> "Verdict":
        """Build a PASS with evidence from keyword facts."""
        return cls(outcome=Outcome.PASS, reason=reason, evidence=_evidence(facts))

    @classmethod
    def failed(cls, reason: str, **facts: str) -> "Verdict":
        """Build a FAIL with evidence from keyword facts."""
        return cls(outcome=Outcome.FAIL, reason=reason, evidence=_evidence(facts))

    @classmethod
    def not_evaluated(cls, reason: str, **facts: str) -> "Verdict":
        """Build a NOT_EVALUATED: the reason says what evidence is missing."""
        return cls(outcome=Outcome.NOT_EVALUATED, reason=reason, evidence=_evidence(facts))

    @classmethod
    def not_applicable(cls, reason: str) -> "Verdict":
        """Build a NOT_APPLICABLE: the reason says why the rule does not concern the subject."""
        return cls(outcome=Outcome.NOT_APPLICABLE, reason=reason)


def _evidence(facts: dict[str, str]) -> tuple[Evidence, ...]:
    return tuple(Evidence(name=name.replace("_", " "), value=value) for name, value in facts.items())
