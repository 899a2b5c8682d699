"""One value, one environment."""

from dataclasses import replace
from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import ValidationError

from keyproof.checks.isolation import Isolation
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.secrets import context, document, row, secret, utc


def live(name: str, environment: str, digest: str = "", **fields: Any) -> SecretMetadata:
    return secret(name, environment=environment, attributes={"digest": digest} if digest else {}, **fields)


def judge(
    subject: SecretMetadata, *others: SecretMetadata, complete: Any = None, **parameters: Any
) -> Verdict:
    known = context("2025-10-05", subject, *others, tables=["table"], complete=complete)
    return Isolation.model_validate(parameters).evaluate(subject, known)


PROD = live("prod/db", "production", "d1")


def test_the_same_value_in_two_environments_fails() -> None:
    verdict = judge(PROD, live("stage/db", "staging", "d1"), live("dev/db", "development", "d2"))
    assert (verdict.outcome, verdict.reason) == (
        Outcome.FAIL,
        "its value is also that of stage/db (staging)",
    )


def test_the_same_value_twice_in_one_environment_is_not_this_rules_matter() -> None:
    assert judge(PROD, live("prod/db-2", "production", "d1")).outcome is Outcome.PASS


def test_letter_case_makes_no_second_environment() -> None:
    assert judge(PROD, live("prod/db-2", "Production", "d1")).outcome is Outcome.PASS
    assert judge(PROD, live("prod/db-2", "PRODUCTION")).outcome is Outcome.PASS
    upper = live("stage/db", "STAGING", "d1")
    assert judge(PROD, upper, environments=["Production", "Stag*"]).outcome is Outcome.FAIL


def test_different_values_pass_once_all_were_compared() -> None:
    verdict = judge(PROD, live("stage/db", "staging", "d2"))
    assert (verdict.outcome, verdict.reason) == (Outcome.PASS, "its value is used in production only")


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (
            live("stage/db", "staging"),
            "no other environment is known to use its value, but it was not compared with 1 value outside production",
        ),
        (
            live("db", ""),
            "no other environment is known to use its value, but it was not compared with 1 value outside production",
        ),
        (live("db", "", "d1"), "its value is also that of db, of no known environment"),
    ],
)
def test_a_value_that_was_not_compared_may_be_the_same(other: SecretMetadata, reason: str) -> None:
    verdict = judge(PROD, other)
    assert (verdict.outcome, verdict.reason) == (Outcome.NOT_EVALUATED, reason)


def test_values_of_the_same_environment_and_deleted_ones_need_no_comparison() -> None:
    gone = live("stage/old", "staging", deletion=utc("2025-10-01"))
    empty = secret("stage/empty", environment="staging", attributes={"empty": True})
    assert judge(PROD, live("prod/api", "production"), gone, empty).outcome is Outcome.PASS


def test_a_source_read_in_part_may_hold_the_same_value() -> None:
    verdict = judge(PROD, live("stage/db", "staging", "d2"), complete=["table"])
    assert verdict.reason.endswith("aws was not read in full")


def test_without_digests_nothing_is_known() -> None:
    verdict = judge(live("prod/db", "production"), live("stage/db", "staging", "d1"))
    assert verdict == Verdict.not_evaluated(
        "whether its value is used outside production is not known: values were not compared"
    )


def test_one_secret_read_for_two_environments_fails() -> None:
    subject = live("db", "production")
    verdict = judge(subject, replace(subject, environment="staging", source="aws-2"))
    assert verdict.reason == snapshot(
        "one secret serves production and staging: production by aws; staging by aws-2"
    )


def test_one_secret_declared_for_two_environments_fails() -> None:
    subject = live("db", "")
    rows = [
        row("DB", environment="production", declares=(subject.id,)),
        row(
            "DB", environment="staging", declares=(subject.id,), line=8, id="inventory://docs/secrets.md#DB-2"
        ),
    ]
    verdict = judge(subject, *rows)
    assert (verdict.outcome, verdict.reason) == (
        Outcome.FAIL,
        snapshot(
            "one secret serves production and staging: "
            "production by docs/secrets.md:7; staging by docs/secrets.md:8"
        ),
    )


def test_a_row_that_describes_several_secrets_places_none_of_them() -> None:
    subject = live("db", "production")
    both = row("DB", environment="staging", declares=(subject.id, "aws://other"))
    assert judge(subject, both).outcome is Outcome.NOT_EVALUATED


def test_only_the_environments_of_the_rule_are_kept_apart() -> None:
    staging = live("stage/db", "staging", "d1")
    assert judge(PROD, staging, environments=["production", "dev*"]).outcome is Outcome.PASS
    assert judge(staging, PROD, environments=["production"]).outcome is Outcome.NOT_APPLICABLE


def test_without_an_environment_nothing_is_known() -> None:
    assert judge(live("db", "", "d1")).reason == (
        "its environment is not known: neither its source nor keyproof.yaml states one"
    )
    unread = live("db", "", "d1", unread={"environment": "the metadata cannot be read"})
    assert judge(unread).reason.endswith("the metadata cannot be read")


def test_each_inventory_is_worked_out_anew() -> None:
    first = context("2025-10-05", PROD, live("stage/db", "staging", "d1"))
    check = Isolation()
    assert check.evaluate(PROD, first).outcome is Outcome.FAIL
    smaller = replace(first, inventory=replace(first.inventory, secrets=(PROD,)))
    assert check.evaluate(PROD, smaller).outcome is Outcome.PASS


def test_what_belongs_to_no_environment_is_not_concerned() -> None:
    assert judge(row(declares=("aws://1",))).outcome is Outcome.NOT_APPLICABLE
    assert judge(row()).outcome is Outcome.NOT_EVALUATED
    assert judge(live("db", "production", deletion=utc("2025-10-01"))).outcome is Outcome.NOT_APPLICABLE
    assert judge(secret(attributes={"reference": True})).outcome is Outcome.NOT_APPLICABLE
    assert Isolation().evaluate(document(), context()).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("parameters", [{"environments": []}, {"environment": "production"}])
def test_parameters_that_say_nothing_clear_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Isolation.model_validate(parameters)
