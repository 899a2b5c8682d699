"""Only the allowed roles have used a secret, as its audit log shows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from pydantic import Field

from keyproof.check_model import CheckModel
from keyproof.domain.access import AccessEvent, AccessLog, Action
from keyproof.domain.check import Context
from keyproof.domain.declared import is_row, judged_elsewhere
from keyproof.domain.deletion import not_kept
from keyproof.domain.roles import Decision, offence
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Evidence, Severity, Verdict
from keyproof.domain.wording import count, listed, moment
from keyproof.fields import SpanField

_READ = (Action.READ,)
_LEEWAY = timedelta(days=1)
"""Audit logs arrive late, and a snapshot may be judged on the day after it was taken."""
_EARLIEST = datetime.min.replace(tzinfo=UTC)


class AccessedBy(CheckModel):
    """Within the window only principals of the allowed roles used the secret.

    Rests on the events of the audit log, so it shows what was done, where `access` shows what may be done. An
    attempt that was refused is no use. Where the log covers the window only in part, a use that is not allowed
    still fails, but nothing passes.
    """

    kind: ClassVar[str] = "accessed-by"
    base_severity: ClassVar[Severity] = Severity.HIGH

    roles: Mapping[str, Decision] = Field(min_length=1)
    """Role of the pack → `allow` or `deny`; of several roles of one principal a denied one decides."""
    window: SpanField
    """How far back the log is looked through."""
    others: Decision = Decision.DENY
    """Whether principals that none of these roles names may use it."""
    actions: tuple[Action, ...] = Field(default=_READ, min_length=1)
    """What is judged: read, list, write, admin."""

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Compare every principal that used the secret within the window with the roles."""
        if not isinstance(subject, SecretMetadata):
            return Verdict.not_applicable("only a secret is used by anybody")
        if is_row(subject, context):
            return judged_elsewhere(subject, "audit log")
        return not_kept(subject, context.now) or self._live(subject, context)

    def _live(self, secret: SecretMetadata, context: Context) -> Verdict:
        unknown = sorted(role for role in self.roles if role not in context.roles)
        if unknown:
            return Verdict.not_evaluated(f"the pack does not say who is {listed(unknown)}")
        log = secret.access_log
        if log is None:
            why = secret.unread.get("access_log") or "no audit log was read for it"
            return Verdict.not_evaluated(f"who used it is not known: {why}")
        start = _start(context.now, self.window.longest_span)
        events = [
            event
            for event in sorted(log.events)
            if start <= event.at <= context.now and event.allowed and event.action in self.actions
        ]
        offending = [(event, why) for event in events if (why := self._offence(event, context))]
        if offending:
            return self._failed(offending)
        return self._uncovered(log, start, context) or self._passed(log, events)

    def _offence(self, event: AccessEvent, context: Context) -> str:
        return offence(event.principal, roles=context.roles, decisions=self.roles, others=self.others)

    def _failed(self, offending: Sequence[tuple[AccessEvent, str]]) -> Verdict:
        latest = {event.principal: (event, why) for event, why in offending}
        shown = [
            f"{event.principal} ({event.action}, last {moment(event.at)}), {why}"
            for event, why in latest.values()
        ]
        number = count(len(latest), "principal")
        reason = f"{number} used it that may not: {listed(shown, separator='; ')}"
        evidence = [f"{moment(e.at)}: {e.action} by {e.principal}" for e, _ in latest.values()]
        return replace(
            Verdict.failed(reason), evidence=tuple(Evidence(name="use", value=use) for use in evidence)
        )

    def _uncovered(self, log: AccessLog, start: datetime, context: Context) -> Verdict | None:
        """The verdict when the log does not show the whole window; None when it does."""
        if log.since <= start and context.now - log.until <= _LEEWAY:
            return None
        return Verdict.not_evaluated(
            f"no use that is not allowed is known, but {log.sink} was read from {moment(log.since)} to "
            f"{moment(log.until)} only, not for the whole {self.window.text} before {moment(context.now)}",
            audit_log=log.sink,
        )

    def _passed(self, log: AccessLog, events: Sequence[AccessEvent]) -> Verdict:
        principals = sorted({event.principal for event in events})
        who = f"only the allowed used it: {listed(principals)}" if principals else "nobody used it"
        evidence = [Evidence(name="audit log", value=log.sink)]
        evidence += [Evidence(name="principal", value=principal) for principal in principals if principal]
        return replace(
            Verdict.passed(f"{who} (within {self.window.text}, by {log.sink})"), evidence=tuple(evidence)
        )


def _start(now: datetime, window: timedelta) -> datetime:
    """The begin of the window, at the begin of the calendar (year 1) at the earliest."""
    try:
        return now - window
    except OverflowError:
        return _EARLIEST
