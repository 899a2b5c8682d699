"""RBAC as grants: what wildcards, selectors and names allow."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.access import Action
from keyproof.kubernetes.rbac import Rbac, RbacObjects, selects
from keyproof.kubernetes.secret import moment, notes_changes, read_table, seconds

VERBS = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "use", "*"]
GROUPS, RESOURCES = ["", "*", "apps"], ["secrets", "*", "pods", "secrets/status"]


def rbac(rule: dict[str, Any], *, indirect: bool = False, subject: dict[str, Any] | None = None) -> Rbac:
    role = {"metadata": {"name": "r"}, "rules": [rule]}
    binding = {
        "metadata": {"name": "b"},
        "roleRef": {"kind": "ClusterRole", "name": "r"},
        "subjects": [subject or {"kind": "User", "name": "ana"}],
    }
    objects = RbacObjects(cluster_roles=(role,), roles=(), cluster_bindings=(binding,), bindings=())
    return Rbac(objects=objects, indirect=indirect)


def actions(found: Rbac, name: str = "db", principal: str = "ana") -> set[Action]:
    return {
        action for grant in found.on("shop", name) if grant.principal == principal for action in grant.actions
    }


rules = st.fixed_dictionaries(
    {
        "apiGroups": st.lists(st.sampled_from(GROUPS), max_size=2),
        "resources": st.lists(st.sampled_from(RESOURCES), max_size=2),
        "verbs": st.lists(st.sampled_from(VERBS), max_size=3),
        "resourceNames": st.lists(st.sampled_from(["db", "web"]), max_size=2),
    }
)


def allows(rule: dict[str, Any], verb: str, name: str) -> bool:
    """What the API server decides for one request, as its documentation says."""
    return (
        bool({"", "*"} & set(rule["apiGroups"]))
        and bool({"secrets", "*"} & set(rule["resources"]))
        and bool({verb, "*"} & set(rule["verbs"]))
        and (not rule["resourceNames"] or name in rule["resourceNames"])
    )


@given(rule=rules)
def test_a_reader_is_one_whose_request_the_server_allows(rule: dict[str, Any]) -> None:
    reads = any(allows(rule, verb, "db") for verb in ("get", "list", "watch"))
    assert (Action.READ in actions(rbac(rule))) is reads
    writes = any(allows(rule, verb, "db") for verb in ("update", "patch"))
    creates = allows({**rule, "resourceNames": []}, "create", "") and not rule["resourceNames"]
    assert (Action.WRITE in actions(rbac(rule))) is (writes or creates)


@given(rule=rules)
def test_nobody_gains_by_a_name(rule: dict[str, Any]) -> None:
    whole = {**rule, "resourceNames": []}
    assert actions(rbac(rule), "other") <= actions(rbac(rule)) | actions(rbac(whole))
    assert actions(rbac(rule)) <= actions(rbac(whole))


@pytest.mark.parametrize(
    ("subject", "principal"),
    [
        ({"kind": "Group", "name": "system:unauthenticated"}, "*"),
        ({"kind": "User", "name": "system:anonymous"}, "*"),
        ({"kind": "Group", "name": "ops"}, "group:ops"),
        ({"kind": "ServiceAccount", "name": "ci", "namespace": "shop"}, "system:serviceaccount:shop:ci"),
    ],
)
def test_principals(subject: dict[str, Any], principal: str) -> None:
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
    assert actions(rbac(rule, subject=subject), principal=principal) == {Action.READ}


@pytest.mark.parametrize(
    ("resource", "verb"),
    [
        ("pods", "create"),
        ("deployments", "patch"),
        ("pods/exec", "create"),
        ("pods/ephemeralcontainers", "update"),
        ("serviceaccounts/token", "create"),
        ("serviceaccounts", "impersonate"),
        ("clusterroles", "bind"),
        ("roles", "escalate"),
    ],
)
def test_ways_in_two_steps(resource: str, verb: str) -> None:
    rule = {"apiGroups": ["*"], "resources": [resource], "verbs": [verb]}
    assert actions(rbac(rule, indirect=True)) == {Action.READ}
    assert actions(rbac(rule)) == set()
    assert rbac(rule).detours == 1
    other = {**rule, "verbs": ["get"]} if resource != "pods/exec" else {**rule, "verbs": ["delete"]}
    assert actions(rbac(other, indirect=True)) == set()


@pytest.mark.parametrize(
    ("operator", "values", "met"),
    [
        ("In", ["a"], True),
        ("In", ["b"], False),
        ("NotIn", ["b"], True),
        ("Exists", [], True),
        ("DoesNotExist", [], False),
    ],
)
def test_selectors(operator: str, values: list[str], met: bool) -> None:
    demand = {"key": "tier", "operator": operator, "values": values}
    assert selects({"matchExpressions": [demand]}, {"tier": "a"}) is met
    assert not selects({"matchLabels": {"tier": "b"}}, {"tier": "a"})


def test_a_binding_to_a_role_that_is_not_there_grants_nothing() -> None:
    found = rbac({"verbs": []})
    assert [grant.principal for grant in found.on("shop", "db")] == ["group:system:masters"]


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("1h0m0s", 3600),
        ("2160h", 7776000),
        ("0", 0),
        ("1.5s", 1.5),
        ("7d", 604800),
        ("x", None),
        (None, None),
    ],
)
def test_spans(text: str | None, length: float | None) -> None:
    assert seconds(text) == length


def test_odd_words() -> None:
    assert moment("yesterday") is None
    assert moment("2025-01-01T00:00:00") is None
    assert [notes_changes(text) for text in ("v1.24.9", "v1.25.0", "v1.31.1-gke.3", "2.0", "", "main")] == [
        False,
        True,
        True,
        True,
        False,
        False,
    ]
    with pytest.raises(ValueError, match="sends SecretList"):
        next(read_table({"kind": "SecretList"}, annotations=(), dated=True))
