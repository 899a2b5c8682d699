"""A Terraform or OpenTofu state read for the places where it holds secrets; no value is kept."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_MARKERS = ("sensitive_attributes", "sensitive_values")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSecret:
    """One attribute or output that holds a value."""

    address: str
    """e.g. `module.db.aws_db_instance.main[0]`, or `output.token`."""
    attribute: str
    """Path in it, e.g. `password` or `auth[0].token`; empty for an output."""
    stated: bool
    """Whether the provider or the author says that it is sensitive; else its name does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the state says of itself."""

    encrypted: bool
    """Whether OpenTofu encrypted it, so that nothing else can be told."""
    version: str
    serial: int
    held: tuple[HeldSecret, ...]


def read_state(data: bytes, *, names_secret: Callable[[str], bool]) -> State:
    """Read a state of version 4. Raises ValueError for anything else."""
    try:
        found = json.loads(data)
    except ValueError:  # its message would show the text
        raise ValueError("it is no JSON") from None
    if not isinstance(found, Mapping):
        raise ValueError("it is no state")  # noqa: TRY004 (bad data, not a bad call)
    if found.get("encrypted_data"):
        return State(encrypted=True, version="", serial=int(found.get("serial") or 0), held=())
    if found.get("version") != 4:
        raise ValueError(f"it is no state of version 4 but {str(found.get('version'))[:20]!r}")
    held = [*_outputs(found), *_resources(found, names_secret)]
    version, serial = str(found.get("terraform_version") or ""), int(found.get("serial") or 0)
    return State(encrypted=False, version=version, serial=serial, held=tuple(held))


def _outputs(state: Mapping[str, Any]) -> Iterator[HeldSecret]:
    for name, output in (state.get("outputs") or {}).items():
        if output.get("sensitive") and output.get("value") not in (None, "", [], {}):
            yield HeldSecret(address=f"output.{name}", attribute="", stated=True)


def _resources(state: Mapping[str, Any], names_secret: Callable[[str], bool]) -> Iterator[HeldSecret]:
    for resource in state.get("resources") or ():
        base = ".".join(
            filter(
                None,
                [
                    resource.get("module"),
                    "data" if resource.get("mode") == "data" else "",
                    resource.get("type"),
                    resource.get("name"),
                ],
            )
        )
        for instance in resource.get("instances") or ():
            key = instance.get("index_key")
            address = base if key is None else f"{base}[{json.dumps(key)}]"
            yield from _instance(address, instance, names_secret)


def _instance(
    address: str, instance: Mapping[str, Any], names_secret: Callable[[str], bool]
) -> Iterator[HeldSecret]:
    stated = {_path(steps) for marker in _MARKERS for steps in _steps(instance.get(marker))}
    for path in _texts(instance.get("attributes") or {}, ""):
        above = any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in stated)
        last = path.rpartition(".")[2].partition("[")[0]
        if above or names_secret(last):
            yield HeldSecret(address=address, attribute=path, stated=above)


def _steps(marked: object) -> Iterator[list[Mapping[str, Any]]]:
    for item in marked if isinstance(marked, list) else ():
        if isinstance(item, list):
            yield [step for step in item if isinstance(step, Mapping)]


def _path(steps: list[Mapping[str, Any]]) -> str:
    """`[{get_attr: a}, {index: 0}]` as `a[0]`."""
    path = ""
    for step in steps:
        value = step.get("value")
        value = value.get("value") if isinstance(value, Mapping) else value
        path += f"[{value}]" if step.get("type") == "index" else f"{'.' if path else ''}{value}"
    return path


def _texts(node: object, path: str) -> Iterator[str]:
    """The paths of all texts that are not empty."""
    match node:
        case str() if node:
            yield path
        case dict():
            for key, value in node.items():
                yield from _texts(value, f"{path}.{key}" if path else str(key))
        case list():
            for index, value in enumerate(node):
                yield from _texts(value, f"{path}[{index}]")
        case _:
            pass
