"""Rows of an inventory beside the live secrets they declare."""

from bisect import bisect_left

from keyproof.domain.check import Context
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.verdict import Verdict
from keyproof.domain.wording import listed


def is_row(subject: SecretMetadata, context: Context) -> bool:
    """Whether `subject` is a person's declaration, not a secret read from a backend."""
    return subject.source in context.inventory.inventory_sources


def live_sources(context: Context) -> frozenset[str]:
    """Ids of the sources in which live secrets could stand, whether or not they could be read."""
    inventory = context.inventory
    shown = {secret.source for secret in inventory.secrets}
    return (inventory.live_sources | shown) - inventory.inventory_sources


def live_secrets(row: SecretMetadata, context: Context) -> tuple[SecretMetadata, ...]:
    """The live secrets that `row` describes, as far as they were read in this run."""
    known = context.inventory.secrets
    found = []
    for identifier in row.declares:
        index = bisect_left(known, identifier, key=lambda secret: secret.id)
        if index < len(known) and known[index].id == identifier:
            found.append(known[index])
    return tuple(found)


def judged_elsewhere(row: SecretMetadata, what: str) -> Verdict:
    """The verdict on a row for a check that only a backend can answer: `what` is its subject, in the plural."""
    if row.declares:
        return Verdict.not_applicable(
            f"a row of an inventory has no {what} of its own: judged on {listed(row.declares)}"
        )
    return Verdict.not_evaluated(
        f"no live secret is known to be this row of the inventory, so its {what} cannot be seen"
    )
