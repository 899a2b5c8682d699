"""Reads the variables of Conjur as a role that may see them without their values."""

import base64
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from pydantic import Field, field_validator

from keyproof.domain.access import AccessGrant, Action
from keyproof.domain.assessment import Collected
from keyproof.domain.duration import parse_duration
from keyproof.domain.secret import Encryption, Rotation, SecretMetadata, SecretVersion, VersionState
from keyproof.domain.verdict import Evidence
from keyproof.ports import Surroundings
from keyproof.rest import client as rest
from keyproof.rest.client import RestClient, Server
from keyproof.rest.config import RestConfig, checked_address
from keyproof.rest.reading import entries, moment, wanted

_LOGIN = "POST /authn/{account}/{login}/authenticate"
_VARIABLES = "GET /resources/{account}?kind=variable"
_ROLES = "GET /resources/{account}/variable/{variable}?permitted_roles=true"
_READ = "privilege read on the variables, without execute"
_OPERATIONS = {_LOGIN: "role with an API key", _VARIABLES: _READ, _ROLES: _READ}
_PRIVILEGES = {"execute": Action.READ, "read": Action.LIST, "update": Action.WRITE}
"""https://docs.cyberark.com/conjur-open-source/latest/en/content/operations/policy/statement-ref-permit.htm"""
_PEOPLE = frozenset({"user", "host"})
"""Kinds of roles that log in; groups, layers and policies only hand on what they were granted."""
_UNREAD = {
    "facts": "Conjur tells no time at which a value was written",
    "last_accessed_at": "Conjur tells the use of variables in its audit log only, which is not read",
}
_MEMBERS = "members of groups and layers are not resolved; permitted-roles does so"

Object = Mapping[str, Any]


class ConjurConfig(RestConfig):
    """The keys of a source of kind conjur; CONJUR_AUTHN_LOGIN and CONJUR_AUTHN_API_KEY hold the credentials."""

    address: str
    """Of the server, e.g. https://conjur.example."""
    account: str = Field(min_length=1)
    """The account, as in the ids of resources."""
    permitted_roles: bool = False
    """Whether to ask of every variable which users and hosts may use it in the end: three requests for each."""
    page_size: int = Field(default=500, ge=1, le=10_000)
    """Variables per request; a server may allow fewer (API_RESOURCE_LIST_LIMIT_MAX, 1000 by default)."""

    @field_validator("address")
    @classmethod
    def _is_address(cls, text: str) -> str:
        return checked_address(text)


class ConjurCollector:
    """Collects variables, their versions and who was permitted what; its scope is the account."""

    kind: ClassVar[str] = "conjur"
    permissions: ClassVar[tuple[str, ...]] = tuple(dict.fromkeys(_OPERATIONS.values()))
    """Conjur shows a role what it holds any privilege on; to read a value takes `execute`."""
    Config: ClassVar[type[ConjurConfig]] = ConjurConfig

    def __init__(self, source: str, config: ConjurConfig, surroundings: Surroundings) -> None:
        self._source = source
        self._config = config
        self._surroundings = surroundings

    def scopes(self) -> Sequence[str]:
        """The account."""
        return [self._config.account]

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield every variable the role may see. Raises CollectError."""
        tally: Counter[str] = Counter()
        with self._open(scope) as client:
            try:
                for entry in self._listed(client, scope):
                    tally["listed"] += 1
                    secret = self._variable(entry, scope)
                    if not wanted(secret.name, self._config):
                        tally["left out"] += 1
                    elif self._config.permitted_roles:
                        yield self._resolved(client, secret)
                    else:
                        yield secret
            except (KeyError, TypeError, ValueError, AttributeError, IndexError):
                raise client.strange("has an unknown shape", _VARIABLES) from None
            what = "only variables on which the role has a privilege are shown"
            yield Evidence(name="visibility", value=what)
            yield from (Evidence(name=f"variables {word}", value=str(count)) for word, count in tally.items())
            yield from client.account()

    def _variable(self, entry: Object, account: str) -> SecretMetadata:
        name = str(entry["id"]).split(":", 2)[2]
        words = {str(word["name"]): str(word["value"]) for word in entry.get("annotations") or ()}
        versions = tuple(_versions(entry.get("secrets") or ()))
        host = urlsplit(self._config.address).netloc
        return SecretMetadata(
            id=f"{self.kind}://{host}/{quote(account)}/{quote(name, safe='')}",
            name=name,
            source=self._source,
            backend=self.kind,
            scope=account,
            environment=words.get("environment", ""),
            owner=words.get("owner", ""),
            tags=words,
            created_at=moment(entry.get("created_at")),
            versions=versions,
            rotation=_rotation(words, versions),
            encryption=Encryption(encrypted=True, key="data key of the Conjur server"),
            grants=tuple(sorted(set(_grants(entry)))),
            attributes={"address": self._config.address, **({} if versions else {"empty": True})},
            unread={**_UNREAD, "grants": _MEMBERS},
        )

    def _listed(self, client: RestClient, account: str) -> Iterator[Object]:
        """Every variable; a page that is shorter than asked for is not the last one, an empty one is."""
        offset, size, seen = 0, self._config.page_size, set[str]()
        while True:
            asked = {"limit": size, "offset": offset}
            page = entries(client.ask(_VARIABLES, {"account": account}, query=asked).body)
            if not page:
                return
            fresh = {str(entry["id"]) for entry in page} - seen
            if not fresh:
                raise client.strange("lists the same page again and again", _VARIABLES)
            yield from page
            seen |= fresh
            offset += len(page)

    def _resolved(self, client: RestClient, secret: SecretMetadata) -> SecretMetadata:
        """The variable with everybody who may use it, through any number of groups, layers and policies.

        Who may change its permissions Conjur does not resolve: of its owner only the role itself is told.
        """
        parts = {"account": secret.scope, "variable": secret.name}
        grants = {
            replace(grant, actions=(Action.ADMIN,))
            for grant in secret.grants or ()
            if Action.ADMIN in grant.actions
        }
        for privilege, action in _PRIVILEGES.items():
            roles = client.ask(_ROLES, parts, query={"privilege": privilege}).body
            if not isinstance(roles, list):
                raise TypeError("no list of roles")
            grants |= {
                AccessGrant(principal=role, actions=(action,), via=f"privilege {privilege}")
                for role in map(str, roles)
                if role.split(":", 2)[1] in _PEOPLE
            }
        return replace(secret, grants=tuple(sorted(grants)), unread=_UNREAD)

    def _open(self, scope: str) -> RestClient:
        environ = self._surroundings.environ
        login = rest.token_of(environ, "CONJUR_AUTHN_LOGIN", scope=scope)
        key = rest.token_of(environ, "CONJUR_AUTHN_API_KEY", scope=scope)
        with RestClient(self._server({}), self._config, self._surroundings, scope=scope) as client:
            token = client.ask(_LOGIN, {"account": scope, "login": login}, text=key).body
        packed = base64.b64encode(json.dumps(token).encode()).decode()
        headers = {"Authorization": f'Token token="{packed}"'}
        return RestClient(self._server(headers), self._config, self._surroundings, scope=scope)

    def _server(self, headers: Mapping[str, str]) -> Server:
        return Server(
            name="Conjur",
            address=self._config.address,
            operations=_OPERATIONS,
            renewal="renew the API key in CONJUR_AUTHN_API_KEY",
            headers=headers,
        )


def _versions(listed: Sequence[Object]) -> Iterator[SecretVersion]:
    latest = max((int(entry["version"]) for entry in listed), default=0)
    for entry in listed:
        number = int(entry["version"])
        state = VersionState.CURRENT if number == latest else VersionState.PREVIOUS
        yield SecretVersion(id=str(number), state=state, expires_at=moment(entry.get("expires_at")))


def _rotation(words: Mapping[str, str], versions: Sequence[SecretVersion]) -> Rotation | None:
    """A variable is rotated where annotations name a rotator and a period; a version expires when the next is due."""
    rotator, period = words.get("rotation/rotator", ""), words.get("rotation/ttl", "")
    if not rotator:
        return None
    due = next((one.expires_at for one in versions if one.state is VersionState.CURRENT), None)
    interval, problem = None, "" if period else "it has no annotation rotation/ttl, so nothing rotates it"
    try:
        interval = parse_duration(period).longest_span if period else None
    except ValueError:
        problem = f"rotation/ttl {period!r} is no duration"
    return Rotation(
        enabled=bool(period),
        interval=interval or None,
        schedule=period,
        next_at=due,
        mechanism=rotator,
        problem=problem,
    )


def _grants(entry: Object) -> Iterator[AccessGrant]:
    if owner := entry.get("owner"):
        yield AccessGrant(principal=str(owner), actions=tuple(sorted(Action)), via="ownership")
    for permission in entry.get("permissions") or ():
        action = _PRIVILEGES.get(str(permission["privilege"]))
        if action:
            via = str(permission.get("policy") or "permit")
            yield AccessGrant(principal=str(permission["role"]), actions=(action,), via=via)
