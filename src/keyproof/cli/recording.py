"""Recording what a command judged: opened before anything is read, so that a run is not lost at its end."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from keyproof.app.record import detected
from keyproof.config import Settings
from keyproof.domain.assessment import Assessment
from keyproof.domain.baseline import BaselineEntry
from keyproof.domain.ledger import Command, Recording, RunEntry
from keyproof.domain.policy import Policy
from keyproof.domain.snapshot import Snapshot
from keyproof.store.ledger import Ledger
from keyproof.wiring.store import documents, open_ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """Records one run, or nothing when the user wants none recorded. Raises StoreError."""

    settings: Settings
    policy: Policy
    ledger: Ledger | None
    command: Command
    narrowed: tuple[str, ...] = ()
    baseline: tuple[BaselineEntry, ...] = ()

    def detected(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot with the time at which an earlier run first saw each leak."""
        return detected(snapshot, self.ledger) if self.ledger and snapshot.leaks else snapshot

    def record(self, snapshot: Snapshot, assessment: Assessment) -> RunEntry | None:
        """Record what was read and found; the line of the ledger it became."""
        if self.ledger is None:
            return None
        return self.ledger.save(
            Recording(
                command=self.command,
                snapshot=snapshot,
                assessment=assessment,
                narrowed=self.narrowed,
                documents=documents(self.settings, self.policy, self.baseline),
            )
        )


@contextmanager
def recorder(
    settings: Settings,
    policy: Policy,
    command: Command,
    *,
    no_store: bool,
    narrowed: Sequence[str] = (),
    baseline: tuple[BaselineEntry, ...] = (),
) -> Iterator[Recorder]:
    """Open the ledger for the length of a run. Raises StoreError."""
    ledger = open_ledger(settings) if settings.store and not no_store else None
    try:
        yield Recorder(
            settings=settings,
            policy=policy,
            ledger=ledger,
            command=command,
            narrowed=tuple(narrowed),
            baseline=baseline,
        )
    finally:
        if ledger:
            ledger.close()


def narrowing(**options: Sequence[str] | None) -> list[str]:
    """The options that left something out of a run, as they were written."""
    return [f"--{name} {value}" for name, values in options.items() for value in values or ()]
