"""Turns stored bytes into the UTF-8 the patterns are written for."""

import codecs

_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_PROBE = 4096
_WIDE_SHARE = 0.35
"""Share of zero bytes on one side of the pairs that makes a text UTF-16 without a mark."""
_FEW = 0.05


def wide_encoding(content: bytes) -> str | None:
    """`utf-16-le` or `utf-16-be` when `content` is UTF-16, marked or not; None for everything else.

    Whoever scans parts of a blob must not cut such content: pass it whole.
    """
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return None
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return encoding
    head = content[:_PROBE]
    pairs = len(head) // 2
    if pairs < 2 or b"\0" not in head:
        return None
    even, odd = head[0::2].count(0) / pairs, head[1::2].count(0) / pairs
    if max(even, odd) < _WIDE_SHARE or min(even, odd) > _FEW:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def to_utf8(content: bytes) -> bytes:
    """`content` ready to scan: UTF-16 becomes UTF-8, everything else stays as it is.

    UTF-8 and Latin-1 agree on ASCII, which is what patterns are led by, so those need no pass over the
    text; `text` tells them apart on the few lines that hold a match.
    """
    encoding = wide_encoding(content)
    if encoding is None:
        return content
    start = 2 if content.startswith(tuple(_MARKS)) else 0
    return content[start:].decode(encoding, "replace").encode("utf-8", "replace")


def text(part: bytes) -> str:
    """A part of a line as characters: UTF-8, or Latin-1 where it is not."""
    try:
        return part.decode("utf-8-sig")
    except UnicodeDecodeError:
        return part.decode("latin-1")
