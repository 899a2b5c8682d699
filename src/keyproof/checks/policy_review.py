"""A policy is reviewed in time and approved by enough people."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import ClassVar

from pydantic import Field

from keyproof.check_model import CheckModel
from keyproof.domain.aspects import join
from keyproof.domain.check import Context
from keyproof.domain.deadline import Deadline
from keyproof.domain.secret import SubjectKind
from keyproof.domain.subject import Document, Subject
from keyproof.domain.verdict import Severity, Verdict
from keyproof.domain.wording import count
from keyproof.fields import SpanField


class PolicyReview(CheckModel):
    """The policy document states when it was last reviewed, is not overdue for the next, and is approved.

    It is due on the date of its last review plus the period, and overdue from the next day (UTC).
    """

    kind: ClassVar[str] = "policy-review"
    subjects: ClassVar[frozenset[SubjectKind]] = frozenset({SubjectKind.DOCUMENT})
    base_severity: ClassVar[Severity] = Severity.LOW

    every: SpanField | None = None
    """The review period; without it the `review-every` that the document itself states."""
    approvers: int = Field(default=0, ge=0)
    """How many different people or teams have to have approved it."""

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Compare the date of the last review with the period, and count the approvers."""
        if not isinstance(subject, Document):
            return Verdict.not_applicable("only a policy document is reviewed")
        return join(list(self._aspects(subject, context)))

    def _aspects(self, document: Document, context: Context) -> Iterator[Verdict]:
        yield self._reviewed(document, context)
        if self.approvers:
            yield self._approved(document)

    def _reviewed(self, document: Document, context: Context) -> Verdict:
        if document.reviewed is None:
            return Verdict.failed("the document does not state when it was last reviewed")
        reviewed = f"reviewed {document.reviewed}"
        every = self.every or document.review_every
        if document.reviewed > context.today:
            return Verdict.not_evaluated(f"{reviewed}, which lies after {context.today}: check the date")
        if every is None:
            return Verdict.not_evaluated(
                f"{reviewed}, but how often it has to be is not stated: set `every` or `review-every`"
            )
        if not every.scheduled:
            return Verdict.passed(
                f"{reviewed}, to be reviewed again {every.text} only", reviewed=str(document.reviewed)
            )
        start = datetime.combine(document.reviewed, time.min, UTC)
        deadline = Deadline.on_day(Deadline.of(start, every, context.now).due, context.now)
        facts = {"reviewed": str(document.reviewed), "period": every.text, "due": str(deadline.due)}
        if deadline.overdue:
            verdict = Verdict.failed(
                f"review overdue by {deadline.distance}: {reviewed}, due {deadline.due} under {every.text}",
                **facts,
            )
        else:
            verdict = Verdict.passed(f"{reviewed}, next due {deadline.due} under {every.text}", **facts)
        return replace(verdict, due=deadline.due, days_overdue=deadline.days_overdue)

    def _approved(self, document: Document) -> Verdict:
        names = {name.strip().casefold(): name.strip() for name in document.approved_by if name.strip()}
        shown = f"approved by {', '.join(names.values()) or 'nobody'}"
        if len(names) < self.approvers:
            return Verdict.failed(f"{shown}, {count(self.approvers, 'approver')} wanted", approved_by=shown)
        return Verdict.passed(shown, approved_by=shown)
