"""Reads the secrets of Google Secret Manager, project by project, without their values."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any, ClassVar
from urllib.parse import quote

from keyproof.domain.access import AccessGrant
from keyproof.domain.assessment import Collected, Gap
from keyproof.domain.secret import SecretMetadata, VersionState
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError
from keyproof.google import permissions as need
from keyproof.google.config import GoogleSecretManagerConfig
from keyproof.google.connection import GoogleCloud
from keyproof.google.iam import Iam
from keyproof.google.reading import GoneError, ProjectReading
from keyproof.google.secret import attributes_of, encryption_of, facts_of, rotation_of, versions_of
from keyproof.google.vocabulary import SECRETS
from keyproof.ports import Surroundings
from keyproof.rest.cloud import PARALLEL
from keyproof.rest.reading import moment
from keyproof.rest.refusals import LockedOutError

_PAGE = 250
_PRIORITIES = frozenset({"critical", "high", "medium", "low"})
_NO_ACCESS_TIME = "Secret Manager keeps no time of access; the Data Access audit log has it"
_NO_READ = "no version is enabled, so there is no value that has an age"

Item = Mapping[str, Any]


class GoogleSecretManagerCollector:
    """Collects global and regional secrets of Google Secret Manager; its scopes are projects."""

    kind: ClassVar[str] = "google-secret-manager"
    permissions: ClassVar[tuple[str, ...]] = need.SECRET_MANAGER
    Config: ClassVar[type[GoogleSecretManagerConfig]] = GoogleSecretManagerConfig

    def __init__(self, source: str, config: GoogleSecretManagerConfig, surroundings: Surroundings) -> None:
        self._source = source
        self._config = config
        self._cloud = GoogleCloud(
            source=source, config=config, surroundings=surroundings, permissions=self.permissions
        )
        self._surroundings = surroundings
        self._logging = Lock()
        self._iam = Iam(cloud=self._cloud, vocabulary=SECRETS)

    def scopes(self) -> Sequence[str]:
        """The projects, each once."""
        return list(dict.fromkeys(self._config.projects))

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield the project's secrets. Raises CollectError when it cannot be read or Google goes away."""
        client = self._cloud.client(scope)
        with closing(client), ThreadPoolExecutor(max_workers=PARALLEL) as pool:
            reading = _Reading(
                source=self._source,
                noun="secrets",
                config=self._config,
                cloud=self._cloud,
                iam=self._iam,
                client=client,
                pool=pool,
                surroundings=self._surroundings,
                logging=self._logging,
            )
            yield from reading.prepare()
            yield Evidence(name="identity", value=self._cloud.identity)
            yield Evidence(name="endpoint", value=self._cloud.at("secretmanager"))
            yield from reading.everything()
            if not self._config.regions:
                yield Evidence(name="regional secrets", value="not read: regions is empty in keyproof.yaml")
            yield from reading.account_for()


@dataclass(slots=True, kw_only=True)
class _Reading(ProjectReading):
    """One pass over the secrets of one project."""

    config: GoogleSecretManagerConfig

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

    def _regions(self) -> Iterator[str]:
        url = f"{self.cloud.at('secretmanager')}/v1/projects/{quote(self.project)}/locations"
        for place in self.items(url, need.LOCATIONS, "locations", page=_PAGE):
            name = str(place["locationId"])
            if any(fnmatchcase(name, glob) for glob in self.config.regions):
                yield name

    def _secrets(self, parent: str, region: str) -> Iterator[SecretMetadata]:
        for page in self.pages(f"{parent}/secrets", need.SECRETS, "secrets", page=_PAGE):
            chosen = [record for record in page if self.chosen(f"{self.project}/{_name(record)}")]
            yield from self.each(chosen, lambda record: self._secret(parent, region, record))

    def _secret(self, parent: str, region: str, record: Item) -> SecretMetadata | None:
        """Everything about one listed secret; None when it was deleted meanwhile."""
        name, unread = _name(record), dict(self.unread)
        url = f"{parent}/secrets/{quote(name, safe='')}"
        try:
            listed = self.attempt(
                "versions",
                name,
                unread,
                lambda: list(self.items(f"{url}/versions", need.VERSIONS, "versions", page=_PAGE)),
            )
            grants = self.grants(
                name,
                unread,
                lambda: self.iam.on(
                    self.client, url, self.facts, right=need.SECRET_POLICY, place="the secret"
                ),
            )
        except GoneError:
            self.gone()
            return None
        if listed is None:
            unread["facts"] = unread["versions"]
        return self._told(region, record, listed, grants, unread)

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
        missing = {**unread, "last_accessed_at": _NO_ACCESS_TIME}
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
            audit=self.audit(),
            access_log=self.uses.log_of(f"{region}/{name}" if region else name) if self.uses else None,
            attributes={"address": self.cloud.at("secretmanager"), **attributes_of(record, versions)},
            unread=missing,
        )


def _name(record: Item) -> str:
    return str(record["name"]).rpartition("/")[2]
