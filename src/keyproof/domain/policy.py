"""Rules written by an organisation, and the controls they give evidence for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from keyproof.domain.attestation import Attestation
from keyproof.domain.check import Check
from keyproof.domain.duration import Duration
from keyproof.domain.origin import Origin, ParameterOrigin
from keyproof.domain.secret import SourceLine
from keyproof.domain.subject import Document, Subject
from keyproof.domain.verdict import Severity
from keyproof.domain.waiver_limits import WaiverLimits


class Strength(StrEnum):
    """How much of a control's stated duty a rule can evidence."""

    FULL = "full"
    PARTIAL = "partial"
    SUPPORTING = "supporting"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlMapping:
    """An edge from a rule to a control."""

    id: str
    """`framework:control`, e.g. `soc2:CC6.1`."""
    strength: Strength
    preconditions: str = ""
    """What must hold for the strength to be true; empty when nothing beyond the rule itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One requirement of a framework, paraphrased."""

    id: str
    """`framework:control`."""
    framework: str
    title: str
    demands: str
    """What it truly asks."""
    scan_cannot_show: str
    """What no scan can evidence about it."""
    why_no_more: str = ""
    """Why rules about secrets show no more of it than they can, as the end of a sentence."""
    closed: bool = False
    """Whether rules about secrets show nothing of it at all, so that none may name it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """An edition of a standard."""

    id: str
    title: str
    edition: str
    controls: tuple[Control, ...]


class Selector(Protocol):
    """Decides whether a rule is about a subject."""

    def matches(self, subject: Subject, secret_class: str) -> bool:
        """Whether `subject`, which its pack places in `secret_class` (empty = none), is selected."""
        ...

    def describe(self) -> str:
        """The selector in one line a person can read."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretClass:
    """A class of secrets; of a pack's classes the first that matches a secret wins."""

    id: str
    title: str
    selector: Selector
    priority: str = ""
    """critical, high, medium, low; overrides nothing the source states, fills what it leaves empty."""
    place: SourceLine | None = None
    """Where it stands in its pack file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One requirement: a check with its parameters, on the subjects it selects."""

    id: str
    """Unique within its pack, kebab-case, never reused."""
    pack: str
    title: str
    check: Check
    selector: Selector
    severity: Severity | None
    """As stated; None derives it (see `severity.derive`)."""
    controls: tuple[ControlMapping, ...] = ()
    remediation: str = ""
    place: SourceLine | None = None
    """Where the rule stands in its pack file."""
    judged_in: str = ""
    """Id of the pack that judges this inherited rule for all that share it; empty when this pack does."""
    also_in: tuple[str, ...] = ()
    """Ids of the packs for which this one judges the rule."""
    origins: tuple[Origin, ...] = ()
    """Which line of which file set each effective value."""
    replaces: tuple[SourceLine, ...] = ()
    """Where the rules of the same id stand that this one replaced, base first."""
    attestations: tuple[Attestation, ...] = ()
    """What people attest for it, or for a control it is mapped to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPack:
    """A versioned bundle of rules with the organisation's own words for its secrets."""

    id: str
    title: str
    version: str
    document: Document
    classes: tuple[SecretClass, ...]
    roles: Mapping[str, tuple[str, ...]]
    """Role → globs over backend principals."""
    rules: tuple[Rule, ...]
    digest: str
    """sha256 of the effective pack, hex."""
    disabled: Mapping[str, str]
    """Id of a rule an overlay switched off → the reason given."""
    notes: tuple[str, ...] = ()
    """What a reader should know, e.g. an ambiguous period word with the reading taken."""
    parameters: tuple[ParameterOrigin, ...] = ()
    """Every parameter in force, sorted by id."""

    def class_of(self, subject: Subject) -> SecretClass | None:
        """The first class that matches, or None: an unmatched secret is unclassified, never a default."""
        return next((c for c in self.classes if c.selector.matches(subject, "")), None)


class WaiverState(StrEnum):
    """Where a waiver stands at a given moment."""

    PENDING = "pending"
    """Its first day has not come."""
    ACTIVE = "active"
    EXPIRING = "expiring"
    """Active, with 14 days or fewer left."""
    EXPIRED = "expired"
    UNUSED = "unused"
    """In force, but nothing it accepts is failing."""
    MALFORMED = "malformed"
    """In force, but too long or with too few approvers for each failure it is about: it accepts none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """An accepted failure: who, why, until when. It never changes an outcome."""

    id: str
    rule: str
    """Rule id, or empty when `control` says which."""
    control: str
    """`framework:control`, or empty."""
    selector: Selector
    reason: str
    ticket: str
    requested_by: str
    approved_by: tuple[str, ...]
    starts: date
    until: date
    """Inclusive, UTC."""
    compensating_control: str = ""
    place: SourceLine | None = None
    limits: WaiverLimits = field(default_factory=WaiverLimits)

    def valid_on(self, day: date) -> bool:
        """Whether the waiver is in force on `day` (UTC)."""
        return self.starts <= day <= self.until

    def refusal(self, severity: Severity, day: date) -> str:
        """Why it does not accept a failure of `severity` on `day` (UTC); empty when it does.

        The one place that decides whether a waiver counts: for the gate and for every report.
        """
        if not self.valid_on(day):
            return f"it is in force from {self.starts} to {self.until} only"
        return self.limits.fault(
            severity, approvers=len(self.approved_by), starts=self.starts, until=self.until
        )

    def state_on(self, day: date, *, used: bool, refused: bool = False) -> WaiverState:
        """Where the waiver stands on `day`: `used` tells whether it accepts a failing finding, `refused`
        whether it is about one that it must not accept.
        """
        if day < self.starts:
            return WaiverState.PENDING
        if day > self.until:
            return WaiverState.EXPIRED
        if not used:
            return WaiverState.MALFORMED if refused else WaiverState.UNUSED
        return WaiverState.EXPIRING if (self.until - day).days <= 14 else WaiverState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything loaded for one run."""

    packs: tuple[PolicyPack, ...]
    frameworks: tuple[Framework, ...]
    """The catalogues of the frameworks asked for."""
    waivers: tuple[Waiver, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    """All of them; each rule carries those that are about it."""
    digest: str = ""
    """sha256 over every pack, catalogue, waiver and attestation, hex."""

    @property
    def periods(self) -> Mapping[str, Duration]:
        """Rotation period by `pack/rule` id of every rule that states one."""
        return {
            f"{rule.pack}/{rule.id}": period
            for pack in self.packs
            for rule in pack.rules
            if (period := rule.check.rotation_period) is not None
        }
