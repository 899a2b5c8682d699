"""Facts that some sources state about a value without showing it: an attribute, or a tag of the same name."""

import re
from datetime import UTC, date, datetime
from functools import lru_cache

from keyproof.domain.secret import SecretMetadata

_NUMBER = re.compile(r"[0-9]{1,9}")
_YES, _NO = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})


def stated(secret: SecretMetadata, name: str) -> str:
    """What the source's attribute or the secret's tag `name` says; empty when neither says anything.

    An attribute goes before a tag. Tags are compared without regard to letter case, `_` and spaces count as `-`.
    """
    value = secret.attributes.get(name)
    if value is not None and str(value).strip():
        return str(value).strip()
    found = (text for tag, text in sorted(secret.tags.items()) if _key(tag) == name and text.strip())
    return next(found, "").strip()


def stated_number(secret: SecretMetadata, name: str) -> int | None:
    """The whole number stated; None when nothing or no such number is."""
    text = stated(secret, name)
    return int(text) if _NUMBER.fullmatch(text) else None


def stated_flag(secret: SecretMetadata, name: str) -> bool | None:
    """Yes or no as stated; None when nothing or neither word is."""
    word = stated(secret, name).lower()
    return True if word in _YES else False if word in _NO else None


def day_of(text: str) -> date | None:
    """The UTC calendar date of an ISO 8601 date or moment; None for anything else."""
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is None else moment.astimezone(UTC)).date()
    except (ValueError, OverflowError):
        return None


def why_unstated(secret: SecretMetadata, *names: str) -> str:
    """Why none of the facts is known: the source's own reason, or that nothing states them."""
    unread = (secret.unread.get(name) for name in (*names, "attributes", "tags"))
    return next(filter(None, unread), f"{secret.backend} does not state it, and no tag does")


@lru_cache(maxsize=4096)
def _key(tag: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", tag.lower()))
