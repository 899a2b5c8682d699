"""Lists of mappings, as YAML and JSON write them, taken as one table."""

import json
import re
from collections.abc import Callable
from typing import Any

from keyproof.inventory.table import Skipped, Table, Tables, fitted

Key = tuple[str | int, ...]

_ESCAPE = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|.)", re.DOTALL
)


def mapping_table(data: Any, line_of: Callable[[Key], int]) -> Tables:
    """A list of mappings, or the one under the key `secrets`, as a table whose headers are the keys.

    `line_of` gives the 1-based line of a path of keys. Raises ValueError when there is no such list.
    """
    base: Key = ()
    if isinstance(data, dict) and "secrets" in data:
        base, data = ("secrets",), data["secrets"]
    if not isinstance(data, list):
        raise ValueError("holds neither a list of mappings nor one under the key 'secrets'")  # noqa: TRY004 (a wrong file, not a wrong type in the program)
    items: list[tuple[int, dict[str, Any]]] = []
    skipped: list[Skipped] = []
    for index, item in enumerate(data):
        line = line_of((*base, index))
        if isinstance(item, dict):
            items.append((line, item))
        else:
            skipped.append(Skipped(line=line, reason="is not a mapping of keys to values"))
    headers = tuple(dict.fromkeys(key for _, item in items for key in item))
    rows = tuple(
        fitted([_cell(item.get(key)) for key in headers], len(headers), line) for line, item in items
    )
    tables = (Table(line=line_of(base), headers=headers, rows=rows, certain=True),) if rows else ()
    return Tables(tables=tables, skipped=tuple(skipped))


def _cell(value: Any) -> str:
    match value:
        case None | dict():
            return ""
        case bool():
            return str(value).lower()
        case list():
            return ", ".join(filter(None, map(_cell, value)))
        case _:
            return " ".join(str(value).split())


def json_as_yaml(text: str) -> str:
    """JSON text in the form that YAML reads the same: no tabs, escaped characters as themselves.

    JSON allows tabs between its marks (RFC 8259, 2) and writes characters beyond the basic plane as two
    escapes (7); YAML 1.2 allows neither, and no key of more than 1,024 characters. Raises ValueError with the
    place when it is not JSON.
    """
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}, column {error.colno}: is not JSON: {error.msg}") from None
    return _ESCAPE.sub(_joined, text.replace("\t", " "))


def _joined(escape: re.Match[str]) -> str:
    if escape[1]:
        return bytes.fromhex(escape[1] + escape[2]).decode("utf-16-be")
    character = chr(int(escape[3], 16)) if escape[3] else ""
    plain = character.isprintable() and character not in '"\\'
    return character if character and plain else escape[0]
