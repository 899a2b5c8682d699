"""The extract of a run as a part of its record: columns of plain JSON, so that it is read without a model."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from keyproof.domain.duration import parse_duration
from keyproof.domain.extract import Demand, Extract, ScopeRead, SecretDates
from keyproof.errors import StoreError
from keyproof.store.codec import BROKEN, compact, parsed


def dump(extract: Extract) -> bytes:
    """The part. Demands name secrets by their place."""
    place = {secret.id: at for at, secret in enumerate(extract.secrets)}
    return compact(
        {
            "secrets": [
                [secret.id for secret in extract.secrets],
                [secret.name for secret in extract.secrets],
                [secret.owner for secret in extract.secrets],
                [_text(secret.created_at) for secret in extract.secrets],
                [_text(secret.value_at) for secret in extract.secrets],
                [secret.by_version for secret in extract.secrets],
                [_texts(secret.versions) for secret in extract.secrets],
            ],
            "others": sorted(extract.others),
            "scopes": extract.scopes,
            "demands": [
                [demand.rule, demand.period.text, [place[one] for one in demand.secrets]]
                for demand in extract.demands
            ],
        }
    )


class ExtractReader:
    """Reads extracts of runs that follow each other: most secrets are as the day before, and made only once."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[Any, ...], SecretDates]] = {}

    def parse(self, part: bytes) -> Extract:
        """The extract of `dump`. Raises StoreError."""
        data = parsed(part)
        try:
            ids = data["secrets"][0]
            return Extract(
                secrets=tuple(map(self._secret, zip(*data["secrets"], strict=True))),
                others=frozenset(data["others"]),
                scopes=tuple(map(ScopeRead._make, data["scopes"])),
                demands=tuple(_demand(ids, *given) for given in data["demands"]),
            )
        except BROKEN as cause:
            raise StoreError(f"a recorded extract cannot be read: {cause}") from cause

    def _secret(self, told: tuple[Any, ...]) -> SecretDates:
        known = self._known.get(told[0])
        if known is None or known[0] != told:
            self._known[told[0]] = known = (told, _dates(*told))
        return known[1]


def _dates(
    identifier: str,
    name: str,
    owner: str,
    created: str | None,
    value: str | None,
    by_version: bool,
    versions: Sequence[str] | None,
) -> SecretDates:
    return SecretDates(
        id=identifier,
        name=name,
        owner=owner,
        created_at=_moment(created),
        value_at=_moment(value),
        by_version=by_version,
        versions=None if versions is None else tuple(map(datetime.fromisoformat, versions)),
    )


def _demand(ids: Sequence[str], rule: str, period: str, places: Iterable[int]) -> Demand:
    return Demand(rule=rule, period=parse_duration(period), secrets=tuple(map(ids.__getitem__, places)))


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _texts(moments: Sequence[datetime] | None) -> list[str] | None:
    return None if moments is None else [moment.isoformat() for moment in moments]


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
