import json
from collections import Counter
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from inline_snapshot import snapshot

from keyproof.domain.assessment import Assessment
from keyproof.domain.secret import SourceLine
from keyproof.reporters.sarif import SarifReporter
from tests.fakes import assessments
from tests.reporters.golden_file import assert_matches
from tests.reporters.validating import validate


def run(assessment: Assessment, *, passes: bool = False) -> dict[str, Any]:
    text = SarifReporter(passes=passes).render(assessment)
    validate("sarif", text)
    document = json.loads(text)
    assert document["version"] == "2.1.0"
    (only,) = document["runs"]
    assert isinstance(only, dict)
    return only


def of(log: dict[str, Any], rule: str, subject: str) -> dict[str, Any]:
    found = [
        result
        for result in log["results"]
        if result["ruleId"].endswith(f"/{rule}")
        and result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == subject
    ]
    assert len(found) == 1
    assert isinstance(found[0], dict)
    return found[0]


def test_the_golden_assessment() -> None:
    assert_matches("golden.sarif", SarifReporter().render(assessments.golden()))


def test_a_level_stands_only_with_the_kind_fail() -> None:
    results = run(assessments.golden(), passes=True)["results"]
    assert {(result["kind"], result["level"]) for result in results} == {
        ("fail", "error"),
        ("fail", "warning"),
        ("fail", "note"),
        ("review", "none"),
        ("pass", "none"),
        ("notApplicable", "none"),
    }
    assert len(results) == len(assessments.golden().findings)


def test_passes_are_left_out_unless_asked_for() -> None:
    assert {result["kind"] for result in run(assessments.golden())["results"]} == {"fail", "review"}


def test_every_result_says_whether_it_is_suppressed() -> None:
    log = run(assessments.golden())
    assert all("suppressions" in result for result in log["results"])
    assert of(log, "not-unused", assessments.FTP.id)["suppressions"] == []
    assert of(log, "api-key-rotation", assessments.OPENAI.id)["suppressions"] == snapshot(
        [
            {
                "kind": "external",
                "status": "accepted",
                "justification": "waiver W-2026-01 until 2026-06-30, approved by Ines Okafor, Tom Brandt: The provider has no second key; <script>alert('owned')</script>",
            }
        ]
    )


def test_what_failed_when_the_baseline_was_taken_is_told_from_what_is_new() -> None:
    golden = assessments.golden()
    states = Counter(result["baselineState"] for result in run(golden)["results"])
    assert states == {"unchanged": 3, "new": len(run(golden)["results"]) - 3}
    without = run(replace(golden, baseline=()))["results"]
    assert all("baselineState" not in result for result in without)


def test_every_result_has_a_place_and_a_fingerprint() -> None:
    for result in run(assessments.golden(), passes=True)["results"]:
        physical = result["locations"][0]["physicalLocation"]
        assert urlsplit(physical["artifactLocation"]["uri"]).scheme in {"", "file"}
        assert physical["region"]["startLine"] >= 1
        assert result["partialFingerprints"]["keyproofFinding/v1"]


def test_paths_become_uris() -> None:
    golden = assessments.golden()
    places = (SourceLine(path="a b/ü#1.env", line=0), SourceLine(path="/etc/x", line=2))
    finding = replace(next(f for f in golden.findings if f.gates), locations=places)
    result = run(replace(golden, findings=(finding,)))["results"][0]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "a%20b/%C3%BC%231.env"},
        "region": {"startLine": 1},
    }
    assert result["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "file:///etc/x"


def test_rules_are_indexed_and_scored() -> None:
    log = run(assessments.golden())
    rules = log["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in log["results"])
    assert all("security" in rule["properties"]["tags"] for rule in rules)
    assert all(0 < float(rule["properties"]["security-severity"]) <= 10 for rule in rules)


def test_every_descriptor_says_what_github_asks_for() -> None:
    """Rule GH2012 of Microsoft's validator."""
    driver = run(assessments.golden())["tool"]["driver"]
    for descriptor in (*driver["rules"], *driver["notifications"]):
        for name in ("shortDescription", "fullDescription", "help"):
            assert descriptor[name]["text"], descriptor["id"]
    assert driver["informationUri"].startswith("https://")


def test_what_was_not_looked_at_is_a_notification() -> None:
    (invocation,) = run(assessments.golden())["invocations"]
    assert invocation["executionSuccessful"] is True
    assert [n["message"]["text"] for n in invocation["toolExecutionNotifications"]] == snapshot(
        [
            "aws-prod, us-east-1 (denied): the role may not call secretsmanager:ListSecrets here. Next step: grant secretsmanager:ListSecrets in us-east-1.",
            "git, legacy-batch (partial): the clone is shallow. Next step: run `git fetch --unshallow`.",
            "vault, kv (partial): the policies of one path are not readable. Next step: grant read on sys/policies/acl/*.",
        ]
    )
