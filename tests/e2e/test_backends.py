"""Many systems in one run and one report: AWS, OpenBao, PostgreSQL, Kubernetes, TLS, files and an inventory."""

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from keyproof.demo.openbao import SKIP_REASON as NO_OPENBAO
from keyproof.demo.openbao import OpenBaoServer, find_binary
from keyproof.kubernetes.permissions import manifests
from keyproof.postgresql.permissions import GRANTS
from keyproof.vault.permissions import reader_policy
from tests.e2e.conftest import Run
from tests.fakes.aws_server import CREDENTIALS, aws_server
from tests.fakes.kube_api import KubeApi, kube_api
from tests.fakes.kube_server import SKIP_REASON, KubeServer, find_build, kube_server
from tests.fakes.postgres_server import serve

pytestmark = pytest.mark.server

CANARY = "canary-" + "value-nobody-may-read"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
POLICY = """\
apiVersion: keyproof/v1
kind: PolicyPack
metadata: {id: house, title: House, version: 1.0.0, owner: Security, reviewed: 2025-09-01}
roles:
  operators: ["group:system:masters", "admin", "postgres"]
  scanner: ["*keyproof*"]
rules:
  - {id: age, title: Values are younger than 90 days, check: max-age, with: {period: 90d}}
  - {id: encrypted, title: Secrets are encrypted, check: encrypted}
  - id: readers
    title: Only operators read secrets
    check: access
    with: {roles: {operators: allow, scanner: allow}}
  - id: used
    title: Only operators used secrets
    check: accessed-by
    with: {roles: {operators: allow}, window: 30d}
"""


@pytest.fixture(
    scope="module",
    params=["fake", pytest.param("real", marks=pytest.mark.kubernetes)],
)
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KubeApi | KubeServer]:
    folder = tmp_path_factory.mktemp("cluster")
    if request.param == "fake":
        with kube_api(folder, tokens={}) as api:
            api.version = "v1.31.0"
            _fill_cluster(api)
            yield api
        return
    build = find_build()
    if build is None:
        pytest.skip(SKIP_REASON)
    with kube_server(build, folder, tokens={}) as server:
        _fill_cluster(server)
        yield server


def _fill_cluster(server: KubeApi | KubeServer) -> None:
    for name in ("shop", "keyproof"):
        server.make("/api/v1/namespaces", {"metadata": {"name": name}})
    server.make("/api/v1/namespaces/keyproof/serviceaccounts", {"metadata": {"name": "keyproof"}})
    server.make(
        "/api/v1/namespaces/shop/secrets", {"metadata": {"name": "db"}, "stringData": {"password": CANARY}}
    )
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}
    server.make(f"{_RBAC}/clusterroles", {"metadata": {"name": "viewer"}, "rules": [rule]})
    binding: dict[str, Any] = {
        "metadata": {"name": "devs"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "viewer"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "devs"}],
    }
    server.make(f"{_RBAC}/namespaces/shop/rolebindings", binding)
    for body in yaml.safe_load_all(manifests("keyproof")):
        space, plural = body["metadata"].get("namespace"), f"{body['kind'].lower()}s"
        server.make(f"{_RBAC}/namespaces/{space}/{plural}" if space else f"{_RBAC}/{plural}", body)
    server.call("GET", "/api/v1/namespaces/shop/secrets/db")


def _token(server: KubeApi | KubeServer) -> str:
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": 3600},
    }
    made = server.call("POST", "/api/v1/namespaces/keyproof/serviceaccounts/keyproof/token", body)
    return str(made["status"]["token"])


def _configuration(
    project: Path, running: ExitStack, cluster: KubeApi | KubeServer
) -> tuple[dict[str, Any], dict[str, str]]:
    """keyproof.yaml with a source of each kind, and the environment with the credentials."""
    aws = running.enter_context(aws_server())
    aws.client("secretsmanager").create_secret(Name="app/api-key", SecretString=CANARY)
    bao = running.enter_context(OpenBaoServer(project / "bao"))
    bao.mount("kv")
    bao.call("POST", "kv/data/app/db", {"data": {"password": CANARY}})
    bao.policy("reader", reader_policy(kv2=["kv"]))
    postgres = running.enter_context(serve("track_commit_timestamp=on"))
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute(f"create role keyproof login; create role app login password '{CANARY}'")
        admin.execute(GRANTS)
    (project / "compose.yaml").write_text(
        f"services: {{web: {{environment: {{DB_PASSWORD: {CANARY}}}}}}}\n", encoding="utf-8"
    )
    (project / "secrets.md").write_text(
        "| Secret | Last rotated |\n|---|---|\n| API key | 2025-01-01 |\n", encoding="utf-8"
    )
    sources = [
        {"id": "aws", "kind": "aws-secrets-manager", "regions": ["us-east-1"], "endpoint-url": aws.address},
        {"id": "bao", "kind": "vault", "address": bao.address},
        {"id": "db", "kind": "postgresql", "address": postgres.replace("postgres@", "keyproof@")},
        {
            "id": "cluster",
            "kind": "kubernetes",
            "kubeconfig": str(cluster.kubeconfig(_token(cluster))),
            "cluster": "test",
            "namespaces": ["shop"],
            "audit-log": [str(cluster.audit_log)],
        },
        {"id": "compose", "kind": "docker-compose", "path": "compose.yaml"},
        {"id": "table", "kind": "inventory", "path": "secrets.md"},
    ]
    environ = {**CREDENTIALS, "VAULT_TOKEN": bao.token("reader")}
    settings = {
        "version": 1,
        "organisation": "Example Ltd",
        "policies": ["./policy.yaml"],
        "sources": sources,
    }
    return settings, environ


def test_one_report_of_all(keyproof: Run, tmp_path: Path, cluster: KubeApi | KubeServer) -> None:
    if find_binary() is None:
        pytest.skip(NO_OPENBAO)
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    later = (datetime.now(UTC) + timedelta(days=120)).date().isoformat()
    with ExitStack() as running:
        settings, environ = _configuration(tmp_path, running, cluster)
        (tmp_path / "keyproof.yaml").write_text(json.dumps(settings), encoding="utf-8")
        today = keyproof("scan", "--out", "reports", cwd=tmp_path, **environ)
        done = keyproof("scan", "--as-of", later, "--format", "json", "-q", "-vv", cwd=tmp_path, **environ)
    assert (today.returncode, done.returncode) == (1, 1), (today.stderr, done.stderr)
    result = json.loads(done.stdout)
    assert [scope for scope in result["scopes"] if scope["status"] != "ok"] == []
    old = _outcomes(result, "age")
    known = "fail" if isinstance(cluster, KubeApi) else "not-evaluated"  # 1.20 does not note changes
    assert (old["aws"], old["bao"], old["cluster"], old["table"]) == ({"fail"}, {"fail"}, {known}, {"fail"})
    assert "fail" in old["db"]
    now = json.loads((tmp_path / "reports" / "keyproof.json").read_text("utf-8"))
    assert _outcomes(now, "encrypted")["compose"] == {"fail"}
    readers = [
        finding["reason"]
        for finding in now["findings"]
        if finding["rule"] == "readers" and finding["subject"] == "kubernetes://test/shop/db"
    ]
    assert len(readers) == 1
    assert "group:devs (read by RoleBinding shop/devs" in readers[0]
    for path in (tmp_path / "reports").iterdir():
        assert CANARY not in path.read_text("utf-8"), path.name
    asked = {line.split()[2] for line in done.stderr.splitlines()}
    assert {"app.collect:", "aws.calls:", "rest.transport:", "vault.api:"} <= asked
    assert CANARY not in done.stdout + done.stderr + today.stdout + today.stderr


def _outcomes(result: dict[str, Any], rule: str) -> dict[str, set[str]]:
    """Source → outcomes of the rule's findings on its subjects."""
    source = {subject["id"]: subject["source"] for subject in result["subjects"]}
    found: dict[str, set[str]] = defaultdict(set)
    for finding in result["findings"]:
        if finding["rule"] == rule and finding["subject"] in source:
            found[source[finding["subject"]]].add(finding["outcome"])
    return found
