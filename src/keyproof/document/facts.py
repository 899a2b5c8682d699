"""What a policy document states, one typed fact a statement, each with its line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from keyproof.domain.duration import Duration
from keyproof.inventory.merge import Merged
from keyproof.inventory.reading import Reading


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """Where something is stated; a standard has no line."""

    path: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


class Source(StrEnum):
    """In which form a document states a rotation period."""

    TABLE = "table"
    GROUP = "group"
    """A heading or sentence with a period, and a list of names below it."""
    PROCEDURE = "procedure"
    LIST = "list"
    CLAIM = "claim"
    """Said to be demanded by a standard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A rotation period and the secrets it is for."""

    place: Place
    title: str
    names: tuple[str, ...]
    period: Duration
    source: Source
    shown: str
    """The period as written."""
    environment: str = ""
    priority: str = ""
    standard: str = ""
    """The standard it is said to come from."""
    everything: bool = False
    """Whether it is for every secret."""
    places: Mapping[str, Place] = field(default_factory=dict)
    """Name → its own line, where the names stand on lines of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """A heading under which a secret's rotation is told."""

    place: Place
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """An event after which secrets are rotated, whatever the calendar says."""

    place: Place
    subject: str
    event: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grace:
    """How long an old credential may live beside the new one."""

    place: Place
    subject: tuple[str, ...]
    """Names from the heading of the procedure; empty for every secret."""
    period: Duration
    shown: str
    final: bool = False
    """Whether this is when what is disabled already is deleted for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A step of an alert ladder."""

    place: Place
    lead: Duration
    """How long before the due date; zero for the day itself."""
    word: str
    """`warning`, `critical`, `emergency`; empty where the document names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleAccess:
    """A row of an access matrix."""

    place: Place
    role: str
    environments: Mapping[str, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of the answer to a compromise, with the time it may take."""

    place: Place
    title: str
    within: Duration
    replaces: bool
    """Whether the secret is replaced in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A place where secrets may or may not be kept."""

    place: Place
    storage: tuple[str, ...]
    """Backend kinds, or words such as `environment-variable` and `plain-text-file`."""
    environments: tuple[str, ...] = ()
    subject: str = ""
    allowed: bool = True
    shown: str = ""


class Verb(StrEnum):
    """What a command does with a stored secret."""

    CREATE = "create"
    UPDATE = "update"
    ROTATE = "rotate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A command of the document that names a secret in a backend."""

    place: Place
    name: str
    backend: str
    verb: Verb
    every: int | None = None
    """Days between two automatic rotations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A secret that a list of the document names and describes."""

    place: Place
    name: str
    context: str
    """Its description and the heading above it."""
    section: Place
    """The heading above it, or its own line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command or a line of code that the document shows, its continued lines joined."""

    place: Place
    text: str
    comment: str
    """The comment on the line above it."""
    step: str
    """The entry or heading it is told under."""
    step_place: Place


class Duty(StrEnum):
    """A requirement without an object of its own."""

    NEVER_COMMITTED = "never-committed"
    GITIGNORED = "gitignored"
    EXAMPLE_FILE = "example-file"
    ENCRYPTED = "encrypted"
    IN_TRANSIT = "in-transit"
    ISOLATED = "isolated"
    """Another value in every environment."""
    LOGGED = "logged"
    RETENTION = "retention"
    ACCESS_REVIEW = "access-review"
    EXPIRY = "expiry"
    INVENTORY = "inventory"
    CONTACTS = "contacts"
    PLACEHOLDER = "placeholder"
    THRESHOLD = "threshold"
    ACTIVITY = "activity"
    """Something people do at a frequency."""
    NOT_LOGGED = "not-logged"
    """No value in logs."""
    FAIL_FAST = "fail-fast"
    """No start without the secrets."""
    LEAST_PRIVILEGE = "least-privilege"
    MESSAGE_ONLY = "message-only"
    """An automatic rotation that only sends a message."""


UNCHECKED = frozenset({Duty.NOT_LOGGED, Duty.FAIL_FAST, Duty.LEAST_PRIVILEGE, Duty.MESSAGE_ONLY})
"""Demands that no check answers; they are read to be held against the document's own examples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One requirement of a document."""

    place: Place
    duty: Duty
    period: Duration | None = None
    shown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strong:
    """How strong the values of some secrets, or the keys of some algorithm, have to be."""

    place: Place
    subject: tuple[str, ...]
    """Names from the heading or the entry; empty for every secret."""
    demands: Mapping[str, int] = field(default_factory=dict)
    """`bits`, `length`, `character-classes`."""
    prefix: str = ""
    """By which values are known."""
    keys: Mapping[str, int] = field(default_factory=dict)
    """Type of key → the fewest bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a document says of itself."""

    title: str = ""
    owner: str = ""
    version: str = ""
    updated: date | None = None
    review: Duration | None = None
    approver: str = ""
    approvals: int = 0
    """How many must approve a change."""
    places: Mapping[str, Place] = field(default_factory=dict)
    """Field → its line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A statement that becomes no check, and why."""

    place: Place
    text: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyText:
    """One policy document as data."""

    path: str
    about: About
    schedules: tuple[Schedule, ...]
    procedures: tuple[Procedure, ...]
    triggers: tuple[Trigger, ...]
    graces: tuple[Grace, ...]
    rungs: tuple[Rung, ...]
    access: tuple[RoleAccess, ...]
    steps: tuple[Step, ...]
    kept: tuple[Kept, ...]
    stored: tuple[Stored, ...]
    named: tuple[Named, ...]
    """What its lists call secrets."""
    mentions: tuple[Named, ...]
    """Variables that its procedures replace."""
    commands: tuple[Command, ...]
    demands: tuple[Demand, ...]
    strong: tuple[Strong, ...]
    inventory: Reading
    merged: Merged
    unread: tuple[Unread, ...]

    def of(self, duty: Duty) -> tuple[Demand, ...]:
        """The demands of one kind, in the order of the document."""
        return tuple(demand for demand in self.demands if demand.duty is duty)

    def at(self, line: int) -> Place:
        """The place of a line of this document."""
        return Place(path=self.path, line=line)
