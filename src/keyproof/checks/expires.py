"""A secret has an expiration date, and the date has not passed."""

from datetime import timedelta
from typing import ClassVar

from keyproof.check_model import CheckModel
from keyproof.domain.check import Context
from keyproof.domain.deadline import Deadline
from keyproof.domain.declared import is_row
from keyproof.domain.deletion import not_kept
from keyproof.domain.secret import SecretMetadata, VersionState
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Evidence, Outcome, Severity, Verdict
from keyproof.fields import SpanField


class Expires(CheckModel):
    """The secret has an expiration date that has not passed.

    For a row of an inventory the stated next rotation may stand for it: the row is due on that day and
    overdue from the next. Words in its place, such as `On compromise`, are no date.
    """

    kind: ClassVar[str] = "expires"
    base_severity: ClassVar[Severity] = Severity.MEDIUM

    required: bool = True
    """Whether a secret without an expiration date fails; otherwise the rule does not concern it."""
    within: SpanField | None = None
    """How long before the date the alert `warning` is raised."""
    accept_next_rotation: bool = True
    """Whether the next rotation that an inventory row states counts as its expiration date."""

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Compare the expiration date with the day."""
        if not isinstance(subject, SecretMetadata):
            return Verdict.not_applicable("only a secret expires")
        if gone := not_kept(subject, context.now):
            return gone
        if why := subject.unread.get("expires_at"):
            return Verdict.not_evaluated(f"its expiration date could not be read: {why}")
        deadline = self._deadline(subject, context)
        if deadline is None:
            return self._without_date(subject)
        return self._judge(deadline)

    def _deadline(self, subject: SecretMetadata, context: Context) -> Deadline | None:
        if subject.expires_at is not None:
            return Deadline.at_instant(subject.expires_at, context.now)
        ends = [
            version.expires_at
            for version in subject.versions or ()
            if version.state is VersionState.CURRENT and version.expires_at is not None
        ]
        if ends:
            return Deadline.at_instant(min(ends), context.now)
        if self.accept_next_rotation and is_row(subject, context):
            stated = [claim.next_rotation for claim in subject.claims if claim.next_rotation]
            if stated:
                return Deadline.on_day(min(stated), context.now)
        return None

    def _without_date(self, subject: SecretMetadata) -> Verdict:
        words = next((claim.next_rotation_text for claim in subject.claims if claim.next_rotation_text), "")
        reason = "it has no expiration date" + (
            f": its next rotation is {words!r}, which is no date" if words else ""
        )
        return Verdict.failed(reason) if self.required else Verdict.not_applicable(reason)

    def _judge(self, deadline: Deadline) -> Verdict:
        end = deadline.end
        shown = (Evidence.of("expires", end),)
        if deadline.overdue:
            reason = f"expired {deadline.distance} ago, on {end}"
            return Verdict.of(Outcome.FAIL, reason, shown, deadline.due, deadline.days_overdue)
        when = f"in {deadline.distance}" if deadline.left else "today"
        reason = f"expires {when}, on {end}"
        return Verdict.of(Outcome.PASS, reason, shown, deadline.due, 0, self._alert(deadline))

    def _alert(self, deadline: Deadline) -> str:
        if deadline.left < timedelta(days=1):
            return "emergency"
        return "warning" if self.within and deadline.left <= self.within.longest_span else ""
