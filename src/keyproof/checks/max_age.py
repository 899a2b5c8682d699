"""The value of a secret is not older than its rotation period."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta
from functools import cached_property
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from keyproof.check_model import CheckModel
from keyproof.domain.check import Context
from keyproof.domain.deadline import Deadline
from keyproof.domain.deletion import not_kept
from keyproof.domain.duration import Duration, parse_lead_time
from keyproof.domain.secret import Basis, Confidence, DatedFact, SecretMetadata
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Evidence, Outcome, Severity, Verdict
from keyproof.domain.wording import count, moment
from keyproof.fields import DurationField, KebabField


def _lead_time(value: Any) -> Any:
    return parse_lead_time(value) if isinstance(value, str) else value


_LeadTime = Annotated[
    Duration,
    BeforeValidator(_lead_time),
    PlainSerializer(lambda duration: duration.text, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["30d", "7d", "0d"]}),
]
_LADDER = {"30d": "warning", "7d": "critical", "0d": "emergency"}
_TRUST = (Confidence.DECLARED, Confidence.UPPER_BOUND, Confidence.EXACT)


class MaxAge(CheckModel):
    """The value is not older than its rotation period.

    The age is that of the value, by the best evidence there is, never that of the record. The value is due
    on the UTC date of its last rotation plus the period, and overdue from the next day; a period stated in
    hours is compared to the minute. A value that was never rotated counts from its creation. A period that
    only events end is reported with its age and is never overdue: a leak is judged by `rotated-after-leak`.
    """

    kind: ClassVar[str] = "max-age"
    base_severity: ClassVar[Severity] = Severity.MEDIUM

    period: DurationField
    """The rotation period."""
    alerts: Mapping[_LeadTime, KebabField] = Field(default=_LADDER, validate_default=True)
    """How long before the due date which rung of the alert ladder is reached; `0d` is the due day itself.
    A rung longer than a third of the period is shortened to that third."""
    min_confidence: Confidence = Confidence.DECLARED
    """How far the date has to be trusted: `exact`, `upper-bound` (the value is at least this old) or
    `declared` (a person's claim). A date below it never passes; one that shows an overdue value fails
    unless it is only declared."""

    @property
    def rotation_period(self) -> Duration:
        """The period."""
        return self.period

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Compare the age of the value with the period."""
        if not isinstance(subject, SecretMetadata):
            return Verdict.not_applicable("only a secret has a rotation period")
        if gone := not_kept(subject, context.now):
            return gone
        fact = subject.value_date
        if fact is None:
            return Verdict.not_evaluated(f"the age of the value is not known: {_why_undated(subject)}")
        if self._lies_ahead(fact, context):
            return Verdict.not_evaluated(
                f"{_described(fact)} lies after {moment(context.now)}: check the clocks and the date judged by"
            )
        if not self.period.scheduled:
            return self._by_events(fact, context)
        return self._by_calendar(subject, fact, context)

    def _lies_ahead(self, fact: DatedFact, context: Context) -> bool:
        if self.period.by_clock:
            return fact.at > context.now
        return fact.at.astimezone(UTC).date() > context.today

    def _by_events(self, fact: DatedFact, context: Context) -> Verdict:
        if short := self._too_weak(fact):
            return short
        events = " or ".join(event.replace("-", " ") for event in self.period.events)
        return Verdict(
            outcome=Outcome.PASS,
            reason=f"rotates on {events} only; {_described(fact)} is {_age(fact, context)} old",
            evidence=self._evidence(fact, _age(fact, context)),
        )

    def _by_calendar(self, subject: SecretMetadata, fact: DatedFact, context: Context) -> Verdict:
        deadline = Deadline.of(fact.at, self.period, context.now)
        end = deadline.end
        age = _age(fact, context)
        evidence = (*self._evidence(fact, age), Evidence.of("due", end))
        if deadline.overdue:
            return self._overdue(evidence, subject, fact, deadline)
        if short := self._too_weak(fact):
            return replace(short, due=deadline.due, days_overdue=0)
        first = "first period: " if _never_rotated(subject, fact) else ""
        when = "due today" if not deadline.left else f"due in {deadline.distance}"
        return Verdict(
            outcome=Outcome.PASS,
            reason=f"{first}{when}: {_described(fact)} is {age} old, due {end} under {self.period.text}",
            evidence=evidence,
            due=deadline.due,
            days_overdue=0,
            alert=self._rung(deadline.left),
        )

    def _overdue(
        self, evidence: tuple[Evidence, ...], subject: SecretMetadata, fact: DatedFact, deadline: Deadline
    ) -> Verdict:
        least = "at least " if fact.confidence is Confidence.UPPER_BOUND else ""
        reason = (
            f"overdue by {least}{deadline.distance}: {_described(fact)} "
            f"was due {deadline.end} under {self.period.text}"
        )
        if fact.confidence is Confidence.DECLARED and (short := self._too_weak(fact)):
            return replace(short, due=deadline.due, days_overdue=deadline.days_overdue)
        if fact.basis is Basis.RECORD_CREATED and (unseen := _unread(subject)):
            outcome = Outcome.NOT_EVALUATED
            reason = (
                f"overdue unless it was rotated since its record was created, "
                f"which cannot be seen ({unseen}): {reason}"
            )
        else:
            outcome = Outcome.FAIL
            reason += ", never rotated" if _never_rotated(subject, fact) else ""
        return Verdict(
            outcome=outcome,
            reason=reason,
            evidence=evidence,
            due=deadline.due,
            days_overdue=deadline.days_overdue,
        )

    def _too_weak(self, fact: DatedFact) -> Verdict | None:
        if _TRUST.index(fact.confidence) >= _TRUST.index(self.min_confidence):
            return None
        return Verdict.not_evaluated(
            f"{_described(fact)} is only {fact.confidence}, and the rule demands a date that is "
            f"{self.min_confidence}"
        )

    def _evidence(self, fact: DatedFact, age: str) -> tuple[Evidence, ...]:
        return (
            Evidence.of("value date", moment(fact.at)),
            Evidence.of("basis", fact.basis.value),
            Evidence.of("confidence", fact.confidence.value),
            Evidence.of("age", age),
            Evidence.of("period", self.period.text),
        )

    def _rung(self, left: timedelta) -> str:
        """The most urgent rung reached: of those that `left` has come within, the one with the shortest lead."""
        return next((name for lead, name in self._ladder if left <= lead), "")

    @cached_property
    def _ladder(self) -> tuple[tuple[timedelta, str], ...]:
        """Lead and name of every rung, the shortest lead first."""
        third = self.period.approximate_span / 3
        rungs = sorted(self.alerts.items(), key=lambda rung: rung[0].span)
        return tuple((min(lead.span, third), name) for lead, name in rungs)


def _never_rotated(subject: SecretMetadata, fact: DatedFact) -> bool:
    """Whether the value is the one the secret was created with."""
    if fact.basis is Basis.RECORD_CREATED:
        return True
    if subject.versions is None or len(subject.versions) != 1:
        return False
    only = subject.versions[0].created_at
    return not (only and subject.created_at) or only.date() <= subject.created_at.date()


def _described(fact: DatedFact) -> str:
    return f"value of {moment(fact.at)} ({fact.basis})"


def _age(fact: DatedFact, context: Context) -> str:
    age = count((context.today - fact.at.astimezone(UTC).date()).days, "day")
    return f"at least {age}" if fact.confidence is Confidence.UPPER_BOUND else age


def _why_undated(subject: SecretMetadata) -> str:
    return _unread(subject) or f"{subject.backend} shows no date for it"


def _unread(subject: SecretMetadata) -> str:
    return subject.unread.get("facts") or subject.unread.get("versions") or ""
