"""The backend's own rotation of a secret is on, works, and is quick enough."""

from datetime import timedelta
from typing import ClassVar

from keyproof.check_model import CheckModel
from keyproof.domain.check import Context
from keyproof.domain.deletion import not_kept
from keyproof.domain.duration import Duration
from keyproof.domain.secret import Rotation, SecretMetadata
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Severity, Verdict
from keyproof.domain.wording import moment, span
from keyproof.fields import SpanField

_LEEWAY = timedelta(days=1)
"""A rotation may happen at any time of its window, which on AWS lasts to the end of the day by default."""


class RotationEnabled(CheckModel):
    """The backend rotates the secret itself, without failing, and at least as often as the period demands.

    A rotation that is on but overdue by its own schedule is failing. A backend without rotation of its own
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
        return self._judge(subject.rotation, context)

    def _judge(self, rotation: Rotation, context: Context) -> Verdict:
        if not rotation.enabled:
            return Verdict.failed("rotation is off", **_evidence(rotation))
        if failing := _failing(rotation, context):
            return Verdict.failed(f"rotation is failing: {failing}", **_evidence(rotation))
        return self._schedule(rotation, context)

    def _schedule(self, rotation: Rotation, context: Context) -> Verdict:
        shown = _evidence(rotation)
        if rotation.problem:
            return Verdict.not_evaluated(f"rotation is on, but cannot be judged: {rotation.problem}", **shown)
        period, origin = self.period, "this rule"
        if period is None:
            period, origin = context.period, f"rule {context.period_rule}"
        if period is None or not period.scheduled:
            return Verdict.passed(f"rotation is on{_by(rotation)}; no period is demanded", **shown)
        if rotation.interval is None:
            return Verdict.not_evaluated(
                f"rotation is on, but states no interval to compare with the {period.text} of {origin}",
                **shown,
            )
        interval = span(rotation.interval)
        if rotation.interval > period.longest_span:
            return Verdict.failed(
                f"rotation every {interval}{_by(rotation)} is slower than the {period.text} of {origin}",
                **shown,
            )
        return Verdict.passed(
            f"rotation is on, every {interval}{_by(rotation)}, within the {period.text} of {origin}", **shown
        )


def _without(secret: SecretMetadata) -> Verdict:
    if why := secret.unread.get("rotation"):
        return Verdict.not_evaluated(f"its rotation could not be read: {why}")
    return Verdict.not_applicable(f"{secret.backend} does not rotate this secret itself")


def _failing(rotation: Rotation, context: Context) -> str:
    """How the rotation misses its own schedule; empty when it does not."""
    leeway = min(rotation.interval, _LEEWAY) if rotation.interval else _LEEWAY
    if rotation.next_at and context.now - rotation.next_at > leeway:
        return f"the rotation due {moment(rotation.next_at)} did not happen"
    if rotation.last_at and rotation.interval and context.now - rotation.last_at - leeway > rotation.interval:
        return (
            f"the last rotation was {moment(rotation.last_at)}, "
            f"{span(context.now - rotation.last_at)} ago, with an interval of {span(rotation.interval)}"
        )
    return ""


def _by(rotation: Rotation) -> str:
    return f" by {rotation.schedule}" if rotation.schedule else ""


def _evidence(rotation: Rotation) -> dict[str, str]:
    facts = {
        "rotation": "on" if rotation.enabled else "off",
        "schedule": rotation.schedule,
        "interval": span(rotation.interval) if rotation.interval else "",
        "last_rotation": moment(rotation.last_at) if rotation.last_at else "",
        "next_rotation": moment(rotation.next_at) if rotation.next_at else "",
        "mechanism": rotation.mechanism,
        "problem": rotation.problem,
    }
    return {name: value for name, value in facts.items() if value}
