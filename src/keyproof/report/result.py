"""The published result format `keyproof.assessment/v1`: what `--format json` writes and `keyproof report` reads."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from keyproof.domain.assessment import ScopeStatus
from keyproof.domain.baseline import BaselineState
from keyproof.domain.leak import LeakConfidence
from keyproof.domain.policy import Strength, WaiverState
from keyproof.domain.secret import Basis, Confidence, SubjectKind, VersionState
from keyproof.domain.verdict import Outcome, Severity

SCHEMA: Literal["keyproof.assessment/v1"] = "keyproof.assessment/v1"


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(_moment, return_type=str)]
"""RFC 3339 in UTC, written with Z."""


class _Part(BaseModel):
    """A part of the result, read straight from the domain's attributes."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        from_attributes=True,
        populate_by_name=True,
        json_schema_serialization_defaults_required=True,
    )


class Fact(_Part):
    """One observed fact; never a secret's value."""

    name: str
    value: str


class Place(_Part):
    """A place in a file."""

    path: str
    line: int = Field(description="1-based")
    commit: str | None = Field(description="null for a file as it stands")


class Tool(_Part):
    """What made the result."""

    name: Literal["keyproof"] = "keyproof"
    version: str


class Run(_Part):
    """How, when and with what the assessment was made; only `started` and `finished` vary between equal runs."""

    id: str
    tool: Tool
    as_of: Moment = Field(description="the moment every rule was judged by")
    started: Moment
    finished: Moment
    organisation: str
    policy_digest: str = Field(description="sha256 over packs, catalogues and waivers")
    config_digest: str
    identity: str = Field(description="the identities the backends saw, joined by '; '")
    fail_on: Severity | None = Field(description="lowest severity that fails the run; null for never")
    allow_incomplete: bool
    interrupted: bool


class CoverageResult(_Part):
    """What a leak scan looked at."""

    repository: str
    mode: str
    blobs_scanned: int
    blobs_cached: int
    blobs_skipped: dict[str, int]
    bytes_scanned: int
    commits: int
    refs: int
    shallow: bool
    partial: bool
    problems: list[str]
    notes: list[str] = Field(description="what lies outside the scope and is worth knowing")
    complete: bool


class ScopeResult(_Part):
    """One region, mount, file or repository that was to be read."""

    source: str
    kind: str
    scope: str
    status: ScopeStatus
    subjects: int
    reason: str
    hint: str
    evidence: list[Fact]
    coverage: CoverageResult | None


class SourceResult(_Part):
    """A configured source."""

    id: str
    kind: str
    permissions: list[str] = Field(
        description="the rights its collector can make use of, in the backend's names; its options decide which"
    )
    missing: list[str] = Field(description="those that a gap or something unread names")


class ValueDate(_Part):
    """The best evidence for the age of the current value."""

    at: Moment
    basis: Basis
    confidence: Confidence


class Version(_Part):
    """One stored version."""

    id: str
    state: VersionState
    created_at: Moment | None
    expires_at: Moment | None


class RotationResult(_Part):
    """The backend's own rotation."""

    enabled: bool
    interval_days: float | None
    schedule: str
    last_at: Moment | None
    next_at: Moment | None
    mechanism: str
    problem: str


class OccurrenceResult(_Part):
    """One place where a leaked secret stands."""

    path: str
    line: int
    column: int
    end_line: int
    where: str
    blob: str | None
    commit: str | None
    commits: list[str]
    author: str
    author_email: str
    introduced_at: Moment | None
    removed_at: Moment | None
    in_head: bool
    decoded: list[str] = Field(
        [], description="how it is packed or encoded there, outermost first; empty for plain text"
    )


class LeakResult(_Part):
    """What a leak subject adds."""

    fingerprint: str = Field(description="keyed; says nothing about the value without the key")
    detector: str
    title: str
    confidence: LeakConfidence
    preview: str
    present: bool
    allowed: str | None
    advice: str
    detected_at: Moment | None = Field(description="when a run first saw it")
    occurrences: list[OccurrenceResult]


class DocumentResult(_Part):
    """What a policy document adds."""

    pack: str
    reviewed: date | None
    review_every: str | None
    approved_by: list[str]


class SubjectResult(_Part):
    """What a finding is about."""

    id: str
    kind: SubjectKind
    source: str
    name: str
    secret_class: str = Field(alias="class")
    priority: str
    environment: str
    owner: str
    value_date: ValueDate | None = None
    expires_at: Moment | None = None
    versions: list[Version] | None = Field(None, description="null when the backend keeps or shows none")
    tags: dict[str, str]
    backend: str | None = Field(None, description="null for what no backend holds")
    scope: str | None = None
    created_at: Moment | None = None
    last_accessed_at: Moment | None = None
    facts: list[ValueDate] = Field([], description="every date about the value's age, best evidence first")
    rotation: RotationResult | None = None
    unread: dict[str, str] = Field({}, description="field → why it could not be read")
    place: Place | None = None
    leak: LeakResult | None = None
    coverage: CoverageResult | None = None
    document: DocumentResult | None = None


class ControlEdge(_Part):
    """An edge from a finding to a control."""

    id: str
    strength: Strength
    preconditions: str


class FindingResult(_Part):
    """One rule on one subject."""

    id: str
    rule: str
    rule_title: str
    pack: str
    check: str
    subject: str
    outcome: Outcome
    severity: Severity
    severity_reason: str
    reason: str
    due: date | None
    days_overdue: int | None
    alert: str
    controls: list[ControlEdge]
    locations: list[Place]
    waiver: str | None
    baseline: str | None
    remediation: str
    evidence: list[Fact]
    rule_place: Place | None


class Counts(_Part):
    """Findings by how they count, each in exactly one."""

    passed: int = Field(alias="pass")
    fail: int
    waived: int
    not_evaluated: int
    manual: int
    not_applicable: int


class ControlOutcome(_Part):
    """What the findings say about one control; `pass` means no exception found by this procedure."""

    id: str
    framework: str
    title: str
    outcome: Outcome
    counts: Counts
    note: str
    demands: str
    scan_cannot_show: str


class WaiverResult(_Part):
    """An accepted failure with its state on the day of the run."""

    id: str
    state: WaiverState
    rule: str
    control: str
    selector: str
    reason: str
    ticket: str
    requested_by: str
    approved_by: list[str]
    starts: date
    until: date = Field(description="inclusive, UTC")
    compensating_control: str
    findings: list[str]
    problems: list[str] = Field(description="why it does not accept others that it is about")
    place: Place | None


class BaselineResult(_Part):
    """A finding that failed before and is given time, with its state on the day of the run."""

    id: str = Field(description="id of the finding")
    state: BaselineState
    rule: str
    subject: str
    owner: str
    until: date = Field(description="inclusive, UTC")
    reason: str
    place: Place | None


class RuleResult(_Part):
    """One requirement as it was applied."""

    id: str
    title: str
    check: str
    parameters: dict[str, Any]
    selector: str
    severity: Severity | None = Field(description="null when derived")
    controls: list[ControlEdge]
    remediation: str
    place: Place | None


class ClassResult(_Part):
    """A class of secrets as a pack declares it."""

    id: str
    title: str
    selector: str
    priority: str


class PackResult(_Part):
    """A policy pack as it was applied."""

    id: str
    title: str
    version: str
    digest: str
    document: DocumentResult
    classes: list[ClassResult]
    roles: dict[str, list[str]]
    rules: list[RuleResult]
    disabled: dict[str, str]
    notes: list[str]


class FrameworkResult(_Part):
    """An edition of a standard."""

    id: str
    title: str
    edition: str


class SummaryResult(Counts):
    """Counts over all findings."""

    by_severity: dict[str, int] = Field(description="severity → failures nobody accepted")
    gaps: int
    exit_code: int


class Result(_Part):
    """The whole result of one run."""

    schema_id: Literal["keyproof.assessment/v1"] = Field(default=SCHEMA, alias="schema")
    run: Run
    sources: list[SourceResult] = Field([], description="empty for a run of before they were recorded")
    scopes: list[ScopeResult]
    subjects: list[SubjectResult]
    findings: list[FindingResult]
    controls: list[ControlOutcome]
    waivers: list[WaiverResult]
    baseline: list[BaselineResult]
    packs: list[PackResult]
    frameworks: list[FrameworkResult]
    summary: SummaryResult


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the format, as published in reports/schema."""
    schema = Result.model_json_schema(by_alias=True, mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:keyproof:assessment:v1",
        **schema,
        "title": SCHEMA,
    }
