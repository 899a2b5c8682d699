"""One secret of AWS Secrets Manager in keyproof's words: what its record and its versions say.

Field meanings: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from keyproof.aws.schedule import longest_gap
from keyproof.aws.tags import tags_of, told_by, utc
from keyproof.domain.secret import (
    Basis,
    Confidence,
    DatedFact,
    Encryption,
    Rotation,
    SecretMetadata,
    SecretVersion,
    VersionState,
)

KIND = "aws-secrets-manager"
DEFAULT_KEY = "alias/aws/secretsmanager"
"""The key AWS manages for secrets that name none."""

_STATES = (
    ("AWSCURRENT", VersionState.CURRENT),
    ("AWSPREVIOUS", VersionState.PREVIOUS),
    ("AWSPENDING", VersionState.PENDING),
)


def secret_of(record: Mapping[str, Any], *, source: str, region: str) -> SecretMetadata:
    """The secret that `record`, an answer of DescribeSecret or an entry of ListSecrets, describes.

    Its facts are those of the record alone; versions and grants are not in it. LastChangedDate moves
    with every edit of a tag or a policy and is never taken as an age.
    """
    name, arn = str(record["Name"]), str(record["ARN"])
    tags = tags_of(record.get("Tags") or ())
    replication = record.get("ReplicationStatus") or ()
    return SecretMetadata(
        id=f"{KIND}://{_account(arn)}/{region}/{quote(name, safe='/_+=.@-', errors='surrogatepass')}",
        name=name,
        source=source,
        backend=KIND,
        scope=region,
        **told_by(tags),
        type=str(record.get("Type") or ""),
        tags=tags,
        created_at=utc(record.get("CreatedDate")),
        facts=_facts(record),
        rotation=rotation_of(record),
        encryption=_encryption(record.get("KmsKeyId") or ""),
        replicas=tuple(sorted(str(replica["Region"]) for replica in replication)),
        deletion=utc(record.get("DeletedDate")),
        last_accessed_at=utc(record.get("LastAccessedDate")),
        attributes=_attributes(record, replication),
    )


def rotation_of(record: Mapping[str, Any]) -> Rotation:
    """AWS's own rotation of the secret in `record`.

    RotationEnabled decides: it is absent when rotation was never set up, and the rules stay filled
    after it is switched off. The expression wins over the days, which AWS derives from it.
    """
    rules = record.get("RotationRules") or {}
    expression = str(rules.get("ScheduleExpression") or "")
    days = int(rules.get("AutomaticallyAfterDays") or 0)
    enabled = record.get("RotationEnabled") is True
    interval, problem = None, ""
    if enabled and expression:
        try:
            interval = longest_gap(expression)
        except ValueError as error:
            problem = f"the rotation schedule cannot be read: {error}"
    elif enabled and days:
        interval = timedelta(days=days)
    elif enabled:
        problem = "rotation is on, but AWS states no schedule"
    return Rotation(
        enabled=enabled,
        interval=interval,
        schedule=expression or (f"every {days} days" if days else ""),
        last_at=utc(record.get("LastRotatedDate")),
        next_at=utc(record.get("NextRotationDate")),
        mechanism=_mechanism(record),
        problem=problem,
    )


def versions_of(entries: Iterable[Mapping[str, Any]]) -> tuple[SecretVersion, ...]:
    """The versions ListSecretVersionIds lists, newest first.

    A version without a staging label is deprecated: AWS may delete it at any moment and no client gets it
    by a label, so it counts as deleted; until AWS does delete it, its id still reads it. A version kept
    alive by a label of the users' own counts as a previous one.
    """
    versions = [
        SecretVersion(
            id=str(entry["VersionId"]),
            state=_state(entry.get("VersionStages") or ()),
            created_at=utc(entry.get("CreatedDate")),
        )
        for entry in entries
    ]
    oldest = datetime.min.replace(tzinfo=UTC)
    return tuple(
        sorted(versions, key=lambda version: (version.created_at or oldest, version.id), reverse=True)
    )


def keys_of(entries: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The keys that encrypt the versions a client can get: a new key does not encrypt older versions anew."""
    return tuple(
        sorted(
            {
                str(key)
                for entry in entries
                if entry.get("VersionStages")
                for key in entry.get("KmsKeyIds") or ()
            }
        )
    )


def current_version_facts(versions: Iterable[SecretVersion]) -> tuple[DatedFact, ...]:
    """When the value that is current now was written: the creation of the version AWSCURRENT stands on."""
    return tuple(
        DatedFact(at=version.created_at, basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT)
        for version in versions
        if version.state is VersionState.CURRENT and version.created_at is not None
    )


def _state(stages: Iterable[str]) -> VersionState:
    labels = set(stages)
    for label, state in _STATES:
        if label in labels:
            return state
    return VersionState.PREVIOUS if labels else VersionState.DELETED


def _facts(record: Mapping[str, Any]) -> tuple[DatedFact, ...]:
    dated = (
        (Basis.LAST_ROTATED, Confidence.EXACT, utc(record.get("LastRotatedDate"))),
        (Basis.RECORD_CREATED, Confidence.UPPER_BOUND, utc(record.get("CreatedDate"))),
    )
    return tuple(
        DatedFact(at=at, basis=basis, confidence=confidence)
        for basis, confidence, at in dated
        if at is not None
    )


def _encryption(key: str) -> Encryption:
    """Every secret is encrypted; without a key of one's own by the one AWS manages."""
    managed_by_aws = not key or key.endswith(DEFAULT_KEY)
    return Encryption(encrypted=True, key=key or DEFAULT_KEY, customer_managed=not managed_by_aws)


def _mechanism(record: Mapping[str, Any]) -> str:
    if owner := record.get("OwningService"):
        return f"managed by {owner}"
    return str(record.get("RotationLambdaARN") or record.get("ExternalSecretRotationRoleArn") or "")


def _attributes(
    record: Mapping[str, Any], replication: Iterable[Mapping[str, Any]]
) -> dict[str, str | int | bool]:
    found: dict[str, str | int | bool] = {
        "arn": str(record["ARN"]),
        "has-description": bool(record.get("Description")),
    }
    if owner := record.get("OwningService"):
        found["owning-service"] = str(owner)
    if window := (record.get("RotationRules") or {}).get("Duration"):
        found["rotation-window"] = str(window)
    if lagging := sum(replica.get("Status") != "InSync" for replica in replication):
        found["replicas-not-in-sync"] = lagging
    return found


def _account(arn: str) -> str:
    return arn.split(":")[4] if arn.count(":") >= 5 else "unknown"
