"""Policy documents: reviewed in time, approved by enough people."""

from typing import Any

import pytest
from pydantic import ValidationError

from keyproof.checks.policy_review import PolicyReview
from keyproof.domain.subject import Document
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.secrets import context, document, evidence_of, secret

REVIEWED = document(reviewed="2026-02-12", every="quarterly", approved_by=("Security Team", "Engineering"))


def judge(subject: Document, now: str = "2026-03-16", **parameters: Any) -> Verdict:
    return PolicyReview.model_validate(parameters).evaluate(subject, context(now))


@pytest.mark.parametrize(
    ("now", "outcome", "days_overdue"),
    [
        ("2026-05-12", Outcome.PASS, 0),
        ("2026-05-13T23:59", Outcome.PASS, 0),
        ("2026-05-14T00:00", Outcome.FAIL, 1),
        ("2026-05-14T01:00+02:00", Outcome.PASS, 0),
        ("2026-06-13", Outcome.FAIL, 31),
    ],
)
def test_a_review_is_overdue_from_the_day_after(now: str, outcome: Outcome, days_overdue: int) -> None:
    verdict = judge(REVIEWED, now)
    assert (verdict.outcome, verdict.days_overdue, str(verdict.due)) == (outcome, days_overdue, "2026-05-13")


@pytest.mark.parametrize(
    ("reviewed", "every", "due"),
    [
        ("2025-09-19", "monthly", "2025-10-19"),
        ("2026-01-31", "1mo", "2026-02-28"),
        ("2024-02-29", "12mo", "2025-02-28"),
        ("2026-03-16", "24h", "2026-03-17"),
    ],
)
def test_the_due_day_follows_from_the_period(reviewed: str, every: str, due: str) -> None:
    assert judge(document(reviewed=reviewed, every=every), due).outcome is Outcome.PASS
    assert str(judge(document(reviewed=reviewed, every=every), due).due) == due


def test_the_reason_names_review_due_day_and_period() -> None:
    assert judge(REVIEWED).reason == "reviewed 2026-02-12, next due 2026-05-13 under quarterly"
    assert judge(REVIEWED, "2026-06-13").reason == (
        "review overdue by 31 days: reviewed 2026-02-12, due 2026-05-13 under quarterly"
    )
    assert evidence_of(judge(REVIEWED)) == {
        "reviewed": "2026-02-12",
        "period": "quarterly",
        "due": "2026-05-13",
    }


def test_the_rules_period_goes_before_the_documents() -> None:
    assert str(judge(REVIEWED, every="annually").due) == "2027-02-12"


def test_a_document_without_a_review_fails() -> None:
    assert judge(document(every="monthly")) == Verdict.failed(
        "the document does not state when it was last reviewed"
    )


def test_without_a_period_nothing_can_be_overdue() -> None:
    verdict = judge(document(reviewed="2020-01-01"))
    assert verdict.outcome is Outcome.NOT_EVALUATED
    assert verdict.reason.startswith("reviewed 2020-01-01, but how often it has to be is not stated")


def test_a_review_after_events_only_is_never_overdue() -> None:
    verdict = judge(document(reviewed="2020-01-01", every="on incident"))
    assert (verdict.outcome, verdict.reason) == (
        Outcome.PASS,
        "reviewed 2020-01-01, to be reviewed again on incident only",
    )


def test_a_review_in_the_future_is_a_slip() -> None:
    verdict = judge(document(reviewed="2026-03-17", every="monthly"))
    assert verdict == Verdict.not_evaluated(
        "reviewed 2026-03-17, which lies after 2026-03-16: check the date"
    )


@pytest.mark.parametrize(
    ("names", "wanted", "outcome"),
    [
        (("Security Team", "Engineering"), 2, Outcome.PASS),
        (("Security Team",), 2, Outcome.FAIL),
        (("Security Team", "security team "), 2, Outcome.FAIL),
        ((" ",), 1, Outcome.FAIL),
        ((), 1, Outcome.FAIL),
        ((), 0, Outcome.PASS),
    ],
)
def test_enough_different_people_have_approved_it(
    names: tuple[str, ...], wanted: int, outcome: Outcome
) -> None:
    subject = document(reviewed="2026-02-12", every="quarterly", approved_by=names)
    assert judge(subject, approvers=wanted).outcome is outcome


def test_a_review_of_today_is_no_slip() -> None:
    assert judge(document(reviewed="2026-03-16", every="monthly")).outcome is Outcome.PASS


def test_both_faults_stand_in_one_reason() -> None:
    subject = document(reviewed="2025-01-01", every="quarterly", approved_by=("Ana",))
    verdict = judge(subject, approvers=2)
    assert verdict.reason == (
        "review overdue by 349 days: reviewed 2025-01-01, due 2025-04-01 under quarterly; "
        "approved by Ana, 2 approvers wanted"
    )
    assert (str(verdict.due), verdict.days_overdue) == ("2025-04-01", 349)


def test_a_secret_is_no_document() -> None:
    assert PolicyReview().evaluate(secret(), context()).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("parameters", [{"approvers": -1}, {"every": "on incident"}, {"approved-by": 2}])
def test_parameters_that_say_nothing_clear_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PolicyReview.model_validate(parameters)
