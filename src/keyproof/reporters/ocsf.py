"""Compliance Findings of the Open Cybersecurity Schema Framework (OCSF 1.5, class 2003) for security lakes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from keyproof.domain.assessment import Assessment, SubjectRecord
from keyproof.domain.finding import Finding
from keyproof.domain.verdict import Severity
from keyproof.report import overview
from keyproof.report.acceptance import Papers
from keyproof.report.json_text import json_text
from keyproof.report.overview import State
from keyproof.report.visible import visible

_VERSION = "1.5.0"
_CREATE = 1
_SEVERITIES = {
    Severity.CRITICAL: (5, "Critical"),
    Severity.HIGH: (4, "High"),
    Severity.MEDIUM: (3, "Medium"),
    Severity.LOW: (2, "Low"),
}
_INFORMATIONAL = (1, "Informational")
_PASS, _WARNING, _FAIL, _OTHER = 1, 2, 3, 99
_COMPLIANCE = {
    State.FAIL: (_FAIL, "Fail"),
    State.WAIVED: (_FAIL, "Fail"),
    State.NOT_EVALUATED: (_WARNING, "Warning"),
    State.MANUAL: (_OTHER, "Attested"),
    State.PASS: (_PASS, "Pass"),
    State.NOT_APPLICABLE: (_OTHER, "Not Applicable"),
}
"""`compliance.status_id`: a warning is what did not yield a result for want of information."""
_NEW, _SUPPRESSED = (1, "New"), (3, "Suppressed")


class OcsfReporter:
    """One event a finding, as a JSON list; an accepted failure stays a failure and is suppressed."""

    format: ClassVar[str] = "ocsf"
    filename: ClassVar[str] = "keyproof.ocsf.json"

    def render(self, assessment: Assessment) -> str:
        """The list, indented, with a newline at its end."""
        assessment = overview.arranged(assessment)
        known = overview.subjects_by_id(assessment)
        titles = {framework.id: framework.title for framework in assessment.frameworks}
        papers = Papers(assessment)
        events = [
            _event(finding, assessment, known.get(finding.subject), titles, papers.accepting(finding))
            for finding in assessment.findings
        ]
        return json_text(events)


def _event(
    finding: Finding,
    assessment: Assessment,
    record: SubjectRecord | None,
    titles: Mapping[str, str],
    accepted: str,
) -> dict[str, Any]:
    run, state = assessment.run, overview.state_of(finding)
    failing = state in {State.FAIL, State.WAIVED}
    severity, severity_word = _SEVERITIES[finding.severity] if failing else _INFORMATIONAL
    status, status_word = _SUPPRESSED if state is State.WAIVED else _NEW
    name = record.subject.name if record else finding.subject
    event: dict[str, Any] = {
        "activity_id": _CREATE,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2003,
        "class_name": "Compliance Finding",
        "type_uid": 200301,
        "type_name": "Compliance Finding: Create",
        "time": _milliseconds(run.as_of),
        "severity_id": severity,
        "severity": severity_word,
        "status_id": status,
        "status": status_word,
        "message": visible(f"{name}: {finding.reason}"),
        "metadata": {
            "version": _VERSION,
            "uid": finding.id,
            "correlation_uid": run.id,
            "event_code": visible(f"{finding.pack}/{finding.rule}"),
            "product": {"name": "keyproof", "vendor_name": "keyproof", "version": run.version},
        },
        "finding_info": {
            "uid": finding.id,
            "title": visible(finding.rule_title),
            "desc": visible(finding.reason),
            "types": [finding.check],
            "created_time": _milliseconds(run.as_of),
        },
        "compliance": _compliance(finding, state, titles),
        "resources": [_resource(finding, record)],
        "unmapped": _unmapped(finding, state),
    }
    if accepted:
        event["status_detail"] = visible(f"accepted by {accepted}")
    if finding.evidence:
        facts = {visible(fact.name): visible(fact.value) for fact in finding.evidence}
        event["evidences"] = [{"data": facts}]
    if finding.remediation:
        event["remediation"] = {"desc": visible(finding.remediation)}
    return event


def _compliance(finding: Finding, state: State, titles: Mapping[str, str]) -> dict[str, Any]:
    status, word = _COMPLIANCE[state]
    edges = sorted(finding.controls, key=lambda edge: edge.id)
    frameworks = dict.fromkeys(edge.id.partition(":")[0] for edge in edges)
    standards = [visible(titles.get(name, name)) for name in frameworks] or [visible(finding.pack)]
    check = {
        "uid": visible(f"{finding.pack}/{finding.rule}"),
        "name": visible(finding.rule_title),
        "desc": finding.check,
        "standards": standards,
        "status_id": status,
        "status": word,
    }
    return {
        "control": visible(f"{finding.pack}/{finding.rule}"),
        "requirements": [f"{edge.id} ({edge.strength} evidence)" for edge in edges],
        "standards": standards,
        "checks": [check],
        "status_id": status,
        "status": word,
        "status_detail": visible(finding.reason),
    }


def _resource(finding: Finding, record: SubjectRecord | None) -> dict[str, Any]:
    if record is None:
        return {"uid": visible(finding.subject), "name": visible(finding.subject)}
    subject = record.subject
    resource: dict[str, Any] = {
        "uid": visible(subject.id),
        "name": visible(subject.name),
        "type": subject.kind.value,
        "namespace": visible(subject.source),
    }
    labels = {
        "class": record.secret_class,
        "environment": subject.environment,
        "owner": subject.owner,
        "priority": record.priority,
    }
    if given := [f"{name}:{visible(value)}" for name, value in labels.items() if value]:
        resource["labels"] = given
    return resource


def _unmapped(finding: Finding, state: State) -> dict[str, Any]:
    """What the class has no attribute for."""
    return {
        "result": state.value,
        "outcome": finding.outcome.value,
        "severity": finding.severity.value,
        "due": finding.due.isoformat() if finding.due else None,
        "days_overdue": finding.days_overdue,
        "waiver": finding.waiver,
        "baseline": finding.baseline,
        "places": [f"{visible(place.path)}:{place.line}" for place in finding.locations],
    }


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
