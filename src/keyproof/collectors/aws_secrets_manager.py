"""Reads the metadata of AWS Secrets Manager, region by region, and never a value."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar

from pydantic import Field

from keyproof.audit.files import LogFileError, log_files
from keyproof.aws.authorization import Vocabulary
from keyproof.aws.calls import CallRefusedError
from keyproof.aws.config import AwsConfig
from keyproof.aws.events import LOOKUP, SOURCE, EventLog, look_up, read_files
from keyproof.aws.identities import AUTHORISATION
from keyproof.aws.identity_reading import Identities
from keyproof.aws.oversight import OverseenReading
from keyproof.aws.policy_reading import NAMES, POLICY, PolicyUnreadError, ResourcePolicies
from keyproof.aws.reading import WHO, GoneError, chosen, connect, known
from keyproof.aws.resource_policy import ACTIONS, grants_of
from keyproof.aws.secret import KIND, current_version_facts, keys_of, secret_of, versions_of
from keyproof.aws.trails import PERMISSIONS as TRAIL_RIGHTS
from keyproof.domain.access import AccessGrant
from keyproof.domain.assessment import Collected, Gap
from keyproof.domain.secret import SecretMetadata, VersionState
from keyproof.domain.verdict import Evidence
from keyproof.fields import StringsField
from keyproof.ports import Surroundings

LIST, DESCRIBE = "secretsmanager:ListSecrets", "secretsmanager:DescribeSecret"
VERSIONS = "secretsmanager:ListSecretVersionIds"

VOCABULARY = Vocabulary(service="secretsmanager", actions=ACTIONS)


class AwsSecretsManagerConfig(AwsConfig):
    """The keys of a source of kind `aws-secrets-manager`; credentials come from the SDK's default chain."""

    regions: StringsField
    """Regions to read, e.g. `[us-east-1, eu-west-1]`."""
    include: StringsField = ("*",)
    """Globs over secret names."""
    exclude: StringsField = ()
    """Globs over secret names; they win over `include`."""
    access: bool = True
    """Whether to read resource policies and, if `identities`, the policies of users and roles."""
    identities: bool = True
    """Whether to read users, roles, groups and their policies: without them nobody knows all who reach a secret."""
    versions: bool = True
    """Whether to read versions; without them the age of a value not rotated by AWS is unknown."""
    audit: bool = True
    """Whether to read CloudTrail's trails, to know whether reading is recorded and for how long."""
    events: bool = False
    """Whether to read CloudTrail's event history, to know who used each secret: two pages of 50 events a second."""
    event_days: Annotated[int, Field(ge=1, le=90)] = 90
    """How far back to read the event history."""
    max_events: Annotated[int, Field(ge=50)] = 20_000
    """How many events of a region to read, newest first; what lies before them is not covered."""
    event_logs: tuple[str, ...] = ()
    """Globs over log files of a trail (JSON, also with gzip), instead of the event history."""


class AwsSecretsManagerCollector:
    """Collects from AWS Secrets Manager (see ports.Collector); its scopes are regions."""

    kind: ClassVar[str] = KIND
    permissions: ClassVar[tuple[str, ...]] = (
        LIST,
        DESCRIBE,
        VERSIONS,
        POLICY,
        NAMES,
        AUTHORISATION,
        *TRAIL_RIGHTS,
        LOOKUP,
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
        return known(
            self.config.regions,
            service="secretsmanager",
            name="AWS Secrets Manager",
            source=self.source,
            config=self.config,
        )

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield every secret of the region `scope`; a call denied on single secrets is one gap per action.

        Raises AccessDeniedError, BackendUnreachableError, BackendProtocolError, MissingExtraError.
        """
        calls = connect(
            self.config,
            self.surroundings,
            region=scope,
            permissions=self.permissions,
            services=("secretsmanager", "iam", "cloudtrail", "s3"),
        )
        yield from _Reading(
            source=self.source,
            noun="secrets",
            config=self.config,
            calls=calls,
            identities=self._identities,
            surroundings=self.surroundings,
            policies=ResourcePolicies(calls=calls, noun="named resource policies"),
        ).run()


@dataclass(slots=True, kw_only=True)
class _Reading(OverseenReading):
    """One pass over the secrets of one region."""

    config: AwsSecretsManagerConfig
    identities: Identities
    surroundings: Surroundings
    policies: ResourcePolicies
    events: EventLog | None = None
    no_events: str = ""
    """Why `events` is None, where they were to be read."""
    tally: Counter[str] = field(default_factory=Counter)
    replicas: Counter[str] = field(default_factory=Counter)
    """Primary region → replicas of its secrets here."""

    def read(self) -> Iterator[Collected]:
        """Every secret in the order AWS lists them, after what holds for all of them (see Reading)."""
        if self.config.access and self.config.identities:
            yield from self.read_identities(self.identities, VOCABULARY)
        if self.config.audit:
            yield from self.read_trails(SOURCE)
        yield from self._read_events()
        wanted = ([one for one in page["SecretList"] if self._chosen(one)] for page in self._listed())
        yield from self.each(wanted, self._secret)

    def _read_events(self) -> Iterator[Gap | Evidence]:
        """Read who used the secrets of the region, where that is asked for."""
        if not (self.config.events or self.config.event_logs):
            return
        try:
            self.events = self._events()
        except CallRefusedError as refusal:
            self.no_events = self.why(refusal)
            yield self.gap(LOOKUP, self.no_events)
        except LogFileError as error:
            self.no_events = str(error)
            yield self.gap("event-logs", self.no_events)
        else:
            yield Evidence(name="events", value=f"{self.events.uses.records} of {self.events.uses.sink}")

    def _events(self) -> EventLog:
        here, config = self.surroundings, self.config
        if config.event_logs:
            files = log_files(config.event_logs, here.root, key="event-logs")
            return read_files(files, region=self.region)
        now = here.clock.now()
        return look_up(self.calls, now=now, days=config.event_days, most=config.max_events, sleep=here.sleep)

    def totals(self) -> Iterator[Evidence]:
        """What was listed and left out, and what grants rest on (see Reading)."""
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
            yield from self.policies.evidence()

    def _access_read(self) -> str:
        if self.authorization is None:
            return "resource policies only; what IAM policies of users and roles grant was not read"
        number = len(self.authorization.account.identities)
        return (
            f"resource policies and the policies of {number} users and roles; those of the organisation, which only "
            "take away, were not read; the root user reaches everything and is not told"
        )

    def counted(self) -> Iterator[str]:
        """The requests made, and how many of them were pages of the list (see Reading)."""
        for action, count in sorted(self.calls.counts.items()):
            pages = self.tally["pages"] if action == LIST else 0
            retried = f" in {count} requests" if pages != count else ""
            counted = f"{pages} page{'s' * (pages != 1)}{retried}" if action == LIST else str(count)
            yield f"{action.partition(':')[2]}: {counted}"

    def _listed(self) -> Iterator[dict[str, Any]]:
        for page in self.calls.pages(LIST, "SecretList", IncludePlannedDeletion=True, MaxResults=100):
            self.tally["pages"] += 1
            yield page

    def _chosen(self, entry: Mapping[str, Any]) -> bool:
        """Whether the listed secret is to be read: a replica is its primary's business."""
        self.tally["listed"] += 1
        primary = entry.get("PrimaryRegion") or self.region
        if not chosen(entry["Name"], self.config.include, self.config.exclude):
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
            secret = self._with_uses(secret, arn, unread)
        except GoneError:
            with self.lock:
                self.tally["gone"] += 1
            return None
        return replace(secret, unread=unread)

    def _described(self, entry: Mapping[str, Any], unread: dict[str, str]) -> SecretMetadata:
        """DescribeSecret is fresher than the list, which may lag by minutes, and alone knows the replicas."""
        record = entry
        try:
            record = self.calls.call(DESCRIBE, "ARN", SecretId=entry["ARN"])
        except CallRefusedError as refusal:
            unread["replicas"] = self.refused(refusal, entry["Name"])
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
            unread["versions"] = unread["facts"] = self.refused(refusal, secret.name)
            return secret
        versions = versions_of(entries)
        written = current_version_facts(versions)
        if not written:
            unread["facts"] = "no version of it is current, so there is no value that has an age"
        deprecated = sum(version.state is VersionState.DELETED for version in versions)
        keys = {"version-keys": ", ".join(used)} if (used := keys_of(entries)) else {}
        return replace(
            secret,
            versions=versions,
            facts=(*written, *secret.facts),
            attributes={**secret.attributes, "deprecated-versions": deprecated, **keys},
        )

    def _with_grants(self, secret: SecretMetadata, arn: str, unread: dict[str, str]) -> SecretMetadata:
        if not self.config.access:
            unread["grants"] = "switched off by `access: false` of the source"
            return secret
        policies: dict[str, str] = {}
        try:
            for via, policy in self.policies.of_secret(arn):
                policies[via] = policy  # noqa: PERF403 (what came before a refusal must stay)
        except CallRefusedError as refusal:
            unread["grants"] = self.refused(refusal, secret.name)
            if refusal.action == POLICY:
                return secret
        except PolicyUnreadError as unseen:
            unread["grants"] = str(unseen)
        try:
            grants = self._grants(secret, arn, policies)
        except ValueError as error:
            unread["grants"] = f"the resource policy cannot be understood: {error}"
            return secret
        if self.unauthorized:
            unread["grants"] = f"identity policies were not read: {self.unauthorized}"
        if self.authorization is None:
            secret = replace(secret, attributes={**secret.attributes, "identity-policies": "not read"})
        return replace(secret, grants=grants)

    def _grants(
        self, secret: SecretMetadata, arn: str, policies: Mapping[str, str]
    ) -> tuple[AccessGrant, ...]:
        if self.authorization is not None:
            return self.authorization.grants_on(arn, tags=secret.tags, policies=policies)
        found = (grants_of(policy, arn=arn, via=via) for via, policy in policies.items())
        return tuple(sorted(grant for grants in found for grant in grants))

    def _with_uses(self, secret: SecretMetadata, arn: str, unread: dict[str, str]) -> SecretMetadata:
        secret = self.with_audit(secret, unread)
        if self.events is not None:
            secret = replace(secret, access_log=self.events.log_of(arn, secret.name))
        elif self.no_events:
            unread["access_log"] = self.no_events
        return secret
