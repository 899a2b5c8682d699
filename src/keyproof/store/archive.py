"""A zip of which every byte follows from its members: in order of their paths, every date and right the same.

Python's zipfile cannot write a stream that is compressed already, and a reader who wants to know that nothing lies
between the members has to put the ones it found together again, whatever zlib compressed them.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from keyproof.errors import StoreError

_LEVEL = 6
_RAW = -15
"""Window bits of a deflate stream without header, as a zip holds it."""
_CHUNK = 1 << 20
_MOST = 0xFFFF
_LARGEST = 0xFFFFFFFF
"""Members and bytes that a zip without extensions can hold."""
_DATE = (1980 - 1980) << 9 | 1 << 5 | 1
"""The earliest that a zip can tell, 1980-01-01, in the form of MS-DOS."""
_VERSION, _UNIX, _REGULAR = 20, 3 << 8, 0o100644 << 16
_UTF8 = 0x800
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file as it stands in an archive."""

    path: str
    compressed: bool
    stream: bytes
    """Its bytes in the archive."""
    size: int
    """Of its content; what an archive that was read claims."""
    crc: int

    @classmethod
    def stored(cls, path: str, content: bytes) -> Self:
        """A member as it is."""
        return cls(path=path, compressed=False, stream=content, size=len(content), crc=zlib.crc32(content))

    @classmethod
    def deflated(cls, path: str, content: bytes) -> Self:
        """A member compressed: other versions of zlib may give another stream for the same content."""
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW)
        stream = packer.compress(content) + packer.flush()
        return cls(path=path, compressed=True, stream=stream, size=len(content), crc=zlib.crc32(content))

    def chunks(self) -> Iterator[bytes]:
        """The content, a piece at a time. Raises ValueError when it is not what the member claims to be."""
        crc = size = 0
        for chunk in self._chunks():
            crc, size = zlib.crc32(chunk, crc), size + len(chunk)
            if size > self.size:
                break
            yield chunk
        if (size, crc) != (self.size, self.crc):
            raise ValueError(f"{self.path} is not what it claims to be")

    def _chunks(self) -> Iterator[bytes]:
        if not self.compressed:
            yield self.stream
            return
        unpacker = zlib.decompressobj(_RAW)
        chunk = unpacker.decompress(self.stream, _CHUNK)
        while chunk:
            yield chunk
            chunk = unpacker.decompress(unpacker.unconsumed_tail, _CHUNK)
        if not unpacker.eof or unpacker.unused_data:
            raise ValueError(f"{self.path} does not end where it should")


def write(members: Iterable[Member]) -> bytes:
    """The archive. Raises StoreError when it is larger than a zip can be."""
    stream, directory = io.BytesIO(), io.BytesIO()
    ordered = sorted(members, key=lambda member: member.path)
    for member in ordered:
        name = member.path.encode()
        flags = 0 if member.path.isascii() else _UTF8
        method = zipfile.ZIP_DEFLATED if member.compressed else zipfile.ZIP_STORED
        if max(member.size, stream.tell() + len(member.stream)) > _LARGEST or len(ordered) > _MOST:
            raise StoreError("the bundle is larger than a zip can be", hint="export a run of fewer secrets")
        shared = (flags, method, 0, _DATE, member.crc, len(member.stream), member.size, len(name), 0)
        place = stream.tell()
        directory.write(
            _CENTRAL.pack(b"PK\1\2", _UNIX | _VERSION, _VERSION, *shared, 0, 0, 0, _REGULAR, place)
        )
        directory.write(name)
        stream.write(_LOCAL.pack(b"PK\3\4", _VERSION, *shared))
        stream.write(name)
        stream.write(member.stream)
    begin, length = stream.tell(), directory.tell()
    stream.write(directory.getvalue())
    stream.write(_END.pack(b"PK\5\6", 0, 0, len(ordered), len(ordered), length, begin, 0))
    return stream.getvalue()


def read(content: bytes) -> list[Member]:
    """The members of an archive that `write` gives again for them; every claim but that is to be checked.

    Raises BadZipFile, ValueError or another error of what is damaged.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        found = [_member(content, info) for info in archive.infolist()]
    if len({member.path for member in found}) != len(found) or write(found) != content:
        raise ValueError("it was not packed as we pack")
    return found


def _member(content: bytes, info: zipfile.ZipInfo) -> Member:
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise ValueError("a member is compressed as no bundle compresses it")
    begin = info.header_offset + _LOCAL.size + len(info.filename.encode())
    return Member(
        path=info.filename,
        compressed=info.compress_type == zipfile.ZIP_DEFLATED,
        stream=content[begin : begin + info.compress_size],
        size=info.file_size,
        crc=info.CRC,
    )
