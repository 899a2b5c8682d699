"""Shell-style patterns over text, compiled once."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from typing import Self

_MAGIC = re.compile(r"[*?\[]")
_INNER = re.compile(r"\*([^*?\[]+)\*")
_START = re.compile(r"([^*?\[]+)\*")
_END = re.compile(r"\*([^*?\[]+)")


@dataclass(frozen=True, slots=True)
class Globs:
    """Some globs of which one has to cover the whole text, letter case aside.

    `*` stands for any text, slashes included; `?` for one character; `[ab]` for one of these.
    """

    patterns: tuple[str, ...]
    _exact: frozenset[str]
    _inner: tuple[str, ...]
    _starts: tuple[str, ...]
    _ends: tuple[str, ...]
    _regex: re.Pattern[str] | None

    @classmethod
    def compile(cls, patterns: Sequence[str]) -> Self:
        """Sort the patterns by how cheaply each can be decided."""
        folded = [pattern.lower() for pattern in patterns]
        simple: dict[re.Pattern[str], list[str]] = {_INNER: [], _START: [], _END: []}
        rest = []
        for pattern in folded:
            form = next((form for form in simple if form.fullmatch(pattern)), None)
            if form is not None:
                simple[form].append(pattern.strip("*"))
            elif _MAGIC.search(pattern):
                rest.append(pattern)
        return cls(
            patterns=tuple(patterns),
            _exact=frozenset(pattern for pattern in folded if not _MAGIC.search(pattern)),
            _inner=tuple(simple[_INNER]),
            _starts=tuple(simple[_START]),
            _ends=tuple(simple[_END]),
            _regex=re.compile("|".join(translate(pattern) for pattern in rest)) if rest else None,
        )

    def matches(self, text: str) -> bool:
        """Whether one of the patterns covers all of `text`."""
        return self._covers(text.lower())

    def verdicts(self, texts: Iterable[str | None]) -> Mapping[str | None, bool]:
        """Text → whether it matches, each different one decided once; what is no text does not match."""
        return {text: text is not None and self.matches(text) for text in set(texts)}

    def rows(self, folded: Sequence[str], rows: Sequence[int]) -> list[int]:
        """Those of `rows` whose text, in lower case at that place of `folded`, is covered."""
        left = list(rows)
        found: set[int] = set()
        for part in self._inner:
            found.update([row for row in left if part in folded[row]])
            left = [row for row in left if row not in found]
        if len(self._inner) < len(self.patterns):
            covers = self._covers
            found.update([row for row in left if covers(folded[row])])
        return [row for row in rows if row in found]

    def _covers(self, folded: str) -> bool:
        if folded in self._exact or folded.startswith(self._starts) or folded.endswith(self._ends):
            return True
        for part in self._inner:
            if part in folded:
                return True
        return self._regex is not None and self._regex.match(folded) is not None

    def __str__(self) -> str:
        text = " or ".join(self.patterns)
        return f"({text})" if len(self.patterns) > 1 else text
