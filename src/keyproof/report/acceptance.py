"""What there is to say about each accepted failure's paper: the same words in every report."""

from datetime import date

from keyproof.domain.assessment import Assessment, WaiverRecord
from keyproof.domain.baseline import BaselineRecord, BaselineState
from keyproof.domain.finding import Finding
from keyproof.domain.policy import WaiverState
from keyproof.domain.wording import count

URGENT = frozenset({"expired", "malformed"})
"""States of waivers and baseline entries that accept nothing although somebody meant them to."""
DOUBTFUL = frozenset({"expiring", "unused"})
"""States that somebody has to look after soon."""


class Papers:
    """The waivers and the baseline of an assessment, to say in words what accepts a failure."""

    def __init__(self, assessment: Assessment) -> None:
        self._waivers = {record.waiver.id: record.waiver for record in assessment.waivers}
        self._entries = {record.entry.id: record.entry for record in assessment.baseline}

    def accepting(self, finding: Finding) -> str:
        """Who accepts `finding`, until when and why; empty when nobody does."""
        if finding.waiver:
            waiver = self._waivers.get(finding.waiver)
            approved = f", approved by {', '.join(waiver.approved_by)}" if waiver else ""
            end = f" until {waiver.until}{approved}: {waiver.reason}" if waiver else ""
            return f"waiver {finding.waiver}{end}"
        if finding.baseline:
            entry = self._entries.get(finding.baseline)
            end = (
                f" until {entry.until}, to be put in order by {entry.owner}: {entry.reason}" if entry else ""
            )
            return f"baseline entry {finding.baseline}{end}"
        return ""


def waiver_remark(record: WaiverRecord, today: date) -> str:
    """What somebody has to know about a waiver, to be read after its id; empty when it is simply in force."""
    waiver = record.waiver
    match record.state:
        case WaiverState.PENDING:
            return f"begins {_ahead(waiver.starts, today)}, and accepts nothing until then"
        case WaiverState.EXPIRING:
            return f"ends {_ahead(waiver.until, today)}"
        case WaiverState.EXPIRED:
            return f"ended {_ago(waiver.until, today)}: what it is about fails again"
        case WaiverState.UNUSED:
            return "is not needed: nothing it is about fails"
        case WaiverState.MALFORMED:
            return "accepts nothing"
        case WaiverState.ACTIVE:
            return ""


def baseline_remark(record: BaselineRecord, today: date) -> str:
    """What somebody has to know about a baseline entry; empty when it is simply in force."""
    entry = record.entry
    match record.state:
        case BaselineState.EXPIRING:
            return f"ends {_ahead(entry.until, today)}"
        case BaselineState.EXPIRED:
            return f"ended {_ago(entry.until, today)}, still failing"
        case BaselineState.UNUSED:
            return "is no longer needed: nothing it names fails"
        case BaselineState.ACTIVE:
            return ""


def _ahead(day: date, today: date) -> str:
    days = (day - today).days
    return f"in {count(days, 'day')}, on {day}" if days else f"today, on {day}"


def _ago(day: date, today: date) -> str:
    return f"on {day}, {count((today - day).days, 'day')} ago"
