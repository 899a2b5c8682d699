"""Answers a search from the last one when nothing it reads has changed since."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from keyproof.domain.leak import Coverage, LeakScan
from keyproof.ports import KeptScans, LeakSource, Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedSource:
    """A LeakSource in front of another."""

    source: LeakSource
    kept: KeptScans
    state: Callable[[], bytes | None]
    """Digest of all that decides the result; None when it cannot be told."""

    @property
    def name(self) -> str:
        """See LeakSource."""
        return self.source.name

    def scan(self, progress: Progress) -> LeakScan:
        """See LeakSource. What was read before counts as cached; a scan in passing trouble is not kept."""
        before = self.state()
        kept = self.kept.get(before) if before else None
        if kept is not None:
            coverage = kept.coverage
            cached = coverage.blobs_cached + coverage.blobs_scanned
            cleared = replace(coverage, blobs_scanned=0, bytes_scanned=0, blobs_cached=cached)
            return replace(kept, coverage=cleared)
        scan = self.source.scan(progress)
        if before and _lasting(scan.coverage) and self.state() == before:
            self.kept.put(before, scan)
        return scan


def _lasting(coverage: Coverage) -> bool:
    """Whether the next scan would tell the same: what is missing or too large stays so, other trouble may pass."""
    gaps = (coverage.blobs_skipped.get("missing"), coverage.blobs_skipped.get("size"), coverage.shallow)
    return not coverage.blobs_skipped.get("unreadable") and len(coverage.problems) == sum(map(bool, gaps))
