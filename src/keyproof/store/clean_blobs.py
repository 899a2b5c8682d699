"""Keeps which blobs an engine has found clean, so that a second search of a repository reads only new ones.

How it is used (see `ports.CleanBlobs`):

    clean = CleanBlobFiles(folder=cache / "clean", key=organisation_key)
    known = clean.known(engine, repository, width=20)     # raw ids, sorted, one after the other
    … search what is not among them …
    clean.add(engine, repository, width=20, ids=b"".join(raw ids that were searched whole and gave no match))
    coverage.notes += clean.notes                         # what was discarded, each a sentence

`engine` is a digest over everything that decides what a search finds: detectors, engine version, options such as
the largest size. `repository` names the object store, e.g. the resolved path of the common git folder: ids of
one repository say nothing in another, whose objects may be forged. `width` is the length of a raw id, 20 or 32.

An id in the cache is a promise of the gate, so nothing is believed that is not whole and signed with the
organisation's key: a damaged, foreign or planted file is deleted and named in `notes`. The files are no evidence;
deleting the folder costs one full search. They lie beside the user's other caches and not in the run ledger,
because the hook has no keyproof.yaml and because a cache must be able to forget.

A repository has a folder with a few segments. A segment is written under a temporary name and moved into its
place, and never changed: a writer that is killed leaves nothing half, and writers at the same time lose nothing.
"""

import contextlib
import hashlib
import hmac
import os
import stat
import tempfile
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

_MAGIC = b"keyproof clean 1"
_MAC = 32
"""Bytes."""
_MOST_SEGMENTS = 8
"""Of one engine in one repository, before they are made one."""
_MOST_ENGINES = 3
"""In one repository; those written longest ago go."""
_MOST_REPOSITORIES = 256
_ABANDONED = 3600
"""Seconds after which a temporary file belongs to a writer that was killed."""
_ATTEMPTS = 3


class _SegmentError(Exception):
    """A file is not a whole segment of ours; its text says why."""


class CleanBlobFiles:
    """A CleanBlobs in a folder only this user writes; one that cannot be read or written costs time, no more."""

    def __init__(self, *, folder: Path, key: bytes) -> None:
        self._folder = folder
        self._key = hmac.digest(key, b"keyproof clean blobs", "sha256")
        self._notes: list[str] = []

    @property
    def notes(self) -> tuple[str, ...]:
        """What was discarded or could not be kept since this was made, each a sentence."""
        return tuple(dict.fromkeys(self._notes))

    def known(self, engine: bytes, repository: str, *, width: int) -> bytes:
        """Raw ids of the blobs that `engine` found clean in `repository`: sorted, each once, one after the other."""
        segments = self._segments(engine, repository, width)
        if not segments:
            return b""
        largest, *others = sorted(segments.values(), key=len, reverse=True)
        return _merged(largest, b"".join(others), width)

    def add(self, engine: bytes, repository: str, *, width: int, ids: bytes) -> None:
        """Note that `engine` searched the blobs `ids` of `repository` whole, and found nothing in any of them."""
        if len(ids) % width:
            raise ValueError(f"{len(ids)} bytes are no ids of {width} bytes")
        segments = self._segments(engine, repository, width)
        if len(segments) >= _MOST_SEGMENTS:
            ids += b"".join(segments.values())
        else:
            segments = {}
        if not ids:
            return
        try:
            kept = self._write(engine, repository, width, _sorted(ids, width))
            for path in segments:
                if path != kept:
                    path.unlink(missing_ok=True)
            with contextlib.suppress(FileNotFoundError):  # another writer prunes too
                self._prune(kept)
        except OSError as error:
            self._notes.append(f"what is clean could not be kept in {self._folder}: {error.strerror}")

    def _place(self, repository: str) -> Path:
        name = os.fsencode(repository)
        return self._folder / hashlib.sha256(name).hexdigest()[:32]

    def _segments(self, engine: bytes, repository: str, width: int) -> dict[Path, bytes]:
        """The whole segments, unsorted; of one that another writer has just merged the union is read again."""
        for _ in range(_ATTEMPTS):
            try:
                return dict(self._read_all(engine, repository, width))
            except FileNotFoundError:
                continue
            except OSError as error:
                self._notes.append(f"what is clean could not be read in {self._folder}: {error.strerror}")
                break
        return {}

    def _read_all(self, engine: bytes, repository: str, width: int) -> Iterator[tuple[Path, bytes]]:
        place = self._place(repository)
        if not place.is_dir():
            return
        for path in sorted(place.glob(f"{_stem(engine, width)}-*.ids")):
            try:
                yield path, self._read(path, engine, repository, width)
            except _SegmentError as error:
                self._notes.append(f"a cache of clean blobs was discarded: {path.name} {error}")
                with contextlib.suppress(OSError):
                    path.unlink()

    def _read(self, path: Path, engine: bytes, repository: str, width: int) -> bytes:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise _SegmentError("can be changed by others")
            content = file.read()
        ids, mac = content[len(_MAGIC) : -_MAC], content[-_MAC:]
        if not content.startswith(_MAGIC) or len(ids) % width:
            raise _SegmentError("is damaged")
        if not hmac.compare_digest(mac, self._mac(engine, repository, width, ids)):
            raise _SegmentError("is damaged or was signed with another key")
        return ids

    def _mac(self, engine: bytes, repository: str, width: int, ids: bytes) -> bytes:
        state = hmac.new(self._key, digestmod="sha256")
        for part in (_MAGIC, engine, os.fsencode(repository), width.to_bytes(1), ids):
            state.update(len(part).to_bytes(8))
            state.update(part)
        return state.digest()

    def _write(self, engine: bytes, repository: str, width: int, ids: bytes) -> Path:
        place = self._place(repository)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        mac = self._mac(engine, repository, width, ids)
        path = place / f"{_stem(engine, width)}-{mac.hex()[:32]}.ids"
        handle, temporary = tempfile.mkstemp(dir=place, prefix="tmp-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_MAGIC + ids + mac)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return path

    def _prune(self, newest: Path) -> None:
        """Forget older engines, repositories that are long gone, and what killed writers left."""
        written = newest.stat().st_mtime
        latest: dict[str, float] = {}
        for path in newest.parent.iterdir():
            changed = path.stat().st_mtime
            if path.name.startswith("tmp-"):
                if written - changed > _ABANDONED:
                    path.unlink(missing_ok=True)
                continue
            stem = path.name.rpartition("-")[0]
            latest[stem] = max(changed, latest.get(stem, 0.0))
        for stem in sorted(latest, key=lambda stem: latest[stem], reverse=True)[_MOST_ENGINES:]:
            _delete(newest.parent, f"{stem}-*.ids")
        places = sorted(self._folder.iterdir(), key=lambda place: place.stat().st_mtime, reverse=True)
        for place in places[_MOST_REPOSITORIES:]:
            _delete(place, "*")
            with contextlib.suppress(OSError):
                place.rmdir()


def _delete(place: Path, pattern: str) -> None:
    for path in place.glob(pattern):
        path.unlink(missing_ok=True)


def _stem(engine: bytes, width: int) -> str:
    return f"{hashlib.sha256(engine).hexdigest()[:16]}-{width}"


def _split(ids: bytes, width: int) -> list[bytes]:
    return [ids[at : at + width] for at in range(0, len(ids), width)]


def _sorted(ids: bytes, width: int) -> bytes:
    return b"".join(sorted(set(_split(ids, width))))


def _merged(ids: bytes, more: bytes, width: int) -> bytes:
    """The sorted `ids` with the few of `more` put in their places."""
    pieces: list[bytes] = []
    begin = 0
    numbers = range(len(ids) // width)
    for one in sorted(set(_split(more, width))):
        at = width * bisect_left(numbers, one, key=lambda number: ids[number * width : (number + 1) * width])
        if ids[at : at + width] != one:
            pieces += (ids[begin:at], one)
            begin = at
    return b"".join((*pieces, ids[begin:])) if pieces else ids
