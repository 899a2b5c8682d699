"""A document's tables taken as an inventory: its rows, and all that was passed over with the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from keyproof.inventory.rows import Declaration, columns_of, declarations
from keyproof.inventory.table import Skipped, Table, Tables
from keyproof.inventory.words import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the user says about the document that it does not say itself."""

    columns: Mapping[str, Field] = field(default_factory=dict)
    """Own header → what its column tells."""
    sections: Sequence[str] = ()
    """Globs over headings, case ignored: only tables below such a heading are read; none means all."""
    exclude_sections: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The rows of a document in its order, and what was not read."""

    read: tuple[Table, ...]
    rows: tuple[Declaration, ...]
    passed: tuple[Skipped, ...]
    """Tables that are no inventory."""
    skipped: tuple[Skipped, ...]
    """Rows of an inventory that declare no secret, and parts that could not be read."""
    unused: tuple[str, ...]
    """Headers that no field stands for."""


def read(document: Tables, choice: Choice) -> Reading:
    """Read every table of `document` that is an inventory by its headers and lies in the chosen sections."""
    tables: list[Table] = []
    passed: list[Skipped] = []
    rows: list[Declaration] = []
    skipped = list(document.skipped)
    unused: list[str] = []
    for number, table in enumerate(document.tables):
        columns = _outside(table, choice) or columns_of(table, choice.columns)
        if isinstance(columns, str):
            passed.append(Skipped(line=table.line, reason=columns, harmless=True))
            continue
        tables.append(table)
        unused += columns.unused
        for found in declarations(table, columns, number):
            if isinstance(found, Skipped):
                skipped.append(found)
            else:
                rows.append(found)
    return Reading(
        read=tuple(tables),
        rows=tuple(rows),
        passed=tuple(passed),
        skipped=tuple(sorted(skipped, key=lambda part: part.line)),
        unused=tuple(dict.fromkeys(unused)),
    )


def _outside(table: Table, choice: Choice) -> str:
    """Why the chosen sections leave this table out; empty when they do not."""
    titles = [title.casefold() for title in table.headings]

    def below(patterns: Sequence[str]) -> bool:
        return any(fnmatchcase(title, pattern.casefold()) for title in titles for pattern in patterns)

    if choice.sections and not below(choice.sections):
        return "stands below no heading of 'sections'"
    return "stands below a heading of 'exclude-sections'" if below(choice.exclude_sections) else ""
