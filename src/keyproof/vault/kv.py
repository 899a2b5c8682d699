"""What a Vault or OpenBao KV version 2 metadata answer says about one secret: its dates, versions and words."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from keyproof.domain.secret import Basis, Confidence, DatedFact, SecretVersion, VersionState

_DURATION = re.compile(r"(-?)((?:\d+(?:\.\d+)?(?:h|ms|us|µs|ns|m|s))+)")
_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|us|µs|ns|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_DEFAULT_VERSIONS = 10
"""Versions kept when neither secret nor mount sets `max_versions` (Vault's KV documentation)."""
_PRIORITIES = frozenset({"critical", "high", "medium", "low"})


def go_time(text: object) -> datetime | None:
    """Read Go's RFC 3339 with nanoseconds as UTC; None for `""` and Go's zero time. Raises ValueError."""
    if text in ("", None):
        return None
    if not isinstance(text, str) or "T" not in text:
        raise ValueError(f"{text!r} is not an RFC 3339 time")
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} states no time zone")
    return None if at.year == 1 else at.astimezone(UTC)


def go_duration(text: object) -> timedelta:
    """Read Go's duration form, e.g. `2160h0m0s`; plain numbers are seconds. Raises ValueError."""
    if isinstance(text, int | float):
        return _span(float(text), text)
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        if text in ("0", "", None):
            return timedelta()
        raise ValueError(f"{text!r} is not a duration")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(match[2]))
    return _span(-seconds if match[1] else seconds, text)


def _span(seconds: float, text: object) -> timedelta:
    try:
        return timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        raise ValueError(f"{text!r} is longer than time is counted") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class KvFacts:
    """One secret's metadata in the words of the domain."""

    created_at: datetime | None
    facts: tuple[DatedFact, ...]
    versions: tuple[SecretVersion, ...]
    expires_at: datetime | None
    deletion: datetime | None
    tags: Mapping[str, str]
    owner: str
    environment: str
    priority: str
    type: str
    attributes: Mapping[str, str | int | bool]
    unread: Mapping[str, str]


def read_metadata(data: Mapping[str, Any], *, mount: Mapping[str, Any] | None, now: datetime) -> KvFacts:
    """Read one answer of `GET MOUNT/metadata/PATH`; `mount` is the answer of `GET MOUNT/config`, if read.

    Raises ValueError when the answer has another shape than the KV version 2 API documents.
    """
    raw = data.get("versions") or {}
    current = data.get("current_version", 0)
    if not isinstance(raw, Mapping) or not isinstance(current, int):
        raise ValueError("versions or current_version have an unknown shape")  # noqa: TRY004 (bad data, not a bad call)
    versions = tuple(_version(number, raw[number], current, now) for number in sorted(raw, key=int))
    live = next((version for version in versions if version.id == str(current)), None)
    created_at = go_time(data.get("created_time"))
    words = _words(data.get("custom_metadata"))
    expires_at, unread = _expiry(live, words)
    if live is None:
        unread["facts"] = "no version is current: no value was ever written, or it is no longer listed"
    attributes = _limits(data, mount)
    if live is not None and live.state is VersionState.DESTROYED:
        attributes["current_version_destroyed"] = True
    return KvFacts(
        created_at=created_at,
        facts=_facts(live, created_at),
        versions=versions,
        expires_at=expires_at,
        deletion=_deletion(live, raw),
        tags=words,
        owner=_word(words, "owner"),
        environment=_word(words, "environment", "env"),
        priority=priority if (priority := _word(words, "priority").lower()) in _PRIORITIES else "",
        type=_word(words, "type", "class"),
        attributes=attributes,
        unread=unread,
    )


def _version(number: str, raw: Any, current: int, now: datetime) -> SecretVersion:
    if not isinstance(raw, Mapping):
        raise ValueError(f"version {number} has an unknown shape")  # noqa: TRY004 (bad data, not a bad call)
    deletion = go_time(raw.get("deletion_time"))
    if raw.get("destroyed"):
        state = VersionState.DESTROYED
    elif deletion is not None and deletion <= now:
        state = VersionState.DELETED
    else:
        state = VersionState.CURRENT if int(number) == current else VersionState.PREVIOUS
    # A destroyed version may keep the deletion time it was once given: nothing is left to expire.
    scheduled = deletion if state in {VersionState.CURRENT, VersionState.PREVIOUS} else None
    return SecretVersion(
        id=number, state=state, created_at=go_time(raw.get("created_time")), expires_at=scheduled
    )


def _facts(live: SecretVersion | None, created_at: datetime | None) -> tuple[DatedFact, ...]:
    # `updated_time` is left out on purpose: OpenBao moves it when only custom metadata is written, Vault moves
    # it with puts but not with metadata writes (hashicorp/vault#32117), and neither with a deletion.
    facts: list[DatedFact] = []
    if live is not None and live.created_at is not None:
        facts.append(DatedFact(at=live.created_at, basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT))
        if created_at is not None:
            facts.append(
                DatedFact(at=created_at, basis=Basis.RECORD_CREATED, confidence=Confidence.UPPER_BOUND)
            )
    return tuple(facts)


def _deletion(live: SecretVersion | None, raw: Mapping[str, Any]) -> datetime | None:
    """When the current version was deleted; of a destroyed one only the earliest possible time is kept."""
    if live is None or live.usable:
        return None
    if live.state is VersionState.DELETED:
        return go_time(raw[live.id].get("deletion_time"))
    return live.created_at  # KV keeps no time of a destruction: it was not before this


def _expiry(live: SecretVersion | None, words: Mapping[str, str]) -> tuple[datetime | None, dict[str, str]]:
    """When the value ends by the server's own clock or by the date its owner wrote, the earlier one.

    Only a version's own `deletion_time` counts: `delete_version_after` acts on versions written after it was
    set, so adding it to `created_time` would promise an end that never comes.
    """
    ends = [live.expires_at] if live is not None and live.expires_at is not None else []
    unread: dict[str, str] = {}
    stated = _word(words, "expires", "expiry", "expires_at", "expires-at")
    if stated:
        try:
            ends.append(_stated_date(stated))
        except ValueError:
            unread["expires_at"] = (
                f"custom metadata states the expiry as {stated!r}, which is no date; write YYYY-MM-DD"
            )
    return (None if unread else min(ends, default=None)), unread


def _stated_date(text: str) -> datetime:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    at = go_time(text)
    if at is None:
        raise ValueError("empty")
    return at


def _words(custom: Any) -> dict[str, str]:
    if custom is None:
        return {}
    if not isinstance(custom, Mapping):
        raise ValueError("custom_metadata is no mapping")  # noqa: TRY004 (bad data, not a bad call)
    return {str(name): str(value) for name, value in sorted(custom.items())}


def _word(words: Mapping[str, str], *names: str) -> str:
    lower = {name.lower(): value.strip() for name, value in words.items()}
    return next((lower[name] for name in names if lower.get(name)), "")


def _limits(data: Mapping[str, Any], mount: Mapping[str, Any] | None) -> dict[str, str | int | bool]:
    """The settings in force: of a secret's and its mount's limit the smaller one that is set.

    A secret shows its own setting only (hashicorp/vault#10647), so nothing is said when the mount is unread.
    """
    attributes: dict[str, str | int | bool] = {"kv_version": 2}
    if mount is None:
        return attributes
    both = (data, mount)
    attributes["max_versions"] = (
        _smallest(_count(part.get("max_versions")) for part in both) or _DEFAULT_VERSIONS
    )
    attributes["cas_required"] = any(bool(part.get("cas_required")) for part in both)
    spans = [go_duration(part.get("delete_version_after") or 0) for part in both]
    after = _smallest(span.total_seconds() for span in spans)
    attributes["delete_version_after"] = f"{after:g}s" if after else "never"
    return attributes


def _count(value: Any) -> float:
    return float(value) if isinstance(value, int) else 0.0


def _smallest(numbers: Iterable[float]) -> int:
    return int(min((number for number in numbers if number > 0), default=0))
