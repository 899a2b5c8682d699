"""Checks a secret carries in itself: checksums and structures that no chance text has."""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from keyproof.leaks.detection.placeholders import is_filler

_BASE62 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE36 = b"0123456789abcdefghijklmnopqrstuvwxyz"
_BASE58 = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
"""The 32 digits of BIP-173, in order."""
_BECH32_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_DER_VERSION = re.compile(
    rb"(?s)\x30(?:[\x20-\x7f]|\x81.|\x82..)\x02\x01[\x00\x01](?:\x02[\x81\x82\x40-\x7f]|[\x04\x30])"
)
_ARMOUR_NOISE = re.compile(rb"""\\[nrt]|["'`,;\\\s]|(?<=["'\s])\+(?=["'\s])""")
_ARMOUR_HEADER = re.compile(rb"(?m)^[ \t]*(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset):[^\r\n\\]*")
_KEY_STARTS = (b"openssh-key-v1\0\0\0\0\4none", b"\x94", b"\x95", b"\x97", b"\xc5", b"\xc7")
"""OpenSSH's magic and no cipher; OpenPGP secret key packets, old and new form (RFC 9580, 4.2)."""


def base_n(number: int, alphabet: bytes, length: int) -> bytes:
    """`number` in the given digits, padded with the first of them."""
    digits = bytearray()
    while number:
        number, rest = divmod(number, len(alphabet))
        digits.append(alphabet[rest])
    return bytes(digits[::-1]).rjust(length, alphabet[:1])


def crc32_base62(text: bytes) -> bytes:
    """The six digits GitHub and npm append to the random part of a token.

    Source: https://github.blog/engineering/behind-githubs-new-authentication-token-formats/
    """
    return base_n(zlib.crc32(text), _BASE62, 6)


def _github(secret: bytes) -> bool:
    body = secret.rsplit(b"_", 1)[-1]
    return len(body) > 6 and crc32_base62(body[:-6]) == body[-6:]


def gitlab_checksum(head: bytes) -> bytes:
    """The seven digits at the end of a routable token `glpat-payload.01.llccccccc`, over all before them.

    Source: https://handbook.gitlab.com/handbook/engineering/architecture/design-documents/cells/routable_tokens/
    """
    return base_n(zlib.crc32(head), _BASE36, 7)


def _gitlab(secret: bytes) -> bool:
    return len(secret) > 7 and gitlab_checksum(secret[:-7]) == secret[-7:]


def jwt_parts(secret: bytes) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Header and claims of a signed JSON web token (RFC 7519), or None when it does not parse."""
    parts = secret.split(b".")
    if len(parts) != 3:
        return None
    try:
        header, claims = (json.loads(_base64url(part)) for part in parts[:2])
        signature = _base64url(parts[2])
    except (ValueError, RecursionError):
        return None
    if not (isinstance(header, dict) and isinstance(claims, dict)) or len(signature) < 16:
        return None
    return (header, claims) if isinstance(header.get("alg"), str) else None


def _base64url(text: bytes) -> bytes:
    return base64.b64decode(text + b"=" * (-len(text) % 4), b"-_", validate=True)


def _jwt(secret: bytes) -> bool:
    return jwt_parts(secret) is not None


def armoured_body(secret: bytes) -> bytes:
    """The Base64 of a PEM or OpenPGP key without headers, line ends, quotes and escapes.

    The same key therefore has the same fingerprint in a `.pem`, in JSON and in a source file.
    """
    plain = secret.replace(b"\\r", b"").replace(b"\\n", b"\n")
    body = _ARMOUR_NOISE.sub(b"", _ARMOUR_HEADER.sub(b"", plain))
    return re.sub(rb"(?<==)=[A-Za-z0-9+/]{4}$|=[A-Za-z0-9+/]{4}$", b"", body)  # OpenPGP's own checksum


def _pem(secret: bytes) -> bool:
    """A key that opens without a passphrase; an encrypted one may be a secret, but nothing shows that it is."""
    body = armoured_body(secret)
    try:
        decoded = base64.b64decode(body + b"=" * (-len(body) % 4), validate=True)
    except binascii.Error:
        return False
    if len(decoded) < 32 or b"DEK-Info" in secret:
        return False
    return decoded.startswith(_KEY_STARTS) or bool(_DER_VERSION.match(decoded))


def _base64_json(secret: bytes) -> bool:
    try:
        decoded = json.loads(base64.b64decode(secret + b"=" * (-len(secret) % 4)))
    except (ValueError, RecursionError):
        return False
    return isinstance(decoded, dict)


def _basic(secret: bytes) -> bool:
    """Base64 of `user:password` in printable characters (RFC 7617)."""
    return bool(_basic_password(secret))


def _basic_password(secret: bytes) -> bytes:
    try:
        user, _, password = base64.b64decode(secret, validate=True).decode().partition(":")
    except ValueError:
        return b""
    return password.encode() if (user + password).isprintable() else b""


def _base64_pem(secret: bytes) -> bool:
    try:
        return base64.b64decode(secret, validate=True).startswith(b"-----BEGIN ")
    except binascii.Error:
        return False


def nkey_checksum(head: bytes) -> bytes:
    """The two bytes at the end of a decoded NATS NKey: CRC-16/XMODEM, low byte first.

    Source: https://github.com/nats-io/nkeys#encoding
    """
    return binascii.crc_hqx(head, 0).to_bytes(2, "little")


def _nkey(secret: bytes) -> bool:
    try:
        decoded = base64.b32decode(secret + b"=" * (-len(secret) % 8))
    except binascii.Error:
        return False
    return len(decoded) > 32 and nkey_checksum(decoded[:-2]) == decoded[-2:]


def bech32_checksum(prefix: str, data: Sequence[int]) -> int:
    """1 when the six checksum values at the end of `data` are right (BIP-173)."""
    values = [ord(one) >> 5 for one in prefix] + [0] + [ord(one) & 31 for one in prefix] + list(data)
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_BECH32_GENERATORS):
            checksum ^= generator if top >> bit & 1 else 0
    return checksum


def _bech32(secret: bytes) -> bool:
    prefix, _, data = secret.decode("latin-1").lower().rpartition("1")
    values = [BECH32.find(one) for one in data]
    return bool(prefix) and len(values) > 6 and min(values) >= 0 and bech32_checksum(prefix, values) == 1


def base58check(payload: bytes) -> bytes:
    """A payload and the first four bytes of its double SHA-256, in base 58 (Bitcoin's Base58Check)."""
    whole = payload + sha256(sha256(payload).digest()).digest()[:4]
    return base_n(int.from_bytes(whole), _BASE58, 0)


def _base58check(secret: bytes) -> bool:
    number = 0
    for digit in secret[:200]:
        place = _BASE58.find(digit)
        if place < 0:
            return False
        number = number * 58 + place
    whole = number.to_bytes((number.bit_length() + 7) // 8)
    return len(whole) > 32 and base58check(whole[:-4]) == secret


def _der_key(secret: bytes) -> bool:
    """Base64 of PKCS #1, PKCS #8 or SEC 1: an ASN.1 sequence that begins with a small version number."""
    try:
        decoded = base64.b64decode(secret[:64], validate=True)
    except binascii.Error:
        return False
    return bool(_DER_VERSION.match(decoded))


def _pypi(secret: bytes) -> bool:
    """A macaroon of version 2 whose location is pypi.org, with an identifier after it (https://pypi.org/help/#apitoken)."""
    body = secret.partition(b"-")[2]
    try:
        decoded = base64.b64decode(body + b"=" * (-len(body) % 4), b"-_")
    except binascii.Error:
        return False
    return decoded.startswith((b"\x02\x01\x08pypi.org\x02", b"\x02\x01\x0dtest.pypi.org\x02"))


PROOFS: Mapping[str, Callable[[bytes], bool]] = {
    "base58check": _base58check,
    "base64-json": _base64_json,
    "base64-pem": _base64_pem,
    "basic-auth": _basic,
    "bech32": _bech32,
    "der-key": _der_key,
    "github-crc32": _github,
    "gitlab-crc32": _gitlab,
    "jwt": _jwt,
    "nkey": _nkey,
    "npm-crc32": _github,
    "pem": _pem,
    "pypi-macaroon": _pypi,
}
"""Name as in a detector file → whether the whole secret passes."""


def is_sample(proof: str, secret: bytes) -> bool:
    """Whether a proven value is one every tutorial shows: John Doe's token, RFC 7519's `joe`, `user:password`."""
    if proof == "jwt" and (parts := jwt_parts(secret)) is not None:
        claims = parts[1]
        texts = [value.encode() for value in claims.values() if isinstance(value, str)]
        known = (claims.get("sub"), claims.get("name"), claims.get("iss"))
        shown = bool(texts) and all(text and is_filler(text) for text in texts)
        return shown or known[0] == "1234567890" or known[1] == "John Doe" or known[2] == "joe"
    return proof == "basic-auth" and is_filler(_basic_password(secret))
