"""Reads the Secrets of a Kubernetes cluster, namespace by namespace, without their values."""

import base64
import binascii
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from threading import Lock
from typing import ClassVar
from urllib.parse import quote, urlsplit

from keyproof.domain.assessment import Collected, Gap, ScopeStatus
from keyproof.domain.secret import Basis, Confidence, SecretMetadata
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendProtocolError, CollectError
from keyproof.kubernetes import permissions as need
from keyproof.kubernetes.client import METADATA, TABLE, Client
from keyproof.kubernetes.cluster import ClusterFacts, read_cluster
from keyproof.kubernetes.config import KubernetesConfig
from keyproof.kubernetes.controlled import Controlled, read_controlled
from keyproof.kubernetes.credentials import Credentials
from keyproof.kubernetes.kubeconfig import ClusterAccess
from keyproof.kubernetes.managed import MANAGED_FIELDS, Managed
from keyproof.kubernetes.secret import Row, notes_changes, priority, read_table, word
from keyproof.ports import Surroundings
from keyproof.strict_yaml import did_you_mean

_CLUSTER = "cluster/"
"""The scope with what holds for all namespaces; no namespace has a slash in its name."""
_NO_ACCESS_TIME = "Kubernetes keeps no time of access; the audit log has it"
_NO_WRITER = "the server notes nobody who wrote the data, so only the creation of the object is known"
_UNDATED = "servers before 1.25 do not note when a value changes, so only the creation of the object is known"
_LABELLED = ("owner", "environment", "priority")
"""What a label of the namespace may say."""


@dataclass(slots=True, kw_only=True)
class _Space:
    """What is known of a namespace while its Secrets are read."""

    client: Client
    namespace: str
    facts: ClusterFacts
    labels: Mapping[str, str]
    controlled: Controlled = field(default_factory=Controlled)
    unread: dict[str, str] = field(default_factory=dict)


class KubernetesCollector:
    """Collects Secrets by their tables, in which the server sends no value; its scopes are namespaces.

    Listing Secrets is the right to read them in Kubernetes, so keyproof needs that right though it never uses it
    for values: the server's audit log shows what it asked for.
    """

    kind: ClassVar[str] = "kubernetes"
    permissions: ClassVar[tuple[str, ...]] = need.PERMISSIONS
    Config: ClassVar[type[KubernetesConfig]] = KubernetesConfig

    def __init__(self, source: str, config: KubernetesConfig, surroundings: Surroundings) -> None:
        self._source = source
        self._config = config
        self._surroundings = surroundings
        self._lock = Lock()
        self._credentials = Credentials(config, surroundings)
        self._facts: ClusterFacts | None = None
        self._labels: dict[str, Mapping[str, str]] = {}

    def scopes(self) -> Sequence[str]:
        """Every namespace asked for, and `cluster/`, which tells what holds for all. Raises CollectError."""
        if self._config.namespaces:
            return [_CLUSTER, *dict.fromkeys(self._config.namespaces)]
        with self._open(self._source) as client:
            try:
                self._labels = dict(self._namespaces(client))
            except AccessDeniedError as error:
                hint = f"{error.hint}, or name the namespaces under `namespaces`"
                raise AccessDeniedError(error.message, scope=error.scope, hint=hint) from None
        return [_CLUSTER, *sorted(self._labels)]

    def _namespaces(self, client: Client) -> Iterator[tuple[str, Mapping[str, str]]]:
        for page in client.pages("/api/v1/namespaces", need=need.NAMESPACES, accept=METADATA):
            for item in page.get("items") or ():
                metadata = item.get("metadata") or {}
                yield str(metadata.get("name")), metadata.get("labels") or {}

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield the namespace's Secrets. Raises CollectError when it cannot be read or the server goes away."""
        with self._open(scope) as client:
            facts = self._cluster(client)
            if scope == _CLUSTER:
                yield from self._about(client, facts)
                return
            unlisted = self._know_namespaces(client, scope)
            labels = self._labels.get(scope, {})
            space = _Space(client=client, namespace=scope, facts=facts, labels=labels)
            space.unread.update(facts.unread)
            space.unread.update(dict.fromkeys(_LABELLED, unlisted) if unlisted else {})
            yield from self._read_controllers(space)
            yield from self._secrets(space)

    def _know_namespaces(self, client: Client, scope: str) -> str:
        """Why namespaces cannot be listed, which only those may leave open who name them. Raises CollectError.

        The server lists no Secrets in a namespace that is not there, as if it were empty.
        """
        with self._lock:
            if scope not in self._labels:
                try:
                    self._labels = dict(self._namespaces(client))
                except AccessDeniedError as error:
                    if not self._config.namespaces:
                        raise
                    return error.message
        if scope not in self._labels:
            hint = did_you_mean(scope, sorted(self._labels))
            raise CollectError(f"there is no namespace {scope!r}", scope=scope, hint=hint)
        return ""

    def _about(self, client: Client, facts: ClusterFacts) -> Iterator[Collected]:
        access = client.access
        who = _scanner(access) or "not stated by the credentials"
        yield Evidence(name="identity", value=f"{who} ({access.origin})")
        yield Evidence(name="endpoint", value=access.server)
        yield from facts.evidence
        for what, reason, hint in facts.gaps:
            yield self._gap(f"{_CLUSTER} ({what})", reason, hint)
        yield client.account()

    def _cluster(self, client: Client) -> ClusterFacts:
        with self._lock:
            if self._facts is None:
                root, scanner = self._surroundings.root, _scanner(client.access)
                self._facts = read_cluster(client, self._config, root=root, scanner=scanner)
            return self._facts

    @contextmanager
    def _open(self, scope: str) -> Iterator[Client]:
        access = self._credentials.current(scope)
        client = Client(access, self._config, self._surroundings, scope=scope, credentials=self._credentials)
        try:
            yield client
        finally:
            client.close()

    def _read_controllers(self, space: _Space) -> Iterator[Collected]:
        if not self._config.controllers:
            space.unread |= dict.fromkeys(MANAGED_FIELDS, "not read: controllers is false in keyproof.yaml")
            return
        facts = space.facts
        now = self._surroundings.clock.now()
        space.controlled = read_controlled(
            space.client, space.namespace, facts.groups, stores=facts.stores, now=now
        )
        space.unread |= space.controlled.unread
        for what, reason, hint in space.controlled.gaps:
            yield self._gap(f"{space.namespace} ({what})", reason, hint)
        yield from space.controlled.evidence

    def _secrets(self, space: _Space) -> Iterator[Collected]:
        tally: Counter[str] = Counter()
        carriers: list[str] = []
        for row in self._rows(space):
            tally["listed"] += 1
            if not self._wanted(f"{row.namespace}/{row.name}"):
                tally["left out"] += 1
                continue
            if row.carriers:
                carriers.append(row.name)
            yield self._secret(space, row)
        if carriers:
            what = f"{len(carriers)} Secrets have their values in an annotation too, e.g. {min(carriers)}"
            yield Evidence(name="values in annotations", value=what)
        yield Evidence(name="secrets listed", value=str(tally["listed"]))
        if tally["left out"]:
            yield Evidence(name="left out", value=f"{tally['left out']} secrets by include and exclude")
        yield space.client.account()

    def _rows(self, space: _Space) -> Iterator[Row]:
        path = f"/api/v1/namespaces/{space.namespace}/secrets"
        dated = notes_changes(space.facts.version)
        seen: set[str] = set()
        for page in space.client.pages(path, need=need.SECRETS, accept=TABLE):
            try:
                rows = list(read_table(page, annotations=self._config.annotations, dated=dated))
            except (ValueError, KeyError, TypeError, IndexError) as error:
                what = str(error) if type(error) is ValueError else "a table has an unknown shape"
                hint = "report this with the server's version"
                raise BackendProtocolError(what, scope=space.namespace, hint=hint) from None
            for row in rows:
                if row.name not in seen:  # a listing that had to begin anew repeats what it gave
                    seen.add(row.name)
                    yield row

    def _wanted(self, name: str) -> bool:
        return any(fnmatchcase(name, glob) for glob in self._config.include) and not any(
            fnmatchcase(name, glob) for glob in self._config.exclude
        )

    def _secret(self, space: _Space, row: Row) -> SecretMetadata:
        facts, managed = space.facts, space.controlled.managed.get(row.name)
        # The cluster as it stands in subject ids.
        cluster = self._config.cluster or urlsplit(space.client.access.server).netloc.lower()
        words = {**space.labels, **row.labels, **row.annotations}
        bare = SecretMetadata(
            id=f"kubernetes://{quote(cluster, safe=':')}/{quote(row.namespace)}/{quote(row.name)}",
            name=f"{row.namespace}/{row.name}",
            source=self._source,
            backend=self.kind,
            scope=space.namespace,
            kind=row.kind,
            environment=word(words, "environment", "env"),
            owner=word(words, "owner", "team"),
            priority=priority(words),
            type=row.type,
            tags={**row.labels, **row.annotations},
            created_at=row.created_at,
            facts=row.facts,
            encryption=facts.encryption,
            deletion=row.deletion,
            last_accessed_at=row.last_used,
            grants=facts.rbac.on(row.namespace, row.name) if facts.rbac else None,
            audit=facts.audit,
            access_log=facts.log.log_of(row.namespace, row.name) if facts.log else None,
            attributes={
                **self._attributes(space.client.access, facts, row),
                **space.controlled.pushed(row.name, row.labels),
            },
            unread=_unread(space, row),
        )
        return _with_managed(bare, managed) if managed else bare

    @staticmethod
    def _attributes(access: ClusterAccess, facts: ClusterFacts, row: Row) -> dict[str, str | int | bool]:
        found: dict[str, str | int | bool] = {"address": access.server, "data-keys": row.keys}
        if not access.verified:
            found["tls-verified"] = False
        if row.keys == 0:
            found["empty"] = True
        if row.key_names:
            found["key-names"] = ", ".join(row.key_names)
        if row.carriers:
            found["values-in-annotation"] = ", ".join(row.carriers)
        if row.owners:
            found["owned-by"] = ", ".join(row.owners)
        if facts.values_in_log:
            found["audit_log_raw"] = True
        return found

    def _gap(self, scope: str, reason: str, hint: str) -> Gap:
        return Gap(source=self._source, scope=scope, status=ScopeStatus.PARTIAL, reason=reason, hint=hint)


def _unread(space: _Space, row: Row) -> dict[str, str]:
    unread = dict(space.unread)
    if row.last_used is None:
        unread["last_accessed_at"] = _NO_ACCESS_TIME
    if len(row.facts) < 2:
        unread["facts"] = _NO_WRITER if notes_changes(space.facts.version) else _UNDATED
    return unread


def _with_managed(secret: SecretMetadata, managed: Managed) -> SecretMetadata:
    """A controller's own dates go before those of the object, which it also writes for other reasons.

    What was made elsewhere may be older than the object that holds a copy of it.
    """
    facts = secret.facts
    if managed.facts:
        created = (fact for fact in secret.facts if fact.basis is Basis.RECORD_CREATED)
        facts = (*managed.facts, *created)
    elif managed.copied:
        facts = tuple(replace(fact, confidence=Confidence.UPPER_BOUND) for fact in secret.facts)
    unread = {name: why for name, why in secret.unread.items() if name != "facts" or not managed.facts}
    return replace(
        secret,
        facts=facts,
        rotation=managed.rotation,
        expires_at=managed.expires_at,
        attributes={**secret.attributes, **managed.attributes},
        unread=unread,
    )


def _scanner(access: ClusterAccess) -> str:
    """Who the server takes this scan for, as far as the token itself says."""
    parts = access.token.split(".")
    if len(parts) != 3:
        return ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return ""
    subject = claims.get("sub") if isinstance(claims, dict) else None
    return subject if isinstance(subject, str) and subject.startswith("system:serviceaccount:") else ""
