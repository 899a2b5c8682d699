"""Finds text that stands in a line as Base64, hexadecimal digits or percent escapes, at no cost to other lines.

What every detector is led by, and the names secrets go by, has only a few forms in each encoding: in Base64 three,
one for each place in a group of three bytes. They join the one pass over the text that all detectors share, so
only runs in which one of them stands are decoded. A run never leaves its line.
"""

from base64 import b64encode
from binascii import a2b_base64, unhexlify
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

ENCODINGS = ("base64", "hex", "percent")
_NAMES = (
    "password", "passwd", "secret", "token", "api_key", "apikey", "api-key", "access_key", "private_key", "credential",
)  # fmt: skip
"""Of what has no form of its own; as they are written, in capitals, and capitalised."""
_SHORTEST = 4
"""Characters of an encoded text; fewer would stand in every long run."""
_PERCENT = r"(?:key|token|secret|passw(?:or)?d|pwd|%22)%3[ad]|%3a%2f%2f"
"""What ends a name, or begins a URL, within an escaped text."""
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_STANDARD, _URL_SAFE = _LETTERS + b"+/", _LETTERS + b"-_"
_FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_HEX = b"0123456789abcdefABCDEF"
_UNESCAPED = bytes(range(0x21, 0x7F)).translate(None, b"\"'<>`|\\")
_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t\r\n" + bytes(range(0xA0, 0x100))
_NOISE = 0.1
"""Share of other bytes up to which what was decoded is a text."""
_REACH = 1 << 20
"""Bytes on either side of a hit that may belong to its run."""
_STEP = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """What must stand in a text before a run of one encoding is worth decoding."""

    pattern: str
    caseless: bool
    literals: tuple[str, ...]
    """Lower-case texts one of which stands in every match."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Run:
    """A stretch of a line and the text it encodes; holds plaintext."""

    start: int
    end: int
    encoding: str
    content: bytes


def expressions(texts: Iterable[str]) -> tuple[Expression, ...]:
    """One for each of ENCODINGS, by which `texts` and the names secrets go by are found."""
    wanted = {text for text in texts if len(text) >= _SHORTEST and text.isascii()}
    wanted.update(form for name in _NAMES for form in (name, name.upper(), name.capitalize()))
    base64 = {form for text in wanted for form in _base64_forms(text.encode()) if len(form) >= _SHORTEST}
    hexadecimal = {text.encode().hex() for text in wanted}
    return (
        Expression(pattern=_either(base64), caseless=False, literals=_lowered(base64)),
        Expression(pattern=_either(hexadecimal), caseless=True, literals=_lowered(hexadecimal)),
        Expression(pattern=_PERCENT, caseless=True, literals=("%3a", "%3d")),
    )


def runs(text: bytes, hits: Iterable[tuple[int, int]]) -> Iterator[Run]:
    """What the runs around `hits` (number of the encoding, offset where its expression matched ends) encode."""
    ends = [-1] * len(ENCODINGS)
    for encoding, hit in sorted(hits):
        if hit <= ends[encoding]:
            continue  # within the run before
        ends[encoding], found = _RUNS[encoding](text, hit)
        yield from found


_Found = tuple[int, list[Run]]
"""How far the stretch around a hit goes, and what it encodes."""


def _base64_runs(text: bytes, hit: int) -> _Found:
    """The longer run of the two alphabets (RFC 4648) that encodes a text."""
    places = [_reach(text, hit, alphabet) for alphabet in (_STANDARD, _URL_SAFE)]
    furthest = max(end for _, end in places)
    for start, end in sorted(places, key=lambda place: place[0] - place[1]):
        content = _from_base64(text[start:end])
        if content is not None:
            return furthest, [Run(start=start, end=end, encoding="base64", content=content)]
    return furthest, []


def _from_base64(run: bytes) -> bytes | None:
    """The text of a run that may begin with a few characters that do not belong to it; None when it has none."""
    digits = run.translate(_FROM_URL_SAFE)
    for skipped in range(4):
        part = digits[skipped:]
        part = part[: len(part) - 1] if len(part) % 4 == 1 else part
        content = a2b_base64(part + b"=" * (-len(part) % 4))
        if _is_text(content):
            return content
    return None


def _hex_runs(text: bytes, hit: int) -> _Found:
    start, end = _reach(text, hit, _HEX)
    start += (hit - start) % 2
    last = end - (end - start) % 2
    content = unhexlify(text[start:last])
    found = [Run(start=start, end=last, encoding="hex", content=content)] if _is_text(content) else []
    return end, found


def _percent_runs(text: bytes, hit: int) -> _Found:
    start, end = _reach(text, hit, _UNESCAPED)
    return end, [Run(start=start, end=end, encoding="percent", content=unquote_to_bytes(text[start:end]))]


_RUNS = (_base64_runs, _hex_runs, _percent_runs)


def _reach(text: bytes, hit: int, alphabet: bytes) -> tuple[int, int]:
    """Where the run of `alphabet` around `hit` begins and ends."""
    start = end = hit
    while start > max(0, hit - _REACH):
        piece = text[max(0, start - _STEP) : start]
        kept = len(piece) - len(piece.rstrip(alphabet))
        start -= kept
        if kept < len(piece):
            break
    while end < min(len(text), hit + _REACH):
        piece = text[end : end + _STEP]
        kept = len(piece) - len(piece.lstrip(alphabet))
        end += kept
        if kept < len(piece):
            break
    return start, end


def _is_text(content: bytes) -> bool:
    return len(content.translate(None, _PRINTABLE)) <= _NOISE * len(content)


def _base64_forms(text: bytes) -> Iterator[str]:
    """The characters that `text` alone decides, for each place it can have in a group of three bytes."""
    for before in range(3):
        whole = b64encode(b"\0" * before + text + b"\0\0").decode("ascii")
        yield whole[-(-before * 8 // 6) : (before + len(text)) * 8 // 6]


def _either(texts: set[str]) -> str:
    return "|".join("".join(c if c.isalnum() else f"\\x{ord(c):02x}" for c in text) for text in sorted(texts))


def _lowered(texts: set[str]) -> tuple[str, ...]:
    return tuple(sorted({text.lower() for text in texts}))
