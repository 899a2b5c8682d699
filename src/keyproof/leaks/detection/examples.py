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
from functools import partial
from itertools import count

from keyproof.leaks.detection.azure_keys import annotated, common_checksum, entra_checksum
from keyproof.leaks.detection.placeholders import is_placeholder
from keyproof.leaks.detection.proofs import (
    BECH32,
    base58check,
    bech32_checksum,
    crc32_base62,
    crc32_hex,
    gitlab_checksum,
    grafana_checksum,
    nkey_checksum,
)

_DIGITS, _LOWER = "0123456789", "abcdefghijklmnopqrstuvwxyz"
_UPPER = _LOWER.upper()
_ALPHABETS: Mapping[str, str] = {
    "alnum": _DIGITS + _UPPER + _LOWER,
    "alpha": _UPPER + _LOWER,
    "base32": _UPPER + "234567",
    "base64": _UPPER + _LOWER + _DIGITS + "+/",
    "base32lower": _LOWER + "234567",
    "base64url": _UPPER + _LOWER + _DIGITS + "-_",
    "base58": "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
    "bech32": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
    "digits": _DIGITS,
    "hex": "0123456789abcdef",
    "HEX": "0123456789ABCDEF",
    "lower": _DIGITS + _LOWER,
    "upper": _DIGITS + _UPPER,
}
_PART = re.compile(r"\{([A-Za-z0-9-]+)(?::(\d+))?\}")
_PKCS8 = bytes.fromhex("3082012c020100300d06092a864886f70d01010105000482")
"""How an RSA key of PKCS #8 begins: the sequence, version 0, rsaEncryption."""
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


def _checked(length: int, stream: Iterator[int]) -> str:
    body = _characters(_ALPHABETS["alnum"], length, stream)
    return body + crc32_base62(body.encode()).decode()


def _packagist(stream: Iterator[int]) -> str:
    head = f"packagist_ort_{_characters(_ALPHABETS['hex'], 60, stream)}"
    return head + crc32_hex(head.encode()).decode()


def _sentry(stream: Iterator[int]) -> str:
    issued = {
        "iat": 1700000000,
        "url": "https://sentry.io",
        "region_url": "https://us.sentry.io",
        "org": "metrics",
    }
    return f"sntrys_{_base64_object(json.dumps(issued))}_{_characters(_ALPHABETS['base64'], 43, stream)}"


def _github_fine_grained(stream: Iterator[int]) -> str:
    body = f"{_characters(_ALPHABETS['alnum'], 22, stream)}_{_characters(_ALPHABETS['alnum'], 53, stream)}"
    return body + crc32_base62(body.encode()).decode()


def _atlassian(head: str, length: int, stream: Iterator[int]) -> str:
    body = head + _characters(_ALPHABETS["alnum"], length, stream) + ("=" if length > 24 else "")
    return body + crc32_hex(body.encode()).decode().upper()


def _cloudflare(stream: Iterator[int]) -> str:
    body = _characters(_ALPHABETS["alnum"], 40, stream)
    return body + crc32_hex(body.encode()).decode()


def _grafana_token(stream: Iterator[int]) -> str:
    head = f"glsa_{_characters(_ALPHABETS['alnum'], 32, stream)}"
    return f"{head}_{grafana_checksum(head.encode()).decode()}"


def _azure(length: int, signature: str, seed: bytes, stream: Iterator[int]) -> str:
    text = _characters(_ALPHABETS["alnum"], length, stream) + signature + "A" * 6
    return annotated(base64.b64decode(text + "=" * (-len(text) % 4))[:-4], seed).decode()


def _azure_search(stream: Iterator[int]) -> str:
    while True:
        key = _azure(42, "AzSe", b"Query000", stream)
        if key.isalnum():  # Azure gives out no others
            return key


def _azure_common(signature: str, stream: Iterator[int], platform: str = "AC") -> str:
    random, reserved = (_characters(_ALPHABETS["alnum"], length, stream) for length in (52, 14))
    text = f"{random}JQQJ99BC{platform}{reserved}{signature}"
    return text + common_checksum(text.encode())[:4].decode()


def _entra(stream: Iterator[int]) -> str:
    text = f"{_characters(_ALPHABETS['alnum'], 3, stream)}8Q~{_characters(_ALPHABETS['alnum'], 31, stream)}"
    return text + entra_checksum(text.encode()).decode()


def _wrapped(content: bytes) -> str:
    text = base64.b64encode(content).decode()
    return "\n".join(text[at : at + 64] for at in range(0, len(text), 64))


def _pem(stream: Iterator[int]) -> str:
    return f"-----BEGIN PRIVATE KEY-----\n{_der(stream)}\n-----END PRIVATE KEY-----\n"


def _der(stream: Iterator[int]) -> str:
    return _wrapped(_PKCS8 + _bytes(274, stream))


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _jwt(claims: dict[str, str], stream: Iterator[int]) -> str:
    head = {"alg": "HS256", "typ": "JWT"}
    parts = [_base64url(json.dumps(part).encode()) for part in (head, claims)]
    return ".".join((*parts, _base64url(_bytes(32, stream))))


def _basic(stream: Iterator[int]) -> str:
    return base64.b64encode(f"deploy:{_characters(_ALPHABETS['alnum'], 18, stream)}".encode()).decode()


def _base64_object(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _grafana_legacy(stream: Iterator[int]) -> str:
    return _base64_object(f'{{"k":"{_characters(_ALPHABETS["alnum"], 32, stream)}","n":"metrics","id":1}}')


def _tunnel(stream: Iterator[int]) -> str:
    account, secret = (
        _characters(_ALPHABETS["hex"], 32, stream),
        _characters(_ALPHABETS["base64"], 44, stream),
    )
    return _base64_object(f'{{"a":"{account}","t":"{_uuid(stream)}","s":"{secret}"}}')


def _nkey_seed(kind: int, stream: Iterator[int]) -> str:
    head = bytes((18 << 3 | kind >> 5, (kind & 31) << 3)) + _bytes(32, stream)
    return base64.b32encode(head + nkey_checksum(head)).decode().rstrip("=")


def _bech32(prefix: str, stream: Iterator[int]) -> str:
    data = [next(stream) % 32 for _ in range(52)]
    remainder = bech32_checksum(prefix, [*data, 0, 0, 0, 0, 0, 0]) ^ 1
    data += [remainder >> 5 * place & 31 for place in range(5, -1, -1)]
    return f"{prefix}1{''.join(BECH32[one] for one in data)}"


def _extended_key(stream: Iterator[int]) -> str:
    return base58check(b"\x04\x88\xad\xe4" + _bytes(41, stream) + b"\0" + _bytes(32, stream)).decode()


def _pypi(stream: Iterator[int]) -> str:
    return "pypi-" + _base64url(b"\x02\x01\x08pypi.org\x02\x24" + _uuid(stream).encode() + _bytes(80, stream))


_STRUCTURES: Mapping[str, Callable[[Iterator[int]], str]] = {
    "age-key": lambda stream: _bech32("age-secret-key-", stream).upper(),
    "atlassian-token": partial(_atlassian, "ATATT3xFfGF0", 171),
    "azure-bus-key": partial(_azure, 33, "+ASb", b"Send0000"),
    "azure-common-key": partial(_azure_common, "ACOG"),
    "azure-devops-token": partial(_azure_common, "AZDO"),
    "azure-function-key": partial(_azure, 44, "AzFu", b"Functi00"),
    "azure-registry-password": partial(_azure, 42, "+ACR", b"ACRDflt0"),
    "azure-search-key": _azure_search,
    "azure-storage-key": partial(_azure, 76, "+ASt", b"Default0"),
    "bare-key": lambda stream: base64.b64encode(_PKCS8 + _bytes(274, stream)).decode(),
    "base64-pem": lambda stream: base64.b64encode(_pem(stream).encode()).decode(),
    "basic": _basic,
    "bitbucket-password": partial(_atlassian, "ATBB", 24),
    "bitbucket-token": partial(_atlassian, "ATCTT3xFfGN0", 171),
    "cloudflare-body": _cloudflare,
    "der-key": _der,
    "entra-secret": _entra,
    "github-body": lambda stream: _checked(30, stream),
    "github-fine-grained-body": _github_fine_grained,
    "grafana-key": _grafana_legacy,
    "grafana-token": _grafana_token,
    "jwt": lambda stream: _jwt({"sub": _uuid(stream), "aud": "billing"}, stream),
    "nkey-account-seed": lambda stream: _nkey_seed(0, stream),
    "nkey-seed": lambda stream: _nkey_seed(20 << 3, stream),
    "nsec": lambda stream: _bech32("nsec", stream),
    "openssh-key": lambda stream: _wrapped(_OPENSSH + _bytes(300, stream)),
    "nuget-key": partial(_azure_common, "NUGT", platform="N5"),
    "packagist-token": _packagist,
    "pgp-key": lambda stream: _wrapped(b"\x95\x01\xfe\x04" + _bytes(300, stream)),
    "polar-body": lambda stream: _checked(37, stream),
    "pypi": _pypi,
    "sample-jwt": lambda stream: _jwt({"sub": "1234567890", "name": "John Doe"}, stream),
    "sentry-org": _sentry,
    "tunnel": _tunnel,
    "uuid": _uuid,
    "vercel-body": lambda stream: _checked(50, stream),
    "xprv": _extended_key,
}
"""Generators of whole structures, by name."""


def gitlab_token(prefix: str, seed: str) -> bytes:
    """A routable GitLab token with a valid checksum; its digits cover the prefix, so no template can write it."""
    head = f"{prefix}-{_characters(_ALPHABETS['base64url'], 37, _stream(seed))}.01.0z".encode()
    return head + gitlab_checksum(head)
