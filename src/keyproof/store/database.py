"""What the ledger needs of a database, so that one implementation serves SQLite and PostgreSQL."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Database(Protocol):
    """An open ledger database whose schema is up to date. Every method raises StoreError."""

    @property
    def name(self) -> str:
        """What a person calls it: a path, or an address without credentials."""
        ...

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement of `schema` with `?` for each parameter; the rows it gives."""
        ...

    def writing(self) -> AbstractContextManager[None]:
        """A transaction in which no other process writes: all of it happens, or nothing."""
        ...

    def reading(self) -> AbstractContextManager[None]:
        """A transaction that sees one state of the ledger, whatever others write."""
        ...

    def faults(self) -> list[str]:
        """What the database itself finds wrong with its files, each a sentence."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...
