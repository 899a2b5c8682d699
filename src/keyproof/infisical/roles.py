"""What roles of an Infisical project let one do with the secrets of an environment.

https://infisical.com/docs/internals/permissions/project-permissions
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keyproof.domain.access import Action

_ALL = tuple(sorted(Action))
_ACTIONS: Mapping[str, tuple[Action, ...]] = {
    "read": (Action.LIST, Action.READ),
    "describeSecret": (Action.LIST,),
    "readValue": (Action.READ,),
    "create": (Action.WRITE,),
    "edit": (Action.WRITE,),
    "delete": (Action.ADMIN,),
}
_SUBJECT = "secrets"

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One line of a role on secrets; a later one goes before an earlier one."""

    actions: tuple[str, ...]
    """As Infisical names them: to deny `readValue` leaves what `read` lets one do, which it asks for first."""
    conditions: Object = field(default_factory=dict)
    """As Infisical writes them, e.g. `{"environment": {"$eq": "prod"}}`."""
    inverted: bool = False
    """Whether it takes away instead."""


Role = Sequence[Permission]
_UNKNOWN = "what this role permits is not read"
BUILT_IN: Mapping[str, Role] = {
    "admin": (Permission(actions=tuple(_ACTIONS)),),
    "member": (Permission(actions=tuple(_ACTIONS)),),
    "viewer": (Permission(actions=("read",)),),
    "no-access": (),
}
"""The roles that every project has."""


def role_of(permissions: Sequence[Object]) -> Role:
    """What stands in a role about secrets. Raises KeyError, TypeError."""
    found = []
    for permission in permissions:
        named = permission["action"]
        several = [named] if isinstance(named, str) else named
        actions = tuple(one for one in map(str, several) if one in _ACTIONS)
        if permission["subject"] == _SUBJECT and actions:
            conditions = permission.get("conditions") or {}
            inverted = bool(permission.get("inverted"))
            found.append(Permission(actions=actions, conditions=conditions, inverted=inverted))
    return tuple(found)


def allowed(role: Role | None, environment: str) -> Iterator[tuple[tuple[Action, ...], str]]:
    """Actions that a role lets one do in an environment, with the condition that is not evaluated, if any.

    Of a role that could not be read (None) it may be everything.
    """
    if role is None:
        yield _ALL, _UNKNOWN
        return
    given: list[tuple[str, str]] = []
    for permission in role:
        here = _in(permission.conditions.get("environment"), environment)
        if here is False:
            continue
        rest = {
            name: what for name, what in permission.conditions.items() if name != "environment" or not here
        }
        condition = ", ".join(f"{name} {what}" for name, what in sorted(rest.items()))
        if not permission.inverted:
            given += [(action, condition) for action in permission.actions]
        else:
            given = list(_lessened(given, permission.actions, condition))
    for condition in sorted({condition for _, condition in given}):
        named = {action for name, told in given if told == condition for action in _ACTIONS[name]}
        yield tuple(sorted(named)), condition


def _lessened(
    given: Sequence[tuple[str, str]], taken: Sequence[str], condition: str
) -> Iterator[tuple[str, str]]:
    for action, before in given:
        if action not in taken:
            yield action, before
        elif condition:
            yield action, f"{before + ', ' if before else ''}unless {condition}"


def _in(wanted: object, environment: str) -> bool | None:
    """Whether a condition on the environment holds; None where it is of a form that is not evaluated."""
    if wanted is None or wanted == environment:
        return True
    if isinstance(wanted, str):
        return False
    if not isinstance(wanted, Mapping) or len(wanted) != 1:
        return None
    ((operator, value),) = wanted.items()
    if operator == "$in" and isinstance(value, list):
        return environment in value
    return {"$eq": value == environment, "$ne": value != environment}.get(operator)
