"""Contradictions about places of storage, and about what has to be kept current."""

from collections.abc import Iterator

from keyproof.document.contradiction import Contradiction, Kind
from keyproof.document.facts import Duty, Kept, Place, PolicyText

_WEAK = frozenset({"environment-variable", "dotenv", "plain-text-file"})
_STRICT = "production"
_AS_FILE = {
    "dotenv": "a .env file is a plain text file",
    "environment-variable": "a variable comes from a file or a setting in plain text",
}


def contradictions(text: PolicyText) -> Iterator[Contradiction]:
    """What the document says of storage in one place and takes back in another."""
    own = [kept for kept in text.kept if kept.allowed and kept.environments and not kept.subject]
    strict = [kept for kept in own if len(kept.environments) == 1]
    for kept in text.kept:
        if kept.allowed:
            for rule in strict:
                yield from _weaker(kept, rule)
    for ban in (kept for kept in text.kept if not kept.allowed):
        for kept in text.kept:
            if kept.allowed and not kept.subject and "plain-text-file" in ban.storage:
                yield from _as_file(kept, ban)
    yield from _placeholders(text)
    yield from _base64(text)


def _base64(text: PolicyText) -> Iterator[Contradiction]:
    """Where secrets lie in Kubernetes, that they are encrypted at rest has to be said, and set up."""
    for kept in text.kept:
        if not (kept.allowed and "kubernetes" in kept.storage) or "encrypt" in kept.shown.casefold():
            continue
        own = next(iter(text.of(Duty.ENCRYPTED)), None)
        yield Contradiction(
            kind=Kind.BASE64,
            subject=f"secrets of {' and '.join(kept.environments) or kept.subject or 'every environment'}",
            first=kept.place,
            first_value=kept.shown,
            second=own.place if own else Place(path="Kubernetes"),
            second_value=own.shown if own else "stored as base64 unless encryption at rest is configured",
            reason="base64 is no encryption: say that the cluster encrypts its secrets, and check it",
        )


def _weaker(kept: Kept, rule: Kept) -> Iterator[Contradiction]:
    """A weak place that the rule of one environment does not have, said for a kind or for several environments."""
    environment = rule.environments[0]
    concerned = (
        environment in kept.environments
        if kept.environments
        else bool(kept.subject) and environment == _STRICT
    )
    weak = sorted(_WEAK.intersection(kept.storage) - set(rule.storage))
    if concerned and weak and len(kept.environments) != 1:
        yield Contradiction(
            kind=Kind.STORAGE,
            subject=kept.subject or f"secrets of {environment}",
            first=kept.place,
            first_value=kept.shown,
            second=rule.place,
            second_value=f"{environment}: {rule.shown}",
            reason=f"{' and '.join(weak)} is not what {environment} permits",
        )


def _as_file(kept: Kept, ban: Kept) -> Iterator[Contradiction]:
    if kind := next((kind for kind in _AS_FILE if kind in kept.storage and len(kept.environments) < 2), ""):
        if kind == "environment-variable" and kept.environments:
            return
        yield Contradiction(
            kind=Kind.STORAGE, subject=kind, first=kept.place, first_value=kept.shown,
            second=ban.place, second_value=f"forbidden: {ban.shown}", reason=_AS_FILE[kind],
        )  # fmt: skip


def _placeholders(text: PolicyText) -> Iterator[Contradiction]:
    for demand in text.of(Duty.CONTACTS):
        for empty in text.of(Duty.PLACEHOLDER):
            yield Contradiction(
                kind=Kind.PLACEHOLDER, subject="contacts", first=demand.place, first_value="contacts are kept current",
                second=empty.place, second_value=empty.shown, reason="it was never filled in",
            )  # fmt: skip
