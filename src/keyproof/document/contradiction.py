"""Two statements that cannot both be kept, each with its place."""

from dataclasses import dataclass
from enum import StrEnum

from keyproof.document.facts import Place


class Kind(StrEnum):
    """What two statements disagree about."""

    PERIOD = "period"
    """Two rotation periods for the same secrets."""
    NEXT_DATE = "next-date"
    """A stated next rotation that the period does not give."""
    STATUS_ORDER = "status-order"
    """Statuses that are wrong on every day: the later due date has the more urgent word."""
    STANDARD = "standard"
    """A period said to come from a standard that names none."""
    FLAT_THRESHOLD = "flat-threshold"
    """One age for all where the periods differ."""
    NOT_TRACKED = "not-tracked"
    """A secret with a period that the table of rotations leaves out."""
    NOT_SCHEDULED = "not-scheduled"
    """A secret with a period that the document's schedule leaves out."""
    NOT_STORED = "not-stored"
    """A secret with a period that no storage step of the document mentions."""
    ROTATED_NAME = "rotated-name"
    """A procedure that replaces another name than the one that was stored."""
    LADDER = "ladder"
    """An alert as early as the period is long: it never ends."""
    LADDER_MEANING = "ladder-meaning"
    """Days that can be lead times or periods."""
    TWO_CLASSES = "two-classes"
    """A secret that two entries of the schedule fit, with different periods."""
    UNSCHEDULED = "unscheduled"
    """A listed secret that no entry of the schedule fits."""
    NOT_A_SECRET = "not-a-secret"  # noqa: S105 (a kind, not a value)
    """An identifier or public key treated as a secret."""
    AMBIGUOUS_WORD = "ambiguous-word"
    """A period word with two meanings."""
    EXPIRY = "expiry"
    """Every secret has to expire, and one has no date."""
    STORAGE = "storage"
    """Two places of storage that exclude each other."""
    ENVIRONMENT = "environment"
    """Environments the rules are about and the inventory is not."""
    PLACEHOLDER = "placeholder"
    """Something to be kept current that was never filled in."""
    COMMAND = "command"
    """A command that its tool does not take as written."""
    STEP = "step"
    """A step named after one system, with commands for another."""
    MOUNT = "mount"
    """An engine mounted at one place and read at another."""
    TWO_VALUES = "two-values"
    """An account made with one password and used with another."""
    TOO_MUCH = "too-much"
    """More rights than a rule of least privilege lets anybody have."""
    IN_CLEAR = "in-clear"
    """A secret manager spoken to without TLS."""
    MESSAGE_ONLY = "message-only"
    """An automatic rotation that only sends a message."""
    BASE64 = "base64"
    """Kubernetes secrets as a place of storage, without a word on encryption at rest."""
    CACHED = "cached"
    """Code that keeps a value longer than a rotation lets it live."""
    MASK = "mask"
    """An example that logs a part of a value."""
    DEFAULT = "default"
    """An example with a value for a secret that must not be missing."""
    RECIPE = "recipe"
    """A recipe that does not give what the strength demands."""
    NO_PERIOD = "no-period"
    """A rotation told without a period, where another document states one."""
    ACCESS_REVIEW = "access-review"
    DEADLINE = "deadline"
    """How soon a compromised secret is replaced."""
    DOCUMENT_REVIEW = "document-review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Two places, what each says, and why both cannot be kept."""

    kind: Kind
    subject: str
    first: Place
    first_value: str
    second: Place
    second_value: str
    reason: str

    def __str__(self) -> str:
        return (
            f"{self.kind}: {self.subject}: {self.first} says {self.first_value}, "
            f"{self.second} says {self.second_value}; {self.reason}"
        )

    @property
    def key(self) -> tuple[str, Place, Place, str, str]:
        """The order in which contradictions are reported."""
        return self.kind, self.first, self.second, self.subject, self.second_value
