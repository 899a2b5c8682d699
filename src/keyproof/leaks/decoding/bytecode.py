"""The string constants of compiled Python: read as bytes, for unmarshalling what others wrote is not safe."""

import re
from collections.abc import Iterator

from keyproof.leaks.decoding.part import Budget, Closed, Part

_HEADER = 16
_SHORT = re.compile(rb"[zZ\xda\xfa](?=.)", re.DOTALL)
"""Type of a short ASCII string in the `marshal` format; its length is the next byte."""
_LONG = re.compile(rb"[aAust\xe1\xc1\xf5\xf3\xf4](?=....)", re.DOTALL)
"""Type of any other string; its length is the next four bytes, little-endian."""
_SHORTEST = 3


def open_pyc(content: bytes, budget: Budget) -> Iterator[Part | Closed]:
    """See opening.Opener. One constant or name a line, in the order of the file."""
    found: dict[int, bytes] = {}
    for start in _SHORT.finditer(content, _HEADER):
        at = start.end()
        _enter(found, at + 1, content[at + 1 : at + 1 + content[at]], content[at])
    for start in _LONG.finditer(content, _HEADER):
        at = start.end()
        size = int.from_bytes(content[at : at + 4], "little")
        if size <= min(budget.room, len(content) - at - 4):
            _enter(found, at + 4, content[at + 4 : at + 4 + size], size)
    lines = [found[at].replace(b"\r", b"").replace(b"\n", b"\\n") for at in sorted(found)]
    yield Part(path="", content=b"\n".join(lines), chain=("pyc",))


def _enter(found: dict[int, bytes], at: int, text: bytes, size: int) -> None:
    if len(text) == size >= _SHORTEST and text.decode("utf-8", "replace").replace("\n", " ").isprintable():
        found[at] = text
