"""One requirement that several packs inherit from the same base is judged once, as evidence for all of them."""

from collections.abc import Sequence
from dataclasses import replace

from keyproof.domain.policy import ControlMapping, PolicyPack, Rule, Strength

_WEAKEST_FIRST = (Strength.SUPPORTING, Strength.PARTIAL, Strength.FULL)


def judge_once(packs: Sequence[PolicyPack]) -> tuple[PolicyPack, ...]:
    """The packs with every repeated rule left in the first pack only, its control mappings joined there.

    A rule is repeated when its id, title, check, selector and severity are the same and its pack gives its
    words the same meaning (classes; roles where the check asks for them). The other packs note where it is.
    """
    kept: dict[tuple[object, ...], tuple[int, Rule]] = {}
    rules: list[list[Rule]] = [[] for _ in packs]
    notes: list[list[str]] = [[] for _ in packs]
    for index, pack in enumerate(packs):
        for rule in pack.rules:
            meaning = _meaning(pack, rule)
            if meaning not in kept:
                kept[meaning] = (index, rule)
                rules[index].append(rule)
                continue
            first, original = kept[meaning]
            joined = replace(original, controls=_joined(original.controls, rule.controls))
            rules[first][rules[first].index(original)] = joined
            kept[meaning] = (first, joined)
            notes[index].append(f"{rule.id} is judged once, in pack {packs[first].id}")
    return tuple(
        replace(pack, rules=tuple(rules[index]), notes=(*pack.notes, *notes[index]))
        for index, pack in enumerate(packs)
    )


def _meaning(pack: PolicyPack, rule: Rule) -> tuple[object, ...]:
    classes = tuple((one.id, one.selector.describe(), one.priority) for one in pack.classes)
    roles = tuple(sorted(pack.roles.items())) if rule.check.kind == "access" else ()
    return (
        rule.id,
        rule.title,
        rule.check.kind,
        repr(rule.check),
        rule.selector.describe(),
        rule.severity,
        classes,
        roles,
    )


def _joined(first: Sequence[ControlMapping], second: Sequence[ControlMapping]) -> tuple[ControlMapping, ...]:
    """Every control once, by its stronger claim."""
    claims: dict[str, ControlMapping] = {}
    for claim in (*first, *second):
        known = claims.get(claim.id)
        if known is None or _WEAKEST_FIRST.index(claim.strength) > _WEAKEST_FIRST.index(known.strength):
            claims[claim.id] = claim
    return tuple(claims.values())
