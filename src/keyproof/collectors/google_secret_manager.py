"""Reads the secrets of Google Secret Manager, project by project, without their values."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote

from keyproof.domain.access import AccessGrant
from keyproof.domain.assessment import Collected, Gap, ScopeStatus
from keyproof.domain.secret import SecretMetadata, VersionState
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError
from keyproof.google import permissions as need
from keyproof.google.config import GoogleSecretManagerConfig
from keyproof.google.connection import GoogleCloud, next_page, translated
from keyproof.google.iam import Iam, ProjectFacts
from keyproof.google.secret import attributes_of, encryption_of, facts_of, rotation_of, versions_of
from keyproof.google.vocabulary import SECRETS
from keyproof.ports import Surroundings
from keyproof.rest.cloud import PARALLEL, CloudClient, LockedOutError, RefusedError
from keyproof.rest.reading import moment, wanted

_PAGE = 250
_PRIORITIES = frozenset({"critical", "high", "medium", "low"})
_NO_ACCESS_TIME = "Secret Manager keeps no time of access; the Data Access audit log has it"
_NO_LOG = "the audit logs were not read"
_NO_READ = "no version is enabled, so there is no value that has an age"

T = TypeVar("T")
Item = Mapping[str, Any]


class GoogleSecretManagerCollector:
    """Collects global and regional secrets of Google Secret Manager; its scopes are projects."""

    kind: ClassVar[str] = "google-secret-manager"
    permissions: ClassVar[tuple[str, ...]] = need.SECRET_MANAGER
    Config: ClassVar[type[GoogleSecretManagerConfig]] = GoogleSecretManagerConfig

    def __init__(self, source: str, config: GoogleSecretManagerConfig, surroundings: Surroundings) -> None:
        self._source = source
        self._config = config
        self._cloud = GoogleCloud(source=source, config=config, surroundings=surroundings)
        self._iam = Iam(cloud=self._cloud, vocabulary=SECRETS)

    def scopes(self) -> Sequence[str]:
        """The projects, each once."""
        return list(dict.fromkeys(self._config.projects))

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield the project's secrets. Raises CollectError when it cannot be read or Google goes away."""
        client = self._cloud.client(scope)
        reading = _Reading(
            source=self._source, config=self._config, cloud=self._cloud, iam=self._iam, client=client
        )
        try:
            yield from reading.prepare()
            yield Evidence(name="identity", value=self._cloud.identity)
            yield Evidence(name="endpoint", value=self._cloud.at("secretmanager"))
            yield from reading.everything()
            yield from reading.account_for()
        finally:
            client.close()


class _GoneError(Exception):
    """It was deleted between two requests."""


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One pass over one project, with what must be told about it at the end."""

    source: str
    config: GoogleSecretManagerConfig
    cloud: GoogleCloud
    iam: Iam
    client: CloudClient
    facts: ProjectFacts = field(default_factory=ProjectFacts)
    unread: dict[str, str] = field(default_factory=dict)
    tally: Counter[str] = field(default_factory=Counter)
    refused: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)
    """What, why and what to do → names of the secrets it was refused for."""
    _lock: Lock = field(default_factory=Lock)

    @property
    def project(self) -> str:
        return self.client.scope

    def prepare(self) -> Iterator[Gap]:
        """Read what holds for all secrets of the project."""
        for name, on in (("grants", self.config.access), ("audit", self.config.audit)):
            if not on:
                key = "access" if name == "grants" else name
                self.unread[name] = f"not read: {key} is false in keyproof.yaml"
        if not (self.config.access or self.config.audit):
            return
        self.facts = self.iam.project(self.client, self.project, access=self.config.access)
        for reason, hint in self.facts.unread:
            yield self.gap("policies", reason, hint)
        for reason, hint in self.facts.undenied:
            yield self.gap("deny policies", reason, hint)
        if reasons := "; ".join(reason for reason, _ in self.facts.unread):
            self.unread.setdefault("grants", reasons)
            if not any(trail.enabled for trail in self.facts.audit):
                self.unread.setdefault("audit", reasons)  # it may be switched on above

    def everything(self) -> Iterator[SecretMetadata | Gap]:
        """The global secrets, then those of every region; a region that is denied is a gap."""
        yield from self._secrets(f"{self.cloud.at('secretmanager')}/v1/projects/{quote(self.project)}", "")
        try:
            regions = list(self._regions()) if self.config.regions else []
        except LockedOutError:
            raise
        except AccessDeniedError as error:
            yield self.gap("regional secrets", error.message, error.hint)
            return
        for region in regions:
            server = self.cloud.at(f"secretmanager.{region}.rep")
            try:
                yield from self._secrets(
                    f"{server}/v1/projects/{quote(self.project)}/locations/{quote(region)}", region
                )
            except LockedOutError:
                raise
            except AccessDeniedError as error:
                yield self.gap(region, error.message, error.hint)

    def account_for(self) -> Iterator[Gap | Evidence]:
        """What was refused, left out and counted."""
        for (what, reason, hint), names in sorted(self.refused.items()):
            yield self.gap(what, f"{reason}, for {len(names)} secrets, e.g. {min(names)}", hint)
        if roles := self._unknown_roles():
            hint = f"grant a role with {need.ROLE}"
            yield self.gap("roles", roles, hint)
        yield Evidence(name="secrets listed", value=str(self.tally["listed"]))
        for name in ("deleted while they were read", "left out by include and exclude"):
            if self.tally[name]:
                yield Evidence(name=name, value=str(self.tally[name]))
        if not self.config.regions:
            yield Evidence(name="regional secrets", value="not read: regions is empty in keyproof.yaml")
        if self.config.access:
            yield Evidence(name="access", value="members of groups are not read")
        counted = ", ".join(f"{what}: {count}" for what, count in sorted(self.client.counts.items()))
        yield Evidence(name="requests", value=counted)

    def gap(self, what: str, reason: str, hint: str) -> Gap:
        """A part of the project that could not be read."""
        scope = f"{self.project} ({what})"
        return Gap(source=self.source, scope=scope, status=ScopeStatus.PARTIAL, reason=reason, hint=hint)

    def _unknown_roles(self) -> str:
        roles = self.iam.unknown_roles() if self.config.access else []
        return f"what {', '.join(roles)} grant is not known: {need.ROLE} is missing" if roles else ""

    def _regions(self) -> Iterator[str]:
        url = f"{self.cloud.at('secretmanager')}/v1/projects/{quote(self.project)}/locations"
        for place in self._items(url, need.LOCATIONS, "locations"):
            name = str(place["locationId"])
            if any(fnmatchcase(name, glob) for glob in self.config.regions):
                yield name

    def _secrets(self, parent: str, region: str) -> Iterator[SecretMetadata]:
        with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
            for page in self._pages(f"{parent}/secrets", need.SECRETS, "secrets"):
                chosen = [record for record in page if self._chosen(record)]
                for start in range(0, len(chosen), 2 * PARALLEL):  # what is read ahead stays small
                    part = chosen[start : start + 2 * PARALLEL]
                    for found in pool.map(lambda record: self._secret(parent, region, record), part):
                        if found is not None:
                            yield found

    def _chosen(self, record: Item) -> bool:
        self.tally["listed"] += 1
        if wanted(f"{self.project}/{_name(record)}", self.config):
            return True
        self.tally["left out by include and exclude"] += 1
        return False

    def _secret(self, parent: str, region: str, record: Item) -> SecretMetadata | None:
        """Everything about one listed secret; None when it was deleted meanwhile."""
        url, unread = f"{parent}/secrets/{quote(_name(record), safe='')}", dict(self.unread)
        try:
            listed = self._try(
                "versions",
                record,
                unread,
                lambda: list(self._items(f"{url}/versions", need.VERSIONS, "versions")),
            )
            grants = self._grants(url, record, unread)
        except _GoneError:
            with self._lock:
                self.tally["deleted while they were read"] += 1
            return None
        if listed is None:
            unread["facts"] = unread["versions"]
        return self._told(region, record, listed, grants, unread)

    def _grants(self, url: str, record: Item, unread: dict[str, str]) -> tuple[AccessGrant, ...] | None:
        if not self.config.access:
            return None
        before = unread.get("grants", "")
        grants = self._try("grants", record, unread, lambda: self._granted(url))
        reasons = [before, unread.get("grants", ""), self._unknown_roles()]
        if told := "; ".join(dict.fromkeys(filter(None, reasons))):
            unread["grants"] = told
        return grants if self.facts.known else None

    def _granted(self, url: str) -> tuple[AccessGrant, ...]:
        own = self.iam.on(self.client, url, self.facts, right=need.SECRET_POLICY, place="the secret")
        return tuple(sorted({*self.facts.grants, *own})) if own else self.facts.grants

    def _try(self, field: str, record: Item, unread: dict[str, str], read: Callable[[], T]) -> T | None:
        """What `read` gives; None, and the reason noted, when the right for it is missing."""
        try:
            return read()
        except LockedOutError:
            raise
        except AccessDeniedError as error:
            if error.message.startswith("it is not there"):
                raise _GoneError from None
            unread[field] = error.message
            with self._lock:
                self.refused.setdefault((field, error.message, error.hint), []).append(_name(record))
            return None

    def _told(
        self,
        region: str,
        record: Item,
        listed: Sequence[Item] | None,
        grants: tuple[AccessGrant, ...] | None,
        unread: Mapping[str, str],
    ) -> SecretMetadata:
        name, versions = _name(record), versions_of(listed or ())
        dated = facts_of(record, versions) if listed is not None else facts_of(record, ())
        missing = {**unread, "last_accessed_at": _NO_ACCESS_TIME, "access_log": _NO_LOG}
        if listed is not None and not any(version.state is VersionState.CURRENT for version in versions):
            missing["facts"] = _NO_READ
        encryption, locations = encryption_of(record)
        words = {
            str(key): str(value)
            for key, value in {**(record.get("annotations") or {}), **(record.get("labels") or {})}.items()
        }
        said = {key.lower(): value.strip() for key, value in words.items()}
        home = f"locations/{quote(region)}/" if region else ""
        return SecretMetadata(
            id=f"{GoogleSecretManagerCollector.kind}://{quote(self.project)}/{home}secrets/{quote(name, safe='')}",
            name=f"{self.project}/{f'{region}/' if region else ''}{name}",
            source=self.source,
            backend=GoogleSecretManagerCollector.kind,
            scope=self.project,
            environment=said.get("environment") or said.get("env") or "",
            owner=said.get("owner") or said.get("team") or "",
            priority=said["priority"].lower() if said.get("priority", "").lower() in _PRIORITIES else "",
            type=str(record.get("secretType") or ""),
            tags=words,
            created_at=moment(record.get("createTime")),
            facts=dated,
            versions=versions if listed is not None else None,
            rotation=rotation_of(record),
            expires_at=moment(record.get("expireTime")),
            encryption=encryption,
            replicas=locations,
            grants=grants,
            audit=self.facts.audit if "audit" not in missing else None,
            attributes={"address": self.cloud.at("secretmanager"), **attributes_of(record, versions)},
            unread=missing,
        )

    def _items(self, url: str, right: str, key: str) -> Iterator[Item]:
        for page in self._pages(url, right, key):
            yield from page

    def _pages(self, url: str, right: str, key: str) -> Iterator[Sequence[Item]]:
        try:
            for page in self.client.pages(url, need=right, following=next_page, pageSize=_PAGE):
                items = page.get(key, [])
                if not isinstance(items, list):
                    raise self.client.strange(url, "lists something of an unknown shape", right)
                yield items
        except RefusedError as refusal:
            raise translated(refusal, scope=self.project, server=url) from None


def _name(record: Item) -> str:
    return str(record["name"]).rpartition("/")[2]
