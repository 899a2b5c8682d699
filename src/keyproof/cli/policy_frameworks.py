"""What `keyproof policy` tells about frameworks: which rules give evidence for which control, and what none can show."""

from collections.abc import Iterator, Sequence

from keyproof.domain.policy import ControlMapping, PolicyPack, Rule
from keyproof.domain.wording import count
from keyproof.errors import ConfigError, PolicyError
from keyproof.policy.catalogue import Catalogue, load_catalogue, shipped_catalogues
from keyproof.policy.claims import Ceiling
from keyproof.policy.standing import Standing, standings
from keyproof.strict_yaml import did_you_mean

ALL = "all"
"""Stands for every framework there is a catalogue of."""
_WIDTH = 12


def frameworks_named(names: Sequence[str]) -> tuple[str, ...]:
    """The ids of the frameworks asked for, `all` of them in alphabetical order. Raises ConfigError for an unknown one."""
    known = shipped_catalogues()
    for name in names:
        if name != ALL and name not in known:
            raise ConfigError(
                f"there is no control catalogue '{name}'", hint=did_you_mean(name, [*known, ALL])
            )
    return tuple(known) if ALL in names else tuple(dict.fromkeys(names))


def framework_lines(name: str, packs: Sequence[PolicyPack]) -> Iterator[str]:
    """A framework with each of its controls and the rules of `packs` mapped to it."""
    catalogue = _catalogue(name)
    found = list(standings(catalogue, packs))
    shown = sum(1 for standing in found if standing.mapped)
    edition = catalogue.framework.edition.partition(";")[0]
    yield f"{name}: {catalogue.framework.title}, {edition}"
    yield f"  rules give evidence for {shown} of {count(len(found), 'control')}"
    for standing in found:
        yield f"  {standing.number:{_WIDTH}} {standing.control.title}"
        yield from (f"    {line}" for line in _mapped(standing))


def control_named(what: str) -> str | None:
    """The framework when `what` is written as one of its controls, else None. Raises ConfigError when it has none so."""
    name, colon, _ = what.partition(":")
    if not colon or name not in shipped_catalogues():
        return None
    known = _catalogue(name).ceilings
    if what not in known:
        hint = did_you_mean(what, list(known))
        if not hint.startswith("did you mean"):
            hint = f"`keyproof policy list --framework {name}` lists them"
        raise ConfigError(f"there is no control '{what}'", hint=hint)
    return name


def control_lines(what: str, packs: Sequence[PolicyPack]) -> Iterator[str]:
    """All there is to say about one control that `control_named` found."""
    catalogue = _catalogue(what.partition(":")[0])
    standing = next(one for one in standings(catalogue, packs) if one.control.id == what)
    control = standing.control
    yield f"{control.id}: {control.title}"
    yield f"  framework       {catalogue.framework.title}, {catalogue.framework.edition}"
    yield f"  asks for        {control.demands}"
    yield f"  cannot be shown {control.scan_cannot_show}"
    yield f"  why no more     {control.why_no_more}"
    yield from ["", "What a rule can show at most"]
    yield from (f"  {line}" for line in _possible(standing.ceiling))
    yield from ["", "Rules in force"]
    yield from (f"  {line}" for line in _mapped(standing))


def _catalogue(name: str) -> Catalogue:
    """Raises ConfigError when the installation's own file is unusable."""
    try:
        return load_catalogue(shipped_catalogues()[name])
    except PolicyError as cause:
        raise ConfigError.of(cause.problems) from cause


def _possible(ceiling: Ceiling) -> Iterator[str]:
    for kind, showing in ceiling.evidence.items():
        condition = " and ".join(filter(None, (showing.when, ceiling.when)))
        yield f"{kind:20} {showing.strength:11} {condition and f'where {condition}'}".rstrip()
    if not ceiling.evidence:
        yield "nothing"


def _mapped(standing: Standing) -> Iterator[str]:
    for rule, edge in standing.mapped:
        yield _edge(rule, edge)
    if not standing.mapped and standing.ceiling.evidence:
        kinds = (f"{kind} ({standing.ceiling.evidence[kind].strength})" for kind in standing.open_to)
        yield f"no rule; can be shown by {', '.join(kinds)}"
    elif not standing.mapped:
        yield f"no rule can show it: {standing.ceiling.why}"


def _edge(rule: Rule, edge: ControlMapping) -> str:
    also = f", also in {', '.join(rule.also_in)}" if rule.also_in else ""
    condition = f"; {edge.preconditions}" if edge.preconditions else ""
    return f"{edge.strength:11} {rule.pack}/{rule.id} ({rule.check.kind}{also}){condition}"
