"""Reads pack files in place: the index, every object's type and base, and records as they are stored."""

import mmap
import os
import sys
import zlib
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keyproof.leaks.git.delta import (
    apply_delta,
    chosen,
    families,
    find,
    in_order,
    link,
    read_headers,
    weigh,
)

COMMIT = 1
TREE = 2
BLOB = 3
TAG = 4

_MAGIC = b"\377tOc\0\0\0\2"
_TRAILER_HASHES = 2
_LARGEST_RECORD = 256 << 20
"""Bytes of an object or delta; git itself streams what is larger."""
_HEADERS = 1 << 16
"""Headers that are read at a time."""
_SMALL_RECORD = 16 << 10
"""Bytes as stored; inflated at once, since deflate makes no more than 1032 of one (RFC 1951)."""


class PackError(ValueError):
    """A pack or index that is damaged or of an unknown version; git itself is to be asked."""


def _let_go(data: mmap.mmap) -> None:
    """Let no page of a map count as memory any longer, where the system can be told so."""
    if hasattr(mmap, "MADV_DONTNEED"):
        data.madvise(mmap.MADV_DONTNEED)


def _inflater() -> Any:
    """ISA-L where it is installed: twice as fast as zlib, with the same interface."""
    try:
        from isal import isal_zlib  # noqa: PLC0415 (native and optional)
    except ImportError:
        return zlib
    return isal_zlib


_zlib = _inflater()


def _inflate(data: bytes, size: int) -> bytes:
    """Exactly `size` bytes, and never more in memory. Raises PackError."""
    try:
        if len(data) <= _SMALL_RECORD:
            record, whole = bytes(_zlib.decompress(data, zlib.MAX_WBITS, size + 1)), True
        else:
            stream = _zlib.decompressobj()
            record = bytes(stream.decompress(data, size + 1))
            whole = stream.eof
    except _zlib.error as cause:
        raise PackError("a damaged record") from cause
    if len(record) != size or not whole:
        raise PackError("a record of another size")
    return record


class Pack:
    """One pack with its index, version 2; objects are numbered in the order in which they are stored."""

    def __init__(self, index: Path, width: int) -> None:
        """`width` is the bytes of an object id. Raises PackError and OSError."""
        if not hasattr(os, "pread"):
            raise PackError("this system cannot read a file at a place")  # Windows
        self._width = width
        self.index = index
        self._names, places = _read_index(index, width)
        self._descriptor = os.open(index.with_suffix(".pack"), os.O_RDONLY)
        try:
            with mmap.mmap(self._descriptor, 0, access=mmap.ACCESS_READ) as data:
                if data[:4] != b"PACK" or int.from_bytes(data[8:12]) != len(places):
                    raise PackError("the pack is not that of its index")
                self._read(data, places)
        except (OSError, ValueError):
            self.close()
            raise

    def close(self) -> None:
        """Nothing can be read afterwards."""
        os.close(self._descriptor)

    def _read(self, data: mmap.mmap, places: "array[int]") -> None:
        self._places, self._offsets = in_order(places)
        self._offsets.append(len(data) - self._width)
        self._read_headers(data)

    def __len__(self) -> int:
        return len(self.kinds)

    @property
    def names(self) -> "tuple[bytes, array[int]]":
        """The raw ids in order, one after the other, and the number of each."""
        return self._names, self._numbers

    @property
    def complete(self) -> bool:
        """Whether the type of every object is known and none waits for a base in another pack."""
        return not self.kinds.strip(bytes((COMMIT, TREE, BLOB, TAG)))

    def number(self, name: bytes) -> int:
        """The number of the object with this raw id, -1 when the pack does not hold it."""
        place = find(self._names, name)
        return self._numbers[place] if place >= 0 else -1

    def id(self, number: int) -> bytes:
        """The raw id of an object."""
        place = self._places[number] * self._width
        return self._names[place : place + self._width]

    def record(self, number: int) -> bytes:
        """The inflated record: the object, or the delta it is stored as. Raises ValueError."""
        if self.sizes[number] > _LARGEST_RECORD:
            raise PackError("a record too large to hold")
        return _inflate(self._stored(number), self.sizes[number])

    def _stored(self, number: int) -> bytes:
        # Read, not mapped: the pages of a map count as memory of every process that ever touched them.
        start = self._starts[number] + (self._width if number in self._named else 0)
        return os.pread(self._descriptor, self._offsets[number + 1] - start, start)

    def of_kind(self, kind: int) -> "array[int]":
        """The numbers of the objects of a kind."""
        return chosen(self.kinds, kind)

    def weigh(self, kind: int, wanted: bytearray) -> Iterator[tuple[int, int, int]]:
        """Root, bytes in the pack and wanted objects of every family of a kind that holds any, in order."""
        weights, counts = weigh(self.roots(kind), self._offsets, wanted)
        return ((root, weights[root], count) for root, count in enumerate(counts) if count)

    def roots(self, kind: int) -> "array[int]":
        """For every object of a kind the whole one its chain of deltas begins with; -1 for all others."""
        roots = array("q", [-1]) * len(self)
        families(self.bases, self.kinds, kind, roots)
        return roots

    def child(self, base: bytes, number: int, largest: int, margin: int) -> tuple[bytes, bytes]:
        """The object its base and its delta make, and the windows in which it differs. Raises ValueError."""
        return apply_delta(base, self.record(number), largest, margin)

    def content(self, number: int, largest: int) -> bytes:
        """One object from the start of its chain. Raises ValueError."""
        chain = [number]
        while self.bases[chain[-1]] >= 0:
            chain.append(self.bases[chain[-1]])
        content = self.record(chain.pop())
        while chain:
            content, _ = self.child(content, chain.pop(), largest, -1)
        return content

    def _read_headers(self, data: mmap.mmap) -> None:
        count = len(self._places)
        self._numbers = array("q", bytes(8 * count))
        for number, place in enumerate(self._places):
            self._numbers[place] = number
        zeros = bytes(8 * count)
        self.kinds = bytearray(count)
        """Type by number: 1 commit, 2 tree, 3 blob, 4 tag, 7 not known."""
        self.sizes = array("q", zeros)
        self._starts = array("q", zeros)
        self.bases = array("q", zeros)
        """Number of the base, -1 for a whole object."""
        named = 0
        columns = (self._offsets, self.kinds, self.sizes, self._starts, self.bases)
        for low in range(0, count, _HEADERS):
            named += read_headers(data, *columns, range(low, min(low + _HEADERS, count)))
            _let_go(data)
        self._named: frozenset[int] = frozenset()
        if named:
            self._resolve_named(data)
        self.first = array("q", [-1]) * count
        """Number of the first child, -1 without one."""
        self.following = array("q", [-1]) * count
        """Number of the next child of the same base, -1 for the last."""
        link(self.bases, self.first, self.following)

    def _resolve_named(self, data: mmap.mmap) -> None:
        """Give deltas that name their base its number and type; those without one in this pack stay 7."""
        heads = [n for n in range(len(self)) if self.kinds[n] == 7 and self.bases[n] < 0]
        numbers = {self.id(number): number for number in range(len(self))}
        self._named = frozenset(heads)
        for number in heads:
            start = self._starts[number]
            self.bases[number] = numbers.get(data[start : start + self._width], -1)
        for number in range(len(self)):
            self._settle(number)

    def _settle(self, number: int) -> None:
        chain: list[int] = []
        while self.kinds[number] == 7 and self.bases[number] >= 0 and len(chain) <= len(self):
            chain.append(number)
            number = self.bases[number]
        if len(chain) > len(self):
            raise PackError("deltas in a circle")
        for one in chain:
            self.kinds[one] = self.kinds[number]


def _read_index(path: Path, width: int) -> "tuple[bytes, array[int]]":
    """Names in order, and the offset of each."""
    raw = path.read_bytes()
    if not raw.startswith(_MAGIC):
        raise PackError("an index of another version")
    start = len(_MAGIC) + 1024
    firsts = _numbers("I", raw[len(_MAGIC) : start])
    if list(firsts) != sorted(firsts) or len(raw) < start:
        raise PackError("an index out of order")
    count = firsts[-1]
    names_end = start + count * width
    short_at = names_end + 4 * count
    long_at = short_at + 4 * count
    if len(raw) < long_at + _TRAILER_HASHES * width:
        raise PackError("an index cut short")
    places = array("q", _numbers("I", raw[short_at:long_at]))
    if long := _numbers("Q", raw[long_at : len(raw) - _TRAILER_HASHES * width]):
        try:
            places = array("q", (long[one & 0x7FFFFFFF] if one >> 31 else one for one in places))
        except (IndexError, OverflowError) as cause:
            raise PackError("an index of no offsets") from cause
    return raw[start:names_end], places


def _numbers(code: str, raw: bytes) -> "array[int]":
    numbers = array(code)
    numbers.frombytes(raw[: len(raw) // numbers.itemsize * numbers.itemsize])
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def packs_in(folder: Path, width: int) -> Iterator[Pack]:
    """Every readable pack of an `objects` folder; others are left to git."""
    for index in sorted((folder / "pack").glob("*.idx")):
        try:
            yield Pack(index, width)
        except (OSError, ValueError):
            continue
