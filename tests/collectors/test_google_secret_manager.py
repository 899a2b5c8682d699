"""The Google Secret Manager collector against a server that is held to Google's own discovery documents."""

import gc
import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from keyproof.checks.access import Access
from keyproof.collectors.google_secret_manager import GoogleSecretManagerCollector
from keyproof.domain.access import AccessGrant, Action, AuditTrail
from keyproof.domain.assessment import Collected, Gap
from keyproof.domain.check import Context
from keyproof.domain.secret import (
    Basis,
    Confidence,
    DatedFact,
    Encryption,
    Rotation,
    SecretMetadata,
    VersionState,
)
from keyproof.domain.verdict import Evidence, Outcome
from keyproof.errors import AccessDeniedError, BackendProtocolError, BackendUnreachableError, CollectError
from keyproof.google.permissions import ACTIVITY, KMS, SECRET_MANAGER, SERVICE_ACCOUNT_KEYS, role_definition
from keyproof.ports import Surroundings
from keyproof.value_operations import cloud_value
from tests.fakes.google import ACCOUNT, Google, google, logged
from tests.fakes.ports import NOW, FixedClock
from tests.fakes.rest_server import Scripted

pytestmark = pytest.mark.server
READER = "roles/secretmanager.secretAccessor"
FIRST = datetime(2025, 9, 1, tzinfo=UTC)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Google]:
    with google(tmp_path) as running:
        running.roles = {READER: ["secretmanager.versions.access", "resourcemanager.projects.get"]}
        running.add(
            "db",
            {"createTime": "2025-08-01T00:00:00Z"},
            {},
            {"createTime": "2025-09-09T00:00:00Z", "state": "DISABLED"},
        )
        yield running
        for one in running.server.asked:
            assert not cloud_value(one.method, one.path), one
            assert one.method == "GET" or one.path.endswith((":getIamPolicy", "/entries:list", "/token"))


def _collector(cloud: Google, **config: Any) -> tuple[GoogleSecretManagerCollector, list[float]]:
    given = {"projects": "acme", "credentials": cloud.credentials(), "address": cloud.address, **config}
    waits: list[float] = []
    here = Surroundings(root=Path("/"), environ={}, clock=FixedClock(), sleep=waits.append)
    settings = GoogleSecretManagerCollector.Config.model_validate(given)
    return GoogleSecretManagerCollector("google", settings, here), waits


def _all(cloud: Google, **config: Any) -> list[Collected]:
    collector, _ = _collector(cloud, **config)
    return [item for scope in collector.scopes() for item in collector.collect(scope)]


def _secrets(items: list[Collected]) -> dict[str, SecretMetadata]:
    return {item.name: item for item in items if isinstance(item, SecretMetadata)}


def _gaps(items: list[Collected]) -> list[Gap]:
    return [item for item in items if isinstance(item, Gap)]


def _evidence(items: list[Collected]) -> dict[str, str]:
    return {item.name: item.value for item in items if isinstance(item, Evidence)}


def _bound(role: str, *members: str, **said: Any) -> dict[str, Any]:
    return {"role": role, "members": list(members), **said}


def test_the_newest_enabled_version_dates_the_value(cloud: Google) -> None:
    items = _all(cloud)
    found = _secrets(items)["acme/db"]
    assert _gaps(items) == []
    assert found.id == "google-secret-manager://acme/secrets/db"
    assert found.value_date == DatedFact(at=FIRST, basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT)
    assert found.versions is not None
    assert [(version.id, version.state) for version in found.versions] == [
        ("3", VersionState.DELETED),
        ("2", VersionState.CURRENT),
        ("1", VersionState.PREVIOUS),
    ]
    assert found.attributes["newest-version-disabled"] is True
    assert set(found.unread) == {"last_accessed_at", "access_log"}
    assert _evidence(items)["identity"] == ACCOUNT


def test_a_secret_without_an_enabled_version_has_no_known_age(cloud: Google) -> None:
    cloud.add("db", {"state": "DESTROYED", "destroyTime": "2025-09-03T00:00:00Z"})
    found = _secrets(_all(cloud))["acme/db"]
    assert [fact.basis for fact in found.facts] == [Basis.RECORD_CREATED]
    assert "no version is enabled" in found.unread["facts"]


def test_what_a_secret_says(cloud: Google) -> None:
    cloud.add(
        "web",
        labels={"env": "production", "team": "shop", "priority": "high"},
        annotations={"ticket": "OPS-1"},
        expireTime="2026-01-01T00:00:00Z",
        topics=[{"name": "projects/acme/topics/rotate"}],
        rotation={"rotationPeriod": "7776000s", "nextRotationTime": "2025-12-01T00:00:00Z"},
        versionAliases={"stable": "1"},
        versionDestroyTtl="86400s",
    )
    found = _secrets(_all(cloud))["acme/web"]
    assert (found.environment, found.owner, found.priority) == ("production", "shop", "high")
    assert found.tags["ticket"] == "OPS-1"
    assert found.expires_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert found.rotation is None, "a schedule sends a message and rotates nothing"
    assert found.attributes["rotation-notice-days"] == 90
    assert found.attributes["next-rotation-notice"] == "2025-12-01T00:00:00+00:00"
    assert found.attributes["version-aliases"] == "stable=1"
    assert found.attributes["version-destroy-delay"] == "86400s"


def test_only_rotation_that_google_does_itself_is_rotation(cloud: Google) -> None:
    status = {"state": "ACTIVE", "error": {"message": "the database is gone"}}
    cloud.add("sql", secretType="CLOUD_SQL_DB_CREDENTIALS", rotation={"managedRotationStatus": status})
    found = _secrets(_all(cloud))["acme/sql"]
    assert found.rotation == Rotation(
        enabled=True, mechanism="managed by Google", problem="the database is gone"
    )
    assert found.type == "CLOUD_SQL_DB_CREDENTIALS"


@pytest.mark.parametrize(
    ("replication", "own", "places"),
    [
        ({"automatic": {}}, False, ()),
        ({"automatic": {"customerManagedEncryption": {"kmsKeyName": "k1"}}}, True, ()),
        (
            {
                "userManaged": {
                    "replicas": [
                        {"location": "europe-west3", "customerManagedEncryption": {"kmsKeyName": "k1"}},
                        {"location": "europe-west1"},
                    ]
                }
            },
            False,
            ("europe-west1", "europe-west3"),
        ),
    ],
)
def test_encryption_and_replicas(cloud: Google, replication: Any, own: bool, places: tuple[str, ...]) -> None:
    cloud.add("db", replication=replication)
    found = _secrets(_all(cloud))["acme/db"]
    key = "k1" if own else "Google's own"
    assert found.encryption == Encryption(encrypted=True, key=key, customer_managed=own)
    assert found.replicas == places


def test_regional_secrets_are_read_too(cloud: Google) -> None:
    cloud.add("db", region="europe-west3", customerManagedEncryption={"kmsKeyName": "k3"})
    cloud.add("other", region="us-east1")
    found = _secrets(_all(cloud, regions=["europe-*"]))
    assert set(found) == {"acme/db", "acme/europe-west3/db"}
    regional = found["acme/europe-west3/db"]
    assert regional.id == "google-secret-manager://acme/locations/europe-west3/secrets/db"
    assert regional.encryption == Encryption(encrypted=True, key="k3", customer_managed=True)
    items = _all(cloud, regions=[])
    assert set(_secrets(items)) == {"acme/db"}
    assert "not read" in _evidence(items)["regional secrets"]


def test_a_region_that_is_denied_is_a_gap(cloud: Google) -> None:
    cloud.add("a", region="europe-west3")
    cloud.denied["/locations/europe-west3"] = []
    items = _all(cloud)
    (gap,) = _gaps(items)
    assert gap.scope == "acme (europe-west3)"
    assert "secretmanager.secrets.list is missing" in gap.reason
    cloud.denied = {"/locations": []}
    (gap,) = _gaps(_all(cloud))
    assert gap.scope == "acme (regional secrets)"


def test_policies_of_the_secret_and_of_everything_above_are_grants(cloud: Google) -> None:
    cloud.parents = {"projects/acme": "folders/7", "folders/7": "organizations/1"}
    cloud.roles["organizations/1/roles/rotator"] = [
        "secretmanager.versions.add",
        "secretmanager.versions.list",
    ]
    cloud.roles["roles/owner"] = ["secretmanager.versions.access", "resourcemanager.projects.setIamPolicy"]
    cloud.roles["roles/compute.viewer"] = ["compute.instances.list"]
    cloud.policies = {
        "db": {
            "bindings": [
                _bound(READER, "serviceAccount:web@acme", "deleted:user:left@acme?uid=1"),
                _bound(READER, "projectOwner:acme", "allAuthenticatedUsers"),
            ]
        },
        "projects/acme": {
            "bindings": [_bound("roles/owner", "user:olga@acme"), _bound("roles/compute.viewer", "user:x")]
        },
        "folders/7": {"bindings": [_bound("organizations/1/roles/rotator", "group:ops@acme")]},
        "organizations/1": {
            "bindings": [
                _bound(READER, "user:eve@acme", condition={"title": "office", "expression": "request.time"})
            ]
        },
    }
    cloud.add("other")
    found = _secrets(_all(cloud))
    assert found["acme/db"].grants == tuple(
        sorted(
            [
                AccessGrant(principal="*", actions=(Action.READ,), via=f"{READER} on the secret"),
                AccessGrant(
                    principal="serviceAccount:web@acme", actions=(Action.READ,), via=f"{READER} on the secret"
                ),
                AccessGrant(
                    principal="user:olga@acme", actions=(Action.READ,), via=f"{READER} on the secret"
                ),
                AccessGrant(
                    principal="user:olga@acme",
                    actions=(Action.ADMIN, Action.READ),
                    via="roles/owner on projects/acme",
                ),
                AccessGrant(
                    principal="group:ops@acme",
                    actions=(Action.LIST, Action.WRITE),
                    via="organizations/1/roles/rotator on folders/7",
                ),
                AccessGrant(
                    principal="user:eve@acme",
                    actions=(Action.READ,),
                    via=f"{READER} on organizations/1",
                    condition="office: request.time",
                ),
            ]
        )
    )
    assert found["acme/other"].grants is not None
    assert {grant.principal for grant in found["acme/other"].grants} == {
        "user:olga@acme",
        "group:ops@acme",
        "user:eve@acme",
    }


def _denied(*principals: str, **said: Any) -> dict[str, Any]:
    permissions = ["secretmanager.googleapis.com/versions.access"]
    return {"deniedPrincipals": list(principals), "deniedPermissions": permissions, **said}


def test_deny_policies_take_grants_away_or_leave_them_on_a_condition(cloud: Google) -> None:
    cloud.parents = {"projects/acme": "folders/7", "folders/7": "organizations/1"}
    cloud.policies["db"] = {
        "bindings": [_bound(READER, "user:left@acme", "user:olga@acme", "user:eve@acme", "group:ops@acme")]
    }
    cloud.denials = {
        "projects/acme": {"gone": [_denied("principal://goog/subject/left@acme")]},
        "folders/7": {
            "guard": [
                _denied("principalSet://goog/group/guests@acme"),
                _denied("principal://goog/subject/eve@acme", denialCondition={"expression": "resource.x"}),
            ]
        },
    }
    items = _all(cloud)
    assert _gaps(items) == []
    grants = {grant.principal: grant for grant in _secrets(items)["acme/db"].grants or ()}
    assert set(grants) == {"user:olga@acme", "user:eve@acme", "group:ops@acme"}
    assert all(grant.actions == (Action.READ,) for grant in grants.values())
    guard = "deny policy guard on folders/7"
    assert grants["user:olga@acme"].condition == (
        f"that {guard} does not apply, of whose groups or exceptions nobody knows whom they name"
    )
    assert f"{guard} does not apply, as it does where resource.x" in grants["user:eve@acme"].condition


def test_a_denial_of_one_permission_leaves_what_others_allow(cloud: Google) -> None:
    cloud.roles["roles/x"] = ["secretmanager.versions.access", "secretmanager.versions.list"]
    cloud.policies["projects/acme"] = {"bindings": [_bound("roles/x", "user:olga@acme")]}
    cloud.denials = {"projects/acme": {"p": [_denied("principalSet://goog/group/guests@acme")]}}
    grants = _secrets(_all(cloud))["acme/db"].grants or ()
    assert [(grant.actions, bool(grant.condition)) for grant in grants] == [
        ((Action.LIST,), False),
        ((Action.READ,), True),
    ]


@pytest.mark.parametrize("right", ["list", "get"])
def test_deny_policies_that_cannot_be_read_leave_every_grant_uncertain(cloud: Google, right: str) -> None:
    cloud.policies["db"] = {"bindings": [_bound(READER, "user:olga@acme")]}
    cloud.denials = {"projects/acme": {"p": []}}
    cloud.denied["/denypolicies" if right == "list" else "/denypolicies/p"] = []
    items = _all(cloud)
    (gap,) = _gaps(items)
    assert gap.scope == "acme (deny policies)"
    assert f"iam.denypolicies.{right} is missing" in gap.reason
    secret = _secrets(items)["acme/db"]
    offending = Access.model_validate({"roles": {"team": "allow"}})
    context = Context(now=FixedClock().now(), roles={"team": ("user:other@acme",)})
    verdict = offending.evaluate(secret, context)
    assert verdict.outcome is Outcome.NOT_EVALUATED
    assert f"iam.denypolicies.{right} is missing" in verdict.reason
    # What is taken away can only make it fewer: whoever is left may reach it anyway.
    context = Context(now=FixedClock().now(), roles={"team": ("user:olga@acme",)})
    assert offending.evaluate(secret, context).outcome is Outcome.PASS


def test_what_cannot_be_read_above_leaves_grants_and_audit_open(cloud: Google) -> None:
    cloud.parents = {"projects/acme": "organizations/1"}
    cloud.denied["POST /v3/organizations"] = []
    items = _all(cloud)
    (gap,) = _gaps(items)
    assert "resourcemanager.organizations.getIamPolicy is missing" in gap.reason
    found = _secrets(items)["acme/db"]
    assert found.grants == ()
    assert found.audit is None
    for name in ("grants", "audit"):
        assert "resourcemanager.organizations.getIamPolicy is missing" in found.unread[name]


def test_without_the_projects_policy_no_grants_are_known(cloud: Google) -> None:
    cloud.denied["projects/acme:getIamPolicy"] = []
    found = _secrets(_all(cloud))["acme/db"]
    assert found.grants is None
    assert "resourcemanager.projects.getIamPolicy is missing" in found.unread["grants"]


def test_a_policy_of_a_secret_that_is_denied_is_one_gap(cloud: Google) -> None:
    cloud.add("other")
    cloud.denied["GET /v1/projects/acme/secrets/"] = []
    items = _all(cloud)
    reasons = {gap.scope: gap.reason for gap in _gaps(items)}
    assert "for 2 secrets, e.g. db" in reasons["acme (grants)"]
    found = _secrets(items)["acme/db"]
    assert found.grants is None
    assert "secretmanager.secrets.getIamPolicy is missing" in found.unread["grants"]
    assert found.versions is None
    assert "secretmanager.versions.list is missing" in found.unread["facts"]


def test_roles_that_cannot_be_read_go_by_what_is_documented_or_stay_open(cloud: Google) -> None:
    cloud.denied["/roles/"] = []
    cloud.policies["db"] = {"bindings": [_bound(READER, "user:a")]}
    items = _all(cloud)
    (grant,) = _secrets(items)["acme/db"].grants or ()
    assert grant.actions == (Action.READ,)
    assert _gaps(items) == []
    cloud.policies["db"] = {"bindings": [_bound("projects/acme/roles/custom", "user:a")]}
    items = _all(cloud)
    assert "projects/acme/roles/custom" in _secrets(items)["acme/db"].unread["grants"]
    (gap,) = _gaps(items)
    assert "iam.roles.get" in gap.hint


@pytest.mark.parametrize(
    ("service", "logs", "covers"),
    [
        ("allServices", [{"logType": "DATA_READ"}], True),
        ("secretmanager.googleapis.com", [{"logType": "DATA_READ", "exemptedMembers": ["user:eve"]}], False),
        ("secretmanager.googleapis.com", [{"logType": "DATA_WRITE"}], None),
        ("storage.googleapis.com", [{"logType": "DATA_READ"}], None),
    ],
)
def test_reads_are_recorded_only_where_that_is_switched_on(
    cloud: Google, service: str, logs: Any, covers: bool | None
) -> None:
    cloud.parents = {"projects/acme": "organizations/1"}
    cloud.policies["organizations/1"] = {"auditConfigs": [{"service": service, "auditLogConfigs": logs}]}
    (trail,) = _secrets(_all(cloud))["acme/db"].audit or ()
    if covers is None:
        assert trail == AuditTrail(sink="Data Access audit log", enabled=False, covers_reads=False)
    else:
        assert (trail.enabled, trail.covers_reads) == (True, covers)
        assert "organizations/1" in trail.sink


def test_who_is_exempted_for_all_services_is_for_this_one(cloud: Google) -> None:
    spared = {"logType": "DATA_READ", "exemptedMembers": ["user:eve"]}
    cloud.policies["projects/acme"] = {
        "auditConfigs": [
            {"service": "allServices", "auditLogConfigs": [spared]},
            {"service": "secretmanager.googleapis.com", "auditLogConfigs": [{"logType": "DATA_READ"}]},
        ]
    }
    trails = _secrets(_all(cloud))["acme/db"].audit or ()
    assert [trail.covers_reads for trail in trails] == [False, False]


RECORDED = {"auditConfigs": [{"service": "allServices", "auditLogConfigs": [{"logType": "DATA_READ"}]}]}
READ = "AccessSecretVersion"


def test_the_audit_logs_tell_who_used_a_secret(cloud: Google) -> None:
    cloud.policies["projects/acme"] = RECORDED
    cloud.add("db", region="europe-west3")
    regional = "locations/europe-west3/secrets/db"
    web = "serviceAccount:web@acme.iam.gserviceaccount.com"
    cloud.entries = [
        logged(READ, "secrets/db/versions/2", at="2025-09-01T10:00:00Z"),
        logged(READ, "secrets/db/versions/latest", at="2025-09-20T10:00:00.5Z", who=web),
        logged(READ, "secrets/db/versions/2", at="2025-09-20T11:00:00Z", who=web),
        logged(READ, "secrets/db/versions/2", at="2025-09-20T12:00:00Z", who="user:eve@x", code=7),
        logged(READ, "secrets/db/versions/9", at="2025-09-20T13:00:00Z", who=web, code=5),
        logged("AddSecretVersion", "secrets/db", at="2025-09-21T10:00:00Z"),
        logged("DestroySecretVersion", f"{regional}/versions/1", at="2025-09-22T10:00:00Z"),
    ]
    items = _all(cloud, events=True, event_days=30)
    found = _secrets(items)
    log = found["acme/db"].access_log
    assert log is not None
    now = FixedClock().now()
    assert (log.sink, log.since) == ("Cloud Audit Logs", now - timedelta(days=30))
    assert log.until == now - timedelta(minutes=15)
    assert [(event.principal, event.action, event.allowed) for event in log.events] == [
        (web, Action.READ, True),
        ("user:eve@x", Action.READ, False),
        ("user:olga@acme", Action.WRITE, True),
    ]
    assert log.events[0].at == datetime(2025, 9, 20, 11, tzinfo=UTC), "the last of the day"
    elsewhere = found["acme/europe-west3/db"].access_log
    assert elsewhere is not None
    assert [event.action for event in elsewhere.events] == [Action.ADMIN]
    assert "access_log" not in found["acme/db"].unread
    assert _evidence(items)["events"] == "6 of Cloud Audit Logs"


def test_a_log_covers_only_the_time_for_which_reads_are_known_to_be_recorded(cloud: Google) -> None:
    cloud.policies["projects/acme"] = RECORDED
    cloud.entries = [
        logged("AddSecretVersion", "secrets/db", at="2025-09-05T10:00:00Z"),
        logged(READ, "secrets/other/versions/2", at="2025-09-20T10:00:00Z"),
    ]
    log = _secrets(_all(cloud, events=True))["acme/db"].access_log
    assert log is not None
    assert log.since == datetime(2025, 9, 20, 10, tzinfo=UTC)
    cloud.entries = cloud.entries[:1]
    found = _secrets(_all(cloud, events=True))["acme/db"]
    assert found.access_log is None
    assert "the logs show no read at all" in found.unread["access_log"]
    assert "logging.privateLogEntries.list" in found.unread["access_log"]


def test_where_not_every_read_is_recorded_nothing_is_covered(cloud: Google) -> None:
    cloud.entries = [logged(READ, "secrets/db/versions/2", at="2025-09-20T10:00:00Z")]
    log = _secrets(_all(cloud, events=True))["acme/db"].access_log
    assert log is not None
    assert log.since == log.until
    assert len(log.events) == 1


def test_where_nobody_knows_whether_reads_are_recorded_still_the_last_read_ends_the_log(
    cloud: Google,
) -> None:
    cloud.policies["projects/acme"] = RECORDED
    cloud.entries = [
        logged(READ, "secrets/db/versions/2", at="2025-09-20T10:00:00Z"),
        logged(READ, "secrets/db/versions/2", at="2025-09-22T10:00:00Z"),
        logged("AddSecretVersion", "secrets/db", at="2025-09-24T10:00:00Z"),
    ]
    log = _secrets(_all(cloud, events=True, access=False, audit=False))["acme/db"].access_log
    assert log is not None
    assert (log.since, log.until) == (
        datetime(2025, 9, 20, 10, tzinfo=UTC),
        datetime(2025, 9, 22, 10, tzinfo=UTC),
    )
    for audit in (True, False):  # the policies tell it also where they are read for the grants alone
        known = _secrets(_all(cloud, events=True, audit=audit))["acme/db"].access_log
        assert known is not None
        assert known.until == NOW - timedelta(minutes=15)


def test_events_are_read_slowly_and_up_to_a_limit(cloud: Google) -> None:
    cloud.policies["projects/acme"] = RECORDED
    cloud.entries = [
        logged(READ, "secrets/db/versions/2", at=f"2025-09-20T{n // 60:02}:{n % 60:02}:00Z")
        for n in range(1, 1201)
    ]
    collector, waits = _collector(cloud, events=True, max_events=1000)
    found = _secrets(list(collector.collect("acme")))["acme/db"]
    assert found.access_log is not None
    assert found.access_log.since == datetime(2025, 9, 20, 3, 21, tzinfo=UTC), (
        "what lies before is not covered"
    )
    assert waits == []
    collector, waits = _collector(cloud, events=True)
    found = _secrets(list(collector.collect("acme")))["acme/db"]
    assert found.access_log is not None
    assert found.access_log.since == datetime(2025, 9, 20, 0, 1, tzinfo=UTC)
    assert waits == [1.0, 1.0]


def test_logs_that_cannot_be_read_are_a_gap(cloud: Google) -> None:
    cloud.denied["/v2/entries:list"] = []
    items = _all(cloud, events=True)
    (gap,) = _gaps(items)
    assert gap.scope == "acme (events)"
    assert "logging.privateLogEntries.list is missing" in gap.reason
    assert "logging.privateLogEntries.list is missing" in _secrets(items)["acme/db"].unread["access_log"]


def test_a_log_whose_pages_never_end(cloud: Google) -> None:
    cloud.server.scripted += [Scripted(path="entries:list", body=b'{"nextPageToken": "again"}')] * 3
    with pytest.raises(BackendProtocolError, match="the same page again and again"):
        _all(cloud, events=True)
    cloud.server.scripted = [Scripted(path="entries:list", body=b'{"entries": 3}')]
    with pytest.raises(BackendProtocolError, match="unknown shape"):
        _all(cloud, events=True)


def test_the_same_is_read_from_exported_files(cloud: Google, tmp_path: Path) -> None:
    cloud.policies["projects/acme"] = RECORDED
    entries = [
        logged(READ, "secrets/db/versions/2", at="2025-09-20T10:00:00Z"),
        logged("UpdateSecret", "secrets/db", at="2025-09-21T10:00:00Z"),
    ]
    other = {**entries[0], "logName": entries[0]["logName"].replace("acme", "b")}
    text = "\n".join(json.dumps(entry) for entry in [*entries, other, {"textPayload": "x"}])
    (tmp_path / "S0.json").write_text(text, encoding="utf-8")
    found = _secrets(_all(cloud, event_logs=[str(tmp_path / "S*.json")]))["acme/db"]
    assert found.access_log is not None
    assert found.access_log.sink == "log files (S0.json)"
    assert (found.access_log.since, found.access_log.until) == (
        datetime(2025, 9, 20, 10, tzinfo=UTC),
        datetime(2025, 9, 21, 10, tzinfo=UTC),
    )
    assert [event.action for event in found.access_log.events] == [Action.READ, Action.WRITE]
    assert not [one for one in cloud.server.asked if "entries:list" in one.path]
    items = _all(cloud, event_logs=["nothing*.json"])
    (gap,) = _gaps(items)
    assert gap.scope == "acme (event-logs)"
    assert "no file matches" in _secrets(items)["acme/db"].unread["access_log"]


def test_what_is_switched_off_is_not_asked_for(cloud: Google) -> None:
    found = _secrets(_all(cloud, access=False, audit=False, regions=[]))["acme/db"]
    assert (found.grants, found.audit) == (None, None)
    assert found.unread["grants"] == "not read: access is false in keyproof.yaml"
    paths = {one.path for one in cloud.server.asked}
    assert paths == {"/token", "/v1/projects/acme/secrets", "/v1/projects/acme/secrets/db/versions"}


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ([], r"secretmanager\.secrets\.list is missing"),
        (
            [{"@type": "x/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED"}],
            "the interface is switched off",
        ),
        (
            [{"@type": "x/google.rpc.PreconditionFailure", "violations": [{"type": "VPC_SERVICE_CONTROLS"}]}],
            "a service perimeter lets nobody in",
        ),
    ],
)
def test_the_three_kinds_of_denial_are_told_apart(cloud: Google, details: Any, words: str) -> None:
    cloud.denied["GET /v1/projects/acme/secrets"] = details
    with pytest.raises(AccessDeniedError, match=words) as caught:
        _all(cloud)
    assert caught.value.hint


def test_a_project_that_is_not_there(cloud: Google) -> None:
    with pytest.raises(AccessDeniedError, match="it is not there, or"):
        _all(cloud, projects=["nowhere"], access=False, audit=False)


def test_a_token_that_ends_in_the_middle_is_renewed(cloud: Google) -> None:
    for number in range(300):
        cloud.add(f"s{number:03}")
    collector, _ = _collector(cloud)
    items = collector.collect("acme")
    first = list(itertools.islice((one for one in items if isinstance(one, SecretMetadata)), 20))
    cloud.forgotten = cloud.tokens
    assert len(first) + sum(isinstance(one, SecretMetadata) for one in items) == 301


def test_credentials_that_are_refused(cloud: Google) -> None:
    cloud.server.scripted += [Scripted(path="/secrets?", status=401)] * 2
    with pytest.raises(AccessDeniedError, match="does not accept the credentials"):
        _all(cloud)
    gone = json.dumps({"error": "invalid_grant", "error_description": "account not found"}).encode()
    cloud.server.scripted += [Scripted(path="/token", status=400, body=gone)] * 2
    with pytest.raises(AccessDeniedError, match="Google gives no token: invalid_grant"):
        _all(cloud)


def test_credentials_that_are_none(cloud: Google) -> None:
    with pytest.raises(AccessDeniedError, match="cannot be read: No such file"):
        _all(cloud, credentials="nowhere.json")
    (cloud.folder / "odd.json").write_text(
        '{"type": "service_account", "private_key": "odd"}', encoding="utf-8"
    )
    with pytest.raises(AccessDeniedError, match="no usable credentials") as caught:
        _all(cloud, credentials=str(cloud.folder / "odd.json"))
    assert "odd" not in caught.value.message


def test_the_default_credentials_are_used_where_none_are_named(
    cloud: Google, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "billing")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", cloud.credentials())
    here = Surroundings(root=Path("/"), environ={}, clock=FixedClock(), sleep=lambda _: None)
    settings = GoogleSecretManagerCollector.Config.model_validate(
        {"projects": "acme", "address": cloud.address}
    )
    collector = GoogleSecretManagerCollector("google", settings, here)
    items = list(collector.collect("acme"))
    assert set(_secrets(items)) == {"acme/db"}
    assert {one.headers.get("x-goog-user-project") for one in cloud.server.asked[1:]} == {"billing"}


def test_a_server_for_tokens_that_is_not_there(cloud: Google) -> None:
    path = Path(cloud.credentials())
    said = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**said, "token_uri": "http://127.0.0.1:9/token"}), encoding="utf-8")
    given = {"projects": "acme", "address": cloud.address, "credentials": str(path)}
    here = Surroundings(root=Path("/"), environ={}, clock=FixedClock(), sleep=lambda _: None)
    settings = GoogleSecretManagerCollector.Config.model_validate(given)
    with pytest.raises(BackendUnreachableError, match="server for tokens cannot be reached"):
        list(GoogleSecretManagerCollector("google", settings, here).collect("acme"))


def test_a_quota_that_is_used_up_is_waited_for(cloud: Google) -> None:
    busy = Scripted(path="/secrets?", status=429, headers={"Retry-After": "7"})
    cloud.server.scripted += [busy, busy]
    collector, waits = _collector(cloud)
    assert list(collector.collect("acme"))
    assert waits == [7.0, 7.0]
    cloud.server.scripted += [busy] * 9
    with pytest.raises(BackendUnreachableError, match="stays busy: 429"):
        _all(cloud)


@pytest.mark.parametrize(
    ("scripted", "error", "words"),
    [
        ({"status": 400}, BackendProtocolError, "answers 400"),
        ({"body": b"<html>"}, BackendProtocolError, "no JSON object"),
        ({"body": b"[]"}, BackendProtocolError, "no JSON object"),
        ({"body": b'{"secrets": []}', "cut": 5}, BackendUnreachableError, "breaks off"),
        ({"body": b'{"secrets": {}}'}, BackendProtocolError, "unknown shape"),
        ({"silent": True}, BackendUnreachableError, "does not answer in time"),
    ],
)
def test_odd_answers_are_errors(
    cloud: Google, scripted: dict[str, Any], error: type[CollectError], words: str
) -> None:
    cloud.server.scripted.append(Scripted(path="/secrets?", **scripted))
    with pytest.raises(error, match=words):
        _all(cloud, timeout=0.5)


def test_a_listing_that_goes_round_in_a_circle_ends(cloud: Google) -> None:
    cloud.server.scripted += [Scripted(path="/secrets?", body=b'{"nextPageToken": "again"}')] * 3
    with pytest.raises(BackendProtocolError, match="the same page again and again"):
        _all(cloud)


def test_what_was_read_before_google_went_away_is_kept(cloud: Google) -> None:
    for number in range(300):
        cloud.add(f"s{number:03}")
    cloud.server.scripted.append(Scripted(path="pageToken=", body=b'{"a": 1}', cut=2))
    collector, _ = _collector(cloud)
    items = collector.collect("acme")
    kept = list(itertools.islice((one for one in items if isinstance(one, SecretMetadata)), 250))
    assert len(kept) == 250
    with pytest.raises(BackendUnreachableError, match="breaks off"):
        list(items)


def test_what_was_deleted_between_two_requests_is_counted(cloud: Google) -> None:
    cloud.server.scripted.append(Scripted(path="/versions", status=404))
    items = _all(cloud)
    assert _secrets(items) == {}
    assert _evidence(items)["deleted while they were read"] == "1"


def test_globs_choose(cloud: Google) -> None:
    cloud.add("web")
    items = _all(cloud, include=["acme/w*", "acme/d*"], exclude=["*/d?"])
    assert set(_secrets(items)) == {"acme/web"}
    assert _evidence(items)["left out by include and exclude"] == "1"


@pytest.mark.many
def test_ten_thousand_secrets_come_in_bounded_memory(cloud: Google) -> None:
    for number in range(9_999):
        cloud.add(f"n{number:05}")
    cloud.server.log = False
    collector, _ = _collector(cloud, access=False)
    others = sum(type(one) is SecretMetadata for one in gc.get_objects())  # of tests before
    seen, most = 0, 0
    for item in collector.collect("acme"):
        seen += isinstance(item, SecretMetadata)
        if seen % 2_500 == 0:
            most = max(most, sum(type(one) is SecretMetadata for one in gc.get_objects()) - others)
    assert seen == 10_000
    assert most <= 50


def test_the_role_of_the_docs_is_the_one_that_is_tested(checkout: Path) -> None:
    assert (checkout / "docs/how-to/google-role.yaml").read_text("utf-8") == role_definition()
    role = yaml.safe_load(role_definition())
    assert set(role["includedPermissions"]) == {*SECRET_MANAGER, *KMS, *SERVICE_ACCOUNT_KEYS}


def test_every_right_is_asked_for_and_no_other(cloud: Google) -> None:
    cloud.parents = {"projects/acme": "folders/7", "folders/7": "organizations/1"}
    cloud.policies["db"] = {"bindings": [_bound(READER, "user:a")]}
    cloud.denials = {"organizations/1": {"guard": []}}
    asked = _evidence(_all(cloud, events=True))["requests"]
    # One question takes both rights on logs.
    assert {part.rpartition(":")[0] for part in asked.split(", ")} == set(SECRET_MANAGER) - {ACTIVITY}
