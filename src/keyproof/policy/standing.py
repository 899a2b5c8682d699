"""Where a control stands before anything is read: what checks could show of it, and which rules are mapped to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from keyproof.domain.policy import Control, ControlMapping, PolicyPack, Rule
from keyproof.policy.catalogue import Catalogue
from keyproof.policy.claims import Ceiling


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One control with the rules of some packs that give evidence for it."""

    control: Control
    ceiling: Ceiling
    mapped: tuple[tuple[Rule, ControlMapping], ...]
    """In the order of packs and rules; an inherited rule once, with the pack that judges it."""

    @property
    def number(self) -> str:
        """Its id within the framework."""
        return self.control.id.partition(":")[2]

    @property
    def open_to(self) -> tuple[str, ...]:
        """Checks that could show something of it and that no mapped rule has."""
        used = {rule.check.kind for rule, _ in self.mapped}
        return tuple(kind for kind in self.ceiling.evidence if kind not in used)


def standings(catalogue: Catalogue, packs: Sequence[PolicyPack]) -> Iterator[Standing]:
    """Every control of the catalogue, in its order."""
    rules = [rule for pack in packs for rule in pack.rules if not rule.judged_in]
    for control in catalogue.framework.controls:
        mapped = ((rule, edge) for rule in rules for edge in rule.controls if edge.id == control.id)
        yield Standing(control=control, ceiling=catalogue.ceilings[control.id], mapped=tuple(mapped))
