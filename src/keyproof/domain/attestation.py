"""What a person vouches for where no scan can look, and until when the word holds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import MAXYEAR, date
from enum import StrEnum

from keyproof.domain.duration import Duration
from keyproof.domain.secret import SourceLine
from keyproof.domain.verdict import Verdict
from keyproof.domain.wording import count, listed


class AttestationState(StrEnum):
    """Where an attestation stands on a given day."""

    PENDING = "pending"
    """It is dated after that day."""
    VALID = "valid"
    LAPSED = "lapsed"
    """It has to be given again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """A person's statement that a duty was done: never a pass, and never for ever."""

    id: str
    rule: str
    """Rule id or `pack/rule`, or empty when `control` says what it is about."""
    control: str
    """`framework:control`, or empty."""
    statement: str
    by: str
    at: date
    """UTC calendar date on which it was given."""
    every: Duration
    """How often it has to be given again; always with a length."""
    evidence: str = ""
    """Address or ticket of what it rests on."""
    place: SourceLine | None = None

    def until(self, demanded: Duration | None = None) -> date:
        """The last day it holds, inclusive, UTC: by its own period or, if that ends sooner, by the one demanded."""
        days = [period.due(self.at) for period in (self.every, demanded) if period and period.scheduled]
        return min(days, default=date(MAXYEAR, 12, 31))

    def state_on(self, day: date, demanded: Duration | None = None) -> AttestationState:
        """Where it stands on `day` (UTC): the one place that decides it."""
        if day < self.at:
            return AttestationState.PENDING
        return AttestationState.VALID if day <= self.until(demanded) else AttestationState.LAPSED

    def is_about(self, *, rule: str, pack: str, also_in: tuple[str, ...], controls: tuple[str, ...]) -> bool:
        """Whether it is given for this rule by name, or for one of the controls the rule is mapped to."""
        names = {rule, *(f"{one}/{rule}" for one in (pack, *also_in))}
        return self.rule in names or (bool(self.control) and self.control in controls)


def in_force(given: Iterable[Attestation], day: date, demanded: Duration | None = None) -> list[Attestation]:
    """Those that hold on `day`, the one that holds longest first."""
    valid = [one for one in given if one.state_on(day, demanded) is AttestationState.VALID]
    return sorted(valid, key=lambda one: (one.until(demanded), one.id), reverse=True)


def attested(needed: Sequence[Attestation], demanded: Duration | None = None) -> Verdict:
    """MANUAL by all of `needed` (at least one): who attests what, and until when all of them hold."""
    until = min(one.until(demanded) for one in needed)
    said = "; ".join(_said(one) for one in needed)
    verdict = Verdict.manual(f"{said}; in force until {until}", **_facts(needed, until))
    return replace(verdict, due=until, days_overdue=0)


def lapsed(given: Sequence[Attestation], day: date, demanded: Duration | None = None) -> Verdict:
    """NOT_EVALUATED because none of `given` (at least one) holds on `day`: since when that is so."""
    past = [one for one in given if one.state_on(day, demanded) is AttestationState.LAPSED]
    if not past:
        first = min(given, key=lambda one: (one.at, one.id))
        return Verdict.not_evaluated(
            f"the attestation {first.id} is dated {first.at}, after {day}: check the date"
        )
    last = max(past, key=lambda one: (one.until(demanded), one.id))
    until = last.until(demanded)
    days = (day - until).days
    reason = f"the attestation lapsed {count(days, 'day')} ago: {_said(last)}; it was in force until {until}"
    verdict = Verdict.not_evaluated(reason, **_facts([last], until))
    return replace(verdict, due=until, days_overdue=days)


def _said(one: Attestation) -> str:
    rests_on = f" ({one.evidence})" if one.evidence else ""
    return f"{one.by} attested on {one.at}: {one.statement!r}{rests_on}"


def _facts(given: Sequence[Attestation], until: date) -> dict[str, str]:
    return {
        "attestation": listed([one.id for one in given], shown=len(given)),
        "attested_by": listed([one.by for one in given], shown=len(given)),
        "in_force_until": str(until),
    }
