"""The policy that is shipped for AWS grants what the AWS collectors need, and nothing that hands over a value."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from keyproof.value_operations import returns_value
from keyproof.wiring.catalog import COLLECTORS
from tests.collectors.conftest import BecomeUser
from tests.fakes.aws_reading import read_scope
from tests.fakes.aws_server import AwsServer, modelled
from tests.fakes.fault_proxy import Answer, Fault, FaultProxy

ROOT = Path(__file__).parents[2]
POLICY: dict[str, Any] = json.loads((ROOT / "docs/how-to/aws-policy.json").read_text(encoding="utf-8"))
KINDS = sorted(kind for kind in COLLECTORS if kind.startswith("aws-"))
REGION = "us-east-1"


def test_it_allows_exactly_the_rights_of_the_collectors() -> None:
    allowed, denied = POLICY["Statement"]
    needed = {
        right for kind in KINDS for right in COLLECTORS[kind].permissions if not right.startswith("sts:")
    }
    assert (allowed["Effect"], set(allowed["Action"])) == ("Allow", needed)
    assert denied["Effect"] == "Deny"
    assert all(returns_value(action) for action in denied["Action"])


@pytest.mark.server
@pytest.mark.parametrize("kind", KINDS)
def test_every_collector_runs_with_it_without_a_gap(
    aws: AwsServer, proxy: FaultProxy, as_user: BecomeUser, kind: str
) -> None:
    aws.client("secretsmanager").create_secret(Name="app", SecretString="planted")
    aws.client("ssm").put_parameter(Name="/app", Value="planted", Type="SecureString", Tier="Advanced")
    aws.client("kms").create_key()
    nothing = b"<ListServiceSpecificCredentialsResponse><ListServiceSpecificCredentialsResult><ServiceSpecificCredentials/></ListServiceSpecificCredentialsResult></ListServiceSpecificCredentialsResponse>"
    proxy.add(
        Fault(then=Answer(status=200, body=nothing), action="ListServiceSpecificCredentials"),
        Fault(then=modelled("LookupEvents", {"Events": []}, "cloudtrail"), action="LookupEvents"),
    )
    as_user(policy=POLICY)
    config: dict[str, Any] = {} if kind == "aws-iam" else {"regions": [REGION]}
    if kind == "aws-secrets-manager":
        config["events"] = True
    found = read_scope(COLLECTORS[kind], proxy.address, REGION, **config)
    assert found.error is None
    missing_root = "the credential report has no row of the root user"  # moto's report lacks it
    assert [gap for gap in found.gaps if gap.reason != missing_root] == []
    assert found.secrets
    assert "planted" not in repr(found)


@pytest.mark.server
def test_nobody_with_it_reads_a_value(aws: AwsServer, as_user: BecomeUser) -> None:
    aws.client("secretsmanager").create_secret(Name="app", SecretString="planted")
    as_user(policy=POLICY)
    from boto3.session import Session  # noqa: PLC0415 (takes the credentials that were just set)

    client = Session().client("secretsmanager", region_name=REGION, endpoint_url=aws.address)
    assert client.describe_secret(SecretId="app")["Name"] == "app"
    with pytest.raises(ClientError, match="AccessDenied"):
        client.get_secret_value(SecretId="app")
