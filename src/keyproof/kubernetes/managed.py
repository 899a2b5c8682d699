"""What an object of a controller is, and what it adds to a Secret."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from keyproof.domain.secret import DatedFact, Rotation

Attributes = Mapping[str, str | int | bool]
Body = Mapping[str, Any]
MANAGED_FIELDS = ("expires_at", "rotation")
"""What only a controller that writes a Secret tells."""
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
