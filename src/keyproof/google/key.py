"""What Cloud KMS says about one key and its versions, and never more than their public description.

Field meanings: https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from keyproof.domain.secret import Basis, Confidence, DatedFact, Rotation
from keyproof.google.secret import seconds_of
from keyproof.rest.reading import moment

_OLDEST = datetime.min.replace(tzinfo=UTC)
_ROTATED = "ENCRYPT_DECRYPT"
"""The one purpose whose keys Cloud KMS rotates."""
_ELSEWHERE = ("EXTERNAL", "EXTERNAL_VPC")
_STATES = (
    ("ENABLED", "enabled"),
    ("PENDING_GENERATION", "pending"),
    ("PENDING_IMPORT", "pending"),
    ("DISABLED", "disabled"),
    ("DESTROY_SCHEDULED", "destroy-scheduled"),
)
"""State of a version → of the key; the first that any version has decides."""
_GONE = frozenset({"destroyed", "destroy-scheduled"})
_LENGTH = re.compile(r"(?:RSA_\w+?_|EC_SIGN_P|EC_SIGN_SECP|KEM_ECDH_P)([0-9]{3,4})(?![0-9])")
_HMAC = {
    "HMAC_SHA1": 160,
    "HMAC_SHA224": 224,
    "HMAC_SHA256": 256,
    "HMAC_SHA384": 384,
    "HMAC_SHA512": 512,
}

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What the versions of a key are together."""

    facts: tuple[DatedFact, ...]
    attributes: Mapping[str, str | int | bool]
    deletion: datetime | None
    """When the last version is or was destroyed; None while one is kept."""


def material_of(record: Item, versions: Sequence[Item] | None) -> Material:
    """The version in use: the primary one, of other purposes the newest that is enabled.

    Where the versions could not be read (None), the primary one is all that is known.
    """
    primary = record.get("primary") or {}
    current = _current(primary, versions or ())
    algorithm = str((current or record.get("versionTemplate") or {}).get("algorithm") or "")
    attributes: dict[str, str | int | bool] = {}
    if algorithm:
        attributes["key-type"] = algorithm
    if bits := bits_of(algorithm):
        attributes["key-bits"] = bits
    if primary and primary.get("state") != "ENABLED":
        attributes["primary-disabled"] = True
    if versions is None:
        return Material(facts=_facts(current), attributes=attributes, deletion=None)
    held = Counter(str(version.get("state")) for version in versions)
    state = next((told for one, told in _STATES if held[one]), "destroyed" if versions else "empty")
    attributes |= {
        "state": state,
        "enabled": state == "enabled",
        "versions": len(versions),
        "enabled-versions": held["ENABLED"],
    }
    ends = (moment(one.get("destroyEventTime") or one.get("destroyTime")) for one in versions)
    gone = max(filter(None, ends), default=None) if state in _GONE else None
    return Material(facts=_facts(current), attributes=attributes, deletion=gone)


def rotation_of(record: Item) -> Rotation | None:
    """The automatic rotation; None where Cloud KMS has none, as for signing, imported and most external keys."""
    level = str((record.get("versionTemplate") or {}).get("protectionLevel") or "")
    period = seconds_of(record.get("rotationPeriod"))
    possible = record.get("purpose") == _ROTATED and not record.get("importOnly") and level != "EXTERNAL"
    if not possible and period is None:
        return None
    interval = timedelta(seconds=period) if period is not None else None
    return Rotation(
        enabled=interval is not None,
        interval=interval,
        schedule=f"every {interval.days} days" if interval else "",
        next_at=moment(record.get("nextRotationTime")),
        mechanism="Cloud KMS",
    )


def attributes_of(record: Item) -> dict[str, str | int | bool]:
    """What holds for the key, whatever its versions are."""
    level = str((record.get("versionTemplate") or {}).get("protectionLevel") or "SOFTWARE")
    delay = seconds_of(record.get("destroyScheduledDuration"))
    return {
        "purpose": str(record.get("purpose") or ""),
        "protection-level": level,
        "hardware": level in {"HSM", "HSM_SINGLE_TENANT"},
        "import-only": record.get("importOnly") is True,
        **({"destroy-delay-days": delay // 86_400} if delay is not None else {}),
    }


def bits_of(algorithm: str) -> int | None:
    """The length of a key by the name of its algorithm, where the name alone does not tell it clearly."""
    found = _LENGTH.match(algorithm)
    return int(found[1]) if found else _HMAC.get(algorithm)


def _current(primary: Item, versions: Sequence[Item]) -> Item | None:
    if primary:
        return primary if primary.get("state") == "ENABLED" else None
    enabled = [one for one in versions if one.get("state") == "ENABLED"]
    return max(enabled, key=lambda one: moment(one.get("createTime")) or _OLDEST, default=None)


def _facts(current: Item | None) -> tuple[DatedFact, ...]:
    """The age of what is in use; what was imported or is kept elsewhere may be older than Google knows."""
    if current is None:
        return ()
    at = moment(current.get("generateTime") or current.get("createTime"))
    foreign = bool(current.get("importTime")) or current.get("protectionLevel") in _ELSEWHERE
    if at is None:
        return ()
    sure = Confidence.UPPER_BOUND if foreign else Confidence.EXACT
    return (DatedFact(at=at, basis=Basis.VERSION_CREATED, confidence=sure),)
