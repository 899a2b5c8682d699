"""Which entries of an inventory are one and the same secret, as far as anything read shows it."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from keyproof.domain.check import Inventory
from keyproof.domain.secret import SecretMetadata

DIGEST = "digest"
"""The attribute with a keyed digest of the value: stated only where values were compared on the user's demand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """Live secrets that are kept, by what they have in common; no row of a table is among them."""

    by_id: Mapping[str, tuple[SecretMetadata, ...]]
    by_digest: Mapping[str, tuple[SecretMetadata, ...]]
    sole_rows: Mapping[str, tuple[SecretMetadata, ...]]
    """Id of a live secret → the rows that describe it and no other."""
    undigested: Mapping[str, int]
    """Environment → how many values in it were not compared."""
    unread_sources: tuple[str, ...]
    """Ids of the sources with live secrets that were not read in full."""


def environment_of(secret: SecretMetadata) -> str:
    """The environment as a key: tags and tables write the same one with different letter case."""
    return secret.environment.strip().casefold()


def sharing(inventory: Inventory) -> Sharing:
    """What the entries of `inventory` have in common; worked out once for each inventory."""
    found = inventory.derived.get("sharing")
    if not isinstance(found, Sharing):
        found = inventory.derived["sharing"] = _sharing(inventory)
    return found


def _sharing(inventory: Inventory) -> Sharing:
    by_id: dict[str, list[SecretMetadata]] = defaultdict(list)
    by_digest: dict[str, list[SecretMetadata]] = defaultdict(list)
    rows: dict[str, list[SecretMetadata]] = defaultdict(list)
    undigested: Counter[str] = Counter()
    sources = set(inventory.live_sources)
    for secret in inventory.secrets:
        if secret.source in inventory.inventory_sources:
            if len(secret.declares) == 1:
                rows[secret.declares[0]].append(secret)
            continue
        sources.add(secret.source)
        if secret.deletion is not None:
            continue
        by_id[secret.id].append(secret)
        if digest := secret.attributes.get(DIGEST):
            by_digest[str(digest)].append(secret)
        elif not (secret.attributes.get("empty") or secret.attributes.get("reference")):
            undigested[environment_of(secret)] += 1
    return Sharing(
        by_id={key: tuple(found) for key, found in by_id.items()},
        by_digest={key: tuple(found) for key, found in by_digest.items()},
        sole_rows={key: tuple(found) for key, found in rows.items()},
        undigested=undigested,
        unread_sources=tuple(sorted(sources - inventory.inventory_sources - inventory.complete_sources)),
    )
