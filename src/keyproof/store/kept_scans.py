"""Keeps the sealed results of searches, so that a repository in which nothing changed need not be searched again.

A result is a promise of the gate: a file that is damaged, planted or of another key is deleted and not believed.
Like every leak that left the seal it holds no plaintext. See `store/clean_blobs.py` for why it is no part of the ledger.
"""

import contextlib
import hmac
import os
import tempfile
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from keyproof.domain.leak import LeakScan

_ADAPTER = TypeAdapter(LeakScan)
_MAC = 32
"""Bytes."""
_MOST = 256
"""Results; those written longest ago go."""


class KeptScanFiles:
    """A KeptScans in a folder only this user writes."""

    def __init__(self, *, folder: Path, key: bytes) -> None:
        self._folder = folder
        self._key = hmac.digest(key, b"keyproof kept scans", "sha256")

    def get(self, state: bytes) -> LeakScan | None:
        """See ports.KeptScans."""
        path = self._path(state)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        text, mac = content[:-_MAC], content[-_MAC:]
        if hmac.compare_digest(mac, hmac.digest(self._key, state + text, "sha256")):
            with contextlib.suppress(ValidationError):
                return _ADAPTER.validate_json(text)
        path.unlink(missing_ok=True)
        return None

    def put(self, state: bytes, scan: LeakScan) -> None:
        """See ports.KeptScans."""
        text = _ADAPTER.dump_json(scan)
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, half = tempfile.mkstemp(dir=self._folder, prefix="tmp-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(text + hmac.digest(self._key, state + text, "sha256"))
                Path(half).replace(self._path(state))
            except BaseException:
                Path(half).unlink(missing_ok=True)
                raise
            self._prune()

    def _path(self, state: bytes) -> Path:
        return self._folder / f"{hmac.digest(self._key, state, 'sha256').hex()[:32]}.scan"

    def _prune(self) -> None:
        """Forget the oldest, and what killed writers left behind long ago."""
        written = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in written[_MOST:]:
            path.unlink(missing_ok=True)
