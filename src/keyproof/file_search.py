"""Looking for files of some kind through a folder: what was found, left out, and closed to us."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from keyproof.domain.assessment import Gap, ScopeStatus
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendProtocolError, BackendUnreachableError

EXCLUDED = (
    "node_modules", ".git", ".venv", "venv", "site-packages", "__pycache__", ".tox", ".nox",
)  # fmt: skip
"""Folders that hold other people's files."""
_HINT = "exclude it under 'exclude' of this source"


def _every(_: Path) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a source looks: a file, or a folder with all below it."""

    source: str
    root: Path
    """Folder of keyproof.yaml: scopes are shown relative to it."""
    path: str
    patterns: Sequence[str]
    """Globs over file names."""
    exclude: Sequence[str]
    """Globs over names, and over paths below `path`."""

    @property
    def start(self) -> Path:
        """The file or folder."""
        return self.root / Path(self.path).expanduser()

    @property
    def folder_scope(self) -> str:
        """The scope that tells how the folder was searched."""
        return self.shown(self.start) + "/"

    def shown(self, path: Path) -> str:
        """The path as a scope."""
        return PurePosixPath(os.path.relpath(path, self.root)).as_posix()

    def scopes(self, concerns: Callable[[Path], bool] = _every) -> list[str]:
        """The file; or the folder, and every file in it that `concerns` us. Raises BackendUnreachableError."""
        if not self.start.exists():
            hint = "correct 'path' of this source in keyproof.yaml"
            message = f"'{self.path}' does not exist in {self.root}"
            raise BackendUnreachableError(message, scope=self.path, hint=hint)
        if not self.start.is_dir():
            return [self.shown(self.start)]
        return [self.folder_scope, *(self.shown(path) for path in _search(self).files if concerns(path))]

    def searched(self, concerns: Callable[[Path], bool] = _every) -> Iterator[Gap | Evidence]:
        """How the folder was searched, with a gap for each folder and file that could not be opened."""
        found = _search(self)
        ours = 0
        for path in found.files:
            try:
                with path.open("rb"):
                    ours += concerns(path)
            except OSError as error:
                found.closed.append((path, error.strerror or "it cannot be opened"))
        for path, reason in found.closed:
            hint = "grant the right to read it, or exclude it"
            yield Gap(
                source=self.source,
                scope=f"{self.folder_scope} ({self.shown(path)})",
                status=ScopeStatus.PARTIAL,
                reason=reason,
                hint=hint,
            )
        value = f"{found.folders} folders for {', '.join(self.patterns)}: {len(found.files)} files, {ours} of this kind"
        yield Evidence(name="searched", value=value)
        for path in found.excluded:
            yield Evidence(name="excluded, not read", value=self.shown(path))

    def read(self, scope: str, *, largest: int) -> bytes:
        """The file's bytes. Raises AccessDeniedError, BackendUnreachableError, BackendProtocolError."""
        path = self.root / scope
        try:
            if path.stat().st_size > largest:
                message = f"{scope} is larger than {largest >> 20} MiB"
                raise BackendProtocolError(message, scope=scope, hint=_HINT)
            return path.read_bytes()
        except PermissionError:
            hint = "grant read access to the file, or exclude it"
            raise AccessDeniedError(f"{scope} may not be read", scope=scope, hint=hint) from None
        except OSError as error:
            raise BackendUnreachableError(f"{scope}: {error.strerror}", scope=scope, hint=_HINT) from None


@dataclass(slots=True)
class _Found:
    files: list[Path] = field(default_factory=list)
    excluded: list[Path] = field(default_factory=list)
    closed: list[tuple[Path, str]] = field(default_factory=list)
    folders: int = 0


def holds(path: Path, *marks: bytes, within: int) -> bool:
    """Whether the file's first `within` bytes have all the marks; a file that cannot be opened is looked into later."""
    try:
        with path.open("rb") as opened:
            head = opened.read(within)
    except OSError:
        return False
    return all(mark in head for mark in marks)


def _search(place: Place) -> _Found:
    found = _Found()

    def closed(error: OSError) -> None:
        found.closed.append((Path(error.filename), error.strerror or "it cannot be listed"))

    for folder, inner, names in os.walk(place.start, onerror=closed):
        found.folders += 1
        here = Path(folder)
        kept = [name for name in inner if not _left_out(here / name, place)]
        found.excluded += [here / name for name in inner if name not in kept]
        inner[:] = sorted(kept)
        for name in sorted(names):
            if any(fnmatchcase(name, pattern) for pattern in place.patterns):
                path = here / name
                (found.excluded if _left_out(path, place) else found.files).append(path)
    return found


def _left_out(path: Path, place: Place) -> bool:
    below = PurePosixPath(path.relative_to(place.start)).as_posix()
    return any(fnmatchcase(path.name, glob) or fnmatchcase(below, glob) for glob in place.exclude)
