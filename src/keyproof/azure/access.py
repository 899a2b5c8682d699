"""Who reaches what in a key vault: access policies, role assignments and denials to grants.

Of a key, to read means to use its private part: the key itself never leaves the vault. Of a certificate, it means
to read the secret of the same name, which holds its private key.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from keyproof.azure.config import ObjectKind
from keyproof.domain.access import AccessGrant, Action
from keyproof.domain.roles import ANYONE

Item = Mapping[str, Any]

_EVERYBODY = "00000000-0000-0000-0000-000000000000"
"""The principal of a denial that holds for all."""
_VAULT = "Microsoft.KeyVault/vaults"
_CONTROL = {
    # Who may write these grants himself the rest: https://learn.microsoft.com/azure/key-vault/general/rbac-guide
    "Microsoft.Authorization/roleAssignments/write": Action.ADMIN,
    f"{_VAULT}/write": Action.ADMIN,
    f"{_VAULT}/accessPolicies/write": Action.ADMIN,
    f"{_VAULT}/delete": Action.ADMIN,
}
_DATA = {
    ObjectKind.SECRETS: {
        f"{_VAULT}/secrets/getSecret/action": Action.READ,
        f"{_VAULT}/secrets/readMetadata/action": Action.LIST,
        f"{_VAULT}/secrets/setSecret/action": Action.WRITE,
        f"{_VAULT}/secrets/update/action": Action.WRITE,
        f"{_VAULT}/secrets/restore/action": Action.WRITE,
        f"{_VAULT}/secrets/recover/action": Action.WRITE,
        f"{_VAULT}/secrets/delete": Action.ADMIN,
        f"{_VAULT}/secrets/purge/action": Action.ADMIN,
        f"{_VAULT}/secrets/backup/action": Action.ADMIN,
    },
    ObjectKind.KEYS: {
        f"{_VAULT}/keys/decrypt/action": Action.READ,
        f"{_VAULT}/keys/unwrap/action": Action.READ,
        f"{_VAULT}/keys/sign/action": Action.READ,
        f"{_VAULT}/keys/release/action": Action.READ,
        f"{_VAULT}/keys/read": Action.LIST,
        f"{_VAULT}/keys/create/action": Action.WRITE,
        f"{_VAULT}/keys/import/action": Action.WRITE,
        f"{_VAULT}/keys/rotate/action": Action.WRITE,
        f"{_VAULT}/keys/update/action": Action.WRITE,
        f"{_VAULT}/keys/restore/action": Action.WRITE,
        f"{_VAULT}/keys/recover/action": Action.WRITE,
        f"{_VAULT}/keyrotationpolicies/write": Action.WRITE,
        f"{_VAULT}/keys/delete": Action.ADMIN,
        f"{_VAULT}/keys/purge/action": Action.ADMIN,
        f"{_VAULT}/keys/backup/action": Action.ADMIN,
    },
    ObjectKind.CERTIFICATES: {
        f"{_VAULT}/secrets/getSecret/action": Action.READ,
        f"{_VAULT}/certificates/read": Action.LIST,
        f"{_VAULT}/certificates/create/action": Action.WRITE,
        f"{_VAULT}/certificates/import/action": Action.WRITE,
        f"{_VAULT}/certificates/update/action": Action.WRITE,
        f"{_VAULT}/certificates/restore/action": Action.WRITE,
        f"{_VAULT}/certificates/recover/action": Action.WRITE,
        f"{_VAULT}/certificates/delete": Action.ADMIN,
        f"{_VAULT}/certificates/purge/action": Action.ADMIN,
        f"{_VAULT}/certificates/backup/action": Action.ADMIN,
    },
}
_KNOWN = {kind: _CONTROL | data for kind, data in _DATA.items()}
_WRITING = ("restore", "recover", "update", "import", "create", "set", "rotate", "setrotationpolicy")
_GOVERNING = ("delete", "purge", "backup", "managecontacts", "manageissuers", "setissuers", "deleteissuers")
_POLICY = {
    ObjectKind.SECRETS: {"get": Action.READ, "list": Action.LIST},
    ObjectKind.KEYS: {
        **dict.fromkeys(("decrypt", "unwrapkey", "sign", "release"), Action.READ),
        **dict.fromkeys(("get", "list", "getrotationpolicy"), Action.LIST),
    },
    ObjectKind.CERTIFICATES: {"get": Action.LIST, "list": Action.LIST},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The grants of one vault, and what of them is not known."""

    everywhere: Mapping[ObjectKind, tuple[AccessGrant, ...]]
    inside: Mapping[tuple[ObjectKind, str], tuple[AccessGrant, ...]]
    """Kind and lower-case name → grants on this object alone."""
    unknown: tuple[str, ...] = ()
    """Roles that could not be read, and denials with conditions or exceptions."""

    def on(self, kind: ObjectKind, name: str) -> tuple[AccessGrant, ...]:
        """Who reaches the object, sorted."""
        own = self.inside.get((kind, name.lower()))
        return tuple(sorted({*self.everywhere[kind], *own})) if own else self.everywhere[kind]


def by_policies(vault: Item, assignments: Sequence[Item], roles: Mapping[str, Item]) -> Access:
    """The grants of a vault with access policies: these, and who may change them by a role."""
    by_role = by_assignments(vault, assignments, roles, (), data=False)
    found: dict[ObjectKind, tuple[AccessGrant, ...]] = {}
    for kind in ObjectKind:
        grants = set(by_role.everywhere[kind])
        for policy in (vault.get("properties") or {}).get("accessPolicies") or ():
            if actions := _policy_actions(kind, policy.get("permissions") or {}):
                who = str(policy.get("objectId"))
                if application := policy.get("applicationId"):
                    who += f" as {application}"
                grants.add(AccessGrant(principal=who, actions=actions, via="access policy"))
        found[kind] = tuple(sorted(grants))
    return Access(everywhere=found, inside={}, unknown=by_role.unknown)


def by_assignments(
    vault: Item,
    assignments: Sequence[Item],
    roles: Mapping[str, Item],
    denials: Sequence[Item],
    *,
    data: bool = True,
) -> Access:
    """The grants by roles; `roles` maps lower-case ids to definitions, `data` tells whether data actions count."""
    home = str(vault["id"]).lower()
    everywhere: dict[ObjectKind, set[AccessGrant]] = {kind: set() for kind in ObjectKind}
    inside: dict[tuple[ObjectKind, str], set[AccessGrant]] = {}
    unknown: set[str] = set()
    taken: dict[tuple[ObjectKind, str], set[str]] = {}

    def add(kind: ObjectKind, place: str, grant: AccessGrant) -> None:
        (inside.setdefault((kind, place), set()) if place else everywhere[kind]).add(grant)

    for denial in denials:
        for one in _denied(denial, home, unknown):
            if one.actions:
                via = f"denial {one.name}"
                grant = AccessGrant(principal=one.principal, actions=one.actions, via=via, effect="deny")
                add(one.kind, one.place, grant)
            if not one.place:
                taken.setdefault((one.kind, one.principal), set()).update(one.operations)
    for assignment in assignments:
        said = assignment.get("properties") or {}
        scope, role = str(said.get("scope") or "/"), roles.get(str(said.get("roleDefinitionId")).lower())
        if role is None:
            unknown.add(f"the role {said.get('roleDefinitionId')} could not be read")
            continue
        title, who = str((role.get("properties") or {}).get("roleName")), str(said.get("principalId"))
        for kind in ObjectKind:
            operations = _operations(kind, (role.get("properties") or {}).get("permissions") or (), data=data)
            operations -= taken.get((kind, who), set()) | taken.get((kind, ANYONE), set())
            actions, place = _actions(kind, operations), _place(scope, home, kind)
            if not actions or place is None:
                continue
            via = f"role {title} on {scope} ({said.get('principalType') or 'principal'})"
            grant = AccessGrant(
                principal=who, actions=actions, via=via, condition=str(said.get("condition") or "")
            )
            add(kind, place, grant)
    return Access(
        everywhere={kind: tuple(sorted(grants)) for kind, grants in everywhere.items()},
        inside={key: tuple(sorted(grants)) for key, grants in inside.items()},
        unknown=tuple(sorted(unknown)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Denial:
    """What one denial takes of objects of one kind from one principal."""

    name: str
    kind: ObjectKind
    place: str
    """The object it is for; empty for all."""
    principal: str
    operations: frozenset[str]
    actions: tuple[Action, ...]
    """Those of which it takes every operation."""


def _denied(denial: Item, home: str, unknown: set[str]) -> Iterator[_Denial]:
    said = denial.get("properties") or {}
    name, scope = str(said.get("denyAssignmentName") or denial.get("name")), str(said.get("scope") or "/")
    above = said.get("doNotApplyToChildScopes") is True and scope.lower() != home
    if above or str(said.get("denyAssignmentEffect") or "enforced").lower() != "enforced":
        return
    for kind in ObjectKind:
        operations = _operations(kind, said.get("permissions") or (), data=True)
        place = _place(scope, home, kind)
        if not operations or place is None:
            continue
        if (
            said.get("condition")
            or said.get("excludePrincipals")
            or said.get("doNotApplyToChildScopes") is True
        ):
            unknown.add(f"the denial {name} has a condition or exceptions that are not evaluated")
            continue
        left = _actions(kind, _KNOWN[kind].keys() - operations)
        actions = tuple(action for action in _actions(kind, operations) if action not in left)
        if place and len(actions) < len(_actions(kind, operations)):
            unknown.add(f"the denial {name} takes a part of what may be done with one object")
        for principal in said.get("principals") or ():
            who = str(principal.get("id"))
            yield _Denial(
                name=name,
                kind=kind,
                place=place,
                principal=ANYONE if who == _EVERYBODY else who,
                operations=frozenset(operations),
                actions=actions,
            )


def _place(scope: str, home: str, kind: ObjectKind) -> str | None:
    """The object an assignment is for: empty for all of them, None for those of another kind."""
    below = scope.lower().removeprefix(home)
    if below == scope.lower() or not below.strip("/"):
        return ""
    # A certificate's key is read as the secret of its name.
    held, _, name = below.strip("/").partition("/")
    return name if held == kind or (held == "secrets" and kind is ObjectKind.CERTIFICATES) else None


def _actions(kind: ObjectKind, operations: Iterable[str]) -> tuple[Action, ...]:
    return tuple(sorted({_KNOWN[kind][operation] for operation in operations}))


def _operations(kind: ObjectKind, permissions: Iterable[Item], *, data: bool) -> set[str]:
    found: set[str] = set()
    for part in permissions:
        found |= _matched(_CONTROL, part.get("actions") or (), part.get("notActions") or ())
        if data:
            found |= _matched(_DATA[kind], part.get("dataActions") or (), part.get("notDataActions") or ())
    return found


def _matched(known: Iterable[str], wanted: Iterable[str], excepted: Iterable[str]) -> set[str]:
    """The operations some pattern of `wanted` meets and none of `excepted`."""
    want, drop = [_glob(one) for one in wanted], [_glob(one) for one in excepted]
    return {
        operation
        for operation in known
        if any(glob.fullmatch(operation) for glob in want)
        and not any(glob.fullmatch(operation) for glob in drop)
    }


def _policy_actions(kind: ObjectKind, permissions: Item) -> tuple[Action, ...]:
    own = {str(word).lower() for word in permissions.get(kind.value) or ()}
    known = {
        **dict.fromkeys(_WRITING, Action.WRITE),
        **dict.fromkeys(_GOVERNING, Action.ADMIN),
        **_POLICY[kind],
    }
    found = {known[word] for word in own if word in known}
    if "all" in own:
        found = set(known.values())
    if kind is ObjectKind.CERTIFICATES:
        secrets = {str(word).lower() for word in permissions.get(ObjectKind.SECRETS.value) or ()}
        found |= {Action.READ} if secrets & {"get", "all"} else set()
    return tuple(sorted(found))


@lru_cache(maxsize=4096)
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.IGNORECASE)
