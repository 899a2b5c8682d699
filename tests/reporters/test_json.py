import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import jsonschema
from inline_snapshot import snapshot

from keyproof.report import result
from keyproof.reporters.json import JsonReporter
from tests.fakes import assessments
from tests.reporters.golden_file import assert_matches

TOP = [
    "schema",
    "run",
    "sources",
    "scopes",
    "subjects",
    "findings",
    "controls",
    "waivers",
    "baseline",
    "packs",
    "frameworks",
    "summary",
]


def rendered(**run: object) -> dict[str, Any]:
    golden = assessments.golden()
    changed = replace(golden, run=replace(golden.run, **run))  # type: ignore[arg-type]  # each test names fields of the run
    document: dict[str, Any] = json.loads(JsonReporter().render(changed))
    return document


def test_the_golden_assessment() -> None:
    assert_matches("golden.json", JsonReporter().render(assessments.golden()))


def test_the_document_is_valid_against_the_published_schema() -> None:
    jsonschema.Draft202012Validator(
        result.json_schema(), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    ).validate(rendered())


def test_the_document_reads_back_as_the_published_models() -> None:
    text = JsonReporter().render(assessments.golden())
    read = result.Result.model_validate_json(text)
    assert read.model_dump_json(by_alias=True, indent=2) + "\n" == text


def test_the_names_the_contract_promises() -> None:
    document = rendered()
    assert list(document) == TOP
    assert document["schema"] == "keyproof.assessment/v1"
    promised = {
        "run": {"id", "tool", "as_of", "started", "finished", "organisation", "policy_digest", "config_digest", "identity"},
        "summary": {"pass", "fail", "waived", "not_evaluated", "manual", "not_applicable", "by_severity", "exit_code"},
    }  # fmt: skip
    lists = {
        "scopes": {"source", "kind", "scope", "status", "subjects", "reason"},
        "subjects": {
            "id", "kind", "source", "name", "class", "environment", "owner", "value_date", "expires_at", "versions", "tags",
        },
        "findings": {
            "id", "rule", "pack", "check", "subject", "outcome", "severity", "reason", "due", "days_overdue", "controls",
            "locations", "waiver", "baseline", "remediation",
        },
        "controls": {"id", "framework", "title", "outcome", "counts", "note"},
        "waivers": {"id", "state"},
    }  # fmt: skip
    for part, names in promised.items():
        assert names <= set(document[part])
    for part, names in lists.items():
        assert all(names <= set(entry) for entry in document[part]), part


def test_one_finding_in_full() -> None:
    finding = next(
        f for f in rendered()["findings"] if f["rule"] == "database-rotation" and f["due"] == "2026-01-01"
    )
    assert finding == snapshot(
        {
            "id": "5a89b05749b725fc",
            "rule": "database-rotation",
            "rule_title": "Database passwords are replaced every 90 days",
            "pack": "payments",
            "check": "max-age",
            "subject": "aws-secrets-manager://111122223333/eu-west-1/payments/production/database-password",
            "outcome": "fail",
            "severity": "critical",
            "severity_reason": "base medium = critical",
            "reason": "the value is 164 days old; its 90d ended on 2026-01-01, 74 days ago",
            "due": "2026-01-01",
            "days_overdue": 74,
            "alert": "",
            "controls": [
                {
                    "id": "pci-dss-4.0.1:8.6.3",
                    "strength": "full",
                    "preconditions": "the secret belongs to an application or system account and 90 days is the period of the targeted risk analysis",
                },
                {"id": "soc2:CC6.1", "strength": "partial", "preconditions": ""},
            ],
            "locations": [
                {"path": "docs/secrets.md", "line": 14, "commit": "4d1f0c22aa903b1785e3c1b09f2d4b6a7c8e9f01"}
            ],
            "waiver": None,
            "baseline": None,
            "remediation": "Create a second database user, deploy it, then drop the old one.",
            "evidence": [
                {"name": "value date", "value": "2025-10-03 (version-created, exact)"},
                {"name": "age", "value": "164 d"},
                {"name": "period", "value": "90d"},
            ],
            "rule_place": {"path": "security/policies/payments.yaml", "line": 24, "commit": None},
        }
    )


def test_a_subject_says_what_its_date_rests_on() -> None:
    subjects = {subject["id"]: subject for subject in rendered()["subjects"]}
    assert subjects[assessments.DATABASE.id]["value_date"] == {
        "at": "2025-10-03T00:00:00Z",
        "basis": "version-created",
        "confidence": "exact",
    }
    assert subjects[assessments.DATABASE.id]["class"] == "database"
    assert subjects[assessments.PROVEN.id]["value_date"] is None
    assert [place["path"] for place in subjects[assessments.PROVEN.id]["leak"]["occurrences"]] == [
        "deploy/release.sh",
        f"docs/{assessments.SCRIPT}.md",
    ]


def test_only_the_clock_of_the_run_varies_between_equal_runs() -> None:
    later = datetime(2026, 3, 17, tzinfo=timezone(timedelta(hours=2)))
    first, second = rendered(), rendered(started=later, finished=later)
    assert second["run"].pop("started") == second["run"].pop("finished") == "2026-03-16T22:00:00Z"
    del first["run"]["started"], first["run"]["finished"]
    assert first == second


def test_the_counts_are_those_of_the_findings() -> None:
    document = rendered()
    summary = document["summary"]
    total = sum(
        summary[key] for key in ("pass", "fail", "waived", "not_evaluated", "manual", "not_applicable")
    )
    assert total == len(document["findings"])
    accepted = [f for f in document["findings"] if f["outcome"] == "fail" and (f["waiver"] or f["baseline"])]
    assert len(accepted) == summary["waived"]
