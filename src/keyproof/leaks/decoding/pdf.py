"""The text of a PDF's streams, as far as its fonts keep to characters; nothing of it is drawn or run."""

import re
import zlib
from collections.abc import Iterator

from keyproof.leaks.decoding.part import Budget, Closed, Part

_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_SHOW = re.compile(
    rb"""\((?P<text>(?:\\.|[^\\()])*)\)          # a literal string
       | <(?P<hex>[0-9A-Fa-f\s]+)>               # the same in hex
       | (?<![\w.])(?P<gap>-\d{3,})              # a gap as wide as a blank, between pieces of a word's line
       | (?<![A-Za-z])(?P<end>T[dDm*]|ET|['"])(?![A-Za-z])
    """,
    re.VERBOSE | re.DOTALL,
)
"""What shows text, and what begins a new line: ISO 32000-1, 9.4."""
_ESCAPE = re.compile(rb"\\(?:([nrtbf()\\])|([0-7]{1,3})|\r?\n)")
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"", b"f": b""}


def open_pdf(content: bytes, budget: Budget) -> Iterator[Part | Closed]:
    """See opening.Opener. Each stream is a part, numbered in the order of the file."""
    if b"/Encrypt" in content:
        yield Closed(path="", reason="encrypted")
        return
    for number, start in enumerate(_STREAM.finditer(content), start=1):
        head = content[max(0, start.start() - 512) : start.start()]
        if b"/FlateDecode" not in head[head.rfind(b"obj") + 1 :]:
            continue
        path = f"!/stream-{number}"
        try:
            opened = zlib.decompressobj().decompress(memoryview(content)[start.end() :], budget.room + 1)
        except zlib.error:
            yield Closed(path=path, reason="damaged")
            continue
        shows_text = b"BT" in opened and (b"Tj" in opened or b"TJ" in opened)
        yield Part(path=path, content=_text(opened) if shows_text else opened, chain=("pdf",))


def _text(operations: bytes) -> bytes:
    shown = bytearray()
    for found in _SHOW.finditer(operations):
        if found["end"]:
            if not shown.endswith(b"\n"):
                shown += b"\n"
        elif found["gap"]:
            shown += b" "
        elif found["hex"]:
            digits = b"".join(found["hex"].split())
            shown += bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii")).replace(b"\0", b"")
        else:
            shown += _ESCAPE.sub(_unescaped, found["text"])
    return bytes(shown)


def _unescaped(found: re.Match[bytes]) -> bytes:
    if found[1]:
        return _ESCAPED.get(found[1], found[1])
    return bytes([int(found[2], 8) & 255]) if found[2] else b""
