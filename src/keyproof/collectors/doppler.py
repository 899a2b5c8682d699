"""Reads the names of Doppler's secrets, its service tokens and who may open its projects, and no value."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import Field, field_validator

from keyproof.domain.access import AccessGrant, Action
from keyproof.domain.assessment import Collected, Gap, ScopeStatus
from keyproof.domain.secret import Encryption, SecretMetadata, SubjectKind
from keyproof.domain.verdict import Evidence
from keyproof.doppler import operations as ask
from keyproof.doppler.members import Workplace, members, workplace
from keyproof.errors import AccessDeniedError
from keyproof.ports import Surroundings
from keyproof.rest import client as rest
from keyproof.rest.client import RestClient, Server
from keyproof.rest.config import RestConfig, checked_address
from keyproof.rest.reading import entries, moment, wanted, written
from keyproof.rest.refusals import LockedOutError

_ACCOUNTS = "service accounts"
"""The scope of what belongs to no project."""
_HEIRS = "who may read the configurations that inherit this one is not read"
_UNDATED = "Doppler dates single secrets only in a log that tells their old and new values, which is not read"

Object = Mapping[str, Any]


class DopplerConfig(RestConfig):
    """The keys of a source of kind doppler; the token comes from DOPPLER_TOKEN only."""

    projects: tuple[str, ...] = Field(min_length=1)
    """Slugs of the projects to read, with all their configurations."""
    service_tokens: bool = True
    """Whether to read the service tokens, also to know who gets the secrets."""
    service_account_tokens: bool = False
    """Whether to read the tokens of the workplace's service accounts too."""
    members: bool = True
    """Whether to read who may open the projects: their members, and people and service accounts of the workplace."""
    address: str = "https://api.doppler.com"

    @field_validator("address")
    @classmethod
    def _is_address(cls, text: str) -> str:
        return checked_address(text)


class DopplerCollector:
    """Collects secrets by name, service tokens and, on demand, tokens of service accounts; its scopes are
    PROJECT/CONFIGURATION and `service accounts`.

    The role that may list names may read values too. When a value was written is not known: Doppler tells it
    only beside the value.
    """

    kind: ClassVar[str] = "doppler"
    permissions: ClassVar[tuple[str, ...]] = tuple(dict.fromkeys(ask.OPERATIONS.values()))
    Config: ClassVar[type[DopplerConfig]] = DopplerConfig

    def __init__(self, source: str, config: DopplerConfig, surroundings: Surroundings) -> None:
        self._source = source
        self._config = config
        self._surroundings = surroundings
        self._lock = Lock()
        self._workplace: Workplace | None = None

    def scopes(self) -> Sequence[str]:
        """Every configuration of every project. Raises CollectError."""
        found = [_ACCOUNTS] if self._config.service_account_tokens else []
        with self._open(self._source) as client:
            for project in dict.fromkeys(self._config.projects):
                listed = ask.listed(client, ask.CONFIGS, "configs", {"project": project})
                try:
                    found += [f"{project}/{entry['name']}" for entry in listed]
                except (KeyError, ValueError):
                    raise client.strange("has an unknown shape", ask.CONFIGS) from None
        return found

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield the configuration's secrets and service tokens, or those of accounts. Raises CollectError."""
        yield from self._account_tokens() if scope == _ACCOUNTS else self._configuration(scope)

    def _account_tokens(self) -> Iterator[Collected]:
        with self._open(_ACCOUNTS) as client:
            try:
                for account in ask.listed(client, ask.ACCOUNTS, "service_accounts"):
                    of_it = {"account": str(account["slug"])}
                    for entry in ask.listed(client, ask.ACCOUNT_TOKENS, "api_tokens", parts=of_it):
                        token = self._token(entry, f"{_ACCOUNTS}/{account['name']}", "service-account-token")
                        if wanted(token.name, self._config):
                            yield token
            except (KeyError, TypeError, ValueError, AttributeError):
                raise client.strange("has an unknown shape", ask.ACCOUNT_TOKENS) from None
            yield from client.account()

    def _configuration(self, scope: str) -> Iterator[Collected]:
        project, _, name = scope.partition("/")
        where = {"project": project, "config": name}
        tally: Counter[str] = Counter()
        with self._open(scope) as client:
            try:
                about = client.ask(ask.CONFIG, query=where).body["config"]
                access = self._access(client, scope, where, about)
                yield from access.gaps
                for entry in access.tokens:
                    token = self._token(entry, scope, "service-token")
                    if wanted(token.name, self._config):
                        yield token
                for secret in _names(client.ask(ask.NAMES, query=where).body):
                    tally["listed"] += 1
                    if wanted(f"{scope}/{secret}", self._config):
                        yield self._secret(secret, scope, about, access)
                    else:
                        tally["left out"] += 1
            except (KeyError, TypeError, ValueError, AttributeError):
                raise client.strange("has an unknown shape", ask.CONFIG) from None
            yield from (Evidence(name=f"secrets {what}", value=str(count)) for what, count in tally.items())
            yield from client.account()

    def _access(self, client: RestClient, scope: str, where: Mapping[str, str], about: Object) -> "_Access":
        """Who may read the configuration, and what of that is not known."""
        access = _Access()
        if about.get("inheritedBy"):
            access.unseen.append(_HEIRS)
        environment = str(about.get("environment") or "")
        for part, read in (
            ("service-tokens", lambda: _of_tokens(client, where, about, access)),
            ("members", lambda: self._people(client, scope, environment, access)),
        ):
            found = self._part(access, scope, part, read)
            if found is not None:
                access.grants = [*(access.grants or ()), *found]
        return access

    def _part(
        self, access: "_Access", scope: str, part: str, read: Callable[[], Sequence[AccessGrant]]
    ) -> Sequence[AccessGrant] | None:
        """What `read` finds; None, and why, where it was not asked for or is refused."""
        if not getattr(self._config, part.replace("-", "_")):
            access.unseen.append(f"{part} are not read: {part} is false in keyproof.yaml")
            return None
        try:
            return read()
        except LockedOutError:
            raise
        except AccessDeniedError as error:
            self._refused(access, scope, part, error.message)
            return None

    def _refused(self, access: "_Access", scope: str, part: str, why: str) -> None:
        access.unseen.append(why)
        access.gaps.append(
            Gap(
                source=self._source,
                scope=f"{scope} ({part})",
                status=ScopeStatus.PARTIAL,
                reason=why,
                hint=f"grant the right, or set {part}: false",
            )
        )

    def _people(
        self, client: RestClient, scope: str, environment: str, access: "_Access"
    ) -> Sequence[AccessGrant]:
        with self._lock:
            if self._workplace is None:
                self._workplace = workplace(client)
        found = list(members(client, scope.partition("/")[0], environment, self._workplace))
        access.unseen += self._workplace.unseen
        if self._workplace.refused:
            self._refused(access, scope, "members", "; ".join(self._workplace.refused))
        return found

    def _secret(self, name: str, scope: str, about: Object, access: "_Access") -> SecretMetadata:
        fetched = moment(about.get("last_fetch_at"))
        unread = {"facts": _UNDATED}
        if access.unseen:
            unread["grants"] = "; ".join(access.unseen)
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
            grants=None if access.grants is None else tuple(access.grants),
            attributes={"address": self._config.address, "locked": bool(about.get("locked"))},
            unread=unread,
        )

    def _token(self, entry: Object, owner: str, kind: str) -> SecretMetadata:
        """A token of the configuration or service account `owner`; only the latter's have a last use."""
        created, used = moment(entry["created_at"]), moment(entry.get("last_seen_at"))
        unread = {"grants": "Doppler does not know who holds it"}
        if used is None:
            unread["last_accessed_at"] = (
                "Doppler tells no use of service tokens"
                if kind == "service-token"
                else "Doppler states no use of it"
            )
        return SecretMetadata(
            id=f"{self.kind}://{quote(owner)}/{kind}s/{quote(str(entry['slug']), safe='')}",
            name=f"{owner}/{entry['name']}",
            source=self._source,
            backend=self.kind,
            scope=_ACCOUNTS if kind == "service-account-token" else owner,
            kind=SubjectKind.CREDENTIAL,
            environment=str(entry.get("environment") or ""),
            type=kind,
            created_at=created,
            facts=written(created, created, exact=True),
            expires_at=moment(entry.get("expires_at")),
            last_accessed_at=used,
            attributes={
                "address": self._config.address,
                "never-expires": not entry.get("expires_at"),
            },
            unread=unread,
        )

    def _open(self, scope: str) -> RestClient:
        token = rest.token_of(self._surroundings.environ, "DOPPLER_TOKEN", scope=scope)
        server = Server(
            name="Doppler",
            address=self._config.address,
            operations=ask.OPERATIONS,
            renewal="renew the token in DOPPLER_TOKEN",
            headers={"Authorization": f"Bearer {token}"},
        )
        return RestClient(server, self._config, self._surroundings, scope=scope)


@dataclass(slots=True, kw_only=True)
class _Access:
    """Who may read a configuration, as far as was told."""

    grants: list[AccessGrant] | None = None
    """None where nothing could be read."""
    tokens: Sequence[Object] = ()
    unseen: list[str] = field(default_factory=list)
    """Why there may be others; empty when there are none."""
    gaps: list[Gap] = field(default_factory=list)


def _names(body: Any) -> Iterator[str]:
    """The names told. Raises ValueError for anything but a list of texts: it could be values."""
    names = body["names"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("no list of names")
    return iter(names)


def _of_tokens(
    client: RestClient, where: Mapping[str, str], about: Object, access: _Access
) -> Sequence[AccessGrant]:
    """Whom service tokens let read: those of the configuration, which are kept, and those of its branches."""
    access.tokens = entries(client.ask(ask.TOKENS, query=where).body, "tokens")
    grants = [_grant(entry) for entry in access.tokens]
    for branch in _branches(client, where, about):
        name = str(branch["name"])
        theirs = entries(client.ask(ask.TOKENS, query={**where, "config": name}).body, "tokens")
        grants += [_grant(entry, name) for entry in theirs]
        if branch.get("inheritedBy") and _HEIRS not in access.unseen:
            access.unseen.append(_HEIRS)
    return grants


def _branches(client: RestClient, where: Mapping[str, str], about: Object) -> Sequence[Object]:
    """The configurations that get every secret of this one.

    https://docs.doppler.com/docs/branch-configs
    """
    if about.get("root") is False:
        return ()
    environment = str(about["environment"])
    asked = {"project": where["project"], "environment": environment}
    return [
        entry
        for entry in ask.listed(client, ask.CONFIGS, "configs", asked)
        if entry["name"] != where["config"] and entry.get("environment", environment) == environment
    ]


def _grant(entry: Object, branch: str = "") -> AccessGrant:
    """A service token reads its configuration's secrets; whether it may write them lists do not tell."""
    return AccessGrant(
        principal=f"service-token:{entry['name']}",
        actions=(Action.READ, Action.LIST),
        via=f"service token of the branch {branch}" if branch else "service token",
        condition=f"unless {branch} has a value of its own" if branch else "",
    )
