"""The waivers and the baseline of the HTML report, each with its state and what is wrong with it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from keyproof.domain.assessment import Assessment, WaiverRecord
from keyproof.domain.baseline import BaselineEntry, BaselineRecord
from keyproof.report.acceptance import DOUBTFUL, URGENT, baseline_remark, waiver_remark
from keyproof.report.overview import State
from keyproof.report.sections.rows import Row, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepting:
    """A waiver as its table shows it."""

    record: WaiverRecord
    rows: tuple[Row, ...]
    """The failures it accepts."""
    remark: str
    mark: State | None
    """The shape and colour beside its state; None where there is nothing to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A baseline entry as its table shows it."""

    record: BaselineRecord
    row: Row | None
    """The finding it names, as it came out now; None where there is none any more."""
    remark: str
    mark: State | None

    @property
    def entry(self) -> BaselineEntry:
        """What the file says."""
        return self.record.entry


def waivers(assessment: Assessment, rows: Rows) -> list[Accepting]:
    """Every waiver, those with something to do first, by the last day."""
    accepted: dict[str, list[Row]] = defaultdict(list)
    for row in rows.all:
        if row.finding.waiver:
            accepted[row.finding.waiver].append(row)
    found = [
        Accepting(
            record=record,
            rows=tuple(accepted[record.waiver.id]),
            remark=waiver_remark(record, assessment.today),
            mark=_mark(record.state.value),
        )
        for record in assessment.waivers
    ]
    return sorted(found, key=lambda one: (*_urgency(one.mark, one.record.waiver.until), one.record.waiver.id))


def baseline(assessment: Assessment, rows: Rows) -> list[Kept]:
    """Every entry of the baseline, those with something to do first, by the last day."""
    known: dict[str, Row] = {}
    for row in rows.all:
        known.setdefault(row.finding.id, row)
    found = [
        Kept(
            record=record,
            row=known.get(record.entry.id),
            remark=baseline_remark(record, assessment.today),
            mark=_mark(record.state.value),
        )
        for record in assessment.baseline
    ]
    return sorted(found, key=lambda one: (*_urgency(one.mark, one.entry.until), one.entry.rule, one.entry.id))


def _mark(state: str) -> State | None:
    if state in URGENT:
        return State.FAIL
    return State.NOT_EVALUATED if state in DOUBTFUL else None


def _urgency(mark: State | None, until: date) -> tuple[int, date]:
    return (len(State) if mark is None else mark.rank, until)
