"""Who may use a secret is looked through by a person, in time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import ClassVar

from pydantic import Field

from keyproof.check_model import CheckModel
from keyproof.domain.attestation import Attestation, attested, in_force, lapsed
from keyproof.domain.check import Context
from keyproof.domain.deadline import Deadline
from keyproof.domain.declared import is_row, judged_elsewhere
from keyproof.domain.deletion import not_kept
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.stated import day_of, stated, why_unstated
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Outcome, Severity, Verdict
from keyproof.fields import SpanField, StringsField

_FACTS = ("access-reviewed", "last-access-review", "reviewed", "last-reviewed")


class AccessReview(CheckModel):
    """The access to the secret was reviewed within the period.

    The date of the last review stands in a tag or in custom metadata, or a person attests the review in an
    attestation that names the rule. Of several dates the latest counts. A review is due on its date plus the
    period (UTC), and overdue from the next day. Without any date nothing is known.
    """

    kind: ClassVar[str] = "access-review"
    base_severity: ClassVar[Severity] = Severity.MEDIUM
    attestable: ClassVar[bool] = True

    every: SpanField
    """The longest time between two reviews."""
    tags: StringsField = Field(default=_FACTS)
    """Names of the tags, or of the facts a source states, that hold the date of the last review."""

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Compare the date of the last review with the period."""
        if not isinstance(subject, SecretMetadata):
            return Verdict.not_applicable("only access to a secret is reviewed")
        given = [one for one in context.attestations if one.rule]
        if is_row(subject, context) and not given and not any(stated(subject, name) for name in self.tags):
            return judged_elsewhere(subject, "access reviews")
        return not_kept(subject, context.now) or self._judge(subject, given, context)

    def _judge(self, secret: SecretMetadata, given: list[Attestation], context: Context) -> Verdict:
        days = list(self._reviews(secret))
        known = [day for day, _ in days if day and day <= context.today]
        verdict = self._by_date(max(known), context) if known else None
        if verdict and verdict.outcome is Outcome.PASS:
            return verdict
        if valid := in_force(given, context.today, self.every):
            return attested(valid[:1], self.every)
        if verdict:
            return verdict
        if given:
            return lapsed(given, context.today, self.every)
        if days:
            return _unusable(days, context)
        why = why_unstated(secret, *self.tags)
        return Verdict.not_evaluated(
            f"when access was last reviewed is not known: {why}, and nobody attests it"
        )

    def _reviews(self, secret: SecretMetadata) -> Iterator[tuple[date | None, str]]:
        """Every date stated, None for words that are none, with how it was written."""
        for name in self.tags:
            if text := stated(secret, name):
                yield day_of(text), f"{name} is {text!r}"

    def _by_date(self, reviewed: date, context: Context) -> Verdict:
        start = datetime.combine(reviewed, time.min, UTC)
        deadline = Deadline.on_day(Deadline.of(start, self.every, context.now).due, context.now)
        facts = {"reviewed": str(reviewed), "period": self.every.text, "due": str(deadline.due)}
        what = f"access reviewed {reviewed}"
        if deadline.overdue:
            reason = f"review of access overdue by {deadline.distance}: {what}, due {deadline.due}"
            verdict = Verdict.failed(f"{reason} under {self.every.text}", **facts)
        else:
            verdict = Verdict.passed(f"{what}, next due {deadline.due} under {self.every.text}", **facts)
        return replace(verdict, due=deadline.due, days_overdue=deadline.days_overdue)


def _unusable(days: list[tuple[date | None, str]], context: Context) -> Verdict:
    shown = [
        f"{text}, which lies after {context.today}" if day else f"{text}, which is no date"
        for day, text in days
    ]
    return Verdict.not_evaluated(f"when access was last reviewed is not known: {'; '.join(shown)}")
