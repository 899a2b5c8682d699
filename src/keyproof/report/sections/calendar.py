"""The calendar of the HTML report: when values were set and when they fall due, by class."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from markupsafe import Markup

from keyproof.domain.assessment import SubjectRecord
from keyproof.domain.leak import Leak
from keyproof.domain.secret import SecretMetadata
from keyproof.report import drawing
from keyproof.report.drawing import Due
from keyproof.report.overview import State
from keyproof.report.sections.age import picture
from keyproof.report.sections.population import Member
from keyproof.report.sections.rows import Row
from keyproof.report.visible import visible

DUE_WORDS: Mapping[str, str] = {
    "late": "overdue",
    "accepted": "overdue, accepted",
    "lapsed": "lapsed, not evaluated",
    "soon": "due in 30 days",
    "later": "due later",
}
"""Kind of a due date → what a person reads."""


def dues(rows: Iterable[Row], today: date) -> list[tuple[Due, Row]]:
    """Every due date with its finding, soonest first."""
    pairs = [(due, row) for row in rows if (due := _due(row, today))]
    return sorted(pairs, key=lambda pair: (pair[0].day, pair[1].finding.id))


def strip(found: Sequence[tuple[Due, Row]], members: Iterable[Member], today: date) -> Markup:
    """The calendar as a picture, with the days on which values were set."""
    marks = [due for due, _ in found]
    lanes = {due.lane for due in marks}
    for member in members:
        lane = lane_of(member.record)
        if member.value and lane in lanes:
            marks.append(Due(day=member.value.at.date(), lane=lane, kind="set", label="", href=""))
    return picture(drawing.calendar_strip(marks, today=today))


def _due(row: Row, today: date) -> Due | None:
    finding = row.finding
    if finding.due is None:
        return None
    left = (finding.due - today).days
    kind = "soon" if left <= 30 else "later"
    if left < 0:  # what ended without a failure was not judged again: an attestation that lapsed
        kind = {State.FAIL: "late", State.WAIVED: "accepted"}.get(row.state, "lapsed")
    label = f"{visible(row.name)}: {DUE_WORDS[kind]}, {finding.due}"
    return Due(
        day=finding.due, lane=lane_of(row.record), kind=kind, label=label, href=f"#finding-{row.anchor}"
    )


def lane_of(record: SubjectRecord | None) -> str:
    """The lane of the calendar that its dates stand in."""
    if record is None:
        return "unclassified"
    match record.subject:
        case Leak():
            return "leaked values"
        case SecretMetadata():
            return record.secret_class or "unclassified"
        case _:
            return "policies"
