"""The hot loops over packs in plain Python, for installations without a compiler; see delta.py.

Formats: gitformat-pack(5). Every function raises ValueError for a pack that does not keep to them.
"""

from array import array
from bisect import bisect_left
from collections.abc import MutableSequence
from mmap import mmap

_OFS_DELTA = 6
_REF_DELTA = 7


def in_order(places: "array[int]") -> "tuple[array[int], array[int]]":
    """The positions of `places` and their values, ascending."""
    order = sorted(offset << 32 | position for position, offset in enumerate(places))
    return array("q", (one & 0xFFFFFFFF for one in order)), array("q", (one >> 32 for one in order))


def find(names: bytes, name: bytes) -> int:
    """The place of `name` among `names` in order, all of its length; -1 when it is not there."""
    width = len(name)
    count = len(names) // width
    place = bisect_left(range(count), name, key=lambda at: names[at * width : at * width + width])
    return place if names[place * width : place * width + width] == name else -1


def read_headers(  # noqa: C901, PLR0915 (a call for every object would cost more than the work)
    pack: bytes | mmap,
    offsets: "array[int]",
    kinds: bytearray,
    sizes: "array[int]",
    starts: "array[int]",
    bases: "array[int]",
    numbers: range,
) -> int:
    """Read the headers of the objects `numbers`; those before were read.

    `offsets` ascend and end with that of the pack's trailer. Fills in by number of object: the kind (that of the base for a delta beside its offset, 7 for one that
    names its base), the size of the inflated record, where its data (or the name of its base) starts, and
    the number of its base or -1. Returns how many name their base.
    """
    named = 0
    for number in numbers:
        at = offsets[number]
        end = offsets[number + 1]
        if end - at < 2 or end > len(pack):
            raise ValueError("objects overlap")
        byte = pack[at]
        at += 1
        kind = byte >> 4 & 7
        size = byte & 15
        shift = 4
        while byte & 128:
            if at >= end or shift > 56:
                raise ValueError("endless size")
            byte = pack[at]
            at += 1
            size |= (byte & 127) << shift
            shift += 7
        base = -1
        if kind == _OFS_DELTA:
            byte = 128
            back = -1
            while byte & 128:
                if at >= end or back > 1 << 50:
                    raise ValueError("endless offset")
                byte = pack[at]
                at += 1
                back = (back + 1 << 7) | (byte & 127)
            wanted = offsets[number] - back
            low = 0
            high = number
            while low < high:
                middle = (low + high) >> 1
                if offsets[middle] < wanted:
                    low = middle + 1
                else:
                    high = middle
            if low >= number or offsets[low] != wanted:
                raise ValueError("a base that is none")
            base = low
            kind = kinds[low]
        elif kind == _REF_DELTA:
            named += 1
        kinds[number] = kind
        sizes[number] = size
        starts[number] = at
        bases[number] = base
    return named


def link(bases: "array[int]", first: "array[int]", following: "array[int]") -> None:
    """Chain the children of every base: the first of each, and the next after each; -1 ends."""
    for number in range(len(bases) - 1, -1, -1):
        base = bases[number]
        if base >= 0:
            following[number] = first[base]
            first[base] = number


def apply_delta(base: bytes, delta: bytes, largest: int, margin: int) -> tuple[bytes, bytes]:
    """The child that `delta` makes of `base`, and its `windows` with this margin; none when it is negative."""
    child, touched = made(base, delta, largest)
    return child, b"" if margin < 0 else windows(child, touched, margin)


def chosen(kinds: bytearray, kind: int) -> "array[int]":
    """The numbers of the objects of a kind."""
    return array("q", (number for number, its in enumerate(kinds) if its == kind))


def weigh(roots: "array[int]", offsets: "array[int]", wanted: bytearray) -> "tuple[array[int], array[int]]":
    """For every root the bytes its family takes in the pack, and how many of it are wanted."""
    weights, counts = (array("q", bytes(8 * len(roots))) for _ in range(2))
    for number, root in enumerate(roots):
        if root >= 0:
            weights[root] += offsets[number + 1] - offsets[number]
            counts[root] += wanted[number]
    return weights, counts


def made(  # noqa: C901, PLR0912, PLR0915 (a call for every operation would cost more than the work)
    base: bytes, delta: bytes, largest: int
) -> tuple[bytes, list[int]]:
    """The child and the stretches of it that are not simply copied on.

    A stretch is two offsets in a flat ascending list: inserted bytes, or the empty stretch where two copied
    runs meet that do not follow each other in the base, or where the child starts or ends otherwise than it.
    """
    length = len(delta)
    limit = len(base)
    data = delta
    sizes = [0, 0]
    at = 0
    for which in range(2):
        size = 0
        shift = 0
        byte = 128
        while byte & 128:
            if at >= length or shift > 56:
                raise ValueError("endless size")
            byte = data[at]
            at += 1
            size |= (byte & 127) << shift
            shift += 7
        sizes[which] = size
    result = sizes[1]
    if sizes[0] != limit or result > largest:
        raise ValueError("another base, or too large")
    pieces: list[bytes] = []
    touched: list[int] = []
    append = pieces.append
    done = 0
    expected = 0
    opened = -1
    while at < length:
        byte = data[at]
        at += 1
        if byte & 128:
            offset = 0
            size = 0
            for shift in range(0, 32, 8):
                if byte & 1:
                    if at >= length:
                        raise ValueError("cut short")
                    part = data[at]
                    offset |= part << shift
                    at += 1
                byte >>= 1
            for shift in range(0, 24, 8):
                if byte & 1:
                    if at >= length:
                        raise ValueError("cut short")
                    part = data[at]
                    size |= part << shift
                    at += 1
                byte >>= 1
            if size == 0:
                size = 0x10000
            if offset + size > limit or done + size > result:
                raise ValueError("a copy out of bounds")
            if opened >= 0:
                touched.append(opened)
                touched.append(done)
                opened = -1
            elif offset != expected:
                touched.append(done)
                touched.append(done)
            append(base[offset : offset + size])
            expected = offset + size
        else:
            size = byte
            if size == 0 or at + size > length or done + size > result:
                raise ValueError("an insertion out of bounds")
            if opened < 0:
                opened = done
            append(delta[at : at + size])
            at += size
            expected = -1
        done += size
    if done != result:
        raise ValueError("another size")
    if opened >= 0:
        touched.append(opened)
        touched.append(done)
    elif expected != limit:
        touched.append(done)
        touched.append(done)
    return b"".join(pieces), touched


def windows(child: bytes, touched: list[int], margin: int) -> bytes:
    """The lines in which `touched` stretches lie and one line around them, one after the other.

    Before that the stretches are widened by `margin` bytes. An empty line stands between two windows.
    """
    length = len(child)
    pieces: list[bytes] = []
    low = 0
    high = -1
    for number in range(0, len(touched), 2):
        start = touched[number] - margin
        stop = touched[number + 1] + margin
        if stop < high:
            continue
        start = max(start, 0)
        if start > high:
            if high >= 0:
                pieces.append(child[low:high])
            start = child.rfind(b"\n", 0, start)
            if start > 0:
                start = child.rfind(b"\n", 0, start)
            if start < high:
                start = high - 1
            low = start + 1
        stop = child.find(b"\n", stop)
        if stop >= 0:
            stop = child.find(b"\n", stop + 1)
        high = stop + 1 if stop >= 0 else length
    if high >= 0:
        pieces.append(child[low:high])
    return b"\n".join(pieces)


def families(bases: "array[int]", kinds: bytearray, kind: int, roots: MutableSequence[int]) -> None:
    """The root of every object of a `kind` that hangs on bases stored before it; -1 for all others."""
    for number in range(len(bases)):
        base = bases[number]
        if kinds[number] != kind:
            roots[number] = -1
        elif base < 0:
            roots[number] = number
        else:
            roots[number] = roots[base] if base < number else -1
