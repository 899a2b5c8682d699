"""Parameters of AWS Systems Manager, read from a real server over HTTP."""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from inline_snapshot import snapshot

from keyproof.checks.access import Access as AccessCheck
from keyproof.collectors.aws_ssm import AwsSsmCollector
from keyproof.domain.access import Action
from keyproof.domain.secret import Basis, Encryption, SecretMetadata
from keyproof.domain.verdict import Outcome
from keyproof.errors import AccessDeniedError
from tests.collectors.conftest import BecomeUser
from tests.fakes.aws_reading import Read, read_scope
from tests.fakes.aws_server import ACCOUNT, AwsServer, modelled, refusal
from tests.fakes.fault_proxy import Answer, Fault, FaultProxy
from tests.fakes.secrets import context

pytestmark = pytest.mark.server

REGION = "us-east-1"
VALUE = "the-planted-" + "value-of-a-parameter"


def read(proxy: FaultProxy, **config: Any) -> Read:
    return read_scope(AwsSsmCollector, proxy.address, REGION, regions=[REGION], **config)


def _put(aws: AwsServer, name: str, kind: str = "SecureString", **details: Any) -> None:
    aws.client("ssm").put_parameter(Name=name, Value=VALUE, Type=kind, **details)


def test_reads_secrets_and_what_is_one_by_its_name_page_by_page(aws: AwsServer, proxy: FaultProxy) -> None:
    for number in range(60):
        _put(aws, f"/app/{number:02}")
    _put(aws, "/app/db-password", "String")
    _put(aws, "/app/API_KEY", "StringList")
    _put(aws, "/app/colour", "String")
    found = read(proxy)
    assert (found.error, found.gaps, len(found.secrets)) == (None, (), 62)
    assert Counter(proxy.actions())["DescribeParameters"] > 1
    assert found.evidence["parameters not encrypted and no secret by their names"] == "1"
    assert found["/app/00"].encryption == Encryption(
        encrypted=True, key="alias/aws/ssm", customer_managed=False
    )
    assert found["/app/db-password"].encryption == Encryption(encrypted=False)
    assert found["/app/00"].id == f"aws-ssm://{ACCOUNT}/{REGION}/app/00"
    assert VALUE not in repr(found)
    assert not [action for action in proxy.actions() if action.startswith("GetParameter")]


def test_dates_tags_and_key(aws: AwsServer, proxy: FaultProxy) -> None:
    _put(aws, "/app/db", KeyId="alias/own", Tags=[{"Key": "owner", "Value": "pay"}])
    _put(aws, "/app/db", Overwrite=True)
    secret = read(proxy)["/app/db"]
    assert (secret.owner, secret.attributes["version"]) == ("pay", 2)
    assert secret.value_date is not None
    assert secret.value_date.basis is Basis.VERSION_CREATED
    assert "last_accessed_at" in secret.unread
    own = modelled(
        "DescribeParameters",
        {"Parameters": [{"Name": "/app/db", "Type": "SecureString", "KeyId": "alias/own"}]},
        "ssm",
    )
    proxy.add(Fault(then=own, action="DescribeParameters"))
    assert read(proxy)["/app/db"].encryption == Encryption(
        encrypted=True, key="alias/own", customer_managed=True
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (json.dumps({"Type": "Expiration", "Attributes": {"Timestamp": "2026-01-01T00:00:00.000Z"}}), datetime(2026, 1, 1, tzinfo=UTC)),
        (json.dumps({"Attributes": {"Timestamp": "2026-01-01T02:00:00+02:00"}}), datetime(2026, 1, 1, tzinfo=UTC)),
        ("{}", None),
        ("no json", None),
    ],
)  # fmt: skip
def test_expiration_policies(aws: AwsServer, proxy: FaultProxy, text: str, expected: datetime | None) -> None:
    _put(aws, "/app/db")
    policies = [
        {"PolicyText": "{}", "PolicyType": "NoChangeNotification", "PolicyStatus": "Pending"},
        {"PolicyText": text, "PolicyType": "Expiration", "PolicyStatus": "Pending"},
    ]
    entry = {"Name": "/app/db", "Type": "SecureString", "Policies": policies}
    proxy.add(
        Fault(
            then=modelled("DescribeParameters", {"Parameters": [entry]}, "ssm"), action="DescribeParameters"
        )
    )
    secret = read(proxy)["/app/db"]
    assert secret.expires_at == expected
    assert ("expires_at" in secret.unread) is (expected is None)


def test_who_reads_by_identity_policies(aws: AwsServer, proxy: FaultProxy) -> None:
    _put(aws, "/app/db")
    iam = aws.client("iam")
    iam.create_user(UserName="ann")
    arn = f"arn:aws:ssm:*:{ACCOUNT}:parameter/app/*"
    document = {"Statement": {"Sid": "R", "Effect": "Allow", "Action": "ssm:GetParameter*", "Resource": arn}}
    iam.put_user_policy(
        UserName="ann", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", **document})
    )
    secret = read(proxy)["/app/db"]
    assert [(one.principal.rpartition(":")[2], one.actions) for one in secret.grants or ()] == [
        ("user/ann", (Action.READ,))
    ]


def _listed(proxy: FaultProxy, **details: Any) -> None:
    """Let one parameter be listed, as AWS does."""
    entry = {"Name": "/app/db", "Type": "SecureString", "Tier": "Advanced", **details}
    proxy.add(
        Fault(
            then=modelled("DescribeParameters", {"Parameters": [entry]}, "ssm"), action="DescribeParameters"
        )
    )


def _share(sid: str, account: str, effect: str = "Allow") -> dict[str, str]:
    """A policy as sharing a parameter makes it."""
    actions = ["ssm:DescribeParameters", "ssm:GetParameter", "ssm:GetParameters", "ssm:GetParameterHistory"]
    statement = {"Sid": sid, "Effect": effect, "Principal": {"AWS": [account]}, "Action": actions}
    resource = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/app/db"
    document = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": resource}]}
    return {"PolicyId": sid.lower(), "PolicyHash": "h", "Policy": json.dumps(document)}


def _judged(secret: SecretMetadata) -> Outcome:
    """What a rule says that lets the own account's roles read."""
    rule = AccessCheck.model_validate({"roles": {"own": "allow"}})
    return rule.evaluate(secret, context(roles={"own": (f"arn:aws:iam::{ACCOUNT}:*",)})).outcome


def test_a_share_by_a_resource_policy_is_a_grant(aws: AwsServer, proxy: FaultProxy) -> None:
    _put(aws, "/app/db")
    assert _judged(read(proxy)["/app/db"]) is Outcome.PASS
    _listed(proxy)
    pages = (
        {"Policies": [_share("One", "111122223333")], "NextToken": "n"},
        {"Policies": [_share("Two", "444455556666"), _share("Not", "444455556666", "Deny")]},
    )
    for page in pages:
        proxy.add(
            Fault(then=modelled("GetResourcePolicies", page, "ssm"), action="GetResourcePolicies", times=1)
        )
    found = read(proxy)
    secret = found["/app/db"]
    assert [(grant.principal, grant.via, grant.actions) for grant in secret.grants or ()] == [
        ("arn:aws:iam::111122223333:root", "resource policy one, statement One", (Action.READ,)),
    ]
    assert _judged(secret) is Outcome.FAIL
    (first, second) = [request.json for request in proxy.seen if request.action == "GetResourcePolicies"]
    assert first == {"ResourceArn": f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/app/db"}
    assert second == {**first, "NextToken": "n"}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (refusal("AccessDeniedException"), f"ssm:GetResourcePolicies is denied to arn:aws:sts::{ACCOUNT}:user/moto"),
        (refusal("InternalServerError", status=500), "ssm:GetResourcePolicies failed: InternalServerError"),
        (modelled("GetResourcePolicies", {"Policies": [{"PolicyId": "p"}]}, "ssm"), "the resource policy cannot be understood: the policy has no Statement"),
        (modelled("GetResourcePolicies", {"Policies": [{"PolicyId": "p", "Policy": "{"}]}, "ssm"), "the resource policy cannot be understood: the policy is not JSON"),
    ],
)  # fmt: skip
def test_resource_policies_that_cannot_be_read_are_never_none(
    aws: AwsServer, proxy: FaultProxy, answer: Answer, why: str
) -> None:
    _put(aws, "/app/db")
    _listed(proxy)
    proxy.add(Fault(then=answer, action="GetResourcePolicies"))
    found = read(proxy)
    secret = found["/app/db"]
    assert (secret.grants, secret.unread["grants"]) == (None, why)
    assert _judged(secret) is Outcome.NOT_EVALUATED
    refused = [gap.scope for gap in found.gaps]
    assert refused == ([] if answer.status == 200 else [f"{REGION} (ssm:GetResourcePolicies)"])


def test_a_parameter_deleted_meanwhile_is_none(aws: AwsServer, proxy: FaultProxy) -> None:
    _put(aws, "/app/db")
    _listed(proxy)
    proxy.add(Fault(then=refusal("ResourceNotFoundException"), action="GetResourcePolicies"))
    found = read(proxy)
    assert (found.secrets, found.gaps) == ((), ())


def test_only_what_aws_can_share_is_asked_for(aws: AwsServer, proxy: FaultProxy) -> None:
    _put(aws, "/app/db")
    _listed(proxy, Tier="Standard")
    assert read(proxy)["/app/db"].grants == ()
    assert "GetResourcePolicies" not in proxy.actions()


def test_a_server_without_resource_policies_keeps_none_and_that_is_told(
    aws: AwsServer, proxy: FaultProxy
) -> None:
    """Moto does not know the operation."""
    _put(aws, "/app/db", Tier="Advanced")
    _put(aws, "/app/other", Tier="Advanced")
    found = read(proxy)
    assert (found.gaps, [secret.grants for secret in found.secrets]) == ((), [(), ()])
    assert found.evidence["resource policies"] == snapshot("not known to the server (500), so it keeps none")


RIGHTS = tuple(right for right in AwsSsmCollector.permissions if not right.startswith("sts:"))


def test_its_permissions_are_enough(aws: AwsServer, proxy: FaultProxy, as_user: BecomeUser) -> None:
    _put(aws, "/app/db", Tier="Advanced")
    as_user(*RIGHTS)
    found = read(proxy)
    assert (found.error, found.gaps, found.names) == (None, (), ["/app/db"])


@pytest.mark.parametrize(
    ("missing", "fields"),
    [
        ("ssm:ListTagsForResource", {"tags", "owner", "environment", "priority"}),
        ("iam:GetAccountAuthorizationDetails", {"grants"}),
        ("ssm:GetResourcePolicies", {"grants"}),
        ("cloudtrail:DescribeTrails", {"audit"}),
    ],
)
def test_a_missing_right_is_a_gap_and_unread(
    aws: AwsServer, proxy: FaultProxy, as_user: BecomeUser, missing: str, fields: set[str]
) -> None:
    _put(aws, "/app/db", Tier="Advanced")
    as_user(*(right for right in RIGHTS if right != missing))
    found = read(proxy)
    assert [gap.scope for gap in found.gaps] == [f"{REGION} ({missing})"]
    assert set(found["/app/db"].unread) - {"last_accessed_at"} == fields


def test_without_the_right_to_list_the_region_is_denied(
    aws: AwsServer, proxy: FaultProxy, as_user: BecomeUser
) -> None:
    _put(aws, "/app/db")
    as_user(*(right for right in RIGHTS if right != "ssm:DescribeParameters"))
    assert isinstance(read(proxy).error, AccessDeniedError)


def test_throttling_waits_and_expired_credentials_keep_what_was_read(
    aws: AwsServer, proxy: FaultProxy
) -> None:
    _put(aws, "/app/db")
    proxy.add(Fault(then=refusal("ThrottlingException"), action="DescribeParameters", times=2))
    found = read(proxy)
    assert (found.names, len(found.waits)) == (["/app/db"], 2)
    proxy.add(Fault(then=refusal("ExpiredTokenException"), action="ListTagsForResource"))
    expired = read(proxy)
    assert isinstance(expired.error, AccessDeniedError)
    assert expired.secrets == ()
