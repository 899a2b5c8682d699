"""The value of a secret is not older than its rotation period."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Annotated, Any, ClassVar, NamedTuple, Self

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from keyproof.check_model import CheckModel
from keyproof.domain.check import Context
from keyproof.domain.copied import stalled
from keyproof.domain.deadline import Deadline
from keyproof.domain.deletion import not_kept
from keyproof.domain.duration import Duration, parse_lead_time
from keyproof.domain.secret import Basis, Confidence, DatedFact, SecretMetadata
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Evidence, Outcome, Severity, Verdict
from keyproof.domain.wording import count, in_utc, moment
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
_Ladder = tuple[tuple[timedelta, str], ...]
"""Lead and name of every rung, the shortest lead first."""
_BASES = {basis: Evidence(name="basis", value=basis.value) for basis in Basis}
_CONFIDENCES = {one: Evidence(name="confidence", value=one.value) for one in Confidence}
_PASS, _FAIL = Outcome.PASS, Outcome.FAIL
"""Looked up once: CPython 3.11 is slow to find a member of an enumeration."""
_TRUST = (Confidence.DECLARED, Confidence.UPPER_BOUND, Confidence.EXACT)


class _Told(NamedTuple):
    """What is said about the date of a value, whatever its period."""

    day: date
    value: str
    least: str
    """Says that the value may be older."""
    age: str
    declared: bool
    of_record: bool
    """Whether it is the date of the record, for want of one of the value."""
    evidence: tuple[Evidence, ...]

    @staticmethod
    @lru_cache(maxsize=64)  # several rules judge one secret, one after the other
    def of(at: datetime, basis: Basis, confidence: Confidence, today: date) -> "_Told":
        """In words, as seen from `today`."""
        shown = moment(at)
        day = in_utc(at).date()
        least = "at least " if confidence is Confidence.UPPER_BOUND else ""
        age = least + count((today - day).days, "day")
        return _Told(
            day=day,
            value=f"value of {shown} ({basis})",
            least=least,
            age=age,
            declared=confidence is Confidence.DECLARED,
            of_record=basis is Basis.RECORD_CREATED,
            evidence=(
                Evidence(name="value date", value=shown),
                _BASES[basis],
                _CONFIDENCES[confidence],
                Evidence.of("age", age),
            ),
        )


class _End(NamedTuple):
    """What is said about the end of a period, whatever ends with it."""

    overdue: bool
    due: date
    days_overdue: int
    distance: str
    when: str
    """How long it still is, while it is not overdue."""
    words: str
    """The end itself, and of which period."""
    evidence: tuple[Evidence, ...]
    alert: str

    @classmethod
    def of(cls, deadline: Deadline, period: Duration, ladder: _Ladder) -> Self:
        """In words, with the most urgent rung reached: of those come within, the one with the shortest lead."""
        end, left, distance = deadline.end, deadline.left, deadline.distance
        return cls(
            overdue=deadline.overdue,
            due=deadline.due,
            days_overdue=deadline.days_overdue,
            distance=distance,
            when=f"due in {distance}" if left else "due today",
            words=f"due {end} under {period.text}",
            evidence=(Evidence.of("period", period.text), Evidence.of("due", end)),
            alert=next((name for lead, name in ladder if left <= lead), ""),
        )


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
        told = _Told.of(fact.at, fact.basis, fact.confidence, context.today)
        end = self._ends.get((told.day, context.today))
        if end is None:
            if other := self._beside_calendar(subject, fact, told, context):
                return other
            end = self._end(fact, told, context)
        if end.overdue:
            return self._overdue(subject, fact, told, end)
        return self._in_time(subject, fact, told, end)

    def _beside_calendar(
        self, subject: SecretMetadata, fact: DatedFact, told: _Told, context: Context
    ) -> Verdict | None:
        """The verdict on a date that is still to come, or on a period that only events end."""
        if fact.at > context.now if self.period.by_clock else told.day > context.today:
            return Verdict.not_evaluated(
                f"{told.value} lies after {moment(context.now)}: check the clocks and the date judged by"
            )
        return None if self.period.scheduled else self._by_events(subject, fact, told)

    def _by_events(self, subject: SecretMetadata, fact: DatedFact, told: _Told) -> Verdict:
        if short := self._too_weak(fact, told):
            return short
        if why := stalled(subject):
            return Verdict.of(Outcome.NOT_EVALUATED, _behind(told, why), told.evidence)
        events = " or ".join(event.replace("-", " ") for event in self.period.events)
        return Verdict.of(
            Outcome.PASS,
            f"rotates on {events} only; {told.value} is {told.age} old",
            (*told.evidence, Evidence.of("period", self.period.text)),
        )

    def _end(self, fact: DatedFact, told: _Told, context: Context) -> _End:
        """When the period that began with the value ends; all values of one day have one, unless it ends by the clock."""
        found = _End.of(Deadline.of(fact.at, self.period, context.now), self.period, self._ladder)
        if not self.period.by_clock:
            self._ends[told.day, context.today] = found
        return found

    @cached_property
    def _ends(self) -> dict[tuple[date, date], _End]:
        """Day on which a period began and day of judging → its end: of a hundred thousand dates few differ."""
        return {}

    def _in_time(self, subject: SecretMetadata, fact: DatedFact, told: _Told, end: _End) -> Verdict:
        if short := self._too_weak(fact, told):
            return replace(short, due=end.due, days_overdue=0)
        if why := stalled(subject):
            return Verdict.of(
                Outcome.NOT_EVALUATED, _behind(told, why), told.evidence + end.evidence, end.due, 0
            )
        first = "first period: " if _never_rotated(subject, told) else ""
        return Verdict.of(
            _PASS,
            f"{first}{end.when}: {told.value} is {told.age} old, {end.words}",
            told.evidence + end.evidence,
            end.due,
            0,
            end.alert,
        )

    def _overdue(self, subject: SecretMetadata, fact: DatedFact, told: _Told, end: _End) -> Verdict:
        outcome, reason = _FAIL, f"overdue by {told.least}{end.distance}: {told.value} was {end.words}"
        if told.declared and (short := self._too_weak(fact, told)):
            return replace(short, due=end.due, days_overdue=end.days_overdue)
        if told.of_record and (unseen := _unread(subject)):
            outcome = Outcome.NOT_EVALUATED
            reason = (
                f"overdue unless it was rotated since its record was created, "
                f"which cannot be seen ({unseen}): {reason}"
            )
        elif _never_rotated(subject, told):
            reason += ", never rotated"
        return Verdict.of(outcome, reason, told.evidence + end.evidence, end.due, end.days_overdue)

    def _too_weak(self, fact: DatedFact, told: _Told) -> Verdict | None:
        if _TRUST.index(fact.confidence) >= _TRUST.index(self.min_confidence):
            return None
        return Verdict.not_evaluated(
            f"{told.value} is only {fact.confidence}, and the rule demands a date that is "
            f"{self.min_confidence}"
        )

    @cached_property
    def _ladder(self) -> _Ladder:
        third = self.period.approximate_span / 3
        rungs = sorted(self.alerts.items(), key=lambda rung: rung[0].span)
        return tuple((min(lead.span, third), name) for lead, name in rungs)


def _behind(told: _Told, why: str) -> str:
    return f"{told.value} would be in time, but it is a copy that may be behind what it copies: {why}"


def _never_rotated(subject: SecretMetadata, told: _Told) -> bool:
    """Whether the value is the one the secret was created with."""
    if told.of_record:
        return True
    if subject.versions is None or len(subject.versions) != 1:
        return False
    only = subject.versions[0].created_at
    return not (only and subject.created_at) or only.date() <= subject.created_at.date()


def _why_undated(subject: SecretMetadata) -> str:
    return _unread(subject) or f"{subject.backend} shows no date for it"


def _unread(subject: SecretMetadata) -> str:
    return subject.unread.get("facts") or subject.unread.get("versions") or ""
