"""Parameters of a pack: declared with bounds, set by overlays, put into rules as `${id}`."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from keyproof.domain.duration import parse_duration
from keyproof.domain.origin import ParameterStep
from keyproof.domain.secret import SourceLine
from keyproof.errors import Problem
from keyproof.policy.documents import ParameterDocument
from keyproof.strict_yaml import Key, YamlDocument, did_you_mean

REFERENCE = re.compile(r"\$\{([^}]*)\}")
_NOUNS = {
    "duration": ("a duration", "write for example 90d"),
    "integer": ("a whole number", "write digits without quotes"),
    "string": ("a text", "write it in quotes"),
    "boolean": ("true or false", "write true or false without quotes"),
}
_TYPES: Mapping[str, type] = {"duration": str, "integer": int, "string": str, "boolean": bool}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter's type, bounds and effective value."""

    type: str
    value: Any
    min: Any = None
    max: Any = None


class Parameters:
    """The parameters of a pack and the packs it extends, merged base first."""

    def __init__(self) -> None:
        self.known: dict[str, Parameter] = {}
        self.broken: set[str] = set()
        """Ids declared in a way that cannot be used; referring to one is not a second fault."""
        self.steps: dict[str, list[ParameterStep]] = {}
        """Id → every value it was given, base first, with its place."""

    def merge(
        self, declared: Mapping[str, ParameterDocument], document: YamlDocument, problems: list[Problem]
    ) -> None:
        """Lay one file's `parameters:` over what is known, within the bounds already set."""
        for name, model in declared.items():
            key: Key = ("parameters", name)
            found = list(self._faults(name, model, key, document))
            problems.extend(found)
            if found:
                self.broken.add(name)

    def values(self) -> dict[str, Any]:
        """Id → effective value."""
        return {name: parameter.value for name, parameter in sorted(self.known.items())}

    def fill(self, data: Any, key: Key, document: YamlDocument, problems: list[Problem]) -> Any:
        """`data` with every `${id}` replaced; a reference that is the whole text keeps the value's type."""
        match data:
            case dict():
                return {
                    name: self.fill(item, (*key, name), document, problems) for name, item in data.items()
                }
            case list():
                return [self.fill(item, (*key, i), document, problems) for i, item in enumerate(data)]
            case str() if "${" in data:
                return self._fill_text(data, key, document, problems)
            case _:
                return data

    def leaves_open(self, data: Any) -> bool:
        """Whether filled data still refers to a parameter whose declaration is broken."""
        match data:
            case dict():
                return any(map(self.leaves_open, data.values()))
            case list():
                return any(map(self.leaves_open, data))
            case str():
                return any(name in self.broken for name in REFERENCE.findall(data))
            case _:
                return False

    def _fill_text(self, text: str, key: Key, document: YamlDocument, problems: list[Problem]) -> Any:
        for name in REFERENCE.findall(text):
            if name not in self.known and name not in self.broken:
                hint = did_you_mean(name, sorted(self.known)) or "declare it under 'parameters:'"
                problems.append(document.problem(key, f"there is no parameter '{name}'", hint))
        if whole := REFERENCE.fullmatch(text):
            parameter = self.known.get(whole[1])
            return parameter.value if parameter else text
        return REFERENCE.sub(lambda found: str(self._value(found)), text)

    def _value(self, found: re.Match[str]) -> Any:
        parameter = self.known.get(found[1])
        return parameter.value if parameter else found[0]

    def _faults(
        self, name: str, model: ParameterDocument, key: Key, document: YamlDocument
    ) -> Iterator[Problem]:
        """What is wrong with a declaration; when nothing is, it takes effect."""
        inherited = self.known.get(name)
        if inherited is None and model.type is None:
            if name not in self.broken:
                close = did_you_mean(name, sorted(self.known))
                hint = (
                    close if close.startswith("did you mean") else "add type, default and why to declare it"
                )
                yield document.problem(key, f"the parameter '{name}' is not declared", hint, at_key=True)
            return
        if inherited and model.type not in {None, inherited.type}:
            yield document.problem(
                (*key, "type"),
                f"the parameter '{name}' has the type {inherited.type}",
                "leave the type out",
            )
            return
        kind = inherited.type if inherited else str(model.type)
        given = {"min": model.min, "max": model.max, "default": model.default}
        faults = [
            document.problem(self._at(key, word, document), *fault)
            for word, value in given.items()
            if value is not None and (fault := _wrong_type(kind, word, value))
        ]
        yield from faults
        if faults:
            return
        if inherited is None and model.default is None:
            yield document.problem(key, f"the parameter '{name}' has no default", "add 'default:'")
            return
        merged = replace(inherited, **_given(model)) if inherited else _new(kind, model)
        faults = list(_out_of_bounds(name, merged, inherited, key, document, self._at))
        yield from faults
        if not faults:
            self.known[name] = merged
            if model.default is not None:
                line, _ = document.place(self._at(key, "default", document))
                place = SourceLine(path=document.path, line=line)
                self.steps.setdefault(name, []).append(ParameterStep(value=model.default, place=place))

    @staticmethod
    def _at(key: Key, word: str, document: YamlDocument) -> Key:
        """`default` may be written in the short form, where the value is the parameter's own."""
        return (*key, word) if (*key, word) in document.marks else key


def _given(model: ParameterDocument) -> dict[str, Any]:
    found = {"value": model.default, "min": model.min, "max": model.max}
    return {name: value for name, value in found.items() if value is not None}


def _new(kind: str, model: ParameterDocument) -> Parameter:
    return Parameter(type=kind, value=model.default, min=model.min, max=model.max)


def _wrong_type(kind: str, word: str, value: Any) -> tuple[str, str] | None:
    if word != "default" and kind not in {"duration", "integer"}:
        return f"a parameter of type {kind} has no {word}", "remove it"
    if type(value) is not _TYPES[kind]:  # isinstance would take true for an integer
        noun, hint = _NOUNS[kind]
        return f"{word}: {json.dumps(value)} is not {noun}", hint
    if kind == "duration":
        try:
            parse_duration(str(value))
        except ValueError as cause:
            return str(cause), ""
    return None


def _out_of_bounds(
    name: str,
    merged: Parameter,
    inherited: Parameter | None,
    key: Key,
    document: YamlDocument,
    at: Any,
) -> Iterator[Problem]:
    size = _size(merged.value, merged.type)
    for word, bound, sign in (("min", merged.min, -1), ("max", merged.max, 1)):
        outer = getattr(inherited, word) if inherited else None
        if outer is not None and sign * (_size(bound, merged.type) - _size(outer, merged.type)) > 0:
            yield document.problem(
                at(key, word, document),
                f"the parameter '{name}' cannot widen its {word} from {outer} to {bound}",
                f"an overlay may only narrow it; the {word} stays {outer}",
            )
        elif bound is not None and sign * (size - _size(bound, merged.type)) > 0:
            yield document.problem(
                at(key, "default", document),
                f"the parameter '{name}' is {merged.value}, {'above' if sign > 0 else 'below'} its {word} {bound}",
                f"write {bound} or {'less' if sign > 0 else 'more'}",
            )


def _size(value: Any, kind: str) -> float:
    """A number to compare by; a period that only events end is longer than any other."""
    if value is None or kind not in {"duration", "integer"}:
        return 0.0
    if kind == "integer":
        return float(value)
    duration = parse_duration(value)
    return duration.approximate_span.total_seconds() if duration.scheduled else float("inf")
