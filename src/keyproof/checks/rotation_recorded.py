"""A rotation of a live secret is written down in an inventory, in time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import ClassVar

from keyproof.check_model import CheckModel
from keyproof.domain.check import Context
from keyproof.domain.deadline import Deadline
from keyproof.domain.declared import is_row, judged_elsewhere
from keyproof.domain.deletion import not_kept
from keyproof.domain.secret import Basis, DatedFact, InventoryClaim, SecretMetadata
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Severity, Verdict
from keyproof.domain.wording import listed
from keyproof.fields import SpanField

_LIVE = frozenset({Basis.VERSION_CREATED, Basis.ROTATION_EVENT, Basis.LAST_ROTATED})
_ZONE = timedelta(days=1)
"""A day of difference may be the time zone of the person who wrote the row."""


class RotationRecorded(CheckModel):
    """Every rotation that the backend shows stands in a row of an inventory, at the latest after the time given.

    The row has to claim a last rotation that is not before the live value's, a day of difference apart (time
    zones). A value that was never rotated has nothing to be recorded.
    """

    kind: ClassVar[str] = "rotation-recorded"
    base_severity: ClassVar[Severity] = Severity.LOW

    within: SpanField
    """How long after a rotation the row has to be brought up to date; it is due on that UTC day."""

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Compare the date of the live value with the rotations that its rows claim."""
        if not isinstance(subject, SecretMetadata):
            return Verdict.not_applicable("only a secret is rotated")
        if is_row(subject, context):
            return judged_elsewhere(subject, "rotations")
        return not_kept(subject, context.now) or self._live(subject, context)

    def _live(self, secret: SecretMetadata, context: Context) -> Verdict:
        fact = _rotated(secret)
        if fact is None:
            why = secret.unread.get("facts") or secret.unread.get("versions")
            return Verdict.not_evaluated(
                f"when it was rotated is not known: {why or f'{secret.backend} shows no date of its value'}"
            )
        if _never_rotated(secret, fact):
            return Verdict.not_applicable("it was never rotated, so there is nothing to record")
        if not context.inventory.inventory_sources:
            return Verdict.not_evaluated("no inventory is among the sources, so no record can be seen")
        day = fact.at.astimezone(UTC).date()
        claimed = [claim.last_rotated for claim in secret.claims if claim.last_rotated]
        if claimed and max(claimed) >= _before(day):
            return Verdict.passed(
                f"rotated {day} ({fact.basis}), recorded as {max(claimed)} in {_places(secret.claims)}",
                rotated=f"{day} ({fact.basis})",
                recorded=str(max(claimed)),
            )
        return self._missing(secret, f"rotated {day} ({fact.basis})", day, context)

    def _missing(self, secret: SecretMetadata, what: str, day: date, context: Context) -> Verdict:
        start = datetime.combine(day, time.min, UTC)
        deadline = Deadline.on_day(Deadline.of(start, self.within, context.now).due, context.now)
        where, unread = _missing_where(secret, context)
        if not deadline.overdue:
            verdict = Verdict.passed(
                f"{what}, to be recorded by {deadline.due}: {where} so far", rotated=what
            )
        elif unread:
            verdict = Verdict.not_evaluated(f"{what}; {where}, and {unread} was not read in full")
        else:
            verdict = Verdict.failed(
                f"{what} without a record: {where}, due {deadline.due}, {deadline.distance} ago", rotated=what
            )
        return replace(verdict, due=deadline.due, days_overdue=deadline.days_overdue)


def _missing_where(secret: SecretMetadata, context: Context) -> tuple[str, str]:
    """Where no record stands, and which inventories might hold one that was not read."""
    sources = context.inventory.inventory_sources
    unread = listed(sorted(sources - context.inventory.complete_sources))
    if not secret.claims:
        return f"no row of {listed(sorted(sources))} describes it", unread
    claimed = [claim.last_rotated for claim in secret.claims if claim.last_rotated]
    says = f"says {max(claimed)}" if claimed else "states no rotation"
    return f"{_places(secret.claims)} {says}", unread


def _rotated(secret: SecretMetadata) -> DatedFact | None:
    """The best evidence a backend gives for the date of the live value."""
    live = [fact for fact in secret.facts if fact.basis in _LIVE]
    return min(live, key=lambda fact: (fact.rank, -fact.at.timestamp()), default=None)


def _never_rotated(secret: SecretMetadata, fact: DatedFact) -> bool:
    """Whether the value is the one the record was created with."""
    if fact.basis is not Basis.VERSION_CREATED or secret.created_at is None:
        return False
    return fact.at.astimezone(UTC).date() <= secret.created_at.astimezone(UTC).date()


def _before(day: date) -> date:
    return day - _ZONE if day > date.min else day


def _places(claims: Sequence[InventoryClaim]) -> str:
    return listed([f"{claim.place.path}:{claim.place.line}" for claim in claims])
