"""Results of a policy's own tests, as text and as JUnit XML: the output of `keyproof policy test`."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from keyproof.domain.case import CaseResult, RuleCoverage, SuiteResult
from keyproof.domain.verdict import Outcome
from keyproof.domain.wording import count
from keyproof.report.visible import visible

_ILLEGAL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 forbids or discourages."""
_MET = frozenset({Outcome.PASS.value, Outcome.MANUAL.value})
_NOT_MET = frozenset({Outcome.FAIL.value, Outcome.NOT_EVALUATED.value})


def covered(suites: Sequence[SuiteResult]) -> int:
    """Percent of the packs' own rules that a case tries, rounded down: 100 means all of them."""
    rules = [rule for suite in suites for rule in suite.coverage]
    return 100 * sum(rule.cases > 0 for rule in rules) // len(rules) if rules else 100


def render_text(suites: Sequence[SuiteResult]) -> str:
    """One line a case, what differs below it, the rules nobody tries, and at the end the sums."""
    lines: list[str] = []
    for suite in suites:
        (pack,) = suite.suite.policy.packs
        lines.append(f"{pack.id} {pack.version}, {suite.suite.path}")
        for result in suite.results:
            lines += _case_lines(result)
        lines += [f"  untried: {_named(rule)}" for rule in suite.coverage if not rule.cases]
        lines.append("")
    return "\n".join([*lines, _sums(suites), *_requirements(suites)]) + "\n"


def _case_lines(result: CaseResult) -> Iterator[str]:
    case = result.case
    title = visible(f"{case.rule}: {_title(result)}")
    if not result.faults:
        yield f"  ok    {title}"
        return
    yield f"  FAIL  {case.place.path}:{case.place.line}: {title}"
    for fault in result.faults:
        yield f"        {visible(fault)}"


def _title(result: CaseResult) -> str:
    return result.case.name or result.case.expected.outcome


def _named(rule: RuleCoverage) -> str:
    place = f" ({rule.place.path}:{rule.place.line})" if rule.place else ""
    return f"no case is about the rule '{rule.rule}'{place}"


def _sums(suites: Sequence[SuiteResult]) -> str:
    results = [result for suite in suites for result in suite.results]
    failed = sum(bool(result.faults) for result in results)
    rules = [rule for suite in suites for rule in suite.coverage]
    tried = sum(rule.cases > 0 for rule in rules)
    outcome = f"{failed} failed" if failed else "none failed"
    return (
        f"{count(len(results), 'case')}, {outcome}; "
        f"{tried} of {count(len(rules), 'rule')} tried ({covered(suites)} %)"
    )


def _requirements(suites: Sequence[SuiteResult]) -> Iterator[str]:
    """How many requirements the cases that hold are evidence for, where any names one."""
    shown: dict[str, set[str]] = defaultdict(set)
    for result in (result for suite in suites for result in suite.results if not result.faults):
        for name in result.case.covers:
            shown[name].add(result.case.expected.outcome)
    if not shown:
        return
    half = [name for name, outcomes in shown.items() if not (outcomes & _MET and outcomes & _NOT_MET)]
    half.sort(key=lambda name: (len(name), name))
    ways = f"; not shown both met and not met: {', '.join(half)}" if half else ", each shown met and not met"
    yield visible(f"{count(len(shown), 'requirement')} covered{ways}")


def render_junit(suites: Sequence[SuiteResult]) -> str:
    """One suite a test file, one case a case; an untried rule is a skipped case, so that it is seen."""
    root = ET.Element("testsuites", {"name": "keyproof policy test"})
    for suite in suites:
        root.append(_suite(suite))
    for total in ("tests", "failures", "errors"):
        root.set(total, str(sum(int(child.get(total, "0")) for child in root)))
    root.set("time", "0.000")
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(suite: SuiteResult) -> ET.Element:
    untried = [rule for rule in suite.coverage if not rule.cases]
    element = ET.Element(
        "testsuite",
        {
            "name": _clean(suite.suite.path),
            "tests": str(len(suite.results) + len(untried)),
            "failures": str(sum(bool(result.faults) for result in suite.results)),
            "errors": "0",
            "skipped": str(len(untried)),
            "time": "0.000",
        },
    )
    for result in suite.results:
        place = result.case.place
        # Two cases may have one name; their lines differ, but for the three of one `around-due`.
        case = _case(element, suite, f"{result.case.rule}: {_title(result)} (line {place.line})")
        if result.faults:
            failure = ET.SubElement(case, "failure", {"message": _clean(result.faults[0])})
            failure.text = _clean("\n".join([f"{place.path}:{place.line}", *result.faults]))
    for rule in untried:
        case = _case(element, suite, f"{rule.rule}: untried")
        ET.SubElement(case, "skipped", {"message": _clean(_named(rule))})
    return element


def _case(parent: ET.Element, suite: SuiteResult, name: str) -> ET.Element:
    (pack,) = suite.suite.policy.packs
    return ET.SubElement(parent, "testcase", {"name": _clean(name), "classname": pack.id, "time": "0.000"})


def _clean(text: str) -> str:
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)
