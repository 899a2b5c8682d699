"""What Secret Manager says about one secret and its versions, and never a value.

Field meanings: https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from keyproof.domain.secret import (
    Basis,
    Confidence,
    DatedFact,
    Encryption,
    Rotation,
    SecretVersion,
    VersionState,
)
from keyproof.rest.reading import moment

_OLDEST = datetime.min.replace(tzinfo=UTC)
_STATES = {"DISABLED": VersionState.DELETED, "DESTROYED": VersionState.DESTROYED}
_SECONDS = re.compile(r"([0-9]+)(\.[0-9]+)?s")

Item = Mapping[str, Any]


def versions_of(items: Iterable[Item]) -> tuple[SecretVersion, ...]:
    """The versions, newest first: the newest enabled one is current, nobody can read a disabled one."""
    listed = sorted(
        items, key=lambda item: (moment(item.get("createTime")) or _OLDEST, _number(item)), reverse=True
    )
    current = next((item for item in listed if item.get("state") == "ENABLED"), None)
    return tuple(
        SecretVersion(
            id=str(item["name"]).rpartition("/")[2],
            state=VersionState.CURRENT
            if item is current
            else _STATES.get(str(item.get("state")), VersionState.PREVIOUS),
            created_at=moment(item.get("createTime")),
            expires_at=moment(item.get("scheduledDestroyTime")),
        )
        for item in listed
    )


def facts_of(record: Item, versions: Iterable[SecretVersion]) -> tuple[DatedFact, ...]:
    """When the current version was made, and when the secret was."""
    facts = [
        DatedFact(at=version.created_at, basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT)
        for version in versions
        if version.state is VersionState.CURRENT and version.created_at is not None
    ]
    if created := moment(record.get("createTime")):
        facts.append(DatedFact(at=created, basis=Basis.RECORD_CREATED, confidence=Confidence.UPPER_BOUND))
    return tuple(facts)


def rotation_of(record: Item) -> Rotation | None:
    """Google's own rotation, which only secrets of some types have; a plain schedule sends messages and no more."""
    said = record.get("rotation") or {}
    status = said.get("managedRotationStatus")
    if not isinstance(status, Mapping):
        return None
    failed = status.get("error") or {}
    return Rotation(
        enabled=status.get("state") == "ACTIVE",
        schedule=str(said.get("rotationPeriod") or ""),
        next_at=moment(said.get("nextRotationTime")),
        mechanism="managed by Google",
        problem=str(failed.get("message") or "") if isinstance(failed, Mapping) else "",
    )


def encryption_of(record: Item) -> tuple[Encryption, tuple[str, ...]]:
    """How it is encrypted, and the locations it is copied to; one without a key of one's own decides."""
    replication = record.get("replication") or {}
    chosen = (replication.get("userManaged") or {}).get("replicas") or ()
    places = [*chosen] or [{**(replication.get("automatic") or {}), **record}]
    keys = [str((place.get("customerManagedEncryption") or {}).get("kmsKeyName") or "") for place in places]
    own = all(keys)
    named = ", ".join(sorted(set(keys))) if own else "Google's own"
    locations = tuple(sorted(str(place["location"]) for place in chosen))
    return Encryption(encrypted=True, key=named, customer_managed=own), locations


def attributes_of(record: Item, versions: Iterable[SecretVersion]) -> dict[str, str | int | bool]:
    """What only Secret Manager has."""
    found: dict[str, str | int | bool] = {}
    said = record.get("rotation") or {}
    if (seconds := seconds_of(said.get("rotationPeriod"))) is not None:
        found["rotation-notice-days"] = seconds // 86_400
    if at := moment(said.get("nextRotationTime")):
        found["next-rotation-notice"] = at.isoformat()
    if topics := [str(topic.get("name")) for topic in record.get("topics") or ()]:
        found["topics"] = ", ".join(sorted(topics))
    if aliases := record.get("versionAliases"):
        found["version-aliases"] = ", ".join(f"{name}={number}" for name, number in sorted(aliases.items()))
    if delay := record.get("versionDestroyTtl"):
        found["version-destroy-delay"] = str(delay)
    newest = next(iter(versions), None)
    if newest is not None and not newest.usable:
        found["newest-version-disabled"] = True
    return found


def seconds_of(duration: object) -> int | None:
    """The whole seconds of a duration as Google writes it, e.g. `7776000s`; None for anything else."""
    found = _SECONDS.fullmatch(str(duration or ""))
    return int(found[1]) if found else None


def _number(item: Item) -> int:
    text = str(item["name"]).rpartition("/")[2]
    return int(text) if text.isdecimal() else 0
