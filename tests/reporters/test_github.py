"""Workflow commands: nothing from outside can end one or begin another."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.secret import SourceLine
from keyproof.report.visible import visible
from keyproof.reporters.github import GithubReporter
from tests.fakes import assessments
from tests.reporters.golden_file import assert_matches
from tests.reporters.reading import commands


def test_the_golden_assessment() -> None:
    assert_matches("golden.github.txt", GithubReporter().render(assessments.golden()))


def test_levels_follow_severities() -> None:
    found = [
        (level, given["title"].split(":")[0])
        for level, given, _ in commands(GithubReporter().render(assessments.golden()))
        if "file" in given
    ]
    assert Counter(found) == {
        ("error", "critical"): 4,
        ("error", "high"): 2,
        ("warning", "medium"): 1,
        ("notice", "low"): 3,
    }


def test_accepted_failures_are_counted_and_not_marked() -> None:
    text = GithubReporter().render(assessments.golden())
    assert "openai-api-key" not in text
    assert "3 accepted" in text.splitlines()[-1]


@given(st.text(max_size=80), st.text(min_size=1, max_size=80))
def test_whatever_the_names_a_command_stays_one(reason: str, path: str) -> None:
    golden = assessments.golden()
    finding = next(finding for finding in golden.findings if finding.gates)
    odd = replace(
        finding, reason=reason, rule_title=path, remediation="", locations=(SourceLine(path=path, line=7),)
    )
    first, *rest = commands(GithubReporter().render(replace(golden, findings=(odd,), scopes=())))
    level, properties, message = first
    assert level == "error"
    assert properties == {"file": visible(path), "line": "7", "title": f"{finding.severity}: {visible(path)}"}
    assert f": {visible(reason)} (" in message
    assert len(rest) == 1


def test_an_empty_run_says_so() -> None:
    ((level, _, message),) = commands(GithubReporter().render(assessments.empty()))
    assert (level, message.partition(":")[0]) == ("notice", "Not known")
