"""Reviews of access: by the date a source states, or by a person's word."""

from typing import Any

import pytest
from pydantic import ValidationError

from keyproof.checks.access_review import AccessReview
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.secrets import attestation, context, document, evidence_of, row, secret, utc

REVIEWED = secret(tags={"Access_Reviewed": "2025-07-07"})


def judge(
    subject: SecretMetadata, now: str = "2025-10-05T12:00", *, every: str = "quarterly", **fields: Any
) -> Verdict:
    return AccessReview.model_validate({"every": every}).evaluate(subject, context(now, **fields))


@pytest.mark.parametrize(
    ("now", "outcome", "days_overdue"),
    [
        ("2025-07-07", Outcome.PASS, 0),
        ("2025-10-05T23:59:59", Outcome.PASS, 0),
        ("2025-10-06T00:00", Outcome.FAIL, 1),
        ("2025-10-06T01:30+02:00", Outcome.PASS, 0),
        ("2025-10-05T23:30-01:00", Outcome.FAIL, 1),
    ],
)
def test_a_review_is_overdue_from_the_day_after(now: str, outcome: Outcome, days_overdue: int) -> None:
    verdict = judge(REVIEWED, now)
    assert (verdict.outcome, verdict.days_overdue, str(verdict.due)) == (outcome, days_overdue, "2025-10-05")


def test_the_reason_names_review_due_day_and_period() -> None:
    assert judge(REVIEWED).reason == "access reviewed 2025-07-07, next due 2025-10-05 under quarterly"
    assert judge(REVIEWED, "2025-10-08").reason == (
        "review of access overdue by 3 days: access reviewed 2025-07-07, due 2025-10-05 under quarterly"
    )


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2025-09-01", "2025-09-01"),
        ("2025-09-01T23:30:00-05:00", "2025-09-02"),
        ("2025-09-01T00:30:00+02:00", "2025-08-31"),
        ("2025-09-01T12:00:00Z", "2025-09-01"),
    ],
)
def test_a_date_or_a_moment_is_read_as_its_utc_day(written: str, day: str) -> None:
    assert evidence_of(judge(secret(tags={"reviewed": written})))["reviewed"] == day


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("last week", "reviewed is 'last week', which is no date"),
        ("2025-02-30", "reviewed is '2025-02-30', which is no date"),
        ("05/10/2025", "reviewed is '05/10/2025', which is no date"),
        ("2025-10-06", "reviewed is '2025-10-06', which lies after 2025-10-05"),
    ],
)
def test_words_and_the_future_are_no_review(written: str, why: str) -> None:
    verdict = judge(secret(tags={"reviewed": written}))
    assert verdict.outcome is Outcome.NOT_EVALUATED
    assert verdict.reason.endswith(why)


def test_the_latest_of_several_dates_counts() -> None:
    both = secret(tags={"reviewed": "2025-01-01", "last-access-review": "2025-09-01"})
    assert evidence_of(judge(both))["reviewed"] == "2025-09-01"
    assert judge(secret(attributes={"reviewed": "2025-09-01"})).outcome is Outcome.PASS


def test_without_a_date_nothing_is_known() -> None:
    verdict = judge(secret())
    assert verdict.outcome is Outcome.NOT_EVALUATED
    assert "nobody attests it" in verdict.reason


def test_an_attestation_of_the_rule_stands_for_the_date() -> None:
    given = attestation("2025-09-01", rule="reviews")
    assert judge(secret(), attestations=(given,)).outcome is Outcome.MANUAL
    assert judge(REVIEWED, "2025-11-30", attestations=(given,)).outcome is Outcome.MANUAL
    lapsed = judge(secret(), "2025-12-01", attestations=(given,))
    assert (lapsed.outcome, lapsed.days_overdue) == (Outcome.NOT_EVALUATED, 1)
    assert judge(REVIEWED, "2025-12-01", attestations=(given,)).outcome is Outcome.FAIL


def test_what_was_read_goes_before_a_persons_word() -> None:
    assert judge(REVIEWED, attestations=(attestation("2025-09-01", rule="reviews"),)).outcome is Outcome.PASS


def test_the_rules_period_bounds_the_attestations() -> None:
    given = attestation("2025-08-01", "annually", rule="reviews")
    assert judge(secret(), every="monthly", attestations=(given,)).outcome is Outcome.NOT_EVALUATED


def test_an_attestation_of_a_control_is_too_wide_for_one_review() -> None:
    given = attestation("2025-09-01", rule="", control="soc2:CC6.2")
    assert judge(secret(), attestations=(given,)).outcome is Outcome.NOT_EVALUATED


def test_rows_are_judged_by_what_they_state_themselves() -> None:
    tables: dict[str, Any] = {"tables": ["table"]}
    assert judge(row(declares=("aws://1",)), **tables).outcome is Outcome.NOT_APPLICABLE
    assert judge(row(), **tables).outcome is Outcome.NOT_EVALUATED
    assert judge(row(attributes={"reviewed": "2025-09-01"}), **tables).outcome is Outcome.PASS


def test_what_is_gone_or_no_secret_is_not_concerned() -> None:
    assert judge(secret(deletion=utc("2025-10-01"))).outcome is Outcome.NOT_APPLICABLE
    check = AccessReview.model_validate({"every": "quarterly"})
    assert check.evaluate(document(), context()).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("parameters", [{}, {"every": "on incident"}, {"every": "quarterly", "tags": []}])
def test_parameters_that_say_nothing_clear_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AccessReview.model_validate(parameters)
