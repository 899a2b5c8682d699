"""No collector asks for a value: by its rights, and by the guards before what is sent."""

from pathlib import Path
from typing import Any

import pytest

from keyproof.kubernetes.client import METADATA, TABLE, Client
from keyproof.kubernetes.config import KubernetesConfig
from keyproof.kubernetes.kubeconfig import ClusterAccess
from keyproof.kubernetes.permissions import SECRETS
from keyproof.ports import Surroundings
from keyproof.postgresql.server import Server
from keyproof.rest.transport import JSON
from keyproof.value_operations import ValueOperationError, cloud_value, returns_value, whole_secrets
from keyproof.wiring.catalog import COLLECTORS
from tests.fakes.ports import FixedClock


@pytest.mark.parametrize("kind", sorted(COLLECTORS))
def test_no_right_that_a_collector_needs_hands_over_a_value(kind: str) -> None:
    rights = COLLECTORS[kind].permissions
    assert rights, "a collector states its rights, if only to read its files"
    assert [right for right in rights if returns_value(right)] == []


@pytest.mark.parametrize(
    "operation",
    [
        "secretsmanager:GetSecretValue",
        "secretsmanager:BatchGetSecretValue",
        "ssm:GetParametersByPath",
        "kms:Decrypt",
        "read secret/data/app",
        "GET kv/data/app/db",
        "read database/static-creds/app",
        "read KV1/*",
        "get secrets",
        "watch secrets",
        "select rolpassword from pg_authid",
        "Microsoft.KeyVault/vaults/secrets/getSecret/action",
        "secretmanager.versions.access",
        "cloudkms.cryptoKeyVersions.useToDecrypt",
        "cloudkms.cryptoKeyVersions.useToSign",
        "GET /v1/vaults/abc/items/def",
        "GET /orgs/o/secret-scanning/alerts",
        "GET /api/v4/projects/1/variables",
        "GET /secrets/acct/variable/db",
        "GET /api/v4/admin/ci/variables",
        "query { project { inheritedCiVariables { nodes { key value } } } }",
        "POST /api/v4/projects/1/deploy_tokens",
        "POST /api/v4/personal_access_tokens/1/rotate",
        "POST /api/v4/runners/1/reset_authentication_token",
        "POST /v3/configs/config/tokens",
        "POST /v3/workplace/service_accounts/service_account/s1/tokens",
        "POST /api/v1/dynamic-secrets/leases",
        "GET /api/v2/secret-rotations/aws/r1/generated-credentials",
        "POST /api/v1/auth/universal-auth/identities/i1/client-secrets",
        "PUT /authn/acme/api_key",
        "GET /authn/acme/login",
        "POST /host_factories/hosts",
    ],
)
def test_what_hands_over_a_value(operation: str) -> None:
    assert returns_value(operation)


@pytest.mark.parametrize(
    "operation",
    [
        "secretsmanager:ListSecrets",
        "secretsmanager:DescribeSecret",
        "ssm:DescribeParameters",
        "kms:DescribeKey",
        "read KV2/metadata/*",
        "read database/static-roles/*",
        "list secrets",
        "list KV1/*",
        "secretmanager.versions.list",
        "cloudkms.cryptoKeyVersions.list",
        "GET /v1/vaults/abc/items",
        "GET /orgs/o/secret-scanning/alerts?hide_secret=true",
        "read sys/audit",
        "read auth/METHOD/role/NAME",
        "GET /api/v4/projects/1/deploy_tokens",
        "GET /v3/configs/config/tokens",
        "POST /authn/acme/host%2Fscanner/authenticate",
        "POST /api/v1/auth/universal-auth/login",
        "POST /connect/token",
    ],
)
def test_what_does_not(operation: str) -> None:
    assert not returns_value(operation)


@pytest.mark.parametrize(
    ("method", "path", "value"),
    [
        ("GET", "/secrets/db", True),
        ("GET", "/secrets/db/", True),
        ("GET", "/secrets/db/0123456789abcdef", True),
        ("GET", "/secrets/versions", True),
        ("POST", "/keys/k/1/decrypt", True),
        ("POST", "/secrets/db/backup", True),
        ("GET", "/v1/projects/p/secrets/s/versions/latest:access", True),
        ("GET", "/v1/projects/p/locations/l/secrets/s/versions/1:access", True),
        ("POST", "/v1/projects/p/serviceAccounts/a@p.iam/keys", True),
        ("POST", "/v1/projects/-/serviceAccounts/a@p.iam:generateAccessToken", True),
        ("POST", "/v1/projects/p/locations/l/keyRings/r/cryptoKeys/k:decrypt", True),
        (
            "POST",
            "/v1/projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1:asymmetricSign",
            True,
        ),
        ("GET", "/v1/projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions", False),
        ("GET", "/keys/k/0123456789abcdef", False),
        ("GET", "/secrets", False),
        ("GET", "/secrets/data/versions", False),
        ("GET", "/keys/sign/versions", False),
        ("GET", "/deletedsecrets", False),
        ("GET", "/certificates/secrets/policy", False),
        ("GET", "/v1/projects/p/secrets/data/versions", False),
        ("GET", "/v1/projects/p/serviceAccounts/a@p.iam/keys", False),
        ("POST", "/v3/projects/p:getIamPolicy", False),
    ],
)
def test_requests_to_clouds_that_hand_over_a_value(method: str, path: str, value: bool) -> None:
    assert cloud_value(method, path) is value


@pytest.mark.parametrize(
    ("path", "accept", "whole"),
    [
        ("/api/v1/namespaces/shop/secrets", JSON, True),
        ("/api/v1/secrets?limit=500", JSON, True),
        ("/api/v1/namespaces/shop/secrets/db", JSON, True),
        ("/api/v1/namespaces/shop/secrets", TABLE, False),
        ("/api/v1/namespaces/shop/secrets", METADATA, False),
        ("/apis/external-secrets.io/v1/namespaces/shop/externalsecrets", JSON, False),
        ("/api/v1/namespaces/secrets/pods", JSON, False),
        ("/apis/external-secrets.io/v1/namespaces/shop/secretstores?limit=500", JSON, True),
        ("/apis/external-secrets.io/v1/clustersecretstores", JSON, True),
        ("/apis/external-secrets.io/v1beta1/clustersecretstores/aws", JSON, True),
        ("/apis/external-secrets.io/v1/clustersecretstores", TABLE, False),
    ],
)
def test_secrets_of_kubernetes_are_asked_for_without_values(path: str, accept: str, whole: bool) -> None:
    assert whole_secrets(path, accept) is whole


def test_the_kubernetes_client_refuses_before_it_asks() -> None:
    access = ClusterAccess(server="http://127.0.0.1:9")
    here = Surroundings(root=Path("/"), environ={}, clock=FixedClock(), sleep=lambda _: None)
    client = Client(access, KubernetesConfig(), here, scope="k8s")
    for path, right in (("/api/v1/namespaces/shop/secrets/db", SECRETS), ("/version", "get secrets")):
        with pytest.raises(ValueOperationError):
            client.get(path, need=right)
    assert client.counts.total() == 0


def test_the_postgresql_session_refuses_before_it_asks() -> None:
    nothing: Any = None
    with pytest.raises(ValueOperationError):
        Server(nothing, nothing, "db").rows("select rolname, rolpassword from pg_authid")
