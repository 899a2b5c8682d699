"""Who may read the secrets of a Doppler project: its members by their roles, and whom the workplace lets everywhere.

https://docs.doppler.com/docs/project-permissions
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyproof.domain.access import AccessGrant, Action
from keyproof.doppler import operations as ask
from keyproof.errors import AccessDeniedError
from keyproof.rest.client import RestClient
from keyproof.rest.reading import entries
from keyproof.rest.refusals import LockedOutError

_EVERYWHERE = frozenset({"owner", "admin"})
"""Roles of the workplace that open every project."""
_BY_MEMBERSHIP = frozenset({"collaborator", "viewer", "no_access"})
"""Roles of the workplace that open only the projects one is a member of."""
_ACTIONS = {
    "enclave_project_config_secrets_read": (Action.READ, Action.LIST),
    "enclave_project_config_secrets_write": (Action.WRITE,),
    "enclave_project_members": (Action.ADMIN,),
    "enclave_project_delete": (Action.ADMIN,),
}
"""Permission of a project's role → what it lets one do. https://docs.doppler.com/reference/project_roles-create"""
_PERHAPS = frozenset(
    {
        "enclave_config_logs",
        "enclave_config_secrets_referencing",
        "enclave_config_syncs_manage",
        "enclave_project_config_duplicate",
        "enclave_project_config_service_tokens",
    }
)
"""Permissions by which one may come to values without reading secrets, e.g. by a new service token."""
_PERHAPS_EVERYWHERE = frozenset(
    {
        "all_enclave_projects",
        "custom_roles_manage",
        "enclave_inheritance",
        "enclave_secrets_referencing",
        "service_account_api_tokens_manage",
        "service_account_identities_manage",
        "service_accounts_manage",
        "team_manage",
    }
)
"""The same of the workplace. https://docs.doppler.com/reference/workplace_roles-create"""
_ALL = tuple(sorted(Action))
_KINDS = {"workplace_user": "user", "group": "group", "service_account": "service-account"}

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """What holds for every project."""

    roles: Mapping[str, frozenset[str]]
    """Role of a project → its permissions."""
    names: Mapping[str, str]
    """Slug of a user, service account or group → as people call it."""
    everywhere: tuple[AccessGrant, ...]
    unseen: tuple[str, ...] = ()
    """What Doppler does not tell of it; empty when everything is known."""
    refused: tuple[str, ...] = ()
    """What the token may not ask, with the rights that are missing."""


def workplace(client: RestClient) -> Workplace:
    """Roles, people and service accounts; one right that is missing says nothing of the others.

    Raises KeyError, TypeError, ValueError, AttributeError for answers of another shape, CollectError.
    """
    names: dict[str, str] = {}
    grants: list[AccessGrant] = []
    refused: list[str] = []
    for user in _permitted(client, ask.USERS, "workplace_users", refused):
        name = names[str(user["id"])] = str(user["user"]["email"])
        grants += _everywhere(f"user:{name}", str(user["access"]))
    for account in _permitted(client, ask.ACCOUNTS, "service_accounts", refused):
        name = names[str(account["slug"])] = str(account["name"])
        grants += _of_account(f"service-account:{name}", account.get("workplace_role") or {})
    roles = {
        str(role["identifier"]): frozenset(map(str, role["permissions"]))
        for role in _permitted(client, ask.PROJECT_ROLES, "roles", refused)
        if role.get("permissions") is not None
    }
    unknown = False
    for group in _permitted(client, ask.GROUPS, "groups", refused):
        name = names[str(group["slug"])] = str(group["name"])
        role = group.get("workplace_role") or {}
        unknown = unknown or not role
        grants += _everywhere(f"group:{name}", str(role.get("identifier") or "no_access"))
        usual = str((group.get("default_project_role") or {}).get("identifier") or "no_access")
        if usual != "no_access":
            where = "in projects in which its default role applies"
            grants += _by_role(f"group:{name}", roles.get(usual), f"default role {usual} of the group", where)
    what = ("which groups have a role in the whole workplace is not told",) if unknown else ()
    return Workplace(
        roles=roles,
        names=names,
        everywhere=tuple(grants),
        unseen=what,
        refused=tuple(dict.fromkeys(refused)),
    )


def _permitted(
    client: RestClient, operation: str, key: str, refused: list[str]
) -> Sequence[Mapping[str, Any]]:
    """Every entry of a listing; none, and why in `refused`, where the token may not ask."""
    try:
        if operation == ask.PROJECT_ROLES:  # the one that comes in a single answer
            return entries(client.ask(operation).body, key)
        return list(ask.listed(client, operation, key))
    except LockedOutError:
        raise
    except AccessDeniedError as error:
        refused.append(error.message)
        return ()


def members(client: RestClient, project: str, environment: str, known: Workplace) -> Iterator[AccessGrant]:
    """Who may use the environment of the project; raises as `workplace` does."""
    yield from known.everywhere
    for member in ask.listed(client, ask.MEMBERS, "members", {"project": project}):
        if not (member.get("access_all_environments", True) or environment in member["environments"]):
            continue
        role, kind, slug = str(member["role"]["identifier"]), str(member["type"]), str(member["slug"])
        yield from _by_role(
            f"{_KINDS.get(kind, kind)}:{known.names.get(slug, slug)}",
            known.roles.get(role),
            f"role {role} of the project",
            "" if kind in _KINDS else f"as {kind}",
        )


def _by_role(
    principal: str, permissions: frozenset[str] | None, via: str, condition: str
) -> Iterator[AccessGrant]:
    """What a role of a project lets one do; everything perhaps where its permissions are not known."""
    if permissions is None:
        unknown = condition or "its role is not told"
        yield AccessGrant(principal=principal, actions=_ALL, via=via, condition=unknown)
        return
    actions = tuple(sorted({action for one in permissions for action in _ACTIONS.get(one, ())}))
    if actions:
        yield AccessGrant(principal=principal, actions=actions, via=via, condition=condition)
    perhaps = sorted(permissions & _PERHAPS)
    if perhaps and Action.READ not in actions:
        ways = f"as far as {', '.join(perhaps)} shows values"
        yield AccessGrant(principal=principal, actions=(Action.READ,), via=via, condition=ways)


def _everywhere(principal: str, role: str) -> Iterator[AccessGrant]:
    """What a role of the workplace opens; of a custom one its permissions are not told beside people."""
    if role not in _BY_MEMBERSHIP:
        condition = "" if role in _EVERYWHERE else "what this role permits is not told"
        yield AccessGrant(
            principal=principal, actions=_ALL, via=f"role {role} of the workplace", condition=condition
        )


def _of_account(principal: str, role: Object) -> Iterator[AccessGrant]:
    """What the role of a service account in the workplace opens; everything perhaps where that is not told."""
    permissions, via = role.get("permissions"), f"role {role.get('identifier', '')} of the workplace"
    if permissions is None:
        condition = "what its role permits is not told"
    else:
        perhaps = ", ".join(sorted(_PERHAPS_EVERYWHERE.intersection(permissions)))
        condition = f"as far as {perhaps} shows values" if perhaps else ""
    everything = "all_enclave_projects_admin" in (permissions or ())
    if everything or condition:
        told = "" if everything else condition
        yield AccessGrant(principal=principal, actions=_ALL, via=via, condition=told)
