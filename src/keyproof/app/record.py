"""Recording a run, and finding recorded ones again."""

from collections.abc import Sequence
from dataclasses import replace

from keyproof.domain.ledger import RunEntry
from keyproof.domain.snapshot import Snapshot
from keyproof.errors import ConfigError
from keyproof.ports import RunStore

_SHORTEST_DIGEST = 6


def detected(snapshot: Snapshot, store: RunStore) -> Snapshot:
    """The snapshot with the time at which an earlier run first saw each of its leaks. Raises StoreError."""
    seen = store.first_seen(leak.id for leak in snapshot.leaks)
    leaks = tuple(
        replace(leak, detected_at=first)
        if (first := seen.get(leak.id)) and first <= snapshot.taken_at
        else leak
        for leak in snapshot.leaks
    )
    return replace(snapshot, leaks=leaks)


def find(runs: Sequence[RunEntry], wanted: str) -> RunEntry:
    """The run `wanted` names: its number, `latest`, or the beginning of its digest or id.

    Raises ConfigError when no run or more than one is meant.
    """
    if not runs:
        raise ConfigError("no run is recorded yet", hint="run: keyproof scan")
    if wanted == "latest":
        return runs[-1]
    found = [run for run in runs if str(run.number) == wanted]
    if not found and len(wanted) >= _SHORTEST_DIGEST:
        found = [run for run in runs if run.digest.startswith(wanted) or run.id.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    numbers = ", ".join(str(run.number) for run in found)
    message = f"'{wanted}' means the runs {numbers}" if found else f"there is no run '{wanted}'"
    raise ConfigError(message, hint="name one by its number; `keyproof runs list` shows them")
