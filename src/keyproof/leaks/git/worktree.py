"""Searches what the index and the work tree hold beyond the commit HEAD is at."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from keyproof.leaks.blob import Match
from keyproof.leaks.files import Folder, Unseen
from keyproof.leaks.git.coverage import Tally
from keyproof.leaks.git.index import Entry, hash_object, list_untracked
from keyproof.leaks.git.paths import shown
from keyproof.leaks.git.repository import Repository
from keyproof.leaks.sighting import Found, Scan, Sighting, by_secret, sightings_of

InHead = Callable[[str, bytes, bytes], bool]
"""Whether HEAD has a secret of a detector at a path: such a place belongs to the history."""

_Standing = set[tuple[str, bytes, bytes]]
"""Detector, secret and path."""


@dataclass(slots=True, kw_only=True)
class WorkTree:
    """The index, and the files where the repository is not bare."""

    repository: Repository
    entries: list[Entry]
    """The index."""
    in_head: InHead
    tally: Tally
    _staged: _Standing = field(default_factory=set)

    def staged(self, found: Found) -> Iterator[Sighting]:
        """What is in the index and not in HEAD at the same path; `found` are the matches of its blobs."""
        for entry in self.entries:
            for matches in by_secret(found.get(entry.id, ())):
                place = (matches[0].detector, matches[0].secret, entry.path)
                if place not in self._staged and not self.in_head(*place):
                    yield from sightings_of(matches, shown(entry.path), where="index", blob=entry.id)
                self._staged.add(place)

    def files(self, found: Found, scan: Scan, largest: int) -> Iterator[Sighting]:
        """What stands in files, neither in HEAD nor in the index at the same path. After `staged`."""
        if self.repository.work_tree is None:
            return
        folder = Folder(self.repository.work_tree, largest)
        stored: defaultdict[bytes, set[str]] = defaultdict(set)
        for entry in self.entries:
            if entry.is_submodule:
                self.tally.skip_repository(shown(entry.path), "is a submodule")
            else:
                stored[entry.path].add(entry.id)
        for path in sorted({*stored, *self._untracked()}):
            for matches in by_secret(self._matches(folder, path, stored[path], found, scan)):
                place = (matches[0].detector, matches[0].secret, path)
                if place not in self._staged and not self.in_head(*place):
                    yield from sightings_of(matches, shown(path), where="worktree")

    def _untracked(self) -> Iterator[bytes]:
        for path in list_untracked(self.repository):
            if path.endswith(b"/"):
                self.tally.skip_repository(shown(path), "is a repository of its own")
            else:
                yield path

    def _matches(
        self, folder: Folder, path: bytes, stored: set[str], found: Found, scan: Scan
    ) -> tuple[Match, ...]:
        content = folder.read(path)
        if isinstance(content, Unseen):
            if content.reason != "gone":
                self.tally.skip(content.reason, "file", shown(path))
            return ()
        name = hash_object(self.repository, "blob", content)
        if name in found or name in stored:  # searched as a stored blob
            return found.get(name, ())
        self.tally.search(len(content))
        return scan(content)
