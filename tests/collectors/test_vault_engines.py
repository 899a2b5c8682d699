"""The engines beside KV, on a real OpenBao server with a real PostgreSQL behind its database engine."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from keyproof.collectors.vault import VaultCollector
from keyproof.demo.openbao import SKIP_REASON, OpenBaoServer, find_binary
from keyproof.domain.access import AccessGrant, Action
from keyproof.domain.assessment import Collected, Gap
from keyproof.domain.secret import Basis, Confidence, SecretMetadata, SubjectKind, VersionState
from keyproof.domain.verdict import Evidence
from keyproof.ports import Surroundings
from keyproof.value_operations import returns_value
from keyproof.vault.permissions import reader_policy
from tests.fakes.postgres_server import serve

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[2]
POLICY = ROOT / "docs/how-to/vault-policy.hcl"
EVERYTHING: dict[str, Any] = {
    "kv2": ["secret"],
    "kv1": ["kv1"],
    "database": ["database"],
    "transit": ["transit"],
    "pki": ["pki"],
    "approle": ["approle"],
    "tokens": True,
    "leases": True,
}
ON = {"approle": True, "tokens": True, "leases": True}
SCOPES = [
    "auth/approle/",
    "auth/token/",
    "database/",
    "kv1/",
    "pki/",
    "secret/",
    "sys/leases/",
    "transit/",
]


class RealClock:
    """The time of this machine: the server's own dates are compared with it."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBaoServer]:
    if find_binary() is None:
        pytest.skip(SKIP_REASON)
    with serve() as url, OpenBaoServer(tmp_path_factory.mktemp("openbao")) as running:
        running.mount("secret")
        running.put("secret", "app")
        running.mount("kv1", version=1)
        _fill_database(running, url)
        _fill_keys(running)
        _fill_logins(running)
        running.policy("scanner", POLICY.read_text("utf-8"))
        yield running


def _fill_database(server: OpenBaoServer, url: str) -> None:
    import psycopg  # noqa: PLC0415 (only where a server is)

    with psycopg.connect(url, autocommit=True) as database:
        database.execute("CREATE ROLE app LOGIN")
    server.call("POST", "sys/mounts/database", {"type": "database", "config": {"max_lease_ttl": "8h"}})
    host = url.partition("host=")[2]
    connection = {
        "plugin_name": "postgresql-database-plugin",
        "allowed_roles": "*",
        "connection_url": f"postgresql://{{{{username}}}}:{{{{password}}}}@/postgres?host={host}",
        "username": "postgres",
        "password": "canary-" + "of-the-database",
    }
    server.call("POST", "database/config/main", connection)
    static = {"db_name": "main", "username": "app", "rotation_period": "24h"}
    server.call("POST", "database/static-roles/app", static)
    create = "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'"
    for name, limits in (("reports", {"default_ttl": "1h", "max_ttl": "4h"}), ("unlimited", {})):
        body = {"db_name": "main", "creation_statements": [create], **limits}
        server.call("POST", f"database/roles/{name}", body)
    server.call("GET", "database/creds/reports")


def _fill_keys(server: OpenBaoServer) -> None:
    server.call("POST", "sys/mounts/transit", {"type": "transit"})
    server.call("POST", "transit/keys/orders", {"auto_rotate_period": "720h", "exportable": True})
    server.call("POST", "transit/keys/orders/rotate")
    server.call("POST", "transit/keys/tokens", {"type": "rsa-3072"})
    server.call("POST", "sys/mounts/pki", {"type": "pki"})
    root = {"common_name": "Example Root", "issuer_name": "root", "ttl": "720h"}
    server.call("POST", "pki/root/generate/internal", root)
    server.call("POST", "pki/roles/web", {"allow_any_name": True, "max_ttl": "72h"})
    for name, ttl in (("shop.example", "48h"), ("gone.example", "1s"), ("bad.example", "48h")):
        made = server.call("POST", "pki/issue/web", {"common_name": name, "ttl": ttl})["data"]
    server.call("POST", "pki/revoke", {"serial_number": made["serial_number"]})


def _fill_logins(server: OpenBaoServer) -> None:
    server.policy("ci", 'path "database/static-creds/app" { capabilities = ["read"] }')
    server.auth("approle")
    server.call("POST", "auth/approle/role/ci", {"token_policies": ["ci"]})
    server.call("POST", "auth/approle/role/ci/secret-id")
    bound = {"ttl": "1h", "num_uses": 5, "cidr_list": ["10.0.0.0/8"]}
    server.call("POST", "auth/approle/role/ci/secret-id", bound)
    server.token("ci", name="periodic", period="24h", no_parent=True)


def _read(
    server: OpenBaoServer, scope: str, *, token: str | None = None, **config: Any
) -> tuple[dict[str, SecretMetadata], list[Gap], dict[str, str]]:
    items = list(_collector(server, token=token, **config).collect(scope))
    return (
        {item.name: item for item in items if isinstance(item, SecretMetadata)},
        [item for item in items if isinstance(item, Gap)],
        {item.name: item.value for item in items if isinstance(item, Evidence)},
    )


def _collector(server: OpenBaoServer, *, token: str | None = None, **config: Any) -> VaultCollector:
    surroundings = Surroundings(
        root=server.folder,
        environ={"VAULT_TOKEN": token or server.root_token},
        clock=RealClock(),
        sleep=time.sleep,
    )
    settings = VaultCollector.Config.model_validate({"address": server.address, **ON, **config})
    return VaultCollector("vault", settings, surroundings)


def test_a_static_role_is_as_old_as_its_last_rotation(server: OpenBaoServer) -> None:
    server.call("POST", "database/rotate-role/app")
    said = server.call("GET", "database/static-roles/app")["data"]["last_vault_rotation"]
    found, gaps, _ = _read(server, "database/")
    assert gaps == []
    assert set(found) == {
        "database/static-roles/app",
        "database/roles/reports",
        "database/roles/unlimited",
        "database/config/main",
    }
    role = found["database/static-roles/app"]
    assert role.value_date is not None
    assert role.value_date.at == datetime.fromisoformat(said)
    assert (role.value_date.basis, role.value_date.confidence) == (Basis.LAST_ROTATED, Confidence.EXACT)
    assert role.rotation is not None
    assert role.rotation.interval == timedelta(hours=24)
    assert role.rotation.next_at == role.value_date.at + timedelta(hours=24)
    assert (role.kind, role.attributes["username"]) == (SubjectKind.CREDENTIAL, "app")
    assert role.id == f"vault://{server.host}/database/static-roles/app"
    assert AccessGrant(principal="auth/approle/role/ci", actions=(Action.READ,), via="policy ci") in (
        role.grants or ()
    )


def test_a_dynamic_role_keeps_no_value(server: OpenBaoServer) -> None:
    found, _, _ = _read(server, "database/")
    limited, unlimited = found["database/roles/reports"], found["database/roles/unlimited"]
    assert limited.value_date is None
    assert "no value is kept" in limited.unread["facts"]
    assert limited.rotation is not None
    assert limited.rotation.interval == timedelta(hours=4)
    assert (limited.attributes["default-ttl"], limited.attributes["max-ttl"]) == (3600, 14400)
    assert (unlimited.attributes["default-ttl"], unlimited.attributes["max-ttl"]) == (
        "server's own",
        8 * 3600,
    )


def test_a_connection_tells_its_account_and_no_password(server: OpenBaoServer) -> None:
    found, _, _ = _read(server, "database/")
    connection = found["database/config/main"]
    assert connection.attributes["username"] == "postgres"
    assert connection.attributes["any-role"] is True
    assert {"facts", "rotation"} <= set(connection.unread)
    assert "canary" not in repr(found)
    assert "postgresql://" not in repr(found)


def test_transit_keys_tell_their_versions(server: OpenBaoServer) -> None:
    found, gaps, _ = _read(server, "transit/")
    assert gaps == []
    orders, pair = found["transit/keys/orders"], found["transit/keys/tokens"]
    said = server.call("GET", "transit/keys/orders")["data"]["keys"]
    assert [(one.id, one.state) for one in orders.versions or ()] == [
        ("1", VersionState.PREVIOUS),
        ("2", VersionState.CURRENT),
    ]
    assert orders.value_date is not None
    assert orders.value_date.at == datetime.fromtimestamp(said["2"], UTC)
    assert orders.value_date.confidence is Confidence.EXACT
    assert orders.rotation is not None
    assert (orders.rotation.enabled, orders.rotation.interval) == (True, timedelta(days=30))
    assert orders.attributes["exportable"] is True
    assert orders.attributes["deletion-allowed"] is False
    assert pair.rotation is not None
    assert pair.rotation.enabled is False
    assert (pair.attributes["key-type"], pair.attributes["key-bits"]) == ("rsa", 3072)
    assert pair.kind is SubjectKind.KEY
    assert pair.value_date is not None


def test_a_trimmed_key_still_tells_its_current_version(server: OpenBaoServer) -> None:
    server.call("POST", "transit/keys/trimmed", {})
    server.call("POST", "transit/keys/trimmed/rotate")
    server.call("POST", "transit/keys/trimmed/config", {"min_decryption_version": 2})
    found, _, _ = _read(server, "transit/", include=["transit/keys/trimmed"])
    key = found["transit/keys/trimmed"]
    assert [version.id for version in key.versions or ()] == ["2"]
    assert key.created_at is None
    assert key.value_date is not None


@pytest.mark.parametrize("detailed", [True, False])
def test_certificates_that_still_count_have_their_dates(server: OpenBaoServer, *, detailed: bool) -> None:
    text = reader_policy(**EVERYTHING)
    if not detailed:  # as with Vault, which has no such listing
        text, count = re.subn(r'path "pki/certs/detailed" {[^}]*}\n', "", text)
        assert count == 1
    server.policy(f"pki-{detailed}", text)
    time.sleep(1.1)  # one of them lives a second
    found, gaps, evidence = _read(server, "pki/", token=server.token(f"pki-{detailed}"))
    assert gaps == []
    assert evidence["certificates that are over"] == "2 expired or revoked, left out"
    leaves = [one for name, one in found.items() if name.startswith("pki/cert/")]
    shop = next(one for one in leaves if one.attributes["names"] == "shop.example")
    assert len(leaves) == 2  # the root is a certificate of the mount too
    assert shop.kind is SubjectKind.CERTIFICATE
    assert shop.expires_at is not None
    assert shop.created_at is not None
    assert timedelta(hours=48) <= shop.expires_at - shop.created_at <= timedelta(hours=49)
    assert (shop.attributes["key-type"], shop.attributes["key-bits"]) == ("rsa", 2048)
    issuer = next(one for name, one in found.items() if name.startswith("pki/issuer/"))
    assert (issuer.attributes["authority"], issuer.attributes["self-signed"]) == (True, True)
    assert issuer.attributes["issuer-name"] == "root"
    role = found["pki/roles/web"]
    assert role.attributes["allow-any-name"] is True
    assert role.attributes["max-ttl"] == 72 * 3600


def test_tokens_are_told_by_accessor(server: OpenBaoServer) -> None:
    found, gaps, evidence = _read(server, "auth/token/")
    assert gaps == []
    assert "batch tokens" in evidence
    root = next(one for one in found.values() if one.attributes["root"])
    assert root.attributes["never-expires"] is True
    assert root.expires_at is None
    periodic = next(one for one in found.values() if one.attributes["display-name"] == "token-periodic")
    assert (periodic.attributes["period"], periodic.attributes["orphan"]) == (86400, True)
    assert periodic.attributes["policies"] == "ci, default"
    assert periodic.expires_at is not None
    assert periodic.value_date is not None
    assert periodic.value_date.confidence is Confidence.EXACT
    assert server.root_token not in repr(found)


def test_secret_ids_are_told_by_accessor(server: OpenBaoServer) -> None:
    found, gaps, _ = _read(server, "auth/approle/")
    assert gaps == []
    endless, bound = sorted(found.values(), key=lambda one: str(one.attributes["cidr"]))
    assert (endless.attributes["never-expires"], endless.attributes["uses-left"]) == (True, "unlimited")
    assert endless.expires_at is None
    assert (bound.attributes["ttl"], bound.attributes["uses-left"]) == (3600, 5)
    assert bound.attributes["cidr"] == "10.0.0.0/8"
    assert bound.expires_at is not None
    assert bound.value_date is not None
    assert bound.expires_at - bound.value_date.at == timedelta(hours=1)
    assert "not known to the server" in bound.unread["grants"]


def test_leases_have_their_issue_and_end(server: OpenBaoServer) -> None:
    found, gaps, _ = _read(server, "sys/leases/")
    assert gaps == []
    [lease] = found.values()
    assert lease.name.startswith("sys/leases/database/creds/reports/")
    assert lease.value_date is not None
    assert lease.expires_at is not None
    assert abs(lease.expires_at - lease.value_date.at - timedelta(hours=1)) < timedelta(seconds=1)


def test_engines_can_be_switched_off(server: OpenBaoServer) -> None:
    assert _collector(server).scopes() == SCOPES
    off: dict[str, Any] = dict.fromkeys(("database", "pki", "transit", "approle", "tokens", "leases"), False)
    assert _collector(server, **off).scopes() == ["kv1/", "secret/"]


# rights


def test_the_policy_in_the_documentation_is_the_generated_one() -> None:
    text = POLICY.read_text("utf-8")
    assert text.partition("\n\n")[2] == reader_policy(**EVERYTHING)


def test_the_policy_in_the_documentation_is_enough_and_reads_no_value(server: OpenBaoServer) -> None:
    token = server.token("scanner", no_default_policy=True)
    since = len(server.audit_entries())
    collector = _collector(server, token=token)
    assert collector.scopes() == SCOPES
    items: list[Collected] = [item for scope in SCOPES for item in collector.collect(scope)]
    assert [item for item in items if isinstance(item, Gap)] == []
    asked = {
        (entry["request"]["operation"], entry["request"]["path"]) for entry in server.audit_entries()[since:]
    }
    assert len(asked) > 30
    permitted = [_pattern(line) for line in VaultCollector.permissions]
    for operation, path in asked:
        assert not returns_value(f"{operation} {path}"), (operation, path)
        assert any(operation in verbs and where.fullmatch(path) for verbs, where in permitted), path
    for closed in ("database/static-creds/app", "database/creds/reports", "secret/data/app"):
        with pytest.raises(RuntimeError, match="403"):
            server.call("GET", closed, token=token)
    with pytest.raises(RuntimeError, match="403"):
        server.call("POST", "auth/approle/role/ci/secret-id", token=token)


@pytest.mark.parametrize(
    "operation",
    [
        "read secret/data/app",
        "read database/creds/reports",
        "read database/static-creds/app",
        "update transit/decrypt/orders",
        "read transit/export/encryption-key/orders",
        "read transit/backup/orders",
        "update pki/issue/web",
        "update pki/root/generate/exported",
        "update auth/approle/role/ci/secret-id",
        "update auth/approle/role/ci/custom-secret-id",
        "update auth/token/create",
        "read sys/raw/logical",
        "update sys/wrapping/unwrap",
    ],
)
def test_what_hands_over_a_value_stands_in_the_list_of_those(operation: str) -> None:
    assert returns_value(operation)


def test_no_permission_hands_over_a_value() -> None:
    assert [line for line in VaultCollector.permissions if returns_value(line)] == []


def _pattern(line: str) -> tuple[set[str], re.Pattern[str]]:
    verbs, _, path = line.partition(" ")
    pattern = re.escape(path.removesuffix("*"))
    names = {"KV2": "secret", "KV1": "kv1", **{name.upper(): name for name in ("database", "transit", "pki")}}
    for word, real in {**names, "APPROLE": "approle"}.items():
        pattern = pattern.replace(word, real)
    for word in ("METHOD", "NAME", "MOUNT"):
        pattern = pattern.replace(word, "[^/]+")
    return set(verbs.split("+")), re.compile(pattern + (".*" if path.endswith("*") else "/?"))


@pytest.mark.parametrize(
    ("path", "scope", "reason"),
    [
        ("database/static-roles", "database/", "no 'list' on database/static-roles"),
        ("database/static-roles/+", "database/", "no 'read' on database/static-roles/app"),
        ("database/config", "database/", "no 'list' on database/config"),
        ("transit/keys", "transit/", "no 'list' on transit/keys"),
        ("transit/keys/+", "transit/", "no 'read' on transit/keys/orders"),
        ("pki/issuer/+", "pki/", "no 'read' on pki/issuer/"),
        ("pki/certs", "pki/", "no 'list' on pki/certs"),
        ("pki/roles/+", "pki/", "no 'read' on pki/roles/web"),
        ("auth/token/accessors", "auth/token/", "no 'list' with 'sudo' on auth/token/accessors"),
        ("auth/token/lookup-accessor", "auth/token/", "no 'update' on auth/token/lookup-accessor"),
        ("auth/approle/role/+/secret-id", "auth/approle/", "no 'list' on auth/approle/role/ci/secret-id"),
        (
            "auth/approle/role/+/secret-id-accessor/lookup",
            "auth/approle/",
            "no 'update' on auth/approle/role/ci/secret-id-accessor/lookup",
        ),
        ("sys/leases/lookup/", "sys/leases/", "no 'list' with 'sudo' on sys/leases/lookup/"),
        ("sys/leases/lookup/*", "sys/leases/", "no 'list' with 'sudo' on sys/leases/lookup/database/"),
        ("sys/leases/lookup", "sys/leases/", "no 'update' on sys/leases/lookup"),
    ],
)
def test_a_missing_right_is_a_gap_that_names_it(
    server: OpenBaoServer, path: str, scope: str, reason: str
) -> None:
    less = reader_policy(**EVERYTHING)
    for one in (path, f"{path}/") if "+" in path else (path,):
        less = less.replace(f'path "{one}" {{', f'path "closed/{one}" {{')
    if path == "pki/certs":  # without the details, which are one listing
        less = less.replace('path "pki/certs/detailed"', 'path "closed/detailed"')
    server.policy("less", less)
    _, gaps, _ = _read(server, scope, token=server.token("less", no_default_policy=True))
    assert reason in " ".join(gap.reason for gap in gaps)


def test_without_the_methods_of_login_the_usual_name_is_tried(server: OpenBaoServer) -> None:
    text, count = re.subn(r'path "sys/auth" {[^}]*}\n', "", reader_policy(**EVERYTHING))
    assert count == 1
    server.policy("no-methods", text)
    token = server.token("no-methods")
    assert _collector(server, token=token).scopes() == SCOPES
    found, _, _ = _read(server, "auth/approle/", token=token)
    assert found


# the audit log


def test_the_audit_log_tells_who_read_what(server: OpenBaoServer) -> None:
    role_id = server.call("GET", "auth/approle/role/ci/role-id")["data"]["role_id"]
    secret_id = server.call("POST", "auth/approle/role/ci/secret-id")["data"]
    body = {"role_id": role_id, "secret_id": secret_id["secret_id"]}
    token = server.call("POST", "auth/approle/login", body, token="")["auth"]["client_token"]
    before = datetime.now(UTC)
    server.call("GET", "database/static-creds/app", token=token)
    with pytest.raises(RuntimeError, match="403"):
        server.call("GET", "secret/data/app", token=token)
    server.call(
        "POST",
        "auth/approle/role/ci/secret-id-accessor/destroy",
        {"secret_id_accessor": secret_id["secret_id_accessor"]},
    )
    log: dict[str, Any] = {"audit-log": [str(server.audit_log)]}
    found, gaps, evidence = _read(server, "database/", **log)
    assert gaps == []
    assert "lines" in evidence["audit log"]
    events = found["database/static-roles/app"].access_log
    assert events is not None
    used = [event for event in events.events if event.action is Action.READ and event.allowed]
    assert [event.principal for event in used] == ["auth/approle/role/ci"]
    assert before <= used[0].at <= datetime.now(UTC)
    kv, _, _ = _read(server, "secret/", **log)
    recorded = kv["secret/app"].access_log
    assert recorded is not None
    refused = {(event.principal, event.action) for event in recorded.events if not event.allowed}
    assert ("auth/approle/role/ci", Action.READ) in refused
    assert {event.principal for event in recorded.events if event.action is Action.WRITE} == {"root"}


def test_a_log_that_cannot_be_read_is_a_gap(server: OpenBaoServer) -> None:
    nowhere: dict[str, Any] = {"audit-log": ["nowhere*.log"]}
    found, gaps, _ = _read(server, "secret/", **nowhere)
    assert [(gap.scope, gap.reason) for gap in gaps] == [
        ("secret/ (audit log)", "no file matches what audit-log names")
    ]
    assert found["secret/app"].unread["access_log"] == "no file matches what audit-log names"
    without, _, _ = _read(server, "secret/")
    assert "no audit-log is configured" in without["secret/app"].unread["access_log"]


def test_a_log_without_any_use_of_a_secret_says_nothing(server: OpenBaoServer, tmp_path: Path) -> None:
    lines = server.audit_log.read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "sys.log").write_text(
        "".join(line for line in lines if '"path":"sys/mounts"' in line), "utf-8"
    )
    logged: dict[str, Any] = {"audit-log": [str(tmp_path / "sys.log")]}
    found, gaps, _ = _read(server, "secret/", **logged)
    assert gaps == []
    assert found["secret/app"].access_log is None
    assert "tells of no use of any secret" in found["secret/app"].unread["access_log"]


def test_engines_of_a_namespace_are_read(server: OpenBaoServer) -> None:
    server.call("POST", "sys/namespaces/team", {})
    server.call("POST", "sys/mounts/transit", {"type": "transit"}, namespace="team")
    server.call("POST", "transit/keys/inner", {}, namespace="team")
    found, gaps, _ = _read(server, "team/transit/", namespaces=["*"])
    assert gaps == []
    assert found["transit/keys/inner"].id == f"vault://{server.host}/team/transit/keys/inner"
