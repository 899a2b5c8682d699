"""Who may do what with a secret, and whether reading it leaves a trace."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Action(StrEnum):
    """What a grant lets a principal do, in the field's common denominator."""

    READ = "read"
    """Read the value."""
    LIST = "list"
    """See that it exists, and its metadata."""
    WRITE = "write"
    """Write a new value or version."""
    ADMIN = "admin"
    """Change policies, delete, or grant."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class AccessGrant:
    """One way by which a principal reaches a secret."""

    principal: str
    """Backend-native, e.g. `arn:aws:iam::111122223333:role/ci`, `auth/approle/role/ci`, `*` for anyone."""
    actions: tuple[Action, ...]
    via: str
    """The policy or binding that grants it, e.g. `resource policy` or `policy dev-read`."""
    effect: str = "allow"
    """`allow` or `deny`; an explicit deny wins over every allow."""
    condition: str = ""
    """A condition the backend attaches, named but not evaluated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTrail:
    """One place where accesses to a secret are recorded."""

    sink: str
    """e.g. `file/ (file)`, `arn:aws:cloudtrail:…:trail/main`."""
    enabled: bool
    covers_reads: bool | None = None
    """None when the backend does not say."""
    retention: timedelta | None = None
    """None when the backend does not say."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class AccessEvent:
    """One recorded use of a secret; the record never holds a value."""

    at: datetime
    """Timezone-aware, UTC."""
    principal: str
    """Backend-native, as in `AccessGrant`."""
    action: Action = Action.READ
    allowed: bool = True
    """False for an attempt that the backend refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLog:
    """What an audit log shows about one secret: its events, and the time for which they are all of them.

    A principal's equal uses of one UTC day may be told as one event, with the time of the last.
    """

    sink: str
    """Where it was read, as in `AuditTrail`."""
    since: datetime
    until: datetime
    """Every recorded use from `since` to `until` stands in `events`; outside of it nothing is known."""
    events: tuple[AccessEvent, ...] = ()
