"""Joining the rows of inventory tables with the live secrets they describe."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from keyproof.domain.secret import Basis, DatedFact, SecretMetadata

_LIVE_BASES = frozenset({Basis.VERSION_CREATED, Basis.ROTATION_EVENT, Basis.LAST_ROTATED})


def reconcile(
    secrets: Sequence[SecretMetadata],
    *,
    inventory_sources: frozenset[str],
    aliases: Mapping[str, tuple[str, ...]],
) -> tuple[SecretMetadata, ...]:
    """Give every row the dates of the live secrets it declares, and every live secret the rows' claims.

    A row means the live secrets an alias names; without an alias those whose last path segment is the
    same words, in the same environment where both state one. The better evidence then wins by its basis,
    so a claim in a table never makes a stale value look fresh.
    """
    rows = [secret for secret in secrets if secret.source in inventory_sources]
    live = [secret for secret in secrets if secret.source not in inventory_sources]
    by_words: dict[str, list[SecretMetadata]] = {}
    for secret in live:
        by_words.setdefault(_words(secret.name.rsplit("/", 1)[-1]), []).append(secret)
    joined = {row.id: _declared(row, live, by_words, aliases) for row in rows}
    claims: dict[str, list[SecretMetadata]] = {}
    for row in rows:
        for secret in joined[row.id]:
            claims.setdefault(secret.id, []).append(row)
    merged = [
        *(_with_live(row, joined[row.id]) for row in rows),
        *(_with_claims(secret, claims.get(secret.id, [])) for secret in live),
    ]
    return tuple(sorted(merged, key=lambda secret: secret.id))


def _declared(
    row: SecretMetadata,
    live: Sequence[SecretMetadata],
    by_words: Mapping[str, list[SecretMetadata]],
    aliases: Mapping[str, tuple[str, ...]],
) -> list[SecretMetadata]:
    if globs := aliases.get(row.name):
        found: Iterable[SecretMetadata] = (
            s for s in live if any(fnmatchcase(s.name, glob) for glob in globs)
        )
    else:
        found = by_words.get(_words(row.name), [])
    return [s for s in found if not (row.environment and s.environment) or row.environment == s.environment]


def _words(name: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", name.lower()))


def _with_live(row: SecretMetadata, live: Sequence[SecretMetadata]) -> SecretMetadata:
    """Of several live secrets the one whose value is oldest speaks for the row."""
    dated = [
        (fact.at, secret) for secret in live if (fact := secret.value_date) and fact.basis in _LIVE_BASES
    ]
    facts: tuple[DatedFact, ...] = ()
    if dated:
        oldest = min(dated, key=lambda pair: (pair[0], pair[1].id))[1]
        facts = tuple(fact for fact in oldest.facts if fact.basis in _LIVE_BASES)
    return replace(row, facts=(*row.facts, *facts), declares=tuple(sorted(secret.id for secret in live)))


def _with_claims(secret: SecretMetadata, rows: Sequence[SecretMetadata]) -> SecretMetadata:
    if not rows:
        return secret
    return replace(
        secret,
        claims=tuple(claim for row in rows for claim in row.claims),
        owner=secret.owner or next((row.owner for row in rows if row.owner), ""),
        priority=secret.priority or next((row.priority for row in rows if row.priority), ""),
    )
