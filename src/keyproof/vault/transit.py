"""The keys of a transit engine: their versions with their times, and what may be done with them."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from keyproof.domain.assessment import Collected
from keyproof.domain.secret import (
    Basis,
    Confidence,
    DatedFact,
    Rotation,
    SecretMetadata,
    SecretVersion,
    SubjectKind,
    VersionState,
)
from keyproof.vault.entries import entries
from keyproof.vault.kv import go_time
from keyproof.vault.reading import Reading
from keyproof.vault.uses import transit_uses

_BITS = {"aes128-gcm96": 128, "aes256-gcm96": 256, "chacha20-poly1305": 256, "xchacha20-poly1305": 256}
_FLAGS = (
    "exportable",
    "deletion_allowed",
    "allow_plaintext_backup",
    "imported_key",
    "derived",
    "soft_deleted",
)


def transit_secrets(reading: Reading) -> Iterator[Collected]:
    """Every key of the mount, and a gap for each that may not be read."""
    yield from entries(reading, "keys", _key)


def _key(reading: Reading, name: str, data: Mapping[str, Any]) -> SecretMetadata:
    latest = int(data.get("latest_version") or 0)
    # A version below min_decryption_version is not listed: nobody can use it until the limit is lowered.
    versions = tuple(
        _version(number, said, latest) for number, said in sorted(data["keys"].items(), key=_number)
    )
    current = next((version.created_at for version in versions if version.id == str(latest)), None)
    period = timedelta(seconds=int(data.get("auto_rotate_period") or 0))
    first = next((version.created_at for version in versions if version.id == "1"), None)
    return reading.bare(
        f"keys/{name}",
        uses=transit_uses(reading.mount.full, name),
        kind=SubjectKind.KEY,
        created_at=first,
        facts=_facts(current),
        versions=versions,
        rotation=Rotation(
            enabled=bool(period),
            interval=period or None,
            last_at=current if latest > 1 else None,
            next_at=current + period if current and period else None,
            mechanism="transit engine" if period else "",
        ),
        attributes=_attributes(data, latest),
        unread={} if current else {"facts": "the server states no time for the latest version"},
    )


def _facts(current: datetime | None) -> tuple[DatedFact, ...]:
    if current is None:
        return ()
    return (DatedFact(at=current, basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT),)


def _number(pair: tuple[str, Any]) -> int:
    return int(pair[0])


def _version(number: str, said: Any, latest: int) -> SecretVersion:
    """A version of a symmetric key is its time in seconds since 1970, one of a key pair has fields."""
    at = (
        go_time(said.get("creation_time")) if isinstance(said, Mapping) else datetime.fromtimestamp(said, UTC)
    )
    state = VersionState.CURRENT if int(number) == latest else VersionState.PREVIOUS
    return SecretVersion(id=number, state=state, created_at=at)


def _attributes(data: Mapping[str, Any], latest: int) -> dict[str, str | int | bool]:
    kind = str(data.get("type") or "")
    found: dict[str, str | int | bool] = {"latest-version": latest, "algorithm": kind}
    family, _, bits = kind.partition("-")
    if kind in _BITS:
        found |= {"key-type": family.rstrip("0123456789"), "key-bits": _BITS[kind]}
    elif family == "rsa" and bits.isdecimal():
        found |= {"key-type": "rsa", "key-bits": int(bits)}
    found |= {flag.replace("_", "-"): bool(data[flag]) for flag in _FLAGS if flag in data}
    for limit in ("min_decryption_version", "min_encryption_version"):
        found[limit.replace("_", "-")] = int(data.get(limit) or 0)
    return found
