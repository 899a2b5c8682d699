"""Reads the keys of AWS KMS, region by region: their rotations, policies and grants; it uses none of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from keyproof.aws.calls import CallRefusedError
from keyproof.aws.config import AwsConfig
from keyproof.aws.identities import AUTHORISATION
from keyproof.aws.identity_reading import Identities
from keyproof.aws.key import (
    KIND,
    ROTATED_BY_AWS,
    VOCABULARY,
    grants_given,
    key_of,
    material_of,
    rotates,
    rotation_of,
)
from keyproof.aws.oversight import OverseenReading
from keyproof.aws.policy_document import resource_policy
from keyproof.aws.reading import WHO, GoneError, chosen, connect, known
from keyproof.aws.tags import utc
from keyproof.aws.trails import PERMISSIONS as TRAIL_RIGHTS
from keyproof.domain.assessment import Collected
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.verdict import Evidence
from keyproof.fields import StringsField
from keyproof.ports import Surroundings

LIST, ALIASES, DESCRIBE = "kms:ListKeys", "kms:ListAliases", "kms:DescribeKey"
STATUS, ROTATIONS = "kms:GetKeyRotationStatus", "kms:ListKeyRotations"
POLICY, GRANTS, TAGS = "kms:GetKeyPolicy", "kms:ListGrants", "kms:ListResourceTags"
USAGE = "kms:GetKeyLastUsage"
_SOURCE = "kms.amazonaws.com"


class AwsKmsConfig(AwsConfig):
    """The keys of a source of kind `aws-kms`."""

    regions: StringsField
    """Regions to read, e.g. `[us-east-1, eu-west-1]`."""
    include: StringsField = ("*",)
    """Globs over aliases, or over key ids where a key has none."""
    exclude: tuple[str, ...] = ()
    """Globs over the same; they win over `include`."""
    aws_managed: bool = False
    """Whether to read the keys that AWS manages and rotates every year, too."""
    access: bool = True
    """Whether to read key policies, grants, and the policies of users and roles."""
    audit: bool = True
    """Whether to read CloudTrail's trails, to know whether the use of keys is recorded."""
    usage: bool = False
    """Whether to ask when each key was last used; older endpoints and partitions do not tell."""


class AwsKmsCollector:
    """Collects keys (see ports.Collector); its scopes are regions."""

    kind: ClassVar[str] = KIND
    permissions: ClassVar[tuple[str, ...]] = (
        LIST,
        ALIASES,
        DESCRIBE,
        STATUS,
        ROTATIONS,
        POLICY,
        GRANTS,
        TAGS,
        USAGE,
        AUTHORISATION,
        *TRAIL_RIGHTS,
        WHO,
        "sts:AssumeRole",
    )
    Config: ClassVar[type[AwsKmsConfig]] = AwsKmsConfig

    def __init__(self, source: str, config: AwsKmsConfig, surroundings: Surroundings) -> None:
        self.source = source
        self.config = config
        self.surroundings = surroundings
        self._identities = Identities()

    def scopes(self) -> Sequence[str]:
        """The regions, each once. Raises CollectError for one AWS does not have, MissingExtraError."""
        return known(
            self.config.regions, service="kms", name="AWS KMS", source=self.source, config=self.config
        )

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield every key of the region. Raises CollectError when they cannot be listed."""
        calls = connect(
            self.config,
            self.surroundings,
            region=scope,
            permissions=self.permissions,
            services=("kms", "iam", "cloudtrail", "s3"),
        )
        yield from _Reading(
            source=self.source,
            calls=calls,
            noun="keys",
            config=self.config,
            identities=self._identities,
        ).run()


@dataclass(slots=True, kw_only=True)
class _Reading(OverseenReading):
    """One pass over the keys of one region."""

    config: AwsKmsConfig
    identities: Identities
    aliases: dict[str, list[str]] = field(default_factory=dict)
    left_out: int = 0

    def read(self) -> Iterator[Collected]:
        """Every key in the order AWS lists them, after what holds for all of them (see Reading)."""
        yield from self._prepare()
        pages = self.calls.pages(LIST, "Keys", Limit=1000)
        yield from self.each(([str(entry["KeyId"]) for entry in page["Keys"]] for page in pages), self._key)

    def totals(self) -> Iterator[Evidence]:
        """How many keys are of no interest (see Reading)."""
        yield Evidence(name="managed by AWS and left out", value=str(self.left_out))

    def _prepare(self) -> Iterator[Collected]:
        """Identities, trails, aliases."""
        if self.config.access:
            yield from self.read_identities(self.identities, VOCABULARY)
        if self.config.audit:
            yield from self.read_trails(_SOURCE)
        try:
            for page in self.calls.pages(ALIASES, "Aliases"):
                for alias in page["Aliases"]:
                    if alias.get("TargetKeyId"):
                        self.aliases.setdefault(alias["TargetKeyId"], []).append(str(alias["AliasName"]))
        except CallRefusedError as refusal:
            yield self.gap(ALIASES, self.why(refusal))

    def _key(self, identifier: str) -> SecretMetadata | None:
        names = self.aliases.get(identifier, [])
        if not any(chosen(name, self.config.include, self.config.exclude) for name in names or [identifier]):
            return None
        unread: dict[str, str] = {}
        try:
            return self._described(identifier, names, unread)
        except GoneError:
            return None

    def _described(self, identifier: str, names: list[str], unread: dict[str, str]) -> SecretMetadata | None:
        try:
            record = self.calls.call(DESCRIBE, "KeyMetadata", KeyId=identifier)["KeyMetadata"]
        except CallRefusedError as refusal:
            why = self.refused(refusal, identifier)
            record = {
                "KeyId": identifier,
                "Arn": f"arn:aws:kms:{self.region}:{self.account}:key/{identifier}",
            }
            record["AWSAccountId"] = self.account
            unread |= dict.fromkeys(("facts", "rotation", "deletion", "created_at"), why)
        managed = record.get("KeyManager") == "AWS"
        if managed and not self.config.aws_managed:
            with self.lock:
                self.left_out += 1
            return None
        tags = self._listed(TAGS, "Tags", identifier, unread, ("tags", "owner", "environment", "priority"))
        key = key_of(record, names, tags, source=self.source, region=self.region)
        key = self._with_rotation(key, record, unread, managed=managed)
        key = self._with_grants(key, unread)
        key = self._with_usage(self.with_audit(key, unread), unread)
        return replace(key, unread=unread)

    def _listed(
        self, action: str, required: str, identifier: str, unread: dict[str, str], fields: Sequence[str]
    ) -> list[dict[str, Any]]:
        try:
            pages = self.calls.pages(action, required, KeyId=identifier)
            return [entry for page in pages for entry in page[required]]
        except CallRefusedError as refusal:
            unread |= dict.fromkeys(fields, self.refused(refusal, identifier))
            return []

    def _with_rotation(
        self, key: SecretMetadata, record: dict[str, Any], unread: dict[str, str], *, managed: bool
    ) -> SecretMetadata:
        if managed:
            return replace(key, rotation=ROTATED_BY_AWS)
        identifier = str(record["KeyId"])
        if "rotation" in unread:
            return key
        if not rotates(record):
            _, facts = material_of(record, ())
            imported = record.get("Origin") != "AWS_KMS"
            if imported:
                unread["facts"] = "the key material is not of AWS's making; when it was made is not known"
            return replace(key, facts=(*(() if imported else facts), *key.facts))
        rotations = self._listed(ROTATIONS, "Rotations", identifier, unread, ("facts", "versions"))
        try:
            status = self.calls.call(STATUS, "KeyRotationEnabled", KeyId=identifier)
        except CallRefusedError as refusal:
            unread["rotation"] = self.refused(refusal, identifier)
        else:
            key = replace(key, rotation=rotation_of(status, rotations))
        if "facts" in unread:
            return key
        versions, facts = material_of(record, rotations)
        return replace(
            key, facts=(*facts, *key.facts), attributes={**key.attributes, "materials": len(versions)}
        )

    def _with_grants(self, key: SecretMetadata, unread: dict[str, str]) -> SecretMetadata:
        if not self.config.access:
            unread["grants"] = "switched off by `access: false` of the source"
            return key
        identifier = str(key.attributes["key-id"])
        try:
            policy = self.calls.call(POLICY, "Policy", KeyId=identifier, PolicyName="default")["Policy"]
            found = list(grants_given(self._listed(GRANTS, "Grants", identifier, unread, ("grants",))))
            if self.authorization is None:
                unread["grants"] = f"identity policies were not read: {self.unauthorized}"
                return key
            arn = str(key.attributes["arn"])
            found += self.authorization.grants_on(arn, tags=key.tags, policies={resource_policy(): policy})
        except CallRefusedError as refusal:
            unread["grants"] = self.refused(refusal, identifier)
            return key
        except ValueError as error:
            unread["grants"] = f"the key policy cannot be understood: {error}"
            return key
        if self.unauthorized:
            unread["grants"] = f"identity policies were not read whole: {self.unauthorized}"
        return replace(key, grants=tuple(sorted(found)))

    def _with_usage(self, key: SecretMetadata, unread: dict[str, str]) -> SecretMetadata:
        if not self.config.usage:
            unread["last_accessed_at"] = "not read: usage is false in keyproof.yaml"
            return key
        identifier = str(key.attributes["key-id"])
        try:
            told = self.calls.call(USAGE, "KeyId", KeyId=identifier)
        except CallRefusedError as refusal:
            unread["last_accessed_at"] = self.refused(refusal, identifier)
            return key
        last = utc((told.get("KeyLastUsage") or {}).get("Timestamp"))
        if last is None:
            since = utc(told.get("TrackingStartDate"))
            unread["last_accessed_at"] = (
                f"AWS knows of no use since {since.date() if since else 'it keeps count'}"
            )
        return replace(key, last_accessed_at=last)
