"""Reads the metadata of AWS Secrets Manager, region by region, and never a value."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from threading import Lock
from typing import Annotated, Any, ClassVar

from pydantic import Field, field_validator

from keyproof.aws.authorization import Authorization, Vocabulary
from keyproof.aws.calls import PARALLEL, Access, AwsCalls, CallRefusedError
from keyproof.aws.faults import FaultKind
from keyproof.aws.identities import AUTHORISATION
from keyproof.aws.identity_reading import Identities
from keyproof.aws.resource_policy import ACTIONS, grants_of
from keyproof.aws.secret import KIND, current_version_facts, secret_of, versions_of
from keyproof.domain.assessment import Collected, Gap, ScopeStatus
from keyproof.domain.secret import SecretMetadata, VersionState
from keyproof.domain.verdict import Evidence
from keyproof.errors import BackendUnreachableError, CollectError, MissingExtraError
from keyproof.fields import StrictModel, StringsField
from keyproof.ports import Surroundings
from keyproof.retry import RetryBudget
from keyproof.strict_yaml import did_you_mean

LIST, DESCRIBE = "secretsmanager:ListSecrets", "secretsmanager:DescribeSecret"
VERSIONS, POLICY = "secretsmanager:ListSecretVersionIds", "secretsmanager:GetResourcePolicy"
WHO = "sts:GetCallerIdentity"


VOCABULARY = Vocabulary(service="secretsmanager", actions=ACTIONS)


class AwsSecretsManagerConfig(StrictModel):
    """The keys of a source of kind `aws-secrets-manager`; credentials come from the SDK's default chain."""

    regions: StringsField
    """Regions to read, e.g. `[us-east-1, eu-west-1]`."""
    include: StringsField = ("*",)
    """Globs over secret names."""
    exclude: StringsField = ()
    """Globs over secret names; they win over `include`."""
    profile: str = ""
    """A profile of ~/.aws/config; empty takes the SDK's default."""
    role_arn: str = ""
    """A role to assume first, e.g. in another account."""
    endpoint_url: str = ""
    """Another server for Secrets Manager and STS, e.g. one on loopback."""
    access: bool = True
    """Whether to read resource policies and, if `identities`, the policies of users and roles."""
    identities: bool = True
    """Whether to read users, roles, groups and their policies: without them nobody knows all who reach a secret."""
    versions: bool = True
    """Whether to read versions; without them the age of a value not rotated by AWS is unknown."""
    max_wait: Annotated[float, Field(ge=0, le=3600)] = 60.0
    """Seconds one call may wait in all while AWS throttles."""

    @field_validator("role_arn")
    @classmethod
    def _is_role(cls, text: str) -> str:
        if text and not re.fullmatch(r"arn:[a-z-]+:iam::[0-9]{12}:role/\S+", text):
            raise ValueError("a role is written arn:aws:iam::ACCOUNT:role/NAME")
        return text

    @field_validator("endpoint_url")
    @classmethod
    def _is_address(cls, text: str) -> str:
        if text and not re.fullmatch(r"https?://[^\s/?#]+\S*", text):
            raise ValueError("an endpoint is written http://HOST:PORT or https://HOST")
        return text


class AwsSecretsManagerCollector:
    """Collects from AWS Secrets Manager (see ports.Collector); its scopes are regions."""

    kind: ClassVar[str] = KIND
    permissions: ClassVar[tuple[str, ...]] = (
        LIST,
        DESCRIBE,
        VERSIONS,
        POLICY,
        AUTHORISATION,
        WHO,
        "sts:AssumeRole",
    )
    """STS asks no right for GetCallerIdentity; AssumeRole is called only where `role-arn` is set."""
    Config: ClassVar[type[AwsSecretsManagerConfig]] = AwsSecretsManagerConfig

    def __init__(self, source: str, config: AwsSecretsManagerConfig, surroundings: Surroundings) -> None:
        self.source = source
        self.config = config
        self.surroundings = surroundings
        self._identities = Identities()

    def scopes(self) -> Sequence[str]:
        """The regions, each once. Raises CollectError for one AWS does not have, MissingExtraError."""
        regions = tuple(dict.fromkeys(self.config.regions))
        if not self.config.endpoint_url:
            known = _known_regions(self.source)
            for region in regions:
                if region not in known:
                    raise CollectError(
                        f"'{region}' is no region of AWS Secrets Manager",
                        scope=region,
                        hint=did_you_mean(region, sorted(known)),
                    )
        return regions

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield every secret of the region `scope`; a call denied on single secrets is one gap per action.

        Raises AccessDeniedError, BackendUnreachableError, BackendProtocolError, MissingExtraError.
        """
        access = Access(
            region=scope,
            permissions=frozenset(self.permissions),
            services=("secretsmanager", "iam"),
            profile=self.config.profile,
            role_arn=self.config.role_arn,
            endpoint_url=self.config.endpoint_url,
        )
        budget = RetryBudget(sleep=self.surroundings.sleep, total=self.config.max_wait)
        calls = AwsCalls.connect(access, budget)
        reading = _Reading(source=self.source, config=self.config, calls=calls, identities=self._identities)
        try:
            yield from reading.identify()
            yield from reading.authorize()
            yield from reading.secrets()
        except CollectError:
            yield from reading.account_for()
            raise
        finally:
            calls.close()
        yield from reading.account_for()


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One pass over one region, with what must be told about it at the end."""

    source: str
    config: AwsSecretsManagerConfig
    calls: AwsCalls
    identities: Identities
    authorization: Authorization | None = None
    """None where identity policies were not read."""
    unauthorized: str = ""
    """Why identity policies were not read whole."""
    identity: str = "this identity"
    tally: Counter[str] = field(default_factory=Counter)
    replicas: Counter[str] = field(default_factory=Counter)
    """Primary region → replicas of its secrets here."""
    refused: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """Action and reason → names of the secrets it was refused for."""
    _lock: Lock = field(default_factory=Lock)

    @property
    def region(self) -> str:
        return self.calls.access.region

    def identify(self) -> Iterator[Evidence]:
        """Who AWS says is asking. A scan does not depend on the answer, only its record does."""
        who, why = {}, "no answer"
        try:
            who = self.calls.call(WHO, "Arn")
        except CallRefusedError as refusal:
            why = refusal.fault.code
        except BackendUnreachableError as error:
            why = error.message
        self.identity = str(who.get("Arn") or self.identity)
        yield Evidence(name="identity", value=str(who.get("Arn") or f"unknown ({why})"))
        yield Evidence(name="account", value=str(who.get("Account") or "unknown"))
        yield Evidence(name="endpoint", value=self.calls.endpoint)

    def authorize(self) -> Iterator[Gap | Evidence]:
        """Read the account's identities, once for all regions."""
        if not (self.config.access and self.config.identities):
            return
        self.authorization, self.unauthorized = self.identities.read(self.calls, VOCABULARY, self.identity)
        if self.unauthorized:
            yield Gap(
                source=self.source,
                scope=f"{self.region} ({AUTHORISATION})",
                status=ScopeStatus.PARTIAL,
                reason=self.unauthorized,
                hint=f"allow {AUTHORISATION} to {self.identity}" if "denied" in self.unauthorized else "",
            )

    def secrets(self) -> Iterator[SecretMetadata]:
        """Every secret in the order AWS lists them, read several at a time."""
        with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
            for page in self._listed():
                chosen = [entry for entry in page["SecretList"] if self._chosen(entry)]
                for secret in pool.map(self._secret, chosen):
                    if secret is not None:
                        yield secret

    def account_for(self) -> Iterator[Gap | Evidence]:
        """What was refused, left out and counted."""
        for (action, reason), names in sorted(self.refused.items()):
            noun = "secret" if len(names) == 1 else "secrets"
            yield Gap(
                source=self.source,
                scope=f"{self.region} ({action})",
                status=ScopeStatus.PARTIAL,
                reason=f"{reason} for {len(names)} {noun}, e.g. {min(names)}",
                hint=f"allow {action} to {self.identity}" if "denied" in reason else "",
            )
        yield Evidence(name="secrets listed", value=str(self.tally["listed"]))
        yield Evidence(name="left out by include and exclude", value=str(self.tally["left out"]))
        primaries = ", ".join(f"{region}: {count}" for region, count in sorted(self.replicas.items()))
        yield Evidence(
            name="replicas of other regions",
            value=f"{self.replicas.total()}" + (f" (primary in {primaries})" if primaries else ""),
        )
        if self.tally["gone"]:
            yield Evidence(name="deleted while they were read", value=str(self.tally["gone"]))
        if self.config.access:
            yield Evidence(name="access", value=self._access_read())
        yield Evidence(name="calls", value=", ".join(self._counted()))

    def _access_read(self) -> str:
        if self.authorization is None:
            return "resource policies only; what IAM policies of users and roles grant was not read"
        number = len(self.authorization.account.identities)
        return (
            f"resource policies and the policies of {number} users and roles; those of the organisation, which only "
            "take away, were not read; the root user reaches everything and is not told"
        )

    def _counted(self) -> Iterator[str]:
        for action, count in sorted(self.calls.counts.items()):
            pages = self.tally["pages"] if action == LIST else 0
            retried = f" in {count} requests" if pages != count else ""
            counted = f"{pages} page{'s' * (pages != 1)}{retried}" if action == LIST else str(count)
            yield f"{action.partition(':')[2]}: {counted}"

    def _listed(self) -> Iterator[dict[str, Any]]:
        try:
            for page in self.calls.pages(LIST, "SecretList", IncludePlannedDeletion=True, MaxResults=100):
                self.tally["pages"] += 1
                yield page
        except CallRefusedError as refusal:
            raise self.calls.fatal(refusal, self.identity) from refusal

    def _chosen(self, entry: Mapping[str, Any]) -> bool:
        """Whether the listed secret is to be read: a replica is its primary's business."""
        self.tally["listed"] += 1
        name, primary = entry["Name"], entry.get("PrimaryRegion") or self.region
        if not _matches(name, self.config.include) or _matches(name, self.config.exclude):
            self.tally["left out"] += 1
            return False
        if primary != self.region:
            self.replicas[primary] += 1
            return False
        return True

    def _secret(self, entry: Mapping[str, Any]) -> SecretMetadata | None:
        """Everything about one listed secret; None when it was deleted meanwhile."""
        unread: dict[str, str] = {}
        arn = str(entry["ARN"])
        try:
            secret = self._described(entry, unread)
            secret = self._with_versions(secret, arn, unread)
            secret = self._with_grants(secret, arn, unread)
        except _GoneError:
            with self._lock:
                self.tally["gone"] += 1
            return None
        return replace(secret, unread=unread)

    def _described(self, entry: Mapping[str, Any], unread: dict[str, str]) -> SecretMetadata:
        """DescribeSecret is fresher than the list, which may lag by minutes, and alone knows the replicas."""
        record = entry
        try:
            record = self.calls.call(DESCRIBE, "ARN", SecretId=entry["ARN"])
        except CallRefusedError as refusal:
            unread["replicas"] = self._refused(refusal, entry["Name"])
        secret = secret_of(record, source=self.source, region=self.region)
        return replace(secret, attributes={**secret.attributes, "address": self.calls.endpoint})

    def _with_versions(self, secret: SecretMetadata, arn: str, unread: dict[str, str]) -> SecretMetadata:
        if not self.config.versions:
            unread["versions"] = unread["facts"] = "switched off by `versions: false` of the source"
            return secret
        try:
            entries = [
                entry
                for page in self.calls.pages(VERSIONS, "ARN", SecretId=arn, IncludeDeprecated=True)
                for entry in page.get("Versions") or ()
            ]
        except CallRefusedError as refusal:
            unread["versions"] = unread["facts"] = self._refused(refusal, secret.name)
            return secret
        versions = versions_of(entries)
        written = current_version_facts(versions)
        if not written:
            unread["facts"] = "no version of it is current, so there is no value that has an age"
        deprecated = sum(version.state is VersionState.DELETED for version in versions)
        return replace(
            secret,
            versions=versions,
            facts=(*written, *secret.facts),
            attributes={**secret.attributes, "deprecated-versions": deprecated},
        )

    def _with_grants(self, secret: SecretMetadata, arn: str, unread: dict[str, str]) -> SecretMetadata:
        if not self.config.access:
            unread["grants"] = "switched off by `access: false` of the source"
            return secret
        try:
            policy = self.calls.call(POLICY, "ARN", SecretId=arn).get("ResourcePolicy")
            if self.authorization is None:
                grants = grants_of(policy, arn=arn) if policy else ()
            else:
                grants = self.authorization.grants_on(arn, tags=secret.tags, policy=policy)
        except CallRefusedError as refusal:
            unread["grants"] = self._refused(refusal, secret.name)
            return secret
        except ValueError as error:
            unread["grants"] = f"the resource policy cannot be understood: {error}"
            return secret
        if self.unauthorized:
            unread["grants"] = f"identity policies were not read: {self.unauthorized}"
        if self.authorization is None:
            secret = replace(secret, attributes={**secret.attributes, "identity-policies": "not read"})
        return replace(secret, grants=grants)

    def _refused(self, refusal: CallRefusedError, name: str) -> str:
        """Why a field is unread; noted for the region unless the secret is merely on its way out."""
        action, fault = refusal.action, refusal.fault
        match fault.kind:
            case FaultKind.GONE:
                raise _GoneError from refusal
            case FaultKind.DENIED:
                reason = f"{action} is denied to {self.identity}"
            case FaultKind.REFUSED:
                return f"{action} is not possible now: {fault.code} ({fault.detail})"
            case _:
                reason = f"{action} failed: {fault.code}"
        with self._lock:
            self.refused.setdefault((action, reason), []).append(name)
        return reason


class _GoneError(Exception):
    """The secret was deleted between two calls."""


def _matches(name: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)


def _known_regions(source: str) -> frozenset[str]:
    """The regions of every partition the installed SDK knows Secrets Manager in."""
    try:
        from botocore.session import Session  # noqa: PLC0415 (only the aws extra has it)
    except ImportError:
        raise MissingExtraError(scope=source, extra="aws") from None
    session = Session()
    return frozenset(
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("secretsmanager", partition)
    )
