"""The Vault collector against a real OpenBao server."""

import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from keyproof.collectors.vault import VaultCollector
from keyproof.demo.openbao import SKIP_REASON, OpenBaoServer, find_binary
from keyproof.domain.access import AccessGrant, Action, AuditTrail
from keyproof.domain.assessment import Collected, Gap, ScopeStatus
from keyproof.domain.secret import Basis, Confidence, SecretMetadata, VersionState
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendUnreachableError, CollectError
from keyproof.ports import Surroundings
from keyproof.vault.permissions import reader_policy

pytestmark = pytest.mark.server

CANARY = "canary-" + "value-nobody-may-read"
NESTED = [
    f"team-{team}/service-{service}/level/{name}"
    for team in "abc"
    for service in range(4)
    for name in ("db", "api", "tls", "web", "job")
]
ODD = ["with space/a b", "ünï/cödé", "per%cent/%2F%41", "q?uestion/#hash", "plus+plus/a&b=c", "app", "app/db"]
APPROLE_POLICY = 'path "kv/data/team-a/*" { capabilities = ["read"] }\npath "kv/metadata/team-a/*" { capabilities = ["list", "read"] }'


class RealClock:
    """The time of this machine: the server's own dates are compared with it."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBaoServer]:
    if find_binary() is None:
        pytest.skip(SKIP_REASON)
    with OpenBaoServer(tmp_path_factory.mktemp("openbao")) as running:
        _fill(running)
        yield running


def _fill(server: OpenBaoServer) -> None:
    server.mount("kv")
    server.mount("old", version=1)
    server.mount("empty")
    server.call("POST", "sys/mounts/transit", {"type": "transit"})
    for path in [*NESTED, *ODD]:
        server.put("kv", path, {"value": CANARY})
    for path in ("plain", "deep/er/one"):
        server.call("POST", f"old/{path}", {"value": CANARY})
    server.policy("ci", APPROLE_POLICY)
    server.policy("dev", '{"path": {"kv/data/team-b/*": {"capabilities": ["create", "update"]}}}')
    server.policy(
        "ops", 'path "kv/*" { capabilities = ["read", "delete"] }\npath "kv/data/app" { policy = "deny" }'
    )
    server.policy("unused", 'path "kv/data/app/db" { capabilities = ["read"] }')
    server.auth("approle")
    server.call("POST", "auth/approle/role/ci", {"token_policies": ["ci"], "token_no_default_policy": True})
    server.auth("userpass")
    server.call("POST", "auth/userpass/users/dev-anna", {"password": "p" * 12, "token_policies": ["dev"]})
    server.call("POST", "auth/token/roles/deploy", {"allowed_policies_glob": ["c*"]})
    group = {"name": "ops", "policies": ["ops"], "member_entity_ids": [_entity(server, "anna", "dev-anna")]}
    server.call("POST", "identity/group", group)


def _entity(server: OpenBaoServer, name: str, user: str) -> str:
    entity = str(server.call("POST", "identity/entity", {"name": name})["data"]["id"])
    accessor = server.call("GET", "sys/auth")["data"]["userpass/"]["accessor"]
    server.call(
        "POST", "identity/entity-alias", {"name": user, "canonical_id": entity, "mount_accessor": accessor}
    )
    return entity


def _surroundings(
    server: OpenBaoServer, *, token: str | None = None, environ: Mapping[str, str] | None = None
) -> Surroundings:
    return Surroundings(
        root=server.folder,
        environ={"VAULT_TOKEN": server.root_token if token is None else token, **(environ or {})},
        clock=RealClock(),
        sleep=time.sleep,
    )


def _collector(
    server: OpenBaoServer,
    *,
    token: str | None = None,
    environ: Mapping[str, str] | None = None,
    **config: Any,
) -> VaultCollector:
    settings = VaultCollector.Config.model_validate({"address": server.address, **config})
    return VaultCollector("vault", settings, _surroundings(server, token=token, environ=environ))


def _all(collector: VaultCollector, scope: str = "kv/") -> list[Collected]:
    return list(collector.collect(scope))


def _secrets(items: list[Collected]) -> dict[str, SecretMetadata]:
    return {item.name: item for item in items if isinstance(item, SecretMetadata)}


def _gaps(items: list[Collected]) -> list[Gap]:
    return [item for item in items if isinstance(item, Gap)]


def _evidence(items: list[Collected]) -> dict[str, str]:
    return {item.name: item.value for item in items if isinstance(item, Evidence)}


def _one(server: OpenBaoServer, path: str, **config: Any) -> SecretMetadata:
    found = _secrets(_all(_collector(server, include=[f"kv/{path}"], **config)))
    assert list(found) == [f"kv/{path}"]
    return found[f"kv/{path}"]


def test_every_mount_of_a_known_engine_is_a_scope(server: OpenBaoServer) -> None:
    found = _collector(server).scopes()
    assert {"empty/", "kv/", "old/", "transit/"} <= set(found)
    assert not {"sys/", "cubbyhole/", "identity/", "auth/approle/", "auth/token/"} & set(found)
    assert "transit/" not in _collector(server, transit=False).scopes()
    assert _collector(server, mounts=["/kv", "old/"]).scopes() == ["kv/", "old/"]


def test_finds_every_secret_at_any_depth_and_with_any_name(server: OpenBaoServer) -> None:
    items = _all(_collector(server))
    found = _secrets(items)
    assert set(found) >= {f"kv/{path}" for path in [*NESTED, *ODD]}
    assert len(found) == len([item for item in items if isinstance(item, SecretMetadata)])
    assert _gaps(items) == []
    odd = found["kv/per%cent/%2F%41"]
    assert odd.id == f"vault://{server.host}/kv/per%25cent/%252F%2541"
    assert (odd.scope, odd.source, odd.backend) == ("kv/", "vault", "vault")


def test_no_value_appears_anywhere(server: OpenBaoServer) -> None:
    assert CANARY not in repr([_all(_collector(server), scope) for scope in ("kv/", "old/")])


def test_the_age_of_the_value_is_that_of_the_current_version(server: OpenBaoServer) -> None:
    before = datetime.now(UTC)
    server.put("kv", "dated")
    between = datetime.now(UTC)
    server.put("kv", "dated")
    server.call("POST", "kv/metadata/dated", {"custom_metadata": {"owner": "later edit"}})
    after = datetime.now(UTC)
    secret = _one(server, "dated")
    assert secret.value_date is not None
    assert secret.value_date.basis is Basis.VERSION_CREATED
    assert secret.value_date.confidence is Confidence.EXACT
    assert between <= secret.value_date.at <= after
    assert secret.created_at is not None
    assert before <= secret.created_at <= between
    answer = server.call("GET", "kv/metadata/dated")["data"]
    written = datetime.fromisoformat(answer["versions"]["2"]["created_time"])
    assert secret.value_date.at == written
    assert secret.value_date.at.utcoffset() == timedelta()
    assert written < datetime.fromisoformat(answer["updated_time"])


def test_versions_tell_their_life(server: OpenBaoServer) -> None:
    for _ in range(4):
        server.put("kv", "lives")
    server.call("POST", "kv/delete/lives", {"versions": [1]})
    server.call("POST", "kv/destroy/lives", {"versions": [2]})
    secret = _one(server, "lives")
    assert secret.versions is not None
    assert [(version.id, version.state) for version in secret.versions] == [
        ("1", VersionState.DELETED),
        ("2", VersionState.DESTROYED),
        ("3", VersionState.PREVIOUS),
        ("4", VersionState.CURRENT),
    ]
    assert secret.deletion is None


def test_a_deleted_current_version_is_a_deletion(server: OpenBaoServer) -> None:
    server.put("kv", "gone")
    before = datetime.now(UTC)
    server.call("DELETE", "kv/data/gone")
    secret = _one(server, "gone")
    assert secret.deletion is not None
    assert before <= secret.deletion <= datetime.now(UTC)
    assert secret.expires_at is None


def test_a_destroyed_current_version_does_not_expire(server: OpenBaoServer) -> None:
    server.put("kv", "ashes", metadata={"delete_version_after": "5h"})
    server.call("POST", "kv/destroy/ashes", {"versions": [1]})
    secret = _one(server, "ashes")
    assert secret.attributes["current_version_destroyed"] is True
    assert secret.value_date is not None
    assert secret.deletion == secret.value_date.at
    assert secret.expires_at is None


def test_a_secret_without_a_version_has_no_age(server: OpenBaoServer) -> None:
    server.call("POST", "kv/metadata/only-words", {"custom_metadata": {"owner": "x"}})
    secret = _one(server, "only-words")
    assert secret.value_date is None
    assert secret.versions == ()
    assert "no version is current" in secret.unread["facts"]


def test_custom_metadata_says_who_and_where(server: OpenBaoServer) -> None:
    words = {
        "Owner": "payments",
        "env": "production",
        "priority": "High",
        "type": "database",
        "expires": "2031-02-03",
    }
    server.put("kv", "words", metadata={"custom_metadata": words})
    secret = _one(server, "words")
    assert (secret.owner, secret.environment, secret.priority, secret.type) == (
        "payments",
        "production",
        "high",
        "database",
    )
    assert secret.tags == words
    assert secret.expires_at == datetime(2031, 2, 3, tzinfo=UTC)


def test_an_expiry_that_is_no_date_is_unread(server: OpenBaoServer) -> None:
    server.put("kv", "someday", metadata={"custom_metadata": {"expires": "next summer"}})
    secret = _one(server, "someday")
    assert secret.expires_at is None
    assert secret.unread["expires_at"] == snapshot(
        "custom metadata states the expiry as 'next summer', which is no date; write YYYY-MM-DD"
    )


def test_versions_expire_by_the_shorter_of_two_settings(server: OpenBaoServer) -> None:
    server.mount("limited")
    server.call(
        "POST", "limited/config", {"delete_version_after": "3h", "max_versions": 4, "cas_required": False}
    )
    server.put("limited", "own", metadata={"delete_version_after": "1h30m", "max_versions": 6})
    server.put("limited", "mounts")
    server.put(
        "limited",
        "both",
        metadata={"delete_version_after": "5h", "custom_metadata": {"expiry": "2024-01-01"}},
    )
    found = _secrets(_all(_collector(server), "limited/"))
    own, mounts, both = (found[f"limited/{name}"] for name in ("own", "mounts", "both"))
    for secret, hours in ((own, 1.5), (mounts, 3.0)):
        assert secret.value_date is not None
        assert secret.expires_at == secret.value_date.at + timedelta(hours=hours)
    assert own.attributes["max_versions"] == 4
    assert own.attributes["delete_version_after"] == "5400s"
    assert both.expires_at == datetime(2024, 1, 1, tzinfo=UTC)


def test_a_limit_set_after_the_version_does_not_end_it(server: OpenBaoServer) -> None:
    server.put("kv", "stays")
    server.call("POST", "kv/metadata/stays", {"delete_version_after": "5h", "cas_required": True})
    secret = _one(server, "stays")
    assert secret.expires_at is None
    assert secret.attributes["delete_version_after"] == "18000s"
    assert secret.attributes["cas_required"] is True


def test_kv_version_1_gives_names_and_reasons(server: OpenBaoServer) -> None:
    items = _all(_collector(server), "old/")
    found = _secrets(items)
    assert set(found) == {"old/plain", "old/deep/er/one"}
    secret = found["old/plain"]
    assert (secret.versions, secret.facts, secret.value_date) == (None, (), None)
    assert secret.unread["facts"] == "KV version 1 keeps no metadata: only the name is known"
    assert _evidence(items)["kv version 1"] == "old/ keeps no dates, versions or metadata"
    assert _gaps(items) == []


def test_an_empty_mount_is_no_error(server: OpenBaoServer) -> None:
    items = _all(_collector(server), "empty/")
    assert _secrets(items) == {}
    assert _gaps(items) == []


def test_a_missing_mount_names_what_there_is(server: OpenBaoServer) -> None:
    collector = _collector(server, mounts=["kvv"])
    with pytest.raises(CollectError, match="there is no mount kvv/") as raised:
        _all(collector, "kvv/")
    assert raised.value.hint == "did you mean 'kv'?"
    with pytest.raises(CollectError, match="sys/ is of type system, which is not read"):
        _all(_collector(server, mounts=["sys"]), "sys/")
    with pytest.raises(CollectError, match="there is no scope 'kw/'"):
        _all(_collector(server), "kw/")


def test_include_and_exclude_are_globs_over_names(server: OpenBaoServer) -> None:
    items = _all(_collector(server, include=["kv/team-a/*", "kv/app"], exclude=["*/tls"]))
    assert set(_secrets(items)) == {
        "kv/app",
        *(f"kv/{path}" for path in NESTED if path[5] == "a" and "tls" not in path),
    }
    assert re.fullmatch(r"\d+ secrets by include and exclude", _evidence(items)["left out"])


def _held(secret: SecretMetadata) -> tuple[AccessGrant, ...]:
    """The grants of known holders; other tests write policies that nobody holds."""
    return tuple(grant for grant in secret.grants or () if not grant.principal.startswith("policy/"))


def test_grants_tell_who_reaches_what(server: OpenBaoServer) -> None:
    found = _secrets(_all(_collector(server)))
    assert _held(found["kv/team-a/service-0/level/db"]) == (
        AccessGrant(principal="auth/approle/role/ci", actions=(Action.READ, Action.LIST), via="policy ci"),
        AccessGrant(principal="auth/token/roles/deploy", actions=(Action.READ, Action.LIST), via="policy ci"),
        AccessGrant(
            principal="auth/userpass/users/dev-anna",
            actions=(Action.READ, Action.LIST, Action.ADMIN),
            via="policy ops",
        ),
        AccessGrant(
            principal="identity/entity/anna",
            actions=(Action.READ, Action.LIST, Action.ADMIN),
            via="policy ops",
        ),
        AccessGrant(
            principal="identity/group/ops", actions=(Action.READ, Action.LIST, Action.ADMIN), via="policy ops"
        ),
    )
    anna = [
        grant for grant in found["kv/team-b/service-0/level/db"].grants or () if "anna" in grant.principal
    ]
    assert [(grant.principal, grant.via, grant.actions) for grant in anna] == [
        ("auth/userpass/users/dev-anna", "policy ops", (Action.LIST, Action.ADMIN)),
        ("auth/userpass/users/dev-anna", "policy dev", (Action.WRITE,)),
        ("identity/entity/anna", "policy ops", (Action.READ, Action.LIST, Action.ADMIN)),
    ]


def test_a_deny_and_a_policy_nobody_holds_are_shown(server: OpenBaoServer) -> None:
    found = _secrets(_all(_collector(server)))
    denies = [grant for grant in found["kv/app"].grants or () if grant.effect == "deny"]
    assert {(grant.principal, grant.actions) for grant in denies} == {
        (principal, (Action.READ, Action.WRITE))
        for principal in ("auth/userpass/users/dev-anna", "identity/entity/anna", "identity/group/ops")
    }
    unheld = [grant for grant in found["kv/app/db"].grants or () if grant.principal == "policy/unused"]
    assert unheld == snapshot(
        [
            AccessGrant(
                principal="policy/unused",
                actions=(Action.READ,),
                via="policy unused",
                condition="no role, user or group holds it; a token created with it does",
            )
        ]
    )


@pytest.mark.parametrize(
    "path", ["team-a/service-0/level/db", "team-b/service-1/level/api", "app", "app/db", "ünï/cödé"]
)
def test_the_server_agrees_who_reads(server: OpenBaoServer, path: str) -> None:
    secret = _secrets(_all(_collector(server)))[f"kv/{path}"]
    login = server.call("POST", "auth/userpass/login/dev-anna", {"password": "p" * 12}, token="")["auth"][
        "client_token"
    ]
    for principal, token in (
        ("auth/userpass/users/dev-anna", login),
        ("auth/approle/role/ci", server.token("ci", no_default_policy=True)),
    ):
        asked = {"token": token, "paths": [f"kv/data/{path}"]}
        capabilities = server.call("POST", "sys/capabilities", asked)["data"][f"kv/data/{path}"]
        granted = {
            action
            for grant in secret.grants or ()
            if grant.principal == principal and grant.effect == "allow"
            for action in grant.actions
        }
        assert (Action.READ in granted) == ("read" in capabilities), principal
        assert (Action.WRITE in granted) == bool({"create", "update"} & set(capabilities)), principal


def test_switched_off_access_and_audit_are_unread(server: OpenBaoServer) -> None:
    secret = _one(server, "app", access=False, audit=False)
    assert (secret.grants, secret.audit) == (None, None)
    assert secret.unread["grants"] == "not read: access is false in keyproof.yaml"
    assert secret.unread["audit"] == "not read: audit is false in keyproof.yaml"


def test_audit_devices_cover_reads(server: OpenBaoServer) -> None:
    secret = _one(server, "app")
    assert secret.audit == (AuditTrail(sink="file/ (file)", enabled=True, covers_reads=True),)
    assert "audit_log_raw" not in secret.attributes


def test_evidence_lets_a_reviewer_do_it_again(server: OpenBaoServer) -> None:
    evidence = _evidence(_all(_collector(server), "empty/"))
    assert evidence["identity"] == f"vault://{server.host}: root (policies root)"
    assert re.fullmatch(r"\d+\.\d+\.\d+", evidence["server version"])
    assert re.fullmatch(r"GET \d+, LIST \d+", evidence["requests"])


def test_two_mounts_read_the_policies_once(server: OpenBaoServer) -> None:
    collector = _collector(server)
    first = _evidence(_all(collector, "empty/"))["requests"]
    second = _evidence(_all(collector, "empty/"))["requests"]
    assert int(first.split()[1].rstrip(",")) > int(second.split()[1].rstrip(","))


# rights


def _reader(server: OpenBaoServer) -> str:
    server.policy("keyproof", reader_policy(kv2=["kv", "empty"], kv1=["old"]))
    return server.token("keyproof", name="scanner")


def test_the_documented_policy_is_enough_and_reads_no_value(server: OpenBaoServer) -> None:
    token = _reader(server)
    root, reader = _collector(server), _collector(server, token=token, mounts=["kv", "old", "empty"])
    for scope in reader.scopes():
        items = _all(reader, scope)
        assert _gaps(items) == []
        assert _secrets(items) == _secrets(_all(root, scope))
    for path in ("kv/data/app", "old/plain"):
        with pytest.raises(RuntimeError, match="403"):
            server.call("GET", path, token=token)


def test_each_right_of_the_documented_policy_is_needed(server: OpenBaoServer) -> None:
    whole = reader_policy(kv2=["kv"], kv1=["old"])
    for path, missing in (
        ("sys/audit", "audit"),
        ("sys/auth", "grants"),
        ("sys/policies/acl/\\*", "grants"),
        ("identity/group/id", "grants"),
        ("auth/\\+/role/\\+", "grants"),
        ("kv/config", "attributes"),
    ):
        less, count = re.subn(rf'path "{path}" {{[^}}]*}}\n', "", whole)
        assert count == 1
        server.policy("less", less)
        items = _all(_collector(server, token=server.token("less"), mounts=["kv"], include=["kv/app"]))
        assert missing in _secrets(items)["kv/app"].unread, path


def test_the_audit_log_shows_no_request_outside_the_permissions(server: OpenBaoServer) -> None:
    token = _reader(server)
    since = len(server.audit_entries())
    collector = _collector(server, token=token, mounts=["kv", "old", "empty"])
    for scope in collector.scopes():
        _all(collector, scope)
    entries = server.audit_entries()[since:]
    asked = {(entry["request"]["operation"], entry["request"]["path"]) for entry in entries}
    assert len(asked) > 20
    allowed = [_permitted(line) for line in VaultCollector.permissions]
    for operation, path in sorted(asked):
        assert any(operation in verbs and pattern.fullmatch(path) for verbs, pattern in allowed), (
            operation,
            path,
        )
        assert not path.startswith("kv/data"), path
        assert operation != "read" or not path.startswith("old/"), path


def _permitted(line: str) -> tuple[set[str], re.Pattern[str]]:
    verbs, _, path = line.partition(" ")
    pattern = (
        re.escape(path.removesuffix("*"))
        .replace("KV2", "(kv|empty)")
        .replace("KV1", "old")
        .replace("MOUNT", "[^/]+")
    )
    pattern = pattern.replace("METHOD", "[^/]+").replace("NAME", "[^/]+")
    return set(verbs.split("+")), re.compile(pattern + (".*" if path.endswith("*") else "/?"))


def test_without_detailed_listing_each_secret_is_read_alone(server: OpenBaoServer) -> None:
    text = re.sub(r'path "kv/detailed-metadata/\*" {[^}]*}\n', "", reader_policy(kv2=["kv"]))
    server.policy("plain-listing", text)
    items = _all(_collector(server, token=server.token("plain-listing"), mounts=["kv"]))
    assert _gaps(items) == []
    assert _secrets(items) == _secrets(_all(_collector(server)))


def test_small_pages_lose_nothing(server: OpenBaoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _all(_collector(server))
    monkeypatch.setattr("keyproof.vault.tree.PAGE", 2)
    paged = _all(_collector(server))
    assert _secrets(paged) == _secrets(whole)
    assert set(_secrets(paged)) >= {f"kv/{path}" for path in [*NESTED, *ODD]}
    kv1 = _secrets(_all(_collector(server), "old/"))
    assert set(kv1) == {"old/plain", "old/deep/er/one"}


def test_a_policy_that_limits_pages_hides_nothing(server: OpenBaoServer) -> None:
    text = reader_policy(kv2=["kv"])
    limited = re.sub(r'(path "(?:kv/.*|sys/policies/acl)" {)', r"\1\n  pagination_limit = 3", text)
    assert limited.count("pagination_limit") == 4
    server.policy("limited", limited)
    token = server.token("limited")
    cut = server.call("LIST", "kv/metadata/team-a/service-0/level", token=token)["data"]["keys"]
    assert len(cut) == 3  # of five: what a listing without a stated size gives
    items = _all(_collector(server, token=token, mounts=["kv"]))
    assert _gaps(items) == []
    assert _secrets(items) == _secrets(_all(_collector(server)))


def test_a_denied_folder_is_a_gap_and_the_rest_is_read(server: OpenBaoServer) -> None:
    deny = '\npath "kv/metadata/team-b/*" { policy = "deny" }\npath "kv/detailed-metadata/team-b/*" { policy = "deny" }'
    server.policy("not-b", reader_policy(kv2=["kv"]) + deny)
    items = _all(_collector(server, token=server.token("not-b"), mounts=["kv"], include=["kv/team-*"]))
    assert set(_secrets(items)) == {f"kv/{path}" for path in NESTED if path[5] != "b"}
    assert _gaps(items) == snapshot(
        [
            Gap(
                source="vault",
                scope="kv/team-b/",
                status=ScopeStatus.PARTIAL,
                reason="not read: the token has no 'list' on kv/metadata/team-b/",
                hint="add it to the token's policy, or renew the token if it has expired",
            )
        ]
    )


def test_denied_metadata_keeps_the_name_and_the_reason(server: OpenBaoServer) -> None:
    text = re.sub(r'path "kv/detailed-metadata/\*" {[^}]*}\n', "", reader_policy(kv2=["kv"]))
    server.policy("names-only", text + '\npath "kv/metadata/app" { capabilities = ["list"] }')
    items = _all(
        _collector(server, token=server.token("names-only"), mounts=["kv"], include=["kv/app", "kv/app/db"])
    )
    found = _secrets(items)
    assert found["kv/app"].unread["facts"] == "the token has no 'read' on kv/metadata/app"
    assert found["kv/app"].versions is None
    assert found["kv/app/db"].value_date is not None
    assert [(gap.scope, gap.reason) for gap in _gaps(items)] == [
        ("kv/ (metadata)", "the token has no 'read' on kv/metadata/app")
    ]


def test_without_sys_rights_the_secrets_are_read_and_the_rest_is_a_gap(server: OpenBaoServer) -> None:
    server.policy("metadata-only", 'path "kv/metadata/*" { capabilities = ["list", "read"] }')
    token = server.token("metadata-only")
    items = _all(_collector(server, token=token, mounts=["kv"], include=["kv/app"]))
    secret = _secrets(items)["kv/app"]
    assert secret.value_date is not None
    assert (secret.grants, secret.audit) == (None, None)
    assert secret.unread["audit"] == "the token has no 'read' with 'sudo' on sys/audit"
    assert secret.unread["grants"].startswith("not read: the token has no 'list' on sys/policies/acl; ")
    assert "max_versions" not in secret.attributes
    assert [gap.scope for gap in _gaps(items)] == ["kv/ (audit devices)", "kv/ (access)"]
    with pytest.raises(AccessDeniedError, match="no 'read' on sys/mounts"):
        _collector(server, token=token).scopes()
    with pytest.raises(AccessDeniedError, match="sys/internal/ui/mounts/empty"):
        _all(_collector(server, token=token, mounts=["empty"]), "empty/")


def test_holders_that_may_not_be_read_leave_the_others(server: OpenBaoServer) -> None:
    text, count = re.subn(r'path "auth/\+/users/\+" {[^}]*}\n', "", reader_policy(kv2=["kv"]))
    assert count == 1
    server.policy("no-users", text)
    items = _all(
        _collector(server, token=server.token("no-users"), mounts=["kv"], include=["kv/team-a/*/db"])
    )
    secret = next(iter(_secrets(items).values()))
    principals = {grant.principal for grant in secret.grants or ()}
    assert {"auth/approle/role/ci", "identity/group/ops"} <= principals
    assert not any(principal.startswith("auth/userpass") for principal in principals)
    missing = "in part: the token has no 'read' on auth/userpass/users/dev-anna"
    assert secret.unread["grants"] == missing
    assert [(gap.scope, gap.reason) for gap in _gaps(items)] == [("kv/ (access)", f"grants {missing}")]


def test_an_unparsable_policy_makes_grants_unknown(
    server: OpenBaoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.policy("strange", 'path "kv/x" { capabilities = ["read"] }')
    collector = _collector(server, include=["kv/app"])
    monkeypatch.setattr("keyproof.vault.policy.CAPABILITIES", frozenset({"list"}))
    items = _all(collector)
    secret = _secrets(items)["kv/app"]
    assert secret.grants is None
    assert "cannot be understood: path 'kv/" in secret.unread["grants"]
    server.call("DELETE", "sys/policies/acl/strange")


@pytest.mark.parametrize("token", ["s." + "wrong" * 5, "two words", "ünï", ""])
def test_a_useless_token_is_denied(server: OpenBaoServer, token: str) -> None:
    collector = _collector(server, token=token)
    with pytest.raises(AccessDeniedError) as raised:
        collector.scopes()
    assert raised.value.hint
    assert not token or token not in str(raised.value)


def test_an_expired_token_is_denied(server: OpenBaoServer) -> None:
    token = server.token("root", ttl="1s", explicit_max_ttl="1s")
    collector = _collector(server, token=token)
    time.sleep(1.5)
    with pytest.raises(AccessDeniedError, match="sys/mounts"):
        collector.scopes()


def test_logs_in_with_an_approle(server: OpenBaoServer) -> None:
    server.policy("keyproof", reader_policy(kv2=["kv", "empty"], kv1=["old"]))
    server.call("POST", "auth/approle/role/scanner", {"token_policies": ["keyproof"]})
    role_id = server.call("GET", "auth/approle/role/scanner/role-id")["data"]["role_id"]
    secret_id = server.call("POST", "auth/approle/role/scanner/secret-id")["data"]["secret_id"]
    auth = {"method": "approle", "role-id": role_id, "secret-id-env": "MY_SECRET_ID"}
    collector = _collector(server, token="", environ={"MY_SECRET_ID": secret_id}, auth=auth)
    assert "kv/" in collector.scopes()
    assert "approle" in _evidence(_all(collector, "empty/"))["identity"]
    wrong = _collector(server, token="", environ={"MY_SECRET_ID": "no"}, auth=auth)
    with pytest.raises(AccessDeniedError, match="refuses the login at auth/approle/login"):
        wrong.scopes()
    server.call("DELETE", "auth/approle/role/scanner")


def test_the_token_of_the_command_line_tools_is_found(server: OpenBaoServer, tmp_path: Path) -> None:
    (tmp_path / ".vault-token").write_text(f"{server.root_token}\n")
    environ = {"HOME": str(tmp_path), "VAULT_ADDR": server.address}
    assert "kv/" in _collector(server, token="", environ=environ, address="").scopes()


# namespaces


def test_namespaces_are_read_with_policies_from_above(server: OpenBaoServer) -> None:
    server.call("POST", "sys/namespaces/team", {})
    server.call("POST", "sys/namespaces/inner", {}, namespace="team")
    server.mount("kv", namespace="team/inner")
    server.put("kv", "app", namespace="team/inner")
    server.policy("local", 'path "kv/data/*" { capabilities = ["read"] }', namespace="team/inner")
    server.auth("approle", namespace="team/inner")
    server.call("POST", "auth/approle/role/ci", {"token_policies": ["local"]}, namespace="team/inner")
    server.policy("reach-down", 'path "team/inner/kv/data/*" { capabilities = ["read"] }')
    server.call("POST", "auth/approle/role/central", {"token_policies": ["reach-down"]})

    collector = _collector(server, namespaces=["*"])
    assert "team/inner/kv/" in collector.scopes()
    items = _all(collector, "team/inner/kv/")
    secret = _secrets(items)["kv/app"]
    assert secret.id == f"vault://{server.host}/team/inner/kv/app"
    assert secret.scope == "team/inner/kv/"
    assert [(grant.principal, grant.via) for grant in _held(secret)] == [
        ("auth/approle/role/central", "policy reach-down"),
        ("team/inner/auth/approle/role/ci", "policy local"),
    ]
    assert secret.audit is not None
    assert _evidence(items)["namespace"] == "team/inner"
    server.policy(
        "ns-reader",
        reader_policy(kv2=["kv"])
        + reader_policy(kv2=[], namespace="team/")
        + reader_policy(kv2=["kv"], namespace="team/inner/"),
    )
    reader = _collector(server, token=server.token("ns-reader"), namespace="team/inner")
    read = _all(reader, "team/inner/kv/")
    assert _gaps(read) == []
    assert _held(_secrets(read)["kv/app"]) == _held(secret)
    assert _evidence(read)["identity"].endswith("token-reader (policies default, ns-reader)")
    assert _collector(server, namespace="team", namespaces=["inner"]).scopes() == ["team/inner/kv/"]
    assert _collector(server, environ={"VAULT_NAMESPACE": "team/inner"}).scopes() == ["team/inner/kv/"]
    with pytest.raises(CollectError, match="the namespace 'nowhere' cannot be read"):
        _collector(server, namespaces=["nowhere"]).scopes()


def test_a_namespace_that_may_not_be_looked_into_is_a_denied_scope(server: OpenBaoServer) -> None:
    server.call("POST", "sys/namespaces/closed", {})
    server.policy("open", reader_policy(kv2=["kv"]) + '\npath "+/sys/namespaces" { capabilities = ["list"] }')
    collector = _collector(server, token=server.token("open"), namespaces=["*"])
    scopes = collector.scopes()
    assert {"closed/*", "kv/"} <= set(scopes)
    assert "kv/app" in _secrets(_all(collector, "kv/"))
    with pytest.raises(AccessDeniedError, match="no 'read' on closed/sys/mounts"):
        _all(collector, "closed/*")


# a server in trouble


def test_a_quota_is_waited_for_and_then_given_up(server: OpenBaoServer) -> None:
    def thrice(collector: VaultCollector) -> None:
        for _ in range(3):
            assert _secrets(_all(collector, "empty/")) == {}

    server.call("POST", "sys/quotas/rate-limit/slow", {"path": "empty", "rate": 1, "interval": "1s"})
    try:
        thrice(_collector(server))
        hasty = VaultCollector.Config.model_validate({"address": server.address, "max-wait": 0})
        with pytest.raises(BackendUnreachableError, match=r"stays busy: 429, .*rate limit"):
            thrice(VaultCollector("vault", hasty, _surroundings(server)))
    finally:
        server.call("DELETE", "sys/quotas/rate-limit/slow")


def test_a_wrong_port_is_unreachable(server: OpenBaoServer) -> None:
    with pytest.raises(BackendUnreachableError, match="cannot be reached") as raised:
        _collector(server, address="http://127.0.0.1:1").scopes()
    assert raised.value.hint == "check the address, the network and whether the server runs"


def test_sealed_in_mid_run_keeps_what_was_read(server: OpenBaoServer) -> None:
    text = re.sub(r'path "kv/detailed-metadata/\*" {[^}]*}\n', "", reader_policy(kv2=["kv"]))
    server.policy("plain-listing", text)
    collector = _collector(server, token=server.token("plain-listing"), mounts=["kv"])
    seen: list[str] = []

    def drain() -> None:
        for item in collector.collect("kv/"):
            if isinstance(item, SecretMetadata):
                seen.append(item.name)
                if len(seen) == 5:
                    server.seal()

    try:
        with pytest.raises(BackendUnreachableError, match="is sealed") as raised:
            drain()
        assert len(seen) == 5
        assert raised.value.scope == "kv/"
        with pytest.raises(BackendUnreachableError, match="is sealed"):
            _collector(server).scopes()
    finally:
        server.unseal()


def test_a_raw_audit_log_is_reported(tmp_path: Path) -> None:
    if find_binary() is None:
        pytest.skip(SKIP_REASON)
    with OpenBaoServer(tmp_path, log_raw=True, storage="raft") as raw:
        raw.mount("kv")
        raw.put("kv", "a")
        items = _all(_collector(raw))
    assert _secrets(items)["kv/a"].attributes["audit_log_raw"] is True
    assert _evidence(items)["audit log_raw"] == "file/ keeps values in clear text"
