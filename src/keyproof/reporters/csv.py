"""The findings as one table for spreadsheets."""

import csv
from collections.abc import Sequence
from io import StringIO
from typing import ClassVar

from keyproof.domain.assessment import Assessment, SubjectRecord
from keyproof.domain.finding import Finding
from keyproof.report import overview
from keyproof.report.visible import visible

_COLUMNS = (
    "result", "severity", "subject", "name", "class", "environment", "owner", "rule", "title", "pack", "check",
    "reason", "due", "days overdue", "controls", "places", "waiver", "baseline", "remediation", "finding",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""First characters a spreadsheet would take for a formula (OWASP, CSV injection)."""


class CsvReporter:
    """One row a finding, sorted by pack, rule and subject, with a head; RFC 4180, in UTF-8.

    A cell that a spreadsheet would run as a formula begins with an apostrophe.
    """

    format: ClassVar[str] = "csv"
    filename: ClassVar[str] = "keyproof.csv"

    def render(self, assessment: Assessment) -> str:
        """The table, its lines ended by CR LF as the RFC asks."""
        assessment = overview.arranged(assessment)
        known = overview.subjects_by_id(assessment)
        sheet = StringIO()
        writer = csv.writer(sheet, lineterminator="\r\n")
        writer.writerow(_COLUMNS)
        for finding in assessment.findings:
            writer.writerow([_cell(text) for text in _row(finding, known.get(finding.subject))])
        return sheet.getvalue()


def _row(finding: Finding, record: SubjectRecord | None) -> Sequence[str]:
    subject = record.subject if record else None
    return (
        overview.state_of(finding).value,
        finding.severity.value,
        finding.subject,
        subject.name if subject else "",
        record.secret_class if record else "",
        subject.environment if subject else "",
        subject.owner if subject else "",
        finding.rule,
        finding.rule_title,
        finding.pack,
        finding.check,
        finding.reason,
        str(finding.due or ""),
        "" if finding.days_overdue is None else str(finding.days_overdue),
        "; ".join(f"{edge.id} {edge.strength}" for edge in finding.controls),
        "; ".join(f"{place.path}:{place.line}" for place in finding.locations),
        finding.waiver or "",
        finding.baseline or "",
        finding.remediation,
        finding.id,
    )


def _cell(text: str) -> str:
    shown = visible(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
