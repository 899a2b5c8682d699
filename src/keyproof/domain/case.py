"""A case of a policy's own tests: subjects made up by a person, and what a rule must say of one of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from keyproof.domain.attestation import Attestation
from keyproof.domain.policy import Policy
from keyproof.domain.secret import SourceLine
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Severity

NOT_SELECTED = "not-selected"
"""Expected where the rule must not be about the subject at all; else the value of an outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a case demands; everything but the outcome only where it is stated."""

    outcome: str
    """The value of an `Outcome`, or `not-selected`."""
    reason: str = ""
    """Part of the finding's reason, letter case aside."""
    due: date | None = None
    due_if_any: bool = False
    """Whether a finding without a due date is as good: some checks judge by a day they do not report."""
    severity: Severity | None = None
    alert: str | None = None
    """Rung of the alert ladder; empty for none."""
    waived: bool | None = None
    """Whether a waiver in force accepts the failure."""
    secret_class: str | None = None
    """The class that the pack gives the subject; empty for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One rule on one subject at one moment."""

    name: str
    rule: str
    subject: Subject
    beside: tuple[Subject, ...]
    """Other subjects of the same run: the live secret of a row, the secret that leaked."""
    unreadable: tuple[str, ...]
    """Ids of sources that could not be read in this run."""
    as_of: datetime
    with_waivers: bool
    expected: Expectation
    place: SourceLine
    attestations: tuple[Attestation, ...] | None = None
    """What people attest for the rule; None: what the attestations of the whole file say of it."""
    covers: tuple[str, ...] = ()
    """Numbers or names of the requirements, in some written document, that the case is evidence for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The cases of one file, with the policy they are about."""

    path: str
    policy: Policy
    """One pack with its waivers."""
    cases: tuple[Case, ...]
    environments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Environment → globs over names and ids of secrets, as in keyproof.yaml."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What came of a case."""

    case: Case
    faults: tuple[str, ...]
    """`expected …, found …` for everything that is not as demanded; empty when the case holds."""
    reason: str
    """The finding's own reason; empty when the rule is not about the subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCoverage:
    """A rule that a pack states itself, and how many cases try it."""

    rule: str
    pack: str
    place: SourceLine | None
    cases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteResult:
    """What came of a file of cases."""

    suite: Suite
    results: tuple[CaseResult, ...]
    coverage: tuple[RuleCoverage, ...]
    """Rules of the pack's own file; what it inherits is tested beside the pack that states it."""
