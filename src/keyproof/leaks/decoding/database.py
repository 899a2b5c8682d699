"""The rows of an SQLite database, read from memory with nothing of its own allowed to run."""

from collections.abc import Iterator
from typing import Any

from keyproof.leaks.decoding.part import Budget, Closed, Part

_JOURNAL = slice(18, 20)
"""File format versions in the header; 2 asks for a write-ahead log, which a copy in memory has not (fileformat2.html)."""
_STEPS = 1000
_MOST_STEPS = 20_000
"""Thousands of instructions of SQLite's for one database."""
_LONGEST_VALUE = 4 << 20
_TABLES = (
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'create virtual%' ORDER BY name"
)


def open_sqlite(content: bytes, budget: Budget) -> Iterator[Part | Closed]:
    """See opening.Opener. A row is a line, `column = 'value'` for each of its texts."""
    import sqlite3  # noqa: PLC0415 (a blob is opened once in thousands)

    readable = bytearray(content)
    readable[_JOURNAL] = b"\1\1"
    connection = sqlite3.connect(":memory:")
    steps = iter(range(_MOST_STEPS))
    try:
        connection.deserialize(bytes(readable))
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
        connection.set_progress_handler(lambda: next(steps, None) is None, _STEPS)
        connection.text_factory = bytes
        for setting in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON"):
            connection.execute(f"PRAGMA {setting}")
        for (name,) in connection.execute(_TABLES).fetchall():
            table = name.decode("utf-8", "replace")
            quoted = table.replace('"', '""')
            rows = connection.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 (a name cannot be a parameter)
            content = b"\n".join(_lines(rows, budget))
            yield Part(path=f"!/{table}", content=content, chain=("sqlite",))
    except (sqlite3.Error, ValueError, OverflowError, MemoryError):
        yield Closed(path="", reason="damaged")
    finally:
        connection.close()


def _lines(rows: Any, budget: Budget) -> Iterator[bytes]:
    columns = [column[0].encode("utf-8", "replace") for column in rows.description]
    size = 0
    for row in rows:
        texts = [(name, value) for name, value in zip(columns, row, strict=True) if isinstance(value, bytes)]
        line = b", ".join(b"%s = '%s'" % (name, value.replace(b"\n", b"\\n")) for name, value in texts)
        size += len(line)
        if size > budget.room:
            return
        yield line
