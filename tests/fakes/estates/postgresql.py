"""An estate in a real PostgreSQL: a database of its own is not needed, as its roles have a prefix of their own."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg import sql

from keyproof.collectors.postgresql import PostgresqlCollector
from keyproof.ports import Collector
from keyproof.postgresql.permissions import GRANTS
from tests.fakes.estates.estate import CANARY, Clause, Estate, Grounds, Running
from tests.fakes.ports import NOW
from tests.fakes.postgres_server import serve

_FEW = 50
Admin = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class _Server:
    url: str
    admin: Admin

    @property
    def folder(self) -> str:
        """Of its socket, and its log."""
        return parse_qs(urlsplit(self.url).query)["host"][0]

    def log(self) -> Sequence[str]:
        """What the scanner asked for, by the server's own log."""
        lines = Path(self.folder, "log").read_text("utf-8").splitlines()
        return [line for line in lines if line.startswith("keyproof ")]


@contextmanager
def _server() -> Iterator[_Server]:
    settings = ("track_commit_timestamp=on", "log_statement=all", "log_line_prefix=%u ", "max_connections=20")
    with serve(*settings) as url, psycopg.connect(url, autocommit=True) as admin:
        for statement in ("create role keyproof login", "create role nobody_special login", GRANTS):
            admin.execute(statement)
        yield _Server(url, admin)


class _PostgresqlRunning(Running):
    """The server refuses by what its administrator does."""

    def __init__(self, server: _Server, prefix: str, stack: ExitStack) -> None:
        super().__init__()
        self._server, self._prefix, self._stack = server, prefix, stack
        self._user, self._folder = "keyproof", server.folder
        self._seen = len(server.log())

    def collector(
        self, *, patience: float = 30.0, credentials: bool = True, now: datetime = NOW
    ) -> Collector:
        user = self._user if credentials else "a_stranger"
        given = {
            "address": f"postgresql://{user}@/postgres?host={self._folder}",
            "include": [f"{self._prefix}*"],
            "timeout": patience,
        }
        settings = PostgresqlCollector.Config.model_validate(given)
        return PostgresqlCollector("contract", settings, self.surroundings(now=now))

    def told(self, name: str) -> str:
        return self._prefix + name

    @property
    def asked(self) -> Sequence[str]:
        return self._server.log()[self._seen :]

    def deny(self) -> None:
        self._user = "nobody_special"

    def stall(self) -> None:
        locker = self._stack.enter_context(psycopg.connect(self._server.url))
        locker.execute("lock table pg_catalog.pg_auth_members in access exclusive mode")

    def break_off(self, *, after: int) -> None:
        """The administrator ends the session that waits for a lock."""
        self.stall()
        end = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'keyproof' and wait_event_type = 'Lock'"
        self._stack.enter_context(_repeated(self._server.url, end))

    def vanish(self) -> None:
        self._folder = "/nowhere"


@contextmanager
def _repeated(url: str, statement: str) -> Iterator[None]:
    """Run a statement until it gives a row, or the block is over."""
    over = Event()

    def run() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not over.wait(0.01):
                if connection.execute(statement).fetchall():
                    return

    thread = Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def _open(names: Sequence[str], grounds: Grounds) -> Iterator[Running]:
    server = grounds.shared(_server)
    prefix = f"{uuid.uuid4().hex[:6]}/"
    # Each password takes the server some milliseconds.
    password = sql.SQL("create role {} login password {}" if len(names) < _FEW else "create role {} login")
    roles = [sql.Identifier(prefix + name) for name in names]
    _each(server.admin, [password.format(role, sql.Literal(CANARY)) for role in roles])
    with ExitStack() as stack:
        try:
            yield _PostgresqlRunning(server, prefix, stack)
        finally:
            stack.close()  # of locks
            _each(server.admin, [sql.SQL("drop role {}").format(role) for role in roles])


def _each(admin: Admin, statements: Sequence[sql.Composed]) -> None:
    """In transactions with no more locks than the server has, and without a word in the log."""
    for start in range(0, len(statements), _FEW):
        with admin.transaction():
            admin.execute("set local log_statement = 'none'")
            for statement in statements[start : start + _FEW]:
                admin.execute(statement)


POSTGRESQL_ESTATES = (
    Estate(
        kind="postgresql",
        open=_open,
        odd=("a b", "ü/ß", "x" * 56, "%2e%2e", "..", "q?x=1&y=2#z", "'\"<>", "Case", "case"),
        right="password_kinds",
        public=True,
        server=True,
        excused={
            Clause.PAGING: "a statement gives all its rows",
            Clause.BUSY: "a server that is at its limit refuses the connection, as one does that is not there",
            Clause.EXPIRED: "a session stays open when the password of its role ends",
            Clause.DELETED: "what is dropped is gone at once",
            Clause.SEALED: "a server that starts, stops or recovers refuses the connection",
            Clause.CUT: "libpq gives whole rows only, and an error where the connection ends before",
            Clause.STRANGE: "libpq speaks with nothing else than a PostgreSQL server",
        },
    ),
)
