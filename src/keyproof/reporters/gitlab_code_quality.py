"""GitLab's Code Quality report: failures beside the changed lines of a merge request."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

from keyproof.domain.assessment import Assessment, SubjectRecord
from keyproof.domain.finding import Finding
from keyproof.domain.verdict import Severity
from keyproof.report import overview
from keyproof.report.json_text import json_text
from keyproof.report.overview import State
from keyproof.report.visible import visible

_SEVERITIES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
}
_LONGEST = 1_000


class GitlabCodeQualityReporter:
    """One entry a failure nobody accepted, and with the severity `info` one a finding that could not be evaluated.

    The format knows nothing else: what is accepted, attested or in order has no entry. What stands in no file
    is shown at the rule that fails.
    """

    format: ClassVar[str] = "gitlab-code-quality"
    filename: ClassVar[str] = "gl-code-quality-report.json"

    def render(self, assessment: Assessment) -> str:
        """The list as JSON, with a newline at its end."""
        assessment = overview.arranged(assessment)
        known = overview.subjects_by_id(assessment)
        seen: Counter[str] = Counter()
        shown = (f for f in assessment.findings if overview.state_of(f) in {State.FAIL, State.NOT_EVALUATED})
        entries = [_entry(finding, known, seen) for finding in shown]
        return json_text(entries)


def _entry(finding: Finding, known: Mapping[str, SubjectRecord], seen: Counter[str]) -> dict[str, Any]:
    place = overview.place_of(finding)
    seen[finding.id] += 1
    failing = overview.state_of(finding) is State.FAIL
    text = f"{overview.name_of(finding, known)}: {finding.reason}"
    return {
        "description": overview.shortened(visible(f"{finding.rule_title}: {text}"), _LONGEST),
        "check_name": visible(f"{finding.pack}/{finding.rule}"),
        # two detectors can see one value: their findings share an id, and entries must not
        "fingerprint": finding.id if seen[finding.id] == 1 else f"{finding.id}-{seen[finding.id]}",
        "severity": _SEVERITIES[finding.severity] if failing else "info",
        "location": {"path": _relative(place.path), "lines": {"begin": max(1, place.line)}},
    }


def _relative(path: str) -> str:
    """As GitLab wants it: from the root of the repository, without `./`."""
    return visible(path.replace("\\", "/")).removeprefix("./").lstrip("/") or "keyproof.yaml"
