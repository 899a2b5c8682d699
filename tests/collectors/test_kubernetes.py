"""The Kubernetes collector: the same tests against a fake in this process and a real kube-apiserver."""

import itertools
import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from keyproof.collectors.kubernetes import KubernetesCollector
from keyproof.domain.access import AccessGrant, Action
from keyproof.domain.assessment import Collected, Gap
from keyproof.domain.secret import Basis, Confidence, Encryption, SecretMetadata, SubjectKind
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendProtocolError, BackendUnreachableError, CollectError
from keyproof.kubernetes.permissions import PERMISSIONS, manifests
from keyproof.ports import Surroundings
from tests.fakes.kube_api import KubeApi, kube_api
from tests.fakes.kube_server import SKIP_REASON, KubeServer, find_build, kube_server
from tests.fakes.rest_server import Scripted

CANARY = "canary-" + "value-nobody-may-read"
STRANGER = "stranger-" + "token-of-the-tests"
MANY = 1203
Server = KubeApi | KubeServer
_RBAC = "/apis/rbac.authorization.k8s.io/v1"


class RealClock:
    """The time of this machine: the server's own dates are compared with it."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture(
    scope="module",
    params=["fake", pytest.param("real", marks=[pytest.mark.server, pytest.mark.kubernetes])],
)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("cluster")
    tokens = {STRANGER: "stranger,strangers"}
    if request.param == "fake":
        with kube_api(folder, tokens=tokens) as api:
            api.metrics = 'apiserver_storage_transformation_operations_total{status="OK",transformation_type="to_storage",transformer_prefix="k8s:enc:secretbox:v1:"} 1\n'
            _fill(api)
            yield api
        return
    build = find_build()
    if build is None:
        pytest.skip(SKIP_REASON)
    with kube_server(build, folder, tokens=tokens) as running:
        _fill(running)
        yield running


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[KubeApi]:
    """A fake of the test's own, to be broken."""
    with kube_api(tmp_path, tokens={STRANGER: "stranger,strangers"}) as api:
        _fill(api, many=0)
        yield api


def _fill(server: Server, *, many: int = MANY) -> None:
    for name in ("shop", "bare", "many", "keyproof"):
        server.make("/api/v1/namespaces", {"metadata": {"name": name, "labels": {"team": f"team-{name}"}}})
    _fill_secrets(server, many)
    for account, home in (("keyproof", "keyproof"), ("ci", "shop"), ("web", "shop")):
        server.make(f"/api/v1/namespaces/{home}/serviceaccounts", {"metadata": {"name": account}})
    _apply(server, manifests("keyproof"))
    _fill_access(server)
    _fill_controllers(server)


def _fill_secrets(server: Server, many: int) -> None:
    words = {"environment": "production", "example.com/owner": "data", "priority": "High"}
    copy = json.dumps({"kind": "Secret", "data": {"p": CANARY}})
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": copy, "example.com/ticket": "OPS-1"}
    pair = {"tls.crt": "", "tls.key": CANARY}
    sealing = {"sealedsecrets.bitnami.com/sealed-secrets-key": "active"}
    server.make(
        "/api/v1/namespaces/shop/secrets",
        {"metadata": {"name": "db", "labels": words}, "stringData": {"user": "app", "password": CANARY}},
        {"metadata": {"name": "applied", "annotations": annotations}, "stringData": {"p": CANARY}},
        {"metadata": {"name": "empty.one"}},
        {"metadata": {"name": "web-tls"}, "type": "kubernetes.io/tls", "stringData": pair},
        {"metadata": {"name": "from-store"}, "stringData": {"p": CANARY}},
        {"metadata": {"name": "stuck"}, "stringData": {"p": CANARY}},
        {"metadata": {"name": "mirrored"}, "stringData": {"p": CANARY}},
        {"metadata": {"name": "sealed"}, "stringData": {"p": CANARY}},
        {"metadata": {"name": "sealing", "labels": sealing}, "type": "kubernetes.io/tls", "stringData": pair},
        {"metadata": {"name": "changed"}, "stringData": {"p": CANARY}},
    )
    for number in range(many):
        server.make(
            "/api/v1/namespaces/many/secrets",
            {"metadata": {"name": f"secret-{number:04}"}, "stringData": {"p": CANARY}},
        )


def _fill_access(server: Server) -> None:
    read = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["db"]}
    aggregated = {"clusterRoleSelectors": [{"matchLabels": {"aggregate": "yes"}}]}
    server.make(
        f"{_RBAC}/clusterroles",
        {"metadata": {"name": "watcher"}, "rules": [_rule("secrets", "watch")]},
        {"metadata": {"name": "part", "labels": {"aggregate": "yes"}}, "rules": [_rule("secrets", "update")]},
        {"metadata": {"name": "whole"}, "rules": [], "aggregationRule": aggregated},
        {"metadata": {"name": "starter"}, "rules": [_rule("pods", "create")]},
    )
    server.make(
        f"{_RBAC}/namespaces/shop/roles",
        {"metadata": {"name": "read-db"}, "rules": [read]},
        {"metadata": {"name": "all"}, "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]},
    )
    server.make(
        f"{_RBAC}/namespaces/shop/rolebindings",
        _binding("alice", "Role", "read-db", {"kind": "User", "name": "alice"}),
        _binding("ci", "Role", "all", {"kind": "ServiceAccount", "name": "ci", "namespace": "shop"}),
        _binding("ops", "ClusterRole", "whole", {"kind": "Group", "name": "ops"}),
        _binding("starter", "ClusterRole", "starter", {"kind": "User", "name": "stan"}),
    )
    members = {"kind": "Group", "name": "system:serviceaccounts:shop"}
    anyone = {"kind": "Group", "name": "system:authenticated"}
    server.make(f"{_RBAC}/clusterrolebindings", _binding("watchers", "ClusterRole", "watcher", members))
    server.make(f"{_RBAC}/namespaces/bare/rolebindings", _binding("open", "ClusterRole", "watcher", anyone))


def _rule(resource: str, verb: str) -> dict[str, Any]:
    return {"apiGroups": [""], "resources": [resource], "verbs": [verb]}


def _binding(name: str, kind: str, role: str, subject: dict[str, str]) -> dict[str, Any]:
    group = "rbac.authorization.k8s.io"
    subject = subject if subject["kind"] == "ServiceAccount" else {**subject, "apiGroup": group}
    role_ref = {"apiGroup": group, "kind": kind, "name": role}
    return {"metadata": {"name": name}, "roleRef": role_ref, "subjects": [subject]}


def _fill_controllers(server: Server) -> None:
    for group, version, plural, kind, scope in (
        ("external-secrets.io", "v1", "externalsecrets", "ExternalSecret", "Namespaced"),
        ("external-secrets.io", "v1", "secretstores", "SecretStore", "Namespaced"),
        ("external-secrets.io", "v1", "clustersecretstores", "ClusterSecretStore", "Cluster"),
        ("external-secrets.io", "v1alpha1", "pushsecrets", "PushSecret", "Namespaced"),
        ("bitnami.com", "v1alpha1", "sealedsecrets", "SealedSecret", "Namespaced"),
        ("cert-manager.io", "v1", "certificates", "Certificate", "Namespaced"),
        (_CSI, "v1", "secretproviderclasses", "SecretProviderClass", "Namespaced"),
        (_CSI, "v1", "secretproviderclasspodstatuses", "SecretProviderClassPodStatus", "Namespaced"),
    ):
        schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
        names = {"plural": plural, "kind": kind, "singular": kind.lower(), "listKind": f"{kind}List"}
        spec = {
            "group": group,
            "scope": scope,
            "names": names,
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "schema": schema,
                    "additionalPrinterColumns": [
                        {"name": "Status", "type": "string", "jsonPath": f"{_CONDITION}.reason"},
                        {"name": "Ready", "type": "string", "jsonPath": f"{_CONDITION}.status"},
                    ],
                }
            ],
        }
        # Groups that end in k8s.io are kept for approved definitions.
        annotations = {"api-approved.kubernetes.io": "unapproved, for tests"} if group == _CSI else {}
        server.make(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            {"metadata": {"name": f"{plural}.{group}", "annotations": annotations}, "spec": spec},
        )
        within = "namespaces/shop/" if scope == "Namespaced" else ""
        path = f"/apis/{group}/{version}/{within}{plural}"
        for body in _CUSTOM[kind]:
            server.make(path, {"apiVersion": f"{group}/{version}", "kind": kind, **body})


_CONDITION = '.status.conditions[?(@.type=="Ready")]'
_CSI = "secrets-store.csi.x-k8s.io"
_READY = {"conditions": [{"type": "Ready", "status": "True"}]}
_CUSTOM: dict[str, list[dict[str, Any]]] = {
    "ExternalSecret": [
        {
            "metadata": {"name": "from-store"},
            "spec": {
                "refreshInterval": "876000h0m0s",
                "secretStoreRef": {"kind": "ClusterSecretStore", "name": "aws"},
                "data": [{"secretKey": "p", "remoteRef": {"key": "prod/db", "version": "3"}}],
            },
            "status": {"refreshTime": "2025-10-01T10:00:00Z", **_READY},
        },
        {
            "metadata": {"name": "stuck"},
            "spec": {
                "secretStoreRef": {"name": "vault"},
                "data": [{"secretKey": "p", "remoteRef": {"key": "prod/db"}}],
            },
            "status": {
                "refreshTime": "2025-10-01T10:00:00Z",
                "conditions": [
                    {"type": "Ready", "status": "False", "reason": "SecretSyncedError", "message": CANARY}
                ],
            },
        },
    ],
    "SecretStore": [
        {
            "metadata": {"name": "vault"},
            "spec": {"provider": {"vault": {"server": "https://vault.example"}}},
            "status": {
                "conditions": [{"type": "Ready", "status": "False", "reason": "InvalidProviderConfig"}]
            },
        }
    ],
    "ClusterSecretStore": [
        {
            "metadata": {"name": "aws"},
            "spec": {"provider": {"fake": {"data": [{"key": "a", "value": CANARY}]}}},
            "status": _READY,
        }
    ],
    "PushSecret": [
        {
            "metadata": {"name": "out"},
            "spec": {
                "secretStoreRefs": [{"kind": "ClusterSecretStore", "name": "aws"}],
                "selector": {"secret": {"name": "db"}},
                "data": [{"match": {"secretKey": "p", "remoteRef": {"remoteKey": "copies/db"}}}],
            },
            "status": {"conditions": [{"type": "Ready", "status": "False", "reason": "Errored"}]},
        }
    ],
    "SecretProviderClass": [
        {
            "metadata": {"name": "azure"},
            "spec": {
                "provider": "azure",
                "parameters": {"keyvaultName": "prod"},
                "secretObjects": [{"secretName": "mirrored", "type": "Opaque"}],
            },
        }
    ],
    "SecretProviderClassPodStatus": [
        {
            "metadata": {"name": "web-shop-azure"},
            "status": {
                "podName": "web",
                "secretProviderClassName": "azure",
                "mounted": True,
                "objects": [{"id": "secret/db", "version": "7cc095105411491b84fe1b92ebbcf01a"}],
            },
        }
    ],
    "SealedSecret": [
        {
            "metadata": {
                "name": "sealed",
                "annotations": {"sealedsecrets.bitnami.com/namespace-wide": "true"},
            },
            "spec": {"encryptedData": {"p": "AgBy"}},
            "status": {"conditions": [{"type": "Synced", "status": "False"}]},
        }
    ],
    "Certificate": [
        {
            "metadata": {"name": "web"},
            "spec": {
                "secretName": "web-tls",
                "duration": "2160h0m0s",
                "issuerRef": {"kind": "ClusterIssuer", "name": "letsencrypt"},
                "privateKey": {"rotationPolicy": "Always"},
            },
            "status": {
                "notBefore": "2025-09-01T00:00:00Z",
                "notAfter": "2025-11-30T00:00:00Z",
                "renewalTime": "2025-10-31T00:00:00Z",
                **_READY,
            },
        }
    ],
}


def _apply(server: Server, text: str) -> None:
    """As `kubectl apply -f` would."""
    for body in yaml.safe_load_all(text):
        space = body["metadata"].get("namespace")
        plural = f"{body['kind'].lower()}s"
        server.make(f"{_RBAC}/namespaces/{space}/{plural}" if space else f"{_RBAC}/{plural}", body)


def _token(server: Server, account: str = "keyproof", home: str = "keyproof") -> str:
    request = {"spec": {"expirationSeconds": 3600}, "kind": "TokenRequest"}
    request["apiVersion"] = "authentication.k8s.io/v1"
    made = server.call("POST", f"/api/v1/namespaces/{home}/serviceaccounts/{account}/token", request)
    return str(made["status"]["token"])


def _collector(server: Server, *, token: str = "", **config: Any) -> KubernetesCollector:
    path = server.kubeconfig(token or _token(server), f"kubeconfig-{abs(hash(token))}")
    settings = KubernetesCollector.Config.model_validate({"kubeconfig": str(path), **config})
    here = Surroundings(root=server.folder, environ={}, clock=RealClock(), sleep=lambda _: time.sleep(0.001))
    return KubernetesCollector("k8s", settings, here)


def _secrets(items: list[Collected]) -> dict[str, SecretMetadata]:
    return {item.name: item for item in items if isinstance(item, SecretMetadata)}


def _gaps(items: list[Collected]) -> list[Gap]:
    return [item for item in items if isinstance(item, Gap)]


def _evidence(items: list[Collected]) -> dict[str, str]:
    return {item.name: item.value for item in items if isinstance(item, Evidence)}


def _shop(server: Server, **config: Any) -> dict[str, SecretMetadata]:
    return _secrets(list(_collector(server, **config).collect("shop")))


def test_every_namespace_is_a_scope_and_one_more_tells_of_the_cluster(server: Server) -> None:
    scopes = _collector(server).scopes()
    assert scopes[0] == "cluster/"
    assert {"bare", "default", "kube-system", "many", "shop"} <= set(scopes)
    assert _collector(server, namespaces=["shop", "bare", "shop"]).scopes() == ["cluster/", "shop", "bare"]


def test_reads_everything_with_exactly_the_rights_it_names(server: Server) -> None:
    collector = _collector(server)
    items = [item for scope in collector.scopes() for item in collector.collect(scope)]
    assert _gaps(items) == []
    assert {f"many/secret-{number:04}" for number in range(MANY)} <= set(_secrets(items))
    unread = {"last_accessed_at", "access_log", "audit", "encryption", "facts"}
    assert _secrets(items)["shop/db"].unread.keys() == unread
    assert "system:serviceaccount:keyproof:keyproof" in _evidence(items)["identity"]


def test_what_is_said_about_a_secret(server: Server) -> None:
    before = datetime.now(UTC) - timedelta(hours=1)
    found = _shop(server, cluster="prod")["shop/db"]
    assert found.id == "kubernetes://prod/shop/db"
    assert (found.type, found.kind, found.scope) == ("Opaque", SubjectKind.SECRET, "shop")
    assert (found.owner, found.environment, found.priority) == ("data", "production", "high")
    assert found.created_at is not None
    assert found.created_at > before
    assert found.attributes["data-keys"] == 2
    assert found.attributes["key-names"] == "password, user"
    assert found.attributes["address"] == server.address


def test_an_old_server_does_not_tell_when_a_value_changed(server: Server) -> None:
    before = _shop(server)["shop/changed"].facts
    time.sleep(1.1)  # the server counts whole seconds
    server.call("PATCH", "/api/v1/namespaces/shop/secrets/changed", {"stringData": {"p": CANARY + "2"}})
    found = _shop(server)["shop/changed"]
    assert found.facts == before
    assert [fact.basis for fact in found.facts] == [Basis.RECORD_CREATED]
    assert "servers before 1.25 do not note when a value changes" in found.unread["facts"]


def test_the_copy_in_an_annotation_is_dropped_and_told(server: Server) -> None:
    items = list(_collector(server, annotations=["*"]).collect("shop"))
    found = _secrets(items)["shop/applied"]
    assert found.attributes["values-in-annotation"] == "kubectl.kubernetes.io/last-applied-configuration"
    assert found.tags == {"example.com/ticket": "OPS-1"}
    assert _evidence(items)["values in annotations"].startswith(
        "1 Secrets have their values in an annotation"
    )
    assert CANARY not in repr(items)


def test_kinds_and_labels_tell_what_a_secret_is_for(server: Server) -> None:
    found = _shop(server)
    assert found["shop/web-tls"].kind is SubjectKind.CERTIFICATE
    assert found["shop/sealing"].kind is SubjectKind.KEY
    assert found["shop/empty.one"].attributes["empty"] is True
    assert found["shop/empty.one"].owner == "team-shop"  # by the label of its namespace


def test_pages_are_read_to_the_end_though_the_server_forgets_where_it_stood(server: Server) -> None:
    found: list[str] = []
    for item in _collector(server, access=False).collect("many"):
        if isinstance(item, SecretMetadata):
            found.append(item.name)
            if len(found) == 10:
                server.make("/api/v1/namespaces/bare/secrets", {"metadata": {"name": f"x{time.time_ns()}"}})
                server.forget_history()
    assert found == [f"many/secret-{number:04}" for number in range(MANY)]


def test_who_may_read_a_secret(server: Server) -> None:
    grants = _shop(server)["shop/db"].grants
    assert grants is not None
    by = {(grant.principal, grant.via): grant.actions for grant in grants}
    everything = tuple(sorted(Action))
    assert by["alice", "RoleBinding shop/alice → Role read-db"] == (Action.READ,)
    assert by["system:serviceaccount:shop:ci", "RoleBinding shop/ci → Role all"] == everything
    assert by["group:ops", "RoleBinding shop/ops → ClusterRole whole"] == (Action.WRITE,)
    watching = "ClusterRoleBinding watchers → ClusterRole watcher"
    assert by["group:system:serviceaccounts:shop", watching] == (Action.LIST, Action.READ)
    assert by["system:serviceaccount:shop:web", watching] == (Action.LIST, Action.READ)
    assert by["group:system:masters", "built into the API server"] == everything
    assert by[
        "system:serviceaccount:keyproof:keyproof", "ClusterRoleBinding keyproof → ClusterRole keyproof"
    ] == (Action.LIST, Action.READ)
    assert "stan" not in {grant.principal for grant in grants}


def test_a_right_on_one_name_is_none_on_another(server: Server) -> None:
    grants = _shop(server)["shop/applied"].grants
    assert grants is not None
    assert "alice" not in {grant.principal for grant in grants}


def test_a_group_of_everybody_is_anyone(server: Server) -> None:
    server.make("/api/v1/namespaces/bare/secrets", {"metadata": {"name": "open"}})
    found = _secrets(list(_collector(server).collect("bare")))["bare/open"]
    assert found.grants is not None
    assert "*" in {grant.principal for grant in found.grants}
    assert "system:serviceaccount:shop:ci" not in {
        grant.principal for grant in found.grants if "Role all" in grant.via
    }


def test_ways_in_two_steps_count_when_asked(server: Server) -> None:
    grants = _shop(server, indirect_access=True)["shop/db"].grants
    assert grants is not None
    assert (
        AccessGrant(
            principal="stan",
            actions=(Action.READ,),
            via="RoleBinding shop/starter → ClusterRole starter (may start pods that mount it)",
        )
        in grants
    )


def test_an_external_secret_is_no_rotation(server: Server) -> None:
    found = _shop(server)["shop/from-store"]
    assert found.rotation is None
    assert found.attributes["store"] == "ClusterSecretStore/aws"
    assert found.attributes["remote-keys"] == "prod/db"
    assert found.attributes["pinned-version"] == "3"
    assert found.attributes["follows-rotation"] is False
    assert found.attributes["synced"] is True


def test_a_copy_that_is_no_longer_refreshed_says_why(server: Server) -> None:
    items = list(_collector(server).collect("shop"))
    found = _secrets(items)["shop/stuck"].attributes
    assert (found["synced"], found["store"]) == (False, "SecretStore/vault")
    assert found["sync-problem"] == (
        "ExternalSecret stuck: Ready is False, SecretSyncedError; "
        "SecretStore/vault: Ready is False, InvalidProviderConfig"
    )
    assert "sync-problem" not in _secrets(items)["shop/from-store"].attributes
    assert CANARY not in repr(items)


def test_what_is_pushed_to_another_store_says_where(server: Server) -> None:
    """PushSecrets are served in another version than the group prefers."""
    found = _shop(server)
    assert found["shop/db"].attributes["pushed-to"] == "ClusterSecretStore/aws: copies/db"
    assert found["shop/db"].attributes["push-problem"] == "PushSecret out: Ready is False, Errored"
    assert "pushed-to" not in found["shop/applied"].attributes


def test_what_pods_mount_from_other_stores_is_told(server: Server) -> None:
    items = list(_collector(server).collect("shop"))
    version = "7cc095105411491b84fe1b92ebbcf01a"
    assert _evidence(items)["mounted"] == f"SecretProviderClass/azure (azure): secret/db {version}; by web"
    found = _secrets(items)["shop/mirrored"].attributes
    assert (found["mounted-by"], found["store-objects"]) == ("web", f"secret/db {version}")
    assert (found["synced"], found["store"]) == (True, "SecretProviderClass/azure (azure)")


def test_a_sealed_secret_tells_its_scope(server: Server) -> None:
    found = _shop(server)["shop/sealed"]
    assert (found.attributes["sealing-scope"], found.attributes["synced"]) == ("namespace-wide", False)


def test_cert_manager_tells_when_a_certificate_ends(server: Server) -> None:
    found = _shop(server)["shop/web-tls"]
    assert found.expires_at == datetime(2025, 11, 30, tzinfo=UTC)
    assert found.rotation is not None
    assert found.rotation.next_at == datetime(2025, 10, 31, tzinfo=UTC)
    assert found.rotation.mechanism == "cert-manager, ClusterIssuer/letsencrypt"
    best = found.value_date
    assert best is not None
    assert (best.at, best.confidence) == (datetime(2025, 9, 1, tzinfo=UTC), Confidence.EXACT)


def test_metrics_alone_do_not_tell_what_is_encrypted(server: Server) -> None:
    found = _shop(server)["shop/db"]
    assert found.encryption is None
    assert "encrypts objects with secretbox" in found.unread["encryption"]


def test_the_encryption_configuration_tells(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "encryption.yaml"
    keys = {"keys": [{"name": "key1", "secret": CANARY}]}
    path.write_text(
        yaml.safe_dump(
            {
                "kind": "EncryptionConfiguration",
                "resources": [{"resources": ["secrets"], "providers": [{"secretbox": keys}]}],
            }
        ),
        encoding="utf-8",
    )
    items = list(_collector(server, encryption_configuration=str(path)).collect("shop"))
    found = _secrets(items)["shop/db"]
    assert found.encryption == Encryption(encrypted=True, key="secretbox", customer_managed=True)
    assert CANARY not in repr(items)


@pytest.mark.parametrize(
    ("right", "unread"),
    [
        ("list roles.rbac.authorization.k8s.io", "grants"),
        ("list clusterroles.rbac.authorization.k8s.io", "grants"),
        ("list serviceaccounts", "grants"),
        ("list pods in kube-system", "audit"),
        ("get /metrics", "encryption"),
        ("list certificates.cert-manager.io", "expires_at"),
    ],
)
def test_a_missing_right_is_a_gap_that_names_it(server: Server, right: str, unread: str) -> None:
    items = _without(server, right)
    assert len(_secrets(items)) >= 8
    (gap,) = _gaps(items)
    assert f"the right to {right} is missing" in gap.reason
    assert unread in _secrets(items)["shop/db"].unread


@pytest.mark.parametrize(
    ("right", "scope"),
    [
        ("list secretstores.external-secrets.io", "shop (secretstores)"),
        ("list clustersecretstores.external-secrets.io", "cluster/ (clustersecretstores)"),
        ("list pushsecrets.external-secrets.io", "shop (pushsecrets)"),
        ("list secretproviderclasses.secrets-store.csi.x-k8s.io", "shop (secretproviderclasses)"),
        (
            "list secretproviderclasspodstatuses.secrets-store.csi.x-k8s.io",
            "shop (secretproviderclasspodstatuses)",
        ),
    ],
)
def test_a_missing_right_to_read_controllers_is_a_gap(server: Server, right: str, scope: str) -> None:
    items = _without(server, right)
    (gap,) = _gaps(items)
    assert gap.scope == scope
    assert f"the right to {right} is missing" in gap.reason
    if "podstatus" in right:
        found = _secrets(items)["shop/mirrored"].attributes
        assert found.keys().isdisjoint({"synced", "sync-problem", "mounted-by"})


def _without(server: Server, right: str) -> list[Collected]:
    """What an account finds that has all rights but one."""
    account = "less-" + "".join(letter for letter in right if letter.isalnum())[:50].lower()
    server.make("/api/v1/namespaces/keyproof/serviceaccounts", {"metadata": {"name": account}})
    fewer = manifests(account, only=[one for one in PERMISSIONS if one != right])
    fewer = fewer.replace("name: keyproof\n", f"name: {account}\n")
    _apply(server, fewer.replace("name: keyproof}", f"name: {account}}}"))
    collector = _collector(server, token=_token(server, account))
    return [*collector.collect("cluster/"), *collector.collect("shop")]


def test_a_stranger_is_denied_by_name(server: Server) -> None:
    with pytest.raises(AccessDeniedError, match=r"the right to list namespaces is missing.*stranger"):
        _collector(server, token=STRANGER).scopes()
    with pytest.raises(AccessDeniedError, match="the right to list secrets is missing"):
        list(_collector(server, token=STRANGER, namespaces=["shop"]).collect("shop"))


def test_a_token_that_is_not_accepted(server: Server) -> None:
    with pytest.raises(AccessDeniedError, match="does not accept the credentials"):
        _collector(server, token="nobody").scopes()


def test_a_namespace_that_is_not_there(server: Server) -> None:
    for named in ([], ["shp"]):
        with pytest.raises(CollectError, match="there is no namespace 'shp'"):
            list(_collector(server, namespaces=named).collect("shp"))


def test_namespaces_that_are_named_need_not_be_listed(server: Server) -> None:
    server.make("/api/v1/namespaces/shop/serviceaccounts", {"metadata": {"name": "narrow"}})
    server.make(
        f"{_RBAC}/namespaces/shop/roles",
        {"metadata": {"name": "narrow"}, "rules": [_rule("secrets", "list")]},
    )
    subject = {"kind": "ServiceAccount", "name": "narrow", "namespace": "shop"}
    server.make(f"{_RBAC}/namespaces/shop/rolebindings", _binding("narrow", "Role", "narrow", subject))
    collector = _collector(server, token=_token(server, "narrow", "shop"), namespaces=["shop"])
    items = list(collector.collect("shop"))
    found = _secrets(items)["shop/applied"]
    assert found.owner == ""
    for name in ("owner", "environment"):
        assert "the right to list namespaces is missing" in found.unread[name]
    assert "not read" in found.unread["grants"]
    assert found.grants is None


def test_include_and_exclude(server: Server) -> None:
    items = list(_collector(server, include=["shop/*"], exclude=["*/web*"]).collect("shop"))
    assert "shop/web-tls" not in _secrets(items)
    assert _evidence(items)["left out"] == "1 secrets by include and exclude"


def test_no_value_ever_leaves_the_server(server: Server) -> None:
    """By the server's own record of every answer the scanner got."""
    collector = _collector(server, indirect_access=True)
    items = [item for scope in collector.scopes() for item in collector.collect(scope)]
    assert CANARY not in repr(items)
    if isinstance(server, KubeApi):
        asked_for = re.compile(r"/(secrets|secretstores|clustersecretstores)\?")
        kinds = {one.answer for one in server.asked if asked_for.search(one.path) and "keyproof" in one.user}
        assert kinds <= {"Table", "Status"}
        assert "Table" in kinds
        return
    asked = [json.loads(line) for line in server.audit_log.read_text("utf-8").splitlines()]
    mine = [
        event for event in asked if event["user"]["username"] == "system:serviceaccount:keyproof:keyproof"
    ]
    about = [event for event in mine if (event.get("objectRef") or {}).get("resource") == "secrets"]
    assert len(about) > 3
    assert {event["verb"] for event in mine} <= {"list", "get"}
    assert {event["verb"] for event in about} == {"list"}
    resources = {"secrets", "secretstores", "clustersecretstores"}
    answers = [
        event["responseObject"]
        for event in mine
        if (event.get("objectRef") or {}).get("resource") in resources
        if event["responseStatus"]["code"] == 200
    ]
    assert {answer["kind"] for answer in answers} == {"Table"}
    for answer in answers:
        for row in answer["rows"] or ():
            assert set(row["object"] or ()) <= {"kind", "apiVersion", "metadata"}


def test_the_servers_own_audit_log_tells_who_read_what(server: Server) -> None:
    server.call("GET", "/api/v1/namespaces/shop/secrets/db")
    list(_collector(server).collect("shop"))
    with pytest.raises(AccessDeniedError):
        list(_collector(server, token=STRANGER, namespaces=["shop"]).collect("shop"))
    items = list(_collector(server, audit_log=[str(server.audit_log)]).collect("shop"))
    log = _secrets(items)["shop/db"].access_log
    assert log is not None
    done = {(event.principal, event.action, event.allowed) for event in log.events}
    assert ("admin", Action.READ, True) in done
    assert ("system:serviceaccount:keyproof:keyproof", Action.LIST, True) in done
    assert ("stranger", Action.READ, False) in done
    assert ("stranger", Action.READ, True) not in done
    assert log.since <= min(event.at for event in log.events) + timedelta(seconds=5)


# What only a fake can be made to do.


def test_an_object_of_an_unknown_shape_is_a_gap_and_stops_nothing(fake: KubeApi) -> None:
    body = {"metadata": {"name": "odd"}, "spec": ["x"]}
    fake.make("/apis/cert-manager.io/v1/namespaces/shop/certificates", body)
    items = list(_collector(fake).collect("shop"))
    (gap,) = _gaps(items)
    assert (gap.scope, gap.reason) == ("shop (certificates)", "1 objects have an unknown shape, e.g. odd")
    assert _secrets(items)["shop/web-tls"].expires_at is not None
    assert _secrets(items)["shop/db"].unread["expires_at"] == gap.reason


def test_a_value_that_was_never_changed_is_as_old_as_the_object(fake: KubeApi) -> None:
    fake.version = "v1.31.2+k3s1"
    found = _shop(fake)["shop/db"]
    best = found.value_date
    assert best is not None
    assert (best.basis, best.confidence) == (Basis.VERSION_CREATED, Confidence.EXACT)
    assert best.at == found.created_at
    assert "facts" not in found.unread


def test_a_copy_is_no_proof_of_the_age_of_its_value(fake: KubeApi) -> None:
    """What was copied yesterday may be years old: only a bound is known of it."""
    fake.version = "v1.31.2"
    found = _shop(fake)
    for name in ("stuck", "sealed", "mirrored", "from-store"):
        assert {fact.confidence for fact in found[f"shop/{name}"].facts} == {Confidence.UPPER_BOUND}


def test_stores_whose_tables_have_other_columns_are_a_gap(fake: KubeApi) -> None:
    for plural in ("secretstores", "clustersecretstores"):
        fake.printed["external-secrets.io", plural] = []
    collector = _collector(fake)
    gaps = _gaps([*collector.collect("cluster/"), *collector.collect("shop")])
    assert [(gap.scope, gap.reason) for gap in gaps] == [
        ("cluster/ (clustersecretstores)", "a table of clustersecretstores has an unknown shape"),
        ("shop (secretstores)", "a table of secretstores has an unknown shape"),
    ]


def test_values_that_are_written_into_a_config_map_are_told(fake: KubeApi) -> None:
    target = {"name": "db", "manifest": {"apiVersion": "v1", "kind": "ConfigMap"}}
    body = {"metadata": {"name": "loose"}, "spec": {"target": target}}
    fake.make("/apis/external-secrets.io/v1/namespaces/shop/externalsecrets", body)
    items = list(_collector(fake).collect("shop"))
    told = "ExternalSecret loose writes values into ConfigMap db"
    assert _evidence(items)["values outside Secrets"] == told
    assert "managed-by" not in _secrets(items)["shop/db"].attributes


def test_odd_pod_statuses_are_a_gap_and_say_nothing_of_copies(fake: KubeApi) -> None:
    odd = {"metadata": {"name": "odd"}, "status": {"mounted": True}}
    fake.make(f"/apis/{_CSI}/v1/namespaces/shop/secretproviderclasspodstatuses", odd)
    items = list(_collector(fake).collect("shop"))
    (gap,) = _gaps(items)
    assert gap.scope == "shop (secretproviderclasspodstatuses)"
    assert "mounted-by" not in _secrets(items)["shop/mirrored"].attributes


def test_a_later_write_is_a_bound(fake: KubeApi) -> None:
    fake.version = "v1.25.0"
    (item,) = [one for one in fake.objects["", "secrets"] if one["metadata"]["name"] == "changed"]
    item["metadata"]["creationTimestamp"] = "2025-01-01T00:00:00Z"
    item["metadata"]["managedFields"][0]["time"] = "2025-06-01T00:00:00Z"
    best = _shop(fake)["shop/changed"].value_date
    assert best is not None
    assert (best.basis, best.confidence) == (Basis.LAST_ROTATED, Confidence.UPPER_BOUND)
    assert best.at == datetime(2025, 6, 1, tzinfo=UTC)


def test_waits_for_a_busy_server(fake: KubeApi) -> None:
    busy = Scripted(path="/secrets?", status=429, headers={"Retry-After": "1"}, body=b"{}")
    fake.scripted += [busy, Scripted(path="/secrets?", status=503, body=b"")]
    assert "shop/db" in _shop(fake)
    assert fake.scripted == []


def test_gives_up_on_a_server_that_stays_busy(fake: KubeApi) -> None:
    fake.scripted += [Scripted(path="/secrets?", status=429, headers={"Retry-After": "40"})] * 5
    with pytest.raises(BackendUnreachableError, match="stays busy: 429"):
        _shop(fake)


def test_a_server_that_sends_whole_objects_is_refused(fake: KubeApi) -> None:
    body = json.dumps({"kind": "SecretList", "items": [{"data": {"p": CANARY}}]}).encode()
    fake.scripted.append(Scripted(path="/secrets?", body=body))
    with pytest.raises(BackendProtocolError, match="sends SecretList where a table was asked for") as caught:
        _shop(fake)
    assert CANARY not in repr(caught.value)


@pytest.mark.parametrize(
    ("script", "error", "words"),
    [
        (Scripted(path="/secrets?", body=b"<html>", status=200), BackendProtocolError, "no JSON object"),
        (Scripted(path="/secrets?", body=b'{"a": 1}', cut=4), BackendUnreachableError, "breaks off"),
        (Scripted(path="/secrets?", status=302), BackendProtocolError, "answers 302"),
        (Scripted(path="/secrets?", status=401), AccessDeniedError, "expired"),
        (
            Scripted(path="/secrets?", body=b'{"kind": "Table", "rows": [{}]}'),
            BackendProtocolError,
            "unknown shape",
        ),
    ],
)
def test_a_broken_answer_has_a_name(
    fake: KubeApi, script: Scripted, error: type[CollectError], words: str
) -> None:
    fake.scripted.append(script)
    with pytest.raises(error, match=words):
        _shop(fake)


def test_a_server_that_is_gone(fake: KubeApi) -> None:
    collector = _collector(fake)
    fake.address = "http://127.0.0.1:9"
    path = fake.kubeconfig("t", "gone")
    collector = _collector(fake, kubeconfig=str(path))
    with pytest.raises(BackendUnreachableError, match="cannot be reached"):
        collector.scopes()


def test_a_listing_that_goes_round_in_a_circle_ends(fake: KubeApi) -> None:
    columns = [{"name": name} for name in ("Name", "Type", "Data")]
    page = {"kind": "Table", "columnDefinitions": columns, "rows": [], "metadata": {"continue": "again"}}
    fake.scripted += [Scripted(path="/secrets?", body=json.dumps(page).encode())] * 3
    with pytest.raises(BackendProtocolError, match="the same page again and again"):
        _shop(fake)


def test_a_listing_that_is_not_there_any_more_is_no_whole_one(fake: KubeApi) -> None:
    for number in range(501):
        fake.make("/api/v1/namespaces/many/secrets", {"metadata": {"name": f"s{number:03}"}})
    fake.scripted.append(Scripted(path="continue=", status=404))
    with pytest.raises(BackendProtocolError, match="answers 404"):
        list(_collector(fake).collect("many"))


def test_what_was_read_before_the_server_went_away_is_kept(fake: KubeApi) -> None:
    for number in range(600):
        fake.make("/api/v1/namespaces/many/secrets", {"metadata": {"name": f"s{number:03}"}})
    fake.scripted.append(Scripted(path="continue=", body=b'{"a": 1}', cut=2))
    found = _collector(fake).collect("many")
    kept = list(itertools.islice(found, 500))
    assert len(_secrets(kept)) == 500
    with pytest.raises(BackendUnreachableError, match="breaks off"):
        next(found)


def test_an_object_without_a_noted_writer_has_only_its_creation(fake: KubeApi) -> None:
    fake.version = "v1.30.0"
    (item,) = [one for one in fake.objects["", "secrets"] if one["metadata"]["name"] == "db"]
    item["metadata"]["managedFields"] = []
    found = _shop(fake)["shop/db"]
    assert [fact.basis for fact in found.facts] == [Basis.RECORD_CREATED]
    assert "nobody who wrote the data" in found.unread["facts"]


def test_the_last_use_of_a_token_is_noted_by_newer_servers(fake: KubeApi) -> None:
    labels = {"kubernetes.io/legacy-token-last-used": "2025-09-30"}
    body = {"metadata": {"name": "token", "labels": labels}, "type": "kubernetes.io/service-account-token"}
    fake.make("/api/v1/namespaces/shop/secrets", body)
    found = _shop(fake)["shop/token"]
    assert (found.kind, found.last_accessed_at) == (SubjectKind.CREDENTIAL, datetime(2025, 9, 30, tzinfo=UTC))
    assert "last_accessed_at" not in found.unread


def test_the_flags_of_the_api_server_tell_of_auditing_and_encryption(fake: KubeApi) -> None:
    command = [
        "/usr/bin/kube-apiserver",
        "--audit-policy-file=/etc/p.yaml",
        "--audit-log-path=/var/log/a.log",
    ]
    command += ["--audit-log-maxage=30", "--token-auth-file=/etc/tokens"]
    labels = {"component": "kube-apiserver"}
    pod = {"metadata": {"name": "api", "labels": labels}, "spec": {"containers": [{"command": command}]}}
    fake.make("/api/v1/namespaces/kube-system/pods", pod)
    found = _shop(fake)["shop/db"]
    assert found.encryption == Encryption(encrypted=False)
    assert found.audit is not None
    (trail,) = found.audit
    assert (trail.sink, trail.retention) == ("file /var/log/a.log", timedelta(days=30))


def test_nothing_is_read_that_is_switched_off(fake: KubeApi) -> None:
    off = {"access": False, "controllers": False, "server_settings": False}
    found = _shop(fake, **off)["shop/db"]
    assert (found.grants, found.encryption, found.audit) == (None, None, None)
    for name in ("grants", "encryption", "audit", "expires_at"):
        assert "false in keyproof.yaml" in found.unread[name]
    paths = {one.path.partition("?")[0] for one in fake.asked}
    assert paths == {"/api/v1/namespaces", "/api/v1/namespaces/shop/secrets", "/version", "/apis"}


def test_ten_thousand_secrets_come_one_by_one(fake: KubeApi) -> None:
    body = fake.objects["", "secrets"][0]
    fake.objects["", "secrets"] = [
        {**body, "metadata": {**body["metadata"], "name": f"n{number:05}"}} for number in range(10_000)
    ]
    collector = _collector(fake, namespaces=["shop"])
    grants = [item.grants for item in collector.collect("shop") if isinstance(item, SecretMetadata)]
    assert len(grants) == 10_000
    assert len({id(one) for one in grants}) == 1  # kept once, however many secrets share them


def test_the_manifest_of_the_docs_is_the_one_that_is_tested(checkout: Path) -> None:
    text = (checkout / "docs/how-to/kubernetes-rbac.yaml").read_text("utf-8")
    assert text.partition("apiVersion")[2] == manifests("keyproof").partition("apiVersion")[2]


def test_an_audit_policy_at_hand_tells_what_is_recorded(fake: KubeApi, tmp_path: Path) -> None:
    policy = {"kind": "Policy", "rules": [{"level": "Request", "resources": [{"group": ""}]}]}
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(policy), encoding="utf-8")
    collector = _collector(fake, audit_policy=str(tmp_path / "policy.yaml"))
    items = [*collector.collect("cluster/"), *collector.collect("shop")]
    found = _secrets(items)["shop/db"]
    assert found.audit is not None
    assert [(trail.enabled, trail.covers_reads) for trail in found.audit] == [(True, True)]
    assert "audit" not in found.unread
    assert found.attributes["audit_log_raw"] is True
    assert "values stand in the log" in _evidence(items)["audit log with values"]


@pytest.mark.parametrize(
    ("key", "field"), [("encryption_configuration", "encryption"), ("audit_policy", "audit")]
)
@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "it is no YAML"), ("kind: Pod", "it is no "), ("", "it is no "), (None, "No such file")],
)
def test_files_that_cannot_be_understood_are_gaps(
    fake: KubeApi, tmp_path: Path, key: str, field: str, text: str | None, words: str
) -> None:
    if text is not None:
        (tmp_path / "file.yaml").write_text(text, encoding="utf-8")
    collector = _collector(fake, **{key: str(tmp_path / "file.yaml")})
    (gap,) = [gap for gap in _gaps(list(collector.collect("cluster/"))) if "file" in gap.scope]
    assert f"file.yaml cannot be read: {words}" in gap.reason
    assert words in _secrets(list(collector.collect("shop")))["shop/db"].unread[field]


@pytest.mark.parametrize("shape", ["resources: [1]", "rules: 7", "rules: [text]"])
def test_files_of_an_odd_shape_are_gaps(fake: KubeApi, tmp_path: Path, shape: str) -> None:
    kind, key = ("EncryptionConfiguration", "encryption_configuration")
    if "rules" in shape:
        kind, key = "Policy", "audit_policy"
    (tmp_path / "file.yaml").write_text(f"kind: {kind}\n{shape}\n", encoding="utf-8")
    collector = _collector(fake, **{key: str(tmp_path / "file.yaml")})
    (gap,) = [gap for gap in _gaps(list(collector.collect("cluster/"))) if "file" in gap.scope]
    assert "its shape is unknown" in gap.reason


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (None, "no file matches"),
        ("", "no line is an event"),
        ('{"kind": "Event", "stageTimestamp": "2025-10-01T12:00:00Z"}\n', "mentions no Secret at all"),
        (
            'x\n{"kind": "Event", "stageTimestamp": "2025-10-01T12:00:00Z"}\n',
            "1 lines are no events, e.g. log:1",
        ),
    ],
)
def test_a_log_that_tells_nothing_is_no_log(
    fake: KubeApi, tmp_path: Path, lines: str | None, words: str
) -> None:
    if lines is not None:
        (tmp_path / "log").write_text(lines, encoding="utf-8")
    found = _shop(fake, audit_log=[str(tmp_path / "log*")])["shop/db"]
    assert found.access_log is None
    assert words in found.unread["access_log"]


def test_a_server_without_a_version_dates_nothing(fake: KubeApi) -> None:
    denied = Scripted(path="/version", status=403, body=b'{"message": "no"}')
    groups = Scripted(path="/apis", status=403, body=b'{"message": "no"}')
    fake.version = "v1.31.0"
    fake.scripted += [denied, groups]
    collector = _collector(fake)
    items = [*collector.collect("cluster/"), *collector.collect("shop")]
    assert {gap.scope for gap in _gaps(items)} == {"cluster/ (server version)", "cluster/ (api groups)"}
    found = _secrets(items)["shop/db"]
    assert [fact.basis for fact in found.facts] == [Basis.RECORD_CREATED]
    assert found.unread["expires_at"] == "the right to get /apis is missing: no"
    assert _evidence(items)["server version"] == "not stated"


def test_a_certificate_that_is_not_checked_is_told(fake: KubeApi) -> None:
    path = fake.kubeconfig(_token(fake), "unchecked")
    text = json.loads(path.read_text("utf-8"))
    text["clusters"][0]["cluster"]["insecure-skip-tls-verify"] = True
    path.write_text(json.dumps(text), encoding="utf-8")
    found = _shop(fake, kubeconfig=str(path))["shop/db"]
    assert found.attributes["tls-verified"] is False
    owned = {"ownerReferences": [{"kind": "SealedSecret", "name": "sealed"}]}
    fake.make("/api/v1/namespaces/shop/secrets", {"metadata": {"name": "owned", **owned}})
    assert _shop(fake)["shop/owned"].attributes["owned-by"] == "SealedSecret/sealed"


def test_odd_names_and_a_token_that_is_no_jwt(fake: KubeApi) -> None:
    name = "a" * 253
    fake.make("/api/v1/namespaces/shop/secrets", {"metadata": {"name": name}})
    fake.users["a.b.c"] = ("odd", ("system:masters",))
    items = list(_collector(fake, token="a.b.c").collect("cluster/"))
    assert _evidence(items)["identity"].startswith("not stated by the credentials (context test of ")
    assert f"shop/{name}" in _shop(fake)
