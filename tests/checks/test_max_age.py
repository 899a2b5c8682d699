"""Ages of values against their periods: boundary days, zones, leap days, months, doubtful evidence."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from keyproof.checks.max_age import MaxAge
from keyproof.domain.duration import parse_duration
from keyproof.domain.secret import Basis, Confidence, SecretMetadata, VersionState
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.secrets import context, document, evidence_of, fact, row, secret, utc, version

VALUE = secret(value="2025-07-01")


def judge(subject: SecretMetadata, now: str, period: str = "90d", **parameters: Any) -> Verdict:
    return MaxAge.model_validate({"period": period, **parameters}).evaluate(subject, context(now))


@pytest.mark.parametrize(
    ("now", "outcome", "days_overdue", "alert"),
    [
        ("2025-08-29T23:59", Outcome.PASS, 0, ""),
        ("2025-08-30", Outcome.PASS, 0, "warning"),
        ("2025-09-21", Outcome.PASS, 0, "warning"),
        ("2025-09-22", Outcome.PASS, 0, "critical"),
        ("2025-09-28T23:59", Outcome.PASS, 0, "critical"),
        ("2025-09-29T00:00", Outcome.PASS, 0, "emergency"),
        ("2025-09-29T23:59", Outcome.PASS, 0, "emergency"),
        ("2025-09-30T00:00", Outcome.FAIL, 1, ""),
        ("2025-10-05T12:00", Outcome.FAIL, 6, ""),
    ],
)
def test_around_the_due_day(now: str, outcome: Outcome, days_overdue: int, alert: str) -> None:
    verdict = judge(VALUE, now)
    assert (verdict.outcome, verdict.days_overdue, verdict.alert) == (outcome, days_overdue, alert)
    assert str(verdict.due) == "2025-09-29"


@pytest.mark.parametrize(
    ("subject", "now", "reason"),
    [
        (
            row(last="2025-07-01"),
            "2025-10-05",
            "overdue by 6 days: value of 2025-07-01 (inventory) was due 2025-09-29 under 90d",
        ),
        (
            VALUE,
            "2025-09-30",
            "overdue by 1 day: value of 2025-07-01 (version-created) was due 2025-09-29 under 90d",
        ),
        (
            VALUE,
            "2025-09-29",
            "due today: value of 2025-07-01 (version-created) is 90 days old, due 2025-09-29 under 90d",
        ),
        (
            VALUE,
            "2025-07-02",
            "due in 89 days: value of 2025-07-01 (version-created) is 1 day old, due 2025-09-29 under 90d",
        ),
        (
            secret(value="2025-07-01T14:05"),
            "2025-10-05",
            "overdue by 6 days: value of 2025-07-01 14:05 UTC (version-created) was due 2025-09-29 under 90d",
        ),
    ],
)
def test_the_reason_names_date_basis_period_and_due_day(
    subject: SecretMetadata, now: str, reason: str
) -> None:
    assert judge(subject, now).reason == reason


def test_the_evidence_can_be_checked_again() -> None:
    assert evidence_of(judge(VALUE, "2025-10-05")) == {
        "value date": "2025-07-01",
        "basis": "version-created",
        "confidence": "exact",
        "age": "96 days",
        "period": "90d",
        "due": "2025-09-29",
    }


@pytest.mark.parametrize(
    ("last", "period", "due"),
    [
        ("2025-09-15", "90d", "2025-12-14"),
        ("2025-09-01", "90d", "2025-11-30"),
        ("2025-09-10", "60d", "2025-11-09"),
        ("2025-08-20", "90d", "2025-11-18"),
        ("2025-07-01", "90d", "2025-09-29"),
        ("2025-06-01", "180d", "2025-11-28"),
        ("2025-06-01", "90d", "2025-08-30"),
        ("2026-02-01", "90d", "2026-05-02"),
        ("2026-01-15", "90d", "2026-04-15"),
        ("2024-02-29", "365d", "2025-02-28"),
        ("2025-01-31", "1mo", "2025-02-28"),
        ("2024-01-31", "1mo", "2024-02-29"),
        ("2024-02-29", "12mo", "2025-02-28"),
        ("2025-08-31", "3mo", "2025-11-30"),
        ("2025-12-31", "monthly", "2026-01-30"),
        ("2025-04-01", "bi-annually", "2025-09-30"),
    ],
)
def test_the_due_day_is_computed_and_overdue_the_day_after(last: str, period: str, due: str) -> None:
    on_the_day, day_after = judge(row(last=last), due, period), judge(row(last=last), f"{due}T23:59", period)
    assert (str(on_the_day.due), on_the_day.outcome, day_after.outcome) == (due, Outcome.PASS, Outcome.PASS)
    following = parse_duration("1d").due(on_the_day.due or utc(due).date())
    overdue = judge(row(last=last), str(following), period)
    assert (overdue.outcome, overdue.days_overdue) == (Outcome.FAIL, 1)


@pytest.mark.parametrize(
    ("days_left", "alert"), [(11, ""), (10, "warning"), (8, "warning"), (7, "critical"), (0, "emergency")]
)
def test_a_rung_longer_than_a_third_of_the_period_is_shortened(days_left: int, alert: str) -> None:
    now = utc("2025-07-31") - parse_duration(f"{days_left}d").span if days_left else utc("2025-07-31")
    check = MaxAge.model_validate({"period": "monthly"})
    assert check.evaluate(VALUE, context(now)).alert == alert


def test_of_rungs_shortened_to_the_same_day_the_most_urgent_is_reached() -> None:
    assert judge(VALUE, "2025-07-08", "12d").alert == ""
    assert judge(VALUE, "2025-07-09", "12d").alert == "critical"


def test_a_rung_of_a_period_in_hours_is_a_third_of_its_hours() -> None:
    value = secret(value="2025-10-01T00:00")
    assert judge(value, "2025-10-03T18:39", "100h", alerts={"7d": "soon"}).alert == ""
    assert judge(value, "2025-10-03T18:41", "100h", alerts={"7d": "soon"}).alert == "soon"


def test_a_ladder_of_ones_own() -> None:
    ladder = {"14d": "notice", "0d": "stop"}
    assert judge(VALUE, "2025-09-14", alerts=ladder).alert == ""
    assert judge(VALUE, "2025-09-15", alerts=ladder).alert == "notice"
    assert judge(VALUE, "2025-09-29", alerts=ladder).alert == "stop"
    assert judge(VALUE, "2025-09-29", alerts={}).alert == ""


@pytest.mark.parametrize(
    ("now", "outcome", "days_overdue", "start"),
    [
        ("2025-10-05T17:59", Outcome.PASS, 0, "due in 1 min: "),
        ("2025-10-05T18:00", Outcome.PASS, 0, "due today: "),
        ("2025-10-05T18:30", Outcome.FAIL, 0, "overdue by 30 min: "),
        ("2025-10-06T19:00", Outcome.FAIL, 1, "overdue by 1 day 1 h: "),
    ],
)
def test_a_period_of_hours_is_compared_to_the_minute(
    now: str, outcome: Outcome, days_overdue: int, start: str
) -> None:
    verdict = judge(secret(value="2025-10-04T18:00"), now, "24h")
    assert (verdict.outcome, verdict.days_overdue) == (outcome, days_overdue)
    assert verdict.reason.startswith(start)
    assert "2025-10-05 18:00 UTC under 24h" in verdict.reason


def test_a_value_written_late_in_another_zone_belongs_to_the_day_of_utc() -> None:
    verdict = judge(secret(value="2025-07-01T23:30-05:00"), "2025-09-30")
    assert (verdict.outcome, str(verdict.due)) == (Outcome.PASS, "2025-09-30")


def test_the_day_of_the_run_is_that_of_utc() -> None:
    assert judge(VALUE, "2025-09-30T01:00+02:00").outcome is Outcome.PASS
    assert judge(VALUE, "2025-09-29T22:00-05:00").outcome is Outcome.FAIL


def test_a_stale_value_is_not_made_fresh_by_a_claim() -> None:
    claimed = row(last="2025-10-01")
    joined = row(last="2025-10-01", facts=(*claimed.facts, fact("2025-01-01")))
    verdict = judge(joined, "2025-10-05")
    assert verdict.outcome is Outcome.FAIL
    assert "value of 2025-01-01 (version-created)" in verdict.reason


def test_the_last_change_of_the_record_does_not_make_the_value_young() -> None:
    stale = secret("s", fact("2025-01-01"), fact("2025-10-01", Basis.LAST_ROTATED))
    assert judge(stale, "2025-10-05").outcome is Outcome.FAIL


ONLY_VERSION = (version("1", VersionState.CURRENT, "2025-09-20"),)


@pytest.mark.parametrize(
    "newborn",
    [
        secret("s", fact("2025-09-20", Basis.RECORD_CREATED, Confidence.EXACT)),
        secret(value="2025-09-20", versions=ONLY_VERSION),
        secret(value="2025-09-20", versions=ONLY_VERSION, created_at=utc("2025-09-20")),
    ],
)
def test_a_secret_that_was_never_rotated_is_in_its_first_period(newborn: SecretMetadata) -> None:
    within = judge(newborn, "2025-10-05")
    assert within.outcome is Outcome.PASS
    assert within.reason.startswith("first period: due in 75 days: ")
    after = judge(newborn, "2025-12-20")
    assert after.outcome is Outcome.FAIL
    assert after.reason.endswith("was due 2025-12-19 under 90d, never rotated")


@pytest.mark.parametrize(
    "rotated",
    [
        secret(value="2025-09-20", versions=(*ONLY_VERSION, version("0", VersionState.PREVIOUS))),
        secret(value="2025-09-20", versions=ONLY_VERSION, created_at=utc("2025-01-01")),
        secret(value="2025-09-20"),
    ],
)
def test_a_rotated_secret_is_not_in_its_first_period(rotated: SecretMetadata) -> None:
    assert "first period" not in judge(rotated, "2025-10-05").reason


@pytest.mark.parametrize(
    ("deletion", "reason"),
    [
        ("2025-10-20", "scheduled for deletion on 2025-10-20"),
        ("2025-10-01", "deleted on 2025-10-01"),
    ],
)
def test_a_deleted_secret_needs_no_rotation(deletion: str, reason: str) -> None:
    gone = secret(value="2020-01-01", deletion=utc(deletion))
    assert judge(gone, "2025-10-05") == Verdict.not_applicable(reason)


@pytest.mark.parametrize(
    ("unread", "why"),
    [
        ({"facts": "secretsmanager:ListSecretVersionIds is denied"}, "ListSecretVersionIds is denied"),
        ({"versions": "the list of versions is denied"}, "the list of versions is denied"),
        ({}, "aws-secrets-manager shows no date for it"),
    ],
)
def test_without_a_date_nothing_is_judged(unread: dict[str, str], why: str) -> None:
    verdict = judge(secret(unread=unread), "2025-10-05")
    assert verdict.outcome is Outcome.NOT_EVALUATED
    assert verdict.reason.endswith(why)


@pytest.mark.parametrize(
    ("value", "period", "outcome"),
    [
        ("2025-10-06", "90d", Outcome.NOT_EVALUATED),
        ("2025-10-05T18:00", "90d", Outcome.PASS),
        ("2025-10-05T12:00", "24h", Outcome.PASS),
        ("2025-10-05T12:01", "24h", Outcome.NOT_EVALUATED),
        ("2025-10-06", "on compromise", Outcome.NOT_EVALUATED),
    ],
)
def test_a_value_from_the_future_points_to_a_clock(value: str, period: str, outcome: Outcome) -> None:
    verdict = judge(secret(value=value), "2025-10-05T12:00", period)
    assert verdict.outcome is outcome
    assert ("check the clocks" in verdict.reason) is (outcome is Outcome.NOT_EVALUATED)


@pytest.mark.parametrize(
    ("period", "reason"),
    [
        (
            "on compromise",
            "rotates on compromise only; value of 2020-01-01 (version-created) is 2104 days old",
        ),
        (
            {"on": ["personnel-change", "incident"]},
            "rotates on personnel change or incident only; value of 2020-01-01 (version-created) is 2104 days old",
        ),
    ],
)
def test_a_period_that_only_events_end_is_never_overdue(period: Any, reason: str) -> None:
    verdict = judge(secret(value="2020-01-01"), "2025-10-05", period)
    assert (verdict.outcome, verdict.reason) == (Outcome.PASS, reason)
    assert (verdict.due, verdict.days_overdue) == (None, None)


AT_LEAST = secret("s", fact("2025-07-01", Basis.ROTATION_EVENT, Confidence.UPPER_BOUND))


def test_a_date_the_value_may_be_older_than_says_at_least() -> None:
    assert judge(AT_LEAST, "2025-08-01").reason == (
        "due in 59 days: value of 2025-07-01 (rotation-event) is at least 31 days old, due 2025-09-29 under 90d"
    )
    assert judge(AT_LEAST, "2025-10-05").reason == (
        "overdue by at least 6 days: value of 2025-07-01 (rotation-event) was due 2025-09-29 under 90d"
    )


@pytest.mark.parametrize(
    ("subject", "demanded", "within", "late"),
    [
        (VALUE, "exact", Outcome.PASS, Outcome.FAIL),
        (AT_LEAST, "exact", Outcome.NOT_EVALUATED, Outcome.FAIL),
        (AT_LEAST, "upper-bound", Outcome.PASS, Outcome.FAIL),
        (row(last="2025-07-01"), "exact", Outcome.NOT_EVALUATED, Outcome.NOT_EVALUATED),
        (row(last="2025-07-01"), "upper-bound", Outcome.NOT_EVALUATED, Outcome.NOT_EVALUATED),
        (row(last="2025-07-01"), "declared", Outcome.PASS, Outcome.FAIL),
    ],
)
def test_a_date_that_is_not_trusted_enough_never_passes(
    subject: SecretMetadata, demanded: str, within: Outcome, late: Outcome
) -> None:
    assert judge(subject, "2025-08-01", **{"min-confidence": demanded}).outcome is within
    assert judge(subject, "2025-10-05", **{"min-confidence": demanded}).outcome is late


def test_an_event_only_period_demands_trust_as_well() -> None:
    verdict = judge(row(last="2025-07-01"), "2025-08-01", "on compromise", **{"min-confidence": "exact"})
    assert verdict == Verdict.not_evaluated(
        "value of 2025-07-01 (inventory) is only declared, and the rule demands a date that is exact"
    )


def test_an_old_record_whose_versions_are_unread_may_hold_a_young_value() -> None:
    record = fact("2025-01-01", Basis.RECORD_CREATED)
    hidden = secret("s", record, unread={"facts": "secretsmanager:ListSecretVersionIds is denied"})
    verdict = judge(hidden, "2025-10-05")
    assert verdict.outcome is Outcome.NOT_EVALUATED
    assert "secretsmanager:ListSecretVersionIds is denied" in verdict.reason
    assert (str(verdict.due), verdict.days_overdue) == ("2025-04-01", 187)
    assert judge(hidden, "2025-03-31").outcome is Outcome.PASS
    assert judge(secret("s", record), "2025-10-05").outcome is Outcome.FAIL


def test_a_copy_that_is_no_longer_refreshed_is_never_fine() -> None:
    problem = {"sync-problem": "ExternalSecret db: Ready is False, SecretSyncedError"}
    copy = secret(value="2025-09-01", attributes=problem)
    in_time = judge(copy, "2025-10-01")
    assert (in_time.outcome, in_time.days_overdue) == (Outcome.NOT_EVALUATED, 0)
    assert in_time.reason.endswith(
        "a copy that may be behind what it copies: ExternalSecret db: Ready is False, SecretSyncedError"
    )
    assert judge(copy, "2026-10-01").outcome is Outcome.FAIL
    by_events = judge(copy, "2026-10-01", "on compromise")
    assert by_events.outcome is Outcome.NOT_EVALUATED


def test_only_a_secret_has_an_age() -> None:
    verdict = MaxAge.model_validate({"period": "90d"}).evaluate(document(), context())
    assert verdict.outcome is Outcome.NOT_APPLICABLE


def test_the_rotation_period_is_the_rules_own() -> None:
    assert MaxAge.model_validate({"period": "quarterly"}).rotation_period == parse_duration("quarterly")


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"period": "0d"},
        {"period": 90},
        {"period": "90d", "alerts": {"3mo": "warning"}},
        {"period": "90d", "alerts": {"7d": "Very Bad"}},
        {"period": "90d", "min-confidence": "sure"},
        {"period": "90d", "min_confidence": "exact"},
        {"period": "90d", "grace": "1d"},
    ],
)
def test_parameters_that_say_nothing_clear_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MaxAge.model_validate(parameters)


@given(
    age=st.integers(min_value=0, max_value=800),
    days=st.integers(min_value=1, max_value=400),
    basis=st.sampled_from(Basis),
)
def test_a_value_fails_exactly_when_it_is_older_than_its_period(age: int, days: int, basis: Basis) -> None:
    today = utc("2025-10-05T12:00")
    born = today.replace(hour=0) - parse_duration(f"{age}d").span if age else today
    verdict = MaxAge.model_validate({"period": f"{days}d"}).evaluate(
        secret("s", fact(born, basis)), context(today)
    )
    assert (verdict.outcome is Outcome.FAIL) == (age > days)
    assert verdict.days_overdue == max(0, age - days)
    assert bool(verdict.alert) <= (verdict.outcome is Outcome.PASS)
