"""Reads the metadata of KV secrets in HashiCorp Vault and OpenBao: never a value."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from keyproof.domain.access import AuditTrail
from keyproof.domain.assessment import Collected, Gap, ScopeStatus
from keyproof.domain.secret import Encryption, SecretMetadata
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendProtocolError, BackendUnreachableError, CollectError
from keyproof.ports import Surroundings
from keyproof.retry import RetryBudget, ThrottledError
from keyproof.strict_yaml import did_you_mean
from keyproof.vault.api import Answer, Connection
from keyproof.vault.config import VaultConfig, checked_address
from keyproof.vault.grants import Grants
from keyproof.vault.holders import NamespaceAccess, read_namespace
from keyproof.vault.kv import read_metadata
from keyproof.vault.login import first, found_token, login_request, sendable
from keyproof.vault.permissions import PERMISSIONS
from keyproof.vault.tree import Folder, Tree, pages

_KV1 = "KV version 1 keeps no metadata: only the name is known"
_NO_ACCESS_TIME = "KV keeps no time of access; the audit log has it"
_METADATA_FIELDS = (
    "facts",
    "versions",
    "created_at",
    "expires_at",
    "deletion",
    "tags",
    "owner",
    "environment",
    "priority",
    "type",
)
_REASONS_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    namespace: str
    """Empty or ending in `/`."""
    mount: str
    """Ending in `/`; empty when the mounts of the namespace could not be listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Client:
    """A namespace of the server: asks again while the server is busy."""

    connection: Connection
    budget: RetryBudget
    scope: str
    namespace: str = ""

    def ask(
        self, verb: str, path: str, *, params: Mapping[str, Any] | None = None, body: Any = None
    ) -> Answer:
        """As `Connection.ask`, but a server that stays busy raises BackendUnreachableError."""
        try:
            return self.budget.call(lambda: self._ask_once(verb, path, params, body))
        except ThrottledError as error:
            hint = "scan at a quieter hour, raise the server's rate limit quota, or raise max-wait"
            raise BackendUnreachableError(
                f"the server stays busy: {error}", scope=self.scope, hint=hint
            ) from error

    def _ask_once(self, verb: str, path: str, params: Mapping[str, Any] | None, body: Any) -> Answer:
        answer = self.connection.ask(verb, path, namespace=self.namespace, params=params, body=body)
        if answer.busy:
            raise ThrottledError(f"{answer.status}, {answer.words}", after=answer.retry_after)
        return answer

    def keys(self, path: str) -> list[str]:
        """What `path` lists; empty when nothing is there."""
        return list(dict.fromkeys(key for answer in pages(self, path) for key in answer.keys))

    def read(self, path: str) -> Mapping[str, Any] | None:
        """The data at `path`, None when there is none."""
        answer = self.ask("GET", path)
        return answer.data if answer.found else None

    def at(self, namespace: str) -> "_Client":
        """The same connection, asking another namespace."""
        return replace(self, namespace=namespace)


@dataclass(slots=True, kw_only=True)
class _Mount:
    """What is known of a mount while its secrets are read."""

    client: _Client
    scope: str
    place: _Place
    version: int
    config: Mapping[str, Any] | None = None
    grants: Grants | None = None
    audit: tuple[AuditTrail, ...] | None = None
    attributes: dict[str, str | int | bool] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    left_out: int = 0


class VaultCollector:
    """Collects KV secrets, scope by scope: a scope is a namespace and a mount, e.g. `team-a/kv/`."""

    kind: ClassVar[str] = "vault"
    permissions: ClassVar[tuple[str, ...]] = PERMISSIONS
    Config: ClassVar[type[VaultConfig]] = VaultConfig

    def __init__(self, source: str, config: VaultConfig, surroundings: Surroundings) -> None:
        self._source = source
        self._config = config
        self._surroundings = surroundings
        self._environ = surroundings.environ
        self._lock = Lock()
        self._token = ""
        self._places: dict[str, _Place] = {}
        self._access: dict[str, NamespaceAccess] = {}
        self._devices: Mapping[str, Any] | None = None

    def scopes(self) -> Sequence[str]:
        """Every namespace and KV mount asked for; `NAMESPACE/*` is one that may not be looked into.

        Raises CollectError when nothing can be listed.
        """
        with self._open(self._source) as client:
            self._places = self._find_places(client)
        return sorted(self._places)

    def _find_places(self, client: _Client) -> dict[str, _Place]:
        namespaces, closed = self._namespaces(client)
        places = [_Place(namespace=namespace, mount="") for namespace in closed]
        for namespace in namespaces:
            try:
                mounts = self._mounts_of(client.at(namespace))
            except AccessDeniedError:
                if len(namespaces) == 1:
                    raise
                mounts = [""]
            places += [_Place(namespace=namespace, mount=mount) for mount in mounts]
        if not places:
            hint = "check the namespace, or remove the source"
            raise CollectError("the server has no KV mount", scope=self._source, hint=hint)
        return {f"{place.namespace}{place.mount or '*'}": place for place in places}

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield the mount's secrets. Raises CollectError when it cannot be read or the server goes away."""
        if scope not in self._places:
            self.scopes()
        place = self._places.get(scope)
        if place is None:
            hint = did_you_mean(scope, sorted(self._places))
            raise CollectError(f"there is no scope {scope!r}", scope=scope, hint=hint)
        with self._open(scope) as client:
            yield from self._collect(client.at(place.namespace), scope, place)

    def _collect(self, client: _Client, scope: str, place: _Place) -> Iterator[Collected]:
        yield from self._about(client)
        if not place.mount:
            client.keys("sys/namespaces")  # one of these two is what was denied
            self._all_mounts(client)
            message = f"what {scope} holds is only now readable"
            raise CollectError(message, scope=scope, hint="scan again")
        mount = self._mount(client, scope, place)
        yield from self._read_audit(mount)
        yield from self._read_access(mount)
        yield from self._secrets(mount)
        if mount.left_out:
            yield Evidence(name="left out", value=f"{mount.left_out} secrets by include and exclude")
        counts = client.connection.counts
        requests = ", ".join(f"{verb} {count}" for verb, count in sorted(counts.items()))
        yield Evidence(name="requests", value=requests)

    @contextmanager
    def _open(self, scope: str) -> Iterator[_Client]:
        address = self._address(scope)
        authorities = self._config.ca_cert or first(
            self._environ, "BAO_CACERT", "VAULT_CACERT", "REQUESTS_CA_BUNDLE"
        )
        connection = Connection(
            address,
            scope=scope,
            environ=self._environ,
            authorities=str(self._surroundings.root / authorities) if authorities else "",
            timeout=self._config.timeout,
        )
        budget = RetryBudget(sleep=self._surroundings.sleep, total=self._config.max_wait)
        client = _Client(connection=connection, budget=budget, scope=scope)
        try:
            connection.use(self._credential(client))
            yield client
        finally:
            connection.close()

    def _address(self, scope: str) -> str:
        address = self._config.address or first(self._environ, "BAO_ADDR", "VAULT_ADDR")
        if not address:
            hint = "set address in keyproof.yaml, or export VAULT_ADDR"
            raise CollectError("no server address is given", scope=scope, hint=hint)
        try:
            return checked_address(address)
        except ValueError as error:
            raise CollectError(str(error), scope=scope, hint="correct the address") from None

    def _credential(self, client: _Client) -> str:
        with self._lock:
            if not self._token:
                self._token = self._log_in(client) if self._config.auth else found_token(self._environ)
            token = self._token
        if not sendable(token):
            what = "the token found has characters that no token has" if token else "no token is given"
            hint = "export VAULT_TOKEN or BAO_TOKEN, run `vault login`, or configure auth"
            raise AccessDeniedError(what, scope=client.scope, hint=hint)
        return token

    def _log_in(self, client: _Client) -> str:
        assert self._config.auth is not None
        path, body = login_request(self._config.auth, self._environ, self._surroundings.root)
        try:
            answer = client.at(self._base_namespace()).ask("POST", path, body=body)
        except BackendProtocolError as error:  # a wrong role or secret id is a 400
            hint = "check role, secret id and the mount of the auth method"
            message = f"the server refuses the login at {path}"
            raise AccessDeniedError(message, scope=client.scope, hint=hint) from error
        granted = answer.body.get("auth")
        return str(granted.get("client_token", "")) if isinstance(granted, Mapping) else ""

    def _base_namespace(self) -> str:
        return _slashed(self._config.namespace or first(self._environ, "BAO_NAMESPACE", "VAULT_NAMESPACE"))

    def _namespaces(self, client: _Client) -> tuple[list[str], list[str]]:
        """The namespaces to read, and those of them below which none could be listed."""
        base = self._base_namespace()
        asked = self._config.namespaces
        if "*" not in asked:
            return sorted({base + _slashed(name) for name in asked}) or [base], []
        found, closed, waiting = [], [], [base]
        while waiting:
            namespace = waiting.pop()
            found.append(namespace)
            try:
                # A server without namespaces has no such path: the same as having none below.
                below = client.at(namespace).keys("sys/namespaces")
            except AccessDeniedError:
                if namespace == base:
                    raise
                closed.append(namespace)
            else:
                waiting += [namespace + _slashed(key) for key in below]
        return sorted(found), closed

    def _mounts_of(self, client: _Client) -> list[str]:
        if self._config.mounts:
            return [_slashed(mount) for mount in self._config.mounts]
        mounts = self._all_mounts(client)
        return sorted(path for path, mount in mounts.items() if _kv_version(mount))

    def _all_mounts(self, client: _Client) -> Mapping[str, Any]:
        answer = client.ask("GET", "sys/mounts")
        if not answer.found:
            message = f"the namespace '{client.namespace.rstrip('/')}' cannot be read: {answer.words}"
            raise CollectError(message, scope=client.scope, hint="list them with `bao namespace list`")
        return answer.data

    def _mount(self, client: _Client, scope: str, place: _Place) -> _Mount:
        try:
            mounts = self._all_mounts(client)
        except AccessDeniedError:
            # Any token that reaches something below a mount may ask about that mount, as `vault kv` does.
            # Trying out paths instead could read a value: on version 1 MOUNT/config is a secret like others.
            mounts = {place.mount: client.read(f"sys/internal/ui/mounts/{place.mount.rstrip('/')}")}
        found = mounts.get(place.mount)
        if found is None:
            known = sorted(path.rstrip("/") for path, mount in mounts.items() if _kv_version(mount))
            hint = did_you_mean(place.mount.rstrip("/"), known) or "the server has no KV mount"
            raise CollectError(f"there is no mount {scope}", scope=scope, hint=hint)
        version = _kv_version(found)
        if not version:
            hint = "name KV mounts only, or leave mounts out to read all of them"
            raise CollectError(f"{scope} is of type {found.get('type')}, not kv", scope=scope, hint=hint)
        return _Mount(client=client, scope=scope, place=place, version=version)

    def _about(self, client: _Client) -> Iterator[Evidence]:
        yield Evidence(name="identity", value=f"vault://{self._host}: {_identity(client)}")
        yield Evidence(name="server version", value=_version(client))
        if client.namespace:
            yield Evidence(name="namespace", value=client.namespace.rstrip("/"))

    @property
    def _host(self) -> str:
        """Host and port as they stand in subject ids."""
        return urlsplit(self._address(self._source)).netloc.lower()

    def _read_audit(self, mount: _Mount) -> Iterator[Collected]:
        if not self._config.audit:
            mount.unread["audit"] = "not read: audit is false in keyproof.yaml"
            return
        try:
            with self._lock:
                if self._devices is None:
                    self._devices = mount.client.at("").read("sys/audit") or {}
                devices = self._devices
        except AccessDeniedError as error:
            mount.unread["audit"] = error.message
            yield self._gap(f"{mount.scope} (audit devices)", error.message, error.hint)
            return
        mount.audit = tuple(_trail(path, device) for path, device in sorted(devices.items()))
        raw = sorted(path for path, device in devices.items() if _logs_raw(device))
        if raw:
            mount.attributes["audit_log_raw"] = True
            yield Evidence(name="audit log_raw", value=f"{', '.join(raw)} keeps values in clear text")

    def _read_access(self, mount: _Mount) -> Iterator[Collected]:
        if not self._config.access:
            mount.unread["grants"] = "not read: access is false in keyproof.yaml"
            return
        chain: dict[str, NamespaceAccess] = {}
        with self._lock:
            for namespace in _ancestry(mount.place.namespace):
                if namespace not in self._access:
                    reader = mount.client.at(namespace)
                    self._access[namespace] = read_namespace(reader, namespace=namespace)
                chain[namespace] = self._access[namespace]
        grants = Grants(chain, now=self._surroundings.clock.now())
        mount.grants = grants if grants.usable else None
        if grants.problems:
            reason = f"{'in part' if grants.usable else 'not read'}: {_some(grants.problems)}"
            mount.unread["grants"] = reason
            hint = (
                "give the token the rights that keyproof lists for this kind of source, or set access: false"
            )
            yield self._gap(f"{mount.scope} (access)", f"grants {reason}", hint)
            return
        what = (
            "policies of roles, users, groups and entities; root tokens reach everything and cannot be listed"
        )
        yield Evidence(name="access", value=what)

    def _secrets(self, mount: _Mount) -> Iterator[Collected]:
        if mount.version == 1:
            yield Evidence(name="kv version 1", value=f"{mount.scope} keeps no dates, versions or metadata")
        else:
            try:
                mount.config = mount.client.read(f"{mount.place.mount}config")
            except AccessDeniedError as error:
                mount.unread["attributes"] = f"the limits of the mount: {error.message}"
        tree = Tree(mount.client, mount=mount.place.mount, version=mount.version)
        waiting = [""]
        while waiting:
            path = waiting.pop()
            try:
                folder = tree.folder(path)
            except AccessDeniedError as error:
                yield self._gap(mount.scope + path, f"not read: {error.message}", error.hint)
                continue
            waiting.extend(reversed(folder.folders))
            yield from self._folder(mount, path, folder)

    def _folder(self, mount: _Mount, folder: str, found: Folder) -> Iterator[Collected]:
        denied: list[AccessDeniedError] = []
        for path in found.secrets:
            if not self._wanted(mount.place.mount + path):
                mount.left_out += 1
            elif mount.version == 1:
                yield self._unread(mount, path, _KV1)
            else:
                try:
                    data = found.metadata.get(path) or mount.client.read(
                        f"{mount.place.mount}metadata/{path}"
                    )
                    if data is not None:  # else it is gone since the folder was listed
                        yield self._secret(mount, path, data)
                except AccessDeniedError as error:
                    denied.append(error)
                    yield self._unread(mount, path, error.message)
                except ValueError as error:
                    reason = f"the metadata cannot be understood: {error}"
                    yield self._unread(mount, path, reason)
                    yield self._gap(mount.scope + path, reason, "report this with the server's version")
        if denied:
            reasons = _some([error.message for error in denied])
            yield self._gap(f"{mount.scope}{folder} (metadata)", reasons, denied[0].hint)

    def _wanted(self, name: str) -> bool:
        return any(fnmatchcase(name, glob) for glob in self._config.include) and not any(
            fnmatchcase(name, glob) for glob in self._config.exclude
        )

    def _secret(self, mount: _Mount, path: str, data: Mapping[str, Any]) -> SecretMetadata:
        found = read_metadata(data, mount=mount.config, now=self._surroundings.clock.now())
        bare = self._bare(mount, path)
        return replace(
            bare,
            environment=found.environment,
            owner=found.owner,
            priority=found.priority,
            type=found.type,
            tags=found.tags,
            created_at=found.created_at,
            facts=found.facts,
            versions=found.versions,
            expires_at=found.expires_at,
            deletion=found.deletion,
            attributes={**bare.attributes, **found.attributes},
            unread={**bare.unread, **found.unread},
        )

    def _unread(self, mount: _Mount, path: str, reason: str) -> SecretMetadata:
        bare = self._bare(mount, path)
        return replace(bare, unread={**bare.unread, **dict.fromkeys(_METADATA_FIELDS, reason)})

    def _bare(self, mount: _Mount, path: str) -> SecretMetadata:
        full = mount.place.namespace + mount.place.mount
        grants = mount.grants
        return SecretMetadata(
            id=f"vault://{self._host}/{quote(full + path, safe='/')}",
            name=mount.place.mount + path,
            source=self._source,
            backend=self.kind,
            scope=mount.scope,
            # Everything stored passes the barrier: https://developer.hashicorp.com/vault/docs/internals/security
            encryption=Encryption(encrypted=True, key="barrier"),
            grants=grants.on(version=mount.version, mount=full, path=path) if grants else None,
            audit=mount.audit,
            attributes={
                "kv_version": mount.version,
                "address": self._address(self._source),
                **mount.attributes,
            },
            unread={"last_accessed_at": _NO_ACCESS_TIME, **mount.unread},
        )

    def _gap(self, scope: str, reason: str, hint: str) -> Gap:
        return Gap(source=self._source, scope=scope, status=ScopeStatus.PARTIAL, reason=reason, hint=hint)


def _identity(client: _Client) -> str:
    # A token of a namespace above may look itself up there only.
    for namespace in dict.fromkeys((client.namespace, "")):
        try:
            token = client.at(namespace).read("auth/token/lookup-self") or {}
        except AccessDeniedError:
            continue
        policies = [*(token.get("policies") or ()), *(token.get("identity_policies") or ())]
        return f"{token.get('display_name')} (policies {', '.join(map(str, policies))})"
    return "unknown, the token may not look itself up"


def _version(client: _Client) -> str:
    standby = {"standbyok": "true", "perfstandbyok": "true"}
    try:
        health = client.at("").ask("GET", "sys/health", params=standby)
    except AccessDeniedError:  # a proxy in front may close it
        return "not stated"
    return str(health.body.get("version", "not stated"))


def _slashed(name: str) -> str:
    name = name.strip("/")
    return f"{name}/" if name else ""


def _ancestry(namespace: str) -> list[str]:
    """The namespaces above this one, from the root, and itself: policies of each reach down."""
    parts = namespace.split("/")[:-1]
    return ["".join(f"{part}/" for part in parts[:count]) for count in range(len(parts) + 1)]


def _kv_version(mount: Any) -> int:
    """1 or 2 for a KV mount, 0 for any other."""
    if not isinstance(mount, Mapping) or mount.get("type") not in {"kv", "generic"}:
        return 0
    return 2 if str((mount.get("options") or {}).get("version")) == "2" else 1


def _trail(path: str, device: Mapping[str, Any]) -> AuditTrail:
    # A filter (Vault Enterprise) may leave reads out; what it lets through is not worked out.
    filtered = bool({"filter", "exclude"} & set(device.get("options") or {}))
    return AuditTrail(
        sink=f"{path} ({device.get('type')})", enabled=True, covers_reads=None if filtered else True
    )


def _logs_raw(device: Mapping[str, Any]) -> bool:
    return str((device.get("options") or {}).get("log_raw")).lower() == "true"


def _some(reasons: Sequence[str]) -> str:
    rest = len(reasons) - _REASONS_SHOWN
    return "; ".join(reasons[:_REASONS_SHOWN]) + (f"; and {rest} more" if rest > 0 else "")
