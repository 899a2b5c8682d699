"""A secret with one place where it stands, on its way from a source to the seal; holds plaintext."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from keyproof.domain.leak import Occurrence
from keyproof.leaks.blob import Match

Scan = Callable[[bytes], tuple[Match, ...]]
"""Finds the secrets in one text."""

Found = Mapping[str, tuple[Match, ...]]
"""Blob id → its matches, for every blob that has any."""


class Scanner(Protocol):
    """Finds secrets in one text."""

    def scan(self, content: bytes) -> tuple[Match, ...]:
        """Every secret in `content`, each span once."""
        ...

    def quiet(self, content: bytes) -> bool:
        """Whether no part of `content` can hold a secret; False says nothing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One occurrence of a secret, with what its judgement rests on."""

    match: Match
    occurrence: Occurrence
    versions: tuple[Match, ...]
    """The matches of this secret in every version of the file: the surest of them counts."""
    decisive: tuple[Match, ...]
    """The matches that must all be accepted for this place to be: those of HEAD, else all versions."""
    named: bool = True
    """Whether the path is that of a file, so that it says something about the secret."""


def distinct(matches: Iterable[Match]) -> tuple[Match, ...]:
    """One match for each way in which the same secret can be judged."""
    return tuple({(match.confidence, match.marker): match for match in matches}.values())


def by_secret(matches: Iterable[Match]) -> Iterator[tuple[Match, ...]]:
    """The matches of each secret of each detector, in the order of the text."""
    grouped: dict[tuple[str, bytes], list[Match]] = {}
    for match in matches:
        grouped.setdefault((match.detector, match.secret), []).append(match)
    return map(tuple, grouped.values())


def sightings_of(
    matches: tuple[Match, ...], path: str, *, where: str, blob: str | None = None, named: bool = True
) -> Iterator[Sighting]:
    """One for each line on which one secret stands in one text outside history."""
    for match in {(match.inner, match.line): match for match in reversed(matches)}.values():
        occurrence = Occurrence(
            path=path + match.inner,
            line=match.line,
            column=match.column,
            end_line=match.end_line,
            blob=blob,
            where=where,
            decoded=match.chain,
        )
        yield Sighting(match=match, occurrence=occurrence, versions=matches, decisive=matches, named=named)
