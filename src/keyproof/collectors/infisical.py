"""Reads the secrets of Infisical projects with their values hidden by the server, and who may read them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from pydantic import Field, field_validator

from keyproof.domain.access import AccessGrant
from keyproof.domain.assessment import Collected, Gap, ScopeStatus
from keyproof.domain.secret import Encryption, Rotation, SecretMetadata
from keyproof.domain.verdict import Evidence
from keyproof.errors import BackendProtocolError
from keyproof.fields import StringsField
from keyproof.infisical import members as people
from keyproof.ports import Surroundings
from keyproof.rest import client as rest
from keyproof.rest.client import RestClient, Server
from keyproof.rest.config import RestConfig, checked_address
from keyproof.rest.reading import entries, moment, wanted, written

_LOGIN = "POST /api/v1/auth/universal-auth/login"
_SECRETS = (
    "GET /api/v4/secrets?viewSecretValue=false&expandSecretReferences=false"
    "&include_imports=false&recursive=true&secretPath=%2F"
)
_DESCRIBE = "secrets: describeSecret"
_OPERATIONS = {_LOGIN: "machine identity with Universal Auth", _SECRETS: _DESCRIBE, **people.OPERATIONS}
_MASK = "<hidden-by-infisical>"
"""What stands for a value that the server hides."""
_NO_USE = "Infisical tells the use of secrets in its audit log only, which is not read"
_LEFT_OUT = "members of the project are not read: members is false in keyproof.yaml"

Object = Mapping[str, Any]


class InfisicalConfig(RestConfig):
    """The keys of a source of kind infisical.

    Credentials come from INFISICAL_TOKEN, or from INFISICAL_CLIENT_ID and INFISICAL_CLIENT_SECRET.
    """

    projects: tuple[str, ...] = Field(min_length=1)
    """Ids of the projects to read."""
    environments: StringsField
    """Slugs of the environments to read, e.g. `[dev, prod]`."""
    members: bool = True
    """Whether to read people, machine identities and groups of the projects, with their roles."""
    address: str = "https://app.infisical.com"

    @field_validator("address")
    @classmethod
    def _is_address(cls, text: str) -> str:
        return checked_address(text)


class InfisicalCollector:
    """Collects secrets with `viewSecretValue=false`; its scopes are PROJECT/ENVIRONMENT.

    The right `describeSecret` without `readValue` is all it takes, so that the server itself keeps the values.
    """

    kind: ClassVar[str] = "infisical"
    permissions: ClassVar[tuple[str, ...]] = tuple(_OPERATIONS.values())
    Config: ClassVar[type[InfisicalConfig]] = InfisicalConfig

    def __init__(self, source: str, config: InfisicalConfig, surroundings: Surroundings) -> None:
        self._source = source
        self._config = config
        self._surroundings = surroundings
        self._lock = Lock()
        self._members: dict[str, people.Members] = {}

    def scopes(self) -> Sequence[str]:
        """Every environment of every project."""
        return [
            f"{project}/{environment}"
            for project in dict.fromkeys(self._config.projects)
            for environment in dict.fromkeys(self._config.environments)
        ]

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield the environment's secrets. Raises CollectError, also for a server that sends values."""
        project, _, environment = scope.partition("/")
        tally: Counter[str] = Counter()
        with self._open(scope) as client:
            try:
                members = self._of(client, project)
                if members and members.refused:
                    yield self._gap(scope, "; ".join(members.refused))
                grants, why = _access(members, environment)
                asked = {"projectId": project, "environment": environment}
                for entry in entries(client.ask(_SECRETS, query=asked).body, "secrets"):
                    _check_hidden(entry, scope)
                    _check_place(entry, project, environment, scope)
                    tally["listed"] += 1
                    secret = self._secret(entry, scope, grants, why)
                    if wanted(secret.name, self._config):
                        yield secret
                    else:
                        tally["left out"] += 1
            except (KeyError, TypeError, ValueError, AttributeError):
                raise client.strange("has an unknown shape", "GET /api/v4/secrets") from None
            what = "only secrets that the token may describe are shown, to a service token those of its own folder"
            yield Evidence(name="visibility", value=what)
            yield from (Evidence(name=f"secrets {word}", value=str(count)) for word, count in tally.items())
            yield from client.account()

    def _of(self, client: RestClient, project: str) -> people.Members | None:
        """Who may read the project's secrets; None where that is not asked for."""
        if not self._config.members:
            return None
        with self._lock:
            if project not in self._members:
                self._members[project] = people.members(client, project, self._surroundings.clock.now())
            return self._members[project]

    def _gap(self, scope: str, reason: str) -> Gap:
        hint = "grant the right, or set members: false"
        part = f"{scope} (members)"
        return Gap(source=self._source, scope=part, status=ScopeStatus.PARTIAL, reason=reason, hint=hint)

    def _secret(
        self, entry: Object, scope: str, grants: tuple[AccessGrant, ...] | None, why: str
    ) -> SecretMetadata:
        project, _, environment = scope.partition("/")
        created, updated = moment(entry["createdAt"]), moment(entry["updatedAt"])
        version = int(entry.get("version") or 0)
        words = {str(word["key"]): _word(word) for word in entry.get("secretMetadata") or ()}
        path = str(entry.get("secretPath") or "/").strip("/")
        name = "/".join(filter(None, (environment, path, str(entry["secretKey"]))))
        rotated = bool(entry.get("isRotatedSecret"))
        host = urlsplit(self._config.address).netloc
        days = entry.get("secretReminderRepeatDays")
        return SecretMetadata(
            id=f"{self.kind}://{host}/{quote(project)}/{quote(name, safe='/')}",
            name=name,
            source=self._source,
            backend=self.kind,
            scope=scope,
            environment=environment,
            owner=words.get("owner", ""),
            tags={
                **words,
                **{str(tag.get("slug") or tag.get("name")): "" for tag in entry.get("tags") or ()},
            },
            created_at=created,
            # A version is added when tags or the comment change too, but the first one is the value's.
            facts=written(created, created if version == 1 else updated, exact=False),
            rotation=Rotation(enabled=True, mechanism="rotation by Infisical") if rotated else None,
            encryption=Encryption(encrypted=True, key="keys of the Infisical server"),
            attributes={
                "address": self._config.address,
                "version": version,
                **({"reminder-days": int(days)} if days else {}),
            },
            grants=grants,
            unread={"grants": why, "last_accessed_at": _NO_USE},
        )

    def _open(self, scope: str) -> RestClient:
        environ = self._surroundings.environ
        if environ.get("INFISICAL_CLIENT_ID") and not environ.get("INFISICAL_TOKEN"):
            token = self._logged_in(scope)
        else:
            token = rest.token_of(environ, "INFISICAL_TOKEN", "INFISICAL_CLIENT_ID", scope=scope)
        headers = {"Authorization": f"Bearer {token}"}
        return RestClient(self._server(headers), self._config, self._surroundings, scope=scope)

    def _server(self, headers: Mapping[str, str]) -> Server:
        return Server(
            name="Infisical",
            address=self._config.address,
            operations=_OPERATIONS,
            renewal="renew INFISICAL_TOKEN, or the client secret in INFISICAL_CLIENT_SECRET",
            headers=headers,
            ended=frozenset({"TokenError"}),
        )

    def _logged_in(self, scope: str) -> str:
        environ = self._surroundings.environ
        names = {"clientId": "INFISICAL_CLIENT_ID", "clientSecret": "INFISICAL_CLIENT_SECRET"}
        body = {key: rest.token_of(environ, name, scope=scope) for key, name in names.items()}
        with RestClient(self._server({}), self._config, self._surroundings, scope=scope) as client:
            said = client.ask(_LOGIN, json_body=body).body
            token = said.get("accessToken") if isinstance(said, Mapping) else None
            if not isinstance(token, str):
                raise client.strange("answers a login without a token", _LOGIN)
        return token


def _access(members: people.Members | None, environment: str) -> tuple[tuple[AccessGrant, ...] | None, str]:
    """Who may read the environment, None where nothing of that is known, and what of it is not."""
    if members is None:
        return None, _LEFT_OUT
    known = members.held or not members.refused
    return members.grants(environment) if known else None, "; ".join([*members.refused, people.UNSEEN])


def _check_hidden(entry: Object, scope: str) -> None:
    """Raise BackendProtocolError for an entry with a value: it is not read on, and what was sent is dropped.

    Of a person's own overrides the server sends the values even when it says that it hid them.
    """
    if entry.get("secretValueHidden") is not True:
        what = "Infisical sends values though it was asked to hide them"
        hint = "upgrade the server, and grant describeSecret without readValue"
        raise BackendProtocolError(what, scope=scope, hint=hint)
    if entry.get("secretValue", _MASK) != _MASK:
        what = "Infisical sends the values of personal overrides though it was asked to hide them"
        raise BackendProtocolError(what, scope=scope, hint="use a machine identity, which has no overrides")


def _check_place(entry: Object, project: str, environment: str, scope: str) -> None:
    """Raise BackendProtocolError for an entry of another place than was asked for.

    A service token of one folder gets what lies there, whichever environment is asked for.
    """
    if entry["environment"] != environment or entry["workspace"] != project:
        what = (
            f"Infisical sends secrets of {entry['workspace']}/{entry['environment']} though asked for {scope}"
        )
        hint = "use a machine identity instead of a service token, and write ids of projects"
        raise BackendProtocolError(what, scope=scope, hint=hint)


def _word(word: Object) -> str:
    """The value of a metadata entry; an encrypted one, which the server opens before it answers, is dropped."""
    return "" if word.get("isEncrypted") else str(word.get("value") or "")
