"""Who holds which policies in a Vault or OpenBao namespace: auth roles, users, identity entities and groups."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Protocol

from keyproof.errors import AccessDeniedError


class Reader(Protocol):
    """Reads one namespace of a server."""

    def keys(self, path: str) -> list[str]:
        """What `path` lists; empty when nothing is there.

        Raises AccessDeniedError naming the missing capability.
        """
        ...

    def read(self, path: str) -> Mapping[str, Any] | None:
        """The data at `path`, None when there is none. Raises AccessDeniedError naming the missing capability."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Somebody who gets a token with these policies."""

    principal: str
    policies: frozenset[str]
    alias: tuple[str, str] = ("", "")
    """Auth mount and name by which identity knows a user; empty where the name is not visible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceAccess:
    """The holders and policies of one namespace, and what could not be read."""

    holders: tuple[Holder, ...]
    policies: Mapping[str, str]
    """Name → text."""
    unread_policies: tuple[str, ...]
    """Why policies are missing: with any reason here nothing is known about what holders may do."""
    unread_holders: tuple[str, ...]
    """Why holders are missing: what is known of the others still holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folder:
    """Where an auth method keeps what policies are bound to."""

    list: str
    read: str
    fields: tuple[str, ...] = ("token_policies", "policies")
    users: bool = False
    """Whether the names are those that identity uses for aliases."""


_ROLE = (_Folder(list="role", read="role"),)
_ROLES = (_Folder(list="roles", read="role"),)
_USERS_AND_GROUPS = (_Folder(list="users", read="users", users=True), _Folder(list="groups", read="groups"))
_METHODS: Mapping[str, tuple[_Folder, ...]] = {
    "alicloud": _ROLE,
    "approle": _ROLE,
    "aws": _ROLES,
    "azure": _ROLE,
    "cert": (_Folder(list="certs", read="certs"),),
    "cf": (_Folder(list="roles", read="roles"),),
    "gcp": _ROLES,
    "github": (
        _Folder(list="map/teams", read="map/teams", fields=("value",)),
        _Folder(list="map/users", read="map/users", fields=("value",)),
    ),
    "jwt": _ROLE,
    "kerberos": (_Folder(list="groups", read="groups"),),
    "kubernetes": _ROLE,
    "ldap": _USERS_AND_GROUPS,
    "oci": _ROLE,
    "oidc": _ROLE,
    "okta": _USERS_AND_GROUPS,
    "radius": (_Folder(list="users", read="users", users=True),),
    "saml": _ROLE,
    "token": (_Folder(list="roles", read="roles", fields=("allowed_policies", "allowed_policies_glob")),),
    "userpass": (_Folder(list="users", read="users", users=True),),
}
"""Auth method type → its folders, by each method's API page under https://developer.hashicorp.com/vault/api-docs/auth."""

READS = tuple(sorted({folder.read for folders in _METHODS.values() for folder in folders}))
"""Folders below an auth mount from which single entries are read."""
LISTS = tuple(sorted({folder.list for folders in _METHODS.values() for folder in folders}))
"""Folders below an auth mount that are listed."""


def read_namespace(reader: Reader, *, namespace: str) -> NamespaceAccess:
    """Read every policy and everybody who gets one in `namespace` (empty or ending in `/`).

    A denied part is a problem in the result; other errors of the reader are raised.
    """
    texts, people = _Careful(reader), _Careful(reader)
    policies = {name: str(data.get("policy") or "") for name, data in _details(texts, "sys/policies/acl")}
    holders = _with_identity(list(_auth_holders(people)), people)
    return NamespaceAccess(
        holders=tuple(
            replace(
                holder,
                principal=namespace + holder.principal,
                policies=_expanded(holder.policies, policies),
            )
            for holder in sorted(holders, key=lambda holder: holder.principal)
        ),
        policies=policies,
        unread_policies=tuple(texts.problems),
        unread_holders=tuple(people.problems),
    )


def _expanded(names: frozenset[str], known: Iterable[str]) -> frozenset[str]:
    """The names with the globs of token roles replaced by the policies they mean."""
    globs = [name for name in names if "*" in name]
    return names - set(globs) | {name for name in known for glob in globs if fnmatchcase(name, glob)}


class _Careful:
    """A reader that keeps what was denied instead of ending."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.problems: dict[str, None] = {}

    def keys(self, path: str) -> list[str]:
        """What `path` lists; nothing when that was denied."""
        try:
            return self._reader.keys(path)
        except AccessDeniedError as error:
            self.problems[error.message] = None
            return []

    def read(self, path: str) -> Mapping[str, Any] | None:
        """The data at `path`; None when there is none or it was denied."""
        try:
            return self._reader.read(path)
        except AccessDeniedError as error:
            self.problems[error.message] = None
            return None


def _auth_holders(reader: _Careful) -> Iterator[Holder]:
    methods = reader.read("sys/auth") or {}
    for mount, method in sorted(methods.items()):
        kind = str(method.get("type", "")).removeprefix("ns_") if isinstance(method, Mapping) else ""
        folders = _METHODS.get(kind)
        if folders is None:
            reader.problems[f"keyproof cannot read who logs in by auth/{mount}, of type '{kind}'"] = None
            continue
        for folder in folders:
            yield from _folder_holders(reader, mount, folder)


def _folder_holders(reader: _Careful, mount: str, folder: _Folder) -> Iterator[Holder]:
    for name in reader.keys(f"auth/{mount}{folder.list}"):
        path = f"auth/{mount}{folder.read}/{name}"
        data = reader.read(path)
        if data is None:
            continue
        policies = {policy for key in folder.fields for policy in _names(data.get(key))}
        if not data.get("token_no_default_policy"):
            policies.add("default")
        alias = (f"auth/{mount}", name) if folder.users else ("", "")
        yield Holder(principal=path, policies=frozenset(policies), alias=alias)


def _names(value: Any) -> list[str]:
    """Policy names from a list or from text with commas, in lower case as the servers keep them."""
    if isinstance(value, str):
        value = value.split(",")
    return [str(name).strip().lower() for name in value or () if str(name).strip()]


def _with_identity(holders: list[Holder], reader: _Careful) -> list[Holder]:
    """The holders, users with the policies identity adds to theirs, and identity's own entities and groups."""
    groups = dict(_details(reader, "identity/group/id"))
    inherited = {id_: _inherited(id_, groups, set()) for id_ in groups}
    found = [
        _identity_holder("group", id_, data, inherited[id_]) for id_, data in groups.items() if inherited[id_]
    ]
    by_alias: dict[tuple[str, str], set[str]] = {}
    for id_, data in _details(reader, "identity/entity/id"):
        member_of = (inherited.get(group, set()) for group in data.get("group_ids") or ())
        own = set(_names(data.get("policies"))).union(*member_of)
        if data.get("disabled") or not own:
            continue
        found.append(_identity_holder("entity", id_, data, own))
        for alias in data.get("aliases") or ():
            by_alias[(str(alias.get("mount_path")), str(alias.get("name")))] = own
    merged = [
        replace(holder, policies=holder.policies | by_alias.get(holder.alias, set())) for holder in holders
    ]
    return merged + found


def _identity_holder(kind: str, id_: str, data: Mapping[str, Any], policies: set[str]) -> Holder:
    # Whoever logs in as this also carries `default`, unless the role says otherwise, which is not known here.
    return Holder(
        principal=f"identity/{kind}/{data.get('name') or id_}", policies=frozenset(policies | {"default"})
    )


def _details(reader: _Careful, folder: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for id_ in reader.keys(folder):
        data = reader.read(f"{folder}/{id_}")
        if data is not None:
            yield id_, data


def _inherited(id_: str, groups: Mapping[str, Mapping[str, Any]], seen: set[str]) -> set[str]:
    """Policies of a group and of the groups it is a member of: members get those as well."""
    if id_ in seen or id_ not in groups:
        return set()
    seen.add(id_)
    parents: Iterable[str] = groups[id_].get("parent_group_ids") or ()
    return set(_names(groups[id_].get("policies"))).union(*(_inherited(one, groups, seen) for one in parents))
