"""What the tags of an AWS resource say about it, and AWS's dates."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

_PRIORITIES = frozenset({"critical", "high", "medium", "low"})


def tags_of(listed: Iterable[Mapping[str, Any]], *, key: str = "Key", value: str = "Value") -> dict[str, str]:
    """Tags as AWS lists them, by their keys; KMS has other names for key and value."""
    return {str(tag[key]): str(tag.get(value, "")) for tag in listed}


def told_by(tags: Mapping[str, str]) -> dict[str, Any]:
    """Environment, owner and priority of the resource, empty where no tag says so."""
    said = {key.lower(): text.strip() for key, text in tags.items()}
    priority = said.get("priority", "").lower()
    return {
        "environment": _first(said, "environment", "env", "stage"),
        "owner": _first(said, "owner", "team"),
        "priority": priority if priority in _PRIORITIES else "",
    }


def utc(at: datetime | None) -> datetime | None:
    """AWS's epoch seconds come from the SDK in this machine's zone."""
    return at.astimezone(UTC) if at is not None else None


def _first(said: Mapping[str, str], *keys: str) -> str:
    return next((said[key] for key in keys if said.get(key)), "")
