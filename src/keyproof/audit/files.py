"""The files of audit logs: found by globs, opened whether compressed or not, and named for people."""

import gzip
from collections.abc import Iterable, Sequence
from glob import glob
from io import BufferedReader
from pathlib import Path

_SHOWN = 2


class LogFileError(Exception):
    """A file cannot be opened, or is no log of its kind; or no file is there at all."""


def log_files(patterns: Iterable[str], root: Path, *, key: str) -> list[Path]:
    """The files that globs name, sorted; relative ones start at `root`.

    `key` is where the globs stand in keyproof.yaml. Raises LogFileError when no file is there.
    """
    found = {Path(path) for pattern in patterns for path in glob(str(root / pattern), recursive=True)}  # noqa: PTH207 (also absolute ones)
    files = sorted(path for path in found if path.is_file())
    if not files:
        raise LogFileError(f"no file matches what {key} names")
    return files


def opened(path: Path) -> gzip.GzipFile | BufferedReader:
    """The bytes of a file, unpacked where its name ends with `.gz`. Raises OSError."""
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def unreadable(path: Path, error: Exception, otherwise: str) -> LogFileError:
    """Why a file cannot be read: in the system's words where it has some."""
    return LogFileError(f"{path}: {getattr(error, 'strerror', None) or otherwise}")


def shown(files: Sequence[Path]) -> str:
    """The first files by name, and how many more there are."""
    more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
    return ", ".join(path.name for path in files[:_SHOWN]) + more
