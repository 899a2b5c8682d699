"""Reads the CI/CD variables and tokens of GitLab projects and groups, and no value."""

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from keyproof.domain.assessment import Collected, Gap, ScopeStatus
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError
from keyproof.gitlab import operations as ask
from keyproof.gitlab.entries import (
    KIND,
    Holder,
    Writes,
    readers_of,
    runner_of,
    token_of,
    trigger_of,
    variable_of,
    writes_of,
)
from keyproof.gitlab.graphql import UnansweredError, nodes
from keyproof.ports import Surroundings
from keyproof.rest import client as rest
from keyproof.rest.client import RestClient, Server
from keyproof.rest.config import RestConfig, checked_address
from keyproof.rest.reading import entries, wanted
from keyproof.rest.refusals import LockedOutError

_PERSONAL = "personal access tokens"
_PAGE = {"per_page": 100}


class GitlabConfig(RestConfig):
    """The keys of a source of kind gitlab; the token comes from an environment variable only."""

    groups: tuple[str, ...] = ()
    """Groups to read by their full paths, with all subgroups and projects."""
    projects: tuple[str, ...] = ()
    """Single projects by their full paths."""
    personal_access_tokens: bool = False
    """Whether to read these too: an administrator's token lists those of all users, any other its owner's."""
    families: tuple[ask.Family, ...] = Field(default=ask.FAMILIES, min_length=1)
    """What to read of projects and groups."""
    audit_events: bool = True
    """Whether to date variables by audit events, which GitLab Premium has; nothing else dates them."""
    members: bool = True
    """Whether to read the members of projects and groups, to know who may see variables by their roles."""
    token_variable: str = "GITLAB_TOKEN"  # noqa: S105 (a name, not a secret)
    """Name of the environment variable that holds the token."""
    address: str = "https://gitlab.com"

    @field_validator("address")
    @classmethod
    def _is_address(cls, text: str) -> str:
        return checked_address(text)

    @model_validator(mode="after")
    def _names_something(self) -> "GitlabConfig":
        if not (self.groups or self.projects or self.personal_access_tokens):
            raise ValueError("name groups or projects, or ask for personal-access-tokens")
        return self


class GitlabCollector:
    """Collects CI/CD variables, access tokens, deploy tokens and keys, pipeline triggers and runner tokens; its
    scopes are `groups/PATH`, `projects/PATH` and personal access tokens.
    """

    kind: ClassVar[str] = KIND
    permissions: ClassVar[tuple[str, ...]] = tuple(dict.fromkeys(ask.OPERATIONS.values()))
    """Who may list variables may read them: GitLab has no smaller right. keyproof asks without the value."""
    Config: ClassVar[type[GitlabConfig]] = GitlabConfig

    def __init__(self, source: str, config: GitlabConfig, surroundings: Surroundings) -> None:
        self._source = source
        self._config = config
        self._surroundings = surroundings

    def scopes(self) -> Sequence[str]:
        """Every group, its subgroups and projects, and every project named. Raises CollectError."""
        found = [_PERSONAL] if self._config.personal_access_tokens else []
        for group in self._config.groups:
            with self._open(group) as client:
                found.append(f"groups/{group}")
                below = nodes(client, "group", group, "descendantGroups")
                found += [f"groups/{node['fullPath']}" for node in below]
                found += [
                    f"projects/{node['fullPath']}" for node in nodes(client, "group", group, "projects")
                ]
        return list(dict.fromkeys([*found, *(f"projects/{name}" for name in self._config.projects)]))

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield the scope's variables and tokens; a family that is refused is a gap naming its right.

        Raises CollectError when the credentials are refused, or the server goes away.
        """
        with self._open(scope) as client:
            holder = Holder(
                source=self._source,
                scope=scope,
                host=urlsplit(self._config.address).netloc,
                address=self._config.address,
                path="personal" if scope == _PERSONAL else scope,
            )
            reading = _Reading(holder=holder, config=self._config, client=client)
            yield from reading.personal() if scope == _PERSONAL else reading.families()
            yield from reading.account()

    def _open(self, scope: str) -> RestClient:
        name = self._config.token_variable
        token = rest.token_of(self._surroundings.environ, name, scope=scope)
        server = Server(
            name="GitLab",
            address=self._config.address,
            operations=ask.OPERATIONS,
            renewal=f"renew the token in {name}",
            headers={"Authorization": f"Bearer {token}"},
        )
        return RestClient(server, self._config, self._surroundings, scope=scope)


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One pass over one project, group or the personal tokens."""

    holder: Holder
    config: GitlabConfig
    client: RestClient
    tally: Counter[str] = field(default_factory=Counter)

    @property
    def plural(self) -> str:
        """`projects` or `groups`."""
        return self.holder.path.partition("/")[0]

    def families(self) -> Iterator[Collected]:
        parts = {"id": self.holder.name}
        group = self.plural == "groups"
        readers = {
            "variables": self._variables,
            "access-tokens": lambda: self._tokens(ask.access_tokens(self.plural), parts, "access-tokens"),
            "deploy-tokens": lambda: self._tokens(ask.deploy_tokens(self.plural), parts, "deploy-tokens"),
            "deploy-keys": lambda: self._tokens(ask.KEYS, parts, "deploy-keys"),
            "triggers": self._triggers,
            "runners": self._runners,
        }
        for family in self.config.families:
            if not (group and family in ask.OF_PROJECTS_ONLY):
                yield from self._family(family, readers[family]())

    def personal(self) -> Iterator[Collected]:
        yield from self._family(_PERSONAL, self._tokens(ask.PERSONAL, {}, "personal-access-tokens"))

    def account(self) -> Iterator[Evidence]:
        yield Evidence(name="secrets listed", value=str(self.tally["listed"]))
        for what in ("left out", "no longer active"):
            if self.tally[what]:
                yield Evidence(name=what, value=str(self.tally[what]))
        yield from self.client.account()

    def _family(self, family: str, read: Iterator[Collected]) -> Iterator[Collected]:
        """What `read` yields; where the family is refused a gap, as one right says nothing of the others."""
        try:
            yield from read
        except LockedOutError:
            raise
        except AccessDeniedError as error:
            yield self._gap(family, error.message, f"{error.hint}, or leave {family} out of families")
        except UnansweredError as error:
            yield self._gap(family, error.message, error.hint)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self.client.strange("has an unknown shape", family) from None

    def _variables(self) -> Iterator[Collected]:
        writes: Writes | None = None
        why = "GitLab dates no variables; audit-events is false in keyproof.yaml"
        if self.config.audit_events:
            why = "GitLab dates no variables, and its audit events tell nothing of this one"
            try:
                writes = writes_of(self._events())
            except LockedOutError:
                raise
            except AccessDeniedError as error:
                why = f"GitLab dates no variables, and its audit events cannot be read: {error.message}"
                yield self._gap("audit events", error.message, f"{error.hint}, or set audit-events: false")
        readers, unseen = yield from self._readers()

        def dated(node: Mapping[str, Any]) -> SecretMetadata:
            facts = writes.facts(node) if writes else ()
            return variable_of(node, self.holder, facts, "" if facts else why, readers, unseen)

        yield from self._chosen(map(dated, self._connection("ciVariables")))

    def _readers(self) -> Generator[Collected, None, tuple[tuple[tuple[str, str], ...], str]]:
        """Who may see variables, and what of that is not known; yields the gap that this is."""
        if not self.config.members:
            return (), "members are not read: members is false in keyproof.yaml"
        try:
            return readers_of(self._connection(f"{self.holder.kind}Members"), self.holder), ""
        except LockedOutError:
            raise
        except (AccessDeniedError, UnansweredError) as error:
            yield self._gap("members", error.message, "grant the right, or set members: false")
            return (), error.message

    def _events(self) -> Iterator[Mapping[str, Any]]:
        yield from self._listed(ask.audit_events(self.plural), {"id": self.holder.name})

    def _tokens(self, operation: str, parts: Mapping[str, str], family: str) -> Iterator[Collected]:
        for entry in self._listed(operation, parts):
            if entry.get("active") is False or entry.get("revoked") or entry.get("expired"):
                self.tally["no longer active"] += 1
            else:
                yield from self._chosen(iter([token_of(entry, self.holder, family)]))

    def _triggers(self) -> Iterator[Collected]:
        yield from self._chosen(
            trigger_of(node, self.holder) for node in self._connection("pipelineTriggers")
        )

    def _runners(self) -> Iterator[Collected]:
        yield from self._chosen(runner_of(node, self.holder) for node in self._connection("runners"))

    def _connection(self, name: str) -> Iterator[Mapping[str, Any]]:
        return nodes(self.client, self.holder.kind, self.holder.name, name)

    def _listed(self, operation: str, parts: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        for body in self.client.pages(operation, parts, query=_PAGE):
            try:
                page = entries(body)
            except ValueError as error:
                raise self.client.strange(str(error), operation) from None
            yield from page

    def _chosen(self, secrets: Iterator[SecretMetadata]) -> Iterator[SecretMetadata]:
        for secret in secrets:
            self.tally["listed"] += 1
            if wanted(secret.name, self.config):
                yield secret
            else:
                self.tally["left out"] += 1

    def _gap(self, family: str, reason: str, hint: str) -> Gap:
        return Gap(
            source=self.holder.source,
            scope=f"{self.holder.scope} ({family})",
            status=ScopeStatus.PARTIAL,
            reason=reason,
            hint=hint,
        )
