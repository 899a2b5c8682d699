"""Everything a run read, before any rule judged it: free of values, so it can be kept and judged again."""

from dataclasses import dataclass
from datetime import datetime

from keyproof.domain.assessment import Scope
from keyproof.domain.leak import Leak
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.subject import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The metadata of one run, sorted by id, with every scope that was to be read."""

    taken_at: datetime
    secrets: tuple[SecretMetadata, ...]
    leaks: tuple[Leak, ...]
    repositories: tuple[Repository, ...]
    scopes: tuple[Scope, ...]
    inventory_sources: frozenset[str] = frozenset()
    """Ids of sources whose rows are a person's declarations."""
    interrupted: bool = False
    """Whether the user stopped the run; what is missing stands in `scopes`."""
