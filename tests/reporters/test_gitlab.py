"""GitLab's secret detection report holds leaks, and counts the rest."""

import json
from dataclasses import replace
from typing import Any

from keyproof.domain.assessment import Assessment
from keyproof.reporters.gitlab import GitlabReporter
from tests.fakes import assessments
from tests.reporters.golden_file import assert_matches
from tests.reporters.validating import validate


def report(assessment: Assessment) -> Any:
    text = GitlabReporter().render(assessment)
    validate("gitlab", text)
    return json.loads(text)


def test_the_golden_assessment() -> None:
    assert_matches("golden.gitlab.json", GitlabReporter().render(assessments.golden()))


def test_a_leak_is_one_vulnerability_and_an_accepted_one_none() -> None:
    found = {one["identifiers"][0]["value"]: one for one in report(assessments.golden())["vulnerabilities"]}
    assert sorted(found) == ["github-token", "postgres-url"]
    both = found["postgres-url"]
    assert [one["value"] for one in both["identifiers"][1:]] == [
        "baseline/rotated-after-leak",
        "baseline/no-leak",
    ]
    assert both["severity"] == "Critical"
    assert both["location"]["file"] == "config/settings.py"
    assert both["location"]["commit"]["sha"] == "001f" * 10


def test_what_no_commit_holds_has_a_commit_of_zeros() -> None:
    golden = assessments.golden()
    places = tuple(replace(place, commit=None) for place in assessments.LIKELY.occurrences)
    leak = replace(assessments.LIKELY, occurrences=places)
    subjects = tuple(
        replace(r, subject=leak) if r.subject == assessments.LIKELY else r for r in golden.subjects
    )
    shas = {
        one["location"]["commit"]["sha"]
        for one in report(replace(golden, subjects=subjects))["vulnerabilities"]
    }
    assert "0" * 40 in shas


def test_a_vulnerability_keeps_its_id_from_run_to_run() -> None:
    golden = assessments.golden()
    later = replace(golden, run=replace(golden.run, id="another", started=golden.run.finished))
    ids = [[one["id"] for one in report(run)["vulnerabilities"]] for run in (golden, later)]
    assert ids[0] == ids[1]


def test_an_interrupted_run_is_a_failed_scan() -> None:
    golden = assessments.golden()
    assert report(golden)["scan"]["status"] == "success"
    stopped = replace(golden, run=replace(golden.run, interrupted=True))
    assert report(stopped)["scan"]["status"] == "failure"
    assert [message["level"] for message in report(golden)["scan"]["messages"]] == [
        "info",
        "warn",
        "warn",
        "warn",
    ]
