"""The edges of the house: what use cases need from the outside, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar

if TYPE_CHECKING:  # the hook comes this way, and needs none of what an assessment is made of
    from datetime import datetime
    from pathlib import Path

    from keyproof.domain.assessment import Assessment, Collected
    from keyproof.domain.extract import Extract
    from keyproof.domain.leak import LeakScan
    from keyproof.domain.ledger import Recording, RunEntry, Standing
    from keyproof.domain.snapshot import Snapshot

T = TypeVar("T")
R = TypeVar("R")


class Collector(Protocol):
    """Reads the metadata of one configured source, scope by scope."""

    kind: ClassVar[str]
    """Kebab-case id, as in `sources: [{kind: …}]`."""
    permissions: ClassVar[tuple[str, ...]]
    """The exact rights it needs, in the backend's own names; a test refuses any call outside them."""

    def scopes(self) -> Sequence[str]:
        """The units that can be read independently (regions, mounts, files). Raises CollectError."""
        ...

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield what `scope` holds: secrets, gaps inside it, and facts about how it was read.

        Raises CollectError when the scope as a whole cannot be read; what was yielded before stays.
        """
        ...


class LeakSource(Protocol):
    """Searches one repository or folder for secrets and seals what it finds."""

    @property
    def name(self) -> str:
        """Name of the repository in subject ids."""
        ...

    def scan(self, progress: Progress) -> LeakScan:
        """Search everything in scope. Raises HistoryError when nothing could be looked at."""
        ...


class CleanBlobs(Protocol):
    """Remembers which blobs an engine searched whole and found clean; may forget, never invents."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What was discarded or could not be kept, each a sentence."""
        ...

    def known(self, engine: bytes, repository: str, *, width: int) -> bytes:
        """Raw ids of `width` bytes of blobs found clean: sorted, each once, one after the other.

        `engine` is a digest of all that decides what a search finds; `repository` names the object store.
        """
        ...

    def add(self, engine: bytes, repository: str, *, width: int, ids: bytes) -> None:
        """Note raw ids, in any order, of blobs that `engine` searched whole without any match.

        Raises ValueError when they are not of `width` bytes each.
        """
        ...


class KeptScans(Protocol):
    """Remembers the results of searches by a digest of all that decides them; may forget, never invents."""

    def get(self, state: bytes) -> LeakScan | None:
        """The result of that state, when it is still known."""
        ...

    def put(self, state: bytes, scan: LeakScan) -> None:
        """Remember a result; that it cannot be kept is no error."""
        ...


class RunStore(Protocol):
    """The ledger of runs: recorded once, in order, each chained to the one before, and never changed.

    Every method raises StoreError when the ledger cannot be read or written.
    """

    def save(self, recording: Recording) -> RunEntry:
        """Record a run as the next one, whole or not at all."""
        ...

    def runs(self) -> Sequence[RunEntry]:
        """Every run, oldest first."""
        ...

    def snapshot(self, run: RunEntry) -> Snapshot:
        """What the run read."""
        ...

    def assessment(self, run: RunEntry) -> Assessment:
        """What the run found, fit to be rendered again; its selectors tell what they chose and choose no more."""
        ...

    def standings(self, run: RunEntry) -> Sequence[Standing]:
        """Every finding of the run that was not in order."""
        ...

    def extract(self, run: RunEntry) -> Extract:
        """The little of the run that a look back over many runs needs."""
        ...

    def reasons(self, run: RunEntry, findings: Collection[str]) -> Mapping[str, str]:
        """Finding id → its reason, of those of `findings` that the run has, in order or not."""
        ...

    def documents(self, run: RunEntry) -> Mapping[str, str]:
        """Name → text of the files a person wrote that the run was judged by."""
        ...

    def first_seen(self, leaks: Iterable[str]) -> Mapping[str, datetime]:
        """Leak id → when a run first read it, for those that were seen before."""
        ...

    def verify(self) -> Sequence[str]:
        """What is wrong with the ledger, each a sentence naming the run; empty when it is whole."""
        ...


class Reporter(Protocol):
    """Turns an assessment into one document; pure."""

    format: ClassVar[str]
    """As in `--format`."""
    filename: ClassVar[str]
    """Default file name under `--out`."""

    def render(self, assessment: Assessment) -> str:
        """The whole document as text."""
        ...


class Executor(Protocol):
    """Runs independent units of work, several at a time."""

    def map_unordered(self, function: Callable[[T], R], units: Iterable[T]) -> Iterator[R]:
        """Yield each unit's result as it becomes ready; an exception of `function` is raised here.

        On KeyboardInterrupt units not yet begun are dropped and the interrupt is raised.
        """
        ...


class Clock(Protocol):
    """Tells the time, so that nothing else does."""

    def now(self) -> datetime:
        """The current time, timezone-aware, UTC."""
        ...


class Progress(Protocol):
    """Hears how far long work has come."""

    def begin(self, label: str, total: int | None) -> None:
        """A stretch of `total` units begins; None when the number is unknown."""
        ...

    def advance(self, units: int) -> None:
        """`units` more are done."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The world outside, handed to every adapter so that none reaches for it."""

    root: Path
    """Folder of keyproof.yaml: relative paths in it start here."""
    environ: Mapping[str, str]
    """Environment variables of the process."""
    clock: Clock
    sleep: Callable[[float], None]
    """Waits for some seconds."""
