"""YAML as people write it, read strictly: duplicate keys refused, every problem with its line and column.

Scalars follow YAML 1.2's core schema, so `on`, `no` and `2025-10-05` stay the text that was written.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from keyproof.errors import DocumentError, Problem

Model = TypeVar("Model", bound=BaseModel)
Key = tuple[str | int, ...]

MAX_BYTES = 5_000_000
_MAX_NODES = 500_000
_MAX_DEPTH = 100


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the C loader where libyaml is there
    """A safe loader that resolves plain scalars by YAML 1.2's core schema only."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (PyYAML's own protocol)


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", "~nN\0"),
    ("tag:yaml.org,2002:int", r"[-+]?[0-9]+", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(
        _tag,
        re.compile(rf"^(?:{_pattern})$"),
        [*_first.replace("\0", ""), ""] if "\0" in _first else list(_first),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlDocument:
    """A parsed document with the place of every key and value."""

    path: str
    text: str
    data: Any
    """Built from dict (text keys), list, str, int, float, bool and None only."""
    marks: dict[Key, tuple[int, int]]
    """Path of keys and indexes → 1-based line and column of the value."""
    key_marks: dict[Key, tuple[int, int]]
    """Path of keys → 1-based line and column of the key itself."""

    def problem(self, key: Key, message: str, hint: str = "", *, at_key: bool = False) -> Problem:
        """A problem at `key`, or at its nearest ancestor that has a place."""
        line, column = self.place(key, at_key=at_key)
        return Problem(path=self.path, line=line, column=column, message=message, hint=hint)

    def place(self, key: Key, *, at_key: bool = False) -> tuple[int, int]:
        """1-based line and column of `key`, or of its nearest ancestor."""
        if at_key and key in self.key_marks:
            return self.key_marks[key]
        while key and key not in self.marks:
            key = key[:-1]
        return self.marks.get(key, (1, 1))


def read(path: Path, *, error: type[DocumentError], name: str = "") -> YamlDocument:
    """Read one file. Raises `error` when it is missing, too large, not UTF-8 or not strict YAML."""
    shown = name or str(path)
    try:
        raw = path.read_bytes()
    except OSError as cause:
        hint = "check the path and its permissions"
        raise error.of([Problem(path=shown, message=cause.strerror or "cannot be read", hint=hint)]) from None
    if len(raw) > MAX_BYTES:
        raise error.of(
            [Problem(path=shown, message=f"is larger than {MAX_BYTES:,} bytes", hint="split the file")]
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        line = raw.count(b"\n", 0, cause.start) + 1
        raise error.of(
            [Problem(path=shown, line=line, message="is not UTF-8", hint="save the file as UTF-8")]
        ) from None
    return parse(text, name=shown, error=error)


def parse(text: str, *, name: str, error: type[DocumentError]) -> YamlDocument:
    """Parse `text`, called `name` in messages. Raises `error` with every duplicate key, or the syntax error."""
    try:
        _refuse_depth(text, name, error)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as cause:
        raise error.of([_syntax_problem(cause, text, name)]) from None
    except yaml.YAMLError as cause:
        raise error.of([Problem(path=name, message=f"is not YAML: {cause}")]) from None
    build = _Builder(name)
    data = build.value(node, ()) if node is not None else None
    if build.problems:
        raise error.of(build.problems)
    return YamlDocument(path=name, text=text, data=data, marks=build.marks, key_marks=build.key_marks)


def _refuse_depth(text: str, name: str, error: type[DocumentError]) -> None:
    """Composing is recursive, in libyaml without a limit: tens of thousands of brackets would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            mark = event.start_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
            message = f"is nested more than {_MAX_DEPTH} deep"
            raise error.of([Problem(path=name, line=line, column=column, message=message)])


def _syntax_problem(cause: yaml.MarkedYAMLError, text: str, name: str) -> Problem:
    mark = cause.problem_mark or cause.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    lines = text.splitlines()
    here = lines[mark.line] if mark and mark.line < len(lines) else ""
    if "\t" in here[: len(here) - len(here.lstrip())] or (
        mark and here[mark.column : mark.column + 1] == "\t"
    ):
        return Problem(
            path=name, line=line, column=column, message="a tab is used to indent", hint="YAML wants spaces"
        )
    return Problem(
        path=name, line=line, column=column, message=f"is not YAML: {cause.problem or cause.context}"
    )


class _Builder:
    """Turns the node graph into plain data and remembers where everything stood."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.marks: dict[Key, tuple[int, int]] = {}
        self.key_marks: dict[Key, tuple[int, int]] = {}
        self.problems: list[Problem] = []
        self._open: set[int] = set()

    def value(self, node: yaml.Node, key: Key) -> Any:
        """Plain data of `node`; anchors are followed, cycles and bombs refused."""
        self.marks[key] = _place(node)
        if len(self.marks) > _MAX_NODES or id(node) in self._open:
            self._refuse(node, "expands without end", "remove the recursive or repeated aliases")
            return None
        self._open.add(id(node))
        try:
            match node:
                case yaml.MappingNode():
                    return self._mapping(node, key)
                case yaml.SequenceNode():
                    return [self.value(item, (*key, index)) for index, item in enumerate(node.value)]
                case _:
                    return self._scalar(node)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, key: Key) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse(key_node, "a key is not plain text", "write a word before the colon")
                continue
            name: str = key_node.value
            child: Key = (*key, name)
            if name in data:
                first = self.key_marks[child][0]
                self._refuse(
                    key_node, f"the key '{name}' stands twice", f"it first stands on line {first}; keep one"
                )
                continue
            self.key_marks[child] = _place(key_node)
            data[name] = self.value(value_node, child)
        return data

    def _scalar(self, node: yaml.Node) -> str | int | float | bool | None:
        text: str = node.value
        match node.tag:
            case "tag:yaml.org,2002:str":
                return text
            case "tag:yaml.org,2002:null":
                return None
            case "tag:yaml.org,2002:bool":
                return text.lower() == "true"
            case "tag:yaml.org,2002:int":
                return int(text)
            case "tag:yaml.org,2002:float":
                return float(text)
            case _:
                self._refuse(node, f"the tag '{node.tag}' is not allowed", "write plain YAML")
                return None

    def _refuse(self, node: yaml.Node, message: str, hint: str) -> None:
        line, column = _place(node)
        self.problems.append(Problem(path=self.name, line=line, column=column, message=message, hint=hint))


def _place(node: yaml.Node) -> tuple[int, int]:
    return (node.start_mark.line + 1, node.start_mark.column + 1)


def validate(
    document: YamlDocument, model: type[Model], *, error: type[DocumentError], at: Key = (), data: Any = None
) -> Model:
    """Build `model` from the part of `document` at `at` (`data`, or the whole).

    Raises `error` with one problem a fault: unknown keys with a did-you-mean, wrong types with the place.
    """
    try:
        return model.model_validate(document.data if data is None and not at else data)
    except ValidationError as cause:
        raise error.of(problems_of(cause, document, model, at=at)) from None


def problems_of(
    cause: ValidationError, document: YamlDocument, model: type[BaseModel], *, at: Key = ()
) -> list[Problem]:
    """The faults pydantic found, each at its place in `document`, in the order of the file."""
    problems = dict.fromkeys(_problem(detail, document, model, at) for detail in cause.errors())
    return sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0))


def _problem(detail: ErrorDetails, document: YamlDocument, model: type[BaseModel], at: Key) -> Problem:
    location = tuple(detail["loc"])
    key = at + _real_path(document, at, location)
    kind, given = detail["type"], detail["input"]
    field = str(location[-1]) if location else ""
    if kind == "extra_forbidden":
        known = sorted(set(_field_names(model, location[:-1])))
        return document.problem(
            (*key[: len(key) - (key[-1:] == (field,))], field),
            f"unknown key '{field}'",
            did_you_mean(field, known),
            at_key=True,
        )
    if kind == "missing":
        return document.problem(key, f"the key '{field}' is missing", f"add '{field}:'")
    if kind in {"literal_error", "enum"}:
        expected = str(detail.get("ctx", {}).get("expected", ""))
        allowed = re.findall(r"'([^']*)'", expected) or [expected]
        return document.problem(
            key, f"{_shown(given)} is not allowed here", did_you_mean(str(given), allowed)
        )
    if kind == "value_error":
        return document.problem(key, detail["msg"].removeprefix("Value error, "))
    return document.problem(key, f"{_named(field)}{_wanted(detail)}", f"found {_shown(given)}")


_WANTED = {
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping (key: value)",
    "model_type": "must be a mapping (key: value)",
    "model_attributes_type": "must be a mapping (key: value)",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}
"""Pydantic's kinds of fault in words of the file."""


def _wanted(detail: ErrorDetails) -> str:
    message = detail["msg"].removeprefix("Assertion failed, ")
    if detail["type"] == "string_pattern_mismatch":
        return f"must be of the form {detail['ctx']['pattern']}"
    return _WANTED.get(detail["type"], f"{message[:1].lower()}{message[1:]}")


def _named(field: str) -> str:
    return f"'{field}' " if field and not field.isdigit() else ""


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """The hint after an unknown word: the nearest known one, or all of them."""
    close = get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"known here: {', '.join(known)}" if known else ""


def _shown(given: object) -> str:
    match given:
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case None:
            return "nothing"
        case _:
            return repr(given) if len(repr(given)) <= 60 else f"a {type(given).__name__}"


def _real_path(document: YamlDocument, at: Key, location: Key) -> Key:
    """`location` without the parts pydantic adds for unions, which are no keys of the file."""
    path: Key = ()
    for part in location:
        if (*at, *path, part) in document.marks:
            path = (*path, part)
    return path


def _field_names(model: type[BaseModel], location: Key) -> Iterator[str]:
    """Names a person may write at `location` below `model`."""
    for found in _models_at(model, location):
        for name, field in found.model_fields.items():
            yield field.alias or name


def _models_at(annotation: Any, location: Key) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not location:
            yield annotation
            return
        for name, field in annotation.model_fields.items():
            if location[0] in {name, field.alias}:
                yield from _models_at(field.annotation, location[1:])
        return
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _models_at(arguments[0], location)
    elif origin in {Union, UnionType}:
        for argument in arguments:
            yield from _models_at(argument, location)
            if location and location[0] not in _names(argument):
                yield from _models_at(argument, location[1:])  # pydantic names the union's member first
    elif arguments and location:
        yield from _models_at(arguments[-1] if arguments[-1] is not Ellipsis else arguments[0], location[1:])


def _names(annotation: Any) -> set[str]:
    fields = getattr(annotation, "model_fields", {})
    return {field.alias or name for name, field in fields.items()}
