"""Taking a snapshot: backends and repositories read, rows joined with live secrets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from keyproof.app.collect import Source, collect
from keyproof.app.copies import follow
from keyproof.app.leaks import Place, search
from keyproof.app.reconcile import reconcile
from keyproof.domain.assessment import SourceRecord
from keyproof.domain.snapshot import Snapshot
from keyproof.ports import Executor, LeakSource, Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """Everything a run is to read, and the organisation's words for it."""

    sources: tuple[Source, ...] = ()
    leak_sources: tuple[LeakSource, ...] = ()
    environments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Environment → globs over secret names and ids."""
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name in an inventory table → globs over the names of live secrets."""
    places: Mapping[str, Place] = field(default_factory=dict)
    """Repository name → whose it is."""


def take_snapshot(estate: Estate, *, executor: Executor, progress: Progress, now: datetime) -> Snapshot:
    """Read everything once, at `now`. An interrupt keeps what was read and names what was not."""
    inventory_sources = frozenset(source.id for source in estate.sources if source.kind == "inventory")
    collection = collect(
        estate.sources, executor=executor, progress=progress, environments=estate.environments
    )
    found = search(
        estate.leak_sources, progress=progress, places=estate.places, interrupted=collection.interrupted
    )
    secrets = follow(collection.secrets)
    return Snapshot(
        taken_at=now,
        secrets=reconcile(secrets, inventory_sources=inventory_sources, aliases=estate.aliases),
        leaks=found.leaks,
        repositories=found.repositories,
        scopes=(*collection.scopes, *found.scopes),
        inventory_sources=inventory_sources,
        interrupted=found.interrupted,
        sources=tuple(
            SourceRecord(id=source.id, kind=source.kind, permissions=source.permissions)
            for source in sorted(estate.sources, key=lambda source: source.id)
        ),
    )
