"""Keeps account of every object in scope, so that what was not looked at is said with the next step."""

from bisect import insort
from collections import Counter
from dataclasses import dataclass, field

from keyproof.domain.leak import Coverage
from keyproof.errors import HistoryError

LARGEST = 32 << 20
"""Bytes; larger blobs and files are not searched unless the caller says otherwise."""
_NAMED = 5
"""Objects that are named in a problem; of the rest the number is given."""
_SENTENCES = {
    "size": "larger than the size limit and not searched; look at them by hand",
    "missing": "not stored here; run `git fsck --full`, then fetch from a complete clone",
    "unreadable": "damaged or unreadable; run `git fsck --full` or check the permissions, then scan again",
}
_PARTIAL = (
    "not stored in this partial clone; run `git fetch --refetch --no-filter`, or clone without --filter"
)


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts while a scan runs; becomes its Coverage."""

    repository: str
    mode: str
    scanned: int = 0
    cached: int = 0
    bytes: int = 0
    commits: int = 0
    refs: int = 0
    shallow_commits: int = 0
    """Commits in scope at which a shallow clone was cut."""
    promised: bool = False
    """Whether missing objects are those a partial clone left at its remote."""
    apart: frozenset[str] = frozenset()
    """Paths of repositories in this one that have a scan of their own."""
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _skipped: Counter[str] = field(default_factory=Counter)
    _names: dict[str, list[str]] = field(default_factory=dict)
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def search(self, size: int) -> None:
        """One text of `size` bytes was searched."""
        self.scanned += 1
        self.bytes += size

    def skip(self, reason: str, kind: str, name: str) -> None:
        """`name` was not searched, for one of the reasons of Coverage.blobs_skipped; counted once a name."""
        if (kind, name) in self._seen:
            return
        self._seen.add((kind, name))
        self._skipped[reason] += 1
        names = self._names.setdefault(reason, [])
        insort(names, f"{kind} {name}")  # several processes meet them in any order
        del names[_NAMED:]

    def leave_closed(self, name: str, reason: str) -> None:
        """A part of an archive, named after the blob that holds it, was not opened; only its packed bytes were searched."""
        self.skip("closed", f"{reason} in", name)

    def doubtful(self, id_length: int) -> set[str]:
        """Ids of the blobs that were not searched, or not all of them."""
        searched_in_part = {name[:id_length] for kind, name in self._seen if kind.endswith(" in")}
        return searched_in_part | {name for kind, name in self._seen if kind in {"blob", "object"}}

    def skip_repository(self, path: str, what: str) -> None:
        """`path` is another repository's business: counted and named, unless that is searched as well, and no gap."""
        if path.removesuffix("/") in self.apart:
            return
        self.skip("excluded", "repository", path)
        self.notes.append(f"{path} {what} and was not searched; run `keyproof leaks` on it as well")

    def fail(self, error: HistoryError) -> None:
        """A part of the scope could not be read at all."""
        self.problems.append(f"{error.message}; {error.hint}" if error.hint else error.message)

    def coverage(self) -> Coverage:
        """The account so far."""
        return Coverage(
            repository=self.repository,
            mode=self.mode,
            blobs_scanned=self.scanned,
            blobs_cached=self.cached,
            blobs_skipped=dict(sorted(self._skipped.items())),
            bytes_scanned=self.bytes,
            commits=self.commits,
            refs=self.refs,
            shallow=self.shallow_commits > 0,
            partial=self._partial,
            problems=(*self._gaps(), *self.problems),
            notes=(*self.notes, *self._closed()),
        )

    @property
    def _partial(self) -> bool:
        return self.promised and self._skipped["missing"] > 0

    def _gaps(self) -> list[str]:
        gaps = []
        if self.shallow_commits:
            number = _counted(self.shallow_commits, "commit")
            gaps.append(f"the history of this shallow clone ends at {number}; run `git fetch --unshallow`")
        for reason, sentence in _SENTENCES.items():
            if self._skipped[reason]:
                text = _PARTIAL if reason == "missing" and self._partial else sentence
                verb = "is" if self._skipped[reason] == 1 else "are"
                gaps.append(f"{self._named(reason)} {verb} {text}")
        return gaps

    def _closed(self) -> list[str]:
        if not self._skipped["closed"]:
            return []
        return [f"{self._named('closed', 'content')} stayed closed; look there by hand"]

    def _named(self, reason: str, noun: str = "object") -> str:
        names = self._names[reason]
        more = ", …" if self._skipped[reason] > len(names) else ""
        return f"{_counted(self._skipped[reason], noun)} ({', '.join(names)}{more})"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
