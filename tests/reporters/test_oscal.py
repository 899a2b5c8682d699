"""OSCAL assessment results, as GRC tools read them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from inline_snapshot import snapshot

from keyproof.domain.assessment import Assessment
from keyproof.domain.verdict import Outcome
from keyproof.reporters.oscal import OscalReporter
from tests.fakes import assessments
from tests.reporters.validating import validate


def document(assessment: Assessment) -> dict[str, Any]:
    text = OscalReporter().render(assessment)
    validate("oscal", text)
    found: dict[str, Any] = json.loads(text)["assessment-results"]
    return found


def result(assessment: Assessment) -> dict[str, Any]:
    (only,) = document(assessment)["results"]
    assert isinstance(only, dict)
    return only


def walk(part: Any) -> Iterator[tuple[str, Any]]:
    for name, value in part.items() if isinstance(part, dict) else enumerate(part):
        yield str(name), value
        if isinstance(value, dict | list):
            yield from walk(value)


@pytest.mark.parametrize("name", ["golden", "clean", "incomplete", "empty"])
def test_every_reference_has_its_target_and_nothing_is_empty(name: str) -> None:
    whole = document(getattr(assessments, name)())
    found = list(walk(whole))
    ids = [value for key, value in found if key == "uuid"]
    assert len(set(ids)) == len(ids)
    references = {value for key, value in found if key.endswith("-uuid")}
    assert references <= set(ids)
    assert whole["import-ap"]["href"].removeprefix("#") in ids
    assert [key for key, value in found if value in ([], "", {}) and key != "include-all"] == []


def test_a_control_that_could_not_be_evaluated_has_no_finding() -> None:
    golden = assessments.golden()
    judged = {c.control.id for c in golden.controls if c.outcome is not Outcome.NOT_EVALUATED}
    found = result(golden)["findings"]
    assert {one["props"][0]["value"] for one in found} == judged
    assert len(judged) < len(golden.controls)
    states = {one["props"][0]["value"]: one["target"]["status"]["state"] for one in found}
    assert (states["pci-dss-4.0.1:3.7.4"], states["soc2:CC6.1"], states["pci-dss-4.0.1:8.3.2"]) == (
        "satisfied", "not-satisfied", "not-satisfied",
    )  # fmt: skip


def test_what_is_satisfied_says_on_what_it_rests() -> None:
    for one in result(assessments.golden())["findings"]:
        assert one["target"]["status"]["remarks"].startswith("Evidence strength: ")
        assert "What a scan cannot show: " in one["description"]


def test_an_accepted_failure_is_a_risk_with_a_deadline() -> None:
    risks = {one["statement"].split()[3]: one for one in result(assessments.golden())["risks"]}
    assert risks["W-2026-01"] == snapshot(
        {
            "uuid": "287fe2f0-b50b-503f-b294-3597072cc8b4",
            "title": "Accepted: API keys are replaced every 180 days",
            "description": "the value is 198 days old; its 180d ended on 2026-02-26, 18 days ago",
            "statement": "Accepted by waiver W-2026-01 until 2026-06-30, approved by Ines Okafor, Tom Brandt: The provider has no second key; <script>alert('owned')</script>",
            "status": "deviation-approved",
            "related-observations": [{"observation-uuid": "947e166b-03e5-56f1-82e6-21c0f4dc6705"}],
            "deadline": "2026-06-30T23:59:59Z",
        }
    )
    assert {one["status"] for one in risks.values()} == {"deviation-approved"}
    assert all("deadline" in one for one in risks.values())


def test_a_gap_is_an_observation_and_an_attestation_stands_apart() -> None:
    found = result(assessments.golden())
    gaps = [one for one in found["observations"] if one["props"][0]["value"] == "gap"]
    assert [(one["methods"], one["props"][1]["value"]) for one in gaps] == [
        (["UNKNOWN"], "denied"), (["UNKNOWN"], "partial"), (["UNKNOWN"], "partial"),
    ]  # fmt: skip
    (attestation,) = found["attestations"]
    assert attestation["parts"][0]["prose"].startswith("attested by Ines Okafor")
    assert sum(one["methods"] == ["INTERVIEW"] for one in found["observations"]) == 1


def test_two_runs_have_different_ids_and_one_run_the_same() -> None:
    golden = assessments.golden()
    later = replace(golden, run=replace(golden.run, id="another"))
    assert document(golden)["uuid"] == document(golden)["uuid"] != document(later)["uuid"]
