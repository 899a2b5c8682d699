"""Parameters of AWS Systems Manager, read from a real server over HTTP."""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from keyproof.collectors.aws_ssm import AwsSsmCollector
from keyproof.domain.access import Action
from keyproof.domain.secret import Basis, Encryption
from keyproof.errors import AccessDeniedError
from tests.collectors.conftest import BecomeUser
from tests.fakes.aws_reading import Read, read_scope
from tests.fakes.aws_server import ACCOUNT, AwsServer, modelled, refusal
from tests.fakes.fault_proxy import Fault, FaultProxy

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


RIGHTS = tuple(right for right in AwsSsmCollector.permissions if not right.startswith("sts:"))


def test_its_permissions_are_enough(aws: AwsServer, proxy: FaultProxy, as_user: BecomeUser) -> None:
    _put(aws, "/app/db")
    as_user(*RIGHTS)
    found = read(proxy)
    assert (found.error, found.gaps, found.names) == (None, (), ["/app/db"])


@pytest.mark.parametrize(
    ("missing", "fields"),
    [
        ("ssm:ListTagsForResource", {"tags", "owner", "environment", "priority"}),
        ("iam:GetAccountAuthorizationDetails", {"grants"}),
        ("cloudtrail:DescribeTrails", {"audit"}),
    ],
)
def test_a_missing_right_is_a_gap_and_unread(
    aws: AwsServer, proxy: FaultProxy, as_user: BecomeUser, missing: str, fields: set[str]
) -> None:
    _put(aws, "/app/db")
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
