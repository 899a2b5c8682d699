"""Writes out the examples of detector files, so that no file needs to hold a whole credential.

`{alnum:36}` stands for generated characters, `[[` and `]]` enclose the secret (without them it is the
whole text). The same detector and text always give the same characters.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from keyproof.leaks.detection.placeholders import is_placeholder
from keyproof.leaks.detection.proofs import crc32_base62, gitlab_checksum

_DIGITS, _LOWER = "0123456789", "abcdefghijklmnopqrstuvwxyz"
_UPPER = _LOWER.upper()
_ALPHABETS: Mapping[str, str] = {
    "alnum": _DIGITS + _UPPER + _LOWER,
    "alpha": _UPPER + _LOWER,
    "base32": _UPPER + "234567",
    "base64": _UPPER + _LOWER + _DIGITS + "+/",
    "base64url": _UPPER + _LOWER + _DIGITS + "-_",
    "bech32": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
    "digits": _DIGITS,
    "hex": "0123456789abcdef",
    "HEX": "0123456789ABCDEF",
    "lower": _DIGITS + _LOWER,
    "upper": _DIGITS + _UPPER,
}
_PART = re.compile(r"\{([A-Za-z0-9-]+)(?::(\d+))?\}")
_OPENSSH = b"openssh-key-v1\0\0\0\0\4none"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Example:
    """A text to search and where its secret stands."""

    text: bytes
    start: int
    end: int


def expand(template: str, seed: str) -> Example:
    """Write out `template`; `seed` makes the generated characters. Raises KeyError for an unknown generator."""
    stream = _stream(seed + template)
    text = _PART.sub(lambda part: _generate(part, stream), template)
    start = text.find("[[")
    if start < 0:
        return Example(text=text.encode(), start=0, end=len(text.encode()))
    before, _, rest = text.partition("[[")
    secret, _, after = rest.partition("]]")
    begin = len(before.encode())
    return Example(text=(before + secret + after).encode(), start=begin, end=begin + len(secret.encode()))


def _stream(seed: str) -> Iterator[int]:
    for block in count():
        yield from hashlib.sha256(f"{block} {seed}".encode()).digest()


def _generate(part: re.Match[str], stream: Iterator[int]) -> str:
    name, length = part[1], int(part[2] or 0)
    if name in _ALPHABETS and length:
        return _characters(_ALPHABETS[name], length, stream)
    if name not in _STRUCTURES and part.string[: part.start()].endswith(("$", "#")):
        return part[0]  # a variable, as written in an example of a reference
    return _STRUCTURES[name](stream)


def _characters(alphabet: str, length: int, stream: Iterator[int]) -> str:
    for _ in range(100):
        text = "".join(alphabet[next(stream) % len(alphabet)] for _ in range(length))
        boundary = text[0].isalnum() and text[-1].isalnum()
        if boundary and not is_placeholder(text.encode()):
            break
    return text


def _bytes(length: int, stream: Iterator[int]) -> bytes:
    return bytes(next(stream) for _ in range(length))


def _uuid(stream: Iterator[int]) -> str:
    return "-".join(_characters(_ALPHABETS["hex"], length, stream) for length in (8, 4, 4, 4, 12))


def _github(stream: Iterator[int]) -> str:
    body = _characters(_ALPHABETS["alnum"], 30, stream)
    return body + crc32_base62(body.encode()).decode()


def _wrapped(content: bytes) -> str:
    text = base64.b64encode(content).decode()
    return "\n".join(text[at : at + 64] for at in range(0, len(text), 64))


def _pem(stream: Iterator[int]) -> str:
    return f"-----BEGIN PRIVATE KEY-----\n{_der(stream)}\n-----END PRIVATE KEY-----\n"


def _der(stream: Iterator[int]) -> str:
    return _wrapped(b"\x30\x82\x01\x2c" + _bytes(300, stream))


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _jwt(claims: dict[str, str], stream: Iterator[int]) -> str:
    head = {"alg": "HS256", "typ": "JWT"}
    parts = [_base64url(json.dumps(part).encode()) for part in (head, claims)]
    return ".".join((*parts, _base64url(_bytes(32, stream))))


def _basic(stream: Iterator[int]) -> str:
    return base64.b64encode(f"deploy:{_characters(_ALPHABETS['alnum'], 18, stream)}".encode()).decode()


_STRUCTURES: Mapping[str, Callable[[Iterator[int]], str]] = {
    "base64-pem": lambda stream: base64.b64encode(_pem(stream).encode()).decode(),
    "basic": _basic,
    "der-key": _der,
    "github-body": _github,
    "jwt": lambda stream: _jwt({"sub": _uuid(stream), "aud": "billing"}, stream),
    "openssh-key": lambda stream: _wrapped(_OPENSSH + _bytes(300, stream)),
    "pgp-key": lambda stream: _wrapped(b"\x95\x01\xfe\x04" + _bytes(300, stream)),
    "sample-jwt": lambda stream: _jwt({"sub": "1234567890", "name": "John Doe"}, stream),
    "uuid": _uuid,
}
"""Generators of whole structures, by name."""


def gitlab_token(prefix: str, seed: str) -> bytes:
    """A routable GitLab token with a valid checksum; its digits cover the prefix, so no template can write it."""
    head = f"{prefix}-{_characters(_ALPHABETS['base64url'], 37, _stream(seed))}.01.0z".encode()
    return head + gitlab_checksum(head)
