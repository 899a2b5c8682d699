"""Searches one repository from end to end: what to read, the scanner, the history, the seal."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from keyproof.domain.leak import LeakScan
from keyproof.leaks.decoding.deep import DeepScan
from keyproof.leaks.git.blobs import SearchBlobs, search_blobs
from keyproof.leaks.git.coverage import LARGEST, Tally
from keyproof.leaks.git.range import Range
from keyproof.leaks.git.repository import Repository
from keyproof.leaks.git.staged import search_staged
from keyproof.leaks.seal import Sealer
from keyproof.leaks.sighting import Scanner, Sighting
from keyproof.ports import Progress

if TYPE_CHECKING:
    from keyproof.leaks.git.reading import OpenReading  # the hook has no history to read


class Mode(Enum):
    """How much of a repository is searched, when it is not a range of commits."""

    HISTORY = "history"
    """Every stored object, the index and the work tree."""
    STAGED = "staged"
    """The index against HEAD."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitLeakSource:
    """A git repository as a source of leaks (see ports.LeakSource)."""

    name: str
    path: Path
    """Root of a work tree or of a bare repository."""
    mode: Mode | Range
    scanner: Scanner
    sealer: Sealer
    environ: Mapping[str, str]
    """Environment of the process."""
    largest: int = LARGEST
    """Bytes; larger blobs and files are skipped with a reason."""
    from_hook: bool = False
    """Whether git runs us as a hook, so that its index and quarantine are the ones to read."""
    archives: bool = True
    """Whether archives, documents and notebooks are opened."""
    apart: frozenset[str] = frozenset()
    """Paths of submodules that are searched as repositories of their own."""
    search: SearchBlobs = search_blobs
    opened: "OpenReading | None" = None
    """How a whole history is read; None for git."""

    def scan(self, progress: Progress) -> LeakScan:
        """Search everything in scope. Raises HistoryError when nothing could be looked at."""
        repository = Repository.open(self.path, self.environ, from_hook=self.from_hook)
        mode = f"range {self.mode}" if isinstance(self.mode, Range) else self.mode.value
        tally = Tally(repository=self.name, mode=mode, apart=self.apart)
        sightings = self._search(repository, tally, progress)
        leaks = self.sealer.seal(self.name, sightings)
        return LeakScan(leaks=leaks, coverage=tally.coverage())

    def _search(self, repository: Repository, tally: Tally, progress: Progress) -> list[Sighting]:
        scan = self.scanner.scan
        if self.archives:
            scan = DeepScan(scan, tally.leave_closed, object_format=repository.object_format)
        largest = self.largest
        match self.mode:
            case Range() as span:
                from keyproof.leaks.git.messages import Messages  # noqa: PLC0415 (the hook has no history to search)
                from keyproof.leaks.git.span import search_range  # noqa: PLC0415

                messages = Messages(scan, self.scanner.quiet)
                return search_range(
                    repository, span, messages, tally, progress, largest=largest, search=self.search
                )
            case Mode.STAGED:
                return search_staged(repository, scan, tally, progress, largest=largest)
            case Mode.HISTORY:
                from keyproof.leaks.git.history import search_history  # noqa: PLC0415
                from keyproof.leaks.git.messages import Messages  # noqa: PLC0415
                from keyproof.leaks.git.reading import by_git  # noqa: PLC0415

                return search_history(
                    repository,
                    Messages(scan, self.scanner.quiet),
                    tally,
                    progress,
                    largest=largest,
                    search=self.search,
                    opened=self.opened or by_git,
                )
