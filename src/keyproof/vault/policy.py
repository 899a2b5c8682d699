"""Vault and OpenBao ACL policies: what they say.

The rules follow https://developer.hashicorp.com/vault/docs/concepts/policies and what both servers accept.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from keyproof.vault.hcl import Pairs, read_document

CAPABILITIES = frozenset(
    {"create", "read", "update", "patch", "delete", "list", "scan", "sudo", "deny", "subscribe", "recover"}
)
_OLD_POLICIES: Mapping[str, tuple[str, ...]] = {
    "deny": ("deny",),
    "read": ("read", "list"),
    "write": ("create", "read", "update", "delete", "list"),
    "sudo": ("create", "read", "update", "delete", "list", "sudo"),
}
"""`policy = "read"` and its like, from before capabilities."""
_PLAIN_KEYS = frozenset({"capabilities", "policy", "comment", "expiration", "pagination_limit"})
"""Keys of a path that narrow nothing; every other key is a condition."""
_MAX_LENGTH = 1_000_000
_TEMPLATE = re.compile(r"\{\{.*?\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PathRule:
    """One `path` block of a policy."""

    path: str
    """With its namespace in front and its trailing `*`, if any."""
    capabilities: frozenset[str]
    condition: str = ""
    """Restrictions the server adds, named but not evaluated."""
    expires: datetime | None = None

    @property
    def templated(self) -> bool:
        """Whether the path depends on who asks."""
        return _TEMPLATE.search(self.path) is not None

    @property
    def segmented(self) -> bool:
        """Whether the server matches it segment by segment because of a `+`."""
        return self.path == "+" or "/+" in self.path or self.path.startswith("+/")

    def pattern(self) -> re.Pattern[str]:
        """The path as an expression to match fully; a template stands for any text."""
        prefix = self.path.endswith("*")
        segments = []
        for segment in _TEMPLATE.sub("\0", self.path.removesuffix("*")).split("/"):
            literal = ".+".join(re.escape(part) for part in segment.split("\0"))
            segments.append("[^/]*" if segment == "+" and self.segmented else literal)
        return re.compile("/".join(segments) + (".*" if prefix else ""), re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A parsed policy."""

    name: str
    rules: tuple[PathRule, ...]


def parse_policy(name: str, text: str, *, namespace: str = "") -> Policy:
    """Read a policy written in HCL or JSON; its paths are relative to `namespace` (empty or ending in `/`).

    Raises ValueError, and nothing else, when it cannot be understood.
    """
    if len(text) > _MAX_LENGTH:
        raise ValueError(f"the policy is longer than {_MAX_LENGTH:,} characters")
    document = read_document(text)
    rules: list[PathRule] = []
    for key, value in document:
        if key == "path":
            rules.extend(_rule(path, block, namespace) for path, block in _blocks(value))
        elif key != "name":
            raise ValueError(f"unknown key {key!r}")
    return Policy(name=name, rules=tuple(rules))


def _blocks(value: Any) -> Iterator[tuple[str, Any]]:
    """Path and block pairs; both notations allow a list around either."""
    if isinstance(value, Pairs):
        for path, block in value:
            blocks = block if isinstance(block, list) and not isinstance(block, Pairs) else [block]
            for one in blocks:
                yield path, one
    elif isinstance(value, list):
        for one in value:
            yield from _blocks(one)
    else:
        raise ValueError("'path' is followed by no block")  # noqa: TRY004 (bad data, not a bad call)


def _rule(path: str, block: Any, namespace: str) -> PathRule:
    if not isinstance(block, Pairs):
        raise ValueError(f"path {path!r} has no block")  # noqa: TRY004 (bad data, not a bad call)
    full = namespace + path.removeprefix("/")
    if "+*" in full:
        raise ValueError(f"path {path!r}: '+*' is forbidden")
    capabilities: set[str] = set()
    expires = None
    for key, value in block:
        if key == "policy":
            if not isinstance(value, str) or value not in _OLD_POLICIES:
                raise ValueError(f"path {path!r}: invalid policy {value!r}")
            capabilities.update(_OLD_POLICIES[value])
        elif key == "capabilities":
            capabilities.update(_capabilities(path, value))
        elif key == "expiration":
            expires = _time(path, value)
    if "deny" in capabilities:
        capabilities = {"deny"}
    conditions = sorted({key for key, _ in block} - _PLAIN_KEYS)
    if expires is not None:
        conditions.append(f"until {expires:%Y-%m-%d %H:%M}Z")
    return PathRule(
        path=full, capabilities=frozenset(capabilities), condition=", ".join(conditions), expires=expires
    )


def _capabilities(path: str, value: Any) -> list[str]:
    if not isinstance(value, list) or isinstance(value, Pairs):
        raise ValueError(f"path {path!r}: capabilities is no list")  # noqa: TRY004 (bad data, not a bad call)
    for capability in value:
        if not isinstance(capability, str) or capability not in CAPABILITIES:
            raise ValueError(f"path {path!r}: invalid capability {capability!r}")
    return value


def _time(path: str, value: Any) -> datetime:
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f"path {path!r}: invalid expiration {value!r}") from None
    try:
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ValueError(f"path {path!r}: invalid expiration {value!r}") from None
