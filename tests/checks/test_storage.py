"""Where secrets are kept: kinds of backend, .env files, encryption, what rows state."""

from typing import Any

import pytest
from pydantic import ValidationError

from keyproof.checks.storage import Storage
from keyproof.domain.secret import Encryption, SecretMetadata
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.secrets import context, document, evidence_of, row, secret, utc

OWN_KEY = Encryption(encrypted=True, key="arn:aws:kms:us-east-1:111122223333:key/app", customer_managed=True)
PROVIDER_KEY = Encryption(encrypted=True, key="alias/aws/secretsmanager", customer_managed=False)
PLAIN = Encryption(encrypted=False)


def dotenv(**fields: Any) -> SecretMetadata:
    attributes = {"gitignored": True, "tracked": False, "example-file": True} | fields.pop("attributes", {})
    return secret("API_KEY", id="dotenv://shop/.env#API_KEY", backend="dotenv", source="env", scope=".env",
                  encryption=PLAIN, attributes=attributes, **fields)  # fmt: skip


def judge(subject: SecretMetadata, *known: SecretMetadata, **parameters: Any) -> Verdict:
    return Storage.model_validate(parameters).evaluate(
        subject, context("2025-10-05", *known, tables=["table"])
    )


@pytest.mark.parametrize(
    ("parameters", "outcome", "reason"),
    [
        (
            {"allowed": "aws-secrets-manager"},
            Outcome.PASS,
            "it is kept in aws-secrets-manager, which is permitted",
        ),
        (
            {"allowed": ["vault", "aws-*"]},
            Outcome.PASS,
            "it is kept in aws-secrets-manager, which is permitted",
        ),
        (
            {"allowed": ["vault", "azure-*"]},
            Outcome.FAIL,
            "it is kept in aws-secrets-manager, which is not among the allowed vault, azure-*",
        ),
        ({"forbidden": ["dotenv"]}, Outcome.PASS, "it is kept in aws-secrets-manager, which is permitted"),
        ({"forbidden": "aws-*"}, Outcome.FAIL, "it is kept in aws-secrets-manager, which is forbidden"),
        (
            {"allowed": "aws-*", "forbidden": "aws-secrets-manager"},
            Outcome.FAIL,
            "it is kept in aws-secrets-manager, which is forbidden",
        ),
    ],
)
def test_the_kind_of_backend_is_judged_by_globs(
    parameters: dict[str, Any], outcome: Outcome, reason: str
) -> None:
    verdict = judge(secret(), **parameters)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)
    assert evidence_of(verdict) == {"storage": "aws-secrets-manager"}


@pytest.mark.parametrize(
    ("encryption", "parameters", "outcome"),
    [
        (OWN_KEY, {"encrypted": True}, Outcome.PASS),
        (PROVIDER_KEY, {"encrypted": True}, Outcome.PASS),
        (PLAIN, {"encrypted": True}, Outcome.FAIL),
        (None, {"encrypted": True}, Outcome.NOT_EVALUATED),
        (OWN_KEY, {"customer-key": True}, Outcome.PASS),
        (PROVIDER_KEY, {"customer-key": True}, Outcome.FAIL),
        (PLAIN, {"customer-key": True}, Outcome.FAIL),
        (Encryption(encrypted=True), {"customer-key": True}, Outcome.NOT_EVALUATED),
        (None, {"customer-key": True}, Outcome.NOT_EVALUATED),
    ],
)
def test_encryption_at_rest(
    encryption: Encryption | None, parameters: dict[str, Any], outcome: Outcome
) -> None:
    assert judge(secret(encryption=encryption), **parameters).outcome is outcome


def test_the_key_is_named() -> None:
    assert judge(secret(encryption=PROVIDER_KEY), **{"customer-key": True}).reason == (
        "it is encrypted with the provider's key alias/aws/secretsmanager, not with one of one's own"
    )
    nameless = judge(
        secret(encryption=Encryption(encrypted=True, customer_managed=False)), **{"customer-key": True}
    )
    assert evidence_of(nameless) == {"encryption key": "provider's"}
    passed = judge(secret(encryption=OWN_KEY), **{"customer-key": True})
    assert evidence_of(passed) == {"encryption key": "arn:aws:kms:us-east-1:111122223333:key/app"}


def test_why_encryption_is_not_known() -> None:
    unread = secret(unread={"encryption": "kms:DescribeKey is denied"})
    assert judge(unread, encrypted=True) == Verdict.not_evaluated(
        "whether it is encrypted is not known: kms:DescribeKey is denied"
    )


@pytest.mark.parametrize(
    ("attributes", "outcome", "reason"),
    [
        ({}, Outcome.PASS, "git ignores the file that holds it"),
        ({"gitignored": False}, Outcome.FAIL, "git does not ignore the file that holds it"),
        ({"tracked": True}, Outcome.FAIL, "git tracks the file that holds it"),
        ({"tracked": True, "gitignored": False}, Outcome.FAIL, "git tracks the file that holds it"),
    ],
)
def test_a_dotenv_file_stays_out_of_git(attributes: dict[str, bool], outcome: Outcome, reason: str) -> None:
    verdict = judge(dotenv(attributes=attributes), gitignored=True)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


def test_an_unknown_state_of_git_never_passes() -> None:
    outside = dotenv(unread={"gitignored": "the file lies in no git work tree", "tracked": "same"})
    bare = SecretMetadata(
        id=outside.id, name=outside.name, source="env", backend="dotenv", scope=".env", unread=outside.unread
    )
    verdict = judge(bare, gitignored=True)
    assert verdict.outcome is Outcome.NOT_EVALUATED
    assert "the file lies in no git work tree" in verdict.reason
    unread_index = secret(attributes={"gitignored": True}, unread={"tracked": "the index is damaged"})
    assert judge(unread_index, gitignored=True) == Verdict.not_evaluated(
        "whether git tracks the file is not known: the index is damaged", gitignored="yes"
    )


def test_a_dotenv_file_of_which_nothing_is_known_never_passes() -> None:
    unknown = secret(backend="dotenv")
    for demand in ({"gitignored": True}, {"example-file": True}):
        assert judge(unknown, **demand).outcome is Outcome.NOT_EVALUATED


def test_an_example_file_stands_beside_it() -> None:
    assert judge(dotenv(), **{"example-file": True}) == Verdict.passed(
        "an example file stands beside it", example_file="yes"
    )
    assert judge(dotenv(attributes={"example-file": False}), **{"example-file": True}) == Verdict.failed(
        "no example file stands beside it", example_file="no"
    )


def test_demands_on_a_dotenv_file_do_not_concern_a_backend() -> None:
    assert judge(secret(), gitignored=True).outcome is Outcome.NOT_APPLICABLE
    both = judge(secret(encryption=OWN_KEY), gitignored=True, encrypted=True)
    assert both == Verdict.passed("it is encrypted at rest", encrypted="yes")


def test_several_faults_stand_in_one_reason() -> None:
    verdict = judge(
        dotenv(attributes={"gitignored": False}), forbidden="dotenv", gitignored=True, encrypted=True
    )
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == (
        "it is kept in dotenv, which is forbidden; git does not ignore the file that holds it; "
        "it is stored without encryption"
    )


@pytest.mark.parametrize("flag", ["empty", "reference"])
def test_a_key_without_a_value_of_its_own_is_stored_elsewhere(flag: str) -> None:
    assert judge(dotenv(attributes={flag: True}), forbidden="dotenv").outcome is Outcome.NOT_APPLICABLE


LIVE = secret(encryption=PROVIDER_KEY)


def test_a_row_is_judged_by_the_live_secrets_it_declares() -> None:
    described = row(declares=(LIVE.id,), attributes={"storage": "Vault"})
    assert judge(described, LIVE, allowed="aws-*").outcome is Outcome.PASS
    assert judge(described, LIVE, allowed="vault").outcome is Outcome.FAIL
    in_env = dotenv()
    two = row(declares=(LIVE.id, in_env.id))
    assert judge(two, LIVE, in_env, forbidden="dotenv").reason == "it is kept in dotenv, which is forbidden"


@pytest.mark.parametrize(
    ("stated", "parameters", "outcome"),
    [
        ("AWS Secrets Manager", {"allowed": "aws-secrets-manager"}, Outcome.PASS),
        ("HashiCorp Vault", {"allowed": "vault"}, Outcome.PASS),
        (".env file", {"forbidden": "dotenv"}, Outcome.FAIL),
        ("Environment variable", {"allowed": ["secret-manager", "kms"]}, Outcome.FAIL),
        ("Secret manager / KMS", {"allowed": ["secret-manager", "kms"]}, Outcome.PASS),
        ("Environment variable or secret manager", {"allowed": "secret-manager"}, Outcome.FAIL),
        ("Vault", {"encrypted": True}, Outcome.NOT_EVALUATED),
        ("Vault", {"allowed": "vault", "customer-key": True}, Outcome.NOT_EVALUATED),
        ("", {"allowed": "vault"}, Outcome.NOT_EVALUATED),
        ("—", {"allowed": "vault"}, Outcome.NOT_EVALUATED),
    ],
)
def test_a_row_without_live_secrets_is_judged_by_the_storage_it_states(
    stated: str, parameters: dict[str, Any], outcome: Outcome
) -> None:
    assert judge(row(attributes={"storage": stated}), **parameters).outcome is outcome


def test_the_reason_says_that_a_row_only_states_it() -> None:
    stated = row(attributes={"storage": "Environment variable"})
    assert judge(stated, allowed="vault").reason == (
        "the row states the storage 'Environment variable', which is not among the allowed vault"
    )


def test_a_row_that_states_nothing_is_not_judged() -> None:
    assert judge(row(), allowed="vault").outcome is Outcome.NOT_EVALUATED


def test_an_empty_rule_says_what_it_could_demand() -> None:
    demands = "allowed, forbidden, gitignored, example-file, encrypted, customer-key"
    with pytest.raises(ValidationError, match=f"the rule demands nothing: set one of {demands}"):
        Storage.model_validate({})


def test_a_deleted_secret_or_a_document_is_no_matter() -> None:
    gone = secret(deletion=utc("2025-10-01"))
    assert judge(gone, forbidden="aws-*") == Verdict.not_applicable("deleted on 2025-10-01")
    check = Storage.model_validate({"allowed": "vault"})
    assert check.evaluate(document(), context()).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    "parameters", [{}, {"encrypted": False}, {"allowed": []}, {"customer_key": True}, {"kinds": "vault"}]
)
def test_a_rule_that_demands_nothing_is_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Storage.model_validate(parameters)
