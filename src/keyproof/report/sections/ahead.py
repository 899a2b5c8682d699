"""The forecast of the HTML report: what ends by itself in the days after the run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from keyproof.domain.policy import WaiverState
from keyproof.report.overview import State
from keyproof.report.sections.acceptances import Accepting, Kept
from keyproof.report.sections.rows import Row

DAYS = 90
"""How far the report looks ahead."""
_IN_FORCE = {WaiverState.ACTIVE, WaiverState.EXPIRING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """Something whose last day comes."""

    day: date
    what: str
    who: str
    """Who has to act; empty when nobody is named."""
    href: str
    after: str
    """What follows when nobody acts."""


def coming(
    rows: Iterable[Row], waivers: Iterable[Accepting], baseline: Iterable[Kept], today: date
) -> list[Coming]:
    """What ends from `today` until DAYS days later, soonest first."""
    last = today + timedelta(days=DAYS)
    found = [_due(row, row.finding.due) for row in rows if row.finding.due and row.state is not State.FAIL]
    found += [_waiver(paper) for paper in waivers if paper.rows and paper.record.state in _IN_FORCE]
    found += [_entry(paper, paper.row) for paper in baseline if paper.row and paper.row.finding.baseline]
    return sorted(
        (one for one in found if today <= one.day <= last), key=lambda one: (one.day, one.what, one.href)
    )


def within(found: Sequence[Coming], today: date) -> list[tuple[int, int]]:
    """How much of it ends in 7, 30 and 90 days."""
    return [(days, sum((one.day - today).days <= days for one in found)) for days in (7, 30, DAYS)]


def _due(row: Row, day: date) -> Coming:
    after = "is no longer attested" if row.state is State.MANUAL else "becomes an exception"
    return Coming(
        day=day,
        what=row.name,
        who=row.owner,
        href=f"#finding-{row.anchor}",
        after=f"{row.finding.rule_title}: {after}",
    )


def _waiver(paper: Accepting) -> Coming:
    waiver = paper.record.waiver
    return Coming(
        day=waiver.until,
        what=f"Waiver {waiver.id}",
        who=waiver.requested_by,
        href=f"#waiver-{waiver.id}",
        after=f"{len(paper.rows):,} accepted so far become open again",
    )


def _entry(paper: Kept, row: Row) -> Coming:
    return Coming(
        day=paper.entry.until,
        what=f"Baseline entry for {row.name}",
        who=paper.entry.owner,
        href=f"#finding-{row.anchor}",
        after="the exception is open again",
    )
