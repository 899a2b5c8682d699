"""Secrets that nobody reads any more."""

from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import ValidationError

from keyproof.checks.unused import Unused
from keyproof.domain.access import Action
from keyproof.domain.secret import Basis, SecretMetadata
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.secrets import access_log, context, document, event, fact, row, secret, utc


def judge(subject: SecretMetadata, now: str = "2025-10-05T12:00", *, window: str = "90d") -> Verdict:
    return Unused.model_validate({"window": window}).evaluate(subject, context(now))


def last_read(day: str, **fields: Any) -> SecretMetadata:
    return secret(last_accessed_at=utc(day), created_at=utc("2020-01-01"), **fields)


@pytest.mark.parametrize(
    ("now", "outcome", "days_overdue"),
    [
        ("2025-09-29T23:59:59", Outcome.PASS, 0),
        ("2025-09-30T00:00", Outcome.FAIL, 1),
        ("2025-09-30T01:30+02:00", Outcome.PASS, 0),
        ("2025-10-29", Outcome.FAIL, 30),
    ],
)
def test_it_is_in_use_through_the_last_read_plus_the_window(
    now: str, outcome: Outcome, days_overdue: int
) -> None:
    verdict = judge(last_read("2025-07-01"), now)
    assert (verdict.outcome, verdict.days_overdue, str(verdict.due)) == (outcome, days_overdue, "2025-09-29")


def test_a_window_of_hours_ends_with_a_day_as_reads_are_told_by_the_day() -> None:
    assert judge(last_read("2025-10-04"), "2025-10-05T23:00", window="24h").outcome is Outcome.PASS
    assert judge(last_read("2025-10-04"), "2025-10-06T00:00", window="24h").outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("created", "outcome"),
    [
        ("2025-10-05", Outcome.NOT_EVALUATED),
        ("2025-07-07", Outcome.NOT_EVALUATED),
        ("2025-07-06", Outcome.FAIL),
        ("2025-10-06", Outcome.NOT_EVALUATED),
    ],
)
def test_a_secret_never_read_has_the_window_from_its_creation(created: str, outcome: Outcome) -> None:
    assert judge(secret(created_at=utc(created))).outcome is outcome
    assert judge(secret(facts=(fact(created, Basis.RECORD_CREATED),))).outcome is outcome


def test_the_reasons_name_the_days() -> None:
    assert judge(last_read("2025-07-01")).reason == snapshot(
        "last read 2025-07-01, unused for longer than 90d by 6 days"
    )
    assert judge(secret(created_at=utc("2025-09-01"))).reason == snapshot(
        "never read since it was created 2025-09-01; unused only after 2025-11-30 (90d)"
    )


def test_without_a_creation_nothing_is_known_of_a_secret_never_read() -> None:
    assert judge(secret()).reason == "it was never read, and when it was created is not known"


def test_a_backend_that_does_not_tell_of_reads_proves_nothing() -> None:
    old = utc("2020-01-01")
    assert judge(secret(backend="vault", created_at=old)).reason.endswith("vault does not tell")
    denied = secret(created_at=old, unread={"last_accessed_at": "the right is missing"})
    assert judge(denied) == Verdict.not_evaluated("when it was last read is not known: the right is missing")


def test_an_audit_log_shows_reads_too() -> None:
    old: dict[str, Any] = {"backend": "vault", "created_at": utc("2020-01-01")}
    assert judge(secret(access_log=access_log(event("2025-10-01")), **old)).outcome is Outcome.PASS
    assert judge(secret(access_log=access_log(), **old)).outcome is Outcome.FAIL
    assert judge(secret(access_log=access_log(since="2025-09-01"), **old)).outcome is Outcome.NOT_EVALUATED
    assert judge(secret(access_log=access_log(until="2025-10-01"), **old)).outcome is Outcome.NOT_EVALUATED
    listed = access_log(event("2025-10-01", action=Action.LIST), event("2025-10-01", allowed=False))
    assert judge(secret(access_log=listed, **old)).outcome is Outcome.FAIL


def test_a_log_proves_disuse_from_its_begin_only() -> None:
    old = secret(backend="vault", created_at=utc("2020-01-01"), access_log=access_log())
    assert judge(old).reason == snapshot(
        "not read since 2025-07-01, where trail/main begins, unused for longer than 90d by 6 days"
    )
    young = secret(backend="vault", created_at=utc("2025-09-01"), access_log=access_log())
    assert judge(young).reason.startswith("never read since it was created 2025-09-01; unused only after")
    assert judge(secret(backend="vault", access_log=access_log()), window="15min").outcome is Outcome.FAIL
    fresh = access_log(since="2025-10-05T11:00")
    assert judge(secret(backend="vault", access_log=fresh), window="15min").outcome is Outcome.NOT_EVALUATED


def test_the_later_of_two_sources_counts() -> None:
    assert judge(last_read("2025-01-01", access_log=access_log(event("2025-10-01")))).outcome is Outcome.PASS


def test_a_log_that_ends_early_does_not_prove_disuse() -> None:
    log = access_log(event("2025-06-01"), since="2025-05-01", until="2025-08-01")
    unseen = secret(backend="vault", unread={"last_accessed_at": "Vault keeps none"}, access_log=log)
    assert judge(unseen).outcome is Outcome.NOT_EVALUATED


def test_reads_of_replicas_are_not_seen() -> None:
    assert judge(last_read("2025-01-01", replicas=("eu-west-1",))).outcome is Outcome.NOT_EVALUATED
    assert judge(last_read("2025-10-01", replicas=("eu-west-1",))).outcome is Outcome.PASS


def test_a_read_after_the_moment_that_is_judged_is_none_yet() -> None:
    verdict = judge(last_read("2025-10-04"), "2025-01-01")
    assert (verdict.outcome, "after the moment" in verdict.reason) == (Outcome.NOT_EVALUATED, True)


def test_what_nobody_reads_is_not_concerned() -> None:
    check = Unused.model_validate({"window": "90d"})
    assert check.evaluate(document(), context()).outcome is Outcome.NOT_APPLICABLE
    assert judge(secret(deletion=utc("2025-10-01"))).outcome is Outcome.NOT_APPLICABLE
    assert (
        check.evaluate(row(declares=("aws://1",)), context(tables=["table"])).outcome
        is Outcome.NOT_APPLICABLE
    )


@pytest.mark.parametrize("parameters", [{}, {"window": "on incident"}, {"window": "90d", "grace": "1d"}])
def test_parameters_that_say_nothing_clear_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Unused.model_validate(parameters)
