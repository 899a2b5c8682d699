"""One pass over one key vault: everything in it, without values, and what was refused on the way."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import quote

from keyproof.audit.uses import Uses
from keyproof.azure import permissions as need
from keyproof.azure.config import AzureKeyVaultConfig, ObjectKind
from keyproof.azure.connection import VAULT_VERSION, MissingError, next_link
from keyproof.azure.events import names_of
from keyproof.azure.objects import (
    SUBJECTS,
    at,
    attributes_of,
    certificate_facts,
    facts_of,
    key_facts,
    key_rotation,
    name_of,
    versions_of,
)
from keyproof.azure.vault import VaultFacts
from keyproof.domain.assessment import Gap, ScopeStatus
from keyproof.domain.secret import Encryption, Rotation, SecretMetadata, SecretVersion, VersionState
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendProtocolError
from keyproof.rest.cloud import PARALLEL, CloudClient
from keyproof.rest.refusals import LockedOutError

KIND = "azure-key-vault"
_LISTING = {
    ObjectKind.SECRETS: need.SECRETS,
    ObjectKind.KEYS: need.KEYS,
    ObjectKind.CERTIFICATES: need.CERTIFICATES,
}
_PAGE = 25
"""As many as a vault gives at most."""
_AT_REST = Encryption(encrypted=True, key="Azure Key Vault's own", customer_managed=False)
"""https://learn.microsoft.com/azure/key-vault/secrets/about-secrets#encryption."""
_NO_ACCESS_TIME = "Key Vault keeps no time of access; its diagnostic log has it"
_NO_LOG = "the diagnostic logs were not read"
_NO_READ = "no version is enabled, so there is no value that has an age"
_PRIORITIES = frozenset({"critical", "high", "medium", "low"})

T = TypeVar("T")
Item = Mapping[str, Any]
Facts = dict[str, str | int | bool]


class _GoneError(Exception):
    """It was deleted between two requests."""


@dataclass(slots=True, kw_only=True)
class VaultReading:
    """One pass over one vault, with what must be told about it at the end."""

    source: str
    config: AzureKeyVaultConfig
    client: CloudClient
    facts: VaultFacts
    uses: Uses | None = None
    no_log: str = _NO_LOG
    """Why `uses` is None."""
    tally: Counter[str] = field(default_factory=Counter)
    refused: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)
    """What, why and what to do → names of the objects it was refused for."""
    _lock: Lock = field(default_factory=Lock)

    def everything(self) -> Iterator[SecretMetadata | Gap]:
        """Every kind asked for; one that is denied is a gap, all of them are an error."""
        denied: list[AccessDeniedError] = []
        for kind in self.config.objects:
            try:
                yield from self._living(kind)
            except AccessDeniedError as error:
                denied.append(error)
                if isinstance(error, LockedOutError) or len(denied) == len(self.config.objects):
                    raise
                yield self.gap(kind, error.message, error.hint)
                continue
            if self.config.deleted:
                try:
                    yield from self._deleted(kind)
                except AccessDeniedError as error:
                    yield self.gap(f"deleted {kind}", error.message, error.hint)

    def account_for(self) -> Iterator[Gap | Evidence]:
        """What was refused, left out and counted."""
        for (what, reason, hint), names in sorted(self.refused.items()):
            yield self.gap(what, f"{reason}, for {len(names)} of them, e.g. {min(names)}", hint)
        for kind in self.config.objects:
            yield Evidence(name=f"{kind} listed", value=str(self.tally[kind]))
        if count := self.tally["gone"]:
            yield Evidence(name="deleted while they were read", value=str(count))
        if count := self.tally["managed"]:
            yield Evidence(
                name="parts of certificates", value=f"{count} secrets and keys, told as certificates"
            )
        if count := self.tally["left out"]:
            yield Evidence(name="left out by include and exclude", value=str(count))
        if self.facts.access is not None:
            what = "members of groups, and who may change them, are not read"
            yield Evidence(name="access", value=what)
        yield self.client.account()

    def gap(self, what: str, reason: str, hint: str) -> Gap:
        """A part of the vault that could not be read."""
        scope = f"{self.facts.address} ({what})"
        return Gap(source=self.source, scope=scope, status=ScopeStatus.PARTIAL, reason=reason, hint=hint)

    def _living(self, kind: ObjectKind) -> Iterator[SecretMetadata]:
        with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
            for page in self._pages(f"/{kind}", _LISTING[kind]):
                chosen = [item for item in page if self._chosen(kind, item)]
                for found in pool.map(lambda item: self._object(kind, item), chosen):
                    if found is not None:
                        yield found

    def _deleted(self, kind: ObjectKind) -> Iterator[SecretMetadata]:
        for page in self._pages(f"/deleted{kind}", _LISTING[kind]):
            for item in page:
                if item.get("managed") is not True and self._wanted(name_of(item)):
                    gone = at(item.get("deletedDate")) or at(item.get("scheduledPurgeDate"))
                    if gone is None:
                        raise self._strange(
                            f"lists {name_of(item)} as deleted without a date", _LISTING[kind]
                        )
                    yield self._told(kind, item, deletion=gone)

    def _chosen(self, kind: ObjectKind, item: Item) -> bool:
        self.tally[kind] += 1
        if item.get("managed") is True:  # the secret and the key that a certificate consists of
            self.tally["managed"] += 1
            return False
        if not self._wanted(name_of(item)):
            self.tally["left out"] += 1
            return False
        return True

    def _wanted(self, name: str) -> bool:
        full = f"{self.facts.name}/{name}"
        return any(fnmatchcase(full, glob) for glob in self.config.include) and not any(
            fnmatchcase(full, glob) for glob in self.config.exclude
        )

    def _object(self, kind: ObjectKind, item: Item) -> SecretMetadata | None:
        """Everything about one listed object; None when it was deleted meanwhile."""
        path, unread = f"/{kind}/{quote(name_of(item), safe='')}", dict[str, str]()
        try:
            versions = self._try(
                "versions",
                item,
                unread,
                lambda: [one for p in self._pages(f"{path}/versions", _LISTING[kind]) for one in p],
            )
            rotation, said = self._policy(kind, path, item, unread)
            said |= self._key(path, item, versions or (), unread) if kind is ObjectKind.KEYS else {}
        except _GoneError:
            with self._lock:
                self.tally["gone"] += 1
            return None
        if versions is None:
            unread["facts"] = unread["versions"]
        return self._told(kind, item, versions=versions, rotation=rotation, said=said, unread=unread)

    def _policy(
        self, kind: ObjectKind, path: str, item: Item, unread: dict[str, str]
    ) -> tuple[Rotation | None, Facts]:
        """How a key or a certificate is renewed. A vault renews no secret: it sends a notice before the end."""
        match kind:
            case ObjectKind.SECRETS:
                return None, {}
            case ObjectKind.KEYS:
                policy = self._try(
                    "rotation", item, unread, lambda: self._get(f"{path}/rotationpolicy", need.KEY_ROTATION)
                )
                return (key_rotation(policy), {}) if policy is not None else (None, {})
            case ObjectKind.CERTIFICATES:
                policy = self._try(
                    "rotation", item, unread, lambda: self._get(f"{path}/policy", need.CERTIFICATES)
                )
                return certificate_facts(policy) if policy is not None else (None, {})

    def _key(self, path: str, item: Item, versions: Sequence[Item], unread: dict[str, str]) -> Facts:
        """Type and length of the key in use, which stand beside its public part and in no listing."""
        current = _current(versions_of(versions))
        if current is None:
            return {}
        bundle = self._try(
            "key-type", item, unread, lambda: self._get(f"{path}/{quote(current.id)}", need.KEYS)
        )
        return key_facts(bundle) if bundle is not None else {}

    def _try(self, field: str, item: Item, unread: dict[str, str], read: Callable[[], T]) -> T | None:
        """What `read` gives; None, and the reason noted, when the right for it is missing."""
        try:
            return read()
        except LockedOutError:
            raise
        except AccessDeniedError as error:
            unread[field] = error.message
            with self._lock:
                self.refused.setdefault((field, error.message, error.hint), []).append(name_of(item))
            return None

    def _told(
        self,
        kind: ObjectKind,
        item: Item,
        *,
        versions: Sequence[Item] | None = None,
        rotation: Rotation | None = None,
        said: Facts | None = None,
        unread: Mapping[str, str] | None = None,
        deletion: Any = None,
    ) -> SecretMetadata:
        name, vault, facts = name_of(item), self.facts.name, self.facts
        listed = versions_of(versions) if versions is not None else None
        current = _current(listed or ())
        dated = facts_of(listed or (), same_key=bool((said or {}).get("reuses-key")))
        missing = {
            **facts.unread,
            **(unread or {}),
            "last_accessed_at": _NO_ACCESS_TIME,
            **({} if self.uses else {"access_log": self.no_log}),
        }
        if listed is not None and not dated:
            missing["facts"] = _NO_READ
        tags = {str(key): str(value) for key, value in (item.get("tags") or {}).items()}
        words = {key.lower(): value.strip() for key, value in {**facts.tags, **tags}.items()}
        stated = item.get("attributes") or {}
        return SecretMetadata(
            id=f"{KIND}://{quote(vault, safe=':')}/{kind}/{quote(name)}",
            name=f"{vault}/{name}",
            source=self.source,
            backend=KIND,
            scope=facts.address,
            kind=SUBJECTS[kind],
            environment=words.get("environment") or words.get("env") or "",
            owner=words.get("owner") or words.get("team") or "",
            priority=words["priority"].lower() if words.get("priority", "").lower() in _PRIORITIES else "",
            tags=tags,
            created_at=min(
                (v.created_at for v in listed or () if v.created_at), default=at(stated.get("created"))
            ),
            facts=dated,
            versions=listed,
            rotation=rotation,
            expires_at=current.expires_at if current else at(stated.get("exp")),
            encryption=_AT_REST,
            deletion=deletion,
            grants=facts.access.on(kind, name) if facts.access else None,
            audit=facts.audit,
            access_log=self.uses.log_of(*names_of(kind, name)) if self.uses else None,
            attributes={
                "address": facts.address,
                **facts.attributes,
                **attributes_of(item, listed or ()),
                **(said or {}),
            },
            unread=missing,
        )

    def _pages(self, path: str, right: str) -> Iterator[Sequence[Item]]:
        url = f"{self.facts.address}{path}"
        params: dict[str, str | int] = {"api-version": VAULT_VERSION, "maxresults": _PAGE}
        pages = self.client.pages(url, need=right, following=next_link, **params)
        try:
            for page in pages:
                items = page.get("value")
                if items is not None and not isinstance(items, list):
                    raise self._strange("lists something of an unknown shape", right)
                yield items or ()
        except MissingError:
            if _is_listing(path):
                raise
            raise _GoneError from None

    def _get(self, path: str, right: str) -> Item:
        try:
            return self.client.get(
                f"{self.facts.address}{path}", need=right, **{"api-version": VAULT_VERSION}
            )
        except MissingError:
            raise _GoneError from None

    def _strange(self, what: str, right: str) -> BackendProtocolError:
        return self.client.strange(self.facts.address, what, right)


def _current(versions: Sequence[SecretVersion]) -> SecretVersion | None:
    return next((version for version in versions if version.state is VersionState.CURRENT), None)


def _is_listing(path: str) -> bool:
    """Whether a path is that of all objects of a kind, not of one of them."""
    return path.count("/") == 1
