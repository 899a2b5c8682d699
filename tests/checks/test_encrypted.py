"""Encryption at rest, and whose key."""

from typing import Any

import pytest
from pydantic import ValidationError

from keyproof.checks.encrypted import Encrypted
from keyproof.domain.secret import Encryption, SecretMetadata
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.secrets import context, document, row, secret, utc

OWN = Encryption(encrypted=True, key="alias/acme-secrets", customer_managed=True)
PROVIDERS = Encryption(encrypted=True, key="alias/aws/secretsmanager", customer_managed=False)


def judge(subject: SecretMetadata, *known: SecretMetadata, **parameters: Any) -> Verdict:
    return Encrypted.model_validate(parameters).evaluate(
        subject, context("2025-10-05", *known, tables=["table"])
    )


@pytest.mark.parametrize(
    ("encryption", "parameters", "outcome", "reason"),
    [
        (PROVIDERS, {}, Outcome.PASS, "it is encrypted at rest"),
        (Encryption(encrypted=False), {}, Outcome.FAIL, "it is stored without encryption"),
        (Encryption(encrypted=False), {"keys": "*"}, Outcome.FAIL, "it is stored without encryption"),
        (
            OWN,
            {"customer-key": True},
            Outcome.PASS,
            "it is encrypted with a key of one's own alias/acme-secrets",
        ),
        (
            PROVIDERS,
            {"customer-key": True},
            Outcome.FAIL,
            "it is encrypted with the provider's key alias/aws/secretsmanager, not with one of one's own",
        ),
        (
            Encryption(encrypted=True),
            {"customer-key": True},
            Outcome.NOT_EVALUATED,
            "whose key encrypts it is not known",
        ),
        (OWN, {"keys": ["alias/acme-*"]}, Outcome.PASS, None),
        (
            OWN,
            {"keys": ["alias/ACME-*"]},
            Outcome.FAIL,
            "the key alias/acme-secrets is not among alias/ACME-*",
        ),
        (
            Encryption(encrypted=True),
            {"keys": "x"},
            Outcome.NOT_EVALUATED,
            "which key encrypts it is not known",
        ),
        (
            None,
            {},
            Outcome.NOT_EVALUATED,
            "whether it is encrypted is not known: aws-secrets-manager does not say",
        ),
        (None, {"keys": "x"}, Outcome.NOT_EVALUATED, None),
    ],
)
def test_what_the_backend_states_decides(
    encryption: Encryption | None, parameters: dict[str, Any], outcome: Outcome, reason: str | None
) -> None:
    verdict = judge(secret(encryption=encryption), **parameters)
    assert verdict.outcome is outcome
    assert reason is None or verdict.reason == reason


def test_a_row_is_judged_by_its_live_secrets() -> None:
    good, bad = secret("good", encryption=OWN), secret("bad", encryption=Encryption(encrypted=False))
    assert judge(row(declares=(good.id, bad.id)), good, bad).outcome is Outcome.FAIL
    assert judge(row(declares=(good.id,)), good).outcome is Outcome.PASS
    assert judge(row(declares=("aws://unread",))).outcome is Outcome.NOT_APPLICABLE
    assert judge(row()).outcome is Outcome.NOT_EVALUATED


def test_what_holds_no_value_is_not_concerned() -> None:
    for fields in (
        {"attributes": {"empty": True}},
        {"attributes": {"reference": True}},
        {"deletion": utc("2025-10-01")},
    ):
        assert (
            judge(secret(encryption=Encryption(encrypted=False), **fields)).outcome is Outcome.NOT_APPLICABLE
        )
    assert Encrypted().evaluate(document(), context()).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("parameters", [{"keys": []}, {"customer_key": True}])
def test_parameters_that_say_nothing_clear_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Encrypted.model_validate(parameters)
