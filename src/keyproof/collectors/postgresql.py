"""Reads the login roles of a PostgreSQL server: how old and how protected their passwords are, never one of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, ClassVar, TypeVar
from urllib.parse import parse_qs, quote, urlsplit

from pydantic import PositiveFloat, field_validator

from keyproof.domain.assessment import Collected, Gap, ScopeStatus
from keyproof.domain.secret import Basis, Confidence, DatedFact, SecretMetadata, SubjectKind
from keyproof.domain.verdict import Evidence
from keyproof.fields import StrictModel, StringsField
from keyproof.ports import Surroundings
from keyproof.postgresql import server as ask
from keyproof.postgresql.permissions import PERMISSIONS
from keyproof.postgresql.roles import (
    HbaRule,
    Memberships,
    Role,
    instant,
    kept_as,
    methods,
    only_over_tls,
    roles_of,
    trail,
)

T = TypeVar("T")
_NO_ACCESS_TIME = "PostgreSQL keeps no time of a role's last login; its log has it"
_SHOWN = ("ssl", "password_encryption", "scram_iterations", "log_connections", "track_commit_timestamp")
_HINT = "run the statements of `keyproof doctor --rights postgresql` as a superuser"


class PostgresqlConfig(StrictModel):
    """Keys of a source of kind postgresql; the password comes from PGPASSWORD or a password file."""

    address: str
    """e.g. `postgresql://keyproof@db.example:5432/postgres?sslmode=verify-full`; without a password."""
    ca_cert: str = ""
    """PEM file of the server's authority, relative to the folder of keyproof.yaml; empty takes PGSSLROOTCERT."""
    include: StringsField = ("*",)
    """Globs over names of roles."""
    exclude: tuple[str, ...] = ()
    """Globs over names of roles; they win over `include`."""
    timeout: PositiveFloat = 30.0
    """Seconds to connect, and per statement."""

    @field_validator("address")
    @classmethod
    def _is_address(cls, address: str) -> str:
        parts = urlsplit(address)
        if parts.scheme not in {"postgresql", "postgres"}:
            raise ValueError("an address is written postgresql://USER@HOST:PORT/DATABASE")
        if parts.password is not None or "password" in parse_qs(parts.query):
            raise ValueError("a password stands in the address; set PGPASSWORD or PGPASSFILE instead")
        return address


@dataclass(slots=True, kw_only=True)
class _Known:
    """What was read of the server, and why the rest was not."""

    settings: Mapping[str, str]
    memberships: Memberships | None = None
    written: Mapping[int, datetime] = field(default_factory=dict)
    kinds: Mapping[str, str] | None = None
    rules: Sequence[HbaRule] | None = None
    unread: dict[str, str] = field(default_factory=dict)


class PostgresqlCollector:
    """Collects login roles; its only scope is the server.

    No statement reads a password or its verifier: a function that a superuser installs tells how it is kept.
    """

    kind: ClassVar[str] = "postgresql"
    permissions: ClassVar[tuple[str, ...]] = PERMISSIONS
    Config: ClassVar[type[PostgresqlConfig]] = PostgresqlConfig

    def __init__(self, source: str, config: PostgresqlConfig, surroundings: Surroundings) -> None:
        self._source = source
        self._config = config
        self._surroundings = surroundings
        self._host = ask.host_of(config.address)

    def scopes(self) -> Sequence[str]:
        """Host and port of the server."""
        return [self._host]

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield every login role. Raises CollectError when the server cannot be read."""
        path = self._config.ca_cert
        with ask.connect(
            self._config.address,
            scope=scope,
            environ=self._surroundings.environ,
            timeout=self._config.timeout,
            ca_cert=str(self._surroundings.root / path) if path else "",
        ) as server:
            known = _Known(settings=dict(server.rows(ask.SETTINGS)))
            roles = roles_of(server.rows(ask.ROLES))
            yield from self._about(server, known)
            yield from self._read(server, known, roles)
        named = [role for role in roles if role.login]
        wanted = [role for role in named if self._wanted(role.name)]
        for role in wanted:
            yield self._secret(role, known)
        others = f"{len(named)} may log in, {len(roles) - len(named)} only group others"
        yield Evidence(name="roles", value=f"{len(roles)}: {others}")
        if len(wanted) < len(named):
            yield Evidence(name="left out", value=f"{len(named) - len(wanted)} roles by include and exclude")

    def _about(self, server: ask.Server, known: _Known) -> Iterator[Evidence]:
        yield Evidence(name="identity", value=f"postgresql://{self._host}: {server.user}")
        yield Evidence(name="server version", value=known.settings.get("server_version", "not stated"))
        yield Evidence(name="connection", value="TLS" if server.encrypted else "without TLS")
        shown = (f"{name} {known.settings[name]}" for name in _SHOWN if name in known.settings)
        yield Evidence(name="settings", value=", ".join(shown))
        if (logged := known.settings.get("log_statement", "none")) != "none":
            what = (
                f"log_statement is {logged}: a password that is set in plain SQL stands in the server's log"
            )
            yield Evidence(name="passwords in the log", value=what)

    def _read(self, server: ask.Server, known: _Known, roles: Sequence[Role]) -> Iterator[Gap]:
        members = yield from self._try(server, known, "grants", ask.MEMBERS, list)
        if members is not None:
            version = int(known.settings.get("server_version", "0").partition(".")[0].split()[0])
            known.memberships = Memberships(roles, members, version=version)
        if known.settings.get("track_commit_timestamp") == "on":
            written = yield from self._try(server, known, "facts", ask.WRITTEN, _dates)
            known.written = written or {}
        else:
            known.unread["facts"] = "the server notes no times of changes: track_commit_timestamp is off"
        known.kinds = yield from self._try(server, known, "encryption", ask.KINDS, dict)
        known.rules = yield from self._try(server, known, "tls", ask.HBA, _rules)

    def _try(
        self,
        server: ask.Server,
        known: _Known,
        name: str,
        statement: str,
        read: Callable[[list[tuple[Any, ...]]], T],
    ) -> Iterator[Gap] | Any:
        try:
            return read(server.rows(statement))
        except ask.Refusal as refusal:
            known.unread[name] = refusal.reason
            scope = f"{self._host} ({name})"
            yield Gap(
                source=self._source,
                scope=scope,
                status=ScopeStatus.PARTIAL,
                reason=refusal.reason,
                hint=_HINT,
            )
            return None

    def _wanted(self, name: str) -> bool:
        return any(fnmatchcase(name, glob) for glob in self._config.include) and not any(
            fnmatchcase(name, glob) for glob in self._config.exclude
        )

    def _secret(self, role: Role, known: _Known) -> SecretMetadata:
        kind = (known.kinds or {}).get(role.name, "")
        unread = {"last_accessed_at": _NO_ACCESS_TIME, **known.unread}
        if known.written and role.oid not in known.written:
            unread["facts"] = "the role was last written before the server began to note times"
        return SecretMetadata(
            id=f"postgresql://{self._host}/{quote(role.name, safe='')}",
            name=role.name,
            source=self._source,
            backend=self.kind,
            scope=self._host,
            kind=SubjectKind.CREDENTIAL,
            facts=_facts(known.written.get(role.oid)),
            expires_at=role.valid_until,
            encryption=kept_as(kind) if kind else None,
            grants=known.memberships.on(role) if known.memberships else None,
            audit=trail(known.settings),
            attributes=self._attributes(role, known, kind),
            unread=unread,
        )

    def _attributes(self, role: Role, known: _Known, kind: str) -> dict[str, str | int | bool]:
        flags = {
            "superuser": role.superuser,
            "createrole": role.createrole,
            "replication": role.replication,
            "bypasses-row-security": role.bypassrls,
        }
        found: dict[str, str | int | bool] = {name: True for name, flag in flags.items() if flag}
        found["address"] = f"postgresql://{self._host}"
        if default := known.settings.get("password_encryption"):
            found["new-password-kind"] = default
        if kind:
            found["password-kind"] = kind
        if kind == "none":
            found["empty"] = True
        if known.settings.get("ssl") != "on":
            found["tls"] = False
        elif known.rules is not None:
            found["tls"] = only_over_tls(known.rules, role.name)
        if known.rules is not None:
            found["auth-methods"] = ", ".join(methods(known.rules, role.name))
        return found


def _facts(written: datetime | None) -> tuple[DatedFact, ...]:
    """Any ALTER ROLE moves this time, so the password may be older."""
    if written is None:
        return ()
    return (DatedFact(at=written, basis=Basis.LAST_ROTATED, confidence=Confidence.UPPER_BOUND),)


def _dates(rows: Sequence[Sequence[Any]]) -> dict[int, datetime]:
    return {int(oid): at for oid, epoch in rows if (at := instant(epoch)) is not None}


def _rules(rows: Sequence[Sequence[Any]]) -> list[HbaRule]:
    return [HbaRule(type=type_, users=tuple(users or ()), method=method) for type_, users, method in rows]
