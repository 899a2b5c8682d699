"""Lengths of keys, by type, as backends and people write them."""

from typing import Any

import pytest
from pydantic import ValidationError

from keyproof.checks.key_strength import KeyStrength
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.secrets import context, document, evidence_of, row, secret, utc


def judge(stated: dict[str, str | int | bool], **parameters: Any) -> Verdict:
    return KeyStrength.model_validate(parameters).evaluate(secret(attributes=stated), context())


@pytest.mark.parametrize(
    ("key_type", "bits", "outcome"),
    [
        ("RSA_2048", None, Outcome.PASS),
        ("RSA-1024", None, Outcome.FAIL),
        ("rsa", 2047, Outcome.FAIL),
        ("rsa", 2048, Outcome.PASS),
        ("RSA", "4096", Outcome.PASS),
        ("RSA", None, Outcome.NOT_EVALUATED),
        ("RSA_2048", 4096, Outcome.NOT_EVALUATED),
        ("EC_prime256v1", None, Outcome.PASS),
        ("EC_secp384r1", None, Outcome.PASS),
        ("ecdsa-p192", None, Outcome.FAIL),
        ("ECDSA", 224, Outcome.PASS),
        ("P-521", None, Outcome.PASS),
        ("EC", 223, Outcome.FAIL),
        ("Ed25519", None, Outcome.PASS),
        ("ed448", None, Outcome.PASS),
        ("dsa", 1024, Outcome.FAIL),
        ("aes256-gcm96", None, Outcome.PASS),
        ("AES_128", None, Outcome.PASS),
        ("AES", 64, Outcome.FAIL),
        ("HMAC_256", None, Outcome.PASS),
        ("HMAC_256", 112, Outcome.NOT_EVALUATED),
        ("hmac-sha256", 112, Outcome.PASS),
        ("SYMMETRIC_DEFAULT", None, Outcome.PASS),
        ("GOOGLE_SYMMETRIC_ENCRYPTION", None, Outcome.PASS),
        ("EC-HSM", 256, Outcome.PASS),
        ("ec2-key", 4096, Outcome.NOT_EVALUATED),
        ("HS256", 64, Outcome.FAIL),
        ("HS256", None, Outcome.NOT_EVALUATED),
        ("quantum", 9999, Outcome.NOT_EVALUATED),
        (None, 4096, Outcome.NOT_EVALUATED),
    ],
)
def test_type_and_length_decide(key_type: str | None, bits: int | str | None, outcome: Outcome) -> None:
    stated = {"key-type": key_type, "key-bits": bits}
    verdict = judge({name: value for name, value in stated.items() if value is not None})
    assert verdict.outcome is outcome, verdict.reason


@pytest.mark.parametrize(("bits", "outcome"), [(4095, Outcome.FAIL), (4096, Outcome.PASS)])
def test_the_rule_may_demand_more(bits: int, outcome: Outcome) -> None:
    assert judge({"key-type": "rsa", "key-bits": bits}, minimum={"rsa": 4096}).outcome is outcome


def test_types_can_be_left_out() -> None:
    verdict = judge({"key-type": "RSA_4096"}, types=["ec", "ed25519"])
    assert verdict.reason == "a key of type RSA_4096 is not among the allowed ec, ed25519"
    assert judge({"key-type": "P-256"}, types=["ec"]).outcome is Outcome.PASS


def test_the_reason_names_type_length_and_demand() -> None:
    verdict = judge({"key-type": "RSA_1024"})
    assert verdict.reason == "a key of type rsa has 1024 bits, 2048 wanted"
    assert evidence_of(verdict) == {"key type": "RSA_1024", "key bits": "1024"}


def test_a_tag_states_it_as_well() -> None:
    tagged = secret(tags={"Key_Type": "RSA", "KEY BITS": "1024"})
    assert KeyStrength().evaluate(tagged, context()).outcome is Outcome.FAIL


def test_a_type_and_a_length_that_disagree_prove_nothing() -> None:
    assert judge({"key-type": "RSA_2048", "key-bits": 4096}).reason == (
        "its type RSA_2048 means 2048 bits, but 4096 are stated"
    )


def test_what_is_no_key_is_not_concerned() -> None:
    check, tables = KeyStrength(), context(tables=["table"])
    assert check.evaluate(secret(attributes={"reference": True}), context()).outcome is Outcome.NOT_APPLICABLE
    assert check.evaluate(document(), context()).outcome is Outcome.NOT_APPLICABLE
    assert check.evaluate(secret(deletion=utc("2025-10-01")), context()).outcome is Outcome.NOT_APPLICABLE
    assert check.evaluate(row(), tables).outcome is Outcome.NOT_EVALUATED
    assert check.evaluate(row(tags={"key-type": "RSA_1024"}), tables).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    "parameters", [{"minimum": {"rsaa": 2048}}, {"minimum": {"rsa": 0}}, {"types": ["rot13"]}]
)
def test_parameters_that_say_nothing_clear_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        KeyStrength.model_validate(parameters)
