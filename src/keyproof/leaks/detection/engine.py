"""Finds where prefilters match: Hyperscan where it is installed, plain `re` elsewhere, with equal results."""

import re
from collections.abc import Sequence
from typing import Any, Protocol

from keyproof.leaks.detection.detector import Prefilter

Hit = tuple[int, int]
"""Index of the prefilter, and the offset where it matched ends."""


class Engine(Protocol):
    """One pass over a text for every prefilter."""

    def hits(self, content: bytes) -> list[Hit]:
        """Where prefilters match; one prefilter may hit the same place more than once."""
        ...


class HyperscanEngine:
    """All prefilters in one automaton, about a gigabyte a second."""

    def __init__(self, database: Any) -> None:
        import hyperscan  # noqa: PLC0415 (native and optional: only an engine that is really used loads it)

        self._database = database
        self._database.scratch = hyperscan.Scratch(database)

    @classmethod
    def load(cls, serialised: bytes) -> "HyperscanEngine":
        """From what `compile_database` gave. Raises hyperscan's error when it is of another version or platform."""
        import hyperscan  # noqa: PLC0415

        return cls(hyperscan.loadb(serialised, hyperscan.HS_MODE_BLOCK))

    def hits(self, content: bytes) -> list[Hit]:
        """Every end of every match."""
        found: list[Hit] = []
        append = found.append

        def on_match(index: int, _start: int, end: int, _flags: int, _context: object) -> None:
            append((index, end))

        self._database.scan(content, match_event_handler=on_match)
        return found


def compile_database(prefilters: Sequence[Prefilter]) -> bytes:
    """One serialised Hyperscan database; takes a second or so. Raises ImportError where it is missing."""
    import hyperscan  # noqa: PLC0415

    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[prefilter.expression.encode("ascii") for prefilter in prefilters],
        ids=list(range(len(prefilters))),
        elements=len(prefilters),
        flags=[hyperscan.HS_FLAG_CASELESS if prefilter.caseless else 0 for prefilter in prefilters],
    )
    return bytes(hyperscan.dumpb(database))


def hyperscan_version() -> str:
    """Version of the library as part of a cache key; empty where it is missing."""
    try:
        import hyperscan  # noqa: PLC0415 (native and optional)
    except ImportError:
        return ""
    return str(hyperscan.__version__)  # type: ignore[attr-defined]  # set while the package is imported


class RegexEngine:
    """The same hits from `re` alone, for platforms without Hyperscan; some fifty times slower."""

    def __init__(self, prefilters: Sequence[Prefilter]) -> None:
        self._literals = [[text.encode("latin-1") for text in one.literals] for one in prefilters]
        self._patterns = [
            re.compile(one.expression.encode("ascii"), re.IGNORECASE if one.caseless else 0)
            for one in prefilters
        ]

    def hits(self, content: bytes) -> list[Hit]:
        """The end of every match that does not overlap an earlier one of the same prefilter."""
        lowered = content.lower()
        found: list[Hit] = []
        for index, (literals, pattern) in enumerate(zip(self._literals, self._patterns, strict=True)):
            if not literals or any(text in lowered for text in literals):
                found.extend((index, match.end()) for match in pattern.finditer(content))
        return found
