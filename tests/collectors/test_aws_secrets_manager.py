"""AWS Secrets Manager, read from a real server over HTTP."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore
import pytest
from inline_snapshot import snapshot
from pydantic import ValidationError

from keyproof.aws import calls
from keyproof.aws.calls import Access, AwsCalls
from keyproof.aws.trails import UNENDING
from keyproof.checks.access import Access as AccessCheck
from keyproof.collectors.aws_secrets_manager import AwsSecretsManagerCollector, AwsSecretsManagerConfig
from keyproof.domain.access import AccessGrant, Action, AuditTrail
from keyproof.domain.assessment import Gap, ScopeStatus
from keyproof.domain.secret import Basis, Encryption, Rotation, SecretMetadata, VersionState
from keyproof.domain.verdict import Evidence, Outcome
from keyproof.errors import (
    AccessDeniedError,
    BackendProtocolError,
    BackendUnreachableError,
    CollectError,
    MissingExtraError,
)
from keyproof.ports import Collector, Surroundings
from keyproof.retry import RetryBudget
from tests.fakes.aws_server import ACCOUNT, CREDENTIALS, AwsServer, aws_server, modelled, refusal
from tests.fakes.fault_proxy import (
    Answer,
    Fault,
    FaultProxy,
    Request,
    Reset,
    Rewrite,
    Slow,
    Truncate,
    fault_proxy,
)
from tests.fakes.ports import NOW, FixedClock
from tests.fakes.secrets import context

pytestmark = pytest.mark.server

REGION, OTHER = "us-east-1", "eu-west-1"
VALUE = "the-planted-" + "value-of-a-secret"
PREFIX = f"aws-secrets-manager://{ACCOUNT}/{REGION}/"
IDENTITY = f"arn:aws:sts::{ACCOUNT}:user/moto"


@pytest.fixture(scope="module")
def server() -> Iterator[AwsServer]:
    with aws_server() as running:
        yield running


@pytest.fixture
def aws(server: AwsServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AwsServer:
    """The server, empty, with credentials in the environment and no configuration files."""
    server.reset()
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return server


@pytest.fixture
def proxy(aws: AwsServer) -> Iterator[FaultProxy]:
    with fault_proxy(aws.address) as running:
        yield running


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What one scope gave."""

    secrets: tuple[SecretMetadata, ...]
    gaps: tuple[Gap, ...]
    evidence: Mapping[str, str]
    error: CollectError | None
    waits: tuple[float, ...]

    def __getitem__(self, name: str) -> SecretMetadata:
        (secret,) = [secret for secret in self.secrets if secret.name == name]
        return secret

    @property
    def names(self) -> list[str]:
        return [secret.name for secret in self.secrets]


def _collector(address: str, waits: list[float], **config: Any) -> AwsSecretsManagerCollector:
    keys = {"regions": [REGION], "endpoint-url": address, **config}
    surroundings = Surroundings(root=Path(), environ={}, clock=FixedClock(), sleep=waits.append)
    return AwsSecretsManagerCollector("prod", AwsSecretsManagerConfig.model_validate(keys), surroundings)


def read(proxy: FaultProxy, region: str = REGION, **config: Any) -> Read:
    """Collect one region through the proxy."""
    waits: list[float] = []
    items: list[SecretMetadata | Gap | Evidence] = []
    error: CollectError | None = None
    try:
        items.extend(_drain(_collector(proxy.address, waits, **config), region, items))
    except CollectError as raised:
        error = raised
    return Read(
        secrets=tuple(item for item in items if isinstance(item, SecretMetadata)),
        gaps=tuple(item for item in items if isinstance(item, Gap)),
        evidence={item.name: item.value for item in items if isinstance(item, Evidence)},
        error=error,
        waits=tuple(waits),
    )


def _drain(collector: Collector, region: str, into: list[SecretMetadata | Gap | Evidence]) -> Sequence[Any]:
    for item in collector.collect(region):
        into.append(item)  # noqa: PERF402 (what came before an error must stay)
    return ()


def _create(aws: AwsServer, *names: str, region: str = REGION, **details: Any) -> None:
    client = aws.client("secretsmanager", region)
    for name in names:
        client.create_secret(Name=name, SecretString=VALUE, **details)


def _of(name: str) -> Callable[[Request], bool]:
    return lambda request: f"secret:{name}-" in str((request.json or {}).get("SecretId"))


# What it reads


def test_reads_many_secrets_page_by_page_each_once_in_order(aws: AwsServer, proxy: FaultProxy) -> None:
    names = [f"app/{number:03}" for number in range(260)]
    _create(aws, *names)
    found = read(proxy)
    assert found.names == names
    assert found.gaps == ()
    assert found.error is None
    assert found.evidence["endpoint"] == proxy.address
    assert {name: fact for name, fact in found.evidence.items() if name != "endpoint"} == snapshot(
        {
            "identity": "arn:aws:sts::123456789012:user/moto",
            "account": "123456789012",
            "secrets listed": "260",
            "left out by include and exclude": "0",
            "replicas of other regions": "0",
            "access": "resource policies and the policies of 0 users and roles; those of the organisation, which only take away, were not read; the root user reaches everything and is not told",
            "calls": "DescribeTrails: 1, GetAccountAuthorizationDetails: 1, DescribeSecret: 260, GetResourcePolicy: 260, ListResourcePolicies: 260, ListSecretVersionIds: 260, ListSecrets: 3 pages, GetCallerIdentity: 1",
        }
    )


def test_an_empty_region_is_read_in_full(proxy: FaultProxy) -> None:
    found = read(proxy)
    assert (found.secrets, found.gaps, found.error) == ((), (), None)
    assert found.evidence["secrets listed"] == "0"


def test_the_age_is_that_of_the_current_version(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "db")
    first, second = NOW - timedelta(days=200), NOW - timedelta(days=20)
    aws.back_date("db", first)
    aws.client("secretsmanager").put_secret_value(SecretId="db", SecretString=VALUE + "2")
    stored = aws.stored("db")
    for version in stored.versions.values():
        if "AWSCURRENT" in version["version_stages"]:
            version["createdate"] = int(second.timestamp())
    stored.last_changed_date = int(NOW.timestamp())  # an edit of a tag; no age
    secret = read(proxy)["db"]
    assert secret.value_date is not None
    assert (secret.value_date.at, secret.value_date.basis) == (second, Basis.VERSION_CREATED)
    assert secret.created_at == first
    assert {(fact.basis, fact.at) for fact in secret.facts} == {
        (Basis.VERSION_CREATED, second),
        (Basis.RECORD_CREATED, first),
    }
    assert secret.versions is not None
    assert [(version.state, version.created_at) for version in secret.versions] == [
        (VersionState.CURRENT, second),
        (VersionState.PREVIOUS, first),
    ]


def test_after_a_rollback_the_age_is_that_of_the_older_version(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "db")
    aws.back_date("db", NOW - timedelta(days=200))
    client = aws.client("secretsmanager")
    old = next(iter(aws.stored("db").versions))
    new = client.put_secret_value(SecretId="db", SecretString=VALUE + "2")["VersionId"]
    client.update_secret_version_stage(
        SecretId="db", VersionStage="AWSCURRENT", MoveToVersionId=old, RemoveFromVersionId=new
    )
    secret = read(proxy)["db"]
    assert secret.value_date is not None
    assert secret.value_date.at == NOW - timedelta(days=200)


def test_a_secret_that_holds_no_value_has_no_age(aws: AwsServer, proxy: FaultProxy) -> None:
    aws.client("secretsmanager").create_secret(Name="empty")
    secret = read(proxy)["empty"]
    assert secret.versions == ()
    assert secret.unread == {"facts": "no version of it is current, so there is no value that has an age"}


def test_tags_owner_environment_and_key(aws: AwsServer, proxy: FaultProxy) -> None:
    tags = {"Owner": " payments ", "env": "prod", "Priority": "Critical", "cost": "42"}
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    _create(aws, "tagged", Tags=listed, KmsKeyId="alias/own", Description="the database")
    _create(aws, "team", Tags=[{"Key": "team", "Value": "search"}, {"Key": "priority", "Value": "urgent"}])
    _create(aws, "aws-key", KmsKeyId="alias/aws/secretsmanager")
    found = read(proxy)
    tagged, team = found["tagged"], found["team"]
    assert (tagged.owner, tagged.environment, tagged.priority, tagged.tags) == (
        "payments",
        "prod",
        "critical",
        tags,
    )
    assert tagged.encryption == Encryption(encrypted=True, key="alias/own", customer_managed=True)
    assert tagged.attributes["has-description"] is True
    assert (team.owner, team.environment, team.priority) == ("search", "", "")
    managed = Encryption(encrypted=True, key="alias/aws/secretsmanager", customer_managed=False)
    assert team.encryption == managed
    assert found["aws-key"].encryption == managed


def test_ids_keep_slashes_and_encode_what_a_uri_cannot_hold(aws: AwsServer, proxy: FaultProxy) -> None:
    names = ["prod/db/main", "A_b+c=d.e@f-g", "größe/ключ", "a b#c?d%2F"]
    _create(aws, *names)
    found = read(proxy)
    assert {found[name].id.removeprefix(PREFIX) for name in names} == {
        "prod/db/main",
        "A_b+c=d.e@f-g",
        "gr%C3%B6%C3%9Fe/%D0%BA%D0%BB%D1%8E%D1%87",
        "a%20b%23c%3Fd%252F",
    }


def test_include_and_exclude_are_globs_over_names(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "prod/db", "prod/tmp-1", "dev/db", "other")
    found = read(proxy, include=["prod/*", "dev/*"], exclude=["*/tmp-*"])
    assert found.names == ["prod/db", "dev/db"]
    assert (found.evidence["secrets listed"], found.evidence["left out by include and exclude"]) == ("4", "2")
    assert Counter(proxy.actions())["DescribeSecret"] == 2


def test_rotation_by_days(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "rotated", "never")
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:rotate"
    stored = aws.stored("rotated")
    last, following = NOW - timedelta(days=10), NOW + timedelta(days=20)
    stored.rotation_requested = stored.rotation_enabled = True
    stored.rotation_lambda_arn, stored.auto_rotate_after_days = function, 30
    stored.last_rotation_date, stored.next_rotation_date = last.timestamp(), following.timestamp()
    found = read(proxy)
    assert found["rotated"].rotation == Rotation(
        enabled=True,
        interval=timedelta(days=30),
        schedule="every 30 days",
        last_at=last,
        next_at=following,
        mechanism=function,
    )
    assert (Basis.LAST_ROTATED, last) in {(fact.basis, fact.at) for fact in found["rotated"].facts}
    assert found["never"].rotation == Rotation(enabled=False)
    stored.rotation_enabled = False
    off = read(proxy)["rotated"].rotation
    assert off is not None
    assert (off.enabled, off.interval, off.schedule) == (False, None, "every 30 days")


def test_rotation_set_up_by_call_without_a_schedule_is_a_problem(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "rotated")
    stored = aws.stored("rotated")
    stored.rotation_requested = stored.rotation_enabled = True
    stored.last_rotation_date = NOW.timestamp()
    rotation = read(proxy)["rotated"].rotation
    assert rotation is not None
    assert (rotation.interval, rotation.problem) == (None, "rotation is on, but AWS states no schedule")


def test_replicas_are_their_primarys_business(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "shared", AddReplicaRegions=[{"Region": OTHER}, {"Region": "ap-south-1"}])
    _create(aws, "local", region=OTHER)
    primary, other = read(proxy), read(proxy, OTHER)
    assert primary["shared"].replicas == ("ap-south-1", "eu-west-1")
    assert primary.evidence["replicas of other regions"] == "0"
    assert other.names == ["local"]
    assert other.evidence["replicas of other regions"] == "1 (primary in us-east-1: 1)"
    assert other.evidence["secrets listed"] == "2"


def test_a_secret_marked_for_deletion_is_still_a_subject(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "old")
    client = aws.client("secretsmanager")
    deleted = client.delete_secret(SecretId="old", RecoveryWindowInDays=7)["DeletionDate"]
    secret = read(proxy)["old"]
    assert secret.deletion == deleted.astimezone(UTC)
    assert secret.deletion is not None
    assert secret.deletion.tzinfo is UTC


def test_what_aws_refuses_for_a_secret_marked_for_deletion_is_unread_but_no_gap(
    aws: AwsServer, proxy: FaultProxy
) -> None:
    _create(aws, "old")
    proxy.add(
        Fault(then=refusal("InvalidRequestException", "marked for deletion"), action="GetResourcePolicy")
    )
    found = read(proxy)
    assert found["old"].grants is None
    assert found["old"].unread == {
        "grants": "secretsmanager:GetResourcePolicy is not possible now: InvalidRequestException (marked for deletion)"
    }
    assert found.gaps == ()


def test_grants_come_from_the_resource_policy(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "open", "closed", "broken")
    role = f"arn:aws:iam::{ACCOUNT}:role/ci"
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Read", "Effect": "Allow", "Principal": {"AWS": role}, "Action": "secretsmanager:GetSecretValue", "Resource": "*"},
            {"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        ],
    }  # fmt: skip
    client = aws.client("secretsmanager")
    client.put_resource_policy(SecretId="open", ResourcePolicy=json.dumps(policy))
    aws.stored("broken").policy = '{"Statement": '
    found = read(proxy)
    assert found["open"].grants == (
        AccessGrant(principal=role, actions=(Action.READ,), via="resource policy, statement Read"),
    )
    assert found["closed"].grants == ()
    assert "identity-policies" not in found["closed"].attributes
    assert found["broken"].grants is None
    assert found["broken"].unread == {
        "grants": "the resource policy cannot be understood: the policy is not JSON"
    }
    assert found.gaps == ()


FOREIGN = "arn:aws:iam::111122223333:root"


def _shared(name: str, principal: str = FOREIGN, **more: Any) -> str:
    """A resource policy that lets a principal read."""
    what = {"Sid": name, "Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    statement = {**what, "Principal": {"AWS": principal}, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _attach(proxy: FaultProxy, *pages: list[str], **policies: str) -> None:
    """Let every secret have named resource policies, listed page by page."""
    arn = _record()["ARN"]
    for number, names in enumerate(pages):
        answer: dict[str, Any] = {"ResourcePolicies": [{"PolicyName": name} for name in names]}
        if number + 1 < len(pages):
            answer["NextToken"] = f"page-{number + 1}"
        token = f"page-{number}" if number else None
        proxy.add(
            Fault(
                then=modelled("ListResourcePolicies", answer),
                action="ListResourcePolicies",
                when=lambda request, token=token: request.json.get("NextToken") == token,  # type: ignore[misc]
            )
        )
    for name, text in policies.items():
        told = {"ARN": arn, "Name": "db", "PolicyName": name, "ResourcePolicy": text}
        proxy.add(
            Fault(
                then=modelled("GetResourcePolicy", told),
                action="GetResourcePolicy",
                when=lambda request, name=name: request.json.get("PolicyName") == name,  # type: ignore[misc]
            )
        )


def _judged(secret: SecretMetadata) -> Outcome:
    """What a rule says that lets the own account's roles read."""
    rule = AccessCheck.model_validate({"roles": {"own": "allow"}})
    return rule.evaluate(secret, context(roles={"own": (f"arn:aws:iam::{ACCOUNT}:*",)})).outcome


@pytest.mark.parametrize("identities", [True, False])
def test_a_share_by_a_named_resource_policy_is_a_grant(
    aws: AwsServer, proxy: FaultProxy, *, identities: bool
) -> None:
    _create(aws, "a")
    own = _shared("Own", f"arn:aws:iam::{ACCOUNT}:role/ci")
    aws.client("secretsmanager").put_resource_policy(SecretId="a", ResourcePolicy=own)
    assert _judged(read(proxy)["a"]) is Outcome.PASS
    _attach(
        proxy, ["default", "other"], ["replica"], other=_shared("O"), replica=_shared("R", "444455556666")
    )
    secret = read(proxy, identities=identities)["a"]
    assert _judged(secret) is Outcome.FAIL
    assert [(grant.principal, grant.via) for grant in secret.grants or ()] == [
        (FOREIGN, "resource policy other, statement O"),
        (f"arn:aws:iam::{ACCOUNT}:role/ci", "resource policy, statement Own"),
        ("arn:aws:iam::444455556666:root", "resource policy replica, statement R"),
    ]
    assert secret.unread == {}


def test_a_denial_in_a_named_resource_policy_takes_away(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "a")
    aws.client("secretsmanager").put_resource_policy(SecretId="a", ResourcePolicy=_shared("Out"))
    _attach(proxy, ["default", "limit"], limit=_shared("No", "*", Effect="Deny"))
    assert read(proxy)["a"].grants == ()


@pytest.mark.parametrize(
    ("policies", "answer", "why"),
    [
        ([], refusal("InternalServiceError", status=500), "secretsmanager:ListResourcePolicies failed: InternalServiceError"),
        (["x"], refusal("ResourceNotFoundException"), "the resource policy x was deleted while it was read"),
        (["x"], modelled("GetResourcePolicy", {}), "the resource policy x has no text"),
        (["x"], modelled("GetResourcePolicy", {"ResourcePolicy": "{"}), "the resource policy cannot be understood: the policy is not JSON"),
    ],
)  # fmt: skip
def test_named_resource_policies_that_cannot_be_read_are_never_none(
    aws: AwsServer, proxy: FaultProxy, policies: list[str], answer: Answer, why: str
) -> None:
    _create(aws, "a")
    if policies:
        _attach(proxy, policies)
        answer = _with_arn(answer)
        proxy.add(Fault(then=answer, action="GetResourcePolicy", when=lambda it: "PolicyName" in it.json))
    else:
        proxy.add(Fault(then=answer, action="ListResourcePolicies"))
    secret = read(proxy)["a"]
    assert secret.unread == {"grants": why}
    assert _judged(secret) is Outcome.NOT_EVALUATED


def _with_arn(answer: Answer) -> Answer:
    """What every good answer of the service has."""
    told = json.loads(answer.body)
    if answer.status != 200:
        return answer
    return modelled("GetResourcePolicy", {"ARN": _record()["ARN"], "Name": "db", **told})


def test_a_server_without_named_resource_policies_keeps_none_and_that_is_told(
    aws: AwsServer, proxy: FaultProxy
) -> None:
    _create(aws, "a", "b")
    proxy.add(Fault(then=refusal("UnknownOperationException"), action="ListResourcePolicies"))
    found = read(proxy)
    assert (found.gaps, found["a"].unread, found["b"].unread) == ((), {}, {})
    assert _judged(found["a"]) is Outcome.PASS
    assert found.evidence["named resource policies"] == snapshot(
        "not known to the server (UnknownOperationException), so it keeps none"
    )
    assert "named resource policies" not in read_elsewhere(aws).evidence


def read_elsewhere(aws: AwsServer) -> Read:
    """The same region of a server that knows them."""
    with fault_proxy(aws.address) as other:
        return read(other)


def test_an_sdk_without_named_resource_policies_leaves_a_gap(
    aws: AwsServer, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    _create(aws, "a")
    from botocore.loaders import Loader  # noqa: PLC0415 (where the SDK's models come from)

    whole = Loader.load_service_model

    def older(self: Loader, service: str, *args: Any, **more: Any) -> Any:
        model = dict(whole(self, service, *args, **more))
        if "operations" in model:
            model["operations"] = {
                name: one for name, one in model["operations"].items() if name != "ListResourcePolicies"
            }
        return model

    monkeypatch.setattr(Loader, "load_service_model", older)
    found = read(proxy)
    (gap,) = found.gaps
    assert gap.scope == "us-east-1 (secretsmanager:ListResourcePolicies)"
    assert gap.reason.replace(botocore.__version__, "1.35.0") == snapshot(
        "botocore 1.35.0 does not know secretsmanager:ListResourcePolicies (install a newer boto3) for 1 secret, e.g. a"
    )
    assert _judged(found["a"]) is Outcome.NOT_EVALUATED


def test_what_is_switched_off_is_unread_and_not_asked_for(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "db")
    found = read(proxy, access=False, versions=False, audit=False)
    assert (found["db"].versions, found["db"].grants) == (None, None)
    assert found["db"].unread == snapshot(
        {
            "versions": "switched off by `versions: false` of the source",
            "facts": "switched off by `versions: false` of the source",
            "grants": "switched off by `access: false` of the source",
            "audit": "switched off by `audit: false` of the source",
        }
    )
    assert "access" not in found.evidence
    assert not {"GetResourcePolicy", "ListSecretVersionIds"} & set(proxy.actions())


# What moto cannot store, checked against AWS's service model


def _record(**details: Any) -> dict[str, Any]:
    arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:db-AbCdEf"
    return {"ARN": arn, "Name": "db", "CreatedDate": NOW - timedelta(days=300), **details}


def _serve(proxy: FaultProxy, record: dict[str, Any], *, entry: dict[str, Any] | None = None) -> None:
    listed = entry if entry is not None else {"ARN": record["ARN"], "Name": record["Name"]}
    proxy.add(
        Fault(then=modelled("ListSecrets", {"SecretList": [listed]}), action="ListSecrets"),
        Fault(then=modelled("DescribeSecret", record), action="DescribeSecret"),
        Fault(
            then=modelled("GetResourcePolicy", {"ARN": record["ARN"], "Name": "db"}),
            action="GetResourcePolicy",
        ),
        Fault(then=modelled("ListResourcePolicies", {"ResourcePolicies": []}), action="ListResourcePolicies"),
    )


def _serve_versions(proxy: FaultProxy, *pages: dict[str, Any]) -> None:
    for page in pages:
        answer = modelled("ListSecretVersionIds", {"ARN": _record()["ARN"], "Name": "db", **page})
        proxy.add(Fault(then=answer, action="ListSecretVersionIds", times=1))


def test_everything_a_record_can_say(proxy: FaultProxy) -> None:
    record = _record(
        Type="SalesforceClientSecret",
        OwningService="rds",
        RotationEnabled=True,
        RotationRules={
            "ScheduleExpression": "cron(0 8 1 * ? *)",
            "AutomaticallyAfterDays": 30,
            "Duration": "3h",
        },
        LastRotatedDate=NOW - timedelta(days=4),
        NextRotationDate=NOW + timedelta(days=26),
        LastAccessedDate=datetime(2025, 10, 4, tzinfo=UTC),
        LastChangedDate=NOW,
        PrimaryRegion=REGION,
        ReplicationStatus=[
            {"Region": OTHER, "Status": "Failed", "StatusMessage": "no key"},
            {"Region": "ap-south-1", "Status": "InSync"},
        ],
    )
    _serve(proxy, record)
    _serve_versions(
        proxy,
        {
            "Versions": [
                {"VersionId": "v1" * 16, "CreatedDate": NOW - timedelta(days=300)},
                {"VersionId": "v2" * 16, "VersionStages": ["keep"], "CreatedDate": NOW - timedelta(days=200)},
                {"VersionId": "v3" * 16, "VersionStages": ["AWSPREVIOUS"], "CreatedDate": NOW - timedelta(days=34)},
            ],
            "NextToken": "more",
        },
        {
            "Versions": [
                {"VersionId": "v4" * 16, "VersionStages": ["AWSPENDING", "AWSCURRENT"], "CreatedDate": NOW - timedelta(days=4)},
                {"VersionId": "v5" * 16, "VersionStages": ["AWSPENDING"], "CreatedDate": NOW - timedelta(days=2)},
            ],
        },
    )  # fmt: skip
    found = read(proxy)
    secret = found["db"]
    assert found.gaps == ()
    assert secret.rotation == Rotation(
        enabled=True,
        interval=timedelta(days=31),
        schedule="cron(0 8 1 * ? *)",
        last_at=NOW - timedelta(days=4),
        next_at=NOW + timedelta(days=26),
        mechanism="managed by rds",
    )
    assert secret.last_accessed_at == datetime(2025, 10, 4, tzinfo=UTC)
    assert (secret.type, secret.replicas) == ("SalesforceClientSecret", ("ap-south-1", "eu-west-1"))
    assert str(secret.attributes["address"]).startswith("http://127.0.0.1:")
    assert {name: fact for name, fact in secret.attributes.items() if name != "address"} == snapshot(
        {
            "arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf",
            "has-description": False,
            "owning-service": "rds",
            "rotation-window": "3h",
            "replicas-not-in-sync": 1,
            "deprecated-versions": 1,
            "multi-region-trail": False,
            "log-file-validation": False,
        }
    )
    assert secret.versions is not None
    assert [(version.id[:2], version.state, version.usable) for version in secret.versions] == [
        ("v5", VersionState.PENDING, True),
        ("v4", VersionState.CURRENT, True),
        ("v3", VersionState.PREVIOUS, True),
        ("v2", VersionState.PREVIOUS, True),
        ("v1", VersionState.DELETED, False),
    ]
    assert secret.value_date is not None
    assert secret.value_date.at == NOW - timedelta(days=4)
    assert all(fact.at.tzinfo is UTC for fact in secret.facts)


@pytest.mark.parametrize(
    ("rules", "interval", "problem"),
    [
        ({"ScheduleExpression": "rate(4 hours)"}, timedelta(hours=4), ""),
        ({"ScheduleExpression": "rate(90 days)", "AutomaticallyAfterDays": 30}, timedelta(days=90), ""),
        (
            {"ScheduleExpression": "cron(0 8 15W * ? *)", "AutomaticallyAfterDays": 30},
            None,
            "the rotation schedule cannot be read: 15W is not allowed as day of month",
        ),
    ],
)
def test_schedules(
    proxy: FaultProxy, rules: dict[str, Any], interval: timedelta | None, problem: str
) -> None:
    _serve(proxy, _record(RotationEnabled=True, RotationRules=rules))
    _serve_versions(proxy, {"Versions": []})
    secret = read(proxy)["db"]
    assert secret.rotation is not None
    assert (secret.rotation.interval, secret.rotation.problem) == (interval, problem)
    assert secret.rotation.schedule == rules["ScheduleExpression"]
    assert secret.versions == ()


def test_a_rotation_by_an_external_role_names_it(proxy: FaultProxy) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/partner"
    _serve(
        proxy,
        _record(
            RotationEnabled=True,
            RotationRules={"AutomaticallyAfterDays": 7},
            ExternalSecretRotationRoleArn=role,
        ),
    )
    _serve_versions(proxy, {"Versions": []})
    rotation = read(proxy)["db"].rotation
    assert rotation is not None
    assert rotation.mechanism == role


def test_a_denied_description_leaves_what_the_list_said(proxy: FaultProxy) -> None:
    entry = _record(OwningService="rds", Tags=[{"Key": "owner", "Value": "dba"}])
    proxy.add(Fault(then=refusal("AccessDeniedException"), action="DescribeSecret"))
    _serve(proxy, _record(), entry=entry)
    current = {"VersionId": "v1" * 16, "VersionStages": ["AWSCURRENT"], "CreatedDate": NOW}
    _serve_versions(proxy, {"Versions": [current]})
    found = read(proxy)
    assert found["db"].owner == "dba"
    assert found["db"].unread == {"replicas": f"secretsmanager:DescribeSecret is denied to {IDENTITY}"}
    assert [gap.scope for gap in found.gaps] == ["us-east-1 (secretsmanager:DescribeSecret)"]


# What it may ask


def test_asks_only_for_what_its_permissions_name_and_never_for_a_value(
    aws: AwsServer, proxy: FaultProxy
) -> None:
    _create(aws, "a", "b")
    read(proxy)
    services = {
        "GetCallerIdentity": "sts",
        "GetAccountAuthorizationDetails": "iam",
        "DescribeTrails": "cloudtrail",
    }
    asked = {f"{services.get(action, 'secretsmanager')}:{action}" for action in proxy.actions()}
    only_with_trails = {
        "cloudtrail:GetTrailStatus",
        "cloudtrail:GetEventSelectors",
        "s3:GetLifecycleConfiguration",
    }
    assert asked == set(AwsSecretsManagerCollector.permissions) - only_with_trails - {
        "sts:AssumeRole",
        "cloudtrail:LookupEvents",
    }
    assert not {"GetSecretValue", "BatchGetSecretValue"} & set(proxy.actions())


@pytest.mark.parametrize("action", ["GetSecretValue", "BatchGetSecretValue", "DeleteSecret"])
def test_a_call_outside_the_permissions_never_leaves_the_machine(proxy: FaultProxy, action: str) -> None:
    access = Access(
        region=REGION,
        permissions=frozenset(AwsSecretsManagerCollector.permissions),
        endpoint_url=proxy.address,
    )
    calls = AwsCalls.connect(access, RetryBudget(sleep=lambda _: None))
    parameters = {} if action.startswith("Batch") else {"SecretId": "a"}
    with pytest.raises(RuntimeError, match=f"secretsmanager:{action} is not among the permissions"):
        calls.call(f"secretsmanager:{action}", "ARN", **parameters)
    assert proxy.seen == []


def _policy(*actions: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}


@pytest.fixture
def as_user(aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Be an IAM user with just these rights, while the server enforces them."""

    def become(*actions: str) -> None:
        credentials = aws.user("scan", _policy(*actions))
        monkeypatch.delenv("AWS_SESSION_TOKEN")
        for name, value in credentials.items():
            monkeypatch.setenv(name, value)
        aws.enforce_iam()

    yield become
    aws.trust_everyone()


RIGHTS = tuple(right for right in AwsSecretsManagerCollector.permissions if not right.startswith("sts:"))


def test_its_permissions_are_enough(aws: AwsServer, proxy: FaultProxy, as_user: Callable[..., None]) -> None:
    _create(aws, "a", "b")
    as_user(*RIGHTS)
    found = read(proxy)
    assert (found.names, found.gaps, found.error) == (["a", "b"], (), None)
    assert all(secret.unread == {} for secret in found.secrets)
    assert found.evidence["identity"] == f"arn:aws:iam::{ACCOUNT}:user/scan"


@pytest.mark.parametrize(
    ("missing", "fields"),
    [
        ("secretsmanager:DescribeSecret", {"replicas"}),
        ("secretsmanager:ListSecretVersionIds", {"versions", "facts"}),
        ("secretsmanager:GetResourcePolicy", {"grants"}),
        ("secretsmanager:ListResourcePolicies", {"grants"}),
    ],
)
def test_a_missing_right_is_one_gap_and_an_unread_field(
    aws: AwsServer, proxy: FaultProxy, as_user: Callable[..., None], missing: str, fields: set[str]
) -> None:
    _create(aws, "a", "b", "c")
    as_user(*(right for right in RIGHTS if right != missing))
    found = read(proxy)
    user = f"arn:aws:iam::{ACCOUNT}:user/scan"
    assert found.error is None
    assert found.gaps == (
        Gap(
            source="prod",
            scope=f"{REGION} ({missing})",
            status=ScopeStatus.PARTIAL,
            reason=f"{missing} is denied to {user} for 3 secrets, e.g. a",
            hint=f"allow {missing} to {user}",
        ),
    )
    for secret in found.secrets:
        assert secret.unread == dict.fromkeys(fields, f"{missing} is denied to {user}")


def _trail(aws: AwsServer, name: str, *selectors: dict[str, Any], **more: Any) -> str:
    aws.client("s3").create_bucket(Bucket=f"logs-{name}")
    client = aws.client("cloudtrail")
    arn = str(client.create_trail(Name=name, S3BucketName=f"logs-{name}", **more)["TrailARN"])
    client.start_logging(Name=name)
    if selectors:
        client.put_event_selectors(TrailName=name, EventSelectors=list(selectors))
    return arn


def test_trails_say_whether_reads_are_recorded_and_how_long(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "a")
    everything = {"ReadWriteType": "All", "IncludeManagementEvents": True}
    kept = _trail(aws, "kept", everything, IsMultiRegionTrail=True, EnableLogFileValidation=True)
    writes = _trail(aws, "writes", {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True})
    off = _trail(aws, "off", everything)
    aws.client("cloudtrail").stop_logging(Name="off")
    rules = [
        {"ID": "1", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 400}},
        {"ID": "2", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}},
        {"ID": "3", "Status": "Enabled", "Filter": {"Prefix": "other/"}, "Expiration": {"Days": 2}},
    ]
    aws.client("s3").put_bucket_lifecycle_configuration(
        Bucket="logs-kept", LifecycleConfiguration={"Rules": rules}
    )
    found = read(proxy)
    assert found.gaps == ()
    assert found["a"].audit == (
        AuditTrail(sink=kept, enabled=True, covers_reads=True, retention=timedelta(days=400)),
        AuditTrail(sink=off, enabled=False, covers_reads=True, retention=UNENDING),
        AuditTrail(sink=writes, enabled=True, covers_reads=False, retention=UNENDING),
    )
    assert found["a"].attributes["multi-region-trail"] is True
    assert found["a"].attributes["log-file-validation"] is True


@pytest.mark.parametrize(
    ("missing", "covers"),
    [
        ("cloudtrail:DescribeTrails", None),
        ("cloudtrail:GetTrailStatus", (None, UNENDING)),
        ("cloudtrail:GetEventSelectors", (None, UNENDING)),
        ("s3:GetLifecycleConfiguration", (True, None)),
    ],
)
def test_a_trail_that_cannot_be_read_whole_is_no_trail_that_records(
    aws: AwsServer,
    proxy: FaultProxy,
    as_user: Callable[..., None],
    missing: str,
    covers: tuple[bool | None, timedelta | None] | None,
) -> None:
    _create(aws, "a")
    _trail(aws, "one", {"ReadWriteType": "All", "IncludeManagementEvents": True})
    as_user(*(right for right in RIGHTS if right != missing))
    found = read(proxy)
    secret, why = found["a"], f"{missing} is denied to arn:aws:iam::{ACCOUNT}:user/scan"
    assert [gap.reason for gap in found.gaps] == [why] * (not missing.startswith("s3:"))
    if covers is None:
        assert (secret.audit, secret.unread["audit"]) == (None, why)
    else:
        assert secret.audit is not None
        assert [(one.covers_reads, one.retention) for one in secret.audit] == [covers]


def test_a_bucket_that_lies_elsewhere_does_not_end_the_scan(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "a")
    _trail(aws, "one")
    moved = b"<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>"
    of_bucket = Fault(then=Answer(status=301, body=moved), when=lambda request: "logs-one" in request.path)
    proxy.add(of_bucket)
    found = read(proxy)
    assert (found.error, found.names) == (None, ["a"])
    assert [trail.retention for trail in found["a"].audit or ()] == [None]


def _event(name: str, at: datetime, secret: str, **more: Any) -> dict[str, Any]:
    record = {
        "eventSource": "secretsmanager.amazonaws.com",
        "eventName": name,
        "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "awsRegion": REGION,
        "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/ann"},
        "requestParameters": {"secretId": secret},
        **more,
    }
    return {"EventId": "e", "EventName": name, "EventTime": at, "CloudTrailEvent": json.dumps(record)}


def test_the_event_history_tells_who_used_a_secret(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "a", "b")
    day = NOW - timedelta(days=3)
    first = [_event("GetSecretValue", day, "a"), _event("GetSecretValue", day, "b", errorCode="AccessDenied")]
    second = [_event("PutSecretValue", day, "a"), _event("GetSecretValue", day, "a", errorCode="Throttling")]
    proxy.add(
        Fault(then=modelled("LookupEvents", {"Events": first, "NextToken": "2"}, "cloudtrail"), action="LookupEvents", times=1),
        Fault(then=modelled("LookupEvents", {"Events": second}, "cloudtrail"), action="LookupEvents"),
    )  # fmt: skip
    found = read(proxy, events=True, event_days=30)
    ann = f"arn:aws:iam::{ACCOUNT}:user/ann"
    log = found["a"].access_log
    assert log is not None
    assert (log.since, log.until) == (NOW - timedelta(days=30), NOW - timedelta(minutes=15))
    assert [(event.principal, event.action, event.allowed) for event in log.events] == [
        (ann, Action.READ, True),
        (ann, Action.WRITE, True),
    ]
    other = found["b"].access_log
    assert other is not None
    assert [event.allowed for event in other.events] == [False]
    assert found.waits == (0.5,)
    assert found.evidence["events"] == "4 of CloudTrail event history"
    asked = [request.json for request in proxy.seen if request.action == "LookupEvents"]
    assert [one["MaxResults"] for one in asked] == [50, 50]


def test_log_files_anywhere_tell_who_used_a_secret(aws: AwsServer, proxy: FaultProxy, tmp_path: Path) -> None:
    _create(aws, "a")
    record = {
        "eventSource": "secretsmanager.amazonaws.com",
        "eventName": "GetSecretValue",
        "eventTime": "2025-10-01T10:00:00Z",
        "awsRegion": REGION,
        "userIdentity": {"arn": f"arn:aws:iam::{ACCOUNT}:user/ann"},
        "requestParameters": {"secretId": "a"},
    }
    (tmp_path / "trail.json").write_text(json.dumps({"Records": [record]}), encoding="utf-8")
    logs: dict[str, Any] = {"event-logs": [str(tmp_path / "*.json")]}
    found = read(proxy, **logs)
    log = found["a"].access_log
    assert log is not None
    assert [event.principal for event in log.events] == [f"arn:aws:iam::{ACCOUNT}:user/ann"]
    assert found.evidence["events"] == "1 of CloudTrail log files (trail.json)"
    logs["event-logs"] = ["none/*.json"]
    assert read(proxy, **logs)["a"].unread["access_log"] == "no file matches what event-logs names"


def test_events_beyond_the_limit_are_not_covered(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "a")
    days = [NOW - timedelta(hours=hour) for hour in range(50)]
    page = [_event("GetSecretValue", at, "a") for at in days]
    proxy.add(
        Fault(then=modelled("LookupEvents", {"Events": page, "NextToken": "2"}, "cloudtrail"), action="LookupEvents")
    )  # fmt: skip
    log = read(proxy, events=True, max_events=50)["a"].access_log
    assert log is not None
    assert log.since == days[-1]


def test_denied_events_are_a_gap_and_unread(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "a")
    proxy.add(Fault(then=refusal("AccessDeniedException"), action="LookupEvents"))
    found = read(proxy, events=True)
    why = f"cloudtrail:LookupEvents is denied to {IDENTITY}"
    assert [(gap.scope, gap.reason) for gap in found.gaps] == [("us-east-1 (cloudtrail:LookupEvents)", why)]
    assert (found["a"].access_log, found["a"].unread["access_log"]) == (None, why)


def test_without_the_right_to_read_identities_grants_are_those_of_the_resource_policy(
    aws: AwsServer, proxy: FaultProxy, as_user: Callable[..., None]
) -> None:
    _create(aws, "a")
    as_user(*(right for right in RIGHTS if not right.startswith("iam:")))
    found = read(proxy)
    why = f"iam:GetAccountAuthorizationDetails is denied to arn:aws:iam::{ACCOUNT}:user/scan"
    assert [(gap.scope, gap.reason) for gap in found.gaps] == [
        ("us-east-1 (iam:GetAccountAuthorizationDetails)", why)
    ]
    assert found["a"].grants == ()
    assert found["a"].unread == {"grants": f"identity policies were not read: {why}"}
    assert found["a"].attributes["identity-policies"] == "not read"


def test_who_reads_by_identity_policies(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "prod/db", Tags=[{"Key": "team", "Value": "pay"}])
    _create(aws, "dev/db")
    iam = aws.client("iam")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})

    def statement(effect: str, resource: str, **more: Any) -> str:
        what = {"Effect": effect, "Action": "secretsmanager:GetSecretValue", "Resource": resource}
        return json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "S", **what, **more}]})

    prod = f"arn:aws:secretsmanager:*:{ACCOUNT}:secret:prod/*"
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName="app", PolicyName="read", PolicyDocument=statement("Allow", prod))
    iam.create_user(UserName="ann")
    iam.create_group(GroupName="dev")
    iam.add_user_to_group(GroupName="dev", UserName="ann")
    managed = iam.create_policy(PolicyName="all", PolicyDocument=statement("Allow", "*"))["Policy"]["Arn"]
    iam.attach_group_policy(GroupName="dev", PolicyArn=managed)
    iam.put_user_policy(UserName="ann", PolicyName="not", PolicyDocument=statement("Deny", prod))
    by_tag = {"Condition": {"StringEquals": {"aws:ResourceTag/team": "pay"}}}
    iam.create_role(RoleName="pay", AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName="pay", PolicyName="tag", PolicyDocument=statement("Allow", "*", **by_tag))
    found = read(proxy)
    assert found.gaps == ()
    assert [(grant.principal.rpartition(":")[2], grant.via) for grant in found["prod/db"].grants or ()] == [
        ("role/app", "identity policy read, statement S"),
        ("role/pay", "identity policy tag, statement S"),
    ]
    assert [(grant.principal.rpartition(":")[2], grant.via) for grant in found["dev/db"].grants or ()] == [
        ("user/ann", "managed policy all of group dev, statement S"),
    ]
    assert all(secret.unread == {} for secret in found.secrets)
    verdict = AccessCheck.model_validate({"roles": {"app": "allow"}}).evaluate(
        found["prod/db"], context(roles={"app": ("*:role/app", "*:role/pay")})
    )
    assert verdict.outcome is Outcome.PASS


def test_without_the_right_to_list_the_region_is_denied(
    aws: AwsServer, proxy: FaultProxy, as_user: Callable[..., None]
) -> None:
    _create(aws, "a")
    as_user(*(right for right in RIGHTS if right != "secretsmanager:ListSecrets"))
    found = read(proxy)
    assert found.secrets == ()
    assert isinstance(found.error, AccessDeniedError)
    assert (
        "secretsmanager:ListSecrets is denied to arn:aws:iam::123456789012:user/scan" in found.error.message
    )
    assert found.error.scope == REGION
    assert found.error.hint == snapshot(
        "allow secretsmanager:ListSecrets to arn:aws:iam::123456789012:user/scan"
    )
    assert found.evidence["identity"] == f"arn:aws:iam::{ACCOUNT}:user/scan"


def test_a_role_is_assumed_first(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "a")
    found = read(proxy, role_arn=f"arn:aws:iam::{ACCOUNT}:role/scan")
    assert found.names == ["a"]
    assert found.evidence["identity"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/scan/keyproof"
    assert proxy.actions()[:2] == ["AssumeRole", "GetCallerIdentity"]


# What goes wrong


def test_one_region_denied_does_not_hide_the_other(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "here")
    _create(aws, "there", region=OTHER)
    message = f"User: {IDENTITY} is not authorized to perform: secretsmanager:ListSecrets"
    proxy.add(Fault(then=refusal("AccessDeniedException", message), action="ListSecrets", region=OTHER))
    assert read(proxy).names == ["here"]
    denied = read(proxy, OTHER)
    assert isinstance(denied.error, AccessDeniedError)
    assert (denied.error.scope, denied.error.message) == snapshot(
        (
            "eu-west-1",
            "eu-west-1: secretsmanager:ListSecrets is denied to arn:aws:sts::123456789012:user/moto (User: arn:aws:sts::123456789012:user/moto is not authorized to perform: secretsmanager:ListSecrets)",
        )
    )
    assert denied.evidence["secrets listed"] == "0"


def test_a_role_that_may_not_be_assumed(proxy: FaultProxy) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/scan"
    denial = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
    proxy.add(Fault(then=Answer(status=403, body=denial), action="AssumeRole"))
    found = read(proxy, role_arn=role)
    assert isinstance(found.error, AccessDeniedError)
    assert found.error.message == f"us-east-1: sts:AssumeRole is denied to the caller of {role} (no)"
    assert proxy.actions() == ["AssumeRole"]


def test_throttled_calls_wait_and_go_on(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "a", "b", "c")
    proxy.add(
        Fault(then=refusal("ThrottlingException", "Rate exceeded"), action="GetResourcePolicy", times=4),
        Fault(then=Answer(status=429, headers={"Retry-After": "3"}), action="ListSecrets", times=2),
        Fault(then=refusal("SlowDown", status=503), action="DescribeSecret", times=3),
        Fault(then=refusal("RequestLimitExceeded"), action="ListSecretVersionIds", times=1),
    )
    found = read(proxy)
    assert (found.names, found.gaps, found.error) == (["a", "b", "c"], (), None)
    assert all(secret.unread == {} for secret in found.secrets)
    assert len(found.waits) == 10
    assert found.waits[:2] == (3.0, 3.0)
    assert "ListSecrets: 1 page in 3 requests" in found.evidence["calls"]


def test_endless_throttling_ends_at_max_wait(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "a")
    proxy.add(Fault(then=refusal("ThrottlingException", "Rate exceeded"), action="ListSecrets"))
    found = read(proxy, max_wait=5)
    assert isinstance(found.error, BackendUnreachableError)
    assert (found.error.message, found.error.hint) == snapshot(
        (
            "us-east-1: AWS kept throttling secretsmanager:ListSecrets for 5 s",
            "raise max-wait of this source, or scan at a quieter hour",
        )
    )
    assert sum(found.waits) <= 5


def test_throttling_of_one_secret_without_end_keeps_what_was_read(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, *(f"{number:02}" for number in range(20)))
    proxy.add(
        Fault(then=refusal("ThrottlingException"), action="GetResourcePolicy", when=_of("15")),
    )
    found = read(proxy, max_wait=2)
    assert found.names == [f"{number:02}" for number in range(15)]
    assert isinstance(found.error, BackendUnreachableError)
    assert found.evidence["secrets listed"] == "20"


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("ExpiredTokenException", "aws sso login"),
        ("UnrecognizedClientException", "renew the credentials"),
        ("InvalidClientTokenId", "enabled for the account"),
        ("InvalidSignatureException", "clock"),
    ],
)
def test_unusable_credentials_end_the_region_at_once(
    aws: AwsServer, proxy: FaultProxy, code: str, hint: str
) -> None:
    _create(aws, "a")
    proxy.add(Fault(then=refusal(code, "no"), action="ListSecrets"))
    found = read(proxy)
    assert isinstance(found.error, AccessDeniedError)
    assert f"the AWS credentials cannot be used: {code} (no)" in found.error.message
    assert hint in found.error.hint
    assert found.waits == ()


def test_credentials_that_expire_half_way_end_the_region(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "a", "b")
    proxy.add(Fault(then=refusal("ExpiredTokenException"), action="DescribeSecret", when=_of("b")))
    found = read(proxy)
    assert found.names == ["a"]
    assert isinstance(found.error, AccessDeniedError)


def test_no_credentials(proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    found = read(proxy)
    assert isinstance(found.error, AccessDeniedError)
    assert (found.error.message, found.error.hint) == snapshot(
        (
            "us-east-1: the AWS credentials cannot be used: NoCredentialsError (Unable to locate credentials)",
            "set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached",
        )
    )
    assert proxy.seen == []


def test_an_unknown_profile(proxy: FaultProxy) -> None:
    found = read(proxy, profile="nowhere")
    assert isinstance(found.error, AccessDeniedError)
    assert "nowhere" in found.error.message
    assert "profile" in found.error.hint


def test_an_unknown_identity_is_said_and_does_not_stop_the_scan(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "a")
    denial = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
    proxy.add(Fault(then=Answer(status=403, body=denial), action="GetCallerIdentity"))
    found = read(proxy)
    assert found.names == ["a"]
    assert found["a"].id == PREFIX + "a"
    assert found.evidence["identity"] == "unknown (AccessDenied)"
    proxy.faults[:] = [Fault(then=Reset(), action="GetCallerIdentity")]
    assert read(proxy).names == ["a"]


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (Answer(status=500), BackendUnreachableError),
        (Answer(status=502, body=b"<html>Bad Gateway</html>"), BackendUnreachableError),
        (Answer(status=200, body=b"<html>Sign in</html>"), BackendProtocolError),
        (Answer(status=200, body=b""), BackendProtocolError),
        (Truncate(keep=30), BackendProtocolError),
        (Truncate(keep=30, honest=True), BackendProtocolError),
        (Reset(), BackendUnreachableError),
        (refusal("InvalidParameterException", "MaxResults"), BackendProtocolError),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_had_is_never_an_empty_list(
    aws: AwsServer, proxy: FaultProxy, behaviour: Any, error: type[CollectError]
) -> None:
    _create(aws, "a")
    proxy.add(Fault(then=behaviour, action="ListSecrets"))
    found = read(proxy)
    assert found.secrets == ()
    assert type(found.error) is error


@pytest.mark.parametrize("behaviour", [Answer(status=500), Truncate(keep=10, honest=True), Reset()])
def test_a_passing_failure_is_tried_again(aws: AwsServer, proxy: FaultProxy, behaviour: Any) -> None:
    _create(aws, "a")
    proxy.add(
        *(Fault(then=behaviour, action=action, times=2) for action in ("ListSecrets", "DescribeSecret"))
    )
    found = read(proxy)
    assert (found.names, found.gaps, found.error) == (["a"], (), None)
    assert proxy.broken == 4


def test_a_server_that_fails_for_one_secret_leaves_a_gap(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "a", "b")
    proxy.add(
        Fault(then=refusal("InternalServiceError", status=500), action="ListSecretVersionIds", when=_of("b"))
    )
    found = read(proxy)
    assert found.names == ["a", "b"]
    assert found["a"].unread == {}
    assert set(found["b"].unread) == {"versions", "facts"}
    assert [(gap.reason, gap.hint) for gap in found.gaps] == [
        ("secretsmanager:ListSecretVersionIds failed: InternalServiceError for 1 secret, e.g. b", "")
    ]


def test_a_server_that_never_answers(
    aws: AwsServer, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    _create(aws, "a")
    monkeypatch.setattr(calls, "READ_TIMEOUT", 0.3)
    proxy.add(Fault(then=Slow(), action="ListSecrets"))
    found = read(proxy)
    assert isinstance(found.error, BackendUnreachableError)
    assert "secretsmanager:ListSecrets got no answer: ReadTimeoutError" in found.error.message


def test_nobody_listens(aws: AwsServer) -> None:
    with fault_proxy(aws.address) as gone:
        pass
    found = read(gone)
    assert isinstance(found.error, BackendUnreachableError)
    assert "EndpointConnectionError" in found.error.message
    assert "endpoint-url" in found.error.hint


def test_paging_in_a_circle_ends(aws: AwsServer, proxy: FaultProxy) -> None:
    def circle(body: bytes) -> bytes:
        return json.dumps({**json.loads(body), "NextToken": "0"}).encode()

    _create(aws, "a")
    proxy.add(Fault(then=Rewrite(change=circle), action="ListSecrets"))
    found = read(proxy)
    assert isinstance(found.error, BackendProtocolError)
    assert "gave the same page token twice" in found.error.message


def test_a_secret_deleted_between_two_calls_is_counted(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, "a", "b")
    proxy.add(Fault(then=refusal("ResourceNotFoundException"), action="DescribeSecret", when=_of("a")))
    found = read(proxy)
    assert (found.names, found.gaps) == (["b"], ())
    assert found.evidence["deleted while they were read"] == "1"


# Around it


def test_no_value_in_what_it_yields_or_logs(
    aws: AwsServer, proxy: FaultProxy, caplog: pytest.LogCaptureFixture
) -> None:
    _create(aws, "a", "b", Description="a description")
    bodies: list[bytes] = []

    def keep(body: bytes) -> bytes:
        bodies.append(body)
        return body

    proxy.add(Fault(then=Rewrite(change=keep)))
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, logger="keyproof"):
        found = read(proxy)
    assert VALUE not in repr(found)
    assert VALUE not in caplog.text
    assert len(bodies) == len(proxy.seen)
    assert not [body for body in bodies if VALUE.encode() in body]


def test_two_readings_are_equal(aws: AwsServer, proxy: FaultProxy) -> None:
    _create(aws, *(f"{number}" for number in range(25)))
    first, second = read(proxy), read(proxy)
    assert first.secrets == second.secrets
    assert first.evidence == second.evidence


def test_scopes_are_the_regions_each_once() -> None:
    assert _collector("", [], regions=["us-east-1", "cn-north-1", "us-east-1"]).scopes() == (
        "us-east-1",
        "cn-north-1",
    )
    assert _collector("http://127.0.0.1:1", [], regions="anywhere-1").scopes() == ("anywhere-1",)


def test_an_unknown_region_is_refused_with_the_nearest() -> None:
    with pytest.raises(CollectError) as raised:
        _collector("", [], regions=["eu-wset-1"]).scopes()
    assert (raised.value.message, raised.value.hint, raised.value.scope) == snapshot(
        ("'eu-wset-1' is no region of AWS Secrets Manager", "did you mean 'eu-west-1'?", "eu-wset-1")
    )


def test_without_the_sdk_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "boto3.session", None)
    monkeypatch.setitem(__import__("sys").modules, "botocore.session", None)
    with pytest.raises(MissingExtraError, match="'aws' extra"):
        _collector("", []).scopes()
    with pytest.raises(MissingExtraError, match="'aws' extra"):
        list(_collector("http://127.0.0.1:1", []).collect(REGION))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "Field required"),
        ({"regions": []}, "at least 1 item"),
        ({"regions": "us-east-1", "role-arn": "scan"}, "arn:aws:iam::ACCOUNT:role/NAME"),
        ({"regions": "us-east-1", "endpoint-url": "localhost:5000"}, "http://HOST:PORT"),
        ({"regions": "us-east-1", "max-wait": -1}, "greater than or equal to 0"),
        ({"regions": "us-east-1", "region": "x"}, "Extra inputs"),
    ],
)
def test_a_wrong_configuration(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        AwsSecretsManagerConfig.model_validate(config)


def test_an_address_the_sdk_refuses_ends_the_region(aws: AwsServer) -> None:
    collector = _collector("http://[::1", [])
    with pytest.raises(BackendProtocolError, match="preparing calls to secretsmanager failed"):
        list(collector.collect(REGION))
