"""`keyproof policy test`: what a person sees, what CI gets, and the exit codes."""

from pathlib import Path
from xml.etree import ElementTree as ET

from inline_snapshot import snapshot
from lxml import etree

from tests.cli.conftest import Keyproof

TEST = """\
apiVersion: keyproof/v1
kind: PolicyTest
as-of: 2025-10-05
cases:
  - {name: 90 days, rule: age, secret: {name: db-password, value-date: 2025-07-07}, around-due: true, due: 2025-10-05}
  - {rule: age, secret: {name: api-key}, expect: not-selected}
"""
WRONG = """\
  - {name: the owner's wish, rule: age, secret: {name: db-password, value-date: 2025-07-01}, expect: pass, reason: due}
"""
XSD = Path(__file__).parents[1] / "data" / "junit-10.xsd"


def test_cases_that_hold(project: Path, keyproof: Keyproof) -> None:
    (project / "policy.test.yaml").write_text(TEST)
    result = keyproof("policy", "test")
    assert (result.code, result.err) == (0, "")
    assert result.out == snapshot("""\
house 1.0.0, policy.test.yaml
  ok    age: 90 days, the day before due
  ok    age: 90 days, the end of the due day
  ok    age: 90 days, the day after due
  ok    age: not-selected

4 cases, none failed; 1 of 1 rule tried (100 %)
""")


def test_a_case_that_does_not_hold_names_its_line_and_the_difference(
    project: Path, keyproof: Keyproof
) -> None:
    (project / "policy.test.yaml").write_text(TEST + WRONG)
    result = keyproof("policy", "test", "policy.yaml", "--format", "junit=out/cases.xml", "--format", "text")
    assert result.code == 1
    assert "\n".join(result.out.splitlines()[5:]) == snapshot("""\
  FAIL  policy.test.yaml:7: age: the owner's wish
        expected outcome pass, found fail: overdue by 6 days: value of 2025-07-01 (version-created) was due 2025-09-29 under 90d

5 cases, 1 failed; 1 of 1 rule tried (100 %)\
""")
    report = project / "out" / "cases.xml"
    etree.XMLSchema(etree.parse(XSD)).assertValid(etree.parse(report))
    root = ET.parse(report).getroot()
    assert (root.get("tests"), root.get("failures")) == ("5", "1")
    failure = root.find(".//failure")
    assert failure is not None
    assert (failure.text or "").startswith("policy.test.yaml:7\nexpected outcome pass")


def test_a_rule_that_nobody_tries_is_named(project: Path, keyproof: Keyproof) -> None:
    policy = project / "policy.yaml"
    policy.write_text(policy.read_text() + "  - {id: leaks, title: No leaks, check: no-leak}\n")
    (project / "policy.test.yaml").write_text(TEST)
    result = keyproof("policy", "test")
    assert result.code == 0
    assert "  untried: no case is about the rule 'leaks' (policy.yaml:6)\n" in result.out
    assert "1 of 2 rules tried (50 %)" in result.out
    assert keyproof("policy", "test", "--coverage-min", "50").code == 0
    short = keyproof("policy", "test", "--coverage-min", "51")
    assert (short.code, short.err) == (1, "fewer than 51 % of the rules are tried\n")
    report = ET.fromstring(keyproof("policy", "test", "--format", "junit").out)
    skipped = report.find(".//skipped")
    assert skipped is not None
    assert "no case is about the rule 'leaks'" in (skipped.get("message") or "")


def test_a_test_file_with_a_fault_is_told_before_anything_runs(project: Path, keyproof: Keyproof) -> None:
    (project / "policy.test.yaml").write_text(TEST.replace("rule: age", "rule: aeg"))
    result = keyproof("policy", "test")
    assert (result.code, result.out) == (2, "")
    assert result.err == snapshot("""\
keyproof: 2 problems in policy.test.yaml
  policy.test.yaml:5:27: the pack 'house' has no rule 'aeg'; did you mean 'age'?
  policy.test.yaml:6:12: the pack 'house' has no rule 'aeg'; did you mean 'age'?
""")


def test_nothing_tried_is_never_fine(project: Path, keyproof: Keyproof) -> None:
    result = keyproof("policy", "test")
    assert (result.code, result.out) == (2, "")
    assert "no case was found for policy.yaml" in result.err
    assert "house.test.yaml" in result.err


def test_an_unknown_format_is_refused(project: Path, keyproof: Keyproof) -> None:
    (project / "policy.test.yaml").write_text(TEST)
    assert keyproof("policy", "test", "--format", "html").code == 2


def test_shipped_packs_are_tried_by_their_ids(project: Path, keyproof: Keyproof) -> None:
    result = keyproof("policy", "test", "baseline", "soc2", "--coverage-min", "100")
    assert (result.code, result.err) == (0, "")
    assert "none failed" in result.out


def test_an_example_shows_the_requirements_it_restates(project: Path, keyproof: Keyproof) -> None:
    result = keyproof(
        "policy", "test", "sports-simulation", "--coverage-min", "100", "--format", "junit=cases.xml"
    )
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[-1].endswith(" requirements covered, each shown met and not met")
    assert "  ok    multi-factor: quarterly, the day after due\n" in result.out
    etree.XMLSchema(etree.parse(XSD)).assertValid(etree.parse(project / "cases.xml"))
