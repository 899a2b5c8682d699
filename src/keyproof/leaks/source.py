"""Searches one repository or folder from end to end: what to read, the scanner, the history, the seal."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from keyproof.domain.leak import LeakScan
from keyproof.errors import NotARepositoryError
from keyproof.leaks.blob import Match
from keyproof.leaks.files import Folder, Unseen
from keyproof.leaks.git.attribution import shown
from keyproof.leaks.git.blobs import SearchBlobs, search_blobs
from keyproof.leaks.git.coverage import LARGEST, Tally
from keyproof.leaks.git.history import search_history
from keyproof.leaks.git.repository import Repository
from keyproof.leaks.git.span import Range, search_range
from keyproof.leaks.git.staged import search_staged
from keyproof.leaks.git.worktree import sightings_of
from keyproof.leaks.seal import Sealer
from keyproof.leaks.sighting import Sighting, by_secret
from keyproof.ports import Progress

_STEP = 64
"""Files between two words to the progress."""


class Scanner(Protocol):
    """Finds secrets in one text."""

    def scan(self, content: bytes) -> tuple[Match, ...]:
        """Every secret in `content`, each span once."""
        ...


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
    search: SearchBlobs = search_blobs

    def scan(self, progress: Progress) -> LeakScan:
        """Search everything in scope. Raises HistoryError when nothing could be looked at."""
        repository = Repository.open(self.path, self.environ, from_hook=self.from_hook)
        mode = f"range {self.mode}" if isinstance(self.mode, Range) else self.mode.value
        tally = Tally(repository=self.name, mode=mode)
        sightings = self._search(repository, tally, progress)
        leaks = self.sealer.seal(self.name, sightings)
        return LeakScan(leaks=leaks, coverage=tally.coverage())

    def _search(self, repository: Repository, tally: Tally, progress: Progress) -> list[Sighting]:
        scan, largest = self.scanner.scan, self.largest
        match self.mode:
            case Range() as span:
                return search_range(
                    repository, span, scan, tally, progress, largest=largest, search=self.search
                )
            case Mode.STAGED:
                return search_staged(repository, scan, tally, progress, largest=largest)
            case Mode.HISTORY:
                return search_history(repository, scan, tally, progress, largest=largest, search=self.search)


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderLeakSource:
    """The files of a folder, or one file, as they lie there, whether git holds them or not."""

    name: str
    path: Path
    scanner: Scanner
    sealer: Sealer
    largest: int = LARGEST
    """Bytes; larger files are skipped with a reason."""

    def scan(self, progress: Progress) -> LeakScan:
        """Search every file but those in `.git`; links are not followed. Raises NotARepositoryError."""
        tally = Tally(repository=self.name, mode="worktree")
        folder, paths = self._files()
        sightings: list[Sighting] = []
        progress.begin(f"Searching {self.name}", len(paths))
        for done, path in enumerate(paths, start=1):
            sightings += self._search(folder, path, tally)
            if done % _STEP == 0:
                progress.advance(_STEP)
        progress.advance(len(paths) % _STEP)
        for unreadable in folder.unreadable:
            tally.skip("unreadable", "folder", shown(unreadable) or ".")
        return LeakScan(leaks=self.sealer.seal(self.name, sightings), coverage=tally.coverage())

    def _files(self) -> tuple[Folder, list[bytes]]:
        if self.path.is_file():
            folder = Folder(self.path.parent, self.largest)
            return folder, [os.fsencode(self.path.name)]
        if not self.path.is_dir():
            raise NotARepositoryError(
                f"{self.path} is neither a folder nor a file", hint="name an existing one"
            )
        folder = Folder(self.path, self.largest)
        return folder, list(folder.walk())

    def _search(self, folder: Folder, path: bytes, tally: Tally) -> list[Sighting]:
        content = folder.read(path)
        if isinstance(content, Unseen):
            tally.skip("unreadable" if content.reason == "gone" else content.reason, "file", shown(path))
            return []
        tally.search(len(content))
        return [
            sighting
            for matches in by_secret(self.scanner.scan(content))
            for sighting in sightings_of(matches, shown(path), where="worktree")
        ]
