"""What a key vault says about one secret, key or certificate: its versions, dates and words, and never a value.

Field meanings: https://learn.microsoft.com/rest/api/keyvault/secrets/get-secrets/get-secrets.
"""

from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from keyproof.azure.config import ObjectKind
from keyproof.domain.duration import parse_duration
from keyproof.domain.secret import (
    Basis,
    Confidence,
    DatedFact,
    Rotation,
    SecretVersion,
    SubjectKind,
    VersionState,
)

SUBJECTS = {
    ObjectKind.SECRETS: SubjectKind.SECRET,
    ObjectKind.KEYS: SubjectKind.KEY,
    ObjectKind.CERTIFICATES: SubjectKind.CERTIFICATE,
}
_CURVES = {"P-256": 256, "P-256K": 256, "P-384": 384, "P-521": 521}
_OLDEST = datetime.min.replace(tzinfo=UTC)

Item = Mapping[str, Any]


def name_of(item: Item) -> str:
    """The object's name, out of its address `https://VAULT/secrets/NAME[/VERSION]`."""
    return unquote(urlsplit(str(item.get("id") or item["kid"])).path.split("/")[2])


def at(seconds: object) -> datetime | None:
    """A moment the vault states in seconds since 1970; None for none."""
    if not isinstance(seconds, (int, float)):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def versions_of(items: Iterable[Item]) -> tuple[SecretVersion, ...]:
    """The versions listed, newest first: the newest enabled one is current, nobody can read a disabled one."""
    listed = sorted(items, key=lambda item: (_created(item) or _OLDEST, _version(item)), reverse=True)
    current = next((item for item in listed if _enabled(item)), None)
    return tuple(
        SecretVersion(
            id=_version(item),
            state=VersionState.CURRENT
            if item is current
            else VersionState.PREVIOUS
            if _enabled(item)
            else VersionState.DELETED,
            created_at=_created(item),
            expires_at=at(_attributes(item).get("exp")),
        )
        for item in listed
    )


def facts_of(versions: Iterable[SecretVersion], *, same_key: bool = False) -> tuple[DatedFact, ...]:
    """When the current version was made; `same_key` tells that a certificate is renewed with its old key."""
    return tuple(
        DatedFact(
            at=version.created_at,
            basis=Basis.VERSION_CREATED,
            confidence=Confidence.UPPER_BOUND if same_key else Confidence.EXACT,
        )
        for version in versions
        if version.state is VersionState.CURRENT and version.created_at is not None
    )


def attributes_of(item: Item, versions: Iterable[SecretVersion]) -> dict[str, str | int | bool]:
    """What only Key Vault has."""
    said = _attributes(item)
    found: dict[str, str | int | bool] = {"enabled": said.get("enabled") is not False}
    newest = next(iter(versions), None)
    if newest is not None and newest.state is VersionState.DELETED:
        found["newest-version-disabled"] = True
    for key, name in (("recoveryLevel", "recovery-level"), ("recoverableDays", "recoverable-days")):
        if said.get(key) is not None:
            found[name] = said[key]
    if begins := at(said.get("nbf")):
        found["not-before"] = begins.isoformat()
    if item.get("contentType"):
        found["content-type"] = str(item["contentType"])
    return found


def key_rotation(policy: Item) -> Rotation:
    """The rotation policy of a key; without a `Rotate` action the vault only sends notices."""
    attributes = policy.get("attributes") or {}
    for entry in policy.get("lifetimeActions") or ():
        if str((entry.get("action") or {}).get("type")).lower() != "rotate":
            continue
        trigger = entry.get("trigger") or {}
        after, before = trigger.get("timeAfterCreate"), trigger.get("timeBeforeExpiry")
        schedule = f"{after} after creation" if after else f"{before} before expiry"
        try:
            interval = _span(after) if after else _span(attributes.get("expiryTime")) - _span(before)
        except ValueError as error:
            return Rotation(enabled=True, schedule=schedule, mechanism="rotation policy", problem=str(error))
        return Rotation(enabled=True, interval=interval, schedule=schedule, mechanism="rotation policy")
    return Rotation(enabled=False, mechanism="rotation policy")


def key_facts(bundle: Item) -> dict[str, str | int | bool]:
    """Type and length of a key by its public part; of a symmetric one the vault tells no length."""
    key = bundle.get("key") or {}
    kind, curve = str(key.get("kty") or ""), str(key.get("crv") or "")
    found: dict[str, str | int | bool] = {}
    if kind:
        found |= {"key-type": kind.removesuffix("-HSM"), "hardware": kind.endswith("-HSM")}
    if curve:
        found["curve"] = curve
    bits = _length(key.get("n")) if key.get("n") else _CURVES.get(curve)
    return {**found, "key-bits": bits} if bits else found


def _length(number: object) -> int:
    """The bits of a number as JSON Web Keys write it (RFC 7518, 2); 0 for what is none."""
    try:
        text = str(number)
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return 0
    return int.from_bytes(raw, "big").bit_length()


def certificate_facts(policy: Item) -> tuple[Rotation, dict[str, str | int | bool]]:
    """The renewal of a certificate, and what is said about its key."""
    key, months = policy.get("key_props") or {}, (policy.get("x509_props") or {}).get("validity_months")
    renewal = Rotation(enabled=False, mechanism="certificate policy")
    for entry in policy.get("lifetime_actions") or ():
        if (entry.get("action") or {}).get("action_type") != "AutoRenew":
            continue
        trigger = entry.get("trigger") or {}
        share, days = trigger.get("lifetime_percentage"), trigger.get("days_before_expiry")
        interval = None
        if isinstance(months, int):
            life = timedelta(days=30 * months)
            interval = life * share / 100 if share else life - timedelta(days=days or 0)
        schedule = f"at {share} % of its life" if share else f"{days} days before expiry"
        renewal = Rotation(enabled=True, interval=interval, schedule=schedule, mechanism="certificate policy")
    found: dict[str, str | int | bool] = {"reuses-key": key.get("reuse_key") is True}
    if issuer := (policy.get("issuer") or {}).get("name"):
        found["issuer"] = str(issuer)
    if key.get("kty"):
        found["key-type"] = str(key["kty"]).removesuffix("-HSM")
    if key.get("key_size"):
        found["key-bits"] = int(key["key_size"])
    if isinstance(key.get("exportable"), bool):
        found["exportable"] = key["exportable"]
    return renewal, found


def _span(text: object) -> timedelta:
    if not isinstance(text, str):
        raise ValueError("the rotation policy states no length")  # noqa: TRY004 (said by the vault, not by a caller)
    return parse_duration(text).longest_span


def _version(item: Item) -> str:
    return urlsplit(str(item.get("id") or item["kid"])).path.rpartition("/")[2]


def _attributes(item: Item) -> Item:
    found = item.get("attributes")
    return found if isinstance(found, Mapping) else {}


def _created(item: Item) -> datetime | None:
    return at(_attributes(item).get("created"))


def _enabled(item: Item) -> bool:
    return _attributes(item).get("enabled") is not False
