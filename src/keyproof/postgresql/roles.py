"""PostgreSQL roles as credentials: who may act as whom, how passwords are kept, how logins travel."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from keyproof.domain.access import AccessGrant, Action, AuditTrail
from keyproof.domain.secret import Encryption

_EVERYTHING = tuple(sorted(Action))
_NO_TLS = frozenset({"host", "hostnossl"})
_OFF = frozenset({"", "off"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One row of pg_roles."""

    oid: int
    name: str
    login: bool
    superuser: bool
    createrole: bool
    replication: bool
    bypassrls: bool
    valid_until: datetime | None
    """None for never: NULL and `infinity` mean the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HbaRule:
    """One line of pg_hba.conf, as far as it tells who logs in how."""

    type: str
    """local, host, hostssl …"""
    users: tuple[str, ...]
    method: str

    def meets(self, role: str) -> bool:
        """Whether the line may concern the role; groups may, so they count."""
        return any(
            user in {"all", role}
            or user.startswith("+")
            or (user.startswith("/") and re.search(user[1:], role) is not None)
            for user in self.users
        )


def roles_of(rows: Iterable[Sequence[object]]) -> list[Role]:
    """The roles in the rows of the statement ROLES."""
    return [
        Role(
            oid=int(str(row[0])),
            name=str(row[1]),
            login=bool(row[2]),
            superuser=bool(row[3]),
            createrole=bool(row[4]),
            replication=bool(row[5]),
            bypassrls=bool(row[6]),
            valid_until=instant(row[8]) if row[7] else None,
        )
        for row in rows
    ]


def instant(epoch: object) -> datetime | None:
    """A moment from its seconds since 1970; None for none."""
    return datetime.fromtimestamp(epoch, UTC) if isinstance(epoch, float) else None


class Memberships:
    """Who may act as which role, directly and through other roles."""

    def __init__(
        self, roles: Sequence[Role], members: Iterable[tuple[int, int, bool]], *, version: int
    ) -> None:
        """`version` is the server's major one: until 15 CREATEROLE rules over all roles but superusers."""
        self._superusers = [role for role in roles if role.superuser]
        self._makers = [role for role in roles if role.createrole and not role.superuser]
        self._names = {role.oid: role.name for role in roles}
        self._version = version
        self._below: dict[int, list[tuple[int, bool]]] = {}
        for role, member, admin in members:
            self._below.setdefault(role, []).append((member, admin))

    def on(self, role: Role) -> tuple[AccessGrant, ...]:
        """Every way to act as `role` without its password, or to give it another one."""
        found = {
            AccessGrant(principal=other.name, actions=_EVERYTHING, via="superuser")
            for other in self._superusers
            if other.oid != role.oid
        }
        if self._version < 16 and not role.superuser:
            found |= {
                AccessGrant(principal=other.name, actions=(Action.ADMIN, Action.WRITE), via="CREATEROLE")
                for other in self._makers
                if other.oid != role.oid
            }
        found.update(self._members(role))
        return tuple(sorted(found))

    def _members(self, role: Role) -> Iterable[AccessGrant]:
        waiting, seen = [(role.oid, "member")], {role.oid}
        while waiting:
            oid, via = waiting.pop()
            for member, admin in self._below.get(oid, ()):
                if member in seen or member not in self._names:
                    continue
                seen.add(member)
                name = self._names[member]
                actions = (Action.ADMIN, Action.READ, Action.WRITE) if admin else (Action.READ,)
                yield AccessGrant(principal=name, actions=actions, via=via)
                waiting.append((member, f"member of {name}, a {via}"))


def kept_as(kind: str) -> Encryption | None:
    """How a password is kept; None where there is none.

    An MD5 verifier logs in like the password itself, so it protects nothing:
    https://www.postgresql.org/docs/current/auth-password.html.
    """
    match kind:
        case "none":
            return None
        case "scram-sha-256":
            return Encryption(encrypted=True, key=kind)
        case _:
            return Encryption(encrypted=False, key=kind)


def methods(rules: Iterable[HbaRule], role: str) -> tuple[str, ...]:
    """How the role may log in, sorted."""
    return tuple(sorted({rule.method for rule in rules if rule.meets(role) and rule.method != "reject"}))


def only_over_tls(rules: Iterable[HbaRule], role: str) -> bool:
    """Whether no line lets the role in over a network without TLS."""
    return not any(rule.type in _NO_TLS and rule.method != "reject" and rule.meets(role) for rule in rules)


def trail(settings: Mapping[str, str]) -> tuple[AuditTrail, ...]:
    """Where logins are recorded, if they are."""
    if settings.get("log_connections", "") in _OFF:
        return ()
    sink = f"server log ({settings.get('log_destination', 'not stated')})"
    return (AuditTrail(sink=sink, enabled=True, covers_reads=True),)
