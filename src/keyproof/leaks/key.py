"""The organisation's key for fingerprints: from the environment, or a private file made on first use."""

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from keyproof.errors import ConfigError, Problem

VARIABLE = "KEYPROOF_KEY"
_SHORTEST = 32
"""Characters."""
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){16,}")


def load_key(environ: Mapping[str, str], path: Path | None = None) -> bytes:
    """The key from KEYPROOF_KEY, else from the file `path` (see `default_path`), made there on first use.

    Where the environment names no folder to keep one in, a key for this run alone: its fingerprints then mean
    nothing to another run, and a waiver that names one does not hold.
    Text of hex digits is read as the bytes it spells, any other text as it stands; at least 32 characters.
    Raises ConfigError when the key is too short, or the file is open to others or cannot be read or made.
    """
    if VARIABLE in environ:
        return _key(environ[VARIABLE], VARIABLE)
    file = path or default_path(environ)
    if file is None:
        return os.urandom(_SHORTEST)
    try:
        return _key(_read(file), str(file))
    except FileNotFoundError:
        _create(file)
    except OSError as cause:
        raise _unusable(str(file), f"the key file cannot be read: {cause.strerror}") from cause
    try:
        return _key(_read(file), str(file))
    except OSError as cause:
        raise _unusable(str(file), f"the key file cannot be read: {cause.strerror}") from cause


def default_path(environ: Mapping[str, str]) -> Path | None:
    """`keyproof/key` in the user's configuration folder (XDG Base Directory Specification); None without one."""
    if folder := environ.get("XDG_CONFIG_HOME"):
        return Path(folder) / "keyproof" / "key"
    if home := environ.get("HOME"):
        return Path(home) / ".config" / "keyproof" / "key"
    return None


def _key(text: str, place: str) -> bytes:
    text = text.strip()
    if len(text) < _SHORTEST:
        message = f"the key has {len(text)} characters; it needs at least {_SHORTEST}"
        raise _unusable(place, message, "make one with: openssl rand -hex 32")
    return bytes.fromhex(text) if _HEX.fullmatch(text) else text.encode("utf-8", "surrogateescape")


def _read(file: Path) -> str:
    with file.open(encoding="utf-8", errors="surrogateescape") as opened:
        status = os.fstat(opened.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise _unusable(str(file), "the key file is no regular file", "remove it to have one made")
        if status.st_mode & 0o077:
            message = (
                f"the key file can be read or changed by others (mode {stat.S_IMODE(status.st_mode):04o})"
            )
            raise _unusable(str(file), message, f"run: chmod 600 {file}")
        return opened.read(4096)


def _create(file: Path) -> None:
    """Make the file whole or not at all: of two processes at once, both take the key of the first."""
    import secrets  # noqa: PLC0415 (once for each user)

    draft = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as opened:
                opened.write(secrets.token_hex(32) + "\n")
                opened.flush()
                os.fsync(opened.fileno())
            os.link(draft, file)
        finally:
            draft.unlink()
    except FileExistsError:
        return
    except OSError as cause:
        raise _unusable(str(file), f"the key file cannot be made: {cause.strerror}") from cause


def _unusable(place: str, message: str, hint: str = "") -> ConfigError:
    hint = hint or f"set {VARIABLE} to at least {_SHORTEST} random characters"
    return ConfigError.of([Problem(path=place, message=message, hint=hint)])
