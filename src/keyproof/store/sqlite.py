"""The ledger as a file: SQLite in WAL mode, readable while another process writes."""

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keyproof.errors import StoreError
from keyproof.store.schema import APPLICATION_ID, LITE_GUARDS, guards, lite_migrations

_PATIENCE = 30
"""Seconds to wait for another process that writes."""
_PAUSE = 0.05
_IGNORE_ALL = "# Written by keyproof: what it recorded of this organisation is not for the repository.\n*\n"


class SqliteDatabase:
    """A Database in one file, made with its folder on first use and readable by this user only.

    With `readonly` nothing is made or changed, and a file on a read-only medium can be read.
    Raises StoreError when it cannot be opened, is no ledger, or was written by a newer version.
    """

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        try:
            with self._told():
                self._connection = self._read_only() if readonly else self._writable()
                self._check(migrate=not readonly)
        except BaseException:
            self.close()
            raise

    @property
    def name(self) -> str:
        """Its path."""
        return str(self._path)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """See Database."""
        assert self._connection is not None, "the database is closed"
        with self._told():
            return self._connection.execute(sql, parameters).fetchall()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """See Database."""
        with self._transaction("BEGIN IMMEDIATE"):
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See Database."""
        with self._transaction("BEGIN"):
            yield

    def faults(self) -> list[str]:
        """See Database."""
        found = [str(row[0]) for row in self.rows("PRAGMA integrity_check") if row[0] != "ok"]
        broken = self.rows("PRAGMA foreign_key_check")
        found += [f"a row of {row[0]} refers to nothing in {row[2]}" for row in broken]
        missing = guards(lite_migrations()) - {row[0] for row in self.rows(LITE_GUARDS)}
        return [*found, *(f"the guard {name} was removed" for name in sorted(missing))]

    def close(self) -> None:
        """See Database."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _writable(self) -> sqlite3.Connection:
        try:
            if not self._path.parent.is_dir():
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                (self._path.parent / ".gitignore").write_text(_IGNORE_ALL, encoding="utf-8")
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as cause:
            raise self._error(cause.strerror or str(cause)) from None
        connection = self._connect(f"{self._uri}?mode=rw")
        _log_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def _read_only(self) -> sqlite3.Connection:
        if not self._path.is_file():
            raise StoreError(f"there is no run ledger at {self._path}", hint="record a run: keyproof scan")
        connection = self._connect(f"{self._uri}?mode=ro")
        try:
            connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
        except sqlite3.OperationalError:
            # WAL needs a file beside it even for reading; on a read-only medium nobody writes either.
            connection.close()
            log = self._path.with_name(self._path.name + "-wal")
            if log.exists() and log.stat().st_size:
                raise
            connection = self._connect(f"{self._uri}?immutable=1")
        return connection

    @property
    def _uri(self) -> str:
        return self._path.absolute().as_uri()

    def _connect(self, uri: str) -> sqlite3.Connection:
        connection = sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None)
        self._connection = connection  # so that it is closed whatever follows
        connection.execute("PRAGMA trusted_schema = OFF")
        return connection

    def _check(self, *, migrate: bool) -> None:
        """Refuse another's file, and bring an older ledger up to date."""
        migrations = lite_migrations()
        if migrate and self._version() < len(migrations):
            with self.writing():
                for step in migrations[self._version() :]:  # again: another process may have been quicker
                    for statement in step:
                        self.rows(statement)
                self.rows(f"PRAGMA application_id = {APPLICATION_ID}")
                self.rows(f"PRAGMA user_version = {len(migrations)}")
        if self._version() != len(migrations):
            raise StoreError(f"{self.name} holds no run", hint="record a run: keyproof scan")

    def _version(self) -> int:
        """Of the schema; 0 for a new file."""
        application = self.rows("PRAGMA application_id")[0][0]
        version = int(self.rows("PRAGMA user_version")[0][0])
        tables = self.rows("SELECT count(*) FROM sqlite_schema")[0][0]
        if application != APPLICATION_ID and (application or version or tables):
            raise StoreError(f"{self.name} is a database, but no run ledger", hint="name another in store:")
        if version > len(lite_migrations()):
            raise StoreError(f"{self.name} was written by a newer keyproof", hint="update this one")
        return version

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        self.rows(begin)
        try:
            yield
            self.rows("COMMIT")
        except BaseException:
            with contextlib.suppress(StoreError):  # a full disk has rolled it back already
                self.rows("ROLLBACK")
            raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as cause:
            raise self._error(str(cause)) from cause

    def _error(self, reason: str) -> StoreError:
        hints = {
            "database or disk is full": "free some space; nothing was changed",
            "disk I/O error": "look at the disk; nothing was changed",
            "database is locked": f"another process has been writing for {_PATIENCE} seconds; try again",
            "attempt to write a readonly database": "let this user write there, or run with --no-store",
            "file is not a database": "name another file in store:",
        }
        hint = hints.get(reason, "name another place in store:, or run with --no-store")
        return StoreError(f"the run ledger {self.name} cannot be used: {reason}", hint=hint)


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Turn on WAL; for this step alone SQLite does not wait while another process opens the same new file."""
    for _ in range(int(_PATIENCE / _PAUSE)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as cause:
            if str(cause) != "database is locked":
                raise
            time.sleep(_PAUSE)
        else:
            return
    connection.execute("PRAGMA journal_mode = WAL")
