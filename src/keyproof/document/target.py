"""Draft rules, and what secrets a name in a document lets a rule select."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keyproof.document.classes import DocumentClass
from keyproof.document.facts import Place, Source
from keyproof.document.subjects import globs, slug, topic

LIVE: Mapping[str, Any] = {"not": {"backend": "inventory"}}
"""A selector of what backends hold, without the rows of inventories."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRule:
    """A rule as it will stand in the pack."""

    id: str
    title: str
    check: str
    places: tuple[Place, ...]
    """The lines of the document it rests on."""
    told: str
    """What the lines state, in our words."""
    select: Mapping[str, Any] = field(default_factory=dict)
    with_: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Secrets that a rule is about."""

    id: str
    title: str
    select: Mapping[str, Any]


EVERYTHING = Target(id="any", title="Every secret", select={})
"""No secret in particular."""


def by_name(name: str) -> Target:
    """Secrets of this name or a like one, where no class has them."""
    return Target(id=slug(name, otherwise="named"), title=name, select={"name": list(globs(name))})


class Targets:
    """Finds the class that a name of the document means."""

    def __init__(self, classes: Sequence[DocumentClass]) -> None:
        self._classes = classes

    def of(self, name: str) -> Target | None:
        """What a rule about `name` selects: its class, or the name alone where it shares a class with others."""
        one = self._class_of((name,))
        if one is None:
            return None
        if one.schedules[0].source is not Source.GROUP:
            return Target(id=one.id, title=one.title, select={"class": one.id})
        own = [known for known in one.names if topic(known) == topic(name)] or [name]
        patterns = list(dict.fromkeys(pattern for known in own for pattern in globs(known)))
        return Target(id=slug(own[0], otherwise=one.id), title=own[0], select={"name": patterns})

    def _class_of(self, names: Sequence[str]) -> DocumentClass | None:
        topics = {topic(name) for name in names} - {""}
        direct = next((one for one in self._classes if one.topics & topics), None)
        return direct or next(
            (one for one in self._classes if any(f"*{name}*" in one.patterns for name in topics)), None
        )
