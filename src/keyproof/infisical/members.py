"""Who may read the secrets of an Infisical project: people, machine identities and groups by their roles.

https://infisical.com/docs/documentation/platform/access-controls/role-based-access-controls
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from keyproof.domain.access import AccessGrant, Action
from keyproof.rest.client import RestClient
from keyproof.rest.reading import entries, moment

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


def members(client: RestClient, project: str, now: datetime) -> Iterator[AccessGrant]:
    """What everybody in the project is granted at `now`.

    Raises KeyError, TypeError, ValueError, AttributeError for an answer of another shape, CollectError.
    """
    users: Sequence[Object] = entries(client.ask(USERS, {"project": project}).body, "memberships")
    for member in users:
        yield from _granted(f"user:{member['user']['username']}", member, now)
    for member in _identities(client, project):
        yield from _granted(f"identity:{member['identity']['name']}", member, now)
    groups: Sequence[Object] = entries(client.ask(GROUPS, {"project": project}).body, "groupMemberships")
    for member in groups:
        yield from _granted(f"group:{member['group']['slug']}", member, now)


def _identities(client: RestClient, project: str) -> Iterator[Object]:
    offset = 0
    while True:
        body = client.ask(IDENTITIES, {"project": project}, query={"limit": _PAGE, "offset": offset}).body
        page = entries(body, "identityMemberships")
        yield from page
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
