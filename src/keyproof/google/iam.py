"""Who reaches what at Google Cloud: IAM policies of secrets, projects, folders and organisations to grants.

Denial policies only take away, and are not read: a grant may be more than is possible.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from keyproof.domain.access import AccessGrant, Action, AuditTrail
from keyproof.domain.roles import ANYONE
from keyproof.errors import AccessDeniedError
from keyproof.google import permissions as need
from keyproof.google.connection import GoogleCloud, translated
from keyproof.rest.cloud import CloudClient, LockedOutError, RefusedError

_ACTIONS = {
    "secretmanager.versions.access": Action.READ,
    "secretmanager.secrets.get": Action.LIST,
    "secretmanager.secrets.list": Action.LIST,
    "secretmanager.versions.get": Action.LIST,
    "secretmanager.versions.list": Action.LIST,
    "secretmanager.versions.add": Action.WRITE,
    "secretmanager.versions.enable": Action.WRITE,
    "secretmanager.secrets.update": Action.WRITE,
    "secretmanager.versions.disable": Action.ADMIN,
    "secretmanager.versions.destroy": Action.ADMIN,
    "secretmanager.secrets.delete": Action.ADMIN,
    "secretmanager.secrets.setIamPolicy": Action.ADMIN,
    "resourcemanager.projects.setIamPolicy": Action.ADMIN,
    "resourcemanager.folders.setIamPolicy": Action.ADMIN,
    "resourcemanager.organizations.setIamPolicy": Action.ADMIN,
}
_ALL = tuple(sorted(Action))
_KNOWN = {
    "roles/owner": _ALL,
    "roles/editor": (Action.ADMIN, Action.LIST, Action.WRITE),
    "roles/viewer": (Action.LIST,),
    "roles/secretmanager.admin": _ALL,
    "roles/secretmanager.secretAccessor": (Action.READ,),
    "roles/secretmanager.viewer": (Action.LIST,),
    "roles/secretmanager.secretVersionAdder": (Action.WRITE,),
    "roles/secretmanager.secretVersionManager": (Action.ADMIN, Action.LIST, Action.WRITE),
}
"""What to go by where `iam.roles.get` is missing: https://cloud.google.com/secret-manager/docs/access-control."""
_PUBLIC = frozenset({"allUsers", "allAuthenticatedUsers"})
_BASIC = {"projectOwner": "roles/owner", "projectEditor": "roles/editor", "projectViewer": "roles/viewer"}
_SERVICES = frozenset({"allServices", "secretmanager.googleapis.com"})
_RIGHTS = {
    "projects": (need.PROJECT, need.PROJECT_POLICY),
    "folders": (need.FOLDER, need.FOLDER_POLICY),
    "organizations": ("", need.ORGANISATION_POLICY),
}
_DEEPEST = 12
"""Folders nest at most ten deep."""

Item = Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class ProjectFacts:
    """What holds for all secrets of a project."""

    grants: tuple[AccessGrant, ...] = ()
    audit: tuple[AuditTrail, ...] = ()
    unread: list[tuple[str, str]] = field(default_factory=list)
    """Why policies above could not be read, each with what to do."""
    known: bool = False
    """Whether the policy of the project itself was read."""
    basic: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Basic role → its members, whom a secret's policy may name together."""


@dataclass(slots=True, kw_only=True)
class Iam:
    """Policies and roles, each asked for once; what belongs to one source."""

    cloud: GoogleCloud
    roles: dict[str, tuple[Action, ...] | None] = field(default_factory=dict)
    """None for a role that could not be read."""
    lock: Lock = field(default_factory=Lock)

    def project(self, client: CloudClient, project: str) -> ProjectFacts:
        """What the project and everything above it grants and records. Raises CollectError when Google goes away."""
        facts, grants, trails = ProjectFacts(), set[AccessGrant](), list[AuditTrail]()
        place: str = f"projects/{project}"
        for _ in range(_DEEPEST):
            looking, policing = _RIGHTS[place.partition("/")[0]]
            policy = self._noted(facts, lambda: self._policy(client, place, policing))  # noqa: B023 (called at once)
            if policy is not None:
                if place.startswith("projects/"):
                    facts.known, facts.basic = True, _members(policy)
                grants.update(self.granted(client, policy, place, facts))
                trails.extend(_trails(policy, place))
            above = self._noted(facts, lambda: self._get(client, place, looking)) if looking else None  # noqa: B023 (same)
            place = str((above or {}).get("parent") or "")
            if place.partition("/")[0] not in _RIGHTS:
                break
        facts.grants = tuple(sorted(grants))
        facts.audit = tuple(trails) or (
            AuditTrail(sink="Data Access audit log", enabled=False, covers_reads=False),
        )
        return facts

    def secret(self, client: CloudClient, url: str, facts: ProjectFacts) -> tuple[AccessGrant, ...]:
        """The grants on one secret: its own and the project's. Raises AccessDeniedError."""
        try:
            version: dict[str, str | int] = {"options.requestedPolicyVersion": 3}
            policy = client.get(f"{url}:getIamPolicy", need=need.SECRET_POLICY, **version)
        except RefusedError as refusal:
            raise translated(refusal, scope=client.scope, server=url) from None
        own = set(self.granted(client, policy, "the secret", facts))
        return tuple(sorted({*facts.grants, *own})) if own else facts.grants

    def granted(
        self, client: CloudClient, policy: Item, place: str, facts: ProjectFacts
    ) -> Iterator[AccessGrant]:
        """The grants of one policy."""
        for binding in _bindings(policy):
            role = str(binding.get("role"))
            actions = self._role(client, role)
            for member in binding.get("members") or () if actions else ():
                for principal in _principals(str(member), facts):
                    yield AccessGrant(
                        principal=principal,
                        actions=actions or (),
                        via=f"{role} on {place}",
                        condition=_condition(binding.get("condition")),
                    )

    def unknown_roles(self) -> list[str]:
        """Roles of which nobody knows what they grant."""
        with self.lock:
            return sorted(role for role, actions in self.roles.items() if actions is None)

    def _role(self, client: CloudClient, role: str) -> tuple[Action, ...] | None:
        with self.lock:
            if role in self.roles:
                return self.roles[role]
        actions: tuple[Action, ...] | None
        try:
            said = client.get(f"{self.cloud.at('iam')}/v1/{role}", need=need.ROLE)
            rights = said.get("includedPermissions") or ()
            actions = tuple(sorted({_ACTIONS[right] for right in rights if right in _ACTIONS}))
        except RefusedError:
            actions = _KNOWN.get(role)
        with self.lock:
            self.roles[role] = actions
        return actions

    def _noted(self, facts: ProjectFacts, read: Callable[[], Item]) -> Item | None:
        try:
            return read()
        except LockedOutError:
            raise
        except AccessDeniedError as error:
            facts.unread.append((error.message, error.hint))
            return None

    def _policy(self, client: CloudClient, place: str, right: str) -> Item:
        url = f"{self.cloud.at('cloudresourcemanager')}/v3/{place}:getIamPolicy"
        try:
            return client.post(url, {"options": {"requestedPolicyVersion": 3}}, need=right)
        except RefusedError as refusal:
            raise translated(refusal, scope=client.scope, server=place) from None

    def _get(self, client: CloudClient, place: str, right: str) -> Item:
        try:
            return client.get(f"{self.cloud.at('cloudresourcemanager')}/v3/{place}", need=right)
        except RefusedError as refusal:
            raise translated(refusal, scope=client.scope, server=place) from None


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


def _trails(policy: Item, place: str) -> Iterator[AuditTrail]:
    """Reads of values are DATA_READ, which is off unless it is switched on:
    https://cloud.google.com/logging/docs/audit/configure-data-access.
    """
    for config in policy.get("auditConfigs") or ():
        if config.get("service") not in _SERVICES:
            continue
        for log in config.get("auditLogConfigs") or ():
            if log.get("logType") == "DATA_READ":
                exempted = sorted(str(member) for member in log.get("exemptedMembers") or ())
                but = f", except for {', '.join(exempted)}" if exempted else ""
                sink = f"Data Access audit log ({config['service']} of {place}{but})"
                yield AuditTrail(sink=sink, enabled=True, covers_reads=not exempted)
