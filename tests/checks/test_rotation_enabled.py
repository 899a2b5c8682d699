"""The backend's own rotation: off, failing, too slow, unreadable."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from keyproof.checks.rotation_enabled import RotationEnabled
from keyproof.domain.duration import parse_duration
from keyproof.domain.secret import Rotation, SecretMetadata, VersionState
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.secrets import context, document, evidence_of, secret, utc, version

DAY = timedelta(days=1)


def rotating(*, enabled: bool = True, **fields: Any) -> SecretMetadata:
    return secret(rotation=Rotation(enabled=enabled, **fields))


def judge(
    subject: SecretMetadata, now: str = "2025-10-05T12:00", pack: str | None = None, **own: Any
) -> Verdict:
    known = context(now, period=pack, period_rule="openai-rotation")
    return RotationEnabled.model_validate(own).evaluate(subject, known)


@pytest.mark.parametrize(
    ("begun", "outcome"),
    [("2025-10-04T12:00", Outcome.PASS), ("2025-10-04T11:59", Outcome.FAIL), (None, Outcome.PASS)],
)
def test_a_rotation_that_does_not_end_is_failing(begun: str | None, outcome: Outcome) -> None:
    versions = (
        version("new", VersionState.PENDING, begun),
        version("now", VersionState.CURRENT, "2025-09-01"),
    )
    verdict = judge(secret(rotation=Rotation(enabled=True, interval=90 * DAY), versions=versions))
    assert verdict.outcome is outcome
    if outcome is Outcome.FAIL:
        assert verdict.reason == "rotation is failing: the rotation begun 2025-10-04 11:59 UTC did not end"


def test_rotation_that_is_off_fails() -> None:
    verdict = judge(rotating(enabled=False, interval=30 * DAY, schedule="rate(30 days)"))
    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, "rotation is off")
    assert evidence_of(verdict) == {"rotation": "off", "schedule": "rate(30 days)", "interval": "30 days"}


@pytest.mark.parametrize(
    ("interval", "own", "pack", "outcome"),
    [
        (89, "90d", None, Outcome.PASS),
        (90, "90d", None, Outcome.PASS),
        (91, "90d", None, Outcome.FAIL),
        (91, None, "90d", Outcome.FAIL),
        (91, "100d", "90d", Outcome.PASS),
        (31, "1mo", None, Outcome.PASS),
        (31, "monthly", None, Outcome.FAIL),
        (92, "3mo", None, Outcome.PASS),
        (93, "3mo", None, Outcome.FAIL),
        (9999, None, None, Outcome.PASS),
        (9999, None, "on compromise", Outcome.PASS),
    ],
)
def test_the_schedule_is_at_least_as_quick_as_the_period(
    interval: int, own: str | None, pack: str | None, outcome: Outcome
) -> None:
    verdict = judge(rotating(interval=interval * DAY), pack=pack, **({"period": own} if own else {}))
    assert verdict.outcome is outcome


@pytest.mark.parametrize(
    ("subject", "pack", "reason"),
    [
        (
            rotating(interval=90 * DAY, schedule="rate(90 days)"),
            "60d",
            "rotation every 90 days by rate(90 days) is slower than the 60d of rule openai-rotation",
        ),
        (
            rotating(interval=31 * DAY, schedule="cron(0 8 1 * ? *)"),
            "60d",
            "rotation is on, every 31 days by cron(0 8 1 * ? *), within the 60d of rule openai-rotation",
        ),
        (rotating(), None, "rotation is on; no period is demanded"),
        (
            rotating(),
            "60d",
            "rotation is on, but states no interval to compare with the 60d of rule openai-rotation",
        ),
    ],
)
def test_the_reason_names_schedule_and_period(subject: SecretMetadata, pack: str | None, reason: str) -> None:
    assert judge(subject, pack=pack).reason == reason


def test_a_rotation_without_an_interval_never_passes_a_period() -> None:
    assert judge(rotating(), period="60d").outcome is Outcome.NOT_EVALUATED


@pytest.mark.parametrize(
    ("now", "outcome"),
    [
        ("2025-10-05T00:00", Outcome.PASS),
        ("2025-10-06T00:00", Outcome.PASS),
        ("2025-10-06T00:01", Outcome.FAIL),
    ],
)
def test_a_next_rotation_a_day_past_is_failing(now: str, outcome: Outcome) -> None:
    verdict = judge(rotating(interval=30 * DAY, next_at=utc("2025-10-05")), now)
    assert verdict.outcome is outcome
    if outcome is Outcome.FAIL:
        assert verdict.reason == "rotation is failing: the rotation due 2025-10-05 did not happen"


@pytest.mark.parametrize(
    ("now", "outcome"), [("2025-10-02T00:00", Outcome.PASS), ("2025-10-02T00:01", Outcome.FAIL)]
)
def test_a_last_rotation_older_than_the_interval_is_failing(now: str, outcome: Outcome) -> None:
    verdict = judge(rotating(interval=30 * DAY, last_at=utc("2025-09-01")), now)
    assert verdict.outcome is outcome
    if outcome is Outcome.FAIL:
        assert verdict.reason == (
            "rotation is failing: the last rotation was 2025-09-01, 31 days ago, with an interval of 30 days"
        )


def test_a_short_interval_leaves_no_more_than_itself() -> None:
    hourly = rotating(interval=timedelta(hours=4), last_at=utc("2025-10-05T00:00"))
    assert judge(hourly, "2025-10-05T08:00").outcome is Outcome.PASS
    assert judge(hourly, "2025-10-05T08:01").outcome is Outcome.FAIL


def test_an_unreadable_schedule_is_neither_good_nor_bad() -> None:
    verdict = judge(rotating(schedule="cron(x)", problem="cron() has 1 fields, not six"), period="90d")
    assert verdict.outcome is Outcome.NOT_EVALUATED
    assert verdict.reason == "rotation is on, but cannot be judged: cron() has 1 fields, not six"


def test_failing_is_seen_although_the_schedule_is_unreadable() -> None:
    broken = rotating(problem="unreadable", next_at=utc("2025-09-01"))
    assert judge(broken).outcome is Outcome.FAIL


def test_no_rotation_and_an_unread_one_are_not_the_same() -> None:
    assert judge(secret()) == Verdict.not_applicable("aws-secrets-manager does not rotate this secret itself")
    unread = secret(unread={"rotation": "secretsmanager:DescribeSecret is denied"})
    assert judge(unread) == Verdict.not_evaluated(
        "its rotation could not be read: secretsmanager:DescribeSecret is denied"
    )


def test_a_deleted_secret_or_a_document_is_no_matter() -> None:
    gone = secret(rotation=Rotation(enabled=False), deletion=utc("2025-10-01"))
    assert judge(gone).outcome is Outcome.NOT_APPLICABLE
    assert RotationEnabled().evaluate(document(), context()).outcome is Outcome.NOT_APPLICABLE


def test_the_rotation_period_is_the_one_it_states() -> None:
    assert RotationEnabled().rotation_period is None
    stated = RotationEnabled.model_validate({"period": "90d"})
    assert stated.rotation_period == parse_duration("90d")


@pytest.mark.parametrize("parameters", [{"period": "on compromise"}, {"interval": "30d"}])
def test_parameters_that_say_nothing_clear_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RotationEnabled.model_validate(parameters)
