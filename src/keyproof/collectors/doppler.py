"""Reads the names of Doppler's secrets and its service tokens, and no value."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import Field, field_validator

from keyproof.domain.access import AccessGrant, Action
from keyproof.domain.assessment import Collected, Gap, ScopeStatus
from keyproof.domain.secret import Encryption, SecretMetadata, SubjectKind
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError
from keyproof.ports import Surroundings
from keyproof.rest import client as rest
from keyproof.rest.client import CredentialsRefusedError, RestClient, Server
from keyproof.rest.config import RestConfig, checked_address
from keyproof.rest.reading import entries, moment, wanted, written

_CONFIGS = "GET /v3/configs"
_CONFIG = "GET /v3/configs/config"
_NAMES = "GET /v3/configs/config/secrets/names"
_TOKENS = "GET /v3/configs/config/tokens"
_VIEWER = "role Viewer of the project"
_OPERATIONS = {
    _CONFIGS: _VIEWER,
    _CONFIG: _VIEWER,
    _NAMES: _VIEWER,
    _TOKENS: "right to see the project's service tokens",
}
_PAGE = 100
_ADDED = frozenset({"DOPPLER_PROJECT", "DOPPLER_ENVIRONMENT", "DOPPLER_CONFIG"})
"""Names Doppler adds to every configuration."""
_UNDATED = "Doppler dates single secrets only in a log that tells their old and new values, which is not read"
_PEOPLE = "people and service accounts of the project are not read"

Object = Mapping[str, Any]


class DopplerConfig(RestConfig):
    """The keys of a source of kind doppler; the token comes from DOPPLER_TOKEN only."""

    projects: tuple[str, ...] = Field(min_length=1)
    """Slugs of the projects to read, with all their configurations."""
    service_tokens: bool = True
    """Whether to read the service tokens, also to know who gets the secrets."""
    address: str = "https://api.doppler.com"

    @field_validator("address")
    @classmethod
    def _is_address(cls, text: str) -> str:
        return checked_address(text)


class DopplerCollector:
    """Collects secrets by name, and service tokens; its scopes are PROJECT/CONFIGURATION.

    The role that may list names may read values too. When a value was written is not known: Doppler tells it
    only beside the value.
    """

    kind: ClassVar[str] = "doppler"
    permissions: ClassVar[tuple[str, ...]] = tuple(dict.fromkeys(_OPERATIONS.values()))
    Config: ClassVar[type[DopplerConfig]] = DopplerConfig

    def __init__(self, source: str, config: DopplerConfig, surroundings: Surroundings) -> None:
        self._source = source
        self._config = config
        self._surroundings = surroundings

    def scopes(self) -> Sequence[str]:
        """Every configuration of every project. Raises CollectError."""
        found = []
        with self._open(self._source) as client:
            for project in dict.fromkeys(self._config.projects):
                found += [f"{project}/{name}" for name in _configurations(client, project)]
        return found

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield the configuration's secrets and service tokens. Raises CollectError."""
        project, _, name = scope.partition("/")
        where = {"project": project, "config": name}
        tally: Counter[str] = Counter()
        with self._open(scope) as client:
            try:
                about = client.ask(_CONFIG, query=where).body["config"]
                tokens, why = self._tokens(client, where)
                if tokens is None and self._config.service_tokens:
                    yield self._gap(scope, why)
                for entry in tokens or ():
                    yield self._token(entry, scope)
                grants = None if tokens is None else tuple(_grant(entry) for entry in tokens)
                for secret in _names(client.ask(_NAMES, query=where).body):
                    tally["listed"] += 1
                    if wanted(f"{scope}/{secret}", self._config):
                        yield self._secret(secret, scope, about, grants, why)
                    else:
                        tally["left out"] += 1
            except (KeyError, TypeError, ValueError, AttributeError):
                raise client.strange("has an unknown shape", _CONFIG) from None
            yield from (Evidence(name=f"secrets {what}", value=str(count)) for what, count in tally.items())
            yield from client.account()

    def _tokens(self, client: RestClient, where: Mapping[str, str]) -> tuple[Sequence[Object] | None, str]:
        """The service tokens, or why they are not known."""
        if not self._config.service_tokens:
            return None, "not read: service-tokens is false in keyproof.yaml"
        try:
            return entries(client.ask(_TOKENS, query=where).body, "tokens"), _PEOPLE
        except CredentialsRefusedError:
            raise
        except AccessDeniedError as error:
            return None, error.message

    def _secret(
        self, name: str, scope: str, about: Object, grants: tuple[AccessGrant, ...] | None, why: str
    ) -> SecretMetadata:
        fetched = moment(about.get("last_fetch_at"))
        unread = {"facts": _UNDATED, "grants": why}
        if fetched is None:
            unread["last_accessed_at"] = "Doppler states no fetch of this configuration"
        return SecretMetadata(
            id=f"{self.kind}://{quote(scope)}/{quote(name, safe='')}",
            name=f"{scope}/{name}",
            source=self._source,
            backend=self.kind,
            scope=scope,
            environment=str(about.get("environment") or ""),
            encryption=Encryption(encrypted=True, key="keys of Doppler"),
            last_accessed_at=fetched,
            grants=grants,
            attributes={"address": self._config.address, "locked": bool(about.get("locked"))},
            unread=unread,
        )

    def _token(self, entry: Object, scope: str) -> SecretMetadata:
        created, used = moment(entry["created_at"]), moment(entry.get("last_seen_at"))
        return SecretMetadata(
            id=f"{self.kind}://{quote(scope)}/service-tokens/{quote(str(entry['slug']), safe='')}",
            name=f"{scope}/{entry['name']}",
            source=self._source,
            backend=self.kind,
            scope=scope,
            kind=SubjectKind.CREDENTIAL,
            environment=str(entry.get("environment") or ""),
            type="service-token",
            created_at=created,
            facts=written(created, created, exact=True),
            expires_at=moment(entry.get("expires_at")),
            last_accessed_at=used,
            attributes={
                "address": self._config.address,
                "never-expires": not entry.get("expires_at"),
            },
            unread={
                "grants": "Doppler does not know who holds it",
                **({} if used else {"last_accessed_at": "Doppler states no use of it"}),
            },
        )

    def _gap(self, scope: str, reason: str) -> Gap:
        hint = "grant the right, or set service-tokens: false"
        part = f"{scope} (service tokens)"
        return Gap(source=self._source, scope=part, status=ScopeStatus.PARTIAL, reason=reason, hint=hint)

    def _open(self, scope: str) -> RestClient:
        token = rest.token_of(self._surroundings.environ, "DOPPLER_TOKEN", scope=scope)
        server = Server(
            name="Doppler",
            address=self._config.address,
            operations=_OPERATIONS,
            renewal="renew the token in DOPPLER_TOKEN",
            headers={"Authorization": f"Bearer {token}"},
        )
        return RestClient(server, self._config, self._surroundings, scope=scope)


def _configurations(client: RestClient, project: str) -> Iterator[str]:
    page = 1
    while True:
        body = client.ask(_CONFIGS, query={"project": project, "page": page, "per_page": _PAGE}).body
        try:
            listed = entries(body, "configs")
            yield from [str(entry["name"]) for entry in listed]
        except (KeyError, ValueError):
            raise client.strange("has an unknown shape", _CONFIGS) from None
        if len(listed) < _PAGE:
            return
        page += 1


def _names(body: Any) -> Iterator[str]:
    """The names told. Raises ValueError for anything but a list of texts: it could be values."""
    names = body["names"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("no list of names")
    return iter([name for name in names if name not in _ADDED])


def _grant(entry: Object) -> AccessGrant:
    """A service token reads its configuration's secrets; whether it may write them lists do not tell."""
    name = f"service-token:{entry['name']}"
    return AccessGrant(principal=name, actions=(Action.READ, Action.LIST), via="service token")
