"""Whether a secret is encrypted where it is stored, and with whose key."""

from keyproof.domain.secret import SecretMetadata
from keyproof.domain.verdict import Verdict


def at_rest(secret: SecretMetadata, *, customer_key: bool) -> Verdict:
    """Judge the encryption at rest; with `customer_key` also that the key is one of one's own."""
    encryption = secret.encryption
    if encryption is None:
        why = secret.unread.get("encryption") or f"{secret.backend} does not say"
        return Verdict.not_evaluated(f"whether it is encrypted is not known: {why}")
    if not encryption.encrypted:
        return Verdict.failed("it is stored without encryption", encrypted="no")
    if not customer_key:
        return Verdict.passed("it is encrypted at rest", encrypted="yes")
    if encryption.customer_managed is None:
        return Verdict.not_evaluated("whose key encrypts it is not known")
    if not encryption.customer_managed:
        return Verdict.failed(
            f"it is encrypted with the provider's key{_named(encryption.key)}, not with one of one's own",
            encryption_key=encryption.key or "provider's",
        )
    return Verdict.passed(
        f"it is encrypted with a key of one's own{_named(encryption.key)}",
        encryption_key=encryption.key or "customer's",
    )


def holds_no_value(secret: SecretMetadata) -> Verdict | None:
    """The verdict on an entry that is empty or only points to a value elsewhere; None for any other."""
    if secret.attributes.get("empty") or secret.attributes.get("reference"):
        return Verdict.not_applicable(f"{secret.backend} holds no value for it, or only a reference")
    return None


def _named(key: str) -> str:
    return f" {key}" if key else ""
