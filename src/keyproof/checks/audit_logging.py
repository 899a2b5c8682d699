"""Every reading of a secret leaves a trace that is kept long enough."""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

from pydantic import Field

from keyproof.check_model import CheckModel
from keyproof.domain.access import AuditTrail
from keyproof.domain.check import Context
from keyproof.domain.declared import is_row, judged_elsewhere
from keyproof.domain.deletion import not_kept
from keyproof.domain.grounds import grounds
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Evidence, Severity, Verdict
from keyproof.domain.wording import count, listed, span
from keyproof.fields import SpanField


class AuditLogging(CheckModel):
    """Reads of the secret are recorded, and the records are kept long enough."""

    kind: ClassVar[str] = "audit-logging"
    base_severity: ClassVar[Severity] = Severity.MEDIUM

    retention: SpanField | None = None
    """How long the records have to be kept in at least one place."""
    sinks: int = Field(default=1, ge=1)
    """In how many places reads have to be recorded."""

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Count the trails that are on and cover reads, then compare their retention."""
        if not isinstance(subject, SecretMetadata):
            return Verdict.not_applicable("only a secret is read")
        if is_row(subject, context):
            return judged_elsewhere(subject, "audit trails")
        if gone := not_kept(subject, context.now):
            return gone
        if subject.audit is None:
            why = subject.unread.get("audit") or f"{subject.backend} does not show its audit trails"
            return Verdict.not_evaluated(f"whether reads are recorded is not known: {why}")
        verdict = self._judge(subject.audit)
        evidence = tuple(Evidence(name="audit trail", value=_shown(trail)) for trail in subject.audit)
        return replace(verdict, evidence=evidence)

    def grounds(self, subject: Subject, context: Context) -> Hashable | None:
        """The trails that are kept of its uses."""
        return grounds(subject, context, "audit")

    def _judge(self, trails: Sequence[AuditTrail]) -> Verdict:
        recording = [trail for trail in trails if trail.enabled and trail.covers_reads]
        perhaps = [trail for trail in trails if trail.enabled and trail.covers_reads is None]
        wanted = count(self.sinks, "sink")
        if len(recording) + len(perhaps) < self.sinks:
            return Verdict.failed(
                f"{len(recording)} of {count(len(trails), 'audit trail')} record reads; {wanted} wanted"
            )
        if len(recording) < self.sinks:
            names = listed([trail.sink for trail in perhaps])
            return Verdict.not_evaluated(f"whether {names} records reads is not known; {wanted} wanted")
        if self.retention is None:
            return Verdict.passed(f"reads are recorded in {listed([trail.sink for trail in recording])}")
        return self._kept(recording, self.retention.approximate_span, self.retention.text)

    def _kept(self, recording: Sequence[AuditTrail], demanded: timedelta, text: str) -> Verdict:
        known = [(trail.retention, trail.sink) for trail in recording if trail.retention is not None]
        longest = max(known, default=None)
        if longest and longest[0] >= demanded:
            return Verdict.passed(f"reads are recorded in {longest[1]} and kept {span(longest[0])}")
        if len(known) < len(recording):
            unsure = listed([trail.sink for trail in recording if trail.retention is None])
            return Verdict.not_evaluated(f"how long {unsure} keeps its records is not known; {text} wanted")
        assert longest is not None
        return Verdict.failed(f"records are kept {span(longest[0])} at most ({longest[1]}); {text} wanted")


def _shown(trail: AuditTrail) -> str:
    reads = {True: "records reads", False: "does not record reads", None: "reads not stated"}
    kept = f"kept {span(trail.retention)}" if trail.retention is not None else "retention not stated"
    return f"{trail.sink}: {'on' if trail.enabled else 'off'}, {reads[trail.covers_reads]}, {kept}"
