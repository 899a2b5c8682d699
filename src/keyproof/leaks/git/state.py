"""Tells whether anything a search of a history reads has changed: one digest over names, sizes and times."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from keyproof.leaks.git.index import Entry, list_entries, list_untracked
from keyproof.leaks.git.repository import Repository

_ENTRANCES = ("HEAD", "config", "info", "logs", "packed-refs", "refs", "reftable", "shallow", "worktrees")
"""What is read of a git folder beside its objects and its index; see gitrepository-layout(5)."""
_INDEX = "index"
_SETTLED = 2.0
"""Seconds; a file may change again within the grain of its file system's clock and look the same."""
_NANO = 1e9


def state_of(repository: Repository, now: datetime) -> bytes | None:
    """The digest at `now`; None when objects lie elsewhere too, or something changed a moment ago.

    Raises GitFailedError.
    """
    if repository.quarantined or any((repository.common_dir / "objects/info").glob("*alternates")):
        return None
    digest = hashlib.sha256(str(repository.path).encode())
    newest = 0
    entries = list_entries(repository)
    for entry in entries:
        digest.update(repr(entry).encode())
    for path in _files(repository, entries):
        try:
            facts = path.lstat()
        except OSError:
            digest.update(b"gone")
            continue
        newest = max(newest, facts.st_mtime_ns, facts.st_ctime_ns)
        told = (facts.st_mode, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)
        digest.update(repr((os.fsencode(path), told)).encode())
    settled = newest / _NANO <= now.timestamp() - _SETTLED
    return digest.digest() if settled else None


def _files(repository: Repository, entries: Iterable[Entry]) -> Iterator[Path]:
    """Everything, in an order of its own."""
    yield from _below([repository.common_dir / "objects"])
    for folder in dict.fromkeys((repository.common_dir, repository.git_dir)):
        yield from _below(folder / name for name in _ENTRANCES)
    if repository.work_tree is not None:
        tracked = {entry.path for entry in entries}
        for path in sorted({*tracked, *list_untracked(repository), b".secrets.baseline"}):
            yield repository.work_tree / os.fsdecode(path)


def _below(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            for folder, folders, files in os.walk(path):
                folders.sort()
                yield from (Path(folder, name) for name in sorted(files) if name != _INDEX)
        else:
            yield path
