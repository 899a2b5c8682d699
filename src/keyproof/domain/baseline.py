"""What already failed when an organisation began: accepted finding by finding, with an owner and an end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from keyproof.domain.finding import Finding
from keyproof.domain.secret import SourceLine
from keyproof.domain.verdict import Outcome


class BaselineState(StrEnum):
    """Where an entry of a baseline stands at a given moment."""

    ACTIVE = "active"
    EXPIRING = "expiring"
    """Active, with 14 days or fewer left."""
    EXPIRED = "expired"
    """Past its last day: what it names fails the run again."""
    UNUSED = "unused"
    """What it names no longer fails: the entry can go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineEntry:
    """One finding that was failing before and is given time. It never changes the outcome.

    It is known by its finding's id, which holds no line number: a leak's is that of its fingerprint.
    """

    id: str
    """The finding's."""
    rule: str
    """`pack/rule`, for a person who reads the file."""
    subject: str
    owner: str
    """Who is to put it in order."""
    until: date
    """Last day it is accepted, UTC."""
    reason: str
    place: SourceLine | None = None

    def valid_on(self, day: date) -> bool:
        """Whether the entry still accepts its finding on `day` (UTC): the one place that decides it."""
        return day <= self.until

    def state_on(self, day: date, *, used: bool) -> BaselineState:
        """Where the entry stands on `day`; `used` tells whether its finding fails."""
        if not used:
            return BaselineState.UNUSED
        if not self.valid_on(day):
            return BaselineState.EXPIRED
        return BaselineState.EXPIRING if (self.until - day).days <= 14 else BaselineState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineRecord:
    """An entry with its state on the day of the run."""

    entry: BaselineEntry
    state: BaselineState


def accept(
    findings: Sequence[Finding], entries: Sequence[BaselineEntry], *, today: date
) -> tuple[tuple[Finding, ...], tuple[BaselineRecord, ...]]:
    """The findings with the entry that accepts them attached, and every entry with its state, sorted by id.

    A failure that a waiver accepts needs no entry: it keeps the waiver alone, but its entry counts as used.
    """
    if not entries:
        return tuple(findings), ()
    known = {entry.id: entry for entry in entries}
    failing = {finding.id for finding in findings if finding.outcome is Outcome.FAIL}
    judged = tuple(
        replace(finding, baseline=entry.id)
        if finding.gates and (entry := known.get(finding.id)) is not None and entry.valid_on(today)
        else finding
        for finding in findings
    )
    records = tuple(
        BaselineRecord(entry=entry, state=entry.state_on(today, used=entry.id in failing))
        for entry in sorted(entries, key=lambda entry: entry.id)
    )
    return judged, records
