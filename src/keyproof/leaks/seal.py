"""Where plaintext ends: a sighting goes in, a leak that can be shown to anybody comes out."""

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from keyproof.domain.leak import Leak, LeakConfidence, Occurrence
from keyproof.leaks.blob import Match
from keyproof.leaks.sighting import Sighting

_SUREST_FIRST = tuple(LeakConfidence)

Judge = Callable[[Match, Sequence[str]], tuple[LeakConfidence, str | None]]
"""The confidence of a match under the paths its file has, and what accepts it (a marker, a baseline) or None."""


class DetectorFacts(Protocol):
    """What a leak tells of the detector that found it."""

    @property
    def id(self) -> str:
        """Kebab-case."""
        ...

    @property
    def title(self) -> str:
        """What it looks for."""
        ...

    @property
    def secret_class(self) -> str:
        """Joins with the class in policies; empty when generic."""
        ...

    @property
    def advice(self) -> str:
        """How to rotate this kind of secret."""
        ...

    @property
    def public_prefix(self) -> str:
        """What every such value begins with and anybody may see; empty when there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealer:
    """Seals under an organisation's key: the same value has the same fingerprint in all its repositories."""

    key: bytes
    detectors: Mapping[str, DetectorFacts]
    judge: Judge

    def __repr__(self) -> str:
        return f"Sealer({len(self.detectors)} detectors)"

    def fingerprint(self, secret: bytes) -> str:
        """First 16 hex digits of HMAC-SHA-256 (RFC 2104): a bare digest of a weak secret could be guessed."""
        return hmac.new(self.key, secret, sha256).hexdigest()[:16]

    def seal(self, repository: str, sightings: Iterable[Sighting]) -> tuple[Leak, ...]:
        """One leak for each secret, sorted by id, each place once; the detector that tells most names it.

        A leak is allowed when every place is; places only unreachable objects hold count when there are no others.
        """
        grouped: dict[bytes, list[Sighting]] = {}
        for sighting in sightings:
            grouped.setdefault(sighting.match.secret, []).append(sighting)
        leaks = (self._leak(repository, places) for places in grouped.values())
        return tuple(sorted(leaks, key=lambda leak: leak.id))

    def _leak(self, repository: str, places: list[Sighting]) -> Leak:
        match = min((place.match for place in places), key=self._telling)
        detector = self.detectors[match.detector]
        return Leak(
            fingerprint=self.fingerprint(match.secret),
            detector=detector.id,
            title=detector.title,
            secret_class=detector.secret_class,
            repository=repository,
            confidence=self._confidence(places),
            preview=_preview(detector, match.secret),
            occurrences=tuple(sorted({place.occurrence for place in places}, key=_order)),
            allowed=self._allowed(places),
            advice=detector.advice,
        )

    def _telling(self, match: Match) -> tuple[int, bool, str]:
        """Lowest for the match that tells most of its secret: sure, of a known class, then a fixed order."""
        unclassed = not self.detectors[match.detector].secret_class
        return _SUREST_FIRST.index(match.confidence), unclassed, match.detector

    def _confidence(self, places: list[Sighting]) -> LeakConfidence:
        judged = {self.judge(version, _paths(place))[0] for place in places for version in place.versions}
        return min(judged, key=_SUREST_FIRST.index)

    def _allowed(self, places: list[Sighting]) -> str | None:
        reachable = [place for place in places if place.occurrence.where != "unreachable"] or places
        reasons = {self.judge(match, _paths(place))[1] for place in reachable for match in place.decisive}
        named = sorted(reason for reason in reasons if reason is not None)
        return "; ".join(named) if len(named) == len(reasons) else None


def _paths(place: Sighting) -> tuple[str, ...]:
    return (place.occurrence.path,) if place.named else ()


def _preview(detector: DetectorFacts, secret: bytes) -> str:
    characters = len(secret.decode("utf-8", "replace"))
    prefix = detector.public_prefix
    shown = f", {prefix}…" if prefix and secret.startswith(prefix.encode()) else ""
    return f"{detector.id} ({characters} characters{shown})"


def _order(one: Occurrence) -> tuple[str, int, int, int, str, str, str]:
    return one.path, one.line, one.column, one.end_line, one.where, one.commit or "", one.blob or ""
