"""Roles of Infisical, applied to environments."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.access import Action
from keyproof.infisical.roles import BUILT_IN, Role, allowed, role_of

READ = {"subject": "secrets", "action": "readValue"}


def _told(role: Role, environment: str = "prod") -> list[tuple[str, str]]:
    return [(",".join(actions), condition) for actions, condition in allowed(role, environment)]


@pytest.mark.parametrize(
    ("conditions", "told"),
    [
        (None, [("read", "")]),
        ({}, [("read", "")]),
        ({"environment": "prod"}, [("read", "")]),
        ({"environment": "dev"}, []),
        ({"environment": {"$eq": "prod"}}, [("read", "")]),
        ({"environment": {"$eq": "dev"}}, []),
        ({"environment": {"$ne": "prod"}}, []),
        ({"environment": {"$ne": "dev"}}, [("read", "")]),
        ({"environment": {"$in": ["dev", "prod"]}}, [("read", "")]),
        ({"environment": {"$in": ["dev"]}}, []),
        ({"environment": {"$in": "dev"}}, [("read", "environment {'$in': 'dev'}")]),
        ({"environment": {"$glob": "p*"}}, [("read", "environment {'$glob': 'p*'}")]),
        ({"environment": {"$eq": "prod", "$ne": "x"}}, [("read", "environment {'$eq': 'prod', '$ne': 'x'}")]),
        ({"environment": ["prod"]}, [("read", "environment ['prod']")]),
        ({"environment": "prod", "secretPath": "/a"}, [("read", "secretPath /a")]),
    ],
)
def test_conditions_on_the_environment_are_evaluated(conditions: Any, told: list[tuple[str, str]]) -> None:
    assert _told(role_of([{**READ, "conditions": conditions}])) == told


def test_a_later_permission_goes_before_an_earlier_one() -> None:
    everything = {"subject": "secrets", "action": ["read", "create", "edit", "delete"]}
    denied = {**READ, "action": "read", "inverted": True}
    elsewhere = {**denied, "conditions": {"secretPath": "/a"}}
    assert _told(role_of([everything, denied])) == [("admin,write", "")]
    assert _told(role_of([denied, everything])) == [("admin,list,read,write", "")]
    assert _told(role_of([{**READ, "action": "read"}, elsewhere])) == [("list,read", "unless secretPath /a")]
    tagged = {**READ, "action": "read", "conditions": {"secretTags": "x"}}
    assert _told(role_of([tagged, elsewhere])) == [("list,read", "secretTags x, unless secretPath /a")]
    assert _told(role_of([READ, {**READ, "inverted": True, "conditions": {"environment": "dev"}}])) == [
        ("read", "")
    ]


def test_to_deny_one_of_two_actions_that_read_leaves_the_other() -> None:
    both = {**READ, "action": ["read", "readValue"]}
    assert _told(role_of([both, {**READ, "inverted": True}])) == [("list,read", "")]
    assert _told(role_of([both, {**READ, "action": "read", "inverted": True}])) == [("read", "")]
    assert _told(role_of([READ, {**READ, "inverted": True}])) == []


def test_what_is_not_about_secrets_is_nothing() -> None:
    assert (
        role_of([{"subject": "member", "action": "read"}, {"subject": "secrets", "action": "subscribe"}])
        == ()
    )


@given(st.sampled_from(sorted(BUILT_IN)), st.text())
def test_roles_of_every_project_hold_everywhere(name: str, environment: str) -> None:
    assert all(not condition for _, condition in allowed(BUILT_IN[name], environment))
    reads = any(Action.READ in actions for actions, _ in allowed(BUILT_IN[name], environment))
    assert reads == (name != "no-access")
