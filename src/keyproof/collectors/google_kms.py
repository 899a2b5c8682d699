"""Reads the keys of Google Cloud KMS, project by project: their rotation, versions and policies; it uses none."""

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
from keyproof.domain.secret import Basis, Confidence, DatedFact, SecretMetadata, SubjectKind
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError
from keyproof.google import permissions as need
from keyproof.google.config import GoogleKmsConfig
from keyproof.google.connection import GoogleCloud
from keyproof.google.iam import Iam
from keyproof.google.key import attributes_of, material_of, rotation_of
from keyproof.google.reading import GoneError, ProjectReading
from keyproof.google.vocabulary import KEYS
from keyproof.ports import Surroundings
from keyproof.rest.cloud import PARALLEL
from keyproof.rest.reading import moment
from keyproof.rest.refusals import LockedOutError

_PAGE = 1000
_NO_ACCESS_TIME = "Cloud KMS keeps no time of use; the Data Access audit log has it"
_NO_MATERIAL = "no version is in use, so there is nothing that has an age"

Item = Mapping[str, Any]


class GoogleKmsCollector:
    """Collects keys of Cloud KMS; its scopes are projects."""

    kind: ClassVar[str] = "google-kms"
    permissions: ClassVar[tuple[str, ...]] = need.KMS
    Config: ClassVar[type[GoogleKmsConfig]] = GoogleKmsConfig

    def __init__(self, source: str, config: GoogleKmsConfig, surroundings: Surroundings) -> None:
        self._source = source
        self._config = config
        self._cloud = GoogleCloud(
            source=source, config=config, surroundings=surroundings, permissions=self.permissions
        )
        self._surroundings = surroundings
        self._logging = Lock()
        self._iam = Iam(cloud=self._cloud, vocabulary=KEYS)

    def scopes(self) -> Sequence[str]:
        """The projects, each once."""
        return list(dict.fromkeys(self._config.projects))

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield the project's keys. Raises CollectError when it cannot be read or Google goes away."""
        client = self._cloud.client(scope)
        with closing(client), ThreadPoolExecutor(max_workers=PARALLEL) as pool:
            reading = _Reading(
                source=self._source,
                noun="keys",
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
            yield Evidence(name="endpoint", value=self._cloud.at("cloudkms"))
            yield from reading.everything()
            yield from reading.account_for()


@dataclass(slots=True, kw_only=True)
class _Reading(ProjectReading):
    """One pass over the keys of one project."""

    config: GoogleKmsConfig

    def everything(self) -> Iterator[SecretMetadata | Gap]:
        """The keys of all rings, location by location; a ring or location that is denied is a gap."""
        home = f"{self.cloud.at('cloudkms')}/v1/projects/{quote(self.project)}/locations"
        for place in self.items(home, need.KEY_LOCATIONS, "locations", page=_PAGE):
            location = str(place["locationId"])
            if any(fnmatchcase(location, glob) for glob in self.config.locations):
                yield from self._location(f"{home}/{quote(location)}", location)

    def _location(self, url: str, location: str) -> Iterator[SecretMetadata | Gap]:
        try:
            rings = [
                _name(ring) for ring in self.items(f"{url}/keyRings", need.KEY_RINGS, "keyRings", page=_PAGE)
            ]
        except LockedOutError:
            raise
        except AccessDeniedError as error:
            yield self.gap(location, error.message, error.hint)
            return
        for ring in rings:
            try:
                yield from self._ring(f"{url}/keyRings/{quote(ring)}", location, ring)
            except LockedOutError:
                raise
            except AccessDeniedError as error:
                yield self.gap(f"{location}/{ring}", error.message, error.hint)
            except GoneError:
                yield self.gap(f"{location}/{ring}", "it was deleted while it was read", "scan again")

    def _ring(self, url: str, location: str, ring: str) -> Iterator[SecretMetadata]:
        unread, grants = dict(self.unread), tuple[AccessGrant, ...]()
        if self.config.access:
            grants = (
                self.attempt(
                    "grants",
                    f"{location}/{ring}",
                    unread,
                    lambda: self._policy(url, need.KEY_RING_POLICY, ring),
                )
                or ()
            )
        for page in self.pages(f"{url}/cryptoKeys", need.KEYS, "cryptoKeys", page=_PAGE):
            chosen = [key for key in page if self.chosen(f"{self.project}/{location}/{ring}/{_name(key)}")]
            yield from self.each(
                chosen, lambda key: self._key(url, (location, ring), key, dict(unread), grants)
            )

    def _policy(self, url: str, right: str, ring: str = "") -> tuple[AccessGrant, ...]:
        place = f"the key ring {ring}" if ring else "the key"
        return self.iam.on(self.client, url, self.facts, right=right, place=place)

    def _key(
        self,
        ring_url: str,
        ring: tuple[str, str],
        record: Item,
        unread: dict[str, str],
        above: tuple[AccessGrant, ...],
    ) -> SecretMetadata | None:
        """Everything about one listed key; None when it was deleted meanwhile."""
        name = _name(record)
        url = f"{ring_url}/cryptoKeys/{quote(name)}"
        try:
            versions = self.attempt(
                "versions",
                name,
                unread,
                lambda: list(
                    self.items(f"{url}/cryptoKeyVersions", need.KEY_VERSIONS, "cryptoKeyVersions", page=_PAGE)
                ),
            )
            grants = self.grants(name, unread, lambda: (*above, *self._policy(url, need.KEY_POLICY)))
        except GoneError:
            self.gone()
            return None
        return self._told(ring, record, versions, grants, unread)

    def _told(
        self,
        ring: tuple[str, str],
        record: Item,
        versions: Sequence[Item] | None,
        grants: tuple[AccessGrant, ...] | None,
        unread: Mapping[str, str],
    ) -> SecretMetadata:
        name, (location, home) = _name(record), ring
        labels = {str(key): str(value) for key, value in (record.get("labels") or {}).items()}
        material = material_of(record, versions)
        created = moment(record.get("createTime"))
        made = (
            (DatedFact(at=created, basis=Basis.RECORD_CREATED, confidence=Confidence.UPPER_BOUND),)
            if created
            else ()
        )
        missing = {**unread, "last_accessed_at": _NO_ACCESS_TIME}
        if not material.facts:
            missing["facts"] = missing.get("versions") or _NO_MATERIAL
        return SecretMetadata(
            id=f"{GoogleKmsCollector.kind}://{quote(self.project)}/{quote(location)}/{quote(home)}/{quote(name)}",
            name=f"{self.project}/{location}/{home}/{name}",
            source=self.source,
            backend=GoogleKmsCollector.kind,
            scope=self.project,
            kind=SubjectKind.KEY,
            environment=labels.get("environment") or labels.get("env") or "",
            owner=labels.get("owner") or labels.get("team") or "",
            type=str(material.attributes.get("key-type") or ""),
            tags=labels,
            created_at=created,
            facts=(*material.facts, *made),
            rotation=rotation_of(record),
            deletion=material.deletion,
            grants=grants,
            audit=self.audit(),
            access_log=self.uses.log_of(f"{location}/{home}/{name}") if self.uses else None,
            attributes={
                "address": self.cloud.at("cloudkms"),
                **attributes_of(record),
                **material.attributes,
            },
            unread=missing,
        )


def _name(record: Item) -> str:
    return str(record["name"]).rpartition("/")[2]
