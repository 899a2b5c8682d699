"""Ed25519 keys and signatures (RFC 8032) for evidence bundles, in the PEM files that other tools read."""

import os
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from keyproof.errors import StoreError

SIGNATURE_LENGTH = 64
_SPKI = bytes.fromhex("302a300506032b6570032100")
"""What stands before the 32 bytes of the key (RFC 8410, section 4)."""


def _library() -> Any:
    try:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 (an extra)
    except ImportError:
        hint = 'run: pip install "keyproof[signing]"'
        raise StoreError("the 'signing' extra is not installed", hint=hint) from None
    return serialization


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Whose signature it is."""

    raw: bytes

    @property
    def pem(self) -> bytes:
        """The key as SubjectPublicKeyInfo (RFC 8410) in PEM, as `openssl` reads it."""
        text = b64encode(_SPKI + self.raw)
        return b"-----BEGIN PUBLIC KEY-----\n" + text + b"\n-----END PUBLIC KEY-----\n"

    @classmethod
    def parse(cls, pem: bytes) -> "PublicKey":
        """The key of exactly what `pem` gives. Raises ValueError for any other text."""
        found = cls(b64decode(b"".join(pem.splitlines()[1:-1]))[len(_SPKI) :])
        if found.pem != pem:
            raise ValueError("no Ed25519 key in PEM")
        return found

    @property
    def fingerprint(self) -> str:
        """sha256 of the raw key, hex."""
        return sha256(self.raw).hexdigest()

    def signed(self, content: bytes, signature: bytes) -> bool:
        """Whether `signature` of `content` was made with its private key. Raises StoreError without the extra."""
        _library()
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 (an extra)
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, content)
        except InvalidSignature:
            return False
        return True

    @classmethod
    def load(cls, path: Path) -> "PublicKey":
        """Read a PEM file. Raises StoreError when it holds no public Ed25519 key."""
        serialization = _library()
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

        try:
            key = serialization.load_pem_public_key(path.read_bytes())
        except (OSError, ValueError) as cause:
            raise StoreError(f"{path} cannot be read as a public key: {_reason(cause)}") from None
        if not isinstance(key, Ed25519PublicKey):
            raise StoreError(f"{path} holds no Ed25519 key", hint="make one: keyproof runs key FILE")
        return cls(key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw))


class SigningKey:
    """A private key: nothing of it is ever printed."""

    def __init__(self, key: Any) -> None:
        self._key = key

    @property
    def public(self) -> PublicKey:
        """The other half."""
        serialization = _library()
        form = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return PublicKey(self._key.public_key().public_bytes(*form))

    def sign(self, content: bytes) -> bytes:
        """The signature of `content`, 64 bytes, the same every time."""
        return bytes(self._key.sign(content))

    @classmethod
    def load(cls, path: Path) -> "SigningKey":
        """Read a PEM file. Raises StoreError when it holds no private Ed25519 key or others can read it."""
        serialization = _library()
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

        try:
            if path.stat().st_mode & 0o077:
                raise StoreError(f"{path} can be read by others", hint=f"run: chmod 600 {path}")
            key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as cause:
            raise StoreError(f"{path} cannot be read as a signing key: {_reason(cause)}") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise StoreError(f"{path} holds no Ed25519 key", hint="make one: keyproof runs key FILE")
        return cls(key)


def make_key(path: Path) -> PublicKey:
    """Write a new private key to `path` and its public half to `path` with `.pub` added.

    Raises StoreError when either is there already or cannot be written: a key is never replaced.
    """
    serialization = _library()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = SigningKey(key).public
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_new(path, private, 0o600)
        _write_new(path.with_name(path.name + ".pub"), public.pem, 0o644)
    except OSError as cause:
        raise StoreError(f"{cause.filename} cannot be written: {cause.strerror}") from None
    return public


def _write_new(path: Path, content: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def _reason(cause: Exception) -> str:
    return (isinstance(cause, OSError) and cause.strerror) or "it is damaged or of another kind"
