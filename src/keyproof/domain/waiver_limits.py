"""How many have to agree to a waiver, and how long it may last: the worse the failure, the stricter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from keyproof.domain.duration import Duration, parse_duration
from keyproof.domain.verdict import Severity
from keyproof.domain.wording import count

QUORUM: Mapping[Severity, int] = {
    Severity.CRITICAL: 2,
    Severity.HIGH: 1,
    Severity.MEDIUM: 1,
    Severity.LOW: 1,
}
"""Approvers needed where a waiver file states nothing else."""
LONGEST: Mapping[Severity, Duration] = {
    Severity.CRITICAL: parse_duration("30d"),
    Severity.HIGH: parse_duration("90d"),
    Severity.MEDIUM: parse_duration("180d"),
    Severity.LOW: parse_duration("180d"),
}
"""Longest time from the first to the last day where a waiver file states nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverLimits:
    """What a waiver needs to accept a failure, by its severity; each has every severity as key."""

    quorum: Mapping[Severity, int] = field(default_factory=lambda: QUORUM)
    longest: Mapping[Severity, Duration] = field(default_factory=lambda: LONGEST)

    def last_day(self, severity: Severity, starts: date) -> date:
        """The last day that a waiver begun on `starts` may accept such a failure."""
        return self.longest[severity].due(starts)

    def fault(self, severity: Severity, *, approvers: int, starts: date, until: date) -> str:
        """Why a waiver cannot accept a failure of `severity`; empty when it can."""
        if approvers < (needed := self.quorum[severity]):
            return f"a {severity} failure needs {count(needed, 'approver')}, and it has {approvers}"
        if until > (last := self.last_day(severity, starts)):
            longest = self.longest[severity].text
            return f"a {severity} failure is accepted for {longest} at most, from {starts} to {last}, not to {until}"
        return ""
