"""What every kind of source gives the contract: a place with planted secrets, and ways for things to go wrong in it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from keyproof.ports import Collector, Surroundings
from tests.fakes.ports import NOW, FixedClock

T = TypeVar("T")

CANARY = "canary-" + "value-nobody-may-read"
"""Stands wherever a system keeps a value."""


class Clause(StrEnum):
    """What the contract says a collector does; a law in tests/collectors/test_contract.py for each."""

    EVERYTHING = "everything is found once"
    PAGING = "paging"
    EMPTY = "empty"
    NAMES = "odd names"
    MANY = "10,000 secrets"
    VALUES = "no value is asked for"
    BUSY = "429"
    EXPIRED = "401 in mid-run"
    DENIED = "denied scope"
    STRANGER = "no credentials"
    DELETED = "soft-deleted"
    SEALED = "sealed"
    SLOW = "slow"
    CUT = "truncated body"
    STRANGE = "an answer of something else"
    AWAY = "gone in mid-run"
    ABSENT = "not there"
    SKEW = "clock skew"


@dataclass(slots=True, kw_only=True)
class Grounds:
    """Where estates stand: servers that several share, and folders of their own."""

    stack: ExitStack
    """Closes what is shared when the last test is over."""
    make_folder: Callable[[], Path]
    _shared: dict[Any, Any] = field(default_factory=dict)

    def shared(self, start: Callable[..., AbstractContextManager[T]], *given: Any) -> T:
        """What `start` gives, called with `given` when it is first asked for."""
        key = (start, *given)
        if key not in self._shared:
            self._shared[key] = self.stack.enter_context(start(*given))
        found: T = self._shared[key]
        return found


class Running:
    """An estate that can be read, and broken; a kind leaves out what its estate excuses."""

    def __init__(self) -> None:
        self.naps: list[float] = []
        """The seconds its collectors waited."""

    def collector(
        self, *, patience: float = 30.0, credentials: bool = True, now: datetime = NOW
    ) -> Collector:
        """A collector for it that waits `patience` seconds for an answer."""
        raise NotImplementedError

    def told(self, name: str) -> str:
        """The name in the report of the secret planted as `name`."""
        return name

    @property
    def listings(self) -> int:
        """How many requests for a list of secrets came."""
        raise NotImplementedError

    @property
    def asked(self) -> Sequence[str]:
        """Everything that was asked for, in the system's own words."""
        raise NotImplementedError

    def forget(self) -> None:
        """Drop the record of what was asked, so that it takes no memory."""

    def throttle(self, *, times: int | None, after: int) -> None:
        """Refuse so many listings for now, and ask to wait `after` seconds; None for all."""
        raise NotImplementedError

    def expire(self, *, after: int) -> None:
        """Let the credentials end once `after` listings were answered."""
        raise NotImplementedError

    def deny(self) -> None:
        """Take away the right to list secrets."""
        raise NotImplementedError

    def seal(self) -> None:
        """Let it answer, and serve nothing."""
        raise NotImplementedError

    def stall(self) -> None:
        """Leave listings without an answer."""
        raise NotImplementedError

    def cut(self, *, honest: bool) -> None:
        """Send the beginning of a listing only; if not `honest`, more was announced."""
        raise NotImplementedError

    def say(self, status: int, body: bytes) -> None:
        """Answer listings so."""
        raise NotImplementedError

    def break_off(self, *, after: int) -> None:
        """Go away once `after` listings were answered."""
        raise NotImplementedError

    def vanish(self) -> None:
        """Not be there at all."""
        raise NotImplementedError

    def delete(self, name: str) -> None:
        """Delete a planted secret in the way that can be undone."""
        raise NotImplementedError

    def surroundings(
        self, environ: Mapping[str, str] | None = None, *, now: datetime = NOW, root: Path = Path("/")
    ) -> Surroundings:
        """The world for one collector: it sleeps in no time."""
        return Surroundings(root=root, environ=environ or {}, clock=FixedClock(now), sleep=self.naps.append)


ODD = ("a b", "ü/ß", "x" * 512, "%2e%2e", "..", "q?x=1&y=2#z", "'\"<>", "Case", "case")
"""Names that are hard to carry, for systems that allow any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """One kind of source, for the contract."""

    kind: str
    open: Callable[[Sequence[str], Grounds], AbstractContextManager[Running]]
    """Plants one secret for each name, and serves them while the block runs."""
    page: int = 0
    """How many secrets a page holds; 0 where the interface has no pages."""
    odd: Sequence[str] = ODD
    """The hardest names that the system allows."""
    right: str = ""
    """What a refusal has to name; empty for any of the collector's permissions."""
    counted: str = ""
    """The evidence whose value begins with the number of secrets listed; empty where none has it."""
    dated: bool = True
    """Whether the planted secrets have an age."""
    public: bool = False
    """Whether anybody may see the names of secrets, and only more of them takes a right."""
    server: bool = False
    """Whether it starts a real server."""
    each: bool = False
    """Whether every secret is asked about on its own: ten thousand take minutes then."""
    excused: Mapping[Clause, str] = field(default_factory=dict)
    """Clauses that mean nothing here, each with the reason."""

    @property
    def several(self) -> int:
        """How many secrets take more than two pages, where there are pages."""
        return 2 * self.page + 1 if self.page else 5

    @property
    def before(self) -> int:
        """How many listings are answered before something goes wrong on the way."""
        return 2 if self.page else 0
