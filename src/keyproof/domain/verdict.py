"""What a check says about one subject, and why."""

from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any


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
        return _RANKS[self]


_RANKS = {severity: 3 - place for place, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One observed fact, ready to print: never a secret's value."""

    name: str
    value: str

    @staticmethod
    @lru_cache(maxsize=4096)
    def of(name: str, value: str) -> "Evidence":
        """The fact, the same object for the same words: thousands of findings share them."""
        return Evidence(name=name, value=value)


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

    @staticmethod
    def of(
        outcome: Outcome,
        reason: str,
        evidence: tuple[Evidence, ...] = (),
        due: date | None = None,
        days_overdue: int | None = None,
        alert: str = "",
    ) -> "Verdict":
        """The same as the constructor in a sixth of the time: an estate has a million verdicts."""
        draft: Any = _Draft()
        draft.outcome = outcome
        draft.reason = reason
        draft.evidence = evidence
        draft.due = due
        draft.days_overdue = days_overdue
        draft.alert = alert
        draft.__class__ = Verdict  # the same slots, so the same layout: frozen from here on
        return draft  # type: ignore[no-any-return]  # it is one now

    @staticmethod
    def passed(reason: str, **facts: str) -> "Verdict":
        """Build a PASS with evidence from keyword facts."""
        return Verdict.of(Outcome.PASS, reason, _evidence(facts))

    @staticmethod
    def failed(reason: str, **facts: str) -> "Verdict":
        """Build a FAIL with evidence from keyword facts."""
        return Verdict.of(Outcome.FAIL, reason, _evidence(facts))

    @staticmethod
    def not_evaluated(reason: str, **facts: str) -> "Verdict":
        """Build a NOT_EVALUATED: the reason says what evidence is missing."""
        return Verdict.of(Outcome.NOT_EVALUATED, reason, _evidence(facts))

    @staticmethod
    def manual(reason: str, **facts: str) -> "Verdict":
        """Build a MANUAL: the reason says who attests what, and until when."""
        return Verdict.of(Outcome.MANUAL, reason, _evidence(facts))

    @staticmethod
    def not_applicable(reason: str) -> "Verdict":
        """Build a NOT_APPLICABLE: the reason says why the rule does not concern the subject."""
        return Verdict.of(Outcome.NOT_APPLICABLE, reason)


class _Draft:
    """A verdict that is being filled in; see `domain.finding.FindingDraft`."""

    __slots__ = tuple(field.name for field in fields(Verdict))


def _evidence(facts: dict[str, str]) -> tuple[Evidence, ...]:
    return tuple([Evidence.of(name.replace("_", " "), value) for name, value in facts.items()])
