"""How much of a control a rule may claim: nothing a scan cannot show."""

from collections.abc import Mapping
from dataclasses import dataclass

from keyproof.domain.policy import Strength
from keyproof.policy.documents import MappingDocument

_RANK = {"none": 0, Strength.SUPPORTING: 1, Strength.PARTIAL: 2, Strength.FULL: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """The most that may be claimed of one control."""

    strongest: str
    """`none`, supporting, partial or full."""
    why: str
    full_from: Mapping[str, str]
    """Check kind that may claim `full` → the precondition that has to be stated."""


def over_claim(claim: MappingDocument, check: str, ceiling: Ceiling) -> tuple[str, str] | None:
    """What `claim` of a rule with this check says too much, with the next step; None when it does not."""
    if ceiling.strongest == "none":
        return f"no rule about secrets can give evidence for {claim.id}: {ceiling.why}", "remove the mapping"
    if claim.strength is Strength.FULL and ceiling.full_from:
        if check not in ceiling.full_from:
            kinds = ", ".join(sorted(ceiling.full_from))
            return (
                f"{claim.id} cannot be fully shown by {check}",
                f"write 'partial'; only {kinds} may claim full",
            )
        if not claim.preconditions:
            return (
                f"{claim.id} is fully shown only on a condition",
                f"add 'preconditions:'; it holds for: {ceiling.full_from[check]}",
            )
        return None
    if _RANK[claim.strength] > _RANK[ceiling.strongest]:
        return f"{claim.strength} over-claims {claim.id}: {ceiling.why}", f"write '{ceiling.strongest}'"
    return None
