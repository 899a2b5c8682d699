"""Copies into a cluster that no longer follow, stores that give nothing, and Secrets that are pushed out."""

from datetime import timedelta
from typing import Any

import pytest

from keyproof.kubernetes.controllers import written_by
from keyproof.kubernetes.external_secrets import EXTERNAL_SECRETS, elsewhere, external, push, stores_in
from keyproof.kubernetes.managed import SHAPE
from tests.fakes.ports import NOW

READY = {"type": "Ready", "status": "True"}


def problem(
    *, age: timedelta = timedelta(minutes=5), ready: dict[str, str] | None = READY, **spec: Any
) -> object:
    """Why a copy made so long ago is not refreshed."""
    status: dict[str, Any] = {"refreshTime": (NOW - age).isoformat().replace("+00:00", "Z")}
    if ready is not None:
        status["conditions"] = [ready]
    _, managed = external({"metadata": {"name": "db"}, "spec": spec, "status": status}, NOW)
    assert managed.copied
    assert managed.attributes["synced"] is ("sync-problem" not in managed.attributes)
    return managed.attributes.get("sync-problem", "")


def test_a_copy_that_is_refreshed_has_no_problem() -> None:
    assert problem() == ""


@pytest.mark.parametrize(
    ("ready", "why"),
    [
        (None, "it does not state whether it is ready"),
        ({"type": "Deleted", "status": "True"}, "it does not state whether it is ready"),
        ({"type": "Ready", "status": "Unknown"}, "Ready is Unknown, no reason given"),
        (
            {"type": "Ready", "status": "False", "reason": "SecretSyncedError"},
            "Ready is False, SecretSyncedError",
        ),
        (
            {**READY, "reason": "SecretSynced", "message": "secret retained due to DeletionPolicy=Retain"},
            "its original is gone, and the copy was kept",
        ),
    ],
    ids=str,
)
def test_a_copy_that_is_not_ready_says_why(ready: dict[str, str] | None, why: str) -> None:
    assert problem(ready=ready) == f"ExternalSecret db: {why}"


@pytest.mark.parametrize(
    ("spec", "age", "late"),
    [
        ({}, timedelta(hours=2), False),
        ({}, timedelta(hours=2, seconds=1), True),
        ({"refreshInterval": "15m"}, timedelta(minutes=31), True),
        ({"refreshInterval": "0s"}, timedelta(days=90), False),
        ({"refreshPolicy": "CreatedOnce"}, timedelta(days=90), False),
        ({"refreshPolicy": "OnChange"}, timedelta(days=90), False),
        ({"syncWindows": {"kind": "allow", "windows": []}}, timedelta(days=90), False),
    ],
    ids=str,
)
def test_a_refresh_that_did_not_come_is_told(spec: dict[str, Any], age: timedelta, late: bool) -> None:
    """The controller may be gone: then what it said last still stands there as ready."""
    told = problem(age=age, **spec)
    assert ("it copied last at" in str(told)) is late


def test_every_store_that_is_read_is_named() -> None:
    other = {"storeRef": {"kind": "ClusterSecretStore", "name": "aws"}}
    spec = {
        "secretStoreRef": {"name": "vault"},
        "data": [
            {"remoteRef": {"key": "a"}},
            {"remoteRef": {"key": "b"}, "sourceRef": other},
        ],
        "dataFrom": [{"sourceRef": {"generatorRef": {"kind": "Password", "name": "p"}}}],
    }
    _, managed = external({"metadata": {"name": "db"}, "spec": spec}, NOW)
    assert managed.attributes["store"] == "SecretStore/vault, ClusterSecretStore/aws"


def table(*cells: list[object], columns: tuple[str, ...] = ("Name", "Status", "Ready")) -> dict[str, Any]:
    return {
        "columnDefinitions": [{"name": name} for name in columns],
        "rows": [{"cells": one} for one in cells],
    }


def test_stores_tell_whether_they_are_ready() -> None:
    rows = table(["a", "Valid", "True"], ["b", "ValidationFailed", "False"], ["c", None, None])
    assert dict(stores_in("SecretStore", rows)) == {
        "SecretStore/a": "",
        "SecretStore/b": "Ready is False, ValidationFailed",
        "SecretStore/c": "it does not state whether it is ready",
    }


def test_a_table_of_other_columns_is_not_understood() -> None:
    with pytest.raises(SHAPE):
        list(stores_in("SecretStore", table(columns=("Name", "Age"))))


def pushing(secret: dict[str, Any], **more: Any) -> Any:
    spec = {"selector": {"secret": secret}, "secretStoreRefs": [{"name": "aws"}], **more}
    status = {"conditions": [READY], "refreshTime": (NOW - timedelta(hours=1)).isoformat()}
    return push({"metadata": {"name": "out"}, "spec": spec, "status": status}, NOW)


def test_a_push_takes_the_secret_it_names() -> None:
    found = pushing({"name": "db"}, data=[{"match": {"remoteRef": {"remoteKey": "k"}}}])
    assert (found.takes("db", {}), found.takes("other", {})) == (True, False)
    assert (found.targets, found.problem) == (("SecretStore/aws: k",), "")


def test_a_push_that_did_not_come_is_told() -> None:
    assert pushing({"name": "db"}, refreshInterval="1m").problem.startswith(
        "PushSecret out: it copied last at"
    )
    assert pushing({"name": "db"}, refreshInterval="0").problem == ""


def written(*objects: dict[str, Any]) -> dict[str, str | int | bool]:
    """What several ExternalSecrets say that write one Secret."""
    bodies = [
        {
            "metadata": {"name": f"part-{number}"},
            "spec": {"target": {"name": "db", "creationPolicy": "Merge"}, **one["spec"]},
            "status": {"conditions": [one.get("ready", READY)], "refreshTime": one["at"]},
        }
        for number, one in enumerate(objects)
    ]
    found, strange = written_by(EXTERNAL_SECRETS, bodies, now=NOW)
    assert (list(found), strange) == (["db"], [])
    return dict(found["db"].attributes)


NAMED = {"secretStoreRef": {"name": "vault"}, "data": [{"remoteRef": {"key": "prod/db"}}]}
OTHER = {"secretStoreRef": {"name": "aws"}, "data": [{"remoteRef": {"key": "prod/api"}}]}


@pytest.mark.parametrize("turned", [False, True])
def test_two_that_write_one_secret_are_as_good_as_the_worse(turned: bool) -> None:
    broken = {"type": "Ready", "status": "False", "reason": "SecretSyncedError"}
    parts = [
        {"spec": NAMED, "at": "2025-10-05T11:30:00Z"},
        {"spec": OTHER, "at": "2025-10-05T11:00:00Z", "ready": broken},
    ]
    found = written(*(reversed(parts) if turned else parts))
    assert found["synced"] is False
    assert str(found["sync-problem"]).endswith("Ready is False, SecretSyncedError")
    assert set(str(found["store"]).split(", ")) == {"SecretStore/vault", "SecretStore/aws"}
    assert set(str(found["remote-keys"]).split(", ")) == {"prod/db", "prod/api"}
    assert found["refreshed-at"] == "2025-10-05T11:00:00Z"


def test_the_keys_of_one_are_only_a_part() -> None:
    search = {"secretStoreRef": {"name": "vault"}, "dataFrom": [{"find": {"path": "x"}}]}
    at = "2025-10-05T11:30:00Z"
    assert "remote-keys" not in written({"spec": NAMED, "at": at}, {"spec": search, "at": at})


def test_values_written_into_something_else_are_in_no_secret() -> None:
    target = {"manifest": {"apiVersion": "v1", "kind": "ConfigMap"}}
    body: dict[str, Any] = {"metadata": {"name": "app"}, "spec": {"target": target}}
    assert elsewhere(body) == "ConfigMap app"
    assert elsewhere({"metadata": {"name": "app"}, "spec": {"target": {"name": "db"}}}) == ""


@pytest.mark.parametrize(
    ("selector", "takes"),
    [
        ({}, True),
        ({"matchLabels": {"push": "yes"}}, True),
        ({"matchLabels": {"push": "no"}}, False),
        ({"matchExpressions": [{"key": "push", "operator": "In", "values": ["yes"]}]}, True),
        ({"matchExpressions": [{"key": "push", "operator": "DoesNotExist"}]}, False),
    ],
    ids=str,
)
def test_a_push_takes_secrets_by_their_labels(selector: dict[str, Any], takes: bool) -> None:
    assert pushing({"selector": selector}).takes("any", {"push": "yes"}) is takes


def test_a_push_of_what_a_generator_makes_takes_no_secret() -> None:
    found = push(
        {"metadata": {"name": "made"}, "spec": {"selector": {"generatorRef": {"kind": "Password"}}}}, NOW
    )
    assert not found.takes("made", {})
    assert found.problem == "PushSecret made: it does not state whether it is ready"


def test_what_was_pushed_counts_beside_what_is_planned() -> None:
    entry = {"match": {"secretKey": "p", "remoteRef": {"remoteKey": "old/db"}}}
    body = {
        "metadata": {"name": "out"},
        "spec": {
            "selector": {"secret": {"name": "db"}},
            "secretStoreRefs": [{"name": "aws"}, {"labelSelector": {}, "kind": "ClusterSecretStore"}],
        },
        "status": {"syncedPushSecrets": {"SecretStore/vault": {"old/db": entry}}},
    }
    assert push(body, NOW).targets == (
        "SecretStore/aws",
        "ClusterSecretStore chosen by labels",
        "SecretStore/vault: old/db",
    )


@pytest.mark.parametrize(
    "body",
    [
        {"spec": {"selector": {"secret": {"selector": {"matchLabels": 3}}}}},
        {"spec": {"selector": {"secret": {"selector": {"matchExpressions": ["x"]}}}}},
        {"spec": {"secretStoreRefs": [{"name": "a"}], "data": [{"match": {}}]}},
        {"status": {"syncedPushSecrets": {"SecretStore/a": []}}},
    ],
    ids=str,
)
def test_a_push_of_an_unknown_shape_is_not_understood(body: dict[str, Any]) -> None:
    with pytest.raises(SHAPE):
        push(body, NOW)
