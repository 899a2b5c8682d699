"""A Compose file read for the secrets it names or holds; a literal is never kept."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

_REFERENCE = re.compile(r"\$(?:\{[A-Za-z_]\w*(?::?\?[^}]*)?\}|[A-Za-z_]\w*)")
"""A variable without a default: `${NAME}`, `${NAME:?message}`, `$NAME`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeSecret:
    """An entry of the top-level `secrets`, and which services get it."""

    name: str
    line: int
    kind: str
    """`file`, `environment`, `external` or `driver`: where its value comes from."""
    origin: str
    """The file's path or the variable's name; empty for the other kinds."""
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeVariable:
    """A variable or build argument of a service."""

    service: str
    name: str
    line: int
    where: str
    """`environment` or `build.args`."""
    literal: bool
    """Whether the file itself holds a value for it, if only as a default."""
    empty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeFile:
    """What the file says."""

    secrets: tuple[ComposeSecret, ...]
    variables: tuple[ComposeVariable, ...]


def read_compose(text: str) -> ComposeFile:
    """Read a Compose file. Raises ValueError for anything that is none."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:  # its message would show the line
        raise ValueError("it is no YAML") from None
    if root is None:
        return ComposeFile(secrets=(), variables=())
    if not isinstance(root, yaml.MappingNode):
        raise ValueError("it is no mapping")  # noqa: TRY004 (bad data, not a bad call)
    top = _entries(root)
    services = _entries(top["services"]) if "services" in top else {}
    given = {name: set(_granted(service)) for name, service in services.items()}
    secrets = tuple(
        _secret(name, node, tuple(sorted(service for service, names in given.items() if name in names)))
        for name, node in (_entries(top["secrets"]) if "secrets" in top else {}).items()
    )
    variables = tuple(
        variable
        for name, service in services.items()
        for where, node in _variable_nodes(service)
        for variable in _variables(name, where, node)
    )
    return ComposeFile(secrets=secrets, variables=variables)


def _entries(node: yaml.Node) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {str(key.value): value for key, value in node.value}


def _secret(name: str, node: yaml.Node, services: tuple[str, ...]) -> ComposeSecret:
    entry = _entries(node)
    kinds = (kind for kind in ("external", "file", "environment", "driver") if kind in entry)
    kind = next(kinds, "file")
    origin = str(entry[kind].value) if kind in {"file", "environment"} and kind in entry else ""
    return ComposeSecret(
        name=name, line=node.start_mark.line + 1, kind=kind, origin=origin, services=services
    )


def _granted(service: yaml.Node) -> Iterator[str]:
    """The names of secrets a service gets, in the short and the long form."""
    listed = _entries(service).get("secrets")
    for item in listed.value if isinstance(listed, yaml.SequenceNode) else ():
        if isinstance(item, yaml.ScalarNode):
            yield str(item.value)
        elif "source" in (entry := _entries(item)):
            yield str(entry["source"].value)


def _variable_nodes(service: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
    entries = _entries(service)
    if "environment" in entries:
        yield "environment", entries["environment"]
    build: Mapping[str, yaml.Node] = _entries(entries["build"]) if "build" in entries else {}
    if "args" in build:
        yield "build.args", build["args"]


def _variables(service: str, where: str, node: yaml.Node) -> Iterator[ComposeVariable]:
    pairs: list[tuple[str, str | None, int]] = []
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            absent = value.tag == "tag:yaml.org,2002:null"
            pairs.append((str(key.value), None if absent else str(value.value), key.start_mark.line + 1))
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            name, separator, value = str(item.value).partition("=")
            pairs.append((name, value if separator else None, item.start_mark.line + 1))
    for name, text, line in pairs:
        # Without a value it is handed on from the shell: that is a reference too.
        refers = text is None or _REFERENCE.fullmatch(text) is not None
        yield ComposeVariable(
            service=service,
            name=name,
            line=line,
            where=where,
            literal=not refers and bool(text),
            empty=text == "",
        )
