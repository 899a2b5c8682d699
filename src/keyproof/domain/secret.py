"""What a backend says *about* a secret; no field can hold a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from keyproof.domain.access import AccessGrant, AccessLog, AuditTrail
from keyproof.domain.duration import Duration


class SubjectKind(StrEnum):
    """What a finding is about."""

    SECRET = "secret"  # noqa: S105 (a kind, not a value)
    KEY = "key"
    CERTIFICATE = "certificate"
    CREDENTIAL = "credential"
    LEAK = "leak"
    DOCUMENT = "document"
    REPOSITORY = "repository"


class Basis(StrEnum):
    """Where a date comes from, best evidence first: the order decides which date wins."""

    VERSION_CREATED = "version-created"
    ROTATION_EVENT = "rotation-event"
    LAST_ROTATED = "last-rotated"
    INVENTORY = "inventory"
    ROW_COMMIT = "row-commit"
    RECORD_CREATED = "record-created"


class Confidence(StrEnum):
    """How far a date can be trusted as the age of the value."""

    EXACT = "exact"
    UPPER_BOUND = "upper-bound"
    """The value is at least this old; it may be older."""
    DECLARED = "declared"
    """A person's claim."""


_BASIS_RANK = {basis: rank for rank, basis in enumerate(Basis)}


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedFact:
    """A date about the current value, with what it rests on."""

    at: datetime
    """Timezone-aware, UTC."""
    basis: Basis
    confidence: Confidence

    @property
    def rank(self) -> int:
        """Position of the basis in the order of evidence; lower wins."""
        return _BASIS_RANK[self.basis]


class VersionState(StrEnum):
    """The life of one version of a secret."""

    CURRENT = "current"
    PREVIOUS = "previous"
    PENDING = "pending"
    DELETED = "deleted"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretVersion:
    """One stored version; its value is never read."""

    id: str
    state: VersionState
    created_at: datetime | None = None
    expires_at: datetime | None = None

    @property
    def usable(self) -> bool:
        """Whether somebody holding the right to read could still read this version's value."""
        return self.state in {VersionState.CURRENT, VersionState.PREVIOUS, VersionState.PENDING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """The backend's own rotation of this secret."""

    enabled: bool
    interval: timedelta | None = None
    """The longest span between two rotations by the schedule; None when it has none or it is unreadable."""
    schedule: str = ""
    """As the backend states it, e.g. `cron(0 8 1 * ? *)`."""
    last_at: datetime | None = None
    next_at: datetime | None = None
    mechanism: str = ""
    """What performs it, e.g. a Lambda ARN or `managed by rds`."""
    problem: str = ""
    """Why the schedule could not be understood, or the backend's own last error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encryption:
    """How the backend encrypts the secret at rest."""

    encrypted: bool
    key: str = ""
    customer_managed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """A place in a file a person can open."""

    path: str
    line: int
    commit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryClaim:
    """What an inventory row written by a person says about a secret."""

    source: str
    """Id of the inventory source."""
    name: str
    place: SourceLine
    last_rotated: date | None = None
    next_rotation: date | None = None
    next_rotation_text: str = ""
    """The cell as written when it is no date, e.g. `On compromise`."""
    period: Duration | None = None
    status: str = ""
    """`current`, `due-soon`, `overdue` or the word as written, emoji removed; empty when the table has none."""
    problems: tuple[str, ...] = ()
    """Cells of the row that could not be understood, each with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretMetadata:
    """What is known about one secret, from one source."""

    id: str
    """Canonical URI, e.g. `aws-secrets-manager://ACCOUNT/REGION/NAME`."""
    name: str
    source: str
    """Id of the source in keyproof.yaml."""
    backend: str
    """Kind of the collector that read it."""
    scope: str
    """The region, mount, file … it was read from; joins with the scopes of the run."""
    kind: SubjectKind = SubjectKind.SECRET
    environment: str = ""
    owner: str = ""
    priority: str = ""
    """critical, high, medium, low, or empty."""
    type: str = ""
    """A type the source itself states, e.g. the Type column of an inventory."""
    tags: Mapping[str, str] = field(default_factory=dict)
    created_at: datetime | None = None
    facts: tuple[DatedFact, ...] = ()
    """Every date about the value's age, in any order."""
    versions: tuple[SecretVersion, ...] | None = None
    """None when the backend keeps or shows none."""
    rotation: Rotation | None = None
    """None when the backend has no rotation of its own or it could not be read."""
    expires_at: datetime | None = None
    encryption: Encryption | None = None
    replicas: tuple[str, ...] = ()
    deletion: datetime | None = None
    """When it was deleted or will be purged."""
    last_accessed_at: datetime | None = None
    grants: tuple[AccessGrant, ...] | None = None
    """None when access could not be read: never the same as no grants."""
    audit: tuple[AuditTrail, ...] | None = None
    """None when it could not be read: never the same as no trail."""
    access_log: AccessLog | None = None
    """None when no audit log was read for it: never the same as no use."""
    claims: tuple[InventoryClaim, ...] = ()
    """The row itself for an inventory secret, and the rows that declare it for a live one."""
    declares: tuple[str, ...] = ()
    """For an inventory row: ids of the live secrets it describes."""
    attributes: Mapping[str, str | int | bool] = field(default_factory=dict)
    """Facts only this backend has, e.g. `gitignored` of a .env file."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Field name → why it could not be read, with the missing permission."""
    place: SourceLine | None = None

    @property
    def value_date(self) -> DatedFact | None:
        """The best evidence for the age of the current value, or None when there is none.

        The better basis wins; of two facts with the same basis the later one.
        """
        best: DatedFact | None = None
        best_rank = len(_BASIS_RANK)
        for fact in self.facts:
            rank = _BASIS_RANK[fact.basis]
            if best is None or rank < best_rank or (rank == best_rank and fact.at > best.at):
                best, best_rank = fact, rank
        return best
