"""The protocol of a check and what it may know beyond its subject."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar, Protocol

from keyproof.domain.attestation import Attestation
from keyproof.domain.duration import Duration
from keyproof.domain.leak import Leak
from keyproof.domain.secret import SecretMetadata, SubjectKind
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Severity, Verdict

SECRET_KINDS = frozenset(
    {SubjectKind.SECRET, SubjectKind.KEY, SubjectKind.CERTIFICATE, SubjectKind.CREDENTIAL}
)
"""The kinds that `SecretMetadata` stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything collected in one run, sorted by id."""

    secrets: tuple[SecretMetadata, ...] = ()
    leaks: tuple[Leak, ...] = ()
    inventory_sources: frozenset[str] = frozenset()
    """Ids of the sources whose rows are a person's declarations."""
    complete_sources: frozenset[str] = frozenset()
    """Ids of the sources every scope of which was read in full: only their absences mean anything."""
    live_sources: frozenset[str] = frozenset()
    """Ids of the sources that read secrets from backends, whether or not they could be read."""
    derived: dict[str, Any] = field(init=False, repr=False, compare=False, default_factory=dict)
    """What checks worked out from the whole of it, so that they do so once, not for every subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a check may know: the time, the whole inventory, and its pack's own words."""

    now: datetime
    """Timezone-aware, UTC; the only clock a check has."""
    inventory: Inventory = field(default_factory=Inventory)
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Role → globs over backend principals."""
    secret_class: str = ""
    """Class of the subject in the rule's pack; empty when unclassified."""
    classes: Mapping[str, str] = field(default_factory=dict)
    """Subject id → class in the rule's pack, for every classified secret."""
    has_classes: bool = False
    """Whether the pack declares classes at all."""
    period: Duration | None = None
    """The rotation period the pack's other rules set for this subject; None when no rule does."""
    period_rule: str = ""
    """Id of the rule that set `period`."""
    attestations: tuple[Attestation, ...] = ()
    """What people attest for the rule that is judged, or for a control it is mapped to."""

    @property
    def today(self) -> date:
        """The UTC calendar date of `now`."""
        return self.now.date()


class Check(Protocol):
    """How a rule is decided: parameters plus a pure, total evaluation."""

    kind: ClassVar[str]
    """Kebab-case id, the same in YAML, file, class, test and docs."""
    subjects: ClassVar[frozenset[SubjectKind]]
    """The kinds of subject it can judge; a rule never selects others."""
    base_severity: ClassVar[Severity]
    """Severity of a failure before class, environment and lateness are weighed."""

    @property
    def rotation_period(self) -> Duration | None:
        """The rotation period this check demands, or None when it is not about one."""
        ...

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Judge `subject`; missing evidence is NOT_EVALUATED, never PASS. Raises nothing."""
        ...

    def grounds(self, subject: Subject, context: Context) -> Hashable | None:
        """Everything that `evaluate` rests on and that differs between subjects, where many are alike in it.

        That is of the subject itself, and of the context its class and period. Of the subjects with equal
        grounds in one run one is judged, and its verdict is that of all. None when this one has to be.
        """
        ...
