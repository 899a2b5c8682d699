"""Files of records as clouds write them: JSON objects by line, in an array, or under the key `records`."""

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from keyproof.audit.files import opened, unreadable

_CHUNK = 1 << 22
_HEAD = 1 << 10
"""Characters within which the beginning of a listing stands."""
_OPENING = re.compile(r'\ufeff?\s*(?:\{\s*"records"\s*:\s*\[|\[)', re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,\]}]*")


def records(files: Iterable[Path], *, listings: bool = False) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every record with its file, in the order of the files. Raises LogFileError, also for a listing without an end.

    With `listings` every file is one, so that an empty one is an error.
    """
    for path in files:
        try:
            for record in _records(path, listing=True if listings else None):
                yield path, record
        except (OSError, EOFError, ValueError) as error:
            raise unreadable(path, error, "no JSON records") from None


def _records(path: Path, *, listing: bool | None) -> Iterator[Mapping[str, Any]]:
    """One after the other, as a file may be a single line and larger than memory."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    parse, text, place = json.JSONDecoder().raw_decode, "", 0
    with opened(path) as source:
        while True:
            chunk = source.read(_CHUNK)
            text, over = text[place:] + decoder.decode(chunk, final=not chunk), not chunk
            place = 0
            while True:
                # The common case apart: two records of a listing as machines write them.
                start = place + 1 if text.startswith(",{", place) else _start(text, place)
                if start == len(text) or (not over and len(text) - start < _HEAD):
                    break
                if listing is None:
                    listing = "[" in text[:start]
                try:
                    record, place = parse(text, start)
                except ValueError:
                    if over:
                        raise
                    break
                if not isinstance(record, dict):
                    raise ValueError("a record is no object")  # noqa: TRY004 (said of a file)
                yield record
            if over:
                _ended(text[place:], listing=listing)
                return


def _ended(rest: str, *, listing: bool | None) -> None:
    """Raise ValueError for a listing that was cut between two records; `rest` stands after the last one."""
    if ("[" in rest if listing is None else listing) and "]" not in rest:
        raise ValueError("the listing does not end")


def _start(text: str, place: int) -> int:
    """Where the next record begins, after what stands between two of them."""
    while True:
        opening = _OPENING.match(text, place)
        found = opening or _BETWEEN.match(text, place)
        after = found.end() if found else place
        if after == place:
            return place
        place = after
