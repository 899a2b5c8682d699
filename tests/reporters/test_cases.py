"""Results of policy tests as text and JUnit: nothing hidden, nothing that breaks the document."""

from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

from lxml import etree

from keyproof.domain.case import Case, CaseResult, Expectation, RuleCoverage, Suite, SuiteResult
from keyproof.domain.policy import Policy
from keyproof.domain.secret import SourceLine
from keyproof.reporters.cases import covered, render_junit, render_text
from tests.fakes.assessments import BASELINE
from tests.fakes.secrets import secret

XSD = Path(__file__).parents[1] / "data" / "junit-10.xsd"


def _result(
    name: str, *faults: str, line: int = 5, outcome: str = "pass", covers: tuple[str, ...] = ()
) -> CaseResult:
    case = Case(
        name=name,
        rule="age",
        subject=secret(),
        beside=(),
        unreadable=(),
        as_of=datetime(2026, 11, 21, tzinfo=UTC),
        with_waivers=True,
        expected=Expectation(outcome=outcome),
        place=SourceLine(path="house.test.yaml", line=line),
        covers=covers,
    )
    return CaseResult(case=case, faults=faults, reason="")


def _suite(*results: CaseResult, cases: tuple[int, ...] = (1,)) -> SuiteResult:
    suite = Suite(
        path="house.test.yaml",
        policy=Policy(packs=(BASELINE,), frameworks=()),
        cases=tuple(result.case for result in results),
    )
    coverage = tuple(
        RuleCoverage(rule=f"r{i}", pack="house", place=SourceLine(path="house.yaml", line=i), cases=number)
        for i, number in enumerate(cases)
    )
    return SuiteResult(suite=suite, results=results, coverage=coverage)


def test_a_hundred_percent_means_every_rule() -> None:
    assert covered([_suite(cases=(1, 2))]) == 100
    assert covered([_suite(cases=(1,) * 199 + (0,))]) == 99
    assert covered([_suite(cases=(0,)), _suite(cases=(3,))]) == 50
    assert covered([_suite(cases=())]) == 100


def test_names_cannot_break_the_text_or_the_document() -> None:
    hostile = "a\x1b[2J\n  ok    b]]><x>&\x00"
    suite = _suite(_result(hostile, f"expected x, found {hostile}"), _result("fine", line=9), cases=(0,))
    text = render_text([suite])
    assert "\x1b" not in text
    assert [line for line in text.splitlines() if line.startswith("  ok")] == ["  ok    age: fine"]
    document = render_junit([suite])
    etree.XMLSchema(etree.parse(XSD)).assertValid(etree.fromstring(document.encode()))
    root = ET.fromstring(document)
    assert (root.get("tests"), root.get("failures")) == ("3", "1")


def test_cases_of_one_name_are_told_apart_by_their_line() -> None:
    root = ET.fromstring(render_junit([_suite(_result("90 days"), _result("90 days", line=9))]))
    names = [case.get("name") for case in root.iter("testcase")]
    assert names == ["age: 90 days (line 5)", "age: 90 days (line 9)"]


def test_an_untried_rule_is_seen_in_both() -> None:
    suite = _suite(_result("fine"), cases=(1, 0))
    assert "  untried: no case is about the rule 'r1' (house.yaml:1)\n" in render_text([suite])
    assert [case.get("name") for case in ET.fromstring(render_junit([suite])).iter("testcase")][
        -1
    ] == "r1: untried"


def test_requirements_are_counted_by_what_holds_and_told_where_only_one_side_is_shown() -> None:
    both = [_result("in time", covers=("9", "12")), _result("late", outcome="fail", covers=("12",))]
    broken = _result("late too", "expected x, found y", outcome="fail", covers=("9",))
    text = render_text([_suite(*both, broken)])
    assert text.splitlines()[-1] == "2 requirements covered; not shown both met and not met: 9"
    attested = [
        _result("given", outcome="manual", covers=("9",)),
        _result("never", outcome="not-evaluated", covers=("9",)),
    ]
    text = render_text([_suite(*both), _suite(*attested)])
    assert text.splitlines()[-1] == "2 requirements covered, each shown met and not met"
    assert render_text([_suite(_result("fine"))]).splitlines()[-1].startswith("1 case")
