"""Who may read the secrets of an Infisical project: people, machine identities and groups by their roles.

https://infisical.com/docs/documentation/platform/access-controls/role-based-access-controls
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from keyproof.domain.access import AccessGrant
from keyproof.errors import AccessDeniedError
from keyproof.infisical.roles import BUILT_IN, Role, allowed, role_of
from keyproof.rest.client import RestClient
from keyproof.rest.reading import entries, moment
from keyproof.rest.refusals import LockedOutError

USERS = "GET /api/v1/projects/{project}/memberships"
IDENTITIES = "GET /api/v1/projects/{project}/memberships/identities"
GROUPS = "GET /api/v1/projects/{project}/memberships/groups"
ROLE = "GET /api/v1/projects/{project}/roles/slug/{role}"
OPERATIONS = {USERS: "member: read", IDENTITIES: "identity: read", GROUPS: "groups: read", ROLE: "role: read"}
"""Operation → subject and action of the permission it takes, as Infisical's roles write them."""
UNSEEN = (
    "privileges of single members beside their roles, members of groups, service tokens and administrators of the "
    "organisation are not read"
)
_PAGE = 1000
"""As many as one answer may hold."""
Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Who has which role in a project, as far as the token may see."""

    held: tuple[tuple[str, str, str], ...]
    """Principal, role, and the words for how it is held."""
    roles: Mapping[str, Role | None]
    """None for one that may not be read."""
    refused: tuple[str, ...] = ()
    """What the token may not ask, with the rights that are missing."""

    def grants(self, environment: str) -> tuple[AccessGrant, ...]:
        """What everybody is granted in an environment."""
        return tuple(
            AccessGrant(principal=principal, actions=actions, via=via, condition=condition)
            for principal, name, via in self.held
            for actions, condition in allowed(self.roles[name], environment)
        )


def members(client: RestClient, project: str, now: datetime) -> Members:
    """Who may read the project's secrets at `now`; one right that is missing says nothing of the others.

    Raises KeyError, TypeError, ValueError, AttributeError for an answer of another shape, CollectError.
    """
    held: list[tuple[str, str, str]] = []
    refused: list[str] = []
    roles: dict[str, Role | None] = dict(BUILT_IN)
    for read in (_users, _identities, _groups):
        try:
            for principal, member in read(client, project):
                held += [(principal, name, via) for name, via in _held(member, now)]
        except LockedOutError:
            raise
        except AccessDeniedError as error:
            refused.append(error.message)
    for name in sorted({name for _, name, _ in held} - roles.keys()):
        try:
            said = client.ask(ROLE, {"project": project, "role": name}).body
            roles[name] = role_of(said["role"]["permissions"])
        except LockedOutError:
            raise
        except AccessDeniedError as error:
            roles[name] = None
            refused.append(error.message)
    return Members(held=tuple(held), roles=roles, refused=tuple(dict.fromkeys(refused)))


def _users(client: RestClient, project: str) -> Iterator[tuple[str, Object]]:
    listed: Sequence[Object] = entries(client.ask(USERS, {"project": project}).body, "memberships")
    for member in listed:
        yield f"user:{member['user']['username']}", member


def _groups(client: RestClient, project: str) -> Iterator[tuple[str, Object]]:
    listed: Sequence[Object] = entries(client.ask(GROUPS, {"project": project}).body, "groupMemberships")
    for member in listed:
        yield f"group:{member['group']['slug']}", member


def _identities(client: RestClient, project: str) -> Iterator[tuple[str, Object]]:
    offset, seen = 0, set[str]()
    while True:
        body = client.ask(IDENTITIES, {"project": project}, query={"limit": _PAGE, "offset": offset}).body
        page: Sequence[Object] = entries(body, "identityMemberships")
        fresh = [member for member in page if str(member["id"]) not in seen]
        for member in fresh:
            yield f"identity:{member['identity']['name']}", member
        seen |= {str(member["id"]) for member in fresh}
        offset += len(page)
        if len(seen) >= int(body["totalCount"]):
            return
        if not fresh:
            raise client.strange("counts more than it lists", IDENTITIES)


def _held(member: Object, now: datetime) -> Iterator[tuple[str, str]]:
    """The roles of a member that have not ended, and how each is held."""
    for role in member["roles"]:
        name = str(role.get("customRoleSlug") or role["role"])
        end = moment(role.get("temporaryAccessEndTime")) if role["isTemporary"] else None
        if end is None or end > now:
            yield name, f"role {name}" + (f" until {end:%Y-%m-%d}" if end else "")
