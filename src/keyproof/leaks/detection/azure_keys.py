"""The checksums Microsoft puts into the keys of Azure, and what they prove.

Each kind of key has a signature of four characters and seeds of its own; the checksum is Marvin32 over all
bytes before it. Source: https://github.com/microsoft/security-utilities, IdentifiableSecrets and
IdentifiableMetadata.
"""

import base64
import binascii
from collections.abc import Mapping

from keyproof.leaks.detection.digits import BASE62, base_n

_MASK = 0xFFFFFFFF
_MESSAGING = (b"Send0000", b"Listen00", b"Manage00", b"System00", b"Unknown0")
_SEEDS: Mapping[bytes, tuple[bytes, ...]] = {
    b"+ABa": (b"AbAcct00",),
    b"+ACR": (b"ACRDflt0",),
    b"+AEh": _MESSAGING,
    b"+AMC": (b"Classic0",),
    b"+ARm": _MESSAGING,
    b"+ASb": _MESSAGING,
    b"+ASt": (b"Default0",),
    b"ACDb": (b"MastRW00", b"MastRO00", b"SystRW00", b"SystRO00", b"SysAll00", b"Resour00", b"Encryp00"),
    b"AIoT": (b"IoTHub00", b"Device00", b"DpsKey00"),
    b"APIM": (b"Tenant00", b"IoTHub00", b"Gatewy00", b"GitKey00"),
    b"AZEG": (b"SendRecv",),
    b"AzCa": (b"Access00",),
    b"AzFu": (b"Functi00", b"Master00", b"System00"),
    b"AzSe": (b"Query000", b"PAdmin00"),
}
"""Signature → the seeds of the kinds of key it stands for."""
_COMMON_SEED = b"Default0"
_ENTRA_SEED = b"AadPwd00"
_ENTRA_DIGITS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890.-_~"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_COMMON_HEAD = 80
"""Characters of a common annotated key its checksum covers."""


def marvin32(data: bytes, seed: bytes) -> bytes:
    """The checksum, low byte first, of `data` under a seed of eight bytes."""
    low, high = int.from_bytes(seed[4:]), int.from_bytes(seed[:4])
    whole = len(data) // 4 * 4
    for at in range(0, whole, 4):
        low, high = _mixed(low + int.from_bytes(data[at : at + 4], "little") & _MASK, high)
    low, high = _mixed(low + int.from_bytes(data[whole:] + b"\x80", "little") & _MASK, high)
    low, high = _mixed(low, high)
    return (low ^ high).to_bytes(4, "little")


def _mixed(low: int, high: int) -> tuple[int, int]:
    high ^= low
    low = _turned(low, 20) + high & _MASK
    high = _turned(high, 9) ^ low
    low = _turned(low, 27) + high & _MASK
    return low, _turned(high, 19)


def _turned(value: int, bits: int) -> int:
    return (value << bits | value >> 32 - bits) & _MASK


def is_annotated(secret: bytes) -> bool:
    """Whether an annotated key (`…+ASt` and six characters) carries a checksum of its signature's seeds."""
    text = secret.rstrip(b"=").translate(_URL_SAFE)
    try:
        decoded = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return False
    head, checksum = decoded[:-4], decoded[-4:]
    return any(marvin32(head, seed) == checksum for seed in _SEEDS.get(text[-10:-6], ()))


def annotated(head: bytes, seed: bytes) -> bytes:
    """The Base64 of the bytes of an annotated key up to its checksum, and of the checksum."""
    return base64.b64encode(head + marvin32(head, seed))


def is_common(secret: bytes) -> bool:
    """Whether a common annotated key (`…JQQJ99…`, 84 or 88 characters) carries its checksum."""
    head, checksum = secret[:_COMMON_HEAD], secret[_COMMON_HEAD:].rstrip(b"=")
    return len(checksum) >= 4 and common_checksum(head).startswith(checksum)


def common_checksum(head: bytes) -> bytes:
    """The six digits that follow the first 80 characters of a common annotated key, which keeps four or six."""
    checksum = marvin32(base64.b64decode(head), _COMMON_SEED)
    return base_n(int.from_bytes(checksum), BASE62, 0).ljust(6, b"0")


def is_entra(secret: bytes) -> bool:
    """Whether a client secret of Microsoft Entra (`…8Q~…`) ends in the first three digits of its checksum."""
    return secret[3:6] == b"8Q~" and entra_checksum(secret[:-3]) == secret[-3:]


def entra_checksum(head: bytes) -> bytes:
    """The three characters at the end of a client secret whose other characters are `head`."""
    return base_n(int.from_bytes(marvin32(head, _ENTRA_SEED), "little"), _ENTRA_DIGITS, 6)[:3]
