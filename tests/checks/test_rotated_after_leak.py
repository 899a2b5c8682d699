"""Leaks against the live secrets they are of: the same value, replaced too late, replaced in time."""

from typing import Any

import pytest
from pydantic import ValidationError

from keyproof.checks.rotated_after_leak import RotatedAfterLeak
from keyproof.domain.leak import Leak, LeakConfidence
from keyproof.domain.secret import Basis, Confidence, SecretMetadata
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.secrets import context, document, evidence_of, fact, leak, occurrence, row, secret, utc

NAME = "acme/production/openai-api-key"
LEAKED = leak(introduced="2025-09-01T10:00")
UNKNOWN = "no secret of the inventory is known to be this leak; add a map entry to the rule"


def judge(
    *secrets: SecretMetadata,
    of: Leak = LEAKED,
    deadline: str = "24h",
    classes: dict[str, str] | None = None,
    secret_class: str = "",
    start: str = "introduction",
    **parameters: Any,
) -> Verdict:
    placed = {found.id: "openai-key" for found in secrets} if classes is None else classes
    known = context("2025-10-05", *secrets, classes=placed, secret_class=secret_class, tables=["table"])
    return RotatedAfterLeak.model_validate({"deadline": deadline, "from": start, **parameters}).evaluate(
        of, known
    )


@pytest.mark.parametrize(
    ("value", "outcome", "start"),
    [
        ("2025-01-01", Outcome.FAIL, "leaked and still the live value: "),
        ("2025-09-01T09:59", Outcome.FAIL, "leaked and still the live value: "),
        ("2025-09-01T10:00", Outcome.FAIL, "leaked and still the live value: "),
        ("2025-09-01T10:01", Outcome.PASS, "replaced in time, 1 min after the leak: "),
        ("2025-09-02T10:00", Outcome.PASS, "replaced in time, 1 day after the leak: "),
        (
            "2025-09-02T10:01",
            Outcome.FAIL,
            "replaced 1 min too late, 24h from introduction ended 2025-09-02 10:00 UTC: ",
        ),
        (
            "2025-09-05T10:00",
            Outcome.FAIL,
            "replaced 3 days too late, 24h from introduction ended 2025-09-02 10:00 UTC: ",
        ),
    ],
)
def test_a_leaked_secret_is_replaced_within_the_deadline(value: str, outcome: Outcome, start: str) -> None:
    verdict = judge(secret(value=value))
    assert verdict.outcome is outcome
    assert verdict.reason.startswith(start)


def test_the_reason_and_the_evidence_hold_both_times() -> None:
    found = secret(value="2025-09-01T12:00")
    verdict = judge(found)
    assert verdict.reason == (
        f"replaced in time, 2 h after the leak: {NAME}, value of 2025-09-01 12:00 UTC (version-created), "
        "leaked 2025-09-01 10:00 UTC"
    )
    assert evidence_of(verdict) == {
        "leaked": "2025-09-01 10:00 UTC",
        found.id: "value of 2025-09-01 12:00 UTC (version-created)",
    }


@pytest.mark.parametrize(
    ("deadline", "value", "outcome"),
    [
        ("15min", "2025-09-01T10:15", Outcome.PASS),
        ("15min", "2025-09-01T10:16", Outcome.FAIL),
        ("7d", "2025-09-08T23:59", Outcome.PASS),
        ("7d", "2025-09-09T00:00", Outcome.FAIL),
        ("1mo", "2025-10-01T23:59", Outcome.PASS),
        ("1mo", "2025-10-02T00:00", Outcome.FAIL),
    ],
)
def test_a_deadline_in_days_ends_with_a_day(deadline: str, value: str, outcome: Outcome) -> None:
    assert judge(secret(value=value), deadline=deadline).outcome is outcome


def test_the_zone_changes_nothing() -> None:
    assert judge(secret(value="2025-09-01T14:00+02:00")) == judge(secret(value="2025-09-01T12:00"))


def test_the_earliest_introduction_counts() -> None:
    twice = leak(occurrence("a", "2025-09-10"), occurrence("b", "2025-09-01"))
    assert judge(secret(value="2025-09-05"), of=twice).reason.startswith("replaced 3 days too late")


# Which secret it is of


def test_without_a_match_nothing_is_judged() -> None:
    assert judge(secret(value="2025-01-01"), classes={}) == Verdict.not_evaluated(UNKNOWN)
    assert judge() == Verdict.not_evaluated(UNKNOWN)


def test_a_generic_leak_is_of_no_class() -> None:
    generic = leak(secret_class="")
    assert (
        judge(secret(value="2025-01-01"), of=generic, classes={secret().id: ""}).outcome
        is Outcome.NOT_EVALUATED
    )


def test_the_class_the_pack_gives_the_leak_goes_before_the_detectors() -> None:
    placed = {secret().id: "third-party-key"}
    assert judge(secret(value="2025-01-01"), classes=placed).outcome is Outcome.NOT_EVALUATED
    assert (
        judge(secret(value="2025-01-01"), classes=placed, secret_class="third-party-key").outcome
        is Outcome.FAIL
    )


@pytest.mark.parametrize(
    ("entry", "matched"),
    [
        ({"secret": NAME}, True),
        ({"secret": "aws-secrets-manager://*/acme/production/*"}, True),
        ({"secret": "*/crm-api-key"}, False),
        ({"detector": "openai-*", "secret": NAME}, True),
        ({"detector": "github-*", "secret": NAME}, False),
        ({"path": "app/*.py", "secret": NAME}, True),
        ({"path": "deploy/*", "secret": NAME}, False),
        ({"class": "openai-key", "secret": NAME}, True),
        ({"class": "github-token", "secret": NAME}, False),
        ({"detector": "openai-*", "path": "deploy/*", "secret": NAME}, False),
    ],
)
def test_a_map_entry_tells_which_secret_a_leak_is_of(entry: dict[str, str], matched: bool) -> None:
    verdict = judge(secret(value="2025-01-01"), classes={}, map=[entry])
    assert verdict.outcome is (Outcome.FAIL if matched else Outcome.NOT_EVALUATED)


def test_the_map_goes_before_the_class() -> None:
    same_class = secret("acme/staging/openai-api-key", value="2025-01-01")
    mapped = secret("acme/production/other", value="2025-09-01T12:00")
    entry = {"secret": "*/other"}
    assert (
        judge(same_class, mapped, classes={same_class.id: "openai-key"}, map=[entry]).outcome is Outcome.PASS
    )


def test_every_matching_secret_has_to_be_replaced() -> None:
    fresh = secret(value="2025-09-01T12:00")
    stale = secret("acme/staging/openai-api-key", value="2025-01-01")
    verdict = judge(fresh, stale)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason.startswith("leaked and still the live value: acme/staging/openai-api-key")
    undated = secret("acme/staging/openai-api-key")
    assert judge(fresh, undated).outcome is Outcome.NOT_EVALUATED


def test_a_row_is_judged_only_where_no_live_secret_is_known() -> None:
    claim = row(last="2025-09-02")
    stale = secret(value="2025-01-01")
    assert judge(claim, stale).reason.startswith(f"leaked and still the live value: {NAME}")
    assert judge(row(last="2025-08-01")).reason.startswith("leaked and still the live value: OpenAI API Key")


# What cannot be told


@pytest.mark.parametrize(
    ("claim", "deadline", "outcome", "start"),
    [
        ("2025-08-31", "24h", Outcome.FAIL, "leaked and still the live value: "),
        (
            "2025-09-01",
            "24h",
            Outcome.NOT_EVALUATED,
            "whether the live value is the leaked one cannot be told: ",
        ),
        (
            "2025-09-02",
            "24h",
            Outcome.NOT_EVALUATED,
            "replaced on the very day that 24h from introduction ended: ",
        ),
        ("2025-09-02", "48h", Outcome.PASS, "replaced in time, "),
        ("2025-09-03", "24h", Outcome.FAIL, "replaced 14 h too late, "),
    ],
)
def test_a_person_states_a_day_not_a_time(claim: str, deadline: str, outcome: Outcome, start: str) -> None:
    verdict = judge(row(last=claim), deadline=deadline)
    assert verdict.outcome is outcome
    assert verdict.reason.startswith(start)


def test_a_leak_at_the_first_minute_of_the_claimed_day_cannot_be_told_either() -> None:
    verdict = judge(row(last="2025-09-01"), of=leak(introduced="2025-09-01"))
    assert verdict.outcome is Outcome.NOT_EVALUATED


def test_a_value_that_may_be_older_than_its_date_may_be_the_leaked_one() -> None:
    doubtful = fact("2025-09-01T12:00", Basis.ROTATION_EVENT, Confidence.UPPER_BOUND)
    assert judge(secret(NAME, doubtful)).outcome is Outcome.NOT_EVALUATED
    older = fact("2025-08-01", Basis.ROTATION_EVENT, Confidence.UPPER_BOUND)
    assert judge(secret(NAME, older)).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        (secret(NAME), f"the age of {NAME} is not known: aws-secrets-manager shows no date for it"),
        (secret(NAME, unread={"facts": "denied"}), f"the age of {NAME} is not known: denied"),
        (
            secret(NAME, value="2025-01-01", deletion=utc("2025-09-02")),
            f"{NAME} is deleted on 2025-09-02; whether its value was revoked where it is used cannot be seen",
        ),
    ],
)
def test_a_secret_without_a_live_date_is_not_judged(subject: SecretMetadata, reason: str) -> None:
    assert judge(subject) == Verdict.not_evaluated(reason)


def test_a_leak_outside_history_has_no_introduction() -> None:
    outside = leak(occurrence("app/.env", None, where="worktree"))
    verdict = judge(secret(value="2025-01-01"), of=outside)
    assert verdict == Verdict.not_evaluated(
        "the leak is in no commit, so when it was introduced is not known"
    )


# From detection


@pytest.mark.parametrize(
    ("detected", "value", "outcome", "reason"),
    [
        ("2025-09-20", "2025-08-01", Outcome.FAIL, "leaked and still the live value: "),
        ("2025-09-20", "2025-09-20T23:00", Outcome.PASS, "replaced in time, 19 days 13 h after the leak: "),
        (
            "2025-09-20",
            "2025-09-21T01:00",
            Outcome.FAIL,
            "replaced 1 h too late, 24h from detection ended 2025-09-21: ",
        ),
        (None, "2025-09-02T09:00", Outcome.PASS, "replaced in time, 23 h after the leak: "),
        (
            None,
            "2025-09-20",
            Outcome.NOT_EVALUATED,
            "replaced, but when the leak was first detected is not known",
        ),
    ],
)
def test_the_deadline_may_count_from_the_first_detection(
    detected: str | None, value: str, outcome: Outcome, reason: str
) -> None:
    seen = leak(introduced="2025-09-01T10:00", detected_at=utc(detected) if detected else None)
    verdict = judge(secret(value=value), of=seen, start="detection")
    assert verdict.outcome is outcome
    assert verdict.reason.replace(" 00:00 UTC", "").startswith(reason)


# No matter


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (leak(allowed="baseline"), "OpenAI API key accepted by baseline"),
        (leak(confidence=LeakConfidence.EXAMPLE), "OpenAI API key is only example"),
        (leak(confidence=LeakConfidence.POSSIBLE), "OpenAI API key is only possible"),
    ],
)
def test_a_leak_that_is_accepted_or_unsure_is_no_matter(found: Leak, reason: str) -> None:
    assert judge(secret(value="2025-01-01"), of=found) == Verdict.not_applicable(reason)


def test_a_document_is_no_leak() -> None:
    check = RotatedAfterLeak.model_validate({"deadline": "24h"})
    assert check.evaluate(document(), context()).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"deadline": "on incident"},
        {"deadline": "24h", "from": "commit"},
        {"deadline": "24h", "map": [{"detector": "x"}]},
        {"deadline": "24h", "map": [{"secret": "x", "name": "y"}]},
        {"deadline": "24h", "map": [{"secret": "x", "class_": "y"}]},
    ],
)
def test_parameters_that_say_nothing_clear_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RotatedAfterLeak.model_validate(parameters)
