"""What people wrote in an inventory agrees with itself and with the backends."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from keyproof.check_model import CheckModel
from keyproof.domain.aspects import join
from keyproof.domain.check import Context
from keyproof.domain.deadline import Deadline
from keyproof.domain.declared import is_row, live_sources
from keyproof.domain.deletion import not_kept
from keyproof.domain.duration import Duration
from keyproof.domain.secret import Basis, DatedFact, InventoryClaim, SecretMetadata
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Severity, Verdict
from keyproof.domain.wording import count, listed

_LIVE_BASES = frozenset({Basis.VERSION_CREATED, Basis.ROTATION_EVENT, Basis.LAST_ROTATED})


class Aspect(StrEnum):
    """One way in which an inventory and reality can part."""

    UNDECLARED = "undeclared"
    """A live secret stands in no row."""
    ABSENT = "absent"
    """A row describes no live secret."""
    CLAIM = "claim"
    """A row claims a later rotation than the backend shows."""
    NEXT_DATE = "next-date"
    """The stated next rotation is not the last one plus the period."""
    STATUS = "status"
    """The status word does not fit the dates."""


class InventoryDrift(CheckModel):
    """The inventory agrees with the backends, and every row with itself.

    A live secret has to stand in a row. A row has to describe a live secret, claim no later rotation than
    the backend shows, state the next rotation that its period gives, and a status that its dates bear out.
    An absence counts only where every source it could show in was read in full.
    """

    kind: ClassVar[str] = "inventory-drift"
    base_severity: ClassVar[Severity] = Severity.MEDIUM

    aspects: tuple[Aspect, ...] = Field(default=tuple(Aspect), min_length=1)
    """What is compared: undeclared, absent, claim, next-date, status."""

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Compare a row with itself and its live secrets, or a live secret with the rows."""
        if not isinstance(subject, SecretMetadata):
            return Verdict.not_applicable("only a secret stands in an inventory")
        if is_row(subject, context):
            return self._row(subject, context)
        if Aspect.UNDECLARED not in self.aspects:
            return Verdict.not_applicable(
                "the rule does not ask whether a live secret stands in an inventory"
            )
        return _undeclared(subject, context)

    def _row(self, row: SecretMetadata, context: Context) -> Verdict:
        found = list(self._judged(row, context))
        if not found:
            return Verdict.not_applicable("the row states nothing that can be compared")
        verdict = join(found)
        due = _effective_due(row, context)
        return replace(verdict, due=due.due, days_overdue=due.days_overdue) if due else verdict

    def _judged(self, row: SecretMetadata, context: Context) -> Iterator[Verdict]:
        if Aspect.ABSENT in self.aspects:
            yield from _absent(row, context)
        for claim in row.claims:
            if Aspect.CLAIM in self.aspects:
                yield from _claim(row, claim)
            if Aspect.NEXT_DATE in self.aspects:
                yield from _next_date(claim, context)
            if Aspect.STATUS in self.aspects:
                yield from _status(row, claim, context)
            if claim.problems:
                shown = listed(claim.problems, shown=len(claim.problems))
                yield Verdict.not_evaluated(f"line {claim.place.line} could not be read in full: {shown}")


def _undeclared(secret: SecretMetadata, context: Context) -> Verdict:
    sources = context.inventory.inventory_sources
    if secret.claims:
        rows = [f"{claim.place.path}:{claim.place.line}" for claim in secret.claims]
        return Verdict.passed(f"declared in {listed(rows)}")
    if not sources:
        return Verdict.not_applicable("no inventory is among the sources")
    if gone := not_kept(secret, context.now):
        return gone
    names = listed(sorted(sources))
    if unread := sorted(sources - context.inventory.complete_sources):
        return Verdict.not_evaluated(
            f"no row read so far declares it, and {listed(unread)} was not read in full"
        )
    return Verdict.failed(f"undeclared: no row of {names} describes it")


def _absent(row: SecretMetadata, context: Context) -> Iterator[Verdict]:
    if row.declares:
        yield Verdict.passed(f"describes {listed(row.declares)}", describes=listed(row.declares))
        return
    sources = live_sources(context)
    if not sources:
        return
    if unread := sorted(sources - context.inventory.complete_sources):
        yield Verdict.not_evaluated(
            f"no live secret is known to be this row, and {listed(unread)} was not read in full"
        )
    else:
        yield Verdict.failed(f"absent: no live secret of {listed(sorted(sources))} is this row")


def _claim(row: SecretMetadata, claim: InventoryClaim) -> Iterator[Verdict]:
    """A day of difference may be the time zone of the person who wrote the row."""
    live = _live_fact(row)
    if claim.last_rotated is None or live is None:
        return
    shown = live.at.astimezone(UTC).date()
    ahead = (claim.last_rotated - shown).days
    statement = f"the row claims the rotation of {claim.last_rotated}"
    facts = {"claimed_rotation": str(claim.last_rotated), "live_value": f"{shown} ({live.basis})"}
    if ahead > 1:
        yield Verdict.failed(
            f"{statement}, but the live value is of {shown} ({live.basis}), {count(ahead, 'day')} earlier",
            **facts,
        )
    else:
        yield Verdict.passed(f"{statement}, and the live value is of {shown} ({live.basis})", **facts)


def _next_date(claim: InventoryClaim, context: Context) -> Iterator[Verdict]:
    period = claim.period or context.period
    if not (claim.last_rotated and claim.next_rotation and period and period.scheduled):
        return
    computed = period.due(claim.last_rotated)
    days = (claim.next_rotation - computed).days
    statement = f"stated next rotation {claim.next_rotation}"
    fits = f"{period.text} from {claim.last_rotated}"
    facts = {
        "stated_next_rotation": str(claim.next_rotation),
        "computed_next_rotation": str(computed),
        "period": f"{period.text} ({_origin(claim, context)})",
    }
    if days:
        side = "late" if days > 0 else "early"
        yield Verdict.failed(
            f"{statement} does not fit {fits}: due {computed}, {count(abs(days), 'day')} {side}", **facts
        )
    else:
        yield Verdict.passed(f"{statement} fits {fits}", **facts)


def _status(row: SecretMetadata, claim: InventoryClaim, context: Context) -> Iterator[Verdict]:
    status = "-".join(claim.status.lower().split())
    deadline = _effective_due(row, context)
    if status not in {"current", "due-soon", "overdue"} or deadline is None:
        return
    if deadline.overdue and status != "overdue":
        yield Verdict.failed(
            f"status {claim.status!r}, but it is overdue by {deadline.distance} since {deadline.end}"
        )
    elif status == "overdue" and not deadline.overdue:
        yield Verdict.failed(f"status {claim.status!r}, but it is due only on {deadline.end}")
    else:
        yield Verdict.passed(f"status {claim.status!r} fits the due date {deadline.end}")


def _effective_due(row: SecretMetadata, context: Context) -> Deadline | None:
    """When the value is due by the best evidence there is, the live secret's before the row's own."""
    fact = row.value_date
    period = _period(row, context)
    if fact is None or period is None or not period.scheduled:
        return None
    return Deadline.of(fact.at, period, context.now)


def _period(row: SecretMetadata, context: Context) -> Duration | None:
    return next((claim.period for claim in row.claims if claim.period), context.period)


def _origin(claim: InventoryClaim, context: Context) -> str:
    return "the row" if claim.period else f"rule {context.period_rule}"


def _live_fact(row: SecretMetadata) -> DatedFact | None:
    return min(
        (fact for fact in row.facts if fact.basis in _LIVE_BASES),
        key=lambda fact: (fact.rank, -fact.at.timestamp()),
        default=None,
    )
