"""What an X.509 certificate says of itself: its dates, key, names and issuer."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from keyproof.errors import MissingExtraError

_FIXED = {"ed25519": 256, "ed448": 456}
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The facts of one certificate."""

    subject: str
    issuer: str
    serial: str
    """In hexadecimal."""
    begins: datetime
    ends: datetime
    names: tuple[str, ...]
    """The names and addresses it is for."""
    key_type: str
    """e.g. `rsa`, `secp256r1`, `ed25519`."""
    key_bits: int
    signature: str
    """The hash of its signature, e.g. `sha256`; empty where the algorithm has none of its own."""
    self_signed: bool


def read_certificate(der: bytes, *, scope: str) -> Certificate:
    """Read one certificate. Raises MissingExtraError, and ValueError for anything else than one."""
    try:
        from cryptography import x509  # noqa: PLC0415 (only a scan of this source needs it)
    except ImportError:
        raise MissingExtraError(scope=scope, extra="tls") from None
    found = x509.load_der_x509_certificate(der)
    key = found.public_key()
    type_, bits = _key(key)
    hashed = found.signature_hash_algorithm
    return Certificate(
        subject=found.subject.rfc4514_string(),
        issuer=found.issuer.rfc4514_string(),
        serial=f"{found.serial_number:x}",
        begins=found.not_valid_before_utc,
        ends=found.not_valid_after_utc,
        names=tuple(_names(found)),
        key_type=type_,
        key_bits=bits,
        signature=hashed.name if hashed else "",
        self_signed=_signed_by_itself(found),
    )


def certificates_in(data: bytes) -> Iterator[bytes]:
    """The DER of every certificate in a file: PEM blocks, or one in DER. Keys beside them are not looked at."""
    if _BEGIN not in data:
        if data[:1] == b"\x30":
            yield data
        return
    for block in data.split(_BEGIN)[1:]:
        text = block.partition(_END)[0]
        try:
            yield base64.b64decode(b"".join(text.split()), validate=True)
        except binascii.Error:
            raise ValueError("a certificate in it is damaged") from None


def _key(key: Any) -> tuple[str, int]:
    name = type(key).__name__.lower()
    if curve := getattr(key, "curve", None):
        return str(curve.name), int(curve.key_size)
    kinds = (kind for kind in ("ed25519", "ed448", "rsa", "dsa") if kind in name)
    kind = next(kinds, name)
    return kind, int(getattr(key, "key_size", _FIXED.get(kind, 0)))


def _names(found: Any) -> Iterator[str]:
    from cryptography import x509  # noqa: PLC0415 (as above)

    try:
        extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return
    for name in extension.value:
        yield str(name.value)


def _signed_by_itself(found: Any) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 (as above)

    if found.issuer != found.subject:
        return False
    try:
        found.verify_directly_issued_by(found)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True
