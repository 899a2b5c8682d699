"""Copies of secrets: what a controller copies from another backend is as old as what it copies."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from keyproof.domain.copied import COPY_OF, STALE, copied
from keyproof.domain.secret import Basis, DatedFact, SecretMetadata

_TELLING = frozenset({Basis.VERSION_CREATED, Basis.ROTATION_EVENT, Basis.LAST_ROTATED})


def follow(secrets: Sequence[SecretMetadata]) -> tuple[SecretMetadata, ...]:
    """Give every copy the date of its original, where each of its keys means exactly one secret of another source.

    Of several originals the oldest speaks. A copy that was made before its original changed keeps its own dates
    and says that it is stale. Order is kept.
    """
    copies = {secret.id for secret in secrets if copied(secret)}
    if not copies:
        return tuple(secrets)
    by_name: dict[str, list[SecretMetadata]] = defaultdict(list)
    for secret in secrets:
        if secret.id not in copies:
            for name in _names(secret.name):
                by_name[name].append(secret)
    return tuple(_followed(secret, by_name) if secret.id in copies else secret for secret in secrets)


def _names(name: str) -> list[str]:
    """The name, and without what may be its mount: a controller's store names that once for all its keys."""
    return [name, *([rest] if (rest := name.partition("/")[2]) else [])]


def _followed(secret: SecretMetadata, by_name: Mapping[str, list[SecretMetadata]]) -> SecretMetadata:
    how = copied(secret)
    assert how is not None
    originals: list[tuple[SecretMetadata, DatedFact]] = []
    for key in how.keys:
        found = [one for one in by_name.get(key, ()) if one.source != secret.source]
        fact = found[0].value_date if len(found) == 1 else None
        if fact is None or fact.basis not in _TELLING:
            return secret  # one unknown original may be the oldest
        originals.append((found[0], fact))
    attributes = {**secret.attributes, COPY_OF: ", ".join(dict.fromkeys(one.id for one, _ in originals))}
    if any(fact.at > how.at for _, fact in originals):
        return replace(secret, attributes={**attributes, STALE: True})
    oldest = min((fact for _, fact in originals), key=lambda fact: (fact.at, fact.rank))
    kept = tuple(fact for fact in secret.facts if fact.basis is Basis.RECORD_CREATED)
    unread = {name: why for name, why in secret.unread.items() if name != "facts"}
    return replace(secret, facts=(oldest, *kept), attributes=attributes, unread=unread)
