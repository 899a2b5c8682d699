"""Builders of the domain's subjects with defaults, so that a test states only what it is about."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from keyproof.domain.access import AccessEvent, AccessGrant, AccessLog, Action, AuditTrail
from keyproof.domain.attestation import Attestation
from keyproof.domain.check import Context, Inventory
from keyproof.domain.duration import Duration, parse_duration
from keyproof.domain.leak import Coverage, Leak, LeakConfidence, Occurrence
from keyproof.domain.secret import (
    Basis,
    Confidence,
    DatedFact,
    InventoryClaim,
    SecretMetadata,
    SecretVersion,
    SourceLine,
    VersionState,
)
from keyproof.domain.subject import Document, Repository
from keyproof.domain.verdict import Verdict

CONFIDENCE = {
    Basis.VERSION_CREATED: Confidence.EXACT,
    Basis.ROTATION_EVENT: Confidence.EXACT,
    Basis.LAST_ROTATED: Confidence.EXACT,
    Basis.INVENTORY: Confidence.DECLARED,
    Basis.ROW_COMMIT: Confidence.DECLARED,
    Basis.RECORD_CREATED: Confidence.UPPER_BOUND,
}
"""How far a date of each basis is usually trusted."""


def utc(moment: str | datetime) -> datetime:
    """A moment: `2025-10-05` is midnight UTC, `2025-10-05T12:00+02:00` keeps its instant."""
    parsed = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def fact(
    at: str | datetime, basis: Basis = Basis.VERSION_CREATED, confidence: Confidence | None = None
) -> DatedFact:
    """A date about a value's age; trusted as its basis usually is."""
    return DatedFact(at=utc(at), basis=basis, confidence=confidence or CONFIDENCE[basis])


def secret(
    name: str = "acme/production/openai-api-key", *facts: DatedFact, value: str = "", **fields: Any
) -> SecretMetadata:
    """A live secret of an AWS account; `value` is the day its current version was created."""
    defaults: dict[str, Any] = {
        "id": f"aws-secrets-manager://111122223333/us-east-1/{name}",
        "source": "aws",
        "backend": "aws-secrets-manager",
        "scope": "us-east-1",
        "facts": (*facts, fact(value)) if value else facts,
    }
    return SecretMetadata(name=name, **(defaults | fields))


def row(
    name: str = "OpenAI API Key",
    *,
    last: str = "",
    next_rotation: str = "",
    period: str = "",
    status: str = "",
    problems: tuple[str, ...] = (),
    line: int = 7,
    **fields: Any,
) -> SecretMetadata:
    """A row of an inventory table; `last` is the rotation it claims, `next_rotation` a date or words."""
    stated = _day(next_rotation)
    claim = InventoryClaim(
        source="table",
        name=name,
        place=SourceLine(path="docs/secrets.md", line=line),
        last_rotated=_day(last),
        next_rotation=stated,
        next_rotation_text="" if stated else next_rotation,
        period=parse_duration(period) if period else None,
        status=status,
        problems=problems,
    )
    defaults: dict[str, Any] = {
        "id": f"inventory://docs/secrets.md#{name}",
        "source": "table",
        "backend": "inventory",
        "scope": "docs/secrets.md",
        "facts": (fact(last, Basis.INVENTORY),) if last else (),
        "claims": (claim,),
        "place": claim.place,
    }
    return SecretMetadata(name=name, **(defaults | fields))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def version(
    identifier: str, state: VersionState, created: str | None = None, *, expires: str | None = None
) -> SecretVersion:
    """One stored version."""
    return SecretVersion(
        id=identifier,
        state=state,
        created_at=utc(created) if created else None,
        expires_at=utc(expires) if expires else None,
    )


def grant(principal: str, *actions: Action, via: str = "resource policy", **fields: Any) -> AccessGrant:
    """A grant, to read unless told otherwise."""
    return AccessGrant(principal=principal, actions=actions or (Action.READ,), via=via, **fields)


def trail(sink: str = "file/ (file)", *, retention: timedelta | None = None, **fields: Any) -> AuditTrail:
    """An audit trail that is on and covers reads unless told otherwise."""
    return AuditTrail(sink=sink, retention=retention, **({"enabled": True, "covers_reads": True} | fields))


def access_log(*events: AccessEvent, since: str = "2025-07-01", until: str = "2025-10-05T12:00") -> AccessLog:
    """An audit log that shows the three months before the usual moment."""
    return AccessLog(sink="trail/main", since=utc(since), until=utc(until), events=events)


def event(at: str, principal: str = "ops-bo", action: Action = Action.READ, **fields: Any) -> AccessEvent:
    """A use of a secret, a read by somebody of operations unless told otherwise."""
    return AccessEvent(at=utc(at), principal=principal, action=action, **fields)


def attestation(at: str = "2025-09-01", every: str = "quarterly", **fields: Any) -> Attestation:
    """Ana's word for the rule `drill`."""
    defaults: dict[str, Any] = {
        "id": "drill-1",
        "rule": "drill",
        "control": "",
        "statement": "The drill took place.",
    }
    defaults |= {"by": "Ana"}
    return Attestation(at=date.fromisoformat(at), every=parse_duration(every), **(defaults | fields))


def occurrence(
    path: str = "app/settings.py", introduced: str | None = "2025-09-01", **fields: Any
) -> Occurrence:
    """A place in history where a leak stands; `introduced` None means git does not hold it."""
    defaults: dict[str, Any] = {"line": 3, "column": 11, "end_line": 3, "author": "Ana", "in_head": True}
    if introduced:
        defaults |= {"introduced_at": utc(introduced), "commit": "c0ffee" + "0" * 34, "blob": "b" * 40}
    return Occurrence(path=path, **(defaults | fields))


def leak(*occurrences: Occurrence, introduced: str | None = "2025-09-01", **fields: Any) -> Leak:
    """A likely leak of an OpenAI key in the repository `shop`, at one place unless told otherwise."""
    defaults: dict[str, Any] = {
        "fingerprint": "0123456789abcdef",
        "detector": "openai-api-key",
        "title": "OpenAI API key",
        "secret_class": "openai-key",
        "repository": "shop",
        "confidence": LeakConfidence.LIKELY,
        "preview": "openai-api-key, 51 characters",
    }
    return Leak(occurrences=occurrences or (occurrence(introduced=introduced),), **(defaults | fields))


def repository(name: str = "shop", *, leaks: int = 0, **coverage: Any) -> Repository:
    """A repository whose full history was searched."""
    searched: dict[str, Any] = {"mode": "history", "blobs_scanned": 120, "commits": 40, "refs": 3}
    return Repository(name=name, leaks=leaks, coverage=Coverage(repository=name, **(searched | coverage)))


def document(*, reviewed: str = "", every: str = "", approved_by: tuple[str, ...] = ()) -> Document:
    """A policy pack as a document."""
    return Document(
        pack="example",
        name="Example secrets policy",
        owner="Security",
        reviewed=_day(reviewed),
        review_every=parse_duration(every) if every else None,
        approved_by=approved_by,
    )


def context(
    now: str | datetime = "2025-10-05T12:00",
    *secrets: SecretMetadata,
    tables: Iterable[str] = (),
    complete: Iterable[str] | None = None,
    live: Iterable[str] = (),
    period: str | Duration | None = None,
    classes: Mapping[str, str] | None = None,
    **fields: Any,
) -> Context:
    """What a check knows at `now`; every source of `secrets` counts as read in full unless `complete` says."""
    sources = {secret.source for secret in secrets} | set(tables)
    inventory = Inventory(
        secrets=tuple(sorted(secrets, key=lambda secret: secret.id)),
        inventory_sources=frozenset(tables),
        complete_sources=frozenset(sources if complete is None else complete),
        live_sources=frozenset(live),
    )
    return Context(
        now=utc(now),
        inventory=inventory,
        period=parse_duration(period) if isinstance(period, str) else period,
        classes=classes or {},
        **fields,
    )


def evidence_of(verdict: Verdict) -> dict[str, str]:
    """The evidence of a verdict by name."""
    return {item.name: item.value for item in verdict.evidence}
