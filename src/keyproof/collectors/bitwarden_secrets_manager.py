"""Reads the secrets of Bitwarden Secrets Manager by their ids: names and values stay encrypted end to end."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import Field, field_validator

from keyproof.domain.assessment import Collected
from keyproof.domain.secret import Encryption, SecretMetadata
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError
from keyproof.ports import Surroundings
from keyproof.rest import client as rest
from keyproof.rest.client import RestClient, Server
from keyproof.rest.config import RestConfig, checked_address
from keyproof.rest.reading import entries, moment, wanted, written

_LOGIN = "POST /connect/token"
_SECRETS = "GET /organizations/{organization}/secrets"
_READ = "machine account with 'Can read' on the projects"
_OPERATIONS = {_LOGIN: "access token of a machine account", _SECRETS: _READ}
_VARIABLE = "BWS_ACCESS_TOKEN"
_UNREAD = {
    "grants": "who may read the projects is not shown to a machine account",
    "last_accessed_at": "Bitwarden tells the use of secrets in its event log only, which is not read",
}


class BitwardenSecretsManagerConfig(RestConfig):
    """The keys of a source of kind bitwarden-secrets-manager; BWS_ACCESS_TOKEN holds the access token."""

    organisation: str = Field(min_length=1)
    """Id of the organisation."""
    names: Mapping[str, str] = Field(default_factory=dict)
    """Id of a secret → what it is called in reports: Bitwarden's own names are encrypted."""
    address: str = "https://api.bitwarden.com"
    """Of a server of one's own: https://HOST/api."""
    identity_address: str = ""
    """Where one logs in; empty is derived from `address`."""

    @field_validator("address", "identity_address")
    @classmethod
    def _is_address(cls, text: str) -> str:
        return checked_address(text) if text else text


class BitwardenSecretsManagerCollector:
    """Collects ids and dates of secrets; its scope is the organisation.

    Of the access token only the part that logs in is sent and used. The key in its other part, which opens names
    and values, is dropped where the token is read.
    """

    kind: ClassVar[str] = "bitwarden-secrets-manager"
    permissions: ClassVar[tuple[str, ...]] = tuple(_OPERATIONS.values())
    Config: ClassVar[type[BitwardenSecretsManagerConfig]] = BitwardenSecretsManagerConfig

    def __init__(
        self, source: str, config: BitwardenSecretsManagerConfig, surroundings: Surroundings
    ) -> None:
        self._source = source
        self._config = config
        self._surroundings = surroundings

    def scopes(self) -> Sequence[str]:
        """The organisation."""
        return [self._config.organisation]

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield every secret the machine account may see. Raises CollectError."""
        tally: Counter[str] = Counter()
        with self._open(scope) as client:
            body = client.ask(_SECRETS, {"organization": scope}).body
            try:
                for entry in entries(body, "secrets"):
                    tally["listed"] += 1
                    secret = self._secret(entry, scope)
                    if wanted(secret.name, self._config):
                        yield secret
                    else:
                        tally["left out"] += 1
            except (KeyError, TypeError, ValueError, AttributeError):
                raise client.strange("has an unknown shape", _SECRETS) from None
            yield from (Evidence(name=f"secrets {what}", value=str(count)) for what, count in tally.items())
            yield from client.account()

    def _secret(self, entry: Mapping[str, Any], scope: str) -> SecretMetadata:
        number = str(entry["id"])
        created, revised = moment(entry["creationDate"]), moment(entry["revisionDate"])
        projects = sorted(str(project["id"]) for project in entry.get("projects") or ())
        name = self._config.names.get(number, number)
        unread = {**_UNREAD, **({"name": "Bitwarden's names are encrypted"} if name == number else {})}
        return SecretMetadata(
            id=f"{self.kind}://{quote(scope)}/{quote(number, safe='')}",
            name=name,
            source=self._source,
            backend=self.kind,
            scope=scope,
            created_at=created,
            facts=written(created, revised, exact=False),
            encryption=Encryption(encrypted=True, key="key of the organisation, end to end"),
            attributes={
                "address": self._config.address,
                **({"projects": ", ".join(projects)} if projects else {}),
            },
            unread=unread,
        )

    def _open(self, scope: str) -> RestClient:
        text = rest.token_of(self._surroundings.environ, _VARIABLE, scope=scope)
        version, *parts = text.partition(":")[0].split(".")
        if version != "0" or len(parts) != 2 or not all(parts):
            what = f"{_VARIABLE} is no access token of a machine account"
            raise AccessDeniedError(what, scope=scope, hint=f"correct {_VARIABLE}")
        number, secret = parts
        form = {
            "grant_type": "client_credentials",
            "scope": "api.secrets",
            "client_id": number,
            "client_secret": secret,
        }
        identity = self._server(self._config.identity_address or _identity(self._config.address), {})
        with RestClient(identity, self._config, self._surroundings, scope=scope) as client:
            said = client.ask(_LOGIN, form=form).body
            token = said.get("access_token") if isinstance(said, Mapping) else None
            if not isinstance(token, str):
                raise client.strange("answers a login without a token", _LOGIN)
        server = self._server(self._config.address, {"Authorization": f"Bearer {token}"})
        return RestClient(server, self._config, self._surroundings, scope=scope)

    def _server(self, address: str, headers: Mapping[str, str]) -> Server:
        return Server(
            name="Bitwarden",
            address=address,
            operations=_OPERATIONS,
            renewal=f"renew the access token in {_VARIABLE}",
            headers=headers,
        )


def _identity(address: str) -> str:
    """Where to log in beside an API, on Bitwarden's servers and on those of one's own."""
    parts = urlsplit(address)
    if parts.netloc.startswith("api."):
        return urlunsplit(parts._replace(netloc="identity." + parts.netloc.removeprefix("api.")))
    return address.removesuffix("/api") + "/identity"
