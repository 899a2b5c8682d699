"""The Azure Key Vault collector against a vault on loopback, over TLS; the official clients read it too."""

import gc
import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.keyvault.certificates import CertificateClient
from azure.keyvault.keys import KeyClient
from azure.keyvault.secrets import SecretClient

from keyproof.azure.connection import audience
from keyproof.azure.permissions import PERMISSIONS, SHARED_LOGS, role_definition
from keyproof.checks.key_strength import KeyStrength
from keyproof.collectors.azure_key_vault import AzureKeyVaultCollector
from keyproof.domain.access import AccessGrant, Action, AuditTrail
from keyproof.domain.assessment import Collected, Gap
from keyproof.domain.check import Context
from keyproof.domain.secret import (
    Basis,
    Confidence,
    DatedFact,
    Rotation,
    SecretMetadata,
    SubjectKind,
    VersionState,
)
from keyproof.domain.verdict import Evidence, Outcome
from keyproof.errors import AccessDeniedError, BackendProtocolError, BackendUnreachableError, CollectError
from keyproof.ports import Surroundings
from keyproof.value_operations import cloud_value
from tests.fakes.azure import CREATED, HOME, SUBSCRIPTION, TENANT, TOKEN, Azure, azure, modulus
from tests.fakes.ports import FixedClock
from tests.fakes.rest_server import Scripted

pytestmark = pytest.mark.server
DAY = 86_400
ROLES = "/providers/Microsoft.Authorization/roleDefinitions"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Azure]:
    with azure(tmp_path) as running:
        running.properties = {"enableRbacAuthorization": True, "enablePurgeProtection": True}
        running.add(
            "secrets", "db", {"created": CREATED + 9 * DAY, "enabled": False}, {"created": CREATED + DAY}, {}
        )
        yield running
        for one in running.server.asked:
            assert not cloud_value(one.method, one.path), one
            assert one.method == "GET" or one.path.endswith(("/token", "/microsoft.insights/logs"))


def _collector(cloud: Azure, **config: Any) -> AzureKeyVaultCollector:
    settings = AzureKeyVaultCollector.Config.model_validate(
        {"management": cloud.address, "ca_cert": cloud.server.authorities, **config}
    )
    waits: list[float] = []
    here = Surroundings(root=Path("/"), environ={}, clock=FixedClock(), sleep=waits.append)
    found = AzureKeyVaultCollector("azure", settings, here, token=lambda *_: TOKEN)
    found.__dict__["waits"] = waits
    return found


def _all(cloud: Azure, **config: Any) -> list[Collected]:
    collector = _collector(cloud, **config)
    return [item for scope in collector.scopes() for item in collector.collect(scope)]


def _secrets(items: list[Collected]) -> dict[str, SecretMetadata]:
    return {item.name: item for item in items if isinstance(item, SecretMetadata)}


def _gaps(items: list[Collected]) -> list[Gap]:
    return [item for item in items if isinstance(item, Gap)]


def _evidence(items: list[Collected]) -> dict[str, str]:
    return {item.name: item.value for item in items if isinstance(item, Evidence)}


def _day(number: int) -> datetime:
    return datetime.fromtimestamp(CREATED + number * DAY, UTC)


def _role(
    name: str, *, actions: tuple[str, ...] = (), data: tuple[str, ...] = (), drop: tuple[str, ...] = ()
) -> dict[str, Any]:
    permissions = {"actions": actions, "notActions": [], "dataActions": data, "notDataActions": drop}
    return {"id": f"{ROLES}/{name}", "properties": {"roleName": name, "permissions": [permissions]}}


def _assigned(who: str, role: str, scope: str = HOME, **said: Any) -> dict[str, Any]:
    properties = {
        "principalId": who,
        "principalType": "User",
        "scope": scope,
        "roleDefinitionId": f"{ROLES}/{role}".upper(),
    }
    return {"id": f"{scope}/{who}-{role}", "properties": {**properties, **said}}


def test_vaults_of_all_subscriptions_are_scopes(cloud: Azure) -> None:
    assert _collector(cloud).scopes() == [cloud.address]
    assert _collector(cloud, subscriptions=[SUBSCRIPTION]).scopes() == [cloud.address]
    assert _collector(cloud, vaults=["https://a.vault.azure.net/"]).scopes() == ["https://a.vault.azure.net"]


def test_the_newest_enabled_version_dates_the_value(cloud: Azure) -> None:
    (found,) = _secrets(_all(cloud)).values()
    assert found.name.endswith("/db")
    assert found.kind is SubjectKind.SECRET
    assert found.facts == (DatedFact(at=_day(1), basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT),)
    assert found.versions is not None
    assert [version.state for version in found.versions] == [
        VersionState.DELETED,
        VersionState.CURRENT,
        VersionState.PREVIOUS,
    ]
    assert found.created_at == _day(0)
    assert found.attributes["newest-version-disabled"] is True
    assert (found.attributes["recovery-level"], found.attributes["recoverable-days"]) == (
        "Recoverable+Purgeable",
        90,
    )
    assert (found.attributes["access-model"], found.attributes["purge-protection"]) == ("rbac", True)
    assert set(found.unread) == {"last_accessed_at", "access_log"}


def test_what_a_secret_and_its_vault_say(cloud: Azure) -> None:
    cloud.tags = {"Environment": "production", "owner": "platform"}
    until = {"exp": CREATED + 90 * DAY, "nbf": CREATED}
    cloud.add("secrets", "key", until, tags={"owner": "data", "Priority": "High"}, contentType="text/plain")
    found = next(one for name, one in _secrets(_all(cloud)).items() if name.endswith("/key"))
    assert (found.environment, found.owner, found.priority) == ("production", "data", "high")
    assert found.expires_at == _day(90)
    assert found.attributes["not-before"] == _day(0).isoformat()
    assert found.attributes["content-type"] == "text/plain"
    assert found.rotation is None
    assert found.encryption is not None
    assert (found.encryption.encrypted, found.encryption.customer_managed) == (True, False)


def test_a_secret_without_an_enabled_version_has_no_age(cloud: Azure) -> None:
    cloud.add("secrets", "db", {"enabled": False})
    (found,) = _secrets(_all(cloud)).values()
    assert found.facts == ()
    assert "no version is enabled" in found.unread["facts"]
    assert found.attributes["enabled"] is False


def test_the_parts_of_a_certificate_are_told_once(cloud: Azure) -> None:
    cloud.objects.clear()
    for kind in ("secrets", "keys"):
        cloud.add(kind, "web", managed=True)
    cloud.add("certificates", "web", {"exp": CREATED + 365 * DAY})
    cloud.policies["web"] = {
        "issuer": {"name": "DigiCert"},
        "key_props": {"kty": "RSA", "key_size": 2048, "reuse_key": True, "exportable": True},
        "x509_props": {"validity_months": 12},
        "lifetime_actions": [
            {"trigger": {"lifetime_percentage": 80}, "action": {"action_type": "AutoRenew"}},
            {"trigger": {"days_before_expiry": 30}, "action": {"action_type": "EmailContacts"}},
        ],
    }
    items = _all(cloud)
    (found,) = _secrets(items).values()
    assert found.kind is SubjectKind.CERTIFICATE
    assert found.rotation == Rotation(
        enabled=True,
        interval=timedelta(days=288),
        schedule="at 80 % of its life",
        mechanism="certificate policy",
    )
    assert [fact.confidence for fact in found.facts] == [Confidence.UPPER_BOUND]  # its key is an older one
    assert (found.attributes["key-type"], found.attributes["key-bits"]) == ("RSA", 2048)
    assert _evidence(items)["parts of certificates"].startswith("2 secrets and keys")


@pytest.mark.parametrize(
    ("trigger", "interval"),
    [({"timeAfterCreate": "P90D"}, timedelta(days=90)), ({"timeBeforeExpiry": "P30D"}, timedelta(days=60))],
)
def test_the_rotation_policy_of_a_key(cloud: Azure, trigger: dict[str, str], interval: timedelta) -> None:
    cloud.objects.clear()
    cloud.add("keys", "sign")
    cloud.rotation["sign"] = {
        "lifetimeActions": [{"trigger": trigger, "action": {"type": "Rotate"}}],
        "attributes": {"expiryTime": "P90D"},
    }
    (found,) = _secrets(_all(cloud)).values()
    assert found.kind is SubjectKind.KEY
    assert found.rotation is not None
    assert (found.rotation.enabled, found.rotation.interval) == (True, interval)


def test_a_key_whose_policy_only_notifies_is_not_rotated(cloud: Azure) -> None:
    cloud.objects.clear()
    cloud.add("keys", "sign")
    notice = {"trigger": {"timeBeforeExpiry": "P30D"}, "action": {"type": "Notify"}}
    cloud.rotation["sign"] = {"lifetimeActions": [notice], "attributes": {}}
    (found,) = _secrets(_all(cloud)).values()
    assert found.rotation == Rotation(enabled=False, mechanism="rotation policy")


def test_a_rotation_policy_of_no_known_length_is_a_problem(cloud: Azure) -> None:
    cloud.objects.clear()
    cloud.add("keys", "k")
    trigger = {"timeBeforeExpiry": "P30D"}
    cloud.rotation["k"] = {"lifetimeActions": [{"trigger": trigger, "action": {"type": "Rotate"}}]}
    (found,) = _secrets(_all(cloud)).values()
    assert found.rotation is not None
    assert (found.rotation.enabled, found.rotation.interval) == (True, None)
    assert "states no length" in found.rotation.problem


def test_deleted_ones_that_are_denied_or_undated(cloud: Azure) -> None:
    cloud.denied = {"/deletedsecrets": "ForbiddenByRbac"}
    (gap,) = _gaps(_all(cloud))
    assert gap.scope.endswith("(deleted secrets)")
    cloud.denied = {}
    cloud.deleted["secrets"] = [{"id": f"{cloud.address}/secrets/old", "attributes": {}}]
    with pytest.raises(BackendProtocolError, match="lists old as deleted without a date"):
        _all(cloud)


def test_what_is_soft_deleted_is_on_its_way_out(cloud: Azure) -> None:
    gone = {
        "id": f"{cloud.address}/secrets/old",
        "deletedDate": CREATED,
        "scheduledPurgeDate": CREATED + 90 * DAY,
    }
    cloud.deleted["secrets"] = [{**gone, "attributes": {"enabled": True, "created": CREATED - DAY}}]
    found = next(one for name, one in _secrets(_all(cloud)).items() if name.endswith("/old"))
    assert found.deletion == _day(0)
    assert not any(name.endswith("/old") for name in _secrets(_all(cloud, deleted=False)))


def test_role_assignments_are_grants(cloud: Azure) -> None:
    vaults = "Microsoft.KeyVault/vaults"
    cloud.roles = [
        _role("Reader of secrets", data=(f"{vaults}/secrets/getSecret/action",)),
        _role("Everything", data=(f"{vaults}/*",), drop=(f"{vaults}/secrets/purge/action",)),
        _role("Looker", data=(f"{vaults}/*/read", f"{vaults}/secrets/readMetadata/action")),
        _role("Owner", actions=("*",)),
        _role("Nothing here", actions=("Microsoft.Compute/*",)),
    ]
    above, one = f"/subscriptions/{SUBSCRIPTION}", f"{HOME}/secrets/db"
    cloud.assignments = [
        _assigned("alice", "Reader of secrets", one),
        _assigned("bob", "Everything"),
        _assigned("carol", "Looker", above, principalType="Group"),
        _assigned("dave", "Owner", above),
        _assigned("erin", "Reader of secrets", condition="@Resource[x] StringEquals 'y'"),
        _assigned("frank", "Nothing here", above),
    ]
    cloud.denials = [
        {
            "properties": {
                "denyAssignmentName": "hands off",
                "permissions": [{"dataActions": [f"{vaults}/secrets/getSecret/action"]}],
                "principals": [{"id": "bob"}],
            }
        }
    ]
    cloud.add("secrets", "other")
    found = {name.rpartition("/")[2]: one for name, one in _secrets(_all(cloud)).items()}
    grants = found["db"].grants
    assert grants is not None
    assert (
        AccessGrant(principal="alice", actions=(Action.READ,), via=f"role Reader of secrets on {one} (User)")
        in grants
    )
    by_who = {(grant.principal, grant.effect): grant for grant in grants}
    assert set(by_who["bob", "allow"].actions) == set(Action) - {Action.READ}
    assert by_who["bob", "deny"].actions == (Action.READ,)
    assert by_who["carol", "allow"].actions == (Action.LIST,)
    assert by_who["dave", "allow"].actions == (Action.ADMIN,)
    assert by_who["erin", "allow"].condition
    assert not any(grant.principal == "frank" for grant in grants)
    others = found["other"].grants
    assert others is not None
    assert not any(grant.principal == "alice" for grant in others)


def test_a_role_that_cannot_be_read_leaves_the_grants_open(cloud: Azure) -> None:
    cloud.assignments = [_assigned("alice", "Unknown")]
    (found,) = _secrets(_all(cloud)).values()
    assert "could not be read" in found.unread["grants"]


def test_a_denial_with_exceptions_leaves_the_grants_open(cloud: Azure) -> None:
    permissions = [{"dataActions": ["Microsoft.KeyVault/vaults/secrets/getSecret/action"]}]
    everybody = {"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}
    said = {"denyAssignmentName": "locked", "permissions": permissions, "principals": [everybody]}
    cloud.denials = [{"properties": said}]
    (found,) = _secrets(_all(cloud)).values()
    assert found.grants == (
        AccessGrant(principal="*", actions=(Action.READ,), via="denial locked", effect="deny"),
    )
    cloud.denials = [{"properties": {**said, "excludePrincipals": [{"id": "alice"}]}}]
    (found,) = _secrets(_all(cloud)).values()
    assert found.grants == ()
    assert "the denial locked has a condition or exceptions" in found.unread["grants"]


def test_access_policies_are_grants_where_they_count(cloud: Azure) -> None:
    permissions = {"secrets": ["Get", "List"], "keys": ["all"], "certificates": ["list"]}
    policies = [
        {"objectId": "web", "permissions": permissions},
        {"objectId": "user", "applicationId": "app", "permissions": {"secrets": ["set"]}},
    ]
    cloud.properties = {"accessPolicies": policies}
    cloud.roles = [_role("Contributor", actions=("Microsoft.KeyVault/*",)), _role("Data", data=("*",))]
    cloud.assignments = [_assigned("ops", "Contributor"), _assigned("nobody", "Data")]
    cloud.add("keys", "k")
    cloud.add("certificates", "c")
    found = {one.kind: one for one in _secrets(_all(cloud)).values()}
    actions = {
        kind: {grant.principal: set(grant.actions) for grant in one.grants or ()}
        for kind, one in found.items()
    }
    assert actions[SubjectKind.SECRET] == {
        "web": {Action.READ, Action.LIST},
        "user as app": {Action.WRITE},
        "ops": {Action.ADMIN},
    }
    assert actions[SubjectKind.KEY]["web"] == set(Action)
    assert actions[SubjectKind.CERTIFICATE]["web"] == {Action.READ, Action.LIST}


def test_diagnostic_settings_are_audit_trails(cloud: Azure) -> None:
    cloud.settings = [
        {
            "name": "siem",
            "properties": {
                "workspaceId": "/workspaces/w",
                "logs": [
                    {
                        "category": "AuditEvent",
                        "enabled": True,
                        "retentionPolicy": {"enabled": True, "days": 365},
                    }
                ],
            },
        },
        {
            "name": "groups",
            "properties": {"storageAccountId": "/s", "logs": [{"categoryGroup": "allLogs", "enabled": True}]},
        },
        {
            "name": "off",
            "properties": {"workspaceId": "/w", "logs": [{"category": "AuditEvent", "enabled": False}]},
        },
    ]
    (found,) = _secrets(_all(cloud)).values()
    assert found.audit == (
        AuditTrail(
            sink="diagnostic setting siem → /workspaces/w",
            enabled=True,
            covers_reads=True,
            retention=timedelta(days=365),
        ),
        AuditTrail(sink="diagnostic setting groups → /s", enabled=True, covers_reads=True),
        AuditTrail(sink="diagnostic setting off → /w", enabled=False, covers_reads=False),
    )


def test_no_diagnostic_setting_is_no_trail_and_a_denied_one_is_unknown(cloud: Azure) -> None:
    (found,) = _secrets(_all(cloud)).values()
    assert found.audit == ()
    cloud.denied["diagnosticSettings"] = "AuthorizationFailed"
    items = _all(cloud)
    (found,) = _secrets(items).values()
    assert found.audit is None
    assert "Microsoft.Insights/diagnosticSettings/read is missing" in found.unread["audit"]
    assert "(audit)" in _gaps(items)[0].scope


def test_without_the_resource_manager_grants_and_audit_are_unknown(cloud: Azure) -> None:
    cloud.denied["/subscriptions"] = "AuthorizationFailed"
    with pytest.raises(
        AccessDeniedError, match=r"Microsoft\.Resources/subscriptions/read is missing"
    ) as caught:
        _collector(cloud).scopes()
    assert "name the vaults" in caught.value.hint
    items = _all(cloud, vaults=[cloud.address])
    (found,) = _secrets(items).values()
    assert (found.grants, found.audit) == (None, None)
    assert "subscriptions/read is missing" in found.unread["grants"]
    assert len(_gaps(items)) == 1


def test_a_vault_of_another_subscription_has_no_known_grants(cloud: Azure) -> None:
    cloud.properties["vaultUri"] = "https://elsewhere.vault.azure.net/"
    (found,) = _secrets(_all(cloud, vaults=[cloud.address])).values()
    assert "in none of the subscriptions" in found.unread["grants"]


def test_what_is_switched_off_is_not_asked_for(cloud: Azure) -> None:
    (found,) = _secrets(_all(cloud, access=False, audit=False, objects=["secrets"])).values()
    assert (found.grants, found.audit) == (None, None)
    asked = {one.path.rpartition("/")[2] for one in cloud.server.asked}
    assert asked == {"subscriptions", "vaults", "secrets", "versions", "deletedsecrets"}


def test_a_firewall_and_a_missing_right_are_told_apart(cloud: Azure) -> None:
    cloud.denied["/secrets"] = "ForbiddenByFirewall"
    with pytest.raises(AccessDeniedError, match=r"the firewall of .* lets nobody in from here"):
        _all(cloud)
    cloud.denied = {"/keys": "ForbiddenByRbac"}
    items = _all(cloud)
    (gap,) = _gaps(items)
    assert gap.scope.endswith("(keys)")
    assert gap.reason.startswith("Microsoft.KeyVault/vaults/keys/read is missing")
    assert "access policy: keys: list" in gap.hint
    assert len(_secrets(items)) == 1


def test_a_vault_that_denies_everything_is_denied(cloud: Azure) -> None:
    cloud.denied = {f"/{kind}": "ForbiddenByPolicy" for kind in ("secrets", "keys", "certificates")}
    with pytest.raises(AccessDeniedError, match="is missing"):
        _all(cloud)


def test_a_right_that_is_missing_for_single_objects_is_one_gap(cloud: Azure) -> None:
    for name in ("k1", "k2"):
        cloud.add("keys", name)
    cloud.denied = {"/rotationpolicy": "ForbiddenByPolicy"}
    items = _all(cloud)
    (gap,) = _gaps(items)
    assert "for 2 of them, e.g. k1" in gap.reason
    keys = [one for one in _secrets(items).values() if one.kind is SubjectKind.KEY]
    assert all("keyrotationpolicies/read is missing" in one.unread["rotation"] for one in keys)


def test_versions_that_are_denied_leave_the_age_open(cloud: Azure) -> None:
    cloud.denied = {"/versions": "ForbiddenByRbac"}
    (found,) = _secrets(_all(cloud)).values()
    assert (found.versions, found.facts) == (None, ())
    assert "readMetadata/action is missing" in found.unread["facts"]


def test_what_was_deleted_between_two_requests_is_counted(cloud: Azure) -> None:
    gone = json.dumps({"error": {"code": "SecretNotFound", "message": "gone"}}).encode()
    cloud.server.scripted.append(Scripted(path="/versions", status=404, body=gone))
    items = _all(cloud)
    assert _secrets(items) == {}
    assert _evidence(items)["deleted while they were read"] == "1"


def test_throttling_is_waited_out_as_long_as_the_server_asks(cloud: Azure) -> None:
    busy = Scripted(path="/secrets?", status=429, headers={"Retry-After": "7"})
    cloud.server.scripted += [busy, busy]
    collector = _collector(cloud)
    assert list(collector.collect(cloud.address))
    assert collector.__dict__["waits"] == [7.0, 7.0]
    cloud.server.scripted += [busy] * 9
    with pytest.raises(BackendUnreachableError, match="stays busy: 429"):
        list(_collector(cloud).collect(cloud.address))


@pytest.mark.parametrize(
    ("scripted", "error", "words"),
    [
        ({"status": 401}, AccessDeniedError, "does not accept the credentials"),
        ({"status": 400}, BackendProtocolError, "answers 400"),
        ({"status": 404}, BackendProtocolError, "answers 404"),
        ({"body": b"<html>"}, BackendProtocolError, "no JSON object"),
        ({"body": b'{"value": []}', "cut": 5}, BackendUnreachableError, "breaks off"),
        ({"body": b'{"value": {}}'}, BackendProtocolError, "unknown shape"),
        (
            {"body": b'{"value": [], "nextLink": "https://evil.example/"}'},
            BackendProtocolError,
            "another server",
        ),
    ],
)
def test_odd_answers_are_errors(
    cloud: Azure, scripted: dict[str, Any], error: type[CollectError], words: str
) -> None:
    cloud.server.scripted += [Scripted(path="/secrets?", **scripted)] * 2
    with pytest.raises(error, match=words):
        list(_collector(cloud).collect(cloud.address))


def test_a_listing_that_goes_round_in_a_circle_ends(cloud: Azure) -> None:
    page = json.dumps({"value": [], "nextLink": f"{cloud.address}/secrets?again"}).encode()
    cloud.server.scripted += [Scripted(path="/secrets?", body=page)] * 3
    with pytest.raises(BackendProtocolError, match="the same page again and again"):
        list(_collector(cloud).collect(cloud.address))


def test_a_vault_that_does_not_answer(cloud: Azure) -> None:
    cloud.server.scripted.append(Scripted(path="/secrets?", silent=True))
    with pytest.raises(BackendUnreachableError, match="does not answer in time"):
        list(_collector(cloud, timeout=0.3).collect(cloud.address))


def test_a_certificate_nobody_vouches_for(cloud: Azure) -> None:
    with pytest.raises(BackendUnreachableError, match="not trusted"):
        _collector(cloud, ca_cert="").scopes()


def test_a_server_error_that_passes_does_not_matter(cloud: Azure) -> None:
    cloud.server.scripted.append(Scripted(path="/versions", status=500))
    assert len(_secrets(_all(cloud))) == 1


def test_what_was_read_before_the_vault_went_away_is_kept(cloud: Azure) -> None:
    for number in range(60):
        cloud.add("secrets", f"s{number:02}")
    cloud.server.scripted.append(Scripted(path="skiptoken", body=b'{"a": 1}', cut=2))
    items = _collector(cloud).collect(cloud.address)
    kept = list(itertools.islice((one for one in items if isinstance(one, SecretMetadata)), 25))
    assert len(kept) == 25
    with pytest.raises(BackendUnreachableError, match="breaks off"):
        list(items)


def test_globs_choose(cloud: Azure) -> None:
    cloud.add("secrets", "web")
    items = _all(cloud, include=["*/w*", "*/d*"], exclude=["*/d?"])
    assert [name.rpartition("/")[2] for name in _secrets(items)] == ["web"]
    assert _evidence(items)["left out by include and exclude"] == "1"


def test_ten_thousand_secrets_come_in_bounded_memory(cloud: Azure) -> None:
    (versions,) = cloud.objects["secrets"].values()
    cloud.objects["secrets"] = {f"n{number:05}": versions[:1] for number in range(10_000)}
    cloud.server.log = False
    others = sum(type(one) is SecretMetadata for one in gc.get_objects())  # of tests before
    seen, most = 0, 0
    for item in _collector(cloud, objects=["secrets"]).collect(cloud.address):
        seen += isinstance(item, SecretMetadata)
        if seen % 2_500 == 0:
            most = max(most, sum(type(one) is SecretMetadata for one in gc.get_objects()) - others)
    assert seen == 10_000
    assert most <= 2 * 25


def test_the_official_clients_read_the_same_from_this_fake(cloud: Azure) -> None:
    cloud.add("keys", "k", {"exp": CREATED + DAY}, tags={"a": "b"})
    cloud.add("certificates", "c")
    cloud.rotation["k"] = {
        "lifetimeActions": [{"trigger": {"timeAfterCreate": "P90D"}, "action": {"type": "Rotate"}}],
        "attributes": {"expiryTime": "P1Y"},
    }
    cloud.deleted["secrets"] = [
        {"id": f"{cloud.address}/secrets/old", "deletedDate": CREATED, "attributes": {"enabled": True}}
    ]

    class Credential:
        def get_token(self, *_: str, **__: Any) -> AccessToken:
            return AccessToken(TOKEN, 4_000_000_000)

    said: dict[str, Any] = {
        "vault_url": cloud.address,
        "credential": Credential(),
        "verify_challenge_resource": False,
        "connection_verify": cloud.server.authorities,
        "api_version": "7.4",
    }
    with (
        SecretClient(**said) as secrets,
        KeyClient(**said) as keys,
        CertificateClient(**said) as certificates,
    ):
        found = _secrets(_all(cloud))
        theirs = {version.version: version for version in secrets.list_properties_of_secret_versions("db")}
        db = next(one for name, one in found.items() if name.endswith("/db"))
        assert db.versions is not None
        for version in db.versions:
            assert version.created_at == theirs[version.id].created_on
            assert (version.state is VersionState.DELETED) == (theirs[version.id].enabled is False)
        assert [one.name for one in secrets.list_properties_of_secrets()] == ["db"]
        (old,) = secrets.list_deleted_secrets()
        assert next(one for name, one in found.items() if name.endswith("/old")).deletion == old.deleted_date
        (key,) = keys.list_properties_of_keys()
        mine = next(one for one in found.values() if one.kind is SubjectKind.KEY)
        assert (mine.expires_at, mine.tags) == (key.expires_on, key.tags)
        public: Any = keys.get_key("k").key  # not typed
        assert mine.attributes["key-type"] == public.kty
        assert mine.attributes["key-bits"] == int.from_bytes(public.n, "big").bit_length()
        policy = keys.get_key_rotation_policy("k")
        assert [action.time_after_create for action in policy.lifetime_actions] == ["P90D"]
        assert [one.name for one in certificates.list_properties_of_certificates()] == ["c"]


@pytest.mark.parametrize(
    ("public", "said", "outcome"),
    [
        ({"kty": "RSA", "n": modulus(2048), "e": "AQAB"}, ("RSA", 2048, None, False), Outcome.FAIL),
        ({"kty": "RSA-HSM", "n": modulus(4096), "e": "AQAB"}, ("RSA", 4096, None, True), Outcome.PASS),
        ({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, ("EC", 256, "P-256", False), Outcome.PASS),
        ({"kty": "EC-HSM", "crv": "P-521"}, ("EC", 521, "P-521", True), Outcome.PASS),
        ({"kty": "EC", "crv": "P-256K"}, ("EC", 256, "P-256K", False), Outcome.PASS),
        ({"kty": "oct-HSM"}, ("oct", None, None, True), Outcome.NOT_EVALUATED),
        ({"kty": "RSA", "n": "!"}, ("RSA", None, None, False), Outcome.NOT_EVALUATED),
        ({}, (None, None, None, None), Outcome.NOT_EVALUATED),
    ],
)
def test_type_and_length_of_a_key_come_from_its_public_part(
    cloud: Azure, public: dict[str, str], said: tuple[Any, ...], outcome: Outcome
) -> None:
    cloud.add("keys", "k", {"created": CREATED + DAY}, {})
    cloud.material["k"] = public
    (key,) = _secrets(_all(cloud, objects=["keys"])).values()
    assert tuple(key.attributes.get(name) for name in ("key-type", "key-bits", "curve", "hardware")) == said
    assert modulus(2048) not in repr(key)
    check = KeyStrength.model_validate({"minimum": {"rsa": 3072}})
    assert check.evaluate(key, Context(now=FixedClock().now())).outcome is outcome
    assert f"/keys/k/{2:032x}" in {one.path for one in cloud.server.asked}, "the version in use"


def test_a_key_whose_public_part_is_refused_has_no_known_type(cloud: Azure) -> None:
    cloud.add("keys", "k", {})
    cloud.denied[f"/keys/k/{1:032x}"] = "AccessDenied"
    items = _all(cloud, objects=["keys"])
    (gap,) = _gaps(items)
    assert gap.scope.endswith("(key-type)")
    assert "keys: list, get" in gap.hint
    (key,) = _secrets(items).values()
    assert "Microsoft.KeyVault/vaults/keys/read is missing" in key.unread["key-type"]
    verdict = KeyStrength().evaluate(key, Context(now=FixedClock().now()))
    assert verdict.outcome is Outcome.NOT_EVALUATED
    assert "Microsoft.KeyVault/vaults/keys/read" in verdict.reason


def test_a_key_without_an_enabled_version_is_not_asked_for(cloud: Azure) -> None:
    cloud.add("keys", "k", {"enabled": False})
    (key,) = _secrets(_all(cloud, objects=["keys"])).values()
    assert "key-type" not in key.attributes


def _record(
    cloud: Azure, operation: str, path: str, *, at: str, status: int = 200, **said: Any
) -> dict[str, Any]:
    """As a storage account keeps them; a refused request has no id of an object."""
    claim = {"http://schemas.microsoft.com/identity/claims/objectidentifier": "olga", "appid": "cli"}
    there = {"id": f"{cloud.address}{path}"} if status < 400 else {"requestUri": f"{cloud.address}{path}?x=1"}
    return {
        "time": at,
        "category": "AuditEvent",
        "operationName": operation,
        "resourceId": HOME.upper(),
        "identity": {"claim": claim},
        "properties": {**there, "httpStatusCode": status},
        **said,
    }


def test_exported_logs_tell_who_used_what(cloud: Azure, tmp_path: Path) -> None:
    cloud.add("keys", "k", {})
    cloud.add("certificates", "Web", {})
    records = [
        _record(cloud, "Authentication", "", at="2025-09-01T00:00:00Z", status=401),
        _record(cloud, "SecretGet", "/secrets/db/1", at="2025-09-02T10:00:00.1234567Z"),
        _record(cloud, "SecretGet", "/secrets/db/1", at="2025-09-02T11:00:00Z"),
        _record(cloud, "SecretGet", "/secrets/db", at="2025-09-02T12:00:00Z", status=403, identity={}),
        _record(cloud, "SecretGet", "/secrets/db/9", at="2025-09-02T12:00:00Z", status=404),
        _record(cloud, "SecretList", "/secrets", at="2025-09-02T13:00:00Z"),
        _record(cloud, "KeySign", "/keys/k/1/sign", at="2025-09-03T10:00:00Z"),
        _record(cloud, "SecretGet", "/secrets/web/1", at="2025-09-04T10:00:00Z"),
        _record(cloud, "SecretSet", "/secrets/db", at="2025-09-05T10:00:00Z"),
        _record(cloud, "SecretGet", "/secrets/db", at="2025-09-06T10:00:00Z", category="Other"),
    ]
    (tmp_path / "PT1H.json").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    items = _all(cloud, event_logs=[str(tmp_path / "**/PT1H.json")])
    found = {name.rpartition("/")[2]: secret.access_log for name, secret in _secrets(items).items()}
    used = {
        name: [(event.principal, event.action.value, event.allowed) for event in log.events]
        for name, log in found.items()
        if log
    }
    assert used == {
        "db": [("olga", "read", True), ("unknown", "read", False), ("olga", "write", True)],
        "k": [("olga", "read", True)],
        "Web": [("olga", "read", True)],
    }
    log = found["db"]
    assert log is not None
    assert log.sink == "log files (PT1H.json)"
    assert (log.since, log.until) == (datetime(2025, 9, 1, tzinfo=UTC), datetime(2025, 9, 5, 10, tzinfo=UTC))
    assert log.events[0].at == datetime(2025, 9, 2, 11, tzinfo=UTC), "the last of the day"
    assert _evidence(items)["events"] == "9 of log files (PT1H.json)"
    assert all("access_log" not in secret.unread for secret in _secrets(items).values())


def _row(
    cloud: Azure, operation: str, path: str, *, at: str, status: int = 200, who: str = "olga"
) -> dict[str, Any]:
    return {
        "time": at,
        "operation": operation,
        "id": f"{cloud.address}{path}" if status < 400 else "",
        "uri": f"{cloud.address}{path}?api-version=7.4",
        "status": status,
        "who": who,
    }


SENT = {
    "name": "all",
    "properties": {
        "workspaceId": "/subscriptions/1/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/w",
        "logs": [{"categoryGroup": "audit", "enabled": True}],
    },
}


def test_log_analytics_tells_who_used_what(cloud: Azure) -> None:
    cloud.settings = [SENT]
    cloud.rows = [
        _row(cloud, "SecretGet", "/secrets/db", at="2025-07-01T10:00:00Z", who="before"),
        _row(cloud, "SecretGet", "/secrets/db/1", at="2025-09-02T10:00:00.1234567Z"),
        _row(cloud, "SecretGet", "/secrets/db", at="2025-09-03T10:00:00Z", status=403, who="eve"),
        _row(cloud, "SecretDelete", "/secrets/db", at="2025-09-04T10:00:00Z", who=""),
    ]
    items = _all(cloud, events=True, event_days=60)
    (found,) = _secrets(items).values()
    log, now = found.access_log, FixedClock().now()
    assert log is not None
    assert [(one.principal, one.action, one.allowed) for one in log.events] == [
        ("olga", Action.READ, True),
        ("eve", Action.READ, False),
        ("unknown", Action.ADMIN, True),
    ]
    assert (log.sink, log.since, log.until) == (
        "Log Analytics",
        now - timedelta(days=60),
        now - timedelta(hours=1),
    )
    assert "access_log" not in found.unread
    assert _evidence(items)["events"] == "3 of Log Analytics"


def test_log_analytics_covers_only_what_its_records_show(cloud: Azure) -> None:
    times = [f"2025-09-{day:02}T10:00:00Z" for day in range(1, 31)] * 2
    cloud.rows = [_row(cloud, "SecretGet", "/secrets/db", at=at) for at in times]
    (found,) = _secrets(_all(cloud, events=True)).values()
    assert found.access_log is not None
    assert (found.access_log.since, found.access_log.until) == (
        datetime(2025, 9, 1, 10, tzinfo=UTC),
        datetime(2025, 9, 30, 10, tzinfo=UTC),
    ), "nobody knows whether anything was recorded before, or since"
    cloud.rows.append(_row(cloud, "SecretGet", "/secrets/db", at="2025-01-01T10:00:00Z"))
    (found,) = _secrets(_all(cloud, events=True, max_events=50)).values()
    assert found.access_log is not None
    assert found.access_log.since == datetime(2025, 9, 6, 10, tzinfo=UTC), "what lies before is not covered"
    cloud.rows = []
    (found,) = _secrets(_all(cloud, events=True)).values()
    assert found.access_log is None
    assert found.unread["access_log"] == "Log Analytics has no record of this vault"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"status": 403}, "Microsoft.Insights/logs/AZKVAuditLogs/read is missing"),
        ({"status": 400}, "answers 400"),
        ({"body": b'{"tables": [], "error": {"code": "PartialError"}}'}, "a part of what was asked for"),
        ({"body": b"{}"}, "with no table"),
    ],
)
def test_a_log_that_log_analytics_does_not_give_is_a_gap(
    cloud: Azure, answer: dict[str, Any], words: str
) -> None:
    cloud.server.scripted.append(Scripted(path="/microsoft.insights/logs", **answer))
    items = _all(cloud, events=True)
    (gap,) = _gaps(items)
    assert gap.scope.endswith("(events)")
    assert words in gap.reason
    assert words in next(iter(_secrets(items).values())).unread["access_log"]


def test_the_log_of_a_vault_that_cannot_be_found_is_not_asked_for(cloud: Azure) -> None:
    cloud.denied["/providers/Microsoft.KeyVault/vaults"] = "AuthorizationFailed"
    items = _all(cloud, vaults=[cloud.address], events=True, access=False, audit=False)
    (gap,) = _gaps(items)
    assert gap.scope.endswith("(events)")
    assert "the vault's resource is not known" in gap.reason


def test_logs_of_another_vault_tell_nothing(cloud: Azure, tmp_path: Path) -> None:
    record = _record(cloud, "SecretGet", "/secrets/db", at="2025-09-02T10:00:00Z")
    record["properties"]["id"] = "https://other.vault.azure.net/secrets/db"
    (tmp_path / "a.json").write_text(json.dumps({"records": [record]}), encoding="utf-8")
    (secret,) = _secrets(_all(cloud, event_logs=[str(tmp_path / "a.json")])).values()
    assert secret.access_log is None
    assert secret.unread["access_log"] == "log files (a.json) has no record of this vault"


def test_log_files_that_are_none_are_a_gap(cloud: Azure) -> None:
    items = _all(cloud, event_logs=["nothing.json"])
    (gap,) = _gaps(items)
    assert gap.scope.endswith("(event-logs)")
    assert "no file matches" in next(iter(_secrets(items).values())).unread["access_log"]


def _signing_in(cloud: Azure, monkeypatch: pytest.MonkeyPatch, secret: str) -> AzureKeyVaultCollector:
    """A collector that signs in with azure-identity, as a service principal."""
    said = {"TENANT_ID": TENANT, "CLIENT_ID": "scanner", "CLIENT_SECRET": secret}
    for name, value in said.items():
        monkeypatch.setenv(f"AZURE_{name}", value)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", cloud.server.authorities)
    given = {"management": cloud.address, "ca_cert": cloud.server.authorities, "authority": cloud.address}
    settings = AzureKeyVaultCollector.Config.model_validate(given)
    here = Surroundings(root=Path("/"), environ={}, clock=FixedClock(), sleep=lambda _: None)
    return AzureKeyVaultCollector("azure", settings, here)


def test_azure_identity_gives_the_tokens(cloud: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    collector = _signing_in(cloud, monkeypatch, TOKEN)
    items = [item for scope in collector.scopes() for item in collector.collect(scope)]
    assert len(_secrets(items)) == 1
    assert set(cloud.audiences) == {f"{cloud.address}/.default"}


def test_a_sign_in_that_fails(cloud: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AccessDeniedError, match=r"Azure gives no token: .*AADSTS7000215") as caught:
        _signing_in(cloud, monkeypatch, "wrong-" + "secret").scopes()
    assert "wrong-secret" not in caught.value.message
    assert "az login" in caught.value.hint


def test_a_server_that_is_no_vault_gets_no_token(cloud: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    collector = _signing_in(cloud, monkeypatch, TOKEN)
    elsewhere = cloud.address.replace("127.0.0.1", "localhost")
    with pytest.raises(CollectError, match="is not the name of a key vault"):
        list(collector.collect(elsewhere))


@pytest.mark.parametrize(
    ("url", "audience_of_it"),
    [
        ("https://management.azure.com/subscriptions", "https://management.azure.com"),
        ("https://management.azure.com:443/subscriptions?$skiptoken=a", "https://management.azure.com"),
        ("https://shop.vault.azure.net/secrets", "https://vault.azure.net"),
        ("https://shop.vault.azure.net:443/secrets?$skiptoken=a", "https://vault.azure.net"),
        ("https://shop.vault.azure.cn/secrets", "https://vault.azure.cn"),
        ("https://shop.vault.usgovcloudapi.net/keys", "https://vault.usgovcloudapi.net"),
        ("https://management.azure.com.evil.example/", ""),
        ("https://vault.azure.net.evil.example/", ""),
    ],
)
def test_a_token_is_for_the_server_it_goes_to(url: str, audience_of_it: str) -> None:
    assert audience(url, "https://management.azure.com") == audience_of_it


def test_the_role_of_the_docs_is_the_one_that_is_tested(checkout: Path) -> None:
    assert (checkout / "docs/how-to/azure-role.json").read_text("utf-8") == role_definition()
    role = json.loads(role_definition())
    assert sorted([*role["Actions"], *role["DataActions"]]) == sorted(PERMISSIONS)
    assert not any("*" in right for right in PERMISSIONS)


def test_every_right_is_asked_for_and_no_other(cloud: Azure) -> None:
    cloud.add("keys", "k")
    cloud.add("certificates", "c")
    asked = _evidence(_all(cloud, vaults=[cloud.address], events=True))["requests"]
    # One question takes both rights on logs.
    assert {part.rpartition(":")[0] for part in asked.split(", ")} == set(PERMISSIONS) - {SHARED_LOGS}
