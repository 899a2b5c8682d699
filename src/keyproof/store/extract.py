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


def parse(part: bytes) -> Extract:
    """The extract of `dump`. Raises StoreError."""
    data = parsed(part)
    try:
        ids, names, owners, created, values, by_version, versions = data["secrets"]
        secrets = zip(
            ids,
            names,
            owners,
            _moments(created),
            _moments(values),
            by_version,
            [None if given is None else tuple(map(datetime.fromisoformat, given)) for given in versions],
            strict=True,
        )
        return Extract(
            secrets=tuple(map(SecretDates._make, secrets)),
            others=frozenset(data["others"]),
            scopes=tuple(map(ScopeRead._make, data["scopes"])),
            demands=tuple(_demand(ids, *given) for given in data["demands"]),
        )
    except BROKEN as cause:
        raise StoreError(f"a recorded extract cannot be read: {cause}") from cause


def _demand(ids: Sequence[str], rule: str, period: str, places: Iterable[int]) -> Demand:
    return Demand(rule=rule, period=parse_duration(period), secrets=tuple(map(ids.__getitem__, places)))


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _texts(moments: Sequence[datetime] | None) -> list[str] | None:
    return None if moments is None else [moment.isoformat() for moment in moments]


def _moments(texts: Iterable[Any]) -> list[datetime | None]:
    return [text and datetime.fromisoformat(text) for text in texts]
