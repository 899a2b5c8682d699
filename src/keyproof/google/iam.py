"""Who reaches what at Google Cloud: IAM policies of secrets, projects, folders and organisations to grants.

Deny policies of projects and above take grants away again, or leave them on a condition.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import quote

from keyproof.domain.access import AccessGrant, AuditTrail
from keyproof.domain.roles import ANYONE
from keyproof.errors import AccessDeniedError, BackendProtocolError
from keyproof.google import permissions as need
from keyproof.google.connection import GoogleCloud, listed
from keyproof.google.denial import Denial, denials_of, remaining
from keyproof.google.vocabulary import Vocabulary
from keyproof.rest.cloud import CloudClient
from keyproof.rest.refusals import LockedOutError

_PUBLIC = frozenset({"allUsers", "allAuthenticatedUsers"})
_BASIC = {"projectOwner": "roles/owner", "projectEditor": "roles/editor", "projectViewer": "roles/viewer"}
_RIGHTS = {
    "projects": (need.PROJECT, need.PROJECT_POLICY),
    "folders": (need.FOLDER, need.FOLDER_POLICY),
    "organizations": ("", need.ORGANISATION_POLICY),
}
_PAGE = 100
_DEEPEST = 12
"""Folders nest at most ten deep."""

T = TypeVar("T")
Item = Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class ProjectFacts:
    """What holds for all secrets of a project."""

    grants: tuple[AccessGrant, ...] = ()
    audit: tuple[AuditTrail, ...] = ()
    unread: list[tuple[str, str]] = field(default_factory=list)
    """Why policies above could not be read, each with what to do."""
    denials: tuple[Denial, ...] = ()
    """The deny policies of the project and of everything above it."""
    undenied: list[tuple[str, str]] = field(default_factory=list)
    """Why deny policies could not be read, each with what to do."""
    known: bool = False
    """Whether the policy of the project itself was read."""
    basic: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Basic role → its members, whom a secret's policy may name together."""


@dataclass(slots=True, kw_only=True)
class Iam:
    """Policies and roles, each asked for once; what belongs to one source."""

    cloud: GoogleCloud
    vocabulary: Vocabulary
    roles: dict[str, frozenset[str] | None] = field(default_factory=dict)
    """Role → its permissions that are of concern; None for a role that could not be read."""
    lock: Lock = field(default_factory=Lock)

    def project(self, client: CloudClient, project: str, *, access: bool = True) -> ProjectFacts:
        """What the project and everything above it grants and records. Raises CollectError when Google goes away.

        Without `access` the deny policies are left unread, and nothing should be made of the grants.
        """
        facts, policies = ProjectFacts(), dict[str, Item]()
        for place, right in self._places(client, project, facts):
            policy = _noted(facts.unread, lambda: self._policy(client, place, right))  # noqa: B023 (called at once)
            if policy is not None:
                policies[place] = policy
            if access:
                found = _noted(facts.undenied, lambda: self._denials(client, place))  # noqa: B023 (same)
                facts.denials += found or ()
        own = policies.get(f"projects/{project}")
        if own is not None:
            facts.known, facts.basic = True, _members(own)
        granted = (self.granted(client, policy, place, facts) for place, policy in policies.items())
        facts.grants = tuple(sorted({grant for grants in granted for grant in grants})) if access else ()
        services = frozenset({"allServices", self.vocabulary.service})
        trails = [one for place, policy in policies.items() for one in _trails(policy, place, services)]
        facts.audit = tuple(trails) or (
            AuditTrail(sink="Data Access audit log", enabled=False, covers_reads=False),
        )
        return facts

    def on(
        self, client: CloudClient, url: str, facts: ProjectFacts, *, right: str, place: str
    ) -> tuple[AccessGrant, ...]:
        """The grants by the policy of one resource, which people call `place`. Raises AccessDeniedError."""
        version: dict[str, str | int] = {"options.requestedPolicyVersion": 3}
        policy = client.get(f"{url}:getIamPolicy", need=right, **version)
        return tuple(self.granted(client, policy, place, facts))

    def granted(
        self, client: CloudClient, policy: Item, place: str, facts: ProjectFacts
    ) -> Iterator[AccessGrant]:
        """The grants of one policy, after what is denied."""
        for binding in _bindings(policy):
            role = str(binding.get("role"))
            permissions, via = self._role(client, role), f"{role} on {place}"
            condition = _condition(binding.get("condition"))
            for member in binding.get("members") or () if permissions else ():
                for principal in _principals(str(member), facts):
                    yield from self._left(permissions or frozenset(), principal, via, condition, facts)

    def _left(
        self, permissions: frozenset[str], principal: str, via: str, condition: str, facts: ProjectFacts
    ) -> Iterator[AccessGrant]:
        """What a principal may do for certain, and what a denial may take away."""
        left, unread = remaining(permissions, principal, facts.denials), ""
        certain = self.vocabulary.action_set(left.certain)
        doubtful = tuple(one for one in self.vocabulary.action_set(left.doubtful) if one not in certain)
        if facts.undenied:
            unread = f"that no deny policy applies ({'; '.join(reason for reason, _ in facts.undenied)})"
        for actions, doubt in ((certain, ""), (doubtful, f"that {left.reason}")):
            if actions:
                on = "; ".join(filter(None, (condition, doubt, unread)))
                yield AccessGrant(principal=principal, actions=actions, via=via, condition=on)

    def unknown_roles(self) -> list[str]:
        """Roles of which nobody knows what they grant."""
        with self.lock:
            return sorted(role for role, actions in self.roles.items() if actions is None)

    def _role(self, client: CloudClient, role: str) -> frozenset[str] | None:
        with self.lock:
            if role in self.roles:
                return self.roles[role]
        permissions: frozenset[str] | None
        try:
            said = client.get(f"{self.cloud.at('iam')}/v1/{role}", need=need.ROLE)
            permissions = frozenset(said.get("includedPermissions") or ()) & self.vocabulary.actions.keys()
        except LockedOutError:
            raise
        except (AccessDeniedError, BackendProtocolError):
            permissions = self.vocabulary.known.get(role)
        with self.lock:
            self.roles[role] = permissions
        return permissions

    def _places(self, client: CloudClient, project: str, facts: ProjectFacts) -> Iterator[tuple[str, str]]:
        """The project and what is above it, each with the right to read its policy; as far as can be seen."""
        place = f"projects/{project}"
        for _ in range(_DEEPEST):
            looking, policing = _RIGHTS[place.partition("/")[0]]
            yield place, policing
            above = _noted(facts.unread, lambda: self._get(client, place, looking)) if looking else None  # noqa: B023 (called at once)
            place = str((above or {}).get("parent") or "")
            if place.partition("/")[0] not in _RIGHTS:
                return

    def _denials(self, client: CloudClient, place: str) -> tuple[Denial, ...]:
        """The rules of every deny policy attached to a place; a listing leaves the rules out."""
        attached = quote(f"cloudresourcemanager.googleapis.com/{place}", safe="")
        url = f"{self.cloud.at('iam')}/v2/policies/{attached}/denypolicies"
        names = [
            str(policy["name"]).rpartition("/")[2]
            for page in listed(client, url, need.DENIALS, "policies", page=_PAGE)
            for policy in page
        ]
        policies = [client.get(f"{url}/{quote(name, safe='')}", need=need.DENIAL) for name in names]
        return tuple(rule for policy in policies for rule in denials_of(policy, place))

    def _policy(self, client: CloudClient, place: str, right: str) -> Item:
        url = f"{self.cloud.at('cloudresourcemanager')}/v3/{place}:getIamPolicy"
        return client.post(url, {"options": {"requestedPolicyVersion": 3}}, need=right)

    def _get(self, client: CloudClient, place: str, right: str) -> Item:
        return client.get(f"{self.cloud.at('cloudresourcemanager')}/v3/{place}", need=right)


def _noted(refused: list[tuple[str, str]], read: Callable[[], T]) -> T | None:
    """What `read` gives; None, and the reason noted once, when a right is missing."""
    try:
        return read()
    except LockedOutError:
        raise
    except AccessDeniedError as error:
        if (error.message, error.hint) not in refused:
            refused.append((error.message, error.hint))
        return None


def _bindings(policy: Item) -> Iterable[Item]:
    listed: Iterable[Item] = policy.get("bindings") or ()
    return listed


def _members(policy: Item) -> dict[str, tuple[str, ...]]:
    """Role → its members, those of conditional bindings left out."""
    found: dict[str, tuple[str, ...]] = {}
    for binding in _bindings(policy):
        if not binding.get("condition"):
            role = str(binding.get("role"))
            found[role] = (*found.get(role, ()), *map(str, binding.get("members") or ()))
    return found


def _principals(member: str, facts: ProjectFacts) -> tuple[str, ...]:
    """The principals a member stands for; one that was deleted is none."""
    if member in _PUBLIC:
        return (ANYONE,)
    kind = member.partition(":")[0]
    if kind == "deleted":
        return ()
    if kind in _BASIC and facts.known:
        return tuple(one for one in facts.basic.get(_BASIC[kind], ()) if not one.startswith("deleted:"))
    return (member,)


def _condition(said: object) -> str:
    """The condition's title and expression (CEL), which nobody evaluates here."""
    if not isinstance(said, Mapping):
        return ""
    return ": ".join(str(said[key]) for key in ("title", "expression") if said.get(key)) or "unnamed"


def _trails(policy: Item, place: str, services: frozenset[str]) -> Iterator[AuditTrail]:
    """Reads of values are DATA_READ, which is off unless it is switched on:
    https://cloud.google.com/logging/docs/audit/configure-data-access. Who is exempted for all services is so for
    each, and the reverse: https://cloud.google.com/iam/docs/reference/rest/v1/Policy#AuditConfig.
    """
    reading = [
        (config["service"], log)
        for config in policy.get("auditConfigs") or ()
        if config.get("service") in services
        for log in config.get("auditLogConfigs") or ()
        if log.get("logType") == "DATA_READ"
    ]
    exempted = sorted({str(member) for _, log in reading for member in log.get("exemptedMembers") or ()})
    but = f", except for {', '.join(exempted)}" if exempted else ""
    for service, _ in reading:
        sink = f"Data Access audit log ({service} of {place}{but})"
        yield AuditTrail(sink=sink, enabled=True, covers_reads=not exempted)
