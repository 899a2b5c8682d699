"""Searches the files of a folder as they lie there, whether git holds them or not."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from keyproof.domain.leak import LeakScan
from keyproof.errors import NotARepositoryError
from keyproof.leaks.blob import Match
from keyproof.leaks.decoding.deep import DeepScan
from keyproof.leaks.detection.decoders import to_utf8
from keyproof.leaks.files import Folder, Unseen
from keyproof.leaks.git.coverage import LARGEST, Tally
from keyproof.leaks.git.paths import shown
from keyproof.leaks.seal import Sealer
from keyproof.leaks.sighting import Scan, Scanner, Sighting, by_secret, sightings_of
from keyproof.ports import Progress

_STEP = 64
"""Files between two words to the progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderLeakSource:
    """The files of a folder, or one file, as they lie there, whether git holds them or not."""

    name: str
    path: Path
    scanner: Scanner
    sealer: Sealer
    largest: int = LARGEST
    """Bytes; larger files are skipped with a reason."""
    archives: bool = True
    """Whether archives, documents and notebooks are opened."""

    def scan(self, progress: Progress) -> LeakScan:
        """Search every file but those in `.git`; links are not followed. Raises NotARepositoryError."""
        tally = Tally(repository=self.name, mode="worktree")
        folder, paths = self._files()
        scan = DeepScan(self.scanner.scan, tally.leave_closed) if self.archives else self.scanner.scan
        sightings: list[Sighting] = []
        progress.begin(f"Searching {self.name}", len(paths))
        for done, path in enumerate(paths, start=1):
            sightings += self._search(folder, path, scan, tally)
            if done % _STEP == 0:
                progress.advance(_STEP)
        progress.advance(len(paths) % _STEP)
        for unreadable in folder.unreadable:
            tally.skip("unreadable", "folder", shown(unreadable) or ".")
        return LeakScan(leaks=self.sealer.seal(self.name, sightings), coverage=tally.coverage())

    def matches(self) -> Iterator[tuple[str, bytes, tuple[Match, ...]]]:
        """Path, decoded text and matches of each file, unsealed: for what is compared by value. Raises NotARepositoryError."""
        folder, paths = self._files()
        for path in paths:
            content = folder.read(path)
            if not isinstance(content, Unseen):
                text = to_utf8(content)
                yield shown(path), text, self.scanner.scan(text)

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

    def _search(self, folder: Folder, path: bytes, scan: Scan, tally: Tally) -> list[Sighting]:
        content = folder.read(path)
        if isinstance(content, Unseen):
            tally.skip("unreadable" if content.reason == "gone" else content.reason, "file", shown(path))
            return []
        tally.search(len(content))
        return [
            sighting
            for matches in by_secret(scan(content))
            for sighting in sightings_of(matches, shown(path), where="worktree")
        ]
