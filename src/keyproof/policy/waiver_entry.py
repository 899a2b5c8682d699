"""Adding a waiver to a file as a person would: as text at its end, with every comment left where it stands."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keyproof.errors import PolicyError, Problem
from keyproof.policy.documents import API_VERSION
from keyproof.strict_yaml import YamlDocument, parse

Value = str | Sequence[str] | Mapping[str, Sequence[str]]

_HEAD = f"""\
# Accepted failures: who asked, who agreed, and until when (last day in force, UTC).
apiVersion: {API_VERSION}
kind: Waivers
waivers:
"""
_BY_HAND = "add the entry by hand, or let 'waivers:' be the last key of the file, one entry below the other"


def with_entry(text: str | None, entry: Mapping[str, Value], *, path: Path) -> str:
    """The text of a waiver file with `entry` added at its end; a new file when there is none.

    Raises PolicyError when the file is not YAML, or so written that nothing can be added at its end.
    """
    if text is None:
        return _HEAD + _lines(entry, indent="  ")
    before = parse(text, name=str(path), error=PolicyError)
    found = before.data.get("waivers") if isinstance(before.data, dict) else None
    if not isinstance(found, list):
        raise PolicyError.of([before.problem((), "is not a waiver file", f"begin with:\n{_HEAD}")])
    start = text if text.endswith("\n") else f"{text}\n"
    if not found:
        start = _opened(start, before)
    added = start + _lines(entry, indent=_indent(text, before) if found else "  ")
    try:
        after = parse(added, name=str(path), error=PolicyError)
    except PolicyError:
        after = None
    if after is None or after.data != {**before.data, "waivers": [*found, _plain(entry)]}:
        line = before.place(("waivers",))[0]
        problem = Problem(path=str(path), line=line, message="nothing can be added at its end", hint=_BY_HAND)
        raise PolicyError.of([problem])
    return added


def _opened(text: str, document: YamlDocument) -> str:
    """An empty list `waivers: []` as one that lines can follow."""
    line = document.key_marks["waivers",][0] - 1
    lines = text.splitlines(keepends=True)
    lines[line] = lines[line].replace(" []", "", 1).rstrip() + "\n"
    return "".join(lines)


def _indent(text: str, document: YamlDocument) -> str:
    """What stands before the dash of the first entry."""
    line = text.splitlines()[document.place(("waivers", 0))[0] - 1]
    return line[: len(line) - len(line.lstrip())]


def _lines(entry: Mapping[str, Value], *, indent: str) -> str:
    lines = []
    for place, (key, value) in enumerate(entry.items()):
        lines.append(f"{indent}{'  ' if place else '- '}{key}: {_flow(value)}")
    return "\n".join(lines) + "\n"


def _flow(value: Value) -> str:
    match value:
        case str():
            return quoted(value)
        case Mapping():
            return "{" + ", ".join(f"{quoted(key)}: {_flow(item)}" for key, item in value.items()) + "}"
        case _:
            return "[" + ", ".join(map(quoted, value)) + "]"


def _plain(value: Any) -> Any:
    match value:
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value


def quoted(text: str) -> str:
    """A double-quoted scalar that holds any text on one line."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08x}"
