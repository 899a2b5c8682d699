"""How an inventory was read, in sentences a reviewer can check against the document."""

from collections.abc import Iterator

from keyproof.domain.verdict import Evidence
from keyproof.inventory.merge import Merged
from keyproof.inventory.reading import Reading
from keyproof.inventory.secret import DeclaredSecret


def account(reading: Reading, merged: Merged) -> Iterator[Evidence]:
    """What was read, merged and passed over: every table and every row is in one of the sentences."""
    dated = sum(secret.last_rotated is not None for secret in merged.secrets)
    yield Evidence(
        name="declared",
        value=f"{_count(len(reading.rows), 'row')} of {_count(len(reading.read), 'table')}: "
        f"{_count(len(merged.secrets), 'secret')}, {dated} with a date of last rotation",
    )
    for table in reading.read:
        title = f" below '{table.headings[-1]}'" if table.headings else ""
        yield Evidence(name="table read", value=f"line {table.line}{title}, {_count(len(table.rows), 'row')}")
    if not reading.read and not reading.passed:
        yield Evidence(name="no table", value="the document holds none; its lists and text are not read")
    for part in reading.passed:
        yield Evidence(name="table passed over", value=f"line {part.line}: {part.reason}")
    for part in reading.skipped:
        if part.harmless:
            yield Evidence(name="passed over", value=f"line {part.line}: {part.reason}")
    if reading.unused:
        yield Evidence(name="columns not used", value=", ".join(reading.unused))
    for secret in merged.secrets:
        yield from _merges(secret)
    for apart in merged.apart:
        row = apart.row
        yield Evidence(name="row not merged", value=f"line {row.line}: '{row.name}' {apart.reason}")


def _merges(secret: DeclaredSecret) -> Iterator[Evidence]:
    for merged in secret.merges:
        row, into = merged.row, merged.into
        yield Evidence(
            name="rows merged",
            value=f"'{row.name}' (line {row.line}) with '{into.name}' (line {into.line}): {merged.reason}",
        )
    if secret.period:
        for row in secret.overruled:
            stated = f"'{secret.lead.name}': {secret.period.text} of its own row"
            general = f"{row.period.text if row.period else ''} (line {row.line})"
            yield Evidence(name="period overruled", value=f"{stated} goes before {general}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
