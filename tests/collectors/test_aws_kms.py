"""Keys of AWS KMS, read from a real server over HTTP."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keyproof.collectors.aws_kms import AwsKmsCollector
from keyproof.domain.access import Action
from keyproof.domain.secret import Basis, Rotation, SubjectKind
from keyproof.errors import AccessDeniedError
from tests.collectors.conftest import BecomeUser
from tests.fakes.aws_reading import Read, read_scope
from tests.fakes.aws_server import ACCOUNT, AwsServer, modelled, refusal
from tests.fakes.fault_proxy import Fault, FaultProxy, Request

pytestmark = pytest.mark.server

REGION = "us-east-1"
FIRST, LAST = datetime(2024, 5, 1, tzinfo=UTC), datetime(2025, 5, 1, tzinfo=UTC)


def read(proxy: FaultProxy, **config: Any) -> Read:
    return read_scope(AwsKmsCollector, proxy.address, REGION, regions=[REGION], **config)


def _key(aws: AwsServer, alias: str, **details: Any) -> str:
    kms = aws.client("kms")
    key = str(kms.create_key(**details)["KeyMetadata"]["KeyId"])
    kms.create_alias(AliasName=f"alias/{alias}", TargetKeyId=key)
    return key


def test_a_key_with_its_rotation_and_the_age_of_its_material(aws: AwsServer, proxy: FaultProxy) -> None:
    key = _key(aws, "app", Tags=[{"TagKey": "owner", "TagValue": "pay"}])
    _key(aws, "never")
    status = {"KeyId": key, "KeyRotationEnabled": True, "RotationPeriodInDays": 180, "NextRotationDate": LAST + timedelta(days=180)}  # fmt: skip
    rotations = [{"KeyId": key, "RotationDate": at, "RotationType": "AUTOMATIC"} for at in (FIRST, LAST)]
    pages = [
        {"Rotations": rotations[:1], "Truncated": True, "NextMarker": "2"},
        {"Rotations": rotations[1:], "Truncated": False},
    ]

    def mine(request: Request) -> bool:
        return (request.json or {}).get("KeyId") == key

    proxy.add(
        Fault(then=modelled("GetKeyRotationStatus", status, "kms"), action="GetKeyRotationStatus", when=mine),
        Fault(
            then=modelled("ListKeyRotations", pages[0], "kms"), action="ListKeyRotations", times=1, when=mine
        ),
        Fault(then=modelled("ListKeyRotations", pages[1], "kms"), action="ListKeyRotations", when=mine),
    )
    found = read(proxy)
    assert (found.error, found.gaps) == (None, ())
    secret = found["alias/app"]
    assert secret.id == f"aws-kms://{ACCOUNT}/{REGION}/{key}"
    assert (secret.kind, secret.owner, secret.type) == (SubjectKind.KEY, "pay", "SYMMETRIC_DEFAULT")
    assert secret.rotation == Rotation(
        enabled=True,
        interval=timedelta(days=180),
        schedule="every 180 days",
        last_at=LAST,
        next_at=LAST + timedelta(days=180),
        mechanism="AWS KMS",
    )
    assert secret.value_date is not None
    assert (secret.value_date.at, secret.value_date.basis) == (LAST, Basis.VERSION_CREATED)
    assert secret.attributes["materials"] == 3
    never = found["alias/never"]
    assert never.rotation == Rotation(enabled=False, mechanism="AWS KMS")
    assert never.value_date is not None
    assert never.value_date.at == never.created_at


def test_a_key_that_aws_cannot_rotate_has_no_rotation(aws: AwsServer, proxy: FaultProxy) -> None:
    _key(aws, "signing", KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")
    secret = read(proxy)["alias/signing"]
    assert secret.rotation is None
    assert "rotation" not in secret.unread
    assert "GetKeyRotationStatus" not in proxy.actions()


def test_a_key_waiting_for_its_deletion(aws: AwsServer, proxy: FaultProxy) -> None:
    key = _key(aws, "old")
    aws.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    secret = read(proxy)["alias/old"]
    assert secret.deletion is not None
    assert secret.attributes["state"] == "PendingDeletion"


def test_keys_of_aws_are_left_out_unless_asked_for(aws: AwsServer, proxy: FaultProxy) -> None:
    key = _key(aws, "app")
    record = {"KeyId": key, "Arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key}", "KeyManager": "AWS", "AWSAccountId": ACCOUNT, "CreationDate": FIRST}  # fmt: skip
    proxy.add(Fault(then=modelled("DescribeKey", {"KeyMetadata": record}, "kms"), action="DescribeKey"))
    found = read(proxy)
    assert (found.secrets, found.evidence["managed by AWS and left out"]) == ((), "1")
    rotation = read(proxy, aws_managed=True)["alias/app"].rotation
    assert rotation is not None
    assert (rotation.enabled, rotation.mechanism) == (True, "managed by AWS")


def test_grants_come_from_policy_identities_and_grants(aws: AwsServer, proxy: FaultProxy) -> None:
    key = _key(aws, "app")
    role = f"arn:aws:iam::{ACCOUNT}:role/batch"
    aws.client("kms").create_grant(KeyId=key, GranteePrincipal=role, Operations=["Decrypt"], Name="batch")
    iam = aws.client("iam")
    iam.create_user(UserName="ann")
    allowed = {"Sid": "K", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="ann", PolicyName="keys", PolicyDocument=document)
    secret = read(proxy)["alias/app"]
    assert [(one.principal.rpartition(":")[2], one.actions, one.via) for one in secret.grants or ()] == [
        ("role/batch", (Action.READ,), "grant batch"),
        ("user/ann", (Action.READ,), "identity policy keys, statement K"),
    ]
    assert "grants" not in secret.unread


def test_when_a_key_was_last_used(aws: AwsServer, proxy: FaultProxy) -> None:
    key = _key(aws, "app")
    told = {
        "KeyId": key,
        "KeyLastUsage": {"Operation": "Decrypt", "Timestamp": LAST},
        "TrackingStartDate": FIRST,
    }
    proxy.add(Fault(then=modelled("GetKeyLastUsage", told, "kms"), action="GetKeyLastUsage", times=1))
    proxy.add(Fault(then=modelled("GetKeyLastUsage", {"KeyId": key, "TrackingStartDate": FIRST}, "kms"), action="GetKeyLastUsage"))  # fmt: skip
    assert read(proxy, usage=True)["alias/app"].last_accessed_at == LAST
    unused = read(proxy, usage=True)["alias/app"]
    assert unused.last_accessed_at is None
    assert unused.unread["last_accessed_at"] == "AWS knows of no use since 2024-05-01"


RIGHTS = tuple(right for right in AwsKmsCollector.permissions if not right.startswith("sts:"))


def test_its_permissions_are_enough_and_no_key_is_used(
    aws: AwsServer, proxy: FaultProxy, as_user: BecomeUser
) -> None:
    _key(aws, "app")
    as_user(*RIGHTS)
    found = read(proxy)
    assert (found.error, found.gaps, found.names) == (None, (), ["alias/app"])
    assert not {"Decrypt", "Encrypt", "GenerateDataKey", "ReEncrypt"} & set(proxy.actions())


@pytest.mark.parametrize(
    ("missing", "fields"),
    [
        ("kms:DescribeKey", {"facts", "rotation", "deletion", "created_at"}),
        ("kms:GetKeyRotationStatus", {"rotation"}),
        ("kms:ListKeyRotations", {"facts", "versions"}),
        ("kms:GetKeyPolicy", {"grants"}),
        ("kms:ListGrants", {"grants"}),
        ("kms:ListResourceTags", {"tags", "owner", "environment", "priority"}),
        ("iam:GetAccountAuthorizationDetails", {"grants"}),
    ],
)
def test_a_missing_right_is_a_gap_and_unread(
    aws: AwsServer, proxy: FaultProxy, as_user: BecomeUser, missing: str, fields: set[str]
) -> None:
    key = _key(aws, "app")
    as_user(*(right for right in RIGHTS if right != missing))
    found = read(proxy)
    assert found.error is None
    assert [gap.scope for gap in found.gaps] == [f"{REGION} ({missing})"]
    assert set(found["alias/app"].unread) - {"last_accessed_at"} == fields
    assert key in found["alias/app"].id


def test_without_the_right_to_list_the_region_is_denied(
    aws: AwsServer, proxy: FaultProxy, as_user: BecomeUser
) -> None:
    _key(aws, "app")
    as_user(*(right for right in RIGHTS if right != "kms:ListKeys"))
    assert isinstance(read(proxy).error, AccessDeniedError)


def test_throttling_waits_and_expired_credentials_keep_what_was_read(
    aws: AwsServer, proxy: FaultProxy
) -> None:
    _key(aws, "app")
    proxy.add(Fault(then=refusal("ThrottlingException"), action="DescribeKey", times=2))
    found = read(proxy)
    assert (found.names, len(found.waits)) == (["alias/app"], 2)
    proxy.add(Fault(then=refusal("ExpiredTokenException"), action="ListGrants"))
    assert isinstance(read(proxy).error, AccessDeniedError)
