"""Exceptions over time: when each failure was first seen, how long it stood, and what closed it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from keyproof.domain.extract import Extract
from keyproof.domain.ledger import Command, RunEntry, Standing
from keyproof.ports import Progress, RunStore


class Closing(StrEnum):
    """What ended an exception."""

    FIXED = "fixed"
    """The same rule on the same subject is in order."""
    GONE = "gone"
    """The subject is no longer there, in a source that was read in full."""
    DROPPED = "dropped"
    """The rule, or the source, is configured no more: somebody changed the demand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One failure from the run that first saw it to the run that saw it no more."""

    standing: Standing
    """As the last run that saw it told it."""
    opened: RunEntry
    last_seen: RunEntry
    closed: RunEntry | None = None
    """None while it is open, or while nobody could look."""
    closing: Closing | None = None
    evidence: str = ""
    """What the closing run says."""
    unseen: tuple[int, ...] = ()
    """Numbers of runs since `opened` that could not tell: it stays open through them."""

    @property
    def finding(self) -> str:
        """Id of the finding."""
        return self.standing.finding

    def days(self, until: datetime) -> int:
        """Whole UTC calendar days from its opening to its closing, or to `until` while it is open."""
        end = self.closed.started if self.closed else until
        return (end.date() - self.opened.started.date()).days


@dataclass(slots=True, kw_only=True)
class _Open:
    """A failure that no run has closed yet."""

    standing: Standing
    opened: RunEntry
    last_seen: RunEntry
    unseen: list[int]

    def episode(self, run: RunEntry | None = None, fate: tuple[Closing, str] | None = None) -> Episode:
        closing, evidence = fate or (None, "")
        return Episode(
            standing=self.standing,
            opened=self.opened,
            last_seen=self.last_seen,
            closed=run,
            closing=closing,
            evidence=evidence,
            unseen=tuple(self.unseen),
        )


class Exceptions:
    """Follows failures through runs.

    Only a run that looked closes one: in a run that was narrowed, could not read the source or could not decide,
    it stays open. A failure that comes back is another episode.
    """

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._ended: list[Episode] = []
        self._open: dict[str, _Open] = {}

    def add(self, run: RunEntry, extract: Extract | None = None) -> None:
        """Take in what one run found, the oldest first; its extract is read where it is needed. Raises StoreError."""
        standings = {one.finding: one for one in self._store.standings(run)}
        missing = [one for one in self._open.values() if not _fails(standings.get(one.standing.finding))]
        fates = self._fates(missing, run, standings, extract)
        for one in standings.values():
            if not one.fails:
                continue
            if known := self._open.get(one.finding):
                known.standing, known.last_seen = one, run
            else:
                self._open[one.finding] = _Open(standing=one, opened=run, last_seen=run, unseen=[])
        for known, fate in zip(missing, fates, strict=True):
            if fate is None:
                known.unseen.append(run.number)
            else:
                self._ended.append(known.episode(run, fate))
                del self._open[known.standing.finding]

    @property
    def found(self) -> list[Episode]:
        """Every failure, in the order of opening."""
        return sorted(
            [*self._ended, *(one.episode() for one in self._open.values())],
            key=lambda one: (one.opened.order, -one.standing.severity.rank, one.standing.name, one.finding),
        )

    def _fates(
        self,
        missing: Sequence[_Open],
        run: RunEntry,
        standings: Mapping[str, Standing],
        extract: Extract | None,
    ) -> list[tuple[Closing, str] | None]:
        """For each open failure that a run does not tell: what closed it, or None when the run could not say."""
        told = {one.standing.finding for one in missing} - standings.keys()
        in_order = self._store.reasons(run, told) if told else {}
        looked = not (run.narrowed or run.interrupted) and in_order.keys() != told
        read = (extract or self._store.extract(run)) if looked else None
        subjects = read.subjects if read else frozenset()
        fates: list[tuple[Closing, str] | None] = []
        for known in missing:
            finding = known.standing.finding
            if finding in in_order:
                fates.append((Closing.FIXED, in_order[finding]))
            elif finding in standings or read is None:
                fates.append(None)  # not evaluated, or not looked at
            else:
                fates.append(_undemanded(known.standing, run, read, subjects))
        return fates


def episodes(runs: Iterable[RunEntry], store: RunStore, progress: Progress) -> list[Episode]:
    """Every failure in `runs` (oldest first), in the order of opening: see Exceptions. Raises StoreError."""
    runs = list(runs)
    found = Exceptions(store)
    progress.begin("Reading runs", len(runs))
    for run in runs:
        found.add(run)
        progress.advance(1)
    return found.found


def _fails(standing: Standing | None) -> bool:
    return standing is not None and standing.fails


def _undemanded(
    standing: Standing, run: RunEntry, extract: Extract, subjects: frozenset[str]
) -> tuple[Closing, str] | None:
    """Why a run has no such finding: the demand or the subject is gone, or None when that cannot be told."""
    if standing.subject in subjects:
        return Closing.DROPPED, f"the rule {standing.rule} is about it no more"
    scopes = [
        scope
        for scope in extract.scopes
        if scope.source == standing.source and (not standing.repository or scope.scope == standing.repository)
    ]
    if not all(scope.whole for scope in scopes):
        return None
    where = standing.repository or standing.source
    if not scopes and run.command is Command.LEAKS:
        return None  # such a run searches the repositories it is told to
    if not scopes:
        return Closing.DROPPED, f"'{where}' is no longer read" if where else "the policy has the rule no more"
    return Closing.GONE, f"no longer there, and '{where}' was read in full"


def open_after(found: Iterable[Episode], run: RunEntry) -> list[Episode]:
    """Those that were open once `run` had been judged."""
    return [
        one
        for one in found
        if one.opened.order <= run.order and (one.closed is None or one.closed.order > run.order)
    ]


def comparable(runs: Iterable[RunEntry], run: RunEntry) -> list[RunEntry]:
    """Those of `runs` that looked at the same, by when they read it: one organisation, searches of repositories apart."""
    alone = run.command is Command.LEAKS
    same = (
        one
        for one in runs
        if one.organisation == run.organisation and (one.command is Command.LEAKS) == alone
    )
    return sorted(same, key=lambda one: one.order)
