"""A RunStore in memory."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from keyproof.domain.assessment import Assessment
from keyproof.domain.extract import Extract, extract_of
from keyproof.domain.ledger import Recording, RunEntry, Standing
from keyproof.domain.snapshot import Snapshot
from keyproof.store import record


class MemoryStore:
    """Keeps recordings as they are given."""

    def __init__(self) -> None:
        self._kept: list[tuple[RunEntry, Recording]] = []

    def save(self, recording: Recording) -> RunEntry:
        """See RunStore."""
        previous = self._kept[-1][0].digest if self._kept else record.NONE_BEFORE
        head = record.seal(recording).head
        entry = record.entry(*record.chained(head, number=len(self._kept) + 1, previous=previous))
        self._kept.append((entry, recording))
        return entry

    def runs(self) -> Sequence[RunEntry]:
        """See RunStore."""
        return [entry for entry, _ in self._kept]

    def _recording(self, run: RunEntry) -> Recording:
        return self._kept[run.number - 1][1]

    def snapshot(self, run: RunEntry) -> Snapshot:
        """See RunStore."""
        return self._recording(run).snapshot

    def assessment(self, run: RunEntry) -> Assessment:
        """See RunStore."""
        return self._recording(run).assessment

    def standings(self, run: RunEntry) -> Sequence[Standing]:
        """See RunStore."""
        return record.standings_of(self._recording(run).assessment)

    def extract(self, run: RunEntry) -> Extract:
        """See RunStore."""
        return extract_of(self._recording(run).assessment)

    def reasons(self, run: RunEntry, findings: Collection[str]) -> Mapping[str, str]:
        """See RunStore."""
        return {one.id: one.reason for one in self._recording(run).assessment.findings if one.id in findings}

    def documents(self, run: RunEntry) -> Mapping[str, str]:
        """See RunStore."""
        return self._recording(run).documents

    def first_seen(self, leaks: Iterable[str]) -> Mapping[str, datetime]:
        """See RunStore."""
        seen: dict[str, datetime] = {}
        for entry, recording in self._kept:
            for leak in recording.snapshot.leaks:
                seen.setdefault(leak.id, entry.started)
        return {leak: seen[leak] for leak in leaks if leak in seen}

    def verify(self) -> Sequence[str]:
        """See RunStore."""
        return []
