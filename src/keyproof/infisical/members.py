"""Who may read the secrets of an Infisical project: people, machine identities and groups by their roles.

https://infisical.com/docs/documentation/platform/access-controls/role-based-access-controls
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from keyproof.domain.access import AccessGrant, Action
from keyproof.errors import AccessDeniedError
from keyproof.rest.client import RestClient
from keyproof.rest.reading import entries, moment
from keyproof.rest.refusals import LockedOutError

USERS = "GET /api/v1/projects/{project}/memberships"
IDENTITIES = "GET /api/v1/projects/{project}/memberships/identities"
GROUPS = "GET /api/v1/projects/{project}/memberships/groups"
OPERATIONS = {USERS: "member: read", IDENTITIES: "identity: read", GROUPS: "groups: read"}
"""Operation → subject and action of the permission it takes, as Infisical's roles write them."""
UNSEEN = "privileges of single members beside their roles, and members of groups, are not read"
_PAGE = 1000
"""As many as one answer may hold."""
_ROLES: Mapping[str, tuple[Action, ...]] = {
    "admin": tuple(sorted(Action)),
    "member": (Action.LIST, Action.READ, Action.WRITE),
    "viewer": (Action.LIST, Action.READ),
    "no-access": (),
}
"""What the roles that every project has let one do with secrets."""

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """What everybody in a project is granted, as far as the token may see."""

    grants: tuple[AccessGrant, ...]
    refused: tuple[str, ...] = ()
    """What the token may not ask, with the rights that are missing."""


def members(client: RestClient, project: str, now: datetime) -> Members:
    """Who may read the project's secrets at `now`; one right that is missing says nothing of the others.

    Raises KeyError, TypeError, ValueError, AttributeError for an answer of another shape, CollectError.
    """
    grants: list[AccessGrant] = []
    refused: list[str] = []
    for read in (_users, _identities, _groups):
        try:
            for principal, member in read(client, project):
                grants += _granted(principal, member, now)
        except LockedOutError:
            raise
        except AccessDeniedError as error:
            refused.append(error.message)
    return Members(grants=tuple(grants), refused=tuple(refused))


def _users(client: RestClient, project: str) -> Iterator[tuple[str, Object]]:
    listed: Sequence[Object] = entries(client.ask(USERS, {"project": project}).body, "memberships")
    for member in listed:
        yield f"user:{member['user']['username']}", member


def _groups(client: RestClient, project: str) -> Iterator[tuple[str, Object]]:
    listed: Sequence[Object] = entries(client.ask(GROUPS, {"project": project}).body, "groupMemberships")
    for member in listed:
        yield f"group:{member['group']['slug']}", member


def _identities(client: RestClient, project: str) -> Iterator[tuple[str, Object]]:
    offset = 0
    while True:
        body = client.ask(IDENTITIES, {"project": project}, query={"limit": _PAGE, "offset": offset}).body
        page: Sequence[Object] = entries(body, "identityMemberships")
        for member in page:
            yield f"identity:{member['identity']['name']}", member
        offset += len(page)
        if offset >= int(body["totalCount"]):
            return
        if not page:
            raise client.strange("counts more than it lists", IDENTITIES)


def _granted(principal: str, member: Object, now: datetime) -> Iterator[AccessGrant]:
    for role in member["roles"]:
        name = str(role.get("customRoleSlug") or role["role"])
        end = moment(role.get("temporaryAccessEndTime")) if role["isTemporary"] else None
        if end is not None and end <= now:
            continue
        own = name not in _ROLES
        actions = _ROLES.get(name, tuple(sorted(Action)))
        if actions:
            yield AccessGrant(
                principal=principal,
                actions=actions,
                via=f"role {name}" + (f" until {end:%Y-%m-%d}" if end else ""),
                condition="what this role permits is not read" if own else "",
            )
