"""Reads the identities of an account once, for all regions of a source."""

from dataclasses import dataclass, field
from threading import Lock

from keyproof.aws.authorization import Authorization, Vocabulary
from keyproof.aws.calls import AwsCalls, CallRefusedError
from keyproof.aws.identities import AUTHORISATION, Account

_KINDS = ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"]
_SHOWN = 3


@dataclass(slots=True)
class Identities:
    """The account of a source; usable from several threads."""

    _read: tuple[Account | None, str] | None = None
    _lock: Lock = field(default_factory=Lock)

    def read(
        self, calls: AwsCalls, vocabulary: Vocabulary, identity: str
    ) -> tuple[Authorization | None, str]:
        """What resolves grants, None when the right is missing; and why it is not whole, empty when it is.

        `identity` is who asks. Raises what `AwsCalls.call` raises but for refusals.
        """
        with self._lock:
            if self._read is None:
                self._read = _account(calls, identity)
            account, why = self._read
            if account is None:
                return None, why
            account.compiled(vocabulary.service, tuple(vocabulary.actions))
            problems = list(account.problems)
        if len(problems) > _SHOWN:
            problems[_SHOWN:] = [f"and {len(problems) - _SHOWN} more"]
        return Authorization(account=account, vocabulary=vocabulary), "; ".join(problems)


def _account(calls: AwsCalls, identity: str) -> tuple[Account | None, str]:
    try:
        pages = list(calls.pages(AUTHORISATION, "UserDetailList", Filter=_KINDS, MaxItems=1000))
    except CallRefusedError as refusal:
        return None, refusal.why(identity)
    return Account.of(pages), ""
