"""Rotations that an inventory records, in time."""

from dataclasses import replace
from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import ValidationError

from keyproof.checks.rotation_recorded import RotationRecorded
from keyproof.domain.secret import Basis, SecretMetadata
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.secrets import context, document, fact, row, secret, utc


def rotated(at: str, *claimed: str, **fields: Any) -> SecretMetadata:
    """A secret whose live value is of `at`, declared by rows that claim the given rotations."""
    claims = tuple(claim for last in claimed for claim in row(last=last).claims)
    return secret(value=at, created_at=utc("2020-01-01"), claims=claims, **fields)


def judge(
    subject: SecretMetadata, now: str = "2025-10-05T12:00", *, within: str = "7d", **fields: Any
) -> Verdict:
    known = {"tables": ["table"]} | fields
    return RotationRecorded.model_validate({"within": within}).evaluate(subject, context(now, **known))


@pytest.mark.parametrize(
    ("claimed", "outcome"),
    [
        (("2025-09-01",), Outcome.PASS),
        (("2025-08-31",), Outcome.PASS),
        (("2025-08-30",), Outcome.FAIL),
        (("2025-09-15",), Outcome.PASS),
        (("2024-01-01", "2025-09-01"), Outcome.PASS),
        (("",), Outcome.FAIL),
        ((), Outcome.FAIL),
    ],
)
def test_a_row_has_to_claim_the_rotation_of_the_live_value(
    claimed: tuple[str, ...], outcome: Outcome
) -> None:
    assert judge(rotated("2025-09-01T18:00", *claimed)).outcome is outcome


@pytest.mark.parametrize(
    ("now", "outcome", "days_overdue"),
    [
        ("2025-10-08T23:59:59", Outcome.PASS, 0),
        ("2025-10-09T00:00", Outcome.FAIL, 1),
        ("2025-10-09T01:30+02:00", Outcome.PASS, 0),
    ],
)
def test_the_row_is_due_some_days_after_the_rotation(now: str, outcome: Outcome, days_overdue: int) -> None:
    verdict = judge(rotated("2025-10-01T18:00", "2025-01-01"), now)
    assert (verdict.outcome, verdict.days_overdue, str(verdict.due)) == (outcome, days_overdue, "2025-10-08")


def test_the_reasons_name_days_and_rows() -> None:
    assert judge(rotated("2025-09-01", "2025-09-01")).reason == snapshot(
        "rotated 2025-09-01 (version-created), recorded as 2025-09-01 in docs/secrets.md:7"
    )
    assert judge(rotated("2025-09-01", "2025-01-01")).reason == snapshot(
        "rotated 2025-09-01 (version-created) without a record: docs/secrets.md:7 says 2025-01-01, "
        "due 2025-09-08, 27 days ago"
    )
    assert judge(rotated("2025-10-01")).reason == snapshot(
        "rotated 2025-10-01 (version-created), to be recorded by 2025-10-08: no row of table describes it so far"
    )


def test_a_value_that_was_never_rotated_has_nothing_to_record() -> None:
    fresh = replace(rotated("2025-09-01T18:00"), created_at=utc("2025-09-01T17:00"))
    assert judge(fresh).outcome is Outcome.NOT_APPLICABLE


def test_without_a_date_from_the_backend_nothing_is_known() -> None:
    assert judge(secret()).outcome is Outcome.NOT_EVALUATED
    claimed = secret(facts=(fact("2025-09-01", Basis.INVENTORY), fact("2020-01-01", Basis.RECORD_CREATED)))
    assert judge(claimed).reason.endswith("aws-secrets-manager shows no date of its value")


def test_an_event_of_the_audit_log_is_a_rotation_even_on_the_first_day() -> None:
    facts = (fact("2025-09-01", Basis.ROTATION_EVENT),)
    assert judge(secret(facts=facts, created_at=utc("2025-09-01"))).outcome is Outcome.FAIL


def test_without_an_inventory_no_record_can_be_seen() -> None:
    assert judge(rotated("2025-09-01"), tables=[]).reason == (
        "no inventory is among the sources, so no record can be seen"
    )


def test_an_inventory_read_in_part_may_hold_the_record() -> None:
    verdict = judge(rotated("2025-09-01"), complete=[])
    assert (verdict.outcome, verdict.reason) == (
        Outcome.NOT_EVALUATED,
        "rotated 2025-09-01 (version-created); no row of table describes it, and table was not read in full",
    )


def test_rows_and_others_are_not_concerned() -> None:
    assert judge(row(declares=("aws://1",))).outcome is Outcome.NOT_APPLICABLE
    assert judge(rotated("2025-09-01", deletion=utc("2025-10-01"))).outcome is Outcome.NOT_APPLICABLE
    check = RotationRecorded.model_validate({"within": "7d"})
    assert check.evaluate(document(), context()).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("parameters", [{}, {"within": "on incident"}, {"within": 7}])
def test_parameters_that_say_nothing_clear_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RotationRecorded.model_validate(parameters)
