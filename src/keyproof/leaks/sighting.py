"""A secret with one place where it stands, on its way from a source to the seal; holds plaintext."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from keyproof.domain.leak import Occurrence
from keyproof.leaks.blob import Match

Scan = Callable[[bytes], tuple[Match, ...]]
"""Finds the secrets in one text."""

Found = Mapping[str, tuple[Match, ...]]
"""Blob id → its matches, for every blob that has any."""


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
