"""Where each effective value of a policy comes from: which line of which file set it, and what it replaced."""

from dataclasses import dataclass
from typing import Any

from keyproof.domain.secret import SourceLine


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterStep:
    """One file's say on a parameter."""

    value: Any
    place: SourceLine


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterOrigin:
    """A parameter of a pack with everything that set it."""

    id: str
    steps: tuple[ParameterStep, ...]
    """Base first; the last one is in force."""
    used_by: tuple[str, ...]
    """Ids of the rules that refer to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One effective value of a rule."""

    key: str
    """Path in the rule, e.g. `with.period`."""
    value: str
    place: SourceLine | None
    """None when no file states it: it is the check's own default."""
    parameters: tuple[str, ...] = ()
    """Ids of the parameters the value is made of."""
