"""Text that looks like live credentials and is none: made at run time, so that no file holds it whole."""

import base64
import hashlib
import string
import zlib

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def letters(seed: str, length: int, alphabet: str = _BASE62) -> str:
    """`length` characters that look random and are the same for the same `seed`."""
    stream = b"".join(hashlib.sha256(f"{seed}/{n}".encode()).digest() for n in range(length // 32 + 1))
    return "".join(alphabet[byte % len(alphabet)] for byte in stream[:length])


def aws_access_key(seed: str) -> str:
    """An access key id of no account."""
    return "AK" + "IA" + letters(seed, 16, string.ascii_uppercase + "234567")


def github_token(seed: str) -> str:
    """A personal access token of nobody, with a checksum that holds (base62 of the CRC32)."""
    body = letters(seed, 30)
    checksum, digits = zlib.crc32(body.encode()), ""
    while checksum:
        checksum, digit = divmod(checksum, 62)
        digits = _BASE62[digit] + digits
    return "gh" + "p_" + body + digits.rjust(6, "0")


def slack_webhook(seed: str) -> str:
    """A webhook of no workspace."""
    parts = ("T" + letters(seed, 8).upper(), "B" + letters(seed + "b", 8).upper(), letters(seed + "c", 24))
    return "https://hooks.slack" + ".com/services/" + "/".join(parts)


def database_url(seed: str) -> str:
    """A connection string to no database."""
    return "postgresql" + "://content_app:" + letters(seed, 24) + "@db.internal:5432/content"


def private_key(seed: str) -> str:
    """The shape of an EC private key, with no key in it."""
    body = base64.b64encode(hashlib.sha512(seed.encode()).digest() * 2).decode()
    lines = "\n".join(body[start : start + 64] for start in range(0, len(body), 64))
    kind = "EC PRIVATE" + " KEY"
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n"
