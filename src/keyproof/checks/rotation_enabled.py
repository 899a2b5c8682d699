"""The backend's own rotation of a secret is on, works, and is quick enough."""

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

from keyproof.check_model import CheckModel
from keyproof.domain.check import Context
from keyproof.domain.deletion import not_kept
from keyproof.domain.duration import Duration
from keyproof.domain.secret import Rotation, SecretMetadata, VersionState
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Evidence, Outcome, Severity, Verdict
from keyproof.domain.wording import moment, span
from keyproof.fields import SpanField

_LEEWAY = timedelta(days=1)
"""A rotation may happen at any time of its window, which on AWS lasts to the end of the day by default."""


class RotationEnabled(CheckModel):
    """The backend rotates the secret itself, without failing, and at least as often as the period demands.

    A rotation that is on but overdue by its own schedule, or under way for more than a day, is failing. A backend without rotation of its own
    is not concerned.
    """

    kind: ClassVar[str] = "rotation-enabled"
    base_severity: ClassVar[Severity] = Severity.MEDIUM

    period: SpanField | None = None
    """The longest time between two rotations; without it the rotation period of the pack's other rules."""

    @property
    def rotation_period(self) -> Duration | None:
        """The period, where the rule states one."""
        return self.period

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Look at the rotation's switch, its last and next run, and its schedule."""
        if not isinstance(subject, SecretMetadata):
            return Verdict.not_applicable("only a secret is rotated")
        if gone := not_kept(subject, context.now):
            return gone
        if subject.rotation is None:
            return _without(subject)
        return self._judge(subject, subject.rotation, context)

    def _judge(self, secret: SecretMetadata, rotation: Rotation, context: Context) -> Verdict:
        shown = tuple(_evidence(rotation))
        if not rotation.enabled:
            return Verdict.of(Outcome.FAIL, "rotation is off", shown)
        if failing := _failing(rotation, context) or _stuck(secret, context):
            return Verdict.of(Outcome.FAIL, f"rotation is failing: {failing}", shown)
        outcome, reason = self._schedule(rotation, context)
        return Verdict.of(outcome, reason, shown)

    def _schedule(self, rotation: Rotation, context: Context) -> tuple[Outcome, str]:
        if rotation.problem:
            return Outcome.NOT_EVALUATED, f"rotation is on, but cannot be judged: {rotation.problem}"
        period, origin = self.period, "this rule"
        if period is None:
            period, origin = context.period, f"rule {context.period_rule}"
        by = f" by {rotation.schedule}" if rotation.schedule else ""
        if period is None or not period.scheduled:
            return Outcome.PASS, f"rotation is on{by}; no period is demanded"
        demand = f"the {period.text} of {origin}"
        if rotation.interval is None:
            return (
                Outcome.NOT_EVALUATED,
                f"rotation is on, but states no interval to compare with {demand}",
            )
        interval = span(rotation.interval)
        if rotation.interval > period.longest_span:
            return Outcome.FAIL, f"rotation every {interval}{by} is slower than {demand}"
        return Outcome.PASS, f"rotation is on, every {interval}{by}, within {demand}"


def _without(secret: SecretMetadata) -> Verdict:
    if why := secret.unread.get("rotation"):
        return Verdict.not_evaluated(f"its rotation could not be read: {why}")
    return Verdict.not_applicable(f"{secret.backend} does not rotate this secret itself")


def _failing(rotation: Rotation, context: Context) -> str:
    """How the rotation misses its own schedule; empty when it does not."""
    leeway = min(rotation.interval, _LEEWAY) if rotation.interval else _LEEWAY
    if rotation.next_at and context.now - rotation.next_at > leeway:
        return f"the rotation due {moment(rotation.next_at)} did not happen"
    if rotation.last_at and rotation.interval:
        ago = context.now - rotation.last_at
        if ago - leeway > rotation.interval:
            return (
                f"the last rotation was {moment(rotation.last_at)}, {span(ago)} ago, "
                f"with an interval of {span(rotation.interval)}"
            )
    return ""


def _stuck(secret: SecretMetadata, context: Context) -> str:
    """Since when a rotation has been under way that should be over; empty when there is none.

    A new version waits for its tests under the label of its own; where a rotation ended well it is the current one.
    """
    begun = [
        version.created_at
        for version in secret.versions or ()
        if version.state is VersionState.PENDING and version.created_at
    ]
    if begun and context.now - min(begun) > _LEEWAY:
        return f"the rotation begun {moment(min(begun))} did not end"
    return ""


def _evidence(rotation: Rotation) -> Iterator[Evidence]:
    yield Evidence.of("rotation", "on" if rotation.enabled else "off")
    if rotation.schedule:
        yield Evidence.of("schedule", rotation.schedule)
    if rotation.interval:
        yield Evidence.of("interval", span(rotation.interval))
    if rotation.last_at:
        yield Evidence.of("last rotation", moment(rotation.last_at))
    if rotation.next_at:
        yield Evidence.of("next rotation", moment(rotation.next_at))
    if rotation.mechanism:
        yield Evidence.of("mechanism", rotation.mechanism)
    if rotation.problem:
        yield Evidence.of("problem", rotation.problem)
