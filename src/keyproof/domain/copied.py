"""What a secret says of itself when a controller copies its value from another place."""

from dataclasses import dataclass
from datetime import UTC, datetime

from keyproof.domain.secret import SecretMetadata

KEYS, STORE, AT = "remote-keys", "store", "refreshed-at"
FOLLOWS, SYNCED, PROBLEM = "follows-rotation", "synced", "sync-problem"
COPY_OF, STALE = "copy-of", "stale-copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """Where the value comes from and when it was last copied."""

    keys: tuple[str, ...]
    """Names at the place it comes from."""
    at: datetime


def copied(secret: SecretMetadata) -> Copied | None:
    """How it is copied; None for a secret of its own, and where the copying does not work or does not follow."""
    said = secret.attributes
    keys = tuple(key for key in str(said.get(KEYS) or "").split(", ") if key)
    if not keys or said.get(FOLLOWS) is not True or said.get(SYNCED) is not True:
        return None
    try:
        at = datetime.fromisoformat(str(said.get(AT) or ""))
    except ValueError:
        return None
    return Copied(keys=keys, at=at.astimezone(UTC)) if at.tzinfo else None


def stalled(secret: SecretMetadata) -> str:
    """Why a copy is no longer made anew from what it copies, so that it may be behind; empty where that is not known."""
    return str(secret.attributes.get(PROBLEM) or "")
