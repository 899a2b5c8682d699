"""Snapshots as files: value-free JSON, written atomically, read back exactly."""

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from keyproof.domain.snapshot import Snapshot
from keyproof.errors import ConfigError, Problem

SCHEMA = "keyproof.snapshot/v1"
_ADAPTER = TypeAdapter(Snapshot)


def dump(snapshot: Snapshot) -> str:
    """The snapshot as JSON text; the same snapshot always gives the same text."""
    body = _ADAPTER.dump_json(snapshot, indent=1).decode()
    return f'{{"schema": "{SCHEMA}", "snapshot": {body}}}\n'


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
