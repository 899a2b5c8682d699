"""An assessment as a SARIF 2.1.0 log (OASIS standard of 27 March 2020)."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from keyproof.domain.assessment import Assessment, RunInfo, Scope, SubjectRecord
from keyproof.domain.finding import Finding
from keyproof.domain.policy import Rule
from keyproof.domain.secret import SourceLine
from keyproof.domain.verdict import Severity
from keyproof.report import overview
from keyproof.report.acceptance import Papers
from keyproof.report.json_text import json_text
from keyproof.report.overview import State

_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
}
_SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.0"}
"""The middle of GitHub's bands for `security-severity`."""
_KINDS = {
    State.FAIL: "fail",
    State.WAIVED: "fail",
    State.NOT_EVALUATED: "review",
    State.MANUAL: "review",
    State.PASS: "pass",
    State.NOT_APPLICABLE: "notApplicable",
}


_SCOPE_NOT_READ = {
    "id": "scope-not-read",
    "shortDescription": {"text": "A scope was not read in full"},
    "fullDescription": {"text": "What stands in this scope was not judged, or only in part."},
    "help": {"text": "Follow the next step in the message, and run again."},
}


def render(assessment: Assessment, *, passes: bool, accepted: bool) -> str:
    """The log, indented, with a newline at its end.

    `passes` adds what passed or does not apply. `accepted` False leaves out accepted failures, for services
    that ignore suppressions and would show them open, as GitHub does.
    """
    assessment = overview.arranged(assessment)
    left_out = set() if passes else {State.PASS, State.NOT_APPLICABLE}
    left_out |= set() if accepted else {State.WAIVED}
    findings = assessment.findings
    rules = sorted({(f.pack, f.rule): f for f in reversed(findings)}.items())
    index = {key: number for number, (key, _) in enumerate(rules)}
    written = [f for f in findings if overview.state_of(f) not in left_out]
    known = overview.subjects_by_id(assessment)
    papers = Papers(assessment)
    before = _before(assessment)
    stated = {(rule.pack, rule.id): rule for pack in assessment.packs for rule in pack.rules}
    run = {
        "tool": {
            "driver": {
                "name": "keyproof",
                "informationUri": "https://github.com/keyproof/keyproof",
                "semanticVersion": assessment.run.version,
                "rules": [_rule(finding, stated.get(key)) for key, finding in rules],
                "notifications": [_SCOPE_NOT_READ],
            }
        },
        "automationDetails": {"id": "keyproof/"},
        "invocations": [_invocation(assessment.run, overview.gaps(assessment), assessment.summary.exit_code)],
        "results": [
            _result(f, index[f.pack, f.rule], known.get(f.subject), papers) | before(f) for f in written
        ],
        "properties": {
            "organisation": assessment.run.organisation,
            "asOf": _moment(assessment.run.as_of),
            "policyDigest": assessment.run.policy_digest,
            "configDigest": assessment.run.config_digest,
            "counts": {state.value: number for state, number in overview.counts(assessment.summary)},
        },
    }
    document = {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json_text(document)


def _before(assessment: Assessment) -> Callable[[Finding], dict[str, str]]:
    """Whether a result failed when the baseline was taken; nothing is said where the run was given none."""
    known = {record.entry.id for record in assessment.baseline}
    if not known:
        return lambda _: {}
    return lambda finding: {"baselineState": "unchanged" if finding.id in known else "new"}


def _rule(finding: Finding, rule: Rule | None) -> dict[str, Any]:
    severity = (rule.severity if rule else None) or finding.severity
    help_text = finding.remediation or "No remedy is stated by the rule."
    controls = [f"{edge.id} ({edge.strength} evidence)" for edge in finding.controls]
    listed = "\n".join(f"- {control}" for control in controls)
    return {
        "id": f"{finding.pack}/{finding.rule}",
        "name": finding.check,
        "shortDescription": {"text": finding.rule_title},
        "fullDescription": {"text": _procedure(finding, rule)},
        "help": {
            "text": "\n".join([help_text, *controls]),
            "markdown": help_text + (f"\n\nControls:\n\n{listed}" if listed else ""),
        },
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": {
            "tags": ["security", *sorted({edge.id for edge in finding.controls})],
            "security-severity": _SCORES[severity],
            "precision": "high",
        },
    }


def _procedure(finding: Finding, rule: Rule | None) -> str:
    """What the rule does, in a sentence; GitHub wants one of every rule."""
    about = f" on {rule.selector.describe()}" if rule else ""
    return f"{finding.rule_title}: decided by the check {finding.check}{about}."


def _invocation(run: RunInfo, gaps: Sequence[Scope], exit_code: int) -> dict[str, Any]:
    return {
        "executionSuccessful": not run.interrupted,
        "exitCode": exit_code,
        "startTimeUtc": _moment(run.started),
        "endTimeUtc": _moment(run.finished),
        "toolExecutionNotifications": [
            {
                "descriptor": {"id": "scope-not-read", "index": 0},
                "level": "error",
                "message": {"text": _gap(scope)},
            }
            for scope in gaps
        ],
    }


def _gap(scope: Scope) -> str:
    hint = f" Next step: {scope.hint}." if scope.hint else ""
    return f"{scope.source}, {scope.scope} ({scope.status}): {scope.reason or 'no reason given'}.{hint}"


def _result(
    finding: Finding, rule_index: int, record: SubjectRecord | None, papers: Papers
) -> dict[str, Any]:
    state = overview.state_of(finding)
    kind = _KINDS[state]
    places = list(dict.fromkeys(finding.locations)) or ([finding.rule_place] if finding.rule_place else [])
    name = record.subject.name if record else finding.subject
    logical = {"name": name, "fullyQualifiedName": finding.subject, "kind": "resource"}
    first = places[0] if places else SourceLine(path="keyproof.yaml", line=1)
    result: dict[str, Any] = {
        "ruleId": f"{finding.pack}/{finding.rule}",
        "ruleIndex": rule_index,
        "kind": kind,
        # SARIF 3.27.10: a kind other than fail has the level none
        "level": _LEVELS[finding.severity] if kind == "fail" else "none",
        "message": {"text": f"{name}: {finding.reason}"},
        "locations": [{"physicalLocation": _physical(first), "logicalLocations": [logical]}],
        "partialFingerprints": {"keyproofFinding/v1": finding.id},
        # SARIF 3.27.23: on all results or on none; empty means not suppressed
        "suppressions": _suppressions(finding, papers),
        "properties": dict(_properties(finding)),
    }
    if len(places) > 1:
        result["relatedLocations"] = [
            {"id": number, "physicalLocation": _physical(place)}
            for number, place in enumerate(places[1:], start=1)
        ]
    return result


def _suppressions(finding: Finding, papers: Papers) -> list[dict[str, Any]]:
    words = papers.accepting(finding)
    return [{"kind": "external", "status": "accepted", "justification": words}] if words else []


def _properties(finding: Finding) -> Iterator[tuple[str, Any]]:
    yield "outcome", finding.outcome.value
    yield "severity", finding.severity.value
    if finding.due:
        yield "due", finding.due.isoformat()
        yield "daysOverdue", finding.days_overdue
    if finding.controls:
        yield "controls", sorted(edge.id for edge in finding.controls)
    if finding.evidence:
        yield "evidence", [f"{fact.name}: {fact.value}" for fact in finding.evidence]


def _physical(place: SourceLine) -> dict[str, Any]:
    path = place.path.replace("\\", "/")
    uri = ("file://" if path.startswith("/") else "") + quote(path, errors="replace")
    return {"artifactLocation": {"uri": uri}, "region": {"startLine": max(1, place.line)}}


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
