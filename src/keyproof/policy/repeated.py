"""One requirement that several packs inherit from the same base is judged once."""

from collections.abc import Sequence
from dataclasses import replace

from keyproof.domain.policy import PolicyPack, Rule


def judge_once(packs: Sequence[PolicyPack]) -> tuple[PolicyPack, ...]:
    """The packs with every inherited rule left in the first of them only; the others note where it is.

    Two rules are one requirement when they stand in the same line of the same file, have the same parameters,
    and their packs give their words the same meaning (classes; roles where the check asks for them).
    """
    judged: dict[tuple[object, ...], str] = {}
    distinct = []
    for pack in packs:
        rules, notes = [], list(pack.notes)
        for rule in pack.rules:
            first = judged.setdefault(_meaning(pack, rule), pack.id)
            if first == pack.id:
                rules.append(rule)
            else:
                notes.append(f"{rule.id} is judged once, in pack {first}")
        distinct.append(replace(pack, rules=tuple(rules), notes=tuple(notes)))
    return tuple(distinct)


def _meaning(pack: PolicyPack, rule: Rule) -> tuple[object, ...]:
    classes = tuple((one.id, one.selector.describe(), one.priority) for one in pack.classes)
    roles = tuple(sorted(pack.roles.items())) if rule.check.kind == "access" else ()
    return (rule.id, rule.place, repr(rule.check), classes, roles)
