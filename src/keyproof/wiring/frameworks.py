"""The reference page of frameworks, written from the control catalogues and the shipped packs."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from keyproof.domain.policy import PolicyPack
from keyproof.policy.catalogue import Catalogue, load_catalogue, shipped_catalogues
from keyproof.policy.claims import Ceiling
from keyproof.policy.files import shipped_packs
from keyproof.policy.loader import load_policy
from keyproof.policy.standing import Standing, standings
from keyproof.wiring.catalog import CHECKS

_HEAD = """\
# Frameworks

Which control a rule can be evidence for, with which check, how much at most, and what no scan can show. The controls are
told in our own words; the text of a standard is with its publisher. A *full* claim needs its condition stated as
`preconditions`; a check that is not named for a control may support it and no more; a control with *none* takes no rule.
What a pass means and why claims stay small is told in [what a mapping may claim](../explanation/mappings.md).

The rules named are those of the shipped packs. `keyproof policy list --framework ID` prints the same for your own packs,
`keyproof policy explain ID:CONTROL` all about one control.
"""


def page() -> str:
    """The whole page, Markdown."""
    found = [load_catalogue(path) for path in shipped_catalogues().values()]
    packs = _packs()
    told = [(catalogue, list(standings(catalogue, packs))) for catalogue in found]
    lines = [_HEAD, "| framework | edition | controls | with a shipped rule | attested only | none |"]
    lines.append("|---|---|---|---|---|---|")
    lines += [_counts(catalogue, controls) for catalogue, controls in told]
    for catalogue, controls in told:
        lines += ["", *_framework(catalogue, controls)]
    return "\n".join(lines) + "\n"


def _packs() -> tuple[PolicyPack, ...]:
    """The packs for anybody, without the example organisations."""
    names = sorted(name for name, path in shipped_packs().items() if path.parent.name == "packs")
    return load_policy(names, root=Path(), checks=CHECKS).packs


def _counts(catalogue: Catalogue, controls: Sequence[Standing]) -> str:
    ceilings = [control.ceiling for control in controls]
    mapped = sum(1 for control in controls if control.mapped)
    attested = sum(1 for ceiling in ceilings if set(ceiling.evidence) == {"attested"})
    none = sum(1 for ceiling in ceilings if not ceiling.evidence)
    framework = catalogue.framework
    name = f"[{framework.title}](#{framework.id.replace('.', '')}) `{framework.id}`"
    return f"| {name} | {framework.edition} | {len(controls)} | {mapped} | {attested} | {none} |"


def _framework(catalogue: Catalogue, controls: Sequence[Standing]) -> Iterator[str]:
    yield f"## {catalogue.framework.id}"
    yield ""
    yield f"{catalogue.framework.title}, {catalogue.framework.edition}."
    if when := next(iter(catalogue.ceilings.values())).when:
        yield f"Evidence concerns it only where {when}."
    yield ""
    yield "| control | what it asks for | shown at most by | rules of the shipped packs | what cannot be shown |"
    yield "|---|---|---|---|---|"
    for control in controls:
        cells = (
            f"**{control.number}** {control.control.title}",
            control.control.demands,
            "<br>".join(_shown(control.ceiling)),
            "<br>".join(_rules(control)),
            f"{control.control.scan_cannot_show} {_reason(control.ceiling)}",
        )
        row = " | ".join(cell.replace("|", "\\|") for cell in cells)
        yield f"| {row} |"


def _shown(ceiling: Ceiling) -> Iterator[str]:
    for kind, showing in ceiling.evidence.items():
        condition = f", where {showing.when}" if showing.when else ""
        yield f"[{kind}](checks.md#{kind}) {showing.strength}{condition}"
    if not ceiling.evidence:
        yield "none"


def _reason(ceiling: Ceiling) -> str:
    if ceiling.strongest == "none":
        return f"No rule may name it: {ceiling.why}."
    return f"No more than {ceiling.strongest}{_unless(ceiling)}: {ceiling.why}."


def _unless(ceiling: Ceiling) -> str:
    return " without its condition" if any(e.strength == "full" for e in ceiling.evidence.values()) else ""


def _rules(control: Standing) -> Iterator[str]:
    """`rule` with the packs that have it and how much it claims; rules of one name are told together."""
    packs: dict[tuple[str, str], list[str]] = {}
    for rule, edge in control.mapped:
        packs.setdefault((rule.id, edge.strength), []).extend((rule.pack, *rule.also_in))
    for (rule_id, strength), names in packs.items():
        yield f"`{rule_id}` {strength} ({', '.join(dict.fromkeys(names))})"
