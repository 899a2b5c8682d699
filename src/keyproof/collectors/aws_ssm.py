"""Reads the parameters of AWS Systems Manager that are secrets, region by region, and never a value."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import quote

from keyproof.aws.authorization import Vocabulary
from keyproof.aws.calls import CallRefusedError
from keyproof.aws.config import AwsConfig
from keyproof.aws.identities import AUTHORISATION
from keyproof.aws.identity_reading import Identities
from keyproof.aws.oversight import OverseenReading
from keyproof.aws.policy_reading import PARAMETER_POLICIES, ResourcePolicies
from keyproof.aws.reading import WHO, GoneError, chosen, connect, known
from keyproof.aws.tags import tags_of, told_by, utc
from keyproof.aws.trails import PERMISSIONS as TRAIL_RIGHTS
from keyproof.domain.access import Action
from keyproof.domain.assessment import Collected
from keyproof.domain.secret import Basis, Confidence, DatedFact, Encryption, SecretMetadata
from keyproof.domain.verdict import Evidence
from keyproof.fields import StringsField
from keyproof.ports import Surroundings

LIST, TAGS = "ssm:DescribeParameters", "ssm:ListTagsForResource"
DEFAULT_KEY = "alias/aws/ssm"
VOCABULARY = Vocabulary(
    service="ssm",
    actions={
        "GetParameter": Action.READ,
        "GetParameters": Action.READ,
        "GetParameterHistory": Action.READ,
        "GetParametersByPath": Action.READ,
        "ListTagsForResource": Action.LIST,
        "PutParameter": Action.WRITE,
        "LabelParameterVersion": Action.WRITE,
        "UnlabelParameterVersion": Action.WRITE,
        "DeleteParameter": Action.ADMIN,
        "DeleteParameters": Action.ADMIN,
        "AddTagsToResource": Action.ADMIN,
        "RemoveTagsFromResource": Action.ADMIN,
        "GetResourcePolicies": Action.LIST,
        "PutResourcePolicy": Action.ADMIN,
        "DeleteResourcePolicy": Action.ADMIN,
    },
)
_SOURCE = "ssm.amazonaws.com"
_SECRET_NAMES = (
    "*password*", "*passwd*", "*passphrase*", "*secret*", "*token*", "*api*key*", "*access*key*", "*private*key*",
    "*credential*", "*pwd*",
)  # fmt: skip
_NO_ACCESS_TIME = "AWS keeps no time of access for parameters; CloudTrail has it"


class AwsSsmConfig(AwsConfig):
    """The keys of a source of kind `aws-ssm`."""

    regions: StringsField
    """Regions to read, e.g. `[us-east-1, eu-west-1]`."""
    include: StringsField = ("*",)
    """Globs over parameter names."""
    exclude: tuple[str, ...] = ()
    """Globs over parameter names; they win over `include`."""
    secret_names: StringsField = _SECRET_NAMES
    """Globs over names in lower case: a parameter that is not encrypted and has such a name is a secret all the same."""
    access: bool = True
    """Whether to read the policies of users and roles, to know who reaches each parameter."""
    audit: bool = True
    """Whether to read CloudTrail's trails, to know whether reading is recorded."""


class AwsSsmCollector:
    """Collects parameters (see ports.Collector); its scopes are regions."""

    kind: ClassVar[str] = "aws-ssm"
    permissions: ClassVar[tuple[str, ...]] = (
        LIST,
        TAGS,
        PARAMETER_POLICIES,
        AUTHORISATION,
        *TRAIL_RIGHTS,
        WHO,
        "sts:AssumeRole",
    )
    Config: ClassVar[type[AwsSsmConfig]] = AwsSsmConfig

    def __init__(self, source: str, config: AwsSsmConfig, surroundings: Surroundings) -> None:
        self.source = source
        self.config = config
        self.surroundings = surroundings
        self._identities = Identities()

    def scopes(self) -> Sequence[str]:
        """The regions, each once. Raises CollectError for one AWS does not have, MissingExtraError."""
        return known(
            self.config.regions,
            service="ssm",
            name="AWS Systems Manager",
            source=self.source,
            config=self.config,
        )

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield every parameter that is a secret. Raises CollectError when they cannot be listed."""
        calls = connect(
            self.config,
            self.surroundings,
            region=scope,
            permissions=self.permissions,
            services=("ssm", "iam", "cloudtrail", "s3"),
        )
        yield from _Reading(
            source=self.source,
            calls=calls,
            noun="parameters",
            config=self.config,
            identities=self._identities,
            policies=ResourcePolicies(calls=calls, noun="resource policies"),
        ).run()


@dataclass(slots=True, kw_only=True)
class _Reading(OverseenReading):
    """One pass over the parameters of one region."""

    config: AwsSsmConfig
    identities: Identities
    policies: ResourcePolicies
    tally: Counter[str] = field(default_factory=Counter)

    def read(self) -> Iterator[Collected]:
        """Every secret in the order AWS lists them, after what holds for all of them (see Reading)."""
        if self.config.access:
            yield from self.read_identities(self.identities, VOCABULARY)
        if self.config.audit:
            yield from self.read_trails(_SOURCE)
        pages = self.calls.pages(LIST, "Parameters", MaxResults=50)
        wanted = ([entry for entry in page["Parameters"] if self._chosen(entry)] for page in pages)
        yield from self.each(wanted, self._parameter)

    def totals(self) -> Iterator[Evidence]:
        """What was listed and left out, and what the server does not know (see Reading)."""
        for what in (
            "listed",
            "left out by include and exclude",
            "not encrypted and no secret by their names",
        ):
            yield Evidence(name=f"parameters {what}", value=str(self.tally[what]))
        yield from self.policies.evidence()

    def _chosen(self, entry: Mapping[str, Any]) -> bool:
        name = str(entry["Name"])
        self.tally["listed"] += 1
        if not chosen(name, self.config.include, self.config.exclude):
            self.tally["left out by include and exclude"] += 1
            return False
        if entry.get("Type") != "SecureString" and not chosen(name.lower(), self.config.secret_names, ()):
            self.tally["not encrypted and no secret by their names"] += 1
            return False
        return True

    def _parameter(self, entry: Mapping[str, Any]) -> SecretMetadata | None:
        """Everything about one listed parameter; None when it was deleted meanwhile."""
        try:
            return self._whole(entry, str(entry["Name"]))
        except GoneError:
            return None

    def _whole(self, entry: Mapping[str, Any], name: str) -> SecretMetadata:
        unread = {"last_accessed_at": _NO_ACCESS_TIME}
        tags: dict[str, str] = {}
        try:
            answer = self.calls.call(TAGS, "TagList", ResourceType="Parameter", ResourceId=name)
            tags = tags_of(answer["TagList"])
        except CallRefusedError as refusal:
            why = self.refused(refusal, name)
            unread |= dict.fromkeys(("tags", "owner", "environment", "priority"), why)
        secret = self._described(entry, name, tags, unread)
        secret = self._with_grants(secret, unread)
        secret = self.with_audit(secret, unread)
        return replace(secret, unread=unread)

    def _described(
        self, entry: Mapping[str, Any], name: str, tags: Mapping[str, str], unread: dict[str, str]
    ) -> SecretMetadata:
        arn = entry.get("ARN") or f"arn:aws:ssm:{self.region}:{self.account}:parameter/{name.lstrip('/')}"
        encrypted, key = entry.get("Type") == "SecureString", str(entry.get("KeyId") or "")
        written = utc(entry.get("LastModifiedDate"))
        attributes: dict[str, str | int | bool] = {
            "arn": str(arn),
            "parameter-type": str(entry.get("Type") or ""),
            "version": int(entry.get("Version") or 0),
            "tier": str(entry.get("Tier") or "Standard"),
            "has-description": bool(entry.get("Description")),
        }
        return SecretMetadata(
            id=f"aws-ssm://{self.account}/{self.region}/{quote(name.lstrip('/'), safe='/_.-')}",
            name=name,
            source=self.source,
            backend="aws-ssm",
            scope=self.region,
            type=str(entry.get("Type") or ""),
            tags=tags,
            **told_by(tags),
            facts=_facts(written),
            expires_at=_expiry(entry.get("Policies") or (), unread),
            encryption=Encryption(
                encrypted=encrypted,
                key=key if encrypted else "",
                customer_managed=not key.endswith(DEFAULT_KEY) if encrypted and key else None,
            ),
            attributes=attributes,
        )

    def _with_grants(self, secret: SecretMetadata, unread: dict[str, str]) -> SecretMetadata:
        if self.authorization is None:
            why = self.unauthorized or "switched off by `access: false` of the source"
            unread["grants"] = f"identity policies were not read: {why}"
            return secret
        if self.unauthorized:
            unread["grants"] = f"identity policies were not read whole: {self.unauthorized}"
        arn = str(secret.attributes["arn"])
        try:
            # Only an advanced parameter can be shared, and none becomes a standard one again:
            # https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-shared-parameters.html
            shared = secret.attributes["tier"] != "Standard"
            policies = dict(self.policies.of_parameter(arn)) if shared else {}
            grants = self.authorization.grants_on(arn, tags=secret.tags, policies=policies)
        except CallRefusedError as refusal:
            unread["grants"] = self.refused(refusal, secret.name)
            return secret
        except ValueError as error:
            unread["grants"] = f"the resource policy cannot be understood: {error}"
            return secret
        return replace(secret, grants=grants)


def _facts(written: datetime | None) -> tuple[DatedFact, ...]:
    """Every PutParameter writes a new version; tags do not count, so the date is that of the version."""
    if written is None:
        return ()
    return (DatedFact(at=written, basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT),)


def _expiry(policies: Sequence[Mapping[str, Any]], unread: dict[str, str]) -> datetime | None:
    """When the parameter's own policy deletes it."""
    for policy in policies:
        if policy.get("PolicyType") == "Expiration":
            try:
                text = json.loads(policy["PolicyText"])["Attributes"]["Timestamp"]
                at = datetime.fromisoformat(text)
            except (ValueError, KeyError, TypeError):
                unread["expires_at"] = "the expiration policy cannot be understood"
                continue
            return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    return None
