"""OCSF Compliance Findings."""

import json
from collections import Counter
from typing import Any

from inline_snapshot import snapshot

from keyproof.reporters.ocsf import OcsfReporter
from tests.fakes import assessments
from tests.reporters.validating import validate

REQUIRED = (
    "activity_id", "category_uid", "class_uid", "compliance", "finding_info", "metadata", "severity_id", "time", "type_uid",
)  # fmt: skip
"""Required in the class and its parents (OCSF 1.5)."""


def events() -> list[dict[str, Any]]:
    text = OcsfReporter().render(assessments.golden())
    validate("ocsf", text)
    found: list[dict[str, Any]] = json.loads(text)
    return found


def test_every_event_has_what_the_class_requires() -> None:
    for event in events():
        assert [name for name in REQUIRED if name not in event] == []
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"] == 200301
        assert event["metadata"]["version"] == "1.5.0"
        assert event["finding_info"]["uid"]


def test_an_accepted_failure_is_suppressed_and_still_a_failure() -> None:
    (event,) = (one for one in events() if one["unmapped"]["waiver"] == "W-2026-01")
    assert event == snapshot(
        {
            "activity_id": 1,
            "activity_name": "Create",
            "category_uid": 2,
            "category_name": "Findings",
            "class_uid": 2003,
            "class_name": "Compliance Finding",
            "type_uid": 200301,
            "type_name": "Compliance Finding: Create",
            "time": 1773653400000,
            "severity_id": 3,
            "severity": "Medium",
            "status_id": 3,
            "status": "Suppressed",
            "message": "payments/production/openai-api-key: the value is 198 days old; its 180d ended on 2026-02-26, 18 days ago",
            "metadata": {
                "version": "1.5.0",
                "uid": "057564ea52c93fcd",
                "correlation_uid": "0f8fad5b-d9cb-569f-a165-70867728950e",
                "event_code": "payments/api-key-rotation",
                "product": {"name": "keyproof", "vendor_name": "keyproof", "version": "0.1.0"},
            },
            "finding_info": {
                "uid": "057564ea52c93fcd",
                "title": "API keys are replaced every 180 days",
                "desc": "the value is 198 days old; its 180d ended on 2026-02-26, 18 days ago",
                "types": ["max-age"],
                "created_time": 1773653400000,
            },
            "compliance": {
                "control": "payments/api-key-rotation",
                "requirements": ["pci-dss-4.0.1:8.6.3 (partial evidence)", "soc2:CC6.1 (partial evidence)"],
                "standards": ["PCI DSS", "SOC 2 trust services criteria"],
                "checks": [
                    {
                        "uid": "payments/api-key-rotation",
                        "name": "API keys are replaced every 180 days",
                        "desc": "max-age",
                        "standards": ["PCI DSS", "SOC 2 trust services criteria"],
                        "status_id": 3,
                        "status": "Fail",
                    }
                ],
                "status_id": 3,
                "status": "Fail",
                "status_detail": "the value is 198 days old; its 180d ended on 2026-02-26, 18 days ago",
            },
            "resources": [
                {
                    "uid": "aws-secrets-manager://111122223333/eu-west-1/payments/production/openai-api-key",
                    "name": "payments/production/openai-api-key",
                    "type": "secret",
                    "namespace": "aws-prod",
                    "labels": ["class:api-key", "environment:production", "owner:Data Team"],
                }
            ],
            "unmapped": {
                "result": "waived",
                "outcome": "fail",
                "severity": "medium",
                "due": "2026-02-26",
                "days_overdue": 18,
                "waiver": "W-2026-01",
                "baseline": None,
                "places": [],
            },
            "status_detail": "accepted by waiver W-2026-01 until 2026-06-30, approved by Ines Okafor, Tom Brandt: The provider has no second key; <script>alert('owned')</script>",
            "evidences": [
                {
                    "data": {
                        "value date": "2025-08-30 (version-created, exact)",
                        "age": "198 d",
                        "period": "180d",
                    }
                }
            ],
            "remediation": {"desc": "Issue a new key at the provider, deploy it, then revoke the old key."},
        }
    )


def test_statuses() -> None:
    found = Counter((e["unmapped"]["result"], e["status"], e["compliance"]["status_id"]) for e in events())
    assert dict(sorted(found.items())) == snapshot(
        {
            ("fail", "New", 3): 10,
            ("manual", "New", 99): 1,
            ("not-applicable", "New", 99): 1,
            ("not-evaluated", "New", 2): 3,
            ("pass", "New", 1): 14,
            ("waived", "Suppressed", 3): 3,
        }
    )


def test_what_does_not_fail_is_informational() -> None:
    severities = {(e["unmapped"]["outcome"] == "fail", e["severity"] == "Informational") for e in events()}
    assert severities == {(True, False), (False, True)}
