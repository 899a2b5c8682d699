"""The result of a run: the only thing a reporter sees."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from keyproof.domain.baseline import BaselineRecord
from keyproof.domain.finding import Finding
from keyproof.domain.leak import Coverage
from keyproof.domain.policy import Control, Framework, PolicyPack, Waiver, WaiverState
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Evidence, Outcome, Severity


class ScopeStatus(StrEnum):
    """How far one scope of a source could be read."""

    OK = "ok"
    PARTIAL = "partial"
    DENIED = "denied"
    UNREACHABLE = "unreachable"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that could not be looked at inside a scope: never the same as fine."""

    source: str
    scope: str
    status: ScopeStatus
    reason: str
    hint: str = ""


Collected = SecretMetadata | Gap | Evidence
"""What a collector yields: a secret, a part it could not read, or a fact about how it read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One region, mount, file or repository that was to be read."""

    source: str
    kind: str
    scope: str
    status: ScopeStatus
    subjects: int
    reason: str = ""
    hint: str = ""
    evidence: tuple[Evidence, ...] = ()
    """Identity used, calls made, pages read: what a reviewer needs to do it again."""
    coverage: Coverage | None = None
    """For a repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """A configured source, and all that its collector may ask of the backend."""

    id: str
    kind: str
    permissions: tuple[str, ...]
    """The rights it can make use of, in the backend's own names; its options decide which it needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRecord:
    """A subject as the report shows it: placed in a class by the packs that judged it."""

    subject: Subject
    secret_class: str
    priority: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlResult:
    """What the findings say about one control; `pass` means no exception found by this procedure."""

    control: Control
    outcome: Outcome
    counts: Mapping[str, int]
    """Keys: pass, fail, waived, not_evaluated, manual, not_applicable."""
    note: str
    """Strengths, preconditions and what a scan cannot show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverRecord:
    """A waiver with its state on the day of the run."""

    waiver: Waiver
    state: WaiverState
    findings: tuple[str, ...]
    """Ids of the failing findings it accepts."""
    problems: tuple[str, ...] = ()
    """Why it does not accept others that it is about, each once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """How, when and with what this assessment was made."""

    id: str
    version: str
    as_of: datetime
    started: datetime
    finished: datetime
    organisation: str
    policy_digest: str
    config_digest: str
    identity: str
    """Identities the backends saw, e.g. an ARN; several joined by `; `."""
    fail_on: Severity | None
    """Lowest severity that fails the run; None for never."""
    allow_incomplete: bool = False
    interrupted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Counts over all findings, each finding in exactly one of the first six."""

    passed: int
    failed: int
    waived: int
    not_evaluated: int
    manual: int
    not_applicable: int
    by_severity: Mapping[str, int]
    """Severity → failures nobody accepted."""
    gaps: int
    """Scopes that are not ok."""
    exit_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """One run's whole result; every sequence sorted by id."""

    run: RunInfo
    packs: tuple[PolicyPack, ...]
    scopes: tuple[Scope, ...]
    subjects: tuple[SubjectRecord, ...]
    findings: tuple[Finding, ...]
    controls: tuple[ControlResult, ...]
    waivers: tuple[WaiverRecord, ...]
    summary: Summary
    frameworks: tuple[Framework, ...] = ()
    """Titles and editions of the frameworks that `controls` belong to."""
    baseline: tuple[BaselineRecord, ...] = ()
    """Every entry of the baseline the run was given, with its state."""
    sources: tuple[SourceRecord, ...] = ()
    """Every configured source; empty for a run recorded before they were kept."""

    @property
    def today(self) -> date:
        """The UTC calendar date the run judged by."""
        return self.run.as_of.date()
