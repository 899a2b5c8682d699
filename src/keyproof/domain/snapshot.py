"""Everything a run read, before any rule judged it: free of values, so it can be kept and judged again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from keyproof.domain.assessment import Scope, SourceRecord
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
    sources: tuple[SourceRecord, ...] = ()
    """Every source that was to be read; empty in a snapshot taken before they were kept."""


def merge(snapshots: Sequence[Snapshot]) -> Snapshot:
    """One snapshot of several, taken when the first was; of a subject in more than one the first is kept.

    Raises ValueError for an empty sequence.
    """
    if not snapshots:
        raise ValueError("nothing to merge")
    secrets = {secret.id: secret for snapshot in reversed(snapshots) for secret in snapshot.secrets}
    leaks = {(leak.id, leak.detector): leak for snapshot in reversed(snapshots) for leak in snapshot.leaks}
    repositories = {repo.id: repo for snapshot in reversed(snapshots) for repo in snapshot.repositories}
    sources = {source.id: source for snapshot in reversed(snapshots) for source in snapshot.sources}
    scopes = [scope for snapshot in snapshots for scope in snapshot.scopes]
    return Snapshot(
        taken_at=min(snapshot.taken_at for snapshot in snapshots),
        secrets=tuple(secrets[key] for key in sorted(secrets)),
        leaks=tuple(leaks[key] for key in sorted(leaks)),
        repositories=tuple(repositories[key] for key in sorted(repositories)),
        scopes=tuple(sorted(scopes, key=lambda scope: (scope.source, scope.scope))),
        inventory_sources=frozenset().union(*(snapshot.inventory_sources for snapshot in snapshots)),
        interrupted=any(snapshot.interrupted for snapshot in snapshots),
        sources=tuple(sources[key] for key in sorted(sources)),
    )
