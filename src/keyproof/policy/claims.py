"""How much of a control a rule may claim: nothing a scan cannot show."""

from collections.abc import Mapping
from dataclasses import dataclass

from keyproof.domain.policy import Strength
from keyproof.policy.documents import MappingDocument

RANK = {"none": 0, Strength.SUPPORTING: 1, Strength.PARTIAL: 2, Strength.FULL: 3}
"""How strengths compare; `none` where no rule may claim anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """How much of one control a rule with one check can show at most."""

    strength: Strength
    when: str
    """What has to hold for it; empty when nothing beyond the rule itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """The most that may be claimed of one control."""

    strongest: str
    """`none`, supporting, partial or full; a check may show more where `evidence` says so, on its condition."""
    why: str
    evidence: Mapping[str, Showing]
    """Check kind → what a rule with it can show. Any other check may support the control and no more."""
    when: str = ""
    """What has to hold for any evidence to concern the control."""

    def condition(self, check: str, strength: Strength) -> str:
        """What has to hold for a claim of this strength by a rule with this check; empty when nothing."""
        showing = self.evidence.get(check)
        if showing is None or (showing.strength is Strength.FULL and strength is not Strength.FULL):
            return ""
        return showing.when


def over_claim(claim: MappingDocument, check: str, ceiling: Ceiling) -> tuple[str, str] | None:
    """What `claim` of a rule with this check says too much, with the next step; None when it does not."""
    if ceiling.strongest == "none":
        return f"no rule about secrets can give evidence for {claim.id}: {ceiling.why}", "remove the mapping"
    showing = ceiling.evidence.get(check)
    if claim.strength is Strength.FULL and any(
        e.strength is Strength.FULL for e in ceiling.evidence.values()
    ):
        return _full(claim, check, ceiling)
    if RANK[claim.strength] > RANK[ceiling.strongest]:
        return f"{claim.strength} over-claims {claim.id}: {ceiling.why}", f"write '{ceiling.strongest}'"
    most = showing.strength if showing else Strength.SUPPORTING
    if RANK[claim.strength] > RANK[most]:
        better = [
            kind for kind, other in ceiling.evidence.items() if RANK[other.strength] >= RANK[claim.strength]
        ]
        return (
            f"{claim.strength} over-claims {claim.id} for a rule with {check}, which can only support it",
            f"write '{most}'"
            + (f"; {', '.join(sorted(better))} may claim {claim.strength}" if better else ""),
        )
    return None


def _full(claim: MappingDocument, check: str, ceiling: Ceiling) -> tuple[str, str] | None:
    able = {kind: e.when for kind, e in ceiling.evidence.items() if e.strength is Strength.FULL}
    if check not in able:
        return (
            f"{claim.id} cannot be fully shown by {check}",
            f"write 'partial'; only {', '.join(sorted(able))} may claim full",
        )
    if not claim.preconditions:
        return (
            f"{claim.id} is fully shown only on a condition",
            f"add 'preconditions:'; it holds where {able[check]}",
        )
    return None
