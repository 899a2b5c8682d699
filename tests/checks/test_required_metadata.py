"""What a secret has to say of itself, and what of it could not be read."""

from typing import Any

import pytest
from pydantic import ValidationError

from keyproof.checks.required_metadata import RequiredMetadata
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.secrets import context, document, evidence_of, row, secret, utc


def judge(subject: SecretMetadata, *fields: str, **known: Any) -> Verdict:
    check = RequiredMetadata.model_validate({"fields": list(fields)})
    return check.evaluate(subject, context("2025-10-05", tables=["table"], **known))


@pytest.mark.parametrize(
    ("field", "subject"),
    [
        ("owner", secret(owner="DevOps")),
        ("environment", secret(environment="production")),
        ("priority", secret(priority="critical")),
        ("expiry", secret(expires_at=utc("2026-01-01"))),
        ("expiry", row(next_rotation="2026-01-01")),
        ("contact", secret(tags={"Contact": "security@example.org"})),
        ("contact", secret(attributes={"contact": "security@example.org"})),
        ("description", secret(tags={"description": "key of the shop"})),
        ("description", secret(attributes={"has-description": True})),
        ("tag:team", secret(tags={"team": "payments"})),
    ],
)
def test_what_is_stated_passes_and_what_is_not_is_named(field: str, subject: SecretMetadata) -> None:
    assert judge(subject, field).outcome is Outcome.PASS
    assert judge(secret(), field) == Verdict.failed(f"it states no {field}")


@pytest.mark.parametrize(
    ("field", "subject"),
    [
        ("owner", secret(owner="  ")),
        ("tag:team", secret(tags={"team": " "})),
        ("tag:team", secret(tags={"Team": "payments"})),
        ("contact", secret(tags={"contact": ""})),
        ("description", secret(attributes={"has-description": False})),
        ("expiry", row(next_rotation="On compromise")),
        ("expiry", secret(claims=row(next_rotation="2026-01-01").claims)),
    ],
)
def test_a_blank_or_a_word_in_its_place_states_nothing(field: str, subject: SecretMetadata) -> None:
    assert judge(subject, field).outcome is Outcome.FAIL


def test_everything_missing_is_named_at_once() -> None:
    verdict = judge(secret(owner="DevOps"), "owner", "expiry", "contact", "environment", "priority")
    assert verdict.reason == "it states no expiry, contact, environment, priority"


def test_what_it_states_is_evidence() -> None:
    verdict = judge(secret(owner="DevOps", expires_at=utc("2026-01-01")), "owner", "expiry")
    assert verdict.reason == "it states owner DevOps, expiry 2026-01-01"
    assert evidence_of(verdict) == {"owner": "DevOps", "expiry": "2026-01-01"}


def test_of_several_rows_the_earliest_next_rotation_is_its_expiry() -> None:
    later, sooner = (row(next_rotation=day).claims for day in ("2026-05-01", "2026-01-01"))
    assert judge(row(claims=(*later, *sooner)), "expiry").reason == "it states expiry 2026-01-01"


def test_the_class_is_that_of_the_pack() -> None:
    assert judge(secret(), "class", has_classes=True).reason == "it states no class"
    placed = judge(secret(), "class", has_classes=True, secret_class="openai-key")
    assert placed.reason == "it states class openai-key"


def test_a_pack_without_classes_does_not_ask_for_one() -> None:
    assert judge(secret(), "class") == Verdict.not_applicable("the pack has no classes")
    assert judge(secret(), "class", "owner") == Verdict.failed("it states no owner")


@pytest.mark.parametrize(
    ("field", "unread"),
    [
        ("owner", {"tags": "tag:GetResources is denied"}),
        ("owner", {"owner": "tag:GetResources is denied"}),
        ("tag:team", {"tags": "tag:GetResources is denied"}),
        ("expiry", {"expires_at": "tag:GetResources is denied"}),
    ],
)
def test_what_could_not_be_read_is_not_missing(field: str, unread: dict[str, str]) -> None:
    assert judge(secret(unread=unread), field) == Verdict.not_evaluated(
        f"could not be read: {field} (tag:GetResources is denied)"
    )


def test_a_failure_wins_and_what_is_unread_is_still_named() -> None:
    verdict = judge(secret(unread={"expires_at": "denied"}), "owner", "expiry")
    assert (verdict.outcome, verdict.reason) == (
        Outcome.FAIL,
        "it states no owner; could not be read: expiry (denied)",
    )


def test_unread_class_is_no_excuse() -> None:
    assert judge(secret(unread={"tags": "denied"}), "class", has_classes=True).outcome is Outcome.FAIL


def test_a_deleted_secret_or_a_document_is_no_matter() -> None:
    assert judge(secret(deletion=utc("2025-10-20")), "owner").outcome is Outcome.NOT_APPLICABLE
    check = RequiredMetadata.model_validate({"fields": ["owner"]})
    assert check.evaluate(document(), context()).outcome is Outcome.NOT_APPLICABLE


def test_one_field_needs_no_list() -> None:
    assert RequiredMetadata.model_validate({"fields": "owner"}).fields == ("owner",)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (["ownr"], "'ownr' is no field of a secret; did you mean 'owner'?"),
        (["tag:"], "'tag:' names no tag; write for example tag:team"),
        ([], "at least 1 item"),
        ([7], "valid string"),
    ],
)
def test_an_unknown_field_is_refused_with_what_to_write(fields: list[Any], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        RequiredMetadata.model_validate({"fields": fields})
    assert message in str(error.value)
