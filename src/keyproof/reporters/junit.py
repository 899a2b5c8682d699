"""JUnit XML for the test views of CI systems, valid against the XSD that Jenkins publishes."""

from collections import Counter
from collections.abc import Iterator
from typing import ClassVar
from xml.etree import ElementTree as ET

from junit_xml import TestCase, TestSuite

from keyproof.domain.assessment import Assessment, Scope
from keyproof.domain.finding import Finding
from keyproof.report import overview
from keyproof.report.acceptance import Papers
from keyproof.report.overview import State
from keyproof.report.visible import visible

_ALLOWED = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "time", "skipped", "timestamp", "id", "package"},
    "testcase": {"name", "time", "classname"},
}
"""What junit-10.xsd knows of what is written here; junit-xml writes more, e.g. `disabled`."""


class JUnitReporter:
    """One suite a pack, one case a finding, and one case a scope that could not be read in full.

    A failure nobody accepted is `failure`, what could not be evaluated or read is `error`, an accepted
    failure, an attested control and a rule that does not apply are `skipped`, each with its reason.
    """

    format: ClassVar[str] = "junit"
    filename: ClassVar[str] = "keyproof.junit.xml"

    def render(self, assessment: Assessment) -> str:
        """The document, in UTF-8 with a declaration."""
        root = ET.Element("testsuites", {"name": _clean(assessment.run.organisation)})
        for suite in _suites(assessment):
            root.append(suite.build_xml_doc())
        for total in ("tests", "failures", "errors"):
            root.set(total, str(sum(int(suite.get(total, "0")) for suite in root)))
        root.set("time", "0.000")
        _normalise(root)
        ET.indent(root)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suites(assessment: Assessment) -> Iterator[TestSuite]:
    papers = Papers(assessment)
    assessment = overview.arranged(assessment)
    for pack in sorted({finding.pack for finding in assessment.findings} | {p.id for p in assessment.packs}):
        ordered = [finding for finding in assessment.findings if finding.pack == pack]
        yield _suite(assessment, pack, _unique([_case(finding, papers) for finding in ordered]))
    if missing := overview.gaps(assessment):
        yield _suite(assessment, "scopes", _unique([_gap(scope) for scope in missing]))


def _suite(assessment: Assessment, name: str, cases: list[TestCase]) -> TestSuite:
    run = assessment.run
    properties = {
        "organisation": run.organisation,
        "run": run.id,
        "tool": f"keyproof {run.version}",
        "as-of": run.as_of.isoformat(),
        "policy-digest": run.policy_digest,
        "config-digest": run.config_digest,
        "identity": run.identity,
        "fail-on": run.fail_on or "never",
        "allow-incomplete": str(run.allow_incomplete).lower(),
    }
    pack = next((pack for pack in assessment.packs if pack.id == name), None)
    if pack:
        properties |= {"pack-version": pack.version, "pack-digest": pack.digest}
    timestamp = run.as_of.replace(tzinfo=None, microsecond=0).isoformat()
    return TestSuite(name=name, test_cases=cases, timestamp=timestamp, package=name, properties=properties)


def _case(finding: Finding, papers: Papers) -> TestCase:
    classname = f"{_word(finding.pack)}.{_word(finding.check)}"
    case = TestCase(name=_line(f"{finding.rule} {finding.subject}"), classname=classname)
    match overview.state_of(finding):
        case State.FAIL:
            case.add_failure_info(
                message=_line(f"{finding.rule_title}: {finding.reason}"),
                output="\n".join(map(visible, _body(finding))),
                failure_type=finding.severity.value,
            )
        case State.NOT_EVALUATED:
            case.add_error_info(
                message=_line(finding.reason),
                output="\n".join(map(visible, _body(finding))),
                error_type="not-evaluated",
            )
        case State.WAIVED:
            case.add_skipped_info(message=_line(f"accepted by {papers.accepting(finding)}; {finding.reason}"))
        case State.MANUAL:
            case.add_skipped_info(message=_line(f"attested, not tested: {finding.reason}"))
        case State.NOT_APPLICABLE:
            case.add_skipped_info(message=_line(f"does not apply: {finding.reason}"))
        case State.PASS:
            pass
    return case


def _gap(scope: Scope) -> TestCase:
    case = TestCase(name=f"{scope.source} {scope.scope}", classname=f"scopes.{_word(scope.kind)}")
    reason = scope.reason or f"the scope is {scope.status}"
    output = "\n".join(line for line in (reason, scope.hint and f"Next step: {scope.hint}") if line)
    case.add_error_info(message=_line(reason), output=output, error_type=scope.status.value)
    return case


def _body(finding: Finding) -> Iterator[str]:
    yield finding.reason
    yield f"Subject: {finding.subject}"
    yield f"Severity: {finding.severity_reason}"
    if finding.due:
        late = f", {finding.days_overdue} days overdue" if finding.days_overdue else ""
        yield f"Due: {finding.due}{late}"
    for fact in finding.evidence:
        yield f"Evidence: {fact.name}: {fact.value}"
    for place in finding.locations:
        yield f"Place: {place.path}:{place.line}" + (f" in {place.commit}" if place.commit else "")
    if finding.remediation:
        yield f"Remedy: {finding.remediation}"
    for edge in finding.controls:
        yield f"Control: {edge.id} ({edge.strength} evidence)"
    if finding.rule_place:
        yield f"Rule: {finding.rule_place.path}:{finding.rule_place.line}"


def _unique(cases: list[TestCase]) -> list[TestCase]:
    """GitLab drops a second case of the same class and name."""
    seen: Counter[tuple[str, str]] = Counter()
    for case in cases:
        seen[key := (case.classname, case.name)] += 1
        if seen[key] > 1:
            case.name = f"{case.name} ({seen[key]})"
    return cases


def _normalise(root: ET.Element) -> None:
    for element in root.iter():
        for name in set(element.attrib) - _ALLOWED.get(element.tag, set(element.attrib)):
            del element.attrib[name]
        if element.tag in {"testsuite", "testcase"}:
            element.set("time", "0.000")
        for name, value in element.attrib.items():
            element.set(name, _clean(value))
        element.text = _clean(element.text) if element.text else element.text


def _clean(text: str) -> str:
    """Nothing that XML 1.0 forbids or that a reader cannot see; line ends stay."""
    return "\n".join(map(visible, text.split("\n")))


def _line(text: str) -> str:
    return " ".join(text.split())


def _word(text: str) -> str:
    """Jenkins takes everything before the last dot of a class for its package."""
    return text.replace(".", "-")
