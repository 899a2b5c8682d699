"""One key of AWS KMS in keyproof's words.

Field meanings: https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from keyproof.aws.authorization import Vocabulary
from keyproof.aws.tags import tags_of, told_by, utc
from keyproof.domain.access import AccessGrant, Action
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

KIND = "aws-kms"
ACTIONS: Mapping[str, Action] = {
    "Decrypt": Action.READ,
    "ReEncryptFrom": Action.READ,
    "DeriveSharedSecret": Action.READ,
    "Sign": Action.READ,
    "GenerateMac": Action.READ,
    "GenerateDataKey": Action.READ,
    "GenerateDataKeyPair": Action.READ,
    "DescribeKey": Action.LIST,
    "GetKeyPolicy": Action.LIST,
    "GetKeyRotationStatus": Action.LIST,
    "ListGrants": Action.LIST,
    "ListKeyRotations": Action.LIST,
    "Encrypt": Action.WRITE,
    "ReEncryptTo": Action.WRITE,
    "GenerateDataKeyWithoutPlaintext": Action.WRITE,
    "ImportKeyMaterial": Action.WRITE,
    "RotateKeyOnDemand": Action.WRITE,
    "CreateGrant": Action.ADMIN,
    "PutKeyPolicy": Action.ADMIN,
    "ScheduleKeyDeletion": Action.ADMIN,
    "CancelKeyDeletion": Action.ADMIN,
    "DisableKey": Action.ADMIN,
    "EnableKey": Action.ADMIN,
    "EnableKeyRotation": Action.ADMIN,
    "DisableKeyRotation": Action.ADMIN,
    "DeleteImportedKeyMaterial": Action.ADMIN,
    "ReplicateKey": Action.ADMIN,
    "RevokeGrant": Action.ADMIN,
    "TagResource": Action.ADMIN,
    "UntagResource": Action.ADMIN,
    "UpdateAlias": Action.ADMIN,
}
"""Every operation on a key by what it comes to: READ is to use what only the key's holder can do, as decrypting."""
VOCABULARY = Vocabulary(service="kms", actions=ACTIONS, delegated=True)
_ROTATED_BY_AWS = timedelta(days=365)


def key_of(
    record: Mapping[str, Any],
    aliases: Iterable[str],
    tags: Iterable[Mapping[str, Any]],
    *,
    source: str,
    region: str,
) -> SecretMetadata:
    """The key that `record`, an answer of DescribeKey, describes; its rotations are not in it."""
    identifier, names = str(record["KeyId"]), sorted(aliases)
    found = tags_of(tags, key="TagKey", value="TagValue")
    created = utc(record.get("CreationDate"))
    attributes: dict[str, str | int | bool] = {
        "arn": str(record["Arn"]),
        "key-id": identifier,
        "state": str(record.get("KeyState") or ""),
        "enabled": record.get("Enabled") is True,
        "manager": str(record.get("KeyManager") or "CUSTOMER"),
        "origin": str(record.get("Origin") or ""),
        "key-type": str(record.get("KeySpec") or ""),
        "usage": str(record.get("KeyUsage") or ""),
        "multi-region": record.get("MultiRegion") is True,
        **({"aliases": ", ".join(names)} if names else {}),
    }
    return SecretMetadata(
        id=f"{KIND}://{record.get('AWSAccountId') or 'unknown'}/{region}/{identifier}",
        name=names[0] if names else identifier,
        source=source,
        backend=KIND,
        scope=region,
        kind=SubjectKind.KEY,
        type=str(record.get("KeySpec") or ""),
        tags=found,
        **told_by(found),
        created_at=created,
        facts=_fact(created, Basis.RECORD_CREATED),
        expires_at=utc(record.get("ValidTo")),
        deletion=utc(record.get("DeletionDate")),
        attributes=attributes,
    )


def rotates(record: Mapping[str, Any]) -> bool:
    """Whether AWS can rotate the key: symmetric, of its own making, not in a store of one's own."""
    return record.get("KeySpec") == "SYMMETRIC_DEFAULT" and record.get("Origin") == "AWS_KMS"


def rotation_of(status: Mapping[str, Any], rotations: Iterable[Mapping[str, Any]]) -> Rotation:
    """The automatic rotation of a key of one's own, with the last one of the list."""
    days = int(status.get("RotationPeriodInDays") or 0)
    enabled = status.get("KeyRotationEnabled") is True
    last = max((utc(one["RotationDate"]) for one in rotations if one.get("RotationDate")), default=None)  # type: ignore[type-var]  # (dates that are there)
    interval = (timedelta(days=days) if days else _ROTATED_BY_AWS) if enabled else None
    return Rotation(
        enabled=enabled,
        interval=interval,
        schedule=f"every {interval.days} days" if interval else "",
        last_at=last,
        next_at=utc(status.get("NextRotationDate")) if enabled else None,
        mechanism="AWS KMS",
    )


ROTATED_BY_AWS = Rotation(
    enabled=True, interval=_ROTATED_BY_AWS, schedule="every year", mechanism="managed by AWS"
)
"""Keys that AWS manages: they rotate every year and nobody can change it."""


def material_of(
    record: Mapping[str, Any], rotations: Iterable[Mapping[str, Any]]
) -> tuple[tuple[SecretVersion, ...], tuple[DatedFact, ...]]:
    """The key material, newest first, and the age of what encrypts now.

    ListKeyRotations does not list the first material; older material only decrypts what it encrypted, so it is kept
    by design.
    """
    dates = sorted((at for one in rotations if (at := utc(one.get("RotationDate")))), reverse=True)
    created = utc(record.get("CreationDate"))
    every = [*dates, *([created] if created else [])]
    versions = tuple(
        SecretVersion(
            id=f"material of {at.date()}",
            state=VersionState.PREVIOUS if number else VersionState.CURRENT,
            created_at=at,
        )
        for number, at in enumerate(every)
    )
    return versions, _fact(every[0] if every else None, Basis.VERSION_CREATED)


def grants_given(entries: Iterable[Mapping[str, Any]]) -> Iterator[AccessGrant]:
    """The grants ListGrants lists: rights given beside all policies."""
    for entry in entries:
        actions = {ACTIONS[operation] for operation in entry.get("Operations") or () if operation in ACTIONS}
        actions |= {
            Action.READ for one in entry.get("Operations") or () if one.startswith("GenerateDataKeyPair")
        }
        who = entry.get("GranteePrincipal") or entry.get("GranteeServicePrincipal")
        if who and actions:
            constraints = ", ".join(sorted(entry.get("Constraints") or {}))
            yield AccessGrant(
                principal=str(who),
                actions=tuple(action for action in Action if action in actions),
                via=f"grant {entry.get('Name') or str(entry.get('GrantId'))[:8]}",
                condition=constraints,
            )


def _fact(at: Any, basis: Basis) -> tuple[DatedFact, ...]:
    confidence = Confidence.EXACT if basis is Basis.VERSION_CREATED else Confidence.UPPER_BOUND
    return (DatedFact(at=at, basis=basis, confidence=confidence),) if at else ()
