"""Expiration dates: instants of backends, days of inventory rows, words that are no date."""

from typing import Any

import pytest
from pydantic import ValidationError

from keyproof.checks.expires import Expires
from keyproof.domain.secret import SecretMetadata, VersionState
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.secrets import context, document, evidence_of, row, secret, utc, version

ENDING = secret(expires_at=utc("2025-10-05T18:00"))
ROW = row(last="2025-07-01", next_rotation="2025-10-01")


def judge(subject: SecretMetadata, now: str, **parameters: Any) -> Verdict:
    return Expires.model_validate(parameters).evaluate(subject, context(now, tables=["table"]))


@pytest.mark.parametrize(
    ("now", "outcome", "days_overdue", "reason"),
    [
        ("2025-10-04T12:00", Outcome.PASS, 0, "expires in 1 day 6 h, on 2025-10-05 18:00 UTC"),
        ("2025-10-05T18:00", Outcome.PASS, 0, "expires today, on 2025-10-05 18:00 UTC"),
        ("2025-10-05T18:30", Outcome.FAIL, 0, "expired 30 min ago, on 2025-10-05 18:00 UTC"),
        ("2025-10-06T00:00", Outcome.FAIL, 1, "expired 6 h ago, on 2025-10-05 18:00 UTC"),
        ("2025-11-05T18:00", Outcome.FAIL, 31, "expired 31 days ago, on 2025-10-05 18:00 UTC"),
    ],
)
def test_a_backend_states_an_instant(now: str, outcome: Outcome, days_overdue: int, reason: str) -> None:
    verdict = judge(ENDING, now)
    assert (verdict.outcome, verdict.days_overdue, verdict.reason) == (outcome, days_overdue, reason)
    assert str(verdict.due) == "2025-10-05"
    assert evidence_of(verdict) == {"expires": "2025-10-05 18:00 UTC"}


@pytest.mark.parametrize(
    ("now", "outcome", "days_overdue", "reason"),
    [
        ("2025-09-30", Outcome.PASS, 0, "expires in 1 day, on 2025-10-01"),
        ("2025-10-01T23:59", Outcome.PASS, 0, "expires today, on 2025-10-01"),
        ("2025-10-02T00:00", Outcome.FAIL, 1, "expired 1 day ago, on 2025-10-01"),
    ],
)
def test_a_row_states_a_day(now: str, outcome: Outcome, days_overdue: int, reason: str) -> None:
    verdict = judge(ROW, now)
    assert (verdict.outcome, verdict.days_overdue, verdict.reason) == (outcome, days_overdue, reason)


@pytest.mark.parametrize(
    ("now", "alert"),
    [
        ("2025-08-31", ""),
        ("2025-09-01", "warning"),
        ("2025-09-30", "warning"),
        ("2025-10-01", "emergency"),
        ("2025-10-02", ""),
    ],
)
def test_an_alert_is_raised_within_the_window(now: str, alert: str) -> None:
    assert judge(ROW, now, within="30d").alert == alert


def test_without_a_window_only_the_last_day_alerts() -> None:
    assert judge(ROW, "2025-09-30").alert == ""
    assert judge(ROW, "2025-10-01").alert == "emergency"


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        (secret(), "it has no expiration date"),
        (row(last="2025-07-01"), "it has no expiration date"),
        (
            row(last="2026-01-01", next_rotation="On compromise"),
            "it has no expiration date: its next rotation is 'On compromise', which is no date",
        ),
    ],
)
def test_a_missing_date_fails_only_where_one_is_required(subject: SecretMetadata, reason: str) -> None:
    assert judge(subject, "2025-10-05") == Verdict.failed(reason)
    assert judge(subject, "2025-10-05", required=False) == Verdict.not_applicable(reason)


def test_the_next_rotation_of_a_row_counts_only_where_it_is_accepted() -> None:
    assert judge(ROW, "2025-09-01", **{"accept-next-rotation": False}).outcome is Outcome.FAIL


def test_the_next_rotation_of_a_row_does_not_stand_for_that_of_the_live_secret() -> None:
    live = secret(claims=ROW.claims)
    assert judge(live, "2025-09-01").outcome is Outcome.FAIL


def test_of_contradicting_rows_the_earlier_date_counts() -> None:
    later = row(next_rotation="2025-12-01").claims
    both = row(next_rotation="2025-10-01", claims=(*later, *ROW.claims))
    assert str(judge(both, "2025-09-01").due) == "2025-10-01"


def test_the_current_version_may_state_the_date() -> None:
    old = version("1", VersionState.PREVIOUS, expires="2025-01-01")
    new = version("2", VersionState.CURRENT, expires="2026-01-01")
    verdict = judge(secret(versions=(old, new)), "2025-10-05")
    assert (verdict.outcome, str(verdict.due)) == (Outcome.PASS, "2026-01-01")


def test_of_several_current_versions_the_earliest_end_counts() -> None:
    ends = ("2026-01-01", "2025-12-01")
    both = tuple(version(end, VersionState.CURRENT, expires=end) for end in ends)
    assert str(judge(secret(versions=both), "2025-10-05").due) == "2025-12-01"


def test_a_date_that_could_not_be_read_is_not_missing() -> None:
    unread = secret(unread={"expires_at": "custom metadata states 'soon', which is no date"})
    verdict = judge(unread, "2025-10-05", required=False)
    assert verdict == Verdict.not_evaluated(
        "its expiration date could not be read: custom metadata states 'soon', which is no date"
    )


def test_the_zone_of_the_date_changes_nothing() -> None:
    same = secret(expires_at=utc("2025-10-05T20:00+02:00"))
    assert judge(same, "2025-10-05T17:00") == judge(ENDING, "2025-10-05T17:00")


def test_a_leap_day_is_a_day() -> None:
    assert judge(row(next_rotation="2028-02-29"), "2028-02-29").outcome is Outcome.PASS
    assert judge(row(next_rotation="2028-02-29"), "2028-03-01").days_overdue == 1


def test_a_deleted_secret_or_a_document_is_no_matter() -> None:
    gone = secret(deletion=utc("2025-10-01"))
    assert judge(gone, "2025-10-05") == Verdict.not_applicable("deleted on 2025-10-01")
    assert Expires().evaluate(document(), context()).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    "parameters", [{"within": "on compromise"}, {"required": "perhaps"}, {"window": "30d"}]
)
def test_parameters_that_say_nothing_clear_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Expires.model_validate(parameters)
