"""TLS on the way to the readers, as far as a source states it."""

from typing import Any

import pytest
from pydantic import ValidationError

from keyproof.checks.transport import Transport
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.secrets import context, document, row, secret, utc


def judge(stated: dict[str, str | int | bool], **parameters: Any) -> Verdict:
    return Transport.model_validate(parameters).evaluate(secret(attributes=stated), context())


@pytest.mark.parametrize(
    ("stated", "outcome"),
    [
        ({"address": "https://vault.example:8200"}, Outcome.PASS),
        ({"address": "HTTPS://vault.example:8200/v1"}, Outcome.PASS),
        ({"address": "rediss://cache.example"}, Outcome.PASS),
        ({"address": "http://vault.example:8200"}, Outcome.FAIL),
        ({"address": "redis://cache.example"}, Outcome.FAIL),
        ({"address": "gopher://vault.example"}, Outcome.NOT_EVALUATED),
        ({"address": "vault.example:8200"}, Outcome.NOT_EVALUATED),
        ({"tls": True}, Outcome.PASS),
        ({"tls": "no"}, Outcome.FAIL),
        ({"tls": "perhaps"}, Outcome.NOT_EVALUATED),
        ({"address": "http://vault.example", "tls": True}, Outcome.FAIL),
        ({"address": "https://vault.example", "tls": False}, Outcome.FAIL),
        ({"address": "https://vault.example", "tls-verified": False}, Outcome.FAIL),
        ({"address": "https://vault.example", "tls-verified": True}, Outcome.PASS),
        ({}, Outcome.NOT_EVALUATED),
        ({"address": "http://127.0.0.1:8200"}, Outcome.FAIL),
    ],
)
def test_scheme_and_statement_decide(stated: dict[str, str | int | bool], outcome: Outcome) -> None:
    assert judge(stated).outcome is outcome


@pytest.mark.parametrize(
    ("address", "outcome"),
    [
        ("http://127.0.0.1:8200", Outcome.PASS),
        ("http://127.8.8.8", Outcome.PASS),
        ("http://[::1]:8200", Outcome.PASS),
        ("http://localhost", Outcome.PASS),
        ("http://localhost.example", Outcome.FAIL),
        ("http://127.0.0.1.example", Outcome.FAIL),
        ("http://10.0.0.1", Outcome.FAIL),
        ("http://[broken", Outcome.FAIL),
    ],
)
def test_an_address_of_this_machine_can_be_accepted(address: str, outcome: Outcome) -> None:
    assert judge({"address": address}, **{"accept-loopback": True}).outcome is outcome


@pytest.mark.parametrize(
    ("version", "outcome"),
    [
        ("1.1", Outcome.FAIL),
        ("1.2", Outcome.PASS),
        ("TLSv1.3", Outcome.PASS),
        ("SSLv3", Outcome.NOT_EVALUATED),
        ("", Outcome.NOT_EVALUATED),
    ],
)
def test_an_old_version_is_no_protection(version: str, outcome: Outcome) -> None:
    stated: dict[str, str | int | bool] = {"address": "https://vault.example", "tls-version": version}
    assert judge(stated, **{"min-version": "1.2"}).outcome is outcome
    assert judge(stated).outcome is Outcome.PASS


def test_the_address_is_shown_without_what_may_be_secret_in_it() -> None:
    hidden = "pass" + "word"
    verdict = judge({"address": f"http://user:{hidden}@vault.example:8200/v1?token={hidden}"})
    assert verdict.reason == "it is fetched from http://vault.example:8200 without TLS"
    assert hidden not in repr(verdict)


def test_the_missing_fact_is_named() -> None:
    assert judge({}).reason == (
        "whether it is fetched over TLS is not known: aws-secrets-manager does not state it, and no tag does"
    )


def test_what_does_not_travel_is_not_concerned() -> None:
    check, tables = Transport(), context(tables=["table"])
    for backend in ("dotenv", "sops", "docker-compose", "encrypted-files", "terraform-state"):
        found = check.evaluate(secret(backend=backend), context())
        assert found.outcome is Outcome.NOT_APPLICABLE
    assert check.evaluate(secret(backend="dotenv", tags={"tls": "no"}), context()).outcome is Outcome.FAIL
    assert check.evaluate(document(), context()).outcome is Outcome.NOT_APPLICABLE
    assert check.evaluate(secret(deletion=utc("2025-10-01")), context()).outcome is Outcome.NOT_APPLICABLE
    assert check.evaluate(row(), tables).outcome is Outcome.NOT_EVALUATED
    assert check.evaluate(row(attributes={"tls": "no"}), tables).outcome is Outcome.FAIL


@pytest.mark.parametrize("parameters", [{"min-version": "2.0"}, {"min-version": 1.2}, {"loopback": True}])
def test_parameters_that_say_nothing_clear_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Transport.model_validate(parameters)
