"""Whether the secrets in a run are all that its sources said they hold: counts that reconcile, or the difference."""

import re
from collections import Counter
from dataclasses import dataclass

from keyproof.domain.assessment import Scope
from keyproof.domain.snapshot import Snapshot

_LISTED = "secrets listed"
_NUMBER = re.compile(r"[0-9]+")
_REPOSITORY = "git"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeCount:
    """One scope: what its backend listed, what became of it, and what the run judged."""

    source: str
    scope: str
    status: str
    listed: int | None
    """By the backend's own list; None where it gives none."""
    left_out: int
    """By include and exclude of keyproof.yaml."""
    gone: int
    """Deleted between the list and the reading."""
    read: int
    judged: int
    """In the run's population under this source and scope."""

    @property
    def unexplained(self) -> int | None:
        """Listed and neither read, left out nor gone; None where nothing was listed to compare with."""
        return None if self.listed is None else self.listed - self.left_out - self.gone - self.read

    @property
    def shared(self) -> int:
        """Read here, and judged as part of another source that read the same secret."""
        return self.read - self.judged

    @property
    def reconciles(self) -> bool | None:
        """Whether every listed secret is accounted for, in a scope read in full; None without a list to compare with."""
        if self.status != "ok" or self.shared < 0:
            return False
        return None if self.unexplained is None else self.unexplained == 0


def count_population(snapshot: Snapshot) -> tuple[ScopeCount, ...]:
    """One line for each scope of a secret backend, in the order of the snapshot."""
    judged = Counter((secret.source, secret.scope) for secret in snapshot.secrets)
    return tuple(
        _count(scope, judged[scope.source, scope.scope])
        for scope in snapshot.scopes
        if scope.kind != _REPOSITORY
    )


def _count(scope: Scope, judged: int) -> ScopeCount:
    facts = {fact.name: fact.value for fact in scope.evidence}
    return ScopeCount(
        source=scope.source,
        scope=scope.scope,
        status=scope.status.value,
        listed=_number(facts[_LISTED]) if _LISTED in facts else None,
        left_out=sum(_number(value) for name, value in facts.items() if name.startswith("left out")),
        gone=_number(facts.get("deleted while they were read", "0")),
        read=scope.subjects,
        judged=judged,
    )


def _number(text: str) -> int:
    found = _NUMBER.match(text)
    return int(found[0]) if found else 0
