"""Which selectors of a trail record reads."""

from typing import Any

import pytest

from keyproof.aws.trails import covers_reads

SOURCE = "secretsmanager.amazonaws.com"


@pytest.mark.parametrize(
    ("selector", "covers"),
    [
        ({}, True),
        ({"ReadWriteType": "All", "IncludeManagementEvents": True}, True),
        ({"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}, True),
        ({"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}, False),
        ({"ReadWriteType": "All", "IncludeManagementEvents": False}, False),
        ({"ExcludeManagementEventSources": [SOURCE]}, False),
        ({"ExcludeManagementEventSources": ["kms.amazonaws.com"]}, True),
    ],
)
def test_basic_selectors(selector: dict[str, Any], covers: bool) -> None:
    assert covers_reads({"EventSelectors": [selector]}, SOURCE) is covers


MANAGEMENT = {"Field": "eventCategory", "Equals": ["Management"]}


@pytest.mark.parametrize(
    ("fields", "covers"),
    [
        ([MANAGEMENT], True),
        ([{"Field": "eventCategory", "Equals": ["Data"]}], False),
        ([MANAGEMENT, {"Field": "readOnly", "Equals": ["true"]}], True),
        ([MANAGEMENT, {"Field": "readOnly", "Equals": ["false"]}], False),
        ([MANAGEMENT, {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}], True),
        ([MANAGEMENT, {"Field": "eventSource", "NotEquals": [SOURCE]}], False),
        ([MANAGEMENT, {"Field": "eventSource", "Equals": ["kms.amazonaws.com"]}], False),
        ([MANAGEMENT, {"Field": "eventSource", "StartsWith": ["s"]}], None),
        ([MANAGEMENT, {"Field": "eventName", "NotEquals": ["GetSecretValue"]}], None),
    ],
)
def test_advanced_selectors(fields: list[dict[str, Any]], covers: bool | None) -> None:
    assert covers_reads({"AdvancedEventSelectors": [{"FieldSelectors": fields}]}, SOURCE) is covers


def test_one_selector_that_covers_is_enough_and_none_covers_nothing() -> None:
    assert covers_reads({}, SOURCE) is False
    assert covers_reads({"EventSelectors": [{"ReadWriteType": "WriteOnly"}, {}]}, SOURCE) is True
