"""Who reaches which Secret by Kubernetes' RBAC: roles, bindings, groups and service accounts to grants."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from keyproof.domain.access import AccessGrant, Action
from keyproof.domain.roles import ANYONE

_VERBS = {
    "get": (Action.READ,),
    # Listing and watching send every value: https://kubernetes.io/docs/concepts/security/rbac-good-practices/#listing-secrets
    "list": (Action.READ, Action.LIST),
    "watch": (Action.READ, Action.LIST),
    "create": (Action.WRITE,),
    "update": (Action.WRITE,),
    "patch": (Action.WRITE,),
    "delete": (Action.ADMIN,),
    "deletecollection": (Action.ADMIN,),
    "*": tuple(Action),
}
_NAMELESS = frozenset({"create", "deletecollection"})
"""Requests that name no object, so a rule with `resourceNames` never allows them."""
_EVERYONE = frozenset({"system:authenticated", "system:unauthenticated"})
_ACCOUNTS = "system:serviceaccounts"
_WORKLOADS = frozenset(
    {"deployments", "statefulsets", "daemonsets", "replicasets", "jobs", "cronjobs", "replicationcontrollers"}
)
_MAKING = frozenset({"create", "update", "patch"})
_DETOURS = (
    (frozenset({"pods"}), frozenset({"create"}), "may start pods that mount it"),
    (_WORKLOADS, _MAKING, "may start pods that mount it"),
    (frozenset({"pods/exec", "pods/attach"}), frozenset({"create", "get"}), "may enter pods that mount it"),
    (frozenset({"pods/ephemeralcontainers"}), _MAKING, "may enter pods that mount it"),
    (frozenset({"serviceaccounts/token"}), frozenset({"create"}), "may make tokens of service accounts"),
    (
        frozenset({"users", "groups", "serviceaccounts"}),
        frozenset({"impersonate"}),
        "may act as somebody else",
    ),
    (
        frozenset({"roles", "clusterroles"}),
        frozenset({"escalate", "bind"}),
        "may grant itself the right to read it",
    ),
)
"""Resources, verbs and why they lead to a value: kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks."""

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RbacObjects:
    """What the server lists, as it sends it."""

    cluster_roles: tuple[Object, ...]
    roles: tuple[Object, ...]
    cluster_bindings: tuple[Object, ...]
    bindings: tuple[Object, ...]
    accounts: tuple[tuple[str, str], ...] = ()
    """Namespace and name of the service accounts, to name the members of their groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Power:
    """What one rule allows on secrets."""

    actions: tuple[Action, ...]
    names: frozenset[str] | None = None
    """None for all."""
    why: str = ""
    """How it leads to a value, where it does so in two steps."""


@dataclass(frozen=True, slots=True)
class _Holding:
    principals: tuple[str, ...]
    power: _Power
    via: str


@dataclass(slots=True)
class Rbac:
    """Grants on Secrets by namespace and name, worked out once for each distinct set."""

    objects: RbacObjects
    indirect: bool
    """Whether ways in two steps count as reading."""
    detours: int = 0
    """How many bindings lead to a value in two steps, where these do not count."""
    _everywhere: list[_Holding] = field(default_factory=list)
    _inside: dict[str, list[_Holding]] = field(default_factory=dict)
    _made: dict[tuple[str, frozenset[int]], tuple[AccessGrant, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        cluster_roles = {_name(role): role for role in self.objects.cluster_roles}
        roles = {(_namespace(role), _name(role)): role for role in self.objects.roles}
        cluster = {
            name: tuple(self._powers(_rules(role, cluster_roles))) for name, role in cluster_roles.items()
        }
        local = {key: tuple(self._powers(role.get("rules") or ())) for key, role in roles.items()}
        for binding in self.objects.cluster_bindings:
            role = binding.get("roleRef") or {}
            via = f"ClusterRoleBinding {_name(binding)} → ClusterRole {role.get('name')}"
            self._everywhere += self._holdings(binding, cluster.get(str(role.get("name")), ()), via)
        for binding in self.objects.bindings:
            role, space = binding.get("roleRef") or {}, _namespace(binding)
            named = str(role.get("name"))
            powers = (
                cluster.get(named, ()) if role.get("kind") == "ClusterRole" else local.get((space, named), ())
            )
            via = f"RoleBinding {space}/{_name(binding)} → {role.get('kind')} {named}"
            self._inside.setdefault(space, []).extend(self._holdings(binding, powers, via))

    def on(self, namespace: str, name: str) -> tuple[AccessGrant, ...]:
        """Who reaches the Secret `name`, sorted. Members of system:masters always do, whatever the bindings say."""
        holdings = [*self._everywhere, *self._inside.get(namespace, ())]
        chosen = frozenset(
            index
            for index, holding in enumerate(holdings)
            if holding.power.names is None or name in holding.power.names
        )
        key = (namespace, chosen)
        if key not in self._made:
            self._made[key] = tuple(sorted(set(_grants(holdings[index] for index in sorted(chosen)))))
        return self._made[key]

    def _holdings(self, binding: Object, powers: Iterable[_Power], via: str) -> Iterator[_Holding]:
        principals = tuple(dict.fromkeys(self._principals(binding)))
        for power in powers:
            if power.why and not self.indirect:
                self.detours += 1
            elif principals:
                yield _Holding(principals, power, via)

    def _principals(self, binding: Object) -> Iterator[str]:
        for subject in binding.get("subjects") or ():
            name = str(subject.get("name"))
            match subject.get("kind"):
                case "ServiceAccount":
                    yield _account(str(subject.get("namespace") or _namespace(binding)), name)
                case "Group" if name in _EVERYONE:
                    yield ANYONE
                case "Group":
                    yield f"group:{name}"
                    yield from self._members(name)
                case _:
                    yield ANYONE if name == "system:anonymous" else name

    def _members(self, group: str) -> Iterator[str]:
        """The service accounts of a group that Kubernetes makes of them; other groups have members elsewhere."""
        for namespace, name in self.objects.accounts:
            if group in {_ACCOUNTS, f"{_ACCOUNTS}:{namespace}"}:
                yield _account(namespace, name)

    def _powers(self, rules: Iterable[Object]) -> Iterator[_Power]:
        for rule in rules:
            groups, resources = set(rule.get("apiGroups") or ()), set(rule.get("resources") or ())
            verbs = set(rule.get("verbs") or ())
            names = frozenset(rule.get("resourceNames") or ()) or None
            if groups & {"", "*"} and resources & {"secrets", "*"}:
                if names is not None:
                    verbs -= _NAMELESS
                actions = sorted({action for verb in verbs for action in _VERBS.get(verb, ())})
                if actions:
                    yield _Power(actions=tuple(actions), names=names)
            yield from (_Power(actions=(Action.READ,), why=why) for why in _detours(resources, verbs))


def _detours(resources: set[str], verbs: set[str]) -> Iterator[str]:
    found = {
        why for targets, needed, why in _DETOURS if (targets | {"*"}) & resources and (needed | {"*"}) & verbs
    }
    return iter(sorted(found))


def _rules(role: Object, known: Mapping[str, Object]) -> Iterator[Object]:
    """The rules of a role, and of those it aggregates: a controller copies them in, later or never."""
    yield from role.get("rules") or ()
    for selector in (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ():
        for other in known.values():
            if other is not role and selects(selector, (other.get("metadata") or {}).get("labels") or {}):
                yield from other.get("rules") or ()


def selects(selector: Object, labels: Mapping[str, str]) -> bool:
    """Whether a label selector meets `labels`."""
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_meets(demand, labels) for demand in selector.get("matchExpressions") or ())


def _meets(demand: Object, labels: Mapping[str, str]) -> bool:
    value, values = labels.get(str(demand.get("key"))), demand.get("values") or ()
    match demand.get("operator"):
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:
            return value is None


def _grants(holdings: Iterable[_Holding]) -> Iterator[AccessGrant]:
    yield AccessGrant(
        principal="group:system:masters", actions=tuple(sorted(Action)), via="built into the API server"
    )
    for holding in holdings:
        why = f" ({holding.power.why})" if holding.power.why else ""
        for principal in holding.principals:
            yield AccessGrant(principal=principal, actions=holding.power.actions, via=holding.via + why)


def _account(namespace: str, name: str) -> str:
    return f"system:serviceaccount:{namespace}:{name}"


def _name(body: Object) -> str:
    return str((body.get("metadata") or {}).get("name"))


def _namespace(body: Object) -> str:
    return str((body.get("metadata") or {}).get("namespace"))
