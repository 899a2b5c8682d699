"""What keyproof asks of Doppler, and the right that each question takes; listings come page by page.

Left out on purpose: the log of a configuration, which tells old and new values, and all that tells values.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from keyproof.errors import BackendProtocolError
from keyproof.rest.client import RestClient
from keyproof.rest.paging import walk
from keyproof.rest.reading import entries

CONFIGS = "GET /v3/configs"
CONFIG = "GET /v3/configs/config"
NAMES = "GET /v3/configs/config/secrets/names?include_managed_secrets=false&include_dynamic_secrets=false"
TOKENS = "GET /v3/configs/config/tokens"
MEMBERS = "GET /v3/projects/project/members"
PROJECT_ROLES = "GET /v3/projects/roles"
USERS = "GET /v3/workplace/users"
ACCOUNTS = "GET /v3/workplace/service_accounts"
ACCOUNT_TOKENS = "GET /v3/workplace/service_accounts/service_account/{account}/tokens"
GROUPS = "GET /v3/workplace/groups"
_VIEWER = "role Viewer of the project"
_TEAM = "permission of the workplace to see its team"
OPERATIONS = {
    CONFIGS: _VIEWER,
    CONFIG: _VIEWER,
    NAMES: _VIEWER,
    TOKENS: "right to see the project's service tokens",
    MEMBERS: "right to see the project's members",
    PROJECT_ROLES: _TEAM,
    USERS: _TEAM,
    GROUPS: _TEAM,
    ACCOUNTS: "permission of the workplace to see its service accounts",
    ACCOUNT_TOKENS: "permission of the workplace to see the tokens of service accounts",
}
"""Operation → what the token takes."""
_PAGE = {"per_page": 100}
_ONE_SIZE = frozenset({USERS})
"""Listings whose pages have the size that Doppler chooses."""


def listed(
    client: RestClient,
    operation: str,
    key: str,
    query: Mapping[str, str] | None = None,
    *,
    parts: Mapping[str, str] | None = None,
) -> Iterator[Mapping[str, Any]]:
    """Every entry of a listing, until a page is empty: how long a page may be Doppler does not publish.

    Raises ValueError for an answer of another shape, CollectError.
    """
    size: Mapping[str, int] = {} if operation in _ONE_SIZE else _PAGE

    def read(place: str) -> tuple[int, Sequence[Mapping[str, Any]]]:
        asked: Mapping[str, str | int] = {**(query or {}), **size, "page": place}
        return int(place), entries(client.ask(operation, parts, query=asked).body, key)

    def circle() -> BackendProtocolError:
        return client.strange("lists the same page again and again", operation)

    before: Sequence[Mapping[str, Any]] = ()
    for _, found in walk("1", read, lambda page: str(page[0] + 1) if page[1] else "", circle=circle):
        if found and found == before:
            raise circle()
        yield from found
        before = found
