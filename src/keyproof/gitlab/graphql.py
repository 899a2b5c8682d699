"""Reading a connection of a GitLab project or group by GraphQL, page by page, also from servers that know less."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from keyproof.errors import AccessDeniedError, BackendProtocolError
from keyproof.gitlab import operations as ask
from keyproof.rest.client import RestClient
from keyproof.rest.paging import walk
from keyproof.rest.reading import entries

_UNKNOWN = re.compile(r"Field '(\w+)' doesn't exist")
_REFUSED = "The resource that you are attempting to access does not exist"
"""What GitLab's GraphQL says where a right is missing, if it does not say null."""


class UnansweredError(BackendProtocolError):
    """GitLab refuses a question as such, e.g. as it is too old to know a field."""


def nodes(client: RestClient, holder: str, path: str, connection: str) -> Iterator[Mapping[str, Any]]:
    """Every node of a connection of a `project` or `group`.

    Fields that only newer servers have are left out where GitLab does not know them. Raises AccessDeniedError where
    GitLab says null or that there is nothing, UnansweredError, CollectError.
    """
    without: frozenset[str] = frozenset()

    def read(after: str) -> Mapping[str, Any]:
        nonlocal without
        while True:
            question = ask.question(holder, connection, without=without)
            asked = {"query": question, "variables": {"path": path, "after": after or None}}
            body = client.ask(ask.GRAPHQL, json_body=asked).body
            unknown = _unknown(body) - without
            if not unknown or not unknown <= ask.NEWER:
                return _connection(client, body, holder, path, connection)
            without |= unknown

    def circle() -> BackendProtocolError:
        return client.strange("lists the same page again and again", connection)

    try:
        for found in walk("", read, _following, circle=circle):
            yield from entries(found, "nodes")
    except (KeyError, TypeError, ValueError):
        raise client.strange("has an unknown shape", connection) from None


def _following(found: Mapping[str, Any]) -> str:
    """The place of the next page. Raises KeyError, TypeError, ValueError."""
    page = found["pageInfo"]
    if page["hasNextPage"] and not page["endCursor"]:
        raise ValueError("more pages, and no place of the next one")
    return str(page["endCursor"]) if page["hasNextPage"] else ""


def _unknown(body: Any) -> frozenset[str]:
    """The fields that GitLab says it does not know; none where it says anything else too."""
    errors = body.get("errors") if isinstance(body, Mapping) else None
    if not isinstance(errors, list):
        return frozenset()
    named = [
        _UNKNOWN.search(str(error.get("message"))) if isinstance(error, Mapping) else None for error in errors
    ]
    return frozenset(one[1] for one in named if one) if all(named) else frozenset()


def _connection(client: RestClient, body: Any, holder: str, path: str, connection: str) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise client.strange("has an unknown shape", connection)
    need = ask.OPERATIONS[ask.GRAPHQL]
    nothing = f"{holder} {path} is not there, or the right '{need}' is missing: GitLab says {{}} to both"
    hint = f"check the path, and grant '{need}'"
    if body.get("errors"):
        first = body["errors"][0] if isinstance(body["errors"], list) else None
        said = str(first.get("message")) if isinstance(first, Mapping) else "no reason given"
        if said.startswith(_REFUSED):
            raise AccessDeniedError(nothing.format("the same"), scope=path, hint=hint)
        raise UnansweredError(
            f"GitLab cannot answer: {said[:300]}",
            scope=path,
            hint=f"upgrade GitLab, or leave {connection} out of families",
        )
    found = (body.get("data") or {}).get(holder)
    found = found.get(connection) if isinstance(found, Mapping) else None
    if found is None:
        raise AccessDeniedError(nothing.format("null"), scope=path, hint=hint)
    if not isinstance(found, Mapping):
        raise client.strange("has an unknown shape", connection)
    return found
