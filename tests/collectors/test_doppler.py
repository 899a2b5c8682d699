"""Doppler's names and service tokens."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from keyproof.collectors.doppler import DopplerConfig
from keyproof.domain.access import AccessGrant, Action
from keyproof.domain.assessment import ScopeStatus
from keyproof.domain.secret import Confidence, SubjectKind
from keyproof.errors import AccessDeniedError, BackendProtocolError
from keyproof.value_operations import returns_value
from tests.fakes.json_api import Asked, Said
from tests.fakes.reading import each, gaps, read, secrets, served
from tests.fakes.small_stores import CANARY, CREATED, TOKEN, doppler

ENVIRON = {"DOPPLER_TOKEN": TOKEN}
SERVICE = {
    "name": "lambda",
    "slug": "56c69f96",
    "created_at": CREATED,
    "environment": "prd",
    "expires_at": None,
    "last_seen_at": "2025-09-01T00:00:00Z",
}


def test_a_secret_has_a_name_and_no_date() -> None:
    answering = doppler({"shop/prd": ["DB"]}, tokens=[SERVICE], last_fetch_at="2025-10-01T00:00:00Z")
    items = read("doppler", answering, ENVIRON, projects=["shop"])
    found = secrets(items)["shop/prd/DB"]
    assert found.facts == ()
    assert "old and new values" in found.unread["facts"]
    assert found.environment == "prd"
    assert found.last_accessed_at == datetime(2025, 10, 1, tzinfo=UTC)
    assert found.grants == (
        AccessGrant(
            principal="service-token:lambda", actions=(Action.READ, Action.LIST), via="service token"
        ),
    )
    assert "people" in found.unread["grants"]
    assert "shop/prd/DOPPLER_CONFIG" not in secrets(items), "Doppler itself adds it"
    assert CANARY not in repr(items)


def test_a_service_token_is_a_credential() -> None:
    answering = doppler({"shop/prd": []}, tokens=[SERVICE, {**SERVICE, "slug": "b", "last_seen_at": None}])
    used, unused = each(read("doppler", answering, ENVIRON, projects=["shop"]))
    assert used.kind is SubjectKind.CREDENTIAL
    assert used.value_date is not None
    assert used.value_date.confidence is Confidence.EXACT
    assert used.attributes["never-expires"] is True
    assert used.last_accessed_at == datetime(2025, 9, 1, tzinfo=UTC)
    assert "last_accessed_at" in unused.unread


def test_tokens_that_may_not_be_seen_are_a_gap() -> None:
    items = read("doppler", doppler({"shop/prd": ["DB"]}, tokens=None), ENVIRON, projects=["shop"])
    (gap,) = gaps(items)
    assert gap.status is ScopeStatus.PARTIAL
    assert "'right to see the project's service tokens'" in gap.reason
    assert secrets(items)["shop/prd/DB"].grants is None
    quiet = read(
        "doppler",
        doppler({"shop/prd": ["DB"]}, tokens=None),
        ENVIRON,
        projects=["shop"],
        service_tokens=False,
    )
    assert gaps(quiet) == []
    assert "service-tokens is false" in secrets(quiet)["shop/prd/DB"].unread["grants"]


def test_credentials_that_end_at_the_tokens_end_the_scope() -> None:
    whole = doppler({"shop/prd": ["DB"]})

    def answering(asked: Asked) -> Said:
        return Said(status=401, body={}) if asked.parts[-1] == "tokens" else whole(asked)

    with pytest.raises(AccessDeniedError, match="expired"):
        read("doppler", answering, ENVIRON, projects=["shop"])


def test_configurations_come_in_pages() -> None:
    configs = {f"shop/dev_{number:03}": ["A"] for number in range(230)}
    with served("doppler", doppler(configs), ENVIRON, projects=["shop", "shop"]) as collector:
        assert collector.scopes() == sorted(configs)


@pytest.mark.parametrize("path", ["secrets", "secrets/download", "secret", "logs", "logs/log"])
def test_what_tells_values_is_on_the_list(path: str) -> None:
    assert returns_value(f"GET /v3/configs/config/{path}")
    assert returns_value(f"GET /v3/configs/config/{path}?project=shop")


@pytest.mark.parametrize("body", [{"names": {"DB": "x"}}, {"names": [{"name": "DB"}]}, {}, {"config": 1}])
def test_an_answer_of_an_unknown_shape(body: Any) -> None:
    whole = doppler({"shop/prd": ["DB"]})

    def answering(asked: Asked) -> Said:
        return Said(body=body) if asked.parts[-1] == "names" else whole(asked)

    with pytest.raises(BackendProtocolError, match="unknown shape"):
        read("doppler", answering, ENVIRON, projects=["shop"])


def test_configurations_of_an_unknown_shape() -> None:
    with pytest.raises(BackendProtocolError, match="unknown shape"):
        read("doppler", lambda _: Said(body={"configs": [{}]}), ENVIRON, projects=["shop"])
    with pytest.raises(ValidationError):
        DopplerConfig.model_validate({"projects": []})
