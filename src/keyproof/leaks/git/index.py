"""What is staged: the entries of the index, and how it differs from HEAD."""

import hashlib
from dataclasses import dataclass

from keyproof.errors import GitFailedError
from keyproof.leaks.git.repository import Repository

_GITLINK = "160000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the index; an unmerged path has up to three."""

    mode: str
    id: str
    path: bytes

    @property
    def is_submodule(self) -> bool:
        """Whether it names a commit of another repository."""
        return self.mode == _GITLINK


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A path whose entry is not the one of HEAD; deletions are left out."""

    entry: Entry
    before: str | None
    """Id of the blob HEAD has there; None when it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """What a commit made now would change."""

    changes: tuple[Change, ...]
    unmerged: tuple[bytes, ...]
    intended: tuple[bytes, ...]
    """Paths added with `--intent-to-add`: nothing of them is staged."""


def list_entries(repository: Repository, *options: str) -> list[Entry]:
    """The entries of the index. Raises GitFailedError."""
    entries = []
    for record in repository.run("ls-files", "--stage", "-z", "--full-name", *options).split(b"\0")[:-1]:
        facts, _, path = record.partition(b"\t")
        mode, name, _ = facts.decode("ascii").split(" ")
        entries.append(Entry(mode=mode, id=name, path=path))
    return entries


def list_untracked(repository: Repository) -> list[bytes]:
    """Files the index does not have and .gitignore does not hide; repositories inside end with a slash."""
    return repository.run("ls-files", "--others", "--exclude-standard", "-z", "--full-name").split(b"\0")[:-1]


def compare_with_head(repository: Repository) -> Staged:
    """Compare the index with HEAD, or with nothing while its branch is unborn. Raises GitFailedError."""
    base, empty = "HEAD", hash_object(repository, "blob", b"")
    try:
        visible = _compare(repository, base, "--ita-visible-in-index")
    except GitFailedError:
        if repository.resolve(base) is not None:
            raise
        base = hash_object(repository, "tree", b"")
        visible = _compare(repository, base, "--ita-visible-in-index")
    intended: tuple[bytes, ...] = ()
    if any(status == "A" and entry.id == empty for entry, _, status in visible.values()):
        shown = _compare(repository, base, "--ita-invisible-in-index")
        intended = tuple(sorted(visible.keys() - shown.keys()))
        visible = shown
    unmerged = tuple(sorted(path for path, (_, _, status) in visible.items() if status == "U"))
    changes = [
        Change(entry=entry, before=before)
        for path, (entry, before, status) in visible.items()
        if status not in {"D", "U"}
    ]
    if unmerged:
        changes += [Change(entry=entry, before=None) for entry in list_entries(repository, "--unmerged")]
    return Staged(changes=tuple(changes), unmerged=unmerged, intended=intended)


def hash_object(repository: Repository, kind: str, content: bytes) -> str:
    """The id git gives to an object with this content."""
    header = f"{kind} {len(content)}\0".encode()
    return hashlib.new(repository.object_format, header + content, usedforsecurity=False).hexdigest()


def _compare(repository: Repository, base: str, view: str) -> dict[bytes, tuple[Entry, str | None, str]]:
    """Path → new entry, blob in `base` and status letter; see git-diff-index(1), raw output."""
    options = ("--cached", "--raw", "-z", "--no-renames", "--no-abbrev", "--ignore-submodules=none")
    fields = repository.run("diff-index", *options, view, base, "--").split(b"\0")[:-1]
    compared = {}
    for facts, path in zip(fields[::2], fields[1::2], strict=True):
        old_mode, mode, before, name, status = facts.decode("ascii").removeprefix(":").split(" ")
        held = before if old_mode.startswith("1") and old_mode != _GITLINK else None
        compared[path] = (Entry(mode=mode, id=name, path=path), held, status[0])
    return compared
