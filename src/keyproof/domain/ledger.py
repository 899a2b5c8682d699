"""What the run ledger keeps of a run, and how two runs are told apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from keyproof.domain.assessment import Assessment
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.verdict import Outcome, Severity


class Command(StrEnum):
    """What made a run."""

    SCAN = "scan"
    EVALUATE = "evaluate"
    """Of a snapshot that was read before."""
    LEAKS = "leaks"
    """Of repositories alone, by the shipped pack `leaks`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A run that is to be recorded."""

    command: Command
    snapshot: Snapshot
    assessment: Assessment
    narrowed: tuple[str, ...] = ()
    """Options that left something out, e.g. `--source prod`."""
    documents: Mapping[str, str] = field(default_factory=dict)
    """Name → text of the files a person wrote that it was judged by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEntry:
    """One line of the ledger."""

    number: int
    """1 for the first run; without holes."""
    id: str
    """Of the assessment: the same input gives the same id, so that two runs may share it."""
    command: Command
    started: datetime
    """When it was read what the run judged."""
    finished: datetime
    as_of: datetime
    organisation: str
    version: str
    """Of keyproof."""
    policy_digest: str
    config_digest: str
    waivers_digest: str
    exit_code: int
    counts: Mapping[str, int]
    """Keys: pass, fail, waived, not_evaluated, manual, not_applicable."""
    scopes: int
    gaps: int
    """Scopes that could not be read in full."""
    secrets: int
    leaks: int
    interrupted: bool
    narrowed: tuple[str, ...]
    parts: Mapping[str, str]
    """Name of a part of the record → sha256 of it, hex."""
    previous: str
    """Digest of the run before; zeros for the first."""
    digest: str
    """sha256 over `previous` and everything above, hex."""

    @property
    def order(self) -> tuple[datetime, int]:
        """Sorts runs by when they read what they judged; a snapshot may be evaluated long after newer ones."""
        return self.started, self.number

    @property
    def supposed(self) -> bool:
        """Whether it judged as of another day than it read (`--as-of`): a trial, which says nothing of what was."""
        return abs((self.as_of.date() - self.started.date()).days) > 1

    @property
    def whole(self) -> bool:
        """Whether it looked at everything it was configured to look at, on the day it judged."""
        return not (self.gaps or self.interrupted or self.narrowed or self.supposed)

    @property
    def shortfall(self) -> str:
        """Why it is not whole; empty when it is."""
        reasons = [
            "interrupted" if self.interrupted else "",
            f"{self.gaps} of {self.scopes} scopes could not be read in full" if self.gaps else "",
            f"narrowed by {' '.join(self.narrowed)}" if self.narrowed else "",
            f"judged as of {self.as_of.date()}, not of the day it was read" if self.supposed else "",
        ]
        return "; ".join(reason for reason in reasons if reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A finding that was not in order in one run: failed, accepted or not, or not evaluated."""

    finding: str
    """Its id, the same in every run."""
    rule: str
    rule_title: str
    pack: str
    subject: str
    name: str
    """What a person calls the subject."""
    owner: str
    source: str
    """Id of the source the subject was read from; empty for a rule that met nothing."""
    repository: str
    """For a leak or a repository its name; else empty."""
    severity: Severity
    outcome: Outcome
    reason: str
    due: date | None
    days_overdue: int | None
    waiver: str | None
    baseline: str | None

    @property
    def fails(self) -> bool:
        """Whether it is a failure, accepted by somebody or not."""
        return self.outcome is Outcome.FAIL

    @property
    def accepted_by(self) -> str:
        """The waiver or the baseline that accepts it; empty when nothing does."""
        return f"waiver {self.waiver}" if self.waiver else "baseline" if self.baseline else ""
