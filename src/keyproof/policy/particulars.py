"""What a test file says about parts of a secret: dates, versions, rotation, grants, trails and claims."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from keyproof.domain.access import AccessEvent, AccessGrant, AccessLog, Action, AuditTrail
from keyproof.domain.secret import (
    Basis,
    Confidence,
    DatedFact,
    Encryption,
    Rotation,
    SecretVersion,
    VersionState,
)
from keyproof.fields import DateField, DurationField, SpanField
from keyproof.policy.documents import TextField, YamlModel

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?")
_FIRST_YEAR, _LAST_YEAR = 1900, 9000
"""Days around every moment have to be in the calendar too."""
USUAL_CONFIDENCE = {
    Basis.VERSION_CREATED: Confidence.EXACT,
    Basis.ROTATION_EVENT: Confidence.EXACT,
    Basis.LAST_ROTATED: Confidence.EXACT,
    Basis.INVENTORY: Confidence.DECLARED,
    Basis.ROW_COMMIT: Confidence.DECLARED,
    Basis.RECORD_CREATED: Confidence.UPPER_BOUND,
}
"""How far a date of each basis is trusted unless the file says so."""


def _moment(value: Any) -> Any:
    if isinstance(value, datetime):
        return value
    if not (isinstance(value, str) and _MOMENT.fullmatch(value)):
        raise ValueError(f"a moment is written 2026-11-21 or 2026-11-21T12:00:00Z; found {value!r}")
    try:
        parsed = datetime.fromisoformat(value)
        moment = parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{value} is not in the calendar") from None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"{value} lies too far away; write a year from {_FIRST_YEAR} to {_LAST_YEAR}")
    return moment


MomentField = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "examples": ["2026-11-21", "2026-11-21T12:00:00Z"]}),
]
"""A day (its first second, UTC) or a moment, ISO 8601; without a zone it is UTC."""


class FactDocument(YamlModel):
    """A date about the value's age."""

    at: MomentField
    basis: Basis
    confidence: Confidence | None = None
    """Absent: as dates of this basis are usually trusted."""

    def fact(self) -> DatedFact:
        """As the domain has it."""
        return DatedFact(
            at=self.at, basis=self.basis, confidence=self.confidence or USUAL_CONFIDENCE[self.basis]
        )


class VersionDocument(YamlModel):
    """One stored version."""

    id: TextField
    state: VersionState
    created: MomentField | None = None
    expires: MomentField | None = None

    def version(self) -> SecretVersion:
        """As the domain has it."""
        return SecretVersion(id=self.id, state=self.state, created_at=self.created, expires_at=self.expires)


class RotationDocument(YamlModel):
    """The backend's own rotation."""

    enabled: bool
    interval: SpanField | None = None
    schedule: str = ""
    last: MomentField | None = None
    next: MomentField | None = None
    mechanism: str = ""
    problem: str = ""

    def rotation(self) -> Rotation:
        """As the domain has it."""
        return Rotation(
            enabled=self.enabled,
            interval=self.interval.approximate_span if self.interval else None,
            schedule=self.schedule,
            last_at=self.last,
            next_at=self.next,
            mechanism=self.mechanism,
            problem=self.problem,
        )


class EncryptionDocument(YamlModel):
    """How it is encrypted at rest."""

    encrypted: bool
    key: str = ""
    customer_managed: bool | None = None

    def encryption(self) -> Encryption:
        """As the domain has it."""
        return Encryption(encrypted=self.encrypted, key=self.key, customer_managed=self.customer_managed)


class GrantDocument(YamlModel):
    """One way by which a principal reaches the secret."""

    principal: TextField
    actions: Annotated[tuple[Action, ...], Field(min_length=1)] = (Action.READ,)
    via: str = "policy of the case"
    effect: Literal["allow", "deny"] = "allow"
    condition: str = ""

    def grant(self) -> AccessGrant:
        """As the domain has it."""
        return AccessGrant(
            principal=self.principal,
            actions=self.actions,
            via=self.via,
            effect=self.effect,
            condition=self.condition,
        )


class AuditDocument(YamlModel):
    """One place where accesses are recorded."""

    sink: TextField
    enabled: bool = True
    covers_reads: bool | None = True
    retention: SpanField | None = None

    def trail(self) -> AuditTrail:
        """As the domain has it."""
        return AuditTrail(
            sink=self.sink,
            enabled=self.enabled,
            covers_reads=self.covers_reads,
            retention=self.retention.approximate_span if self.retention else None,
        )


class EventDocument(YamlModel):
    """One recorded use."""

    at: MomentField
    principal: TextField
    action: Action = Action.READ
    allowed: bool = True


class AccessLogDocument(YamlModel):
    """What an audit log shows about the secret."""

    sink: TextField = "log of the case"
    since: MomentField
    until: MomentField
    events: tuple[EventDocument, ...] = ()

    def log(self) -> AccessLog:
        """As the domain has it."""
        events = (
            AccessEvent(at=event.at, principal=event.principal, action=event.action, allowed=event.allowed)
            for event in self.events
        )
        return AccessLog(sink=self.sink, since=self.since, until=self.until, events=tuple(sorted(events)))


class ClaimDocument(YamlModel):
    """What a row of an inventory says."""

    last_rotated: DateField | None = None
    next_rotation: DateField | None = None
    next_rotation_text: str = ""
    period: DurationField | None = None
    status: str = ""
