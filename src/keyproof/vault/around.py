"""What holds for every secret of a mount: who records its use, who reaches it, and who did."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from keyproof.audit.files import LogFileError, log_files
from keyproof.domain.access import AuditTrail
from keyproof.domain.assessment import Collected, Gap, ScopeStatus
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError
from keyproof.ports import Surroundings
from keyproof.vault.audit_log import AuditLog, read_logs
from keyproof.vault.client import Client, Place
from keyproof.vault.config import VaultConfig
from keyproof.vault.grants import Grants
from keyproof.vault.holders import NamespaceAccess, read_namespace

_REASONS_SHOWN = 3
_LOG_HINT = "correct audit-log: whole files of an audit device of type file, in JSON, readable by keyproof"


@dataclass(slots=True, kw_only=True)
class Mount:
    """What is known of a mount while its secrets are read."""

    client: Client
    scope: str
    place: Place
    type: str
    """The engine, e.g. `kv`, `database`."""
    version: int = 0
    """Of a KV mount."""
    tune: Mapping[str, Any] = field(default_factory=dict)
    """The mount's own settings, e.g. its longest lease."""
    grants: Grants | None = None
    log: AuditLog | None = None
    audit: tuple[AuditTrail, ...] | None = None
    attributes: dict[str, str | int | bool] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    left_out: int = 0

    @property
    def full(self) -> str:
        """The path of the mount from the root namespace."""
        return self.place.namespace + self.place.mount


class Around:
    """Reads what holds for a whole mount, each part once for all mounts."""

    def __init__(self, source: str, config: VaultConfig, surroundings: Surroundings) -> None:
        self._source = source
        self._config = config
        self._surroundings = surroundings
        self._lock = Lock()
        self._access: dict[str, NamespaceAccess] = {}
        self._devices: Mapping[str, Any] | None = None
        self._log: AuditLog | LogFileError | None = None

    def read(self, mount: Mount) -> Iterator[Collected]:
        """Put into `mount` what can be read; what cannot is a gap."""
        yield from self._read_audit(mount)
        yield from self._read_access(mount)
        yield from self._read_log(mount)

    def _read_audit(self, mount: Mount) -> Iterator[Collected]:
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

    def _read_access(self, mount: Mount) -> Iterator[Collected]:
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
            reason = f"{'in part' if grants.usable else 'not read'}: {some(grants.problems)}"
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

    def _read_log(self, mount: Mount) -> Iterator[Collected]:
        if not self._config.audit_log:
            mount.unread["access_log"] = "no audit-log is configured for this source"
            return
        with self._lock:
            if self._log is None:
                try:
                    self._log = read_logs(
                        log_files(self._config.audit_log, self._surroundings.root, key="audit-log")
                    )
                except LogFileError as error:
                    self._log = error
            log = self._log
        if isinstance(log, LogFileError):
            mount.unread["access_log"] = str(log)
            yield self._gap(f"{mount.scope} (audit log)", str(log), _LOG_HINT)
            return
        value = f"{log.lines} lines, {log.requests} about secrets, {log.since} to {log.until}"
        yield Evidence(name="audit log", value=value)
        if log.unreadable_lines:  # what these lines hold may be the use that counts
            reason = f"{log.unreadable_lines} lines are no entries, e.g. {', '.join(log.unreadable)}"
            mount.unread["access_log"] = reason
            yield self._gap(f"{mount.scope} (audit log)", reason, _LOG_HINT)
            return
        if not log.requests:
            mount.unread["access_log"] = (
                f"{log.sink} tells of no use of any secret: a filter may leave them out"
            )
            return
        files = (trail for trail in mount.audit or () if trail.sink.endswith("(file)"))
        if any(trail.covers_reads is None for trail in files):
            reason = "an audit device of type file filters requests: what a log lacks may have happened"
            mount.unread["access_log"] = reason
            return
        mount.log = log

    def _gap(self, scope: str, reason: str, hint: str) -> Gap:
        return Gap(source=self._source, scope=scope, status=ScopeStatus.PARTIAL, reason=reason, hint=hint)


def some(reasons: Sequence[str]) -> str:
    """The first reasons, and the number of the others."""
    rest = len(reasons) - _REASONS_SHOWN
    return "; ".join(reasons[:_REASONS_SHOWN]) + (f"; and {rest} more" if rest > 0 else "")


def _ancestry(namespace: str) -> list[str]:
    """The namespaces above this one, from the root, and itself: policies of each reach down."""
    parts = namespace.split("/")[:-1]
    return ["".join(f"{part}/" for part in parts[:count]) for count in range(len(parts) + 1)]


def _trail(path: str, device: Mapping[str, Any]) -> AuditTrail:
    # A filter (Vault Enterprise) may leave reads out; what it lets through is not worked out.
    filtered = bool({"filter", "exclude"} & set(device.get("options") or {}))
    return AuditTrail(
        sink=f"{path} ({device.get('type')})", enabled=True, covers_reads=None if filtered else True
    )


def _logs_raw(device: Mapping[str, Any]) -> bool:
    return str((device.get("options") or {}).get("log_raw")).lower() == "true"
