"""Duties that people attest: who may, until when it holds, and what a lapse means."""

from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import ValidationError

from keyproof.checks.attested import Attested
from keyproof.domain.attestation import Attestation
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.secrets import attestation, context, document, evidence_of, secret


def judge(*given: Attestation, now: str = "2025-10-05T12:00", **parameters: Any) -> Verdict:
    return Attested.model_validate(parameters).evaluate(document(), context(now, attestations=given))


@pytest.mark.parametrize(
    ("now", "outcome", "days_overdue"),
    [
        ("2025-08-31T23:59:59", Outcome.NOT_EVALUATED, None),
        ("2025-09-01T00:00", Outcome.MANUAL, 0),
        ("2025-11-30T23:59:59", Outcome.MANUAL, 0),
        ("2025-12-01T00:00", Outcome.NOT_EVALUATED, 1),
        ("2025-12-01T01:59+02:00", Outcome.MANUAL, 0),
        ("2025-11-30T23:00-01:00", Outcome.NOT_EVALUATED, 1),
    ],
)
def test_it_holds_through_its_last_day_in_utc(now: str, outcome: Outcome, days_overdue: int | None) -> None:
    verdict = judge(attestation("2025-09-01", "quarterly"), now=now)
    assert (verdict.outcome, verdict.days_overdue) == (outcome, days_overdue)


@pytest.mark.parametrize(
    ("at", "every", "last"),
    [
        ("2024-02-29", "12mo", "2025-02-28"),
        ("2025-01-31", "1mo", "2025-02-28"),
        ("2024-01-31", "1mo", "2024-02-29"),
        ("2025-03-29", "1d", "2025-03-30"),
        ("2025-12-31", "24h", "2026-01-01"),
        ("9999-12-01", "annually", "9999-12-31"),
    ],
)
def test_the_last_day_follows_from_the_period(at: str, every: str, last: str) -> None:
    verdict = judge(attestation(at, every), now=last)
    assert (verdict.outcome, str(verdict.due)) == (Outcome.MANUAL, last)


def test_the_reason_says_who_attests_what_and_until_when() -> None:
    verdict = judge(attestation(evidence="SEC-7"))
    assert verdict.reason == snapshot(
        "Ana attested on 2025-09-01: 'The drill took place.' (SEC-7); in force until 2025-11-30"
    )
    assert evidence_of(verdict) == snapshot(
        {"attestation": "drill-1", "attested by": "Ana", "in force until": "2025-11-30"}
    )


def test_a_lapse_says_since_when() -> None:
    assert judge(attestation(), now="2025-12-10").reason == snapshot(
        "the attestation lapsed 10 days ago: Ana attested on 2025-09-01: 'The drill took place.'; "
        "it was in force until 2025-11-30"
    )


def test_without_any_attestation_nothing_is_known() -> None:
    assert judge().outcome is Outcome.NOT_EVALUATED
    assert judge().reason.startswith("nobody attests it")


def test_the_rule_may_demand_it_more_often_than_the_attestation_states() -> None:
    assert (
        judge(attestation(every="annually"), now="2025-10-02", every="monthly").outcome
        is Outcome.NOT_EVALUATED
    )
    assert judge(attestation(every="annually"), now="2025-10-01", every="monthly").outcome is Outcome.MANUAL
    assert (
        judge(attestation(every="weekly"), now="2025-09-09", every="monthly").outcome is Outcome.NOT_EVALUATED
    )


def test_the_newest_of_several_counts() -> None:
    old, new = attestation("2025-01-01"), attestation("2025-09-15", id="drill-2")
    verdict = judge(old, new)
    assert (verdict.outcome, evidence_of(verdict)["attestation"]) == (Outcome.MANUAL, "drill-2")
    late = judge(old, new, now="2026-01-01")
    assert "2025-12-14" in late.reason


def test_a_date_in_the_future_is_a_slip() -> None:
    verdict = judge(attestation("2025-10-06"))
    assert (verdict.outcome, verdict.reason) == (
        Outcome.NOT_EVALUATED,
        "the attestation drill-1 is dated 2025-10-06, after 2025-10-05: check the date",
    )


@pytest.mark.parametrize(
    ("by", "outcome"),
    [
        ("Ana", Outcome.MANUAL),
        ("ANA", Outcome.MANUAL),
        ("Ben (CISO)", Outcome.MANUAL),
        ("Eve", Outcome.NOT_EVALUATED),
    ],
)
def test_only_those_named_may_attest(by: str, outcome: Outcome) -> None:
    assert judge(attestation(by=by), by=["ana", "* (ciso)"]).outcome is outcome


def test_who_may_not_attest_is_named() -> None:
    assert judge(attestation(by="Eve"), by="Ana").reason == "drill-1 does not count: Eve is not among Ana"


def test_what_it_rests_on_can_be_demanded() -> None:
    assert judge(attestation(), evidence=True).reason == "drill-1 does not count: it names no evidence"
    assert judge(attestation(evidence="https://wiki.example/drill"), evidence=True).outcome is Outcome.MANUAL


def test_several_people_may_have_to_agree() -> None:
    ana, same = attestation("2025-09-01"), attestation("2025-09-20", id="drill-2", by=" ana")
    ben = attestation("2025-07-10", id="drill-3", by="Ben")
    assert judge(ana, same, people=2).outcome is Outcome.NOT_EVALUATED
    both = judge(ana, same, ben, people=2)
    assert (both.outcome, str(both.due)) == (Outcome.MANUAL, "2025-10-08")
    assert judge(ana, same, ben, people=2, now="2025-10-09").reason.startswith("only ")


def test_a_secret_is_not_attested() -> None:
    verdict = Attested().evaluate(secret(), context(attestations=(attestation(),)))
    assert verdict.outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("parameters", [{"every": "on incident"}, {"people": 0}, {"by": []}, {"rule": "x"}])
def test_parameters_that_say_nothing_clear_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Attested.model_validate(parameters)
