"""One requirement that several packs inherit from the same base is judged once."""

from collections.abc import Sequence
from dataclasses import replace

from keyproof.domain.policy import PolicyPack, Rule
from keyproof.domain.secret import SubjectKind


def judge_once(packs: Sequence[PolicyPack]) -> tuple[PolicyPack, ...]:
    """The packs with every inherited rule marked in all but the first of them as judged there.

    Two rules are one requirement when they stand in the same line of the same file, have the same parameters,
    and their packs give their words the same meaning (classes; roles where the check asks for them). A rule
    about the pack as a document is each pack's own. The rules stay: their periods still count in their pack.
    """
    sharing: dict[tuple[object, ...], list[str]] = {}
    for pack in packs:
        for rule in pack.rules:
            sharing.setdefault(_meaning(pack, rule), []).append(pack.id)
    return tuple(
        replace(pack, rules=tuple(_marked(rule, pack, sharing[_meaning(pack, rule)]) for rule in pack.rules))
        for pack in packs
    )


def _marked(rule: Rule, pack: PolicyPack, sharing: Sequence[str]) -> Rule:
    first, *others = sharing
    return replace(rule, also_in=tuple(others)) if first == pack.id else replace(rule, judged_in=first)


def _meaning(pack: PolicyPack, rule: Rule) -> tuple[object, ...]:
    if SubjectKind.DOCUMENT in rule.check.subjects:
        return (pack.id, rule.id)
    classes = tuple((one.id, one.selector.describe(), one.priority) for one in pack.classes)
    roles = tuple(sorted(pack.roles.items())) if rule.check.kind == "access" else ()
    return (rule.id, rule.place, repr(rule.check), classes, roles)
