"""Reads the secrets and deploy keys of GitHub organisations and repositories; GitHub shows no values."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from keyproof.domain.access import AccessGrant
from keyproof.domain.assessment import Collected, Gap, ScopeStatus
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendProtocolError
from keyproof.github import operations as ask
from keyproof.github.secret import (
    KIND,
    Place,
    deploy_key_of,
    keeps_no_secret,
    protection,
    registry_facts,
    repositories_grant,
    secret_of,
    token_of,
)
from keyproof.ports import Surroundings
from keyproof.rest import client as rest
from keyproof.rest.client import RestClient, Server
from keyproof.rest.config import RestConfig, checked_address
from keyproof.rest.reading import entries, wanted
from keyproof.rest.refusals import LockedOutError
from keyproof.rest.transport import Answer

_PAGE = {"per_page": 100}
_CLOUD = "https://api.github.com"
_ALL: tuple[ask.Family, ...] = (*ask.SHARED, "environments", "deploy-keys", "private-registries")


class GithubConfig(RestConfig):
    """The keys of a source of kind github; the token comes from an environment variable only."""

    organisations: tuple[str, ...] = ()
    """Organisations to read with all their repositories."""
    repositories: tuple[str, ...] = ()
    """Single repositories, each OWNER/NAME."""
    families: tuple[ask.Family, ...] = Field(default=_ALL, min_length=1)
    """What to read; leave out what the server or the plan does not have, and add `personal-access-tokens`, which
    only a GitHub App may list."""
    token_variable: str = "GITHUB_TOKEN"  # noqa: S105 (a name, not a secret)
    """Name of the environment variable that holds the token."""
    address: str = _CLOUD
    """The API of a GitHub Enterprise Server is https://HOST/api/v3."""

    @field_validator("address")
    @classmethod
    def _is_address(cls, text: str) -> str:
        return checked_address(text)

    @field_validator("repositories")
    @classmethod
    def _are_whole(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name.count("/") != 1 or name.startswith("/") or name.endswith("/"):
                raise ValueError(f"a repository is written OWNER/NAME; found {name!r}")
        return names

    @model_validator(mode="after")
    def _names_something(self) -> "GithubConfig":
        if not (self.organisations or self.repositories):
            raise ValueError("name organisations or repositories")
        return self


class GithubCollector:
    """Collects secrets of Actions, Dependabot, Codespaces and agents, of organisations, repositories and
    environments, deploy keys, secrets of private registries and, on demand, personal access tokens; its scopes
    are organisations and repositories.
    """

    kind: ClassVar[str] = KIND
    permissions: ClassVar[tuple[str, ...]] = tuple(dict.fromkeys(ask.OPERATIONS.values()))
    """Of a fine-grained token or an App. GitHub has no right that would show a secret's value to anyone."""
    Config: ClassVar[type[GithubConfig]] = GithubConfig

    def __init__(self, source: str, config: GithubConfig, surroundings: Surroundings) -> None:
        self._source = source
        self._config = config
        self._surroundings = surroundings
        self._lock = Lock()
        self._known: dict[str, Mapping[str, Any]] = {}
        self._remembered: dict[str, Answer] = {}

    def scopes(self) -> Sequence[str]:
        """Every organisation, and every repository of it. Raises CollectError."""
        found = list(self._config.organisations)
        for organisation in self._config.organisations:
            with self._open(organisation) as client:
                for repository in _listed(client, ask.REPOSITORIES, "", {"org": organisation}):
                    name = str(repository["full_name"])
                    with self._lock:
                        self._known[name] = _about(repository)
                    found.append(name)
        return list(dict.fromkeys([*found, *self._config.repositories]))

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield the scope's secrets and keys; a family that is refused is a gap naming its permission.

        Raises CollectError when nothing can be read, or the server goes away meanwhile.
        """
        with self._open(scope) as client:
            reading = _Reading(source=self._source, scope=scope, config=self._config, client=client)
            if "/" in scope:
                yield from reading.repository(self._repository(client, scope))
            else:
                yield from reading.organisation()
            yield from reading.account()

    def _repository(self, client: RestClient, name: str) -> Mapping[str, Any]:
        """What is known of the repository. Raises AccessDeniedError for one that is not there."""
        with self._lock:
            if name in self._known:
                return self._known[name]
        owner, _, repo = name.partition("/")
        body = client.ask(ask.REPOSITORY, {"owner": owner, "repo": repo}).body
        if not isinstance(body, Mapping):
            raise client.strange("has an unknown shape", ask.REPOSITORY)
        return _about(body)

    def _open(self, scope: str) -> RestClient:
        names = [self._config.token_variable]
        token = rest.token_of(self._surroundings.environ, *names, scope=scope)
        server = Server(
            name="GitHub",
            address=self._config.address,
            operations=ask.OPERATIONS,
            renewal=f"renew the token in {self._config.token_variable}",
            headers={
                "Authorization": f"Bearer {token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        return RestClient(server, self._config, self._surroundings, scope=scope, remembered=self._remembered)


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One pass over one organisation or repository."""

    source: str
    scope: str
    config: GithubConfig
    client: RestClient
    tally: Counter[str] = field(default_factory=Counter)

    def organisation(self) -> Iterator[Collected]:
        for family in ask.SHARED:
            if family in self.config.families:
                place = self._place(f"orgs/{self.scope}/{family}", self.scope, family)
                yield from self._family(family, self._shared(family, place))
        if "private-registries" in self.config.families:
            yield from self._family("private-registries", self._registries())
        if "personal-access-tokens" in self.config.families:
            yield from self._family("personal-access-tokens", self._tokens())

    def repository(self, about: Mapping[str, Any]) -> Iterator[Collected]:
        owner, _, repo = self.scope.partition("/")
        parts = {"owner": owner, "repo": repo}
        for family in ask.SHARED:
            if family in self.config.families:
                place = self._place(f"repos/{self.scope}/{family}", self.scope, family, about)
                grants = repositories_grant([self.scope], f"{family} secret of the repository")
                yield from self._family(
                    family, self._secrets(ask.of_repository(family), place, grants, parts)
                )
        if "environments" in self.config.families:
            yield from self._family("environments", self._environments(about, parts))
        if "deploy-keys" in self.config.families:
            yield from self._family("deploy-keys", self._keys(about, parts))

    def account(self) -> Iterator[Evidence]:
        yield Evidence(name="secrets listed", value=str(self.tally["listed"]))
        for what, name in (
            ("left out", "left out by include and exclude"),
            ("by OIDC", "private registries opened by OIDC, without a secret"),
            ("expired", "personal access tokens that have expired"),
        ):
            if self.tally[what]:
                yield Evidence(name=name, value=str(self.tally[what]))
        yield from self.client.account()

    def _family(self, family: str, read: Iterator[Collected]) -> Iterator[Collected]:
        """What `read` yields; where the family is refused a gap, as one right says nothing of the others."""
        try:
            yield from read
        except LockedOutError:
            raise
        except AccessDeniedError as error:
            yield self._gap(family, error.message, f"{error.hint}, or leave {family} out of families")
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self.client.strange("has an unknown shape", family) from None

    def _shared(self, family: ask.Family, place: Place) -> Iterator[Collected]:
        """The secrets of an organisation, each with the repositories that get it."""
        for entry in self._listing(ask.of_organisation(family), place, {"org": self.scope}):
            grants, why = self._given_to(family, entry)
            yield secret_of(entry, place, grants, why)

    def _given_to(
        self, family: ask.Family, entry: Mapping[str, Any]
    ) -> tuple[tuple[AccessGrant, ...] | None, str]:
        via = f"{family} secret of the organisation"
        if str(entry["visibility"]) != "selected":
            return self._given_widely(entry, via), ""
        try:
            listed = _listed(
                self.client,
                ask.chosen_repositories(family),
                "repositories",
                {"org": self.scope, "secret_name": str(entry["name"])},
            )
            names = sorted(str(repository["full_name"]) for repository in listed)
        except LockedOutError:
            raise
        except AccessDeniedError as error:
            return None, error.message
        return repositories_grant(names, f"{via}, selected repositories"), ""

    def _given_widely(self, entry: Mapping[str, Any], via: str) -> tuple[AccessGrant, ...]:
        everywhere = [f"{self.scope}/*"]
        if str(entry["visibility"]) == "all":
            return repositories_grant(everywhere, f"{via}, all repositories")
        only = "private and internal repositories"
        return repositories_grant(everywhere, f"{via}, {only}", condition=only)

    def _registries(self) -> Iterator[Collected]:
        for entry in _listed(self.client, ask.REGISTRIES, "configurations", {"org": self.scope}):
            self.tally["listed"] += 1
            path = f"orgs/{self.scope}/private-registries"
            place = self._place(path, self.scope, "private-registry", registry_facts(entry))
            if keeps_no_secret(entry):
                self.tally["by OIDC"] += 1
            elif self._chosen(place.name(str(entry["name"]))):
                chosen = str(entry["visibility"]) == "selected"
                via = "private registry of the organisation"
                grants = None if chosen else self._given_widely(entry, via)
                why = (
                    "GitHub does not list the repositories a private registry was given to" if chosen else ""
                )
                yield secret_of(entry, place, grants, why)

    def _tokens(self) -> Iterator[Collected]:
        path = f"orgs/{self.scope}/personal-access-tokens"
        place = self._place(path, self.scope, "personal-access-token")
        for entry in _listed(self.client, ask.TOKENS, "", {"org": self.scope}):
            self.tally["listed"] += 1
            token = token_of(entry, place)
            if entry["token_expired"]:
                self.tally["expired"] += 1
            elif self._chosen(token.name):
                yield token

    def _secrets(
        self, operation: str, place: Place, grants: tuple[AccessGrant, ...], parts: Mapping[str, str]
    ) -> Iterator[Collected]:
        for entry in self._listing(operation, place, parts):
            yield secret_of(entry, place, grants)

    def _environments(self, about: Mapping[str, Any], parts: Mapping[str, str]) -> Iterator[Collected]:
        for environment in _listed(self.client, ask.ENVIRONMENTS, "environments", parts):
            name = str(environment["name"])
            place = self._place(
                f"repos/{self.scope}/environments/{name}",
                f"{self.scope}/{name}",
                "environment",
                {**about, **protection(environment)},
                environment=name,
            )
            via = f"secret of the environment {name}"
            grants = repositories_grant([f"{self.scope}:environment:{name}"], via)
            yield from self._secrets(
                ask.ENVIRONMENT_SECRETS, place, grants, {**parts, "environment_name": name}
            )

    def _keys(self, about: Mapping[str, Any], parts: Mapping[str, str]) -> Iterator[Collected]:
        place = self._place(f"repos/{self.scope}/keys", self.scope, "deploy-key", about)
        for entry in _listed(self.client, ask.KEYS, "", parts):
            self.tally["listed"] += 1
            if self._chosen(place.name(str(entry["title"]))):
                yield deploy_key_of(entry, place)

    def _listing(self, operation: str, place: Place, parts: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        for entry in _listed(self.client, operation, "secrets", parts):
            self.tally["listed"] += 1
            if self._chosen(place.name(str(entry["name"]))):
                yield entry

    def _chosen(self, name: str) -> bool:
        chosen = wanted(name, self.config)
        self.tally["left out"] += not chosen
        return chosen

    def _place(
        self,
        path: str,
        owner: str,
        family: str,
        attributes: Mapping[str, Any] | None = None,
        *,
        environment: str = "",
    ) -> Place:
        host = urlsplit(self.config.address).netloc
        return Place(
            source=self.source,
            scope=self.scope,
            host="github.com" if self.config.address == _CLOUD else host,
            address=self.config.address,
            path=path,
            owner=owner,
            type=family,
            environment=environment,
            attributes=attributes or {},
        )

    def _gap(self, family: str, reason: str, hint: str) -> Gap:
        scope = f"{self.scope} ({family})"
        return Gap(source=self.source, scope=scope, status=ScopeStatus.PARTIAL, reason=reason, hint=hint)


def _listed(
    client: RestClient, operation: str, key: str, parts: Mapping[str, str]
) -> Iterator[Mapping[str, Any]]:
    """Every entry of a listing. Raises BackendProtocolError when GitHub counts more than it lists."""
    listed, counted = 0, 0
    for body in client.pages(operation, parts, query=_PAGE):
        try:
            page = entries(body, key)
        except ValueError as error:
            raise client.strange(str(error), operation) from None
        listed += len(page)
        counted = int(body.get("total_count") or 0) if isinstance(body, Mapping) else listed
        yield from page
    if listed < counted:
        raise BackendProtocolError(
            f"GitHub counts {counted} but lists {listed} ({operation})",
            scope=next(iter(parts.values())),
            hint="scan again; if it stays so, report this",
        )


def _about(repository: Mapping[str, Any]) -> dict[str, str | int | bool]:
    """What a repository's own entry says that matters for its secrets."""
    found: dict[str, str | int | bool] = {"repository-visibility": str(repository.get("visibility") or "")}
    if not found["repository-visibility"]:
        found["repository-visibility"] = "private" if repository.get("private") else "public"
    if repository.get("archived"):
        found["archived"] = True
    return found
