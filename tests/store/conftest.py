"""Ledgers to try: a file, and where a server is installed PostgreSQL."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from keyproof.store.database import Database
from keyproof.store.sqlite import SqliteDatabase
from tests.fakes import postgres_server

Open = Callable[[], Database]


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a running server."""
    with postgres_server.serve() as url:
        yield url


_numbers = count(1)


@pytest.fixture
def postgres_url(postgres: str) -> str:
    """The URL of a database nobody has used."""
    import psycopg  # noqa: PLC0415 (an extra)

    name = f"test{next(_numbers)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return postgres.replace("/postgres?", f"/{name}?")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def open_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the same empty database each time it is called."""
    opened: list[Database] = []
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""

    def open_it() -> Database:
        if url:
            from keyproof.store.postgresql import PostgresDatabase  # noqa: PLC0415 (an extra)

            opened.append(PostgresDatabase(url))
        else:
            opened.append(SqliteDatabase(tmp_path / ".keyproof" / "runs.db"))
        return opened[-1]

    yield open_it
    for database in opened:
        database.close()
