"""GitLab's secret detection report, format 15: leaks for the pipeline's security tab and the merge request."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID, uuid5

from keyproof.domain.assessment import Assessment
from keyproof.domain.finding import Finding
from keyproof.domain.leak import Leak, Occurrence
from keyproof.domain.verdict import Severity
from keyproof.report import overview
from keyproof.report.json_text import json_text
from keyproof.report.visible import visible

_VERSION = "15.0.7"
_SCHEMA = (
    "https://gitlab.com/gitlab-org/security-products/security-report-schemas/-/raw/"
    f"v{_VERSION}/dist/secret-detection-report-format.json"
)
_IDS = UUID("5d4f3b1e-2c47-5b0a-8a6e-7d0f6a1c9e22")
"""Namespace of the ids: the same leak has the same one in every run."""
_NO_COMMIT = "0" * 40
"""As GitLab's own analyser writes for what no commit holds."""
_SEVERITIES = {
    Severity.CRITICAL: "Critical",
    Severity.HIGH: "High",
    Severity.MEDIUM: "Medium",
    Severity.LOW: "Low",
}
_NAME, _SOLUTION = 255, 7_000
"""The longest that the format allows."""


class GitlabReporter:
    """One vulnerability a leak with a failure that nobody accepted; a message counts all findings of the run.

    GitLab would show an accepted leak as open, so it is left out. The format holds leaks only:
    `gitlab-code-quality` has the other findings.
    """

    format: ClassVar[str] = "gitlab"
    filename: ClassVar[str] = "gl-secret-detection-report.json"

    def render(self, assessment: Assessment) -> str:
        """The report as JSON, with a newline at its end."""
        assessment = overview.arranged(assessment)
        leaks = {
            record.subject.id: record.subject
            for record in reversed(assessment.subjects)
            if isinstance(record.subject, Leak)
        }
        document = {
            "version": _VERSION,
            "schema": _SCHEMA,
            "scan": _scan(assessment),
            "vulnerabilities": list(_vulnerabilities(assessment, leaks)),
        }
        return json_text(document)


def _scan(assessment: Assessment) -> dict[str, Any]:
    run = assessment.run
    tool = {
        "id": "keyproof",
        "name": "keyproof",
        "version": run.version or "0",
        "vendor": {"name": "keyproof"},
    }
    counts = overview.counts_in_words(assessment.summary) or "no finding"
    messages = [{"level": "info", "value": f"All findings of the run: {counts}."}]
    messages += [
        {"level": "warn", "value": visible(overview.gap_in_words(scope))}
        for scope in overview.gaps(assessment)
    ]
    return {
        "analyzer": tool,
        "scanner": tool,
        "type": "secret_detection",
        "start_time": _time(run.started),
        "end_time": _time(run.finished),
        "status": "failure" if run.interrupted else "success",
        "messages": messages,
    }


def _vulnerabilities(assessment: Assessment, leaks: Mapping[str, Leak]) -> Iterator[dict[str, Any]]:
    failing: dict[str, list[Finding]] = defaultdict(list)
    for finding in overview.exceptions(assessment):
        if finding.subject in leaks:
            failing[finding.subject].append(finding)
    for subject, findings in sorted(failing.items()):
        yield _vulnerability(leaks[subject], findings)


def _vulnerability(leak: Leak, findings: Sequence[Finding]) -> dict[str, Any]:
    """A leak with its open failures, the worst first."""
    place = min(leak.occurrences, key=lambda o: (not o.in_head, o.introduced_at is None, o.path, o.line))
    remedy = next((one.remediation for one in findings if one.remediation), leak.advice) or "Rotate it."
    rules = dict.fromkeys(f"{one.pack}/{one.rule}" for one in findings)
    detector = visible(leak.detector)
    return {
        "id": str(uuid5(_IDS, leak.id.encode(errors="replace").decode())),
        "name": overview.shortened(visible(leak.title), _NAME),
        "description": visible("; ".join(dict.fromkeys(one.reason for one in findings))),
        "severity": _SEVERITIES[findings[0].severity],
        "solution": overview.shortened(visible(remedy), _SOLUTION),
        "identifiers": [
            {"type": "keyproof_detector", "name": f"keyproof detector {detector}", "value": detector},
            *({"type": "keyproof_rule", "name": visible(rule), "value": visible(rule)} for rule in rules),
        ],
        "location": _location(place),
    }


def _location(place: Occurrence) -> dict[str, Any]:
    commit: dict[str, str] = {"sha": place.commit or _NO_COMMIT}
    if place.author:
        commit["author"] = visible(place.author)
    if place.introduced_at:
        commit["date"] = place.introduced_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return {
        "file": visible(place.path),
        "start_line": max(1, place.line),
        "end_line": max(1, place.end_line),
        "commit": commit,
    }


def _time(moment: datetime) -> str:
    """UTC without a zone, as the format wants it."""
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat()
