"""Shell-style patterns over text, compiled once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import translate
from typing import Self

_MAGIC = re.compile(r"[*?\[]")
_INNER = re.compile(r"\*([^*?\[]+)\*")


@dataclass(frozen=True, slots=True)
class Globs:
    """Some globs of which one has to cover the whole text, letter case aside.

    `*` stands for any text, slashes included; `?` for one character; `[ab]` for one of these.
    """

    patterns: tuple[str, ...]
    _exact: frozenset[str]
    _inner: tuple[str, ...]
    _regex: re.Pattern[str] | None

    @classmethod
    def compile(cls, patterns: Sequence[str]) -> Self:
        """Sort the patterns by how cheaply each can be decided."""
        folded = [pattern.lower() for pattern in patterns]
        inner = {pattern: match[1] for pattern in folded if (match := _INNER.fullmatch(pattern))}
        rest = [pattern for pattern in folded if _MAGIC.search(pattern) and pattern not in inner]
        return cls(
            patterns=tuple(patterns),
            _exact=frozenset(pattern for pattern in folded if not _MAGIC.search(pattern)),
            _inner=tuple(inner.values()),
            _regex=re.compile("|".join(translate(pattern) for pattern in rest)) if rest else None,
        )

    def matches(self, text: str) -> bool:
        """Whether one of the patterns covers all of `text`."""
        folded = text.lower()
        return (
            folded in self._exact
            or any(part in folded for part in self._inner)
            or (self._regex is not None and self._regex.match(folded) is not None)
        )

    def __str__(self) -> str:
        text = " or ".join(self.patterns)
        return f"({text})" if len(self.patterns) > 1 else text
