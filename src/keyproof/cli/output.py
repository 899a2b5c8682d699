"""Writing results: each file whole or not at all, results alone on stdout."""

import os
import sys
import tempfile
from pathlib import Path

from keyproof.errors import OutputError


def write_file(path: Path, text: str) -> None:
    """Replace `path` by `text` atomically. Raises OutputError; the old file then stays as it was."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """The same for what is no text."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        hint = "choose another place with --out or --format FORMAT=PATH"
        raise OutputError(f"{path} cannot be written: {error.strerror}", hint=hint) from None


def write_stdout(text: str) -> None:
    """Print a result, whatever its characters, with a final newline."""
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]  # a text stream outside of tests
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    sys.stdout.flush()
