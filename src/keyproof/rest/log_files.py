"""Files of records that a cloud exports: JSON objects by line, in an array, or under the key `records`."""

import codecs
import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from glob import glob
from pathlib import Path
from typing import Any

_CHUNK = 1 << 22
_HEAD = 1 << 10
"""Characters within which the beginning of a listing stands."""
_OPENING = re.compile(r'\ufeff?\s*(?:\{\s*"records"\s*:\s*\[|\[)', re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,\]}]*")


class LogFileError(Exception):
    """A file cannot be opened, or holds no records; or no file is there at all."""


def log_files(patterns: Iterable[str], root: Path) -> list[Path]:
    """The files that globs name, sorted; relative ones start at `root`. Raises LogFileError when none is there."""
    found = {Path(path) for pattern in patterns for path in glob(str(root / pattern), recursive=True)}  # noqa: PTH207 (also absolute ones)
    files = sorted(path for path in found if path.is_file())
    if not files:
        raise LogFileError("no file matches what event-logs names")
    return files


def shown(files: list[Path]) -> str:
    """The first files by name, and how many more there are."""
    more = f" and {len(files) - 2} more" if len(files) > 2 else ""
    return ", ".join(path.name for path in files[:2]) + more


def records(files: Iterable[Path]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every record with its file, in the order of the files. Raises LogFileError."""
    for path in files:
        try:
            for record in _records(path):
                yield path, record
        except (OSError, EOFError, ValueError) as error:
            why = getattr(error, "strerror", None) or "no JSON records"
            raise LogFileError(f"{path}: {why}") from None


def _records(path: Path) -> Iterator[Mapping[str, Any]]:
    """One after the other, as a file may be a single line and larger than memory."""
    opened = gzip.open if path.suffix == ".gz" else open
    decoder = codecs.getincrementaldecoder("utf-8")()
    parse, text, place = json.JSONDecoder().raw_decode, "", 0
    with opened(path, "rb") as source:
        while True:
            chunk = source.read(_CHUNK)
            text, over = text[place:] + decoder.decode(chunk, final=not chunk), not chunk
            place = 0
            while True:
                start = _start(text, place)
                if start == len(text) or (not over and len(text) - start < _HEAD):
                    break
                try:
                    record, place = parse(text, start)
                except ValueError:
                    if over:
                        raise
                    break
                if not isinstance(record, Mapping):
                    raise ValueError("a record is no object")  # noqa: TRY004 (said of a file)
                yield record
            if over:
                return


def _start(text: str, place: int) -> int:
    """Where the next record begins, after what stands between two of them."""
    while True:
        opening = _OPENING.match(text, place)
        found = opening or _BETWEEN.match(text, place)
        after = found.end() if found else place
        if after == place:
            return place
        place = after
