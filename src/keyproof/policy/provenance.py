"""Which line of which file set each effective value: kept while a pack is compiled, shown by `policy explain`."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from keyproof.domain.check import Check
from keyproof.domain.origin import Origin, ParameterOrigin
from keyproof.domain.policy import Selector
from keyproof.domain.secret import SourceLine
from keyproof.policy.documents import RuleDocument
from keyproof.policy.layers import EffectivePack, Placed
from keyproof.policy.parameters import REFERENCE, Parameters
from keyproof.strict_yaml import Key

_EMPTY: tuple[Any, ...] = (None, "", [], {})


def rule_origins(
    placed: Placed[RuleDocument], check: Check, selector: Selector, parameters: Parameters
) -> tuple[Origin, ...]:
    """Every effective value of a rule, in the order of a rule; the check's own defaults last."""
    model = placed.model
    found = [_origin(placed, ("check",), model.check)]
    if model.select is not None:
        found.append(_origin(placed, ("select",), selector.describe()))
    found += _stated(placed, ("with",), model.with_, parameters)
    if model.severity is not None:
        found.append(_origin(placed, ("severity",), model.severity))
    return (*found, *_defaults(model, check))


def parameter_origins(pack: EffectivePack) -> tuple[ParameterOrigin, ...]:
    """Every parameter of a pack with what set it and which rules use it."""
    used = {name: sorted(set(_references(placed.model.with_))) for name, placed in pack.rules.items()}
    return tuple(
        ParameterOrigin(
            id=name,
            steps=tuple(steps),
            used_by=tuple(rule for rule, names in used.items() if name in names),
        )
        for name, steps in sorted(pack.parameters.steps.items())
    )


def _origin(placed: Placed[RuleDocument], key: Key, value: str, *parameters: str) -> Origin:
    document = placed.file.document
    place = SourceLine(path=document.path, line=document.place((*placed.key, *key), at_key=True)[0])
    return Origin(key=".".join(map(str, key)), value=value, place=place, parameters=parameters)


def _stated(placed: Placed[RuleDocument], key: Key, value: Any, parameters: Parameters) -> Iterator[Origin]:
    """One entry a value a person wrote; a list of plain values is one."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _stated(placed, (*key, name), item, parameters)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            yield from _stated(placed, (*key, index), item, parameters)
    else:
        filled = parameters.fill(value, (), placed.file.document, [])
        yield _origin(placed, key, _shown(filled), *dict.fromkeys(_references(value)))


def _references(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for item in value.values():
                yield from _references(item)
        case list():
            for item in value:
                yield from _references(item)
        case str():
            yield from REFERENCE.findall(value)
        case _:
            return


def _defaults(model: RuleDocument, check: Check) -> Iterator[Origin]:
    """What the check takes where the rule says nothing, as far as it takes anything."""
    if not isinstance(check, BaseModel):
        return
    data = check.model_dump(mode="json", by_alias=True)
    for name, value in data.items():
        if name not in model.with_ and value not in _EMPTY:
            yield Origin(key=f"with.{name}", value=_shown(value), place=None)


def _shown(value: Any) -> str:
    match value:
        case str():
            return value
        case list() if all(isinstance(item, str) for item in value):
            return ", ".join(value)
        case dict() if all(isinstance(item, str) for item in value.values()):
            return ", ".join(f"{key}: {item}" for key, item in value.items())
        case _:
            return json.dumps(value, ensure_ascii=False)
