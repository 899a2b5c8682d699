"""Turns stored bytes into the UTF-8 the patterns are written for."""

import codecs

_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32-le",  # before the one of UTF-16 that it begins with
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_PROBE = 4096
_WIDE_SHARE = 0.35
"""Share of zero bytes on one side of the pairs that makes a text UTF-16 without a mark."""
_FEW = 0.05


def wide_encoding(content: bytes) -> str | None:
    """The codec when `content` is UTF-16 or UTF-32, marked or not; None for everything else.

    Whoever scans parts of a blob must not cut such content: pass it whole.
    """
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return encoding
    head = content[:_PROBE]
    pairs = len(head) // 2
    if pairs < 2 or b"\0" not in head:
        return None
    if b"\0\0\0" in head and (known := _utf_32(head)):
        return known
    even, odd = head[0::2].count(0) / pairs, head[1::2].count(0) / pairs
    if max(even, odd) < _WIDE_SHARE or min(even, odd) > _FEW:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _utf_32(head: bytes) -> str | None:
    """Mostly ASCII in groups of four bytes; no code point has a fourth byte, and few a third."""
    groups = len(head) // 4
    if groups < 4:
        return None
    zeros = [head[place::4].count(0) / groups for place in range(4)]
    for letters, encoding in ((0, "utf-32-le"), (3, "utf-32-be")):
        others = zeros[:letters] + zeros[letters + 1 :]
        if zeros[letters] <= _FEW and min(others) >= 1 - 2 * _FEW:
            return encoding
    return None


def to_utf8(content: bytes) -> bytes:
    """`content` ready to scan: UTF-16 and UTF-32 become UTF-8, everything else stays as it is.

    UTF-8 and Latin-1 agree on ASCII, which is what patterns are led by, so those need no pass over the
    text; `text` tells them apart on the few lines that hold a match.
    """
    encoding = wide_encoding(content)
    if encoding is None:
        return content
    start = next((len(mark) for mark in _MARKS if content.startswith(mark)), 0)
    return content[start:].decode(encoding, "replace").encode("utf-8", "replace")


def text(part: bytes) -> str:
    """A part of a line as characters: UTF-8, or Latin-1 where it is not."""
    try:
        return part.decode("utf-8-sig")
    except UnicodeDecodeError:
        return part.decode("latin-1")
