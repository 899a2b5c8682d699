"""Credentials of AWS IAM, read from a real server over HTTP."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keyproof.checks.strength import Strength
from keyproof.collectors.aws_iam import AwsIamCollector
from keyproof.domain.secret import Basis, SubjectKind, VersionState
from keyproof.domain.verdict import Outcome
from keyproof.errors import AccessDeniedError
from tests.collectors.conftest import BecomeUser
from tests.fakes.aws_reading import Read, read_scope
from tests.fakes.aws_server import ACCOUNT, AwsServer
from tests.fakes.fault_proxy import Answer, Fault, FaultProxy
from tests.fakes.secrets import context

pytestmark = pytest.mark.server

REGION = "us-east-1"
HEADER = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_2_active"
)
ROOT = f"<root_account>,arn:aws:iam::{ACCOUNT}:root,2020-01-01T00:00:00+00:00,not_supported,2025-09-01T00:00:00+00:00,not_supported,not_supported,false,true,2021-01-01T00:00:00+00:00,N/A,false"
ANN = f"ann,arn:aws:iam::{ACCOUNT}:user/ann,2024-01-01T00:00:00+00:00,true,no_information,2024-02-01T00:00:00+00:00,N/A,true,false,N/A,N/A,false"


def read(proxy: FaultProxy, **config: Any) -> Read:
    return read_scope(AwsIamCollector, proxy.address, REGION, **config)


def _xml(action: str, body: str) -> Answer:
    """An answer of IAM, which speaks XML."""
    text = f'<{action}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><{action}Result>{body}</{action}Result></{action}Response>'
    return Answer(status=200, body=text.encode(), headers={"Content-Type": "text/xml"})


def _denial(code: str = "AccessDenied", status: int = 403) -> Answer:
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    return Answer(status=status, body=body.encode())


def _specific(*members: str) -> Answer:
    listed = "".join(f"<member>{member}</member>" for member in members)
    return _xml(
        "ListServiceSpecificCredentials",
        f"<ServiceSpecificCredentials>{listed}</ServiceSpecificCredentials><IsTruncated>false</IsTruncated>",
    )


def _report(*rows: str) -> Answer:
    content = base64.b64encode("\n".join([HEADER, *rows]).encode()).decode()
    return _xml("GetCredentialReport", f"<Content>{content}</Content><ReportFormat>text/csv</ReportFormat>")


@pytest.fixture
def iam(aws: AwsServer, proxy: FaultProxy) -> Any:
    """What moto lacks is answered as AWS does: no service-specific credentials, and a report with the root user."""
    proxy.add(
        Fault(then=_specific(), action="ListServiceSpecificCredentials"),
        Fault(then=_report(ROOT, ANN), action="GetCredentialReport"),
    )
    return aws.client("iam")


def test_access_keys_with_age_use_and_the_older_ones(iam: Any, proxy: FaultProxy) -> None:
    iam.create_user(UserName="ann", Tags=[{"Key": "team", "Value": "pay"}, {"Key": "env", "Value": "prod"}])
    first = iam.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    second = iam.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    iam.update_access_key(UserName="ann", AccessKeyId=first, Status="Inactive")
    found = read(proxy, report=False)
    assert (found.error, found.gaps) == (None, ())
    assert found.names == [f"ann/access-key-{first[-4:]}", f"ann/access-key-{second[-4:]}"]
    old, new = found.secrets
    assert new.id == f"aws-iam://{ACCOUNT}/user/ann/access-key-{second[-4:]}"
    assert (new.kind, new.type, new.owner, new.environment) == (
        SubjectKind.CREDENTIAL,
        "access-key",
        "pay",
        "prod",
    )
    assert new.value_date is not None
    assert (new.value_date.basis, new.value_date.at) == (Basis.VERSION_CREATED, new.created_at)
    assert (old.attributes["active"], new.attributes["active"]) == (False, True)
    assert new.attributes["active-keys-of-user"] == 1
    assert old.versions is None
    assert new.versions is not None
    assert {version.state for version in new.versions} == {VersionState.CURRENT, VersionState.DELETED}
    assert second not in repr(found)
    iam.update_access_key(UserName="ann", AccessKeyId=first, Status="Active")
    both = [secret for secret in read(proxy, report=False).secrets if secret.versions]
    assert [version.state for version in both[0].versions or ()] == [
        VersionState.CURRENT,
        VersionState.PREVIOUS,
    ]


def test_passwords_and_the_root_user_by_the_credential_report(iam: Any, proxy: FaultProxy) -> None:
    iam.create_user(UserName="ann")
    iam.update_account_password_policy(MinimumPasswordLength=14, MaxPasswordAge=90)
    found = read(proxy)
    assert found.gaps == ()
    assert found.names == ["root/access-key-1", "root/console-password", "ann/console-password"]
    key, console = found["root/access-key-1"], found["ann/console-password"]
    assert key.attributes["root"] is True
    assert key.facts[0].at == datetime(2021, 1, 1, tzinfo=UTC)
    assert key.last_accessed_at is None
    assert console.facts[0].at == datetime(2024, 2, 1, tzinfo=UTC)
    assert (console.attributes["mfa"], console.attributes["minimum-length"]) == (True, 14)
    assert (console.attributes["passwords-remembered"], console.attributes["maximum-age-days"]) == (0, 90)
    assert "minimum-length" not in found["root/console-password"].attributes
    assert found["root/console-password"].facts == ()
    assert "root user" in found["root/console-password"].unread["facts"]
    assert "MinimumPasswordLength: 14" in found.evidence["password policy"]


def test_no_password_policy_is_said(iam: Any, proxy: FaultProxy) -> None:
    proxy.faults.insert(0, Fault(then=_denial("NoSuchEntity", 404), action="GetAccountPasswordPolicy"))
    iam.create_user(UserName="ann")
    found = read(proxy)
    assert found.evidence["password policy"] == "none"
    assert found["ann/console-password"].attributes["minimum-length"] == 8


def test_a_password_policy_that_cannot_be_read_is_unread_never_a_default(iam: Any, proxy: FaultProxy) -> None:
    proxy.faults.insert(0, Fault(then=_denial("AccessDenied", 403), action="GetAccountPasswordPolicy"))
    iam.create_user(UserName="ann")
    console = read(proxy)["ann/console-password"]
    assert set(console.unread) == {"minimum-length", "passwords-remembered"}
    rule = Strength.model_validate({"policy-length": 14})
    assert rule.evaluate(console, context()).outcome is Outcome.NOT_EVALUATED


def test_a_report_that_is_being_made_is_waited_for_within_bounds(iam: Any, proxy: FaultProxy) -> None:
    started = _xml("GenerateCredentialReport", "<State>STARTED</State>")
    proxy.faults.insert(0, Fault(then=started, action="GenerateCredentialReport", times=2))
    found = read(proxy)
    assert (found.gaps, found.waits) == ((), (2.0, 2.0, 2.0))  # moto itself has one made first
    proxy.faults.insert(0, Fault(then=started, action="GenerateCredentialReport"))
    assert [gap.reason for gap in read(proxy).gaps] == ["the credential report was not ready after 60 s"]
    assert iam is not None


def test_other_credentials(iam: Any, proxy: FaultProxy) -> None:
    iam.create_user(UserName="ann")
    iam.upload_ssh_public_key(UserName="ann", SSHPublicKeyBody="ssh-rsa AAAA")
    member = (
        "<UserName>ann</UserName><Status>Active</Status><ServiceUserName>x</ServiceUserName>"
        "<CreateDate>2025-01-01T00:00:00Z</CreateDate><ExpirationDate>2026-01-01T00:00:00Z</ExpirationDate>"
        "<ServiceSpecificCredentialId>ACCAEXAMPLEWXYZ</ServiceSpecificCredentialId>"
        "<ServiceName>bedrock.amazonaws.com</ServiceName>"
    )
    proxy.faults.insert(0, Fault(then=_specific(member), action="ListServiceSpecificCredentials"))
    found = read(proxy, report=False)
    assert found.gaps == ()
    special = found["ann/service-credential-WXYZ"]
    assert special.expires_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert special.attributes["service"] == "bedrock.amazonaws.com"
    assert [secret.type for secret in found.secrets] == ["service-credential", "ssh-key"]
    assert all("last_accessed_at" in secret.unread for secret in found.secrets)


def test_server_certificates(iam: Any, proxy: FaultProxy) -> None:
    until = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    member = (
        "<Path>/</Path><ServerCertificateName>www</ServerCertificateName><ServerCertificateId>ASCA</ServerCertificateId>"
        f"<Arn>arn:aws:iam::{ACCOUNT}:server-certificate/www</Arn><UploadDate>2025-01-01T00:00:00Z</UploadDate>"
        f"<Expiration>{until}</Expiration>"
    )
    body = f"<ServerCertificateMetadataList><member>{member}</member></ServerCertificateMetadataList>"
    proxy.add(Fault(then=_xml("ListServerCertificates", body), action="ListServerCertificates"))
    certificate = read(proxy, report=False)["www"]
    assert certificate.kind is SubjectKind.CERTIFICATE
    assert certificate.expires_at == datetime.fromisoformat(until)
    assert iam is not None


def test_pages_of_users(aws: AwsServer, proxy: FaultProxy, iam: Any) -> None:
    def page(name: str, more: str) -> Answer:
        user = f"<UserName>{name}</UserName><UserId>A</UserId><Path>/</Path><Arn>arn:aws:iam::{ACCOUNT}:user/{name}</Arn>"
        return _xml(
            "GetAccountAuthorizationDetails",
            f"<UserDetailList><member>{user}</member></UserDetailList>{more}",
        )

    for name in ("a", "b"):
        iam.create_user(UserName=name)
        iam.create_access_key(UserName=name)
    action = "GetAccountAuthorizationDetails"
    truncated = "<IsTruncated>true</IsTruncated><Marker>next</Marker>"
    proxy.add(
        Fault(then=page("a", truncated), action=action, times=1),
        Fault(then=page("b", ""), action=action, when=lambda request: b"Marker=next" in request.body),
    )
    assert [name.partition("/")[0] for name in read(proxy, report=False).names] == ["a", "b"]
    assert aws.address


RIGHTS = tuple(right for right in AwsIamCollector.permissions if right.startswith("iam:"))


def test_its_permissions_are_enough(iam: Any, proxy: FaultProxy, as_user: BecomeUser) -> None:
    iam.create_user(UserName="ann")
    iam.create_access_key(UserName="ann")
    as_user(*RIGHTS)
    found = read(proxy)
    assert (found.error, found.gaps) == (None, ())
    assert len([name for name in found.names if name.startswith("ann/access-key")]) == 1


@pytest.mark.parametrize("missing", ["iam:ListAccessKeys", "iam:GetAccessKeyLastUsed", "iam:ListSSHPublicKeys", "iam:ListServerCertificates", "iam:GenerateCredentialReport", "iam:GetAccountPasswordPolicy"])  # fmt: skip
def test_a_missing_right_is_a_gap_that_names_it(
    iam: Any, proxy: FaultProxy, as_user: BecomeUser, missing: str
) -> None:
    iam.create_user(UserName="ann")
    iam.create_access_key(UserName="ann")
    as_user(*(right for right in RIGHTS if right != missing))
    found = read(proxy)
    assert found.error is None
    assert [gap.scope for gap in found.gaps] == [f"us-east-1 ({missing})"]
    assert found.gaps[0].hint == f"allow {missing} to arn:aws:iam::{ACCOUNT}:user/scan"


def test_without_the_right_to_list_users_the_account_is_denied(
    iam: Any, proxy: FaultProxy, as_user: BecomeUser
) -> None:
    as_user(*(right for right in RIGHTS if right != "iam:GetAccountAuthorizationDetails"))
    found = read(proxy)
    assert isinstance(found.error, AccessDeniedError)
    assert "iam:GetAccountAuthorizationDetails" in found.error.hint
    assert iam is not None


def test_throttling_waits_and_expired_credentials_end_it(iam: Any, proxy: FaultProxy) -> None:
    iam.create_user(UserName="ann")
    proxy.faults.insert(0, Fault(then=_denial("Throttling", 400), action="ListAccessKeys", times=2))
    found = read(proxy, report=False)
    assert (found.error, found.gaps, len(found.waits)) == (None, (), 2)
    proxy.faults.insert(0, Fault(then=_denial("ExpiredToken", 403), action="ListSSHPublicKeys"))
    expired = read(proxy)
    assert isinstance(expired.error, AccessDeniedError)
    assert expired.names == ["root/access-key-1", "root/console-password"]
