"""Who reaches a vault by roles, after what is denied."""

from typing import Any

import pytest

from keyproof.azure.access import Access, by_assignments
from keyproof.azure.config import ObjectKind
from keyproof.domain.access import Action

ABOVE = "/subscriptions/s"
HOME = f"{ABOVE}/resourceGroups/g/providers/Microsoft.KeyVault/vaults/shop"
EVERYTHING = [{"actions": ["*"], "dataActions": ["*"]}]
READING = "Microsoft.KeyVault/vaults/secrets/getSecret/action"


def _access(
    *denied: str, permissions: Any = EVERYTHING, scope: str = HOME, who: str = "bob", **said: Any
) -> Access:
    """Of a vault on which `bob` has a role, and is denied some operations."""
    role = {"properties": {"roleName": "Role", "permissions": permissions}}
    assignment = {"properties": {"scope": HOME, "roleDefinitionId": "R", "principalId": "bob"}}
    denial = {
        "denyAssignmentName": "off",
        "scope": scope,
        "principals": [{"id": who}],
        "permissions": [{"actions": [*denied], "dataActions": [*denied]}],
        **said,
    }
    return by_assignments({"id": HOME}, [assignment], {"r": role}, [{"properties": denial}] if denied else [])


def _may(access: Access, name: str = "db", kind: ObjectKind = ObjectKind.SECRETS) -> set[Action]:
    """What `bob` may do with an object."""
    allowed, denied = set[Action](), set[Action]()
    for grant in access.on(kind, name):
        if grant.principal in {"bob", "*"}:
            (denied if grant.effect == "deny" else allowed).update(grant.actions)
    return allowed - denied


def test_a_denial_of_every_operation_takes_the_action() -> None:
    assert _may(_access()) == set(Action)
    access = _access(READING)
    assert _may(access) == set(Action) - {Action.READ}
    assert [grant.via for grant in access.on(ObjectKind.SECRETS, "db") if grant.effect == "deny"] == [
        "denial off"
    ]
    assert _may(access, kind=ObjectKind.KEYS) == set(Action)


def test_a_denial_of_some_operations_leaves_what_others_allow() -> None:
    assert _may(_access("*/delete")) == set(Action), "who may write role assignments still governs"
    assert _may(_access("Microsoft.KeyVault/vaults/keys/decrypt/action"), kind=ObjectKind.KEYS) == set(Action)
    deleting = [{"actions": [], "dataActions": [READING, "Microsoft.KeyVault/vaults/secrets/delete"]}]
    everybody = "00000000-0000-0000-0000-000000000000"
    assert _may(_access("*/delete", permissions=deleting, who=everybody)) == {Action.READ}


@pytest.mark.parametrize(
    "said",
    [
        {"scope": ABOVE, "doNotApplyToChildScopes": True},
        {"denyAssignmentEffect": "Audit"},
        {"who": "alice"},
    ],
)
def test_a_denial_that_does_not_apply_takes_nothing(said: dict[str, Any]) -> None:
    access = _access(READING, **said)
    assert _may(access) == set(Action)
    assert access.unknown == ()


def test_a_denial_above_holds_in_the_vault() -> None:
    assert _may(_access(READING, scope=ABOVE)) == set(Action) - {Action.READ}


def test_a_denial_on_one_object_is_for_that_one() -> None:
    access = _access(READING, scope=f"{HOME}/secrets/db")
    assert Action.READ not in _may(access, "DB")
    assert Action.READ in _may(access, "web")
    access = _access("*/delete", scope=f"{HOME}/secrets/db")
    assert access.unknown == ("the denial off takes a part of what may be done with one object",)


def test_a_denial_of_the_vault_alone_leaves_the_objects_open() -> None:
    access = _access(READING, doNotApplyToChildScopes=True)
    assert access.unknown == ("the denial off has a condition or exceptions that are not evaluated",)
