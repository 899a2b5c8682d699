"""The ledger of a team: a schema `keyproof` in a PostgreSQL database, reached by URL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from keyproof.errors import StoreError
from keyproof.store.schema import POSTGRES_GUARDS, guards, postgres_migrations

_LOCK = 0x6B70726F
"""Of the advisory lock that lets one process write at a time."""
_CONNECT_TIMEOUT = 10
"""Seconds."""


class PostgresDatabase:
    """A Database on a server. The password comes from libpq's own places (PGPASSWORD, a passfile), never from `url`.

    Raises StoreError when the `postgres` extra is missing, the server cannot be reached or used, or the ledger was
    written by a newer version.
    """

    def __init__(self, url: str, *, readonly: bool = False) -> None:
        try:
            import psycopg  # noqa: PLC0415 (an extra)
        except ImportError:
            hint = 'run: pip install "keyproof[postgres]"'
            raise StoreError("the 'postgres' extra is not installed", hint=hint) from None
        self._errors = psycopg.Error
        parts = urlsplit(url)
        self._name = f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
        try:
            self._connection = psycopg.connect(
                url,
                autocommit=True,
                connect_timeout=_CONNECT_TIMEOUT,
                options="-c search_path=keyproof -c client_min_messages=warning",
                application_name="keyproof",
            )
        except psycopg.Error as cause:
            raise self._error(cause) from None  # its text may repeat the address
        try:
            self._prepare(migrate=not readonly)
        except BaseException:
            self._connection.close()
            raise

    @property
    def name(self) -> str:
        """Its address without user and options."""
        return self._name

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """See Database."""
        try:
            # Without parameters nothing is replaced, so that a percent sign stays one.
            cursor = self._connection.execute(
                sql.replace("?", "%s") if parameters else sql, parameters or None
            )
            return cursor.fetchall() if cursor.description else []
        except self._errors as cause:
            raise self._error(cause) from cause

    @contextmanager
    def writing(self) -> Iterator[None]:
        """See Database."""
        with self._transaction("BEGIN"):
            self.rows("SELECT pg_advisory_xact_lock(?)", (_LOCK,))
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See Database."""
        with self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"):
            yield

    def faults(self) -> list[str]:
        """See Database; a server looks after its own files."""
        missing = guards(postgres_migrations()) - {row[0] for row in self.rows(POSTGRES_GUARDS)}
        return [f"the guard {name} was removed" for name in sorted(missing)]

    def close(self) -> None:
        """See Database."""
        self._connection.close()

    def _prepare(self, *, migrate: bool) -> None:
        migrations = postgres_migrations()
        if migrate and self._version() < len(migrations):
            with self.writing():
                if self.rows("SELECT to_regnamespace('keyproof')")[0][0] is None:
                    self.rows("CREATE SCHEMA keyproof")
                self.rows("CREATE TABLE IF NOT EXISTS version (number bigint PRIMARY KEY)")
                for number in range(self._version(), len(migrations)):
                    for statement in migrations[number]:
                        self.rows(statement)
                    self.rows("INSERT INTO version VALUES (?)", (number + 1,))
        if self._version() > len(migrations):
            raise StoreError(f"{self.name} was written by a newer keyproof", hint="update this one")
        if self._version() < len(migrations):
            raise StoreError(f"{self.name} holds no run", hint="record a run: keyproof scan")

    def _version(self) -> int:
        if self.rows("SELECT to_regclass('keyproof.version')")[0][0] is None:
            return 0
        return int(self.rows("SELECT coalesce(max(number), 0) FROM version")[0][0])

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        self.rows(begin)
        try:
            yield
            self.rows("COMMIT")
        except BaseException:
            if not self._connection.closed:
                self.rows("ROLLBACK")
            raise

    def _error(self, cause: Exception) -> StoreError:
        reason = str(cause).strip().partition("\n")[0] or type(cause).__name__
        hint = "check the server and the rights of this user, or run with --no-store"
        return StoreError(f"the run ledger {self.name} cannot be used: {reason}", hint=hint)
