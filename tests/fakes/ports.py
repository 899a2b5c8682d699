"""Fakes that implement the ports, for tests of the use cases."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar, TypeVar

from keyproof.domain.assessment import Collected
from keyproof.domain.leak import LeakScan
from keyproof.errors import CollectError, HistoryError
from keyproof.ports import Progress

T = TypeVar("T")
R = TypeVar("R")

NOW = datetime(2025, 10, 5, 12, tzinfo=UTC)


class FixedClock:
    """Always tells the same time."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


class SilentProgress:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.labels: list[tuple[str, int | None]] = []
        self.done = 0

    def begin(self, label: str, total: int | None) -> None:
        self.labels.append((label, total))

    def advance(self, units: int) -> None:
        self.done += units


class InlineExecutor:
    """Runs units one after the other; `backwards` gives them in the opposite order."""

    def __init__(self, *, backwards: bool = False, interrupt_after: int | None = None) -> None:
        self.backwards = backwards
        self.interrupt_after = interrupt_after

    def map_unordered(self, function: Callable[[T], R], units: Iterable[T]) -> Iterator[R]:
        ordered = list(units)
        for index, unit in enumerate(reversed(ordered) if self.backwards else ordered):
            if self.interrupt_after is not None and index >= self.interrupt_after:
                raise KeyboardInterrupt
            yield function(unit)


class FakeCollector:
    """Yields what it was given; an error in the list is raised where it stands."""

    kind: ClassVar[str] = "fake"
    permissions: ClassVar[tuple[str, ...]] = ("fake:List",)

    def __init__(self, content: Mapping[str, Sequence[Collected | CollectError]] | CollectError) -> None:
        self._content = content

    def scopes(self) -> Sequence[str]:
        if isinstance(self._content, CollectError):
            raise self._content
        return list(self._content)

    def collect(self, scope: str) -> Iterator[Collected]:
        assert not isinstance(self._content, CollectError)
        for item in self._content[scope]:
            if isinstance(item, CollectError):
                raise item
            yield item


class FakeLeakSource:
    """Gives a scan, or raises."""

    def __init__(self, name: str, result: LeakScan | HistoryError | KeyboardInterrupt) -> None:
        self.name = name
        self._result = result

    def scan(self, progress: Progress) -> LeakScan:
        if isinstance(self._result, LeakScan):
            return self._result
        raise self._result
