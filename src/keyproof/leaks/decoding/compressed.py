"""Opens gzip, bzip2 and xz streams, never beyond what may still be opened."""

from collections.abc import Callable, Iterator
from typing import Protocol

from keyproof.leaks.decoding.part import Budget, Closed, Part

_MOST_MEMORY = 128 << 20
"""Bytes an xz stream may ask for as its dictionary."""


class _Decompressor(Protocol):
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...


def open_gzip(content: bytes, budget: Budget) -> Iterator[Part | Closed]:
    """See opening.Opener."""
    import zlib  # noqa: PLC0415 (so are all: a blob is opened once in thousands)

    return _open(content, "gzip", lambda: zlib.decompressobj(31), (zlib.error,), budget)


def open_bzip2(content: bytes, budget: Budget) -> Iterator[Part | Closed]:
    """See opening.Opener."""
    import bz2  # noqa: PLC0415

    return _open(content, "bzip2", bz2.BZ2Decompressor, (OSError,), budget)


def open_xz(content: bytes, budget: Budget) -> Iterator[Part | Closed]:
    """See opening.Opener."""
    import lzma  # noqa: PLC0415

    def start() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(memlimit=_MOST_MEMORY)

    return _open(content, "xz", start, (lzma.LZMAError,), budget)


def _open(
    content: bytes,
    kind: str,
    start: Callable[[], _Decompressor],
    faults: tuple[type[Exception], ...],
    budget: Budget,
) -> Iterator[Part | Closed]:
    """All members of the file, one after the other; what came before a fault or the bound is kept."""
    opened, reason, rest = bytearray(), "", content
    while rest and not reason:
        decompressor = start()
        try:
            opened += decompressor.decompress(rest, budget.room + 1 - len(opened))
        except faults:
            reason = "" if opened else "damaged"  # what follows the last member may be anything
            break
        if len(opened) > budget.room:
            reason = "too large"
        elif not decompressor.eof:
            reason = "damaged"
        rest = decompressor.unused_data
    yield Part(path="", content=bytes(opened[: budget.room]), chain=(kind,))
    if reason:
        yield Closed(path="", reason=reason)
