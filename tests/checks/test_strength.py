"""How strong a value is, without the value."""

from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import ValidationError

from keyproof.checks.strength import Strength
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.secrets import context, document, row, secret, utc

PASSWORD: dict[str, Any] = {"length": 16, "character-classes": 4, "generators": ["1password*", "openssl*"]}


def judge(stated: dict[str, str | int | bool], *, environment: str = "", **parameters: Any) -> Verdict:
    subject = secret(attributes=stated, environment=environment)
    return Strength.model_validate(parameters).evaluate(subject, context())


@pytest.mark.parametrize(
    ("stated", "outcome"),
    [
        ({"bits": 255}, Outcome.FAIL),
        ({"bits": 256}, Outcome.PASS),
        ({"bits": "256"}, Outcome.PASS),
        ({"bits": "about 256"}, Outcome.NOT_EVALUATED),
        ({"bits": True}, Outcome.NOT_EVALUATED),
        ({"bits": -1}, Outcome.NOT_EVALUATED),
        ({"length": 64}, Outcome.NOT_EVALUATED),
        ({}, Outcome.NOT_EVALUATED),
    ],
)
def test_the_stated_number_decides(stated: dict[str, str | int | bool], outcome: Outcome) -> None:
    assert judge(stated, bits=256).outcome is outcome


def test_what_is_not_stated_is_named() -> None:
    assert judge({}, length=16).reason == (
        "how many characters it has is not known: aws-secrets-manager does not state it, and no tag does; 16 wanted"
    )
    assert judge({"bits": "many"}, bits=256).reason == (
        "how many bits of randomness it has is not known: 'many' is no whole number; 256 wanted"
    )


def test_every_demand_counts() -> None:
    strong: dict[str, str | int | bool] = {"length": 16, "character-classes": 4, "generator": "OpenSSL rand"}
    assert judge(strong, **PASSWORD).outcome is Outcome.PASS
    assert judge(strong | {"length": 15}, **PASSWORD).reason == "it has 15 characters, 16 wanted"
    assert judge(strong | {"character-classes": 3}, **PASSWORD).outcome is Outcome.FAIL
    assert judge(strong | {"generator": "a person"}, **PASSWORD).reason == (
        "drawn by a person, which is not among 1password*, openssl*"
    )
    assert judge({"length": 16, "character-classes": 4}, **PASSWORD).outcome is Outcome.NOT_EVALUATED


@pytest.mark.parametrize(
    ("facts", "outcome", "reason"),
    [
        (
            {"minimum-length": 14, "passwords-remembered": 24},
            Outcome.PASS,
            snapshot(
                "the password policy demands 14 characters, at least 14 wanted; the password policy refuses 24 earlier passwords, at least 24 wanted"
            ),
        ),
        (
            {"minimum-length": 8, "passwords-remembered": 0},
            Outcome.FAIL,
            snapshot(
                "the password policy demands 8 characters, 14 wanted; the password policy refuses 0 earlier passwords, 24 wanted"
            ),
        ),
        (
            {"length": 30},
            Outcome.NOT_EVALUATED,
            snapshot(
                "how many characters the password policy demands is not known: aws-secrets-manager does not state it, and no tag does; 14 wanted; how many earlier passwords the password policy refuses is not known: aws-secrets-manager does not state it, and no tag does; 24 wanted"
            ),
        ),
    ],
)
def test_a_password_is_judged_by_the_policy_it_is_chosen_under(
    facts: dict[str, Any], outcome: Outcome, reason: str
) -> None:
    demand: dict[str, Any] = {"policy-length": 14, "policy-memory": 24}
    verdict = judge(facts, **demand)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


def test_a_failure_also_names_what_is_not_known() -> None:
    assert judge({"length": 8}, length=16, generators="*").reason == snapshot(
        "it has 8 characters, 16 wanted; what drew it is not known: "
        "aws-secrets-manager does not state it, and no tag does"
    )


@pytest.mark.parametrize(
    ("environment", "outcome"),
    [
        ("development", Outcome.NOT_APPLICABLE),
        ("Development", Outcome.NOT_APPLICABLE),
        ("staging", Outcome.FAIL),
        ("production", Outcome.FAIL),
        ("", Outcome.FAIL),
    ],
)
def test_a_weak_value_is_in_order_in_development_alone(environment: str, outcome: Outcome) -> None:
    assert judge({"length": 4}, environment=environment, length=16).outcome is outcome


def test_where_weak_values_are_in_order_is_the_rules_to_say() -> None:
    parameters: dict[str, Any] = {"length": 16, "weak-in": ["sandbox"]}
    assert judge({"length": 4}, environment="development", **parameters).outcome is Outcome.FAIL
    assert judge({"length": 4}, environment="sandbox", **parameters).outcome is Outcome.NOT_APPLICABLE


def test_what_has_no_value_is_not_concerned() -> None:
    check, tables = Strength.model_validate({"bits": 256}), context(tables=["table"])
    assert check.evaluate(secret(attributes={"empty": True}), context()).outcome is Outcome.NOT_APPLICABLE
    assert check.evaluate(document(), context()).outcome is Outcome.NOT_APPLICABLE
    assert check.evaluate(secret(deletion=utc("2025-10-01")), context()).outcome is Outcome.NOT_APPLICABLE
    assert check.evaluate(row(), tables).outcome is Outcome.NOT_EVALUATED
    assert check.evaluate(row(attributes={"bits": 128}), tables).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    "parameters", [{}, {"bits": 0}, {"character-classes": 5}, {"weak-in": ["development"]}]
)
def test_parameters_that_say_nothing_clear_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Strength.model_validate(parameters)
