"""Secrets on their way out: nobody can read them any more, so rules about living ones do not concern them."""

from datetime import datetime

from keyproof.domain.secret import SecretMetadata
from keyproof.domain.verdict import Verdict
from keyproof.domain.wording import moment


def not_kept(secret: SecretMetadata, now: datetime) -> Verdict | None:
    """The verdict on a secret that is deleted or will be purged; None for a living one."""
    if secret.deletion is None:
        return None
    return Verdict.not_applicable(deletion(secret.deletion, now))


def deletion(at: datetime, now: datetime) -> str:
    """When it was or will be deleted, as seen from `now`."""
    return f"{'deleted on' if at <= now else 'scheduled for deletion on'} {moment(at)}"
