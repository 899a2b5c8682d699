"""What JSON answers say, as the domain has it: times, dates of values, and which names were asked for."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from keyproof.domain.secret import Basis, Confidence, DatedFact
from keyproof.rest.config import RestConfig


def moment(text: object) -> datetime | None:
    """An ISO 8601 time or day in UTC; None for anything else. A day is its first moment."""
    if not isinstance(text, str) or not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def written(created: datetime | None, updated: datetime | None, *, exact: bool) -> tuple[DatedFact, ...]:
    """The dates of a value that was last written at `updated`.

    `exact` tells that only a write of the value moves it; otherwise it bounds the age, unless nothing was
    written since the creation.
    """
    facts = []
    last = updated or created
    if last is not None:
        sure = exact or last == created
        facts.append(
            DatedFact(
                at=last,
                basis=Basis.VERSION_CREATED if sure else Basis.LAST_ROTATED,
                confidence=Confidence.EXACT if sure else Confidence.UPPER_BOUND,
            )
        )
    if created is not None:
        facts.append(DatedFact(at=created, basis=Basis.RECORD_CREATED, confidence=Confidence.UPPER_BOUND))
    return tuple(facts)


def wanted(name: str, config: RestConfig) -> bool:
    """Whether `include` and `exclude` of the source choose this name."""
    return _meets(name, config.include) and not _meets(name, config.exclude)


def _meets(name: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)


def entries(body: object, key: str = "") -> Sequence[Mapping[str, object]]:
    """The objects of a listing, which stand in the body or under its `key`. Raises ValueError for another shape."""
    listed = body.get(key) if key and isinstance(body, Mapping) else body
    if not isinstance(listed, list) or not all(isinstance(entry, Mapping) for entry in listed):
        raise ValueError("a listing has an unknown shape")
    return listed
