"""What each path of an engine does with a secret: one table for who may, by policies, and who did, by the log."""

from collections.abc import Iterable, Iterator, Mapping

from keyproof.domain.access import Action

Uses = Mapping[tuple[str, str], Action]
"""Path from the root namespace and operation (in policies: capability) → what that is to the secret."""

_WRITING = ("create", "update", "patch")


def kv_uses(*, version: int, mount: str, path: str) -> Uses:
    """Of the KV secret `path` of `mount` (its namespace in front, `/` at its end)."""
    if version == 1:
        return dict(_data(mount + path))
    found = dict(_data(f"{mount}data/{path}"))
    found |= _each(f"{mount}metadata/{path}", {Action.LIST: ("read",), Action.ADMIN: (*_WRITING, "delete")})
    found |= _each(f"{mount}subkeys/{path}", {Action.LIST: ("read",)})
    for verb in ("delete", "undelete", "destroy"):
        found |= _each(f"{mount}{verb}/{path}", {Action.ADMIN: _WRITING})
    return found


def static_role_uses(mount: str, name: str) -> Uses:
    """Of a database role with one account whose password the server changes."""
    return {
        **_each(f"{mount}static-creds/{name}", {Action.READ: ("read",)}),
        **_each(f"{mount}rotate-role/{name}", {Action.WRITE: _WRITING}),
        **_settings(f"{mount}static-roles/{name}"),
    }


def dynamic_role_uses(mount: str, name: str) -> Uses:
    """Of a database role that makes an account for each reader."""
    return {
        **_each(f"{mount}creds/{name}", {Action.READ: ("read",)}),
        **_settings(f"{mount}roles/{name}"),
    }


def connection_uses(mount: str, name: str) -> Uses:
    """Of the account by which the server reaches a database; nobody reads its password again."""
    return {
        **_each(f"{mount}rotate-root/{name}", {Action.WRITE: _WRITING}),
        **_settings(f"{mount}config/{name}"),
    }


def transit_uses(mount: str, name: str) -> Uses:
    """Of a transit key: to use it counts as reading, and so does taking it away."""
    found = dict(_settings(f"{mount}keys/{name}"))
    found |= _each(f"{mount}keys/{name}/config", {Action.ADMIN: _WRITING})
    found |= _each(f"{mount}keys/{name}/trim", {Action.ADMIN: _WRITING})
    found |= _each(f"{mount}keys/{name}/rotate", {Action.WRITE: _WRITING})
    for verb in ("decrypt", "encrypt", "rewrap", "sign", "hmac", "datakey/plaintext", "datakey/wrapped"):
        found |= _each(f"{mount}{verb}/{name}", {Action.READ: _WRITING})
    for kind in ("encryption-key", "signing-key", "hmac-key"):
        found |= _each(f"{mount}export/{kind}/{name}", {Action.READ: ("read",)})
    return found | _each(f"{mount}backup/{name}", {Action.READ: ("read",)})


def pki_role_uses(mount: str, name: str) -> Uses:
    """Of a PKI role: whoever gets a certificate by it uses it."""
    issue: dict[tuple[str, str], Action] = {}
    for verb in ("issue", "sign"):
        issue |= _each(f"{mount}{verb}/{name}", {Action.READ: _WRITING})
    return {**issue, **_settings(f"{mount}roles/{name}")}


def _data(path: str) -> Uses:
    return _each(path, {Action.READ: ("read",), Action.WRITE: _WRITING, Action.ADMIN: ("delete",)})


def _settings(path: str) -> Uses:
    return _each(path, {Action.LIST: ("read",), Action.ADMIN: (*_WRITING, "delete")})


def _each(path: str, actions: Mapping[Action, Iterable[str]]) -> dict[tuple[str, str], Action]:
    return dict(_pairs(path, actions))


def _pairs(path: str, actions: Mapping[Action, Iterable[str]]) -> Iterator[tuple[tuple[str, str], Action]]:
    for action, operations in actions.items():
        for operation in operations:
            yield (path, operation), action
