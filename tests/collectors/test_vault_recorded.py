"""The Vault collector on recorded shapes of HashiCorp Vault, and without any server at all."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from keyproof.collectors.vault import VaultCollector
from keyproof.domain.access import AuditTrail
from keyproof.domain.assessment import Collected, Gap
from keyproof.domain.secret import SecretMetadata, VersionState
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendUnreachableError, CollectError
from keyproof.ports import Surroundings
from tests.fakes.ports import FixedClock
from tests.fakes.recorded_vault import RecordedVault, Recording

pytestmark = pytest.mark.server

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DENIED = (403, {"errors": ["1 error occurred:\n\t* permission denied\n\n"]})
EMPTY: tuple[int, Mapping[str, Any]] = (404, {"errors": []})


def _found(data: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
    return 200, {"request_id": "1", "data": data, "warnings": None}


def _metadata(**fields: Any) -> tuple[int, Mapping[str, Any]]:
    """As Vault Enterprise 1.19 answers, with its attribution."""
    writer = {"actor": "dev", "client_id": "c", "operation": "create"}
    version = {
        "created_time": "2026-01-02T03:04:05.6Z",
        "deletion_time": "",
        "destroyed": False,
        "created_by": writer,
    }
    return _found(
        {
            "cas_required": False,
            "created_time": "2025-01-02T03:04:05Z",
            "current_version": 1,
            "custom_metadata": {"owner": "payments"},
            "delete_version_after": "0s",
            "last_updated_by": writer,
            "max_versions": 0,
            "oldest_version": 0,
            "updated_time": "2026-02-02T00:00:00Z",
            "versions": {"1": version},
            **fields,
        }
    )


VAULT: Recording = {
    "GET sys/health": (
        200,
        {"initialized": True, "sealed": False, "version": "1.19.2+ent", "enterprise": True},
    ),
    "GET auth/token/lookup-self": _found(
        {"display_name": "scanner", "policies": ["default"], "identity_policies": ["audit"]}
    ),
    "GET sys/mounts": _found(
        {
            "secret/": {"type": "kv", "options": {"version": "2"}},
            "legacy/": {"type": "generic", "options": None},
            "sys/": {"type": "system", "options": None},
        }
    ),
    "GET secret/config": _found({"cas_required": True, "delete_version_after": "0s", "max_versions": 5}),
    "LIST secret/detailed-metadata": (
        404,
        {"data": None, "warnings": ["Invalid path for a versioned K/V secrets engine."]},
    ),
    "LIST secret/metadata": _found({"keys": ["app", "app/", "gone"]}),
    "LIST secret/metadata/app": _found({"keys": ["db", "odd"]}),
    "GET secret/metadata/app": _metadata(),
    "GET secret/metadata/gone": EMPTY,
    "GET secret/metadata/app/db": _metadata(current_version=0, versions={}),
    "GET secret/metadata/app/odd": _metadata(versions=["new shape"]),
    "LIST legacy": _found({"keys": ["x"]}),
    "GET sys/audit": _found(
        {
            "file/": {"type": "file", "options": {"file_path": "stdout", "log_raw": "true"}},
            "splunk/": {"type": "socket", "options": {"filter": "operation == update"}},
        }
    ),
    "LIST sys/policies/acl": _found({"keys": ["default", "root"]}),
    "GET sys/policies/acl/default": _found(
        {"name": "default", "policy": 'path "cubbyhole/*" { policy = "write" }'}
    ),
    "GET sys/policies/acl/root": _found({"name": "root", "policy": ""}),
    "GET sys/auth": _found({"token/": {"type": "token"}}),
    "LIST auth/token/roles": EMPTY,
    "LIST identity/group/id": EMPTY,
    "LIST identity/entity/id": EMPTY,
}


def _collector(
    address: str, root: Path, *, environ: Mapping[str, str] | None = None, **config: Any
) -> VaultCollector:
    surroundings = Surroundings(
        root=root,
        environ={"VAULT_TOKEN": "hvs" + ".scanner"} if environ is None else environ,
        clock=FixedClock(NOW),
        sleep=lambda _: None,
    )
    return VaultCollector(
        "vault", VaultCollector.Config.model_validate({"address": address, **config}), surroundings
    )


def _run(recording: Recording, root: Path, scope: str = "secret/", **config: Any) -> list[Collected]:
    with RecordedVault(recording) as vault:
        return list(_collector(vault.address, root, **config).collect(scope))


def _secrets(items: list[Collected]) -> dict[str, SecretMetadata]:
    return {item.name: item for item in items if isinstance(item, SecretMetadata)}


def _evidence(items: list[Collected]) -> dict[str, str]:
    return {item.name: item.value for item in items if isinstance(item, Evidence)}


def test_vault_is_read_without_what_only_openbao_has(tmp_path: Path) -> None:
    items = _run(VAULT, tmp_path)
    found = _secrets(items)
    assert set(found) == {"secret/app", "secret/app/db", "secret/app/odd"}
    app = found["secret/app"]
    assert app.owner == "payments"
    assert app.value_date is not None
    assert app.value_date.at == datetime(2026, 1, 2, 3, 4, 5, 600000, tzinfo=UTC)
    assert app.versions is not None
    assert [version.state for version in app.versions] == [VersionState.CURRENT]
    assert str(app.attributes["address"]).startswith("http://127.0.0.1:")
    assert {name: fact for name, fact in app.attributes.items() if name != "address"} == {
        "audit_log_raw": True,
        "kv_version": 2,
        "max_versions": 5,
        "cas_required": True,
        "delete_version_after": "never",
    }
    assert app.grants == ()
    assert app.audit == (
        AuditTrail(sink="file/ (file)", enabled=True, covers_reads=True),
        AuditTrail(sink="splunk/ (socket)", enabled=True, covers_reads=None),
    )
    assert _evidence(items)["identity"].endswith(": scanner (policies default, audit)")
    assert _evidence(items)["server version"] == "1.19.2+ent"


def test_metadata_of_an_unknown_shape_is_a_gap_for_that_secret_alone(tmp_path: Path) -> None:
    items = _run(VAULT, tmp_path)
    odd = _secrets(items)["secret/app/odd"]
    assert odd.versions is None
    assert odd.unread["facts"].startswith("the metadata cannot be understood")
    assert [(gap.scope, gap.reason) for gap in items if isinstance(gap, Gap)] == snapshot(
        [
            (
                "secret/app/odd",
                "the metadata cannot be understood: versions or current_version have an unknown shape",
            )
        ]
    )


def test_a_mount_of_the_old_type_is_version_1(tmp_path: Path) -> None:
    found = _secrets(_run(VAULT, tmp_path, "legacy/"))
    assert found["legacy/x"].attributes["kv_version"] == 1


def test_namespaces_of_a_server_that_has_none_are_the_root(tmp_path: Path) -> None:
    with RecordedVault(VAULT) as vault:
        assert _collector(vault.address, tmp_path, namespaces=["*"]).scopes() == ["legacy/", "secret/"]


def test_a_closed_health_page_and_lookup_do_not_stop_a_scan(tmp_path: Path) -> None:
    closed = {**VAULT, "GET sys/health": DENIED, "GET auth/token/lookup-self": DENIED}
    items = _run(closed, tmp_path)
    assert _evidence(items)["server version"] == "not stated"
    assert _evidence(items)["identity"].endswith(": unknown, the token may not look itself up")
    assert "secret/app" in _secrets(items)


def test_no_mount_to_read_is_said(tmp_path: Path) -> None:
    with RecordedVault({**VAULT, "GET sys/mounts": _found({"sys/": {"type": "system"}})}) as vault:
        with pytest.raises(CollectError, match="the server has no mount to read"):
            _collector(vault.address, tmp_path).scopes()
        missing = _collector(vault.address, tmp_path, mounts=["secret"])
        with pytest.raises(CollectError, match="there is no mount secret/") as raised:
            list(missing.collect("secret/"))
    assert raised.value.hint == "the server has no mount that can be read"


def test_below_a_closed_namespace_is_a_scope_of_its_own(tmp_path: Path) -> None:
    tenants = {
        **VAULT,
        "LIST sys/namespaces": _found({"keys": ["team/"]}),
        "LIST team/sys/namespaces": DENIED,
    }
    with RecordedVault(tenants) as vault:
        collector = _collector(vault.address, tmp_path, namespaces=["*"], access=False)
        assert collector.scopes() == ["legacy/", "secret/", "team/*", "team/legacy/", "team/secret/"]
        with pytest.raises(AccessDeniedError, match="no 'list' on team/sys/namespaces"):
            list(collector.collect("team/*"))
        vault.recording = {**tenants, "LIST team/sys/namespaces": EMPTY}
        with pytest.raises(CollectError, match="only now readable") as raised:
            list(collector.collect("team/*"))
    assert raised.value.hint == "scan again"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"VAULT_TOKEN": "x"}, "no server address is given"),
        ({"VAULT_ADDR": "vault:8200"}, "is no address"),
        ({"BAO_ADDR": "http://127.0.0.1:1"}, "no token is given"),
        ({"BAO_ADDR": "http://127.0.0.1:1", "VAULT_TOKEN": "a b"}, "characters that no token has"),
        (
            {"BAO_ADDR": "http://127.0.0.1:1", "VAULT_ADDR": "vault:8200", "VAULT_TOKEN": "x"},
            "cannot be reached",
        ),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, environ: dict[str, str], message: str) -> None:
    with pytest.raises(CollectError, match=message) as raised:
        _collector("", tmp_path, environ=environ).scopes()
    assert raised.value.hint
    assert raised.value.scope == "vault"


@pytest.mark.parametrize("method", ["jwt", "kubernetes"])
def test_logs_in_with_a_jwt(tmp_path: Path, method: str) -> None:
    (tmp_path / "jwt").write_text("a.b.c")
    granted = (200, {"auth": {"client_token": "hvs" + ".granted"}})
    auth = {"method": method, "role": "scanner", "jwt-file": "jwt"}
    with RecordedVault({**VAULT, f"POST auth/{method}/login": granted}) as vault:
        collector = _collector(vault.address, tmp_path, environ={"VAULT_JWT": "d.e.f"}, auth=auth)
        assert collector.scopes() == ["legacy/", "secret/"]
        assert len(list(collector.collect("legacy/"))) > 1
        assert vault.asked.count(f"POST auth/{method}/login") == 1
        vault.recording = {**VAULT, f"POST auth/{method}/login": (200, {"auth": None})}
        with pytest.raises(AccessDeniedError, match="no token is given"):
            _collector(vault.address, tmp_path, environ={}, auth=auth).scopes()


def test_a_server_that_stays_busy_is_unreachable(tmp_path: Path) -> None:
    waited: list[float] = []
    with RecordedVault({"GET sys/mounts": (429, {"errors": ["rate limit quota exceeded"]})}) as vault:
        config = VaultCollector.Config.model_validate({"address": vault.address, "max-wait": 5})
        environ = {"VAULT_TOKEN": "x"}
        surroundings = Surroundings(
            root=tmp_path, environ=environ, clock=FixedClock(NOW), sleep=waited.append
        )
        with pytest.raises(BackendUnreachableError, match="stays busy: 429, rate limit quota exceeded"):
            VaultCollector("vault", config, surroundings).scopes()
    assert waited
    assert sum(waited) <= 5


def test_a_schedule_of_vault_enterprise_is_named_and_not_worked_out(tmp_path: Path) -> None:
    role = {
        "db_name": "main",
        "username": "app",
        "last_vault_rotation": "2026-02-28T00:00:00.5Z",
        "rotation_schedule": "0 0 * * SAT",
        "rotation_window": 3600,
    }
    recording: Recording = {
        **VAULT,
        "GET sys/mounts": _found({"database/": {"type": "database", "options": None}}),
        "LIST database/static-roles": _found({"keys": ["app", "gone", "odd"]}),
        "GET database/static-roles/app": _found(role),
        "GET database/static-roles/gone": EMPTY,
        "GET database/static-roles/odd": _found({**role, "rotation_period": "soon"}),
        "LIST database/roles": EMPTY,
        "LIST database/config": EMPTY,
    }
    with RecordedVault(recording) as vault:
        items = list(_collector(vault.address, tmp_path).collect("database/"))
    [found] = [item for item in items if isinstance(item, SecretMetadata)]
    assert found.rotation is not None
    assert (found.rotation.enabled, found.rotation.interval) == (True, None)
    assert found.rotation.schedule == "0 0 * * SAT"
    assert found.rotation.problem == "keyproof does not work out the gaps of this schedule"
    assert found.value_date is not None
    assert found.value_date.at == datetime(2026, 2, 28, 0, 0, 0, 500000, tzinfo=UTC)
    assert "database/static-roles/odd" in {item.scope for item in items if isinstance(item, Gap)}


@pytest.mark.parametrize("filtered", [True, False])
def test_the_log_of_a_device_that_filters_says_nothing_of_what_it_lacks(
    tmp_path: Path, *, filtered: bool
) -> None:
    entry = {
        "time": "2026-02-01T00:00:00Z",
        "type": "response",
        "auth": {"display_name": "root"},
        "request": {"operation": "read", "path": "secret/data/app"},
    }
    (tmp_path / "audit.log").write_text(json.dumps(entry) + "\n", "utf-8")
    options = {"file_path": "audit.log", **({"filter": "operation == update"} if filtered else {})}
    devices = {"GET sys/audit": _found({"file/": {"type": "file", "options": options}})}
    logged: dict[str, Any] = {"audit-log": ["audit.log"]}
    secret = _secrets(_run({**VAULT, **devices}, tmp_path, **logged))["secret/app"]
    assert (secret.access_log is None) is filtered
    assert ("access_log" in secret.unread) is filtered
