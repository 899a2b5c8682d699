"""What an object of a controller is, and what it adds to a Secret."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from keyproof.domain.copied import AT, FOLLOWS, KEYS, PROBLEM, STORE, SYNCED
from keyproof.domain.secret import DatedFact, Rotation

Attributes = Mapping[str, str | int | bool]
Body = Mapping[str, Any]
MANAGED_FIELDS = ("expires_at", "rotation")
"""What only a controller that writes a Secret tells."""
_LISTS = ("managed-by", STORE, KEYS)
SHAPE = (AttributeError, TypeError, ValueError, KeyError)
"""What reading an object of an unknown shape raises: definitions are the cluster's own, so nothing is sure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Managed:
    """What a controller adds to what the Secret itself says."""

    attributes: Attributes
    facts: tuple[DatedFact, ...] = ()
    rotation: Rotation | None = None
    expires_at: datetime | None = None
    copied: bool = False
    """Whether the value was made elsewhere, so that the Secret may be younger than it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """One kind of object of a controller."""

    group: str
    plural: str
    kind: str

    @property
    def need(self) -> str:
        """The right it takes, as RBAC names it."""
        return f"list {self.plural}.{self.group}"


def together(one: Managed, other: Managed) -> Managed:
    """What two objects say that write the same Secret: each part of its values is as good as the worse of them."""
    attributes: dict[str, str | int | bool] = {**one.attributes, **other.attributes}
    for name in one.attributes.keys() & other.attributes.keys() & {SYNCED, FOLLOWS}:
        attributes[name] = bool(one.attributes[name] and other.attributes[name])
    for name in (*_LISTS, PROBLEM):
        said = [str(each.attributes[name]) for each in (one, other) if each.attributes.get(name)]
        if said:
            attributes[name] = ("; " if name == PROBLEM else ", ").join(dict.fromkeys(said))
    if not (one.attributes.get(KEYS) and other.attributes.get(KEYS)):
        attributes.pop(KEYS, None)  # those of one alone are only a part
    if AT in one.attributes and AT in other.attributes:
        attributes[AT] = min(str(one.attributes[AT]), str(other.attributes[AT]))
    return replace(other, attributes=attributes, copied=one.copied or other.copied)


def name_of(body: Body) -> str:
    """The name of an object."""
    return str((body.get("metadata") or {}).get("name"))


UNSTATED = "it does not state whether it is ready"


def unmet(body: Body, type_: str = "Ready") -> str:
    """Why a condition is not stated as true; empty where it is."""
    for condition in (body.get("status") or {}).get("conditions") or ():
        if condition.get("type") == type_:
            if condition.get("status") == "True":
                return ""
            # Its message is left out: a controller may put there what a provider answered.
            return f"{type_} is {condition.get('status')}, {condition.get('reason') or 'no reason given'}"
    return UNSTATED
