"""Checks a secret carries in itself: checksums and structures that no chance text has."""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from keyproof.leaks.detection.azure_keys import is_annotated, is_common, is_entra
from keyproof.leaks.detection.digits import BASE36, BASE58, BASE62, base_n
from keyproof.leaks.detection.placeholders import is_filler, is_placeholder

BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
"""The 32 digits of BIP-173, in order."""
_BECH32_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_DER_VERSION = re.compile(
    rb"(?s)\x30(?:[\x20-\x7f]|\x81.|\x82..)\x02\x01[\x00\x01](?:\x02[\x81\x82\x40-\x7f]|[\x04\x30])"
)
_ARMOUR_NOISE = re.compile(rb"""\\[nrt]|["'`,;\\\s]|(?<=["'\s])\+(?=["'\s])""")
_ARMOUR_HEADER = re.compile(rb"(?m)^[ \t]*(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset):[^\r\n\\]*")
_LONG_RUN = re.compile(rb"(.)\1{15}")
"""In the values that Microsoft's own tests show."""
_KEY_STARTS = (b"openssh-key-v1\0\0\0\0\4none", b"\x94", b"\x95", b"\x97", b"\xc5", b"\xc7")
"""OpenSSH's magic and no cipher; OpenPGP secret key packets, old and new form (RFC 9580, 4.2)."""


def crc32_base62(text: bytes) -> bytes:
    """The six digits GitHub, npm, Polar and Vercel append to the random part of a token.

    Source: https://github.blog/engineering/behind-githubs-new-authentication-token-formats/
    """
    return base_n(zlib.crc32(text), BASE62, 6)


def _github(secret: bytes) -> bool:
    """A fine-grained token's checksum covers both of its random parts and the underscore between them."""
    head, _, fine_grained = secret.partition(b"github_pat_")
    body = fine_grained if not head else secret.rpartition(b"_")[2]
    return len(body) > 6 and crc32_base62(body[:-6]) == body[-6:]


def _atlassian(secret: bytes) -> bool:
    """Eight upper-case digits at the end, over all before them; https://github.com/Samsung/CredSweeper checks them."""
    return crc32_hex(secret[:-8]).upper() == secret[-8:]


def _cloudflare(secret: bytes) -> bool:
    """Eight digits at the end, over the 40 characters between them and the prefix.

    That there is a checksum is said by https://developers.cloudflare.com/fundamentals/api/get-started/token-formats/
    """
    body = secret.partition(b"_")[2]
    return crc32_hex(body[:-8]) == body[-8:]


def _grafana(secret: bytes) -> bool:
    """Eight digits after the last underscore, low byte first, over all before it; so CredSweeper checks them too."""
    head, _, checksum = secret.rpartition(b"_")
    return grafana_checksum(head) == checksum


def crc32_hex(text: bytes) -> bytes:
    """The CRC-32 of `text` in eight lower-case digits."""
    return b"%08x" % zlib.crc32(text)


def grafana_checksum(head: bytes) -> bytes:
    """The eight digits at the end of a service account token, over all before the underscore."""
    return zlib.crc32(head).to_bytes(4, "little").hex().encode()


def gitlab_checksum(head: bytes) -> bytes:
    """The seven digits at the end of a routable token `glpat-payload.01.llccccccc`, over all before them.

    Source: https://handbook.gitlab.com/handbook/engineering/architecture/design-documents/cells/routable_tokens/
    """
    return base_n(zlib.crc32(head), BASE36, 7)


def _packagist(secret: bytes) -> bool:
    """Eight digits at the end, over all before them.

    Source: https://github.com/packagist/private-packagist-docs/blob/master/docs/composer-authentication.md
    """
    return crc32_hex(secret[:-8]) == secret[-8:]


def _sentry(secret: bytes) -> bool:
    """Base64 of an object that tells when and where it was issued, between the prefix and the random part.

    Source: https://github.com/getsentry/sentry/blob/master/src/sentry/utils/security/orgauthtoken_token.py
    """
    try:
        issued = json.loads(base64.b64decode(secret.split(b"_")[1], validate=True))
    except (IndexError, ValueError, RecursionError):
        return False
    return isinstance(issued, dict) and "iat" in issued


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
    return base_n(int.from_bytes(whole), BASE58, 0)


def _base58check(secret: bytes) -> bool:
    number = 0
    for digit in secret[:200]:
        place = BASE58.find(digit)
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
    "atlassian-crc32": _atlassian,
    "azure-annotated": is_annotated,
    "azure-common-annotated": is_common,
    "base58check": _base58check,
    "base64-json": _base64_json,
    "base64-pem": _base64_pem,
    "basic-auth": _basic,
    "bech32": _bech32,
    "cloudflare-crc32": _cloudflare,
    "crc32-base62": _github,
    "der-key": _der_key,
    "entra-checksum": is_entra,
    "github-crc32": _github,
    "gitlab-crc32": _gitlab,
    "grafana-crc32": _grafana,
    "jwt": _jwt,
    "nkey": _nkey,
    "npm-crc32": _github,
    "packagist-crc32": _packagist,
    "pem": _pem,
    "pypi-macaroon": _pypi,
    "sentry-payload": _sentry,
}
"""Name as in a detector file → whether the whole secret passes."""
_AZURE = frozenset({"azure-annotated", "azure-common-annotated", "entra-checksum"})


def is_sample(proof: str, secret: bytes) -> bool:
    """Whether a proven value is one that is shown: John Doe's token, RFC 7519's `joe`, `user:password`, `aaaa…+ASt`."""
    if proof == "jwt" and (parts := jwt_parts(secret)) is not None:
        claims = parts[1]
        texts = [value.encode() for value in claims.values() if isinstance(value, str)]
        known = (claims.get("sub"), claims.get("name"), claims.get("iss"))
        shown = bool(texts) and all(text and is_filler(text) for text in texts)
        return shown or known[0] == "1234567890" or known[1] == "John Doe" or known[2] == "joe"
    if proof in _AZURE:
        return bool(_LONG_RUN.search(secret))
    if proof == "sentry-payload":
        return is_placeholder(secret.rpartition(b"_")[2])
    return proof == "basic-auth" and is_filler(_basic_password(secret))
