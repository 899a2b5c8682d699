"""The hook's first look: tells in a few milliseconds that a staged change certainly brings no secret in.

That is so when nothing of it meets a prefilter but in lines that HEAD has at the same path. Every match lies in
such a line, unless its detector reads over several; those, archives, wide encodings and all that is out of the
ordinary are left to the search proper, which alone ever reports. What is imported here costs every commit.
"""
# pathlib takes longer to import than git to answer.
# ruff: noqa: PTH105, PTH118, PTH120, PTH123

import os
import sys
from binascii import crc32

from keyproof.leaks.decoding.kinds import opens
from keyproof.leaks.detection.version import ENGINE_VERSION
from keyproof.leaks.git.first_look import Staged, Unusual

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any


def cache_folder(environ: "Mapping[str, str]") -> str | None:
    """Folder of this user for caches (XDG Base Directory Specification), or None where there is no home."""
    if folder := environ.get("XDG_CACHE_HOME"):
        return os.path.join(folder, "keyproof")
    return os.path.join(home, ".cache", "keyproof") if (home := environ.get("HOME")) else None


def certainly_clean(folder: str, environ: "Mapping[str, str]", cache: str) -> bool:
    """Whether the index of the repository around `folder` surely brings nothing in; False says nothing at all.

    `cache` is the folder in which `note` left what the detectors were compiled to.
    """
    root = os.path.realpath(folder)
    while not os.path.lexists(os.path.join(root, ".git")):
        root, above = os.path.dirname(root), root
        if root == above:
            return False
    try:
        staged = Staged(root, environ)
        try:
            engine = _Engine(cache)
            return all(engine.brings_nothing(after, before) for after, before in staged.changes())
        finally:
            staged.close()
    except (OSError, ValueError, IndexError, ImportError, Unusual):
        return False


def is_noted(cache: str, folder: str) -> bool:
    """Whether `note` was told of the detectors as they are now."""
    try:
        with open(_note(cache), encoding="utf-8") as file:
            versions, noted, _, _, listing = file.read().split("\n", 4)
    except (OSError, ValueError):
        return False
    return (versions, noted, listing) == (_versions(), folder, _listing(folder))


def note(cache: str, folder: str, database: str, offset: int, over_lines: "Iterable[int]") -> None:
    """Write down where the compiled detectors of `folder` are: in the file `database` of `cache`, from `offset`.

    `over_lines` are the numbers of the detectors that read over several lines.
    """
    lines = (_versions(), folder, f"{offset} {database}", " ".join(map(str, over_lines)), _listing(folder))
    draft = f"{_note(cache)}.{os.getpid()}"
    with open(draft, "w", encoding="utf-8", opener=_private) as file:
        file.write("\n".join(lines))
    os.replace(draft, _note(cache))


class _Engine:
    """The prefilters. Raises ValueError when the detectors are not those that were noted."""

    def __init__(self, cache: str) -> None:
        with open(_note(cache), encoding="utf-8") as file:
            versions, folder, place, over_lines, listing = file.read().split("\n", 4)
        if versions != _versions() or listing != _listing(folder):
            raise ValueError(folder)
        import hyperscan  # noqa: PLC0415 (while git is at work)

        offset, _, name = place.partition(" ")
        with open(os.path.join(cache, name), "rb") as file:
            file.seek(int(offset))
            serialised = file.read()
        self._over_lines = set(map(int, over_lines.split()))
        try:
            self._database: Any = hyperscan.loadb(serialised, hyperscan.HS_MODE_BLOCK)
            self._database.scratch = hyperscan.Scratch(self._database)
        except hyperscan.error as fault:
            raise ValueError(folder) from fault

    def brings_nothing(self, after: bytes, before: bytes) -> bool:
        if b"\0" in after or opens(after):
            return False
        hits: set[tuple[int, int]] = set()

        def on_match(index: int, _start: int, end: int, _flags: int, _context: object) -> None:
            hits.add((index, end))

        self._database.scan(after, match_event_handler=on_match)
        known = b"\n" + before + b"\n"
        return all(
            index not in self._over_lines and b"\n" + _line(after, end) + b"\n" in known
            for index, end in hits
        )


def _line(text: bytes, end: int) -> bytes:
    """The line in which something ends; with the one before, where it ends with a line feed."""
    stop = text.find(b"\n", end)
    return text[text.rfind(b"\n", 0, max(0, end - 1)) + 1 : stop if stop >= 0 else len(text)]


def _note(cache: str) -> str:
    """One for each installation, so that two do not undo each other's."""
    return os.path.join(cache, f"glance-{crc32(os.fsencode(__file__)):08x}")


def _versions() -> str:
    import hyperscan  # noqa: PLC0415

    return f"1 {ENGINE_VERSION} {hyperscan.__version__} {sys.version_info[:2]}"  # type: ignore[attr-defined]


def _listing(folder: str) -> str:
    """Name, size and time of change of every file of detectors: cheaper than reading them."""
    with os.scandir(folder) as entries:
        found = sorted((entry.name, entry.stat()) for entry in entries)
    return "\n".join(
        f"{name} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}" for name, status in found
    )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
