from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot
from junit2htmlreport.parser import Junit
from lxml import etree

from keyproof.domain.assessment import Assessment
from keyproof.domain.verdict import Outcome
from keyproof.reporters.junit import JUnitReporter
from tests.fakes import assessments
from tests.reporters.golden_file import assert_matches

XSD = etree.XMLSchema(etree.parse(str(Path(__file__).parents[1] / "data" / "junit-10.xsd")))


def parsed(assessment: Assessment) -> etree._Element:
    root = etree.fromstring(JUnitReporter().render(assessment).encode())
    XSD.assertValid(root)
    return root


def case(root: etree._Element, rule: str, subject: str) -> etree._Element:
    found = [c for c in root.iter("testcase") if c.get("name") == f"{rule} {subject}"]
    assert len(found) == 1
    return found[0]


def test_the_golden_assessment() -> None:
    assert_matches("golden.junit.xml", JUnitReporter().render(assessments.golden()))


@pytest.mark.parametrize("name", ["golden", "clean", "incomplete", "empty"])
def test_it_is_valid_against_the_jenkins_schema(name: str) -> None:
    parsed(getattr(assessments, name)())


def test_every_outcome_has_its_element() -> None:
    root = parsed(assessments.golden())
    elements = {
        "fail": case(root, "not-unused", assessments.FTP.id),
        "not-evaluated": case(root, "scan-complete", assessments.BATCH.id),
        "waived": case(root, "api-key-rotation", assessments.OPENAI.id),
        "baseline": case(root, "no-leak", assessments.BASELINED.id),
        "manual": case(root, "penetration-test", assessments.PAYMENTS.document.id),
        "not-applicable": case(root, "not-unused", assessments.DOTENV.id),
        "pass": case(root, "owner-stated", assessments.DATABASE.id),
        "gap": case(root, "aws-prod", "us-east-1"),
    }
    assert {
        name: [(child.tag, child.get("type"), child.get("message")) for child in element]
        for name, element in elements.items()
    } == snapshot(
        {
            "fail": [
                (
                    "failure",
                    "medium",
                    "No secret stays unused for 90 days: it was last read on 2025-06-02, 287 days ago",
                )
            ],
            "not-evaluated": [
                ("error", "not-evaluated", "the clone is shallow; run `git fetch --unshallow`")
            ],
            "waived": [
                (
                    "skipped",
                    "skipped",
                    "accepted by waiver W-2026-01 until 2026-06-30, approved by Ines Okafor, Tom Brandt: The provider has no second key; <script>alert('owned')</script>; the value is 198 days old; its 180d ended on 2026-02-26, 18 days ago",
                )
            ],
            "baseline": [
                (
                    "skipped",
                    "skipped",
                    "accepted by baseline entry ca764087730ac08b until 2026-12-31, to be put in order by Shop Team: failed before keyproof was adopted; a proven Slack webhook stands in the history of shop-api",
                )
            ],
            "manual": [
                (
                    "skipped",
                    "skipped",
                    "attested, not tested: attested by Ines Okafor on 2025-11-20, valid until 2026-11-20",
                )
            ],
            "not-applicable": [("skipped", "skipped", "does not apply: a .env file records no reads")],
            "pass": [],
            "gap": [("error", "denied", "the role may not call secretsmanager:ListSecrets here")],
        }
    )


def test_a_failure_says_when_why_and_what_to_do() -> None:
    failure = case(parsed(assessments.golden()), "database-rotation", assessments.DATABASE.id).find("failure")
    assert failure is not None
    assert failure.text == snapshot("""\
the value is 164 days old; its 90d ended on 2026-01-01, 74 days ago
Subject: aws-secrets-manager://111122223333/eu-west-1/payments/production/database-password
Severity: base medium = critical
Due: 2026-01-01, 74 days overdue
Evidence: value date: 2025-10-03 (version-created, exact)
Evidence: age: 164 d
Evidence: period: 90d
Place: docs/secrets.md:14 in 4d1f0c22aa903b1785e3c1b09f2d4b6a7c8e9f01
Remedy: Create a second database user, deploy it, then drop the old one.
Control: soc2:CC6.1 (partial evidence)
Control: pci-dss-4.0.1:8.6.3 (full evidence)
Rule: security/policies/payments.yaml:24\
""")


def test_the_counts_are_those_of_the_summary() -> None:
    golden = assessments.golden()
    root = parsed(golden)
    suites = root.findall("testsuite")
    assert int(root.get("failures", "")) == golden.summary.failed
    assert int(root.get("errors", "")) == golden.summary.not_evaluated + golden.summary.gaps
    assert int(root.get("tests", "")) == len(golden.findings) + golden.summary.gaps
    assert [(suite.get("name"), suite.get("tests")) for suite in suites] == [
        ("baseline", "18"),
        ("payments", "14"),
        ("scopes", "3"),
    ]
    assert {suite.get("timestamp") for suite in suites} == {"2026-03-16T09:30:00"}


def test_a_class_has_one_dot_and_a_case_is_unique_in_it() -> None:
    golden = assessments.golden()
    twice = replace(golden, findings=(*golden.findings, *golden.findings))
    cases = [(c.get("classname", ""), c.get("name")) for c in parsed(twice).iter("testcase")]
    assert all(classname.count(".") == 1 for classname, _ in cases)
    assert max(Counter(cases).values()) == 1


@settings(max_examples=60, deadline=None)
@given(st.text(), st.text(), st.sampled_from(list(Outcome)))
def test_any_text_gives_a_valid_document(name: str, reason: str, outcome: Outcome) -> None:
    golden = assessments.golden()
    finding = replace(golden.findings[0], rule=name, subject=name, reason=reason, outcome=outcome)
    parsed(replace(golden, findings=(finding,), run=replace(golden.run, organisation=name)))


def test_junit2html_reads_it(tmp_path: Path) -> None:
    golden = assessments.golden()
    path = tmp_path / "keyproof.xml"
    path.write_text(JUnitReporter().render(golden), encoding="utf-8")
    read = Junit(str(path))
    cases = [case for suite in read.suites for kind in suite.classes.values() for case in kind.cases]
    assert (
        sum(case.failed() for case in cases)
        == golden.summary.failed + golden.summary.not_evaluated + golden.summary.gaps
    )
    assert sum(case.skipped is not None for case in cases) == 5
    assert assessments.SCRIPT not in read.html()
