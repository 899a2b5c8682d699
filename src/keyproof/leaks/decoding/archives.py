"""Opens zip files (jar, wheel, Office documents) and tar archives, member by member, without writing anything."""

import io
from collections.abc import Iterator

from keyproof.leaks.decoding.office import office_text
from keyproof.leaks.decoding.part import Budget, Closed, Part

_ENTRY = b"PK\x01\x02"
_LONGEST_NAME = 1024


def open_zip(content: bytes, budget: Budget) -> Iterator[Part | Closed]:
    """See opening.Opener. The entries are those of the central directory."""
    import lzma  # noqa: PLC0415 (a blob is opened once in thousands)
    import struct  # noqa: PLC0415
    import zipfile  # noqa: PLC0415
    import zlib  # noqa: PLC0415

    faults = (
        zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError, RuntimeError
    )  # fmt: skip
    if (
        content.count(_ENTRY) > budget.parts
    ):  # each would become an object of Python's before it could be counted
        yield Closed(path="", reason="too many")
        return
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except faults:
        yield Closed(path="", reason="damaged")
        return
    for entry in archive.infolist():
        path = _inside(entry.filename)
        if entry.is_dir():
            continue
        if entry.flag_bits & 1:
            yield Closed(path=path, reason="encrypted")
            continue
        try:
            with archive.open(entry) as member:
                opened = member.read(budget.room + 1)
        except NotImplementedError:
            yield Closed(path=path, reason="unsupported")
        except faults:
            yield Closed(path=path, reason="damaged")
        else:
            yield Part(path=path, content=office_text(entry.filename, opened), chain=("zip",))


def open_tar(content: bytes, budget: Budget) -> Iterator[Part | Closed]:
    """See opening.Opener. Links and special files hold nothing."""
    import tarfile  # noqa: PLC0415

    try:
        archive = tarfile.TarFile(fileobj=io.BytesIO(content), errorlevel=0)
        while (entry := archive.next()) is not None:
            archive.members = []  # type: ignore[attr-defined]  # it keeps them all otherwise
            if entry.isreg() and (member := archive.extractfile(entry)) is not None:
                opened = member.read(min(entry.size, budget.room + 1))
                yield Part(path=_inside(entry.name), content=opened, chain=("tar",))
    except (tarfile.TarError, EOFError, OSError, ValueError, OverflowError, RecursionError):
        yield Closed(path="", reason="damaged")


def _inside(name: str) -> str:
    return "!/" + name.encode("utf-8", "backslashreplace").decode()[:_LONGEST_NAME]
