"""Rules about where secrets are kept, from tables, sections and lists of a document."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from keyproof.document.facts import Kept, Place, PolicyText
from keyproof.document.target import DraftRule, Targets

_STATED_OR_LIVE: Mapping[str, Any] = {"not": {"backend": "inventory", "where": "!(attributes.storage)"}}
"""Not the rows of an inventory that state no storage."""
_MANAGERS = ("aws-secrets-manager", "azure-key-vault", "gcp-secret-manager", "vault")
_WORDS = {
    "secret-manager": ("secret-manager*", "secret-management-*"),
    "environment-variable": ("environment-variable*",),
    "kms": ("kms", "key-management-*"),
    "encrypted-file": ("encrypted-*",),
}
_WEAK = frozenset({"environment-variable", "dotenv", "plain-text-file"})

Leave = Callable[[Place, str, str], None]
"""Takes note of a place, what it says, and why it becomes no check."""


def storage(text: PolicyText, targets: Targets, leave: Leave) -> Iterator[DraftRule]:
    """One rule an environment and one a kind; what contradicts production is left to a person."""
    allowed: dict[str, list[Kept]] = {}
    for kept in text.kept:
        if kept.allowed and not kept.subject:
            for environment in kept.environments:
                allowed.setdefault(environment, []).append(kept)
    for environment, several in sorted(allowed.items()):
        own = [kept for kept in several if len(kept.environments) == 1] or several
        yield DraftRule(
            id=f"{environment}-storage", title=f"Secrets of {environment} are kept where the policy says", check="storage",
            places=tuple(dict.fromkeys(kept.place for kept in own)), told="places of storage",
            select={"environment": environment, **_STATED_OR_LIVE},
            with_={"allowed": _backends(text, [kind for kept in own for kind in kept.storage])},
        )  # fmt: skip
    yield from _storage_by_kind(text, targets, leave, allowed.get("production", []))


def _storage_by_kind(
    text: PolicyText, targets: Targets, leave: Leave, production: Sequence[Kept]
) -> Iterator[DraftRule]:
    strict = {kind for kept in production if len(kept.environments) == 1 for kind in kept.storage}
    for kept in text.kept:
        if not (kept.allowed and kept.subject):
            continue
        target = targets.of(kept.subject)
        if strict and _WEAK.intersection(kept.storage) - strict:
            reason = "contradicts the storage of production, which was taken"
            leave(kept.place, f"{kept.subject}: {kept.shown}", reason)
        elif target:
            yield DraftRule(
                id=f"{target.id}-storage", title=f"{target.title}: kept where the policy says", check="storage",
                places=(kept.place,), told="place of storage", select={**target.select, **_STATED_OR_LIVE},
                with_={"allowed": _backends(text, kept.storage)},
            )  # fmt: skip


def _backends(text: PolicyText, kinds: Iterable[str]) -> list[str]:
    listed = {kind for kept in text.kept for kind in kept.storage}
    named = [kind for kind in _MANAGERS if kind in listed] or list(_MANAGERS)
    found: list[str] = []
    for kind in kinds:
        found += named if kind == "secret-manager" else [] if kind in _WORDS else [kind]
        found += _WORDS.get(kind, ())
    return sorted(dict.fromkeys(found))
