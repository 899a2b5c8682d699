"""Reads files below a folder, never through a symbolic link and never anything but a regular file."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_GIT = b".git"


@dataclass(frozen=True, slots=True)
class Unseen:
    """A file whose content was not read."""

    reason: str
    """`size`, `unreadable`, `excluded` (a link or a special file) or `gone`."""


@dataclass(slots=True)
class Folder:
    """The files below `root`, by their paths relative to it as the system has them: bytes."""

    root: Path
    largest: int
    """Bytes; larger files are not read."""
    unreadable: list[bytes] = field(default_factory=list)
    """Folders that could not be listed by `walk`."""
    _plain: dict[bytes, bool] = field(default_factory=dict)

    def read(self, path: bytes) -> bytes | Unseen:
        """The content of a regular file no part of whose path is a link."""
        folder, _, name = path.rpartition(b"/")
        if path.startswith(b"/") or b".." in path.split(b"/") or not name or not self._is_plain(folder):
            return Unseen("excluded")
        try:
            handle = os.open(self._at(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return Unseen("gone")
        except OSError:
            return Unseen("excluded" if self._is_special(path) else "unreadable")
        try:
            return self._content(handle)
        finally:
            os.close(handle)

    def walk(self) -> Iterator[bytes]:
        """Paths of everything that is no folder, in a fixed order; `.git` and what is in it left out."""
        waiting = [b""]
        while waiting:
            folder = waiting.pop()
            try:
                with os.scandir(self._at(folder)) as listed:
                    entries = sorted(
                        (entry for entry in listed if entry.name != _GIT), key=lambda entry: entry.name
                    )
            except OSError:
                self.unreadable.append(folder)
                continue
            inside = folder + b"/" if folder else b""
            folders = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
            waiting += [inside + entry.name for entry in reversed(folders)]
            yield from (inside + entry.name for entry in entries if entry not in folders)

    def _content(self, handle: int) -> bytes | Unseen:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            return Unseen("excluded")
        if status.st_size > self.largest:
            return Unseen("size")
        content = bytearray()
        try:
            while piece := os.read(handle, 1 << 20):
                content += piece
                if len(content) > self.largest:  # it grew, or its size is made up as in /proc
                    return Unseen("size")
        except OSError:
            return Unseen("unreadable")
        return bytes(content)

    def _is_plain(self, folder: bytes) -> bool:
        """Whether `folder` and those above it, up to the root, are folders and no links."""
        if not folder:
            return True
        if folder not in self._plain:
            above = folder.rpartition(b"/")[0]
            self._plain[folder] = self._is_plain(above) and stat.S_ISDIR(self._mode(folder))
        return self._plain[folder]

    def _is_special(self, path: bytes) -> bool:
        mode = self._mode(path)
        return bool(mode) and not stat.S_ISREG(mode)

    def _mode(self, path: bytes) -> int:
        try:
            return os.lstat(self._at(path)).st_mode
        except OSError:
            return 0

    def _at(self, path: bytes) -> bytes:
        return os.path.join(os.fsencode(self.root), path)  # noqa: PTH118 (names are bytes, pathlib's are text)
