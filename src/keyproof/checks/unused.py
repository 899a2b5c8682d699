"""A secret that nobody reads any more is not kept."""

from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from keyproof.check_model import CheckModel
from keyproof.domain.access import AccessLog, Action
from keyproof.domain.check import Context
from keyproof.domain.deadline import Deadline
from keyproof.domain.declared import is_row, judged_elsewhere
from keyproof.domain.deletion import not_kept
from keyproof.domain.secret import Basis, SecretMetadata
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Severity, Verdict
from keyproof.domain.wording import listed, moment
from keyproof.fields import SpanField

_TELLING = frozenset({"aws-iam", "aws-secrets-manager"})
"""Backends that leave the date of the last access out only where nobody has used the value:
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html (LastAccessedDate),
https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKeyLastUsed.html."""


class Unused(CheckModel):
    """The secret was read within the window.

    The last read is the latest that the backend or an audit log shows, by the UTC day: a secret is in use through
    the day of the last read plus the window. A secret that was never read has the whole window from its creation.
    Of a secret with replicas only reads of the primary are seen, so it can be shown to be used, not to be unused.
    """

    kind: ClassVar[str] = "unused"
    base_severity: ClassVar[Severity] = Severity.LOW

    window: SpanField
    """The longest time without a read."""

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Compare the last read, or the creation, with the window."""
        if not isinstance(subject, SecretMetadata):
            return Verdict.not_applicable("only a secret is read")
        if is_row(subject, context):
            return judged_elsewhere(subject, "reads")
        return not_kept(subject, context.now) or self._live(subject, context)

    def _live(self, secret: SecretMetadata, context: Context) -> Verdict:
        last = _last_read(secret, context.now)
        if last is not None:
            deadline = self._deadline(last, context)
            return self._dated(f"last read {moment(last)}", deadline, secret, context)
        if why := _why_unknown(secret, context, max(1, self.window.longest_span.days)):
            return Verdict.not_evaluated(f"when it was last read is not known: {why}")
        start, what = _unread_since(secret)
        if start is None or start > context.now:
            return Verdict.not_evaluated("it was never read, and when it was created is not known")
        deadline = self._deadline(start, context)
        if deadline.overdue:
            return self._dated(what, deadline, secret, context)
        reason = f"{what}; unused only after {deadline.due} ({self.window.text})"
        return replace(Verdict.not_evaluated(reason), due=deadline.due, days_overdue=0)

    def _deadline(self, start: datetime, context: Context) -> Deadline:
        """Backends tell the day of a read, so even a window of hours ends with a day."""
        return Deadline.on_day(Deadline.of(start, self.window, context.now).due, context.now)

    def _dated(self, what: str, deadline: Deadline, secret: SecretMetadata, context: Context) -> Verdict:
        if not deadline.overdue:
            verdict = Verdict.passed(f"{what}, within {self.window.text}", last_read=what)
        elif unseen := _unseen(secret, context):
            verdict = Verdict.not_evaluated(f"{what}, but {unseen}")
        else:
            verdict = Verdict.failed(
                f"{what}, unused for longer than {self.window.text} by {deadline.distance}", last_read=what
            )
        return replace(verdict, due=deadline.due, days_overdue=deadline.days_overdue)


def _last_read(secret: SecretMetadata, now: datetime) -> datetime | None:
    """The latest read that is known and not after `now`; a read later than that is none yet."""
    reads = [secret.last_accessed_at] if secret.last_accessed_at else []
    if secret.access_log:
        events = secret.access_log.events
        reads += [event.at for event in events if event.allowed and event.action is Action.READ]
    return max((read for read in reads if read <= now), default=None)


def _why_unknown(secret: SecretMetadata, context: Context, days: int) -> str:
    """Why the lack of a read proves nothing; empty when it proves that there was none."""
    if secret.last_accessed_at and secret.last_accessed_at > context.now:
        return f"it was read on {moment(secret.last_accessed_at)}, after the moment that is judged"
    if _tells(secret):
        return ""
    if secret.access_log and _covers(secret.access_log, context, days):
        return ""
    return secret.unread.get("last_accessed_at") or f"{secret.backend} does not tell"


def _covers(log: AccessLog, context: Context, days: int) -> bool:
    """Whether the log shows every read of the last `days`, but for one day that may arrive late."""
    return (context.now - log.since).days >= days and (context.now - log.until).days <= 1


def _unseen(secret: SecretMetadata, context: Context) -> str:
    """Why later reads may have happened that are not seen; empty when none can."""
    if secret.replicas:
        return f"reads of its replicas in {listed(secret.replicas)} are not seen"
    if "last_accessed_at" in secret.unread and not secret.last_accessed_at and secret.access_log:
        late = context.now - secret.access_log.until
        if late.days > 1:
            return f"later reads are not known: the log ends {moment(secret.access_log.until)}"
    return ""


def _unread_since(secret: SecretMetadata) -> tuple[datetime | None, str]:
    """From when on nobody has read it: its creation, or where only a log can tell, the begin of the log."""
    created = _created(secret)
    log = None if _tells(secret) else secret.access_log
    if log and (created is None or created < log.since):
        return log.since, f"not read since {moment(log.since)}, where {log.sink} begins"
    return created, f"never read since it was created {moment(created)}" if created else ""


def _tells(secret: SecretMetadata) -> bool:
    """Whether the lack of a date means that nobody has read it."""
    return secret.backend in _TELLING and "last_accessed_at" not in secret.unread


def _created(secret: SecretMetadata) -> datetime | None:
    """When the record was made, or the earliest sign of it."""
    dates = [fact.at for fact in secret.facts if fact.basis is Basis.RECORD_CREATED]
    return secret.created_at or min(dates, default=None)
