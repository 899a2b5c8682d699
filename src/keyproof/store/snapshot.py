"""Snapshots as files: value-free JSON, written atomically, read back exactly."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from keyproof.domain.snapshot import Snapshot
from keyproof.errors import ConfigError, Problem, StoreError

SCHEMA = "keyproof.snapshot/v1"
_ADAPTER = TypeAdapter(Snapshot)


def dump(snapshot: Snapshot) -> str:
    """The snapshot as JSON text; the same snapshot always gives the same text."""
    text = body(snapshot, indent=1).decode()
    return f'{{"schema": "{SCHEMA}", "snapshot": {text}}}\n'


def body(snapshot: Snapshot, *, indent: int | None = None) -> bytes:
    """The same without the envelope. A set has no order of its own, so its members are put in order here."""
    without = replace(snapshot, inventory_sources=frozenset())
    text = _ADAPTER.dump_json(without, indent=indent)
    key = b'"inventory_sources":' + (b"" if indent is None else b" ")
    sources = TypeAdapter(list[str]).dump_json(sorted(snapshot.inventory_sources))
    return text.replace(key + b"[]", key + sources, 1)  # no text holds the key: quotes are escaped in texts


def parse(text: bytes) -> Snapshot:
    """The snapshot of `body`. Raises StoreError."""
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as cause:
        raise StoreError(f"a recorded snapshot cannot be read: {cause.errors()[0]['msg']}") from None


def load(path: Path) -> Snapshot:
    """Read a snapshot file. Raises ConfigError when it is missing or not one of ours."""
    try:
        envelope: dict[str, Any] = TypeAdapter(dict[str, Any]).validate_json(path.read_bytes())
        if envelope.get("schema") != SCHEMA:
            raise ConfigError.of([_problem(path, f"is not a {SCHEMA} file")])
        return _ADAPTER.validate_python(envelope.get("snapshot"))
    except OSError as cause:
        raise ConfigError.of([_problem(path, cause.strerror or "cannot be read")]) from None
    except ValidationError as cause:
        first = cause.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError.of(
            [_problem(path, f"is damaged at {where or 'its start'}: {first['msg']}")]
        ) from None


def _problem(path: Path, message: str) -> Problem:
    return Problem(path=str(path), message=message, hint="write one with `keyproof collect -o FILE`")
