"""Exceptions over time: when each failure was first seen, how long it stood, and what closed it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from keyproof.domain.assessment import Assessment, ScopeStatus
from keyproof.domain.finding import Finding
from keyproof.domain.ledger import Command, RunEntry, Standing
from keyproof.domain.verdict import Outcome
from keyproof.ports import RunStore


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


def episodes(runs: Sequence[RunEntry], store: RunStore) -> list[Episode]:
    """Every failure in `runs` (oldest first), in the order of opening. Raises StoreError.

    Only a run that looked closes one: in a run that was narrowed, could not read the source or could not decide,
    it stays open. A failure that comes back is another episode.
    """
    ended: list[Episode] = []
    open_now: dict[str, Episode] = {}
    for run in runs:
        standings = {one.finding: one for one in store.standings(run)}
        missing = [known for known in open_now.values() if not _fails(standings.get(known.finding))]
        fates = _fates(missing, run, store)
        for one in standings.values():
            if one.fails:
                known = open_now.get(one.finding)
                open_now[one.finding] = (
                    replace(known, standing=one, last_seen=run)
                    if known
                    else Episode(standing=one, opened=run, last_seen=run)
                )
        for known, fate in zip(missing, fates, strict=True):
            if fate is None:
                open_now[known.finding] = replace(known, unseen=(*known.unseen, run.number))
                continue
            closing, evidence = fate
            ended.append(replace(known, closed=run, closing=closing, evidence=evidence))
            del open_now[known.finding]
    return sorted(
        [*ended, *open_now.values()],
        key=lambda one: (one.opened.order, -one.standing.severity.rank, one.standing.name, one.finding),
    )


def _fails(standing: Standing | None) -> bool:
    return standing is not None and standing.fails


def _fates(missing: Sequence[Episode], run: RunEntry, store: RunStore) -> list[tuple[Closing, str] | None]:
    """For each open failure that a run does not tell: what closed it, or None when the run could not say."""
    if not missing:
        return []
    assessment = store.assessment(run)
    findings = {finding.id: finding for finding in assessment.findings}
    subjects = {record.subject.id for record in assessment.subjects}
    fates: list[tuple[Closing, str] | None] = []
    for known in missing:
        standing = known.standing
        if finding := findings.get(known.finding):
            fates.append(_decided(finding))
        elif run.narrowed or run.interrupted:
            fates.append(None)
        elif standing.subject in subjects:
            fates.append((Closing.DROPPED, f"the rule {standing.rule} is about it no more"))
        else:
            fates.append(_absent(standing, run, assessment))
    return fates


def _absent(standing: Standing, run: RunEntry, assessment: Assessment) -> tuple[Closing, str] | None:
    """Why the subject is not in the run: gone, or never looked for, or None when that cannot be told."""
    scopes = [
        scope
        for scope in assessment.scopes
        if scope.source == standing.source and (not standing.repository or scope.scope == standing.repository)
    ]
    if any(scope.status is not ScopeStatus.OK for scope in scopes):
        return None
    where = standing.repository or standing.source
    if not scopes and run.command is Command.LEAKS:
        return None  # such a run searches the repositories it is told to
    if not scopes:
        return Closing.DROPPED, f"'{where}' is no longer read" if where else "the policy has the rule no more"
    return Closing.GONE, f"no longer there, and '{where}' was read in full"


def _decided(finding: Finding) -> tuple[Closing, str] | None:
    if finding.outcome is Outcome.NOT_EVALUATED:
        return None
    return Closing.FIXED, finding.reason


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
