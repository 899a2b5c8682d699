"""A cryptographic key is long enough for its type."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar

from pydantic import Field, PositiveInt

from keyproof.check_model import CheckModel
from keyproof.domain.at_rest import holds_no_value
from keyproof.domain.check import Context
from keyproof.domain.declared import is_row, judged_elsewhere
from keyproof.domain.deletion import not_kept
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.stated import stated, stated_number, why_unstated
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Severity, Verdict


class KeyFamily(StrEnum):
    """Kinds of keys whose lengths can be compared with each other."""

    RSA = "rsa"
    DSA = "dsa"
    EC = "ec"
    """Curves over prime fields, such as P-256 and secp384r1."""
    ED25519 = "ed25519"
    ED448 = "ed448"
    AES = "aes"
    HMAC = "hmac"


_FAMILIES = (
    (re.compile(r"ed-?25519|x25519"), KeyFamily.ED25519),
    (re.compile(r"ed-?448|x448"), KeyFamily.ED448),
    (re.compile(r"rsa"), KeyFamily.RSA),
    (re.compile(r"^ec(?:$|[- ]|[0-9]{3})|ecdsa|ecdh|^p-?[0-9]{3}$|secp|prime[0-9]|nist-?p"), KeyFamily.EC),
    (re.compile(r"(?<!ml-)(?<!slh-)dsa"), KeyFamily.DSA),
    (re.compile(r"aes|symmetric-(?:default|encryption)$"), KeyFamily.AES),
    (re.compile(r"hmac|^hs[0-9]{3}$"), KeyFamily.HMAC),
)
_FIXED = {KeyFamily.ED25519: 256, KeyFamily.ED448: 448}
_CLOUD_SYMMETRIC = re.compile(r"symmetric-(?:default|encryption)$")
"""AES-256 in GCM: https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html and
https://cloud.google.com/kms/docs/algorithms."""
_HMAC_KEY = re.compile(r"hmac-(?:224|256|384|512)")
"""A key spec of AWS KMS, where the number is the length of the key."""
_BITS = re.compile(r"(?<![0-9])([0-9]{3,5})(?![0-9])")
_MINIMUM: Mapping[KeyFamily, int] = {
    KeyFamily.RSA: 2048,
    KeyFamily.DSA: 2048,
    KeyFamily.EC: 224,
    KeyFamily.ED25519: 256,
    KeyFamily.ED448: 448,
    KeyFamily.AES: 128,
    KeyFamily.HMAC: 112,
}
"""Lengths that give 112 bits of security: https://doi.org/10.6028/NIST.SP.800-131Ar2."""


class KeyStrength(CheckModel):
    """The key is at least as long as the rule demands for its type.

    Rests on what a source or a tag states: `key-type` (such as RSA_2048, P-256 or aes256-gcm96) and `key-bits`.
    A type the rule sets no minimum for is held to 112 bits of security (NIST SP 800-131A).
    """

    kind: ClassVar[str] = "key-strength"
    base_severity: ClassVar[Severity] = Severity.HIGH

    minimum: Mapping[KeyFamily, PositiveInt] = Field(default_factory=dict)
    """Type → the fewest bits: rsa, dsa, ec, ed25519, ed448, aes, hmac."""
    types: tuple[KeyFamily, ...] = ()
    """The only types that may be used; none given, any may."""

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Compare the stated length with the minimum of the stated type."""
        if not isinstance(subject, SecretMetadata):
            return Verdict.not_applicable("only a secret can be a key")
        if is_row(subject, context) and not (stated(subject, "key-type") or stated(subject, "key-bits")):
            return judged_elsewhere(subject, "key type and length")
        return not_kept(subject, context.now) or holds_no_value(subject) or self._judge(subject)

    def _judge(self, secret: SecretMetadata) -> Verdict:
        text = stated(secret, "key-type")
        if not text:
            why = why_unstated(secret, "key-type")
            return Verdict.not_evaluated(f"the type of the key is not known: {why}")
        family = _family(text)
        if family is None:
            known = ", ".join(KeyFamily)
            return Verdict.not_evaluated(f"the key type {text!r} is none of {known}", key_type=text)
        if self.types and family not in self.types:
            allowed = ", ".join(self.types)
            return Verdict.failed(f"a key of type {text} is not among the allowed {allowed}", key_type=text)
        return self._length(secret, text, family)

    def _length(self, secret: SecretMetadata, text: str, family: KeyFamily) -> Verdict:
        by_type, said = _bits(text, family), stated_number(secret, "key-bits")
        if by_type is not None and said is not None and by_type != said:
            return Verdict.not_evaluated(
                f"its type {text} means {by_type} bits, but {said} are stated", key_type=text
            )
        bits = by_type or said
        if bits is None:
            why = why_unstated(secret, "key-bits")
            return Verdict.not_evaluated(f"the length of the {family} key is not known: {why}", key_type=text)
        wanted = self.minimum.get(family, _MINIMUM[family])
        facts = {"key_type": text, "key_bits": str(bits)}
        if bits < wanted:
            return Verdict.failed(f"a key of type {family} has {bits} bits, {wanted} wanted", **facts)
        return Verdict.passed(f"a key of type {family} has {bits} bits, at least {wanted} wanted", **facts)


def _family(text: str) -> KeyFamily | None:
    word = _word(text)
    return next((family for pattern, family in _FAMILIES if pattern.search(word)), None)


def _bits(text: str, family: KeyFamily) -> int | None:
    """The length that the type itself tells; in most names of HMACs the number is that of the hash."""
    if family in _FIXED:
        return _FIXED[family]
    if _CLOUD_SYMMETRIC.search(_word(text)):
        return 256
    found = _BITS.findall(text)
    if family is KeyFamily.HMAC and not _HMAC_KEY.fullmatch(_word(text)):
        return None
    return int(found[0]) if len(found) == 1 else None


def _word(text: str) -> str:
    return text.lower().replace("_", "-")
