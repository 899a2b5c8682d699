"""1Password's items through a Connect server."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from keyproof.collectors.onepassword_connect import OnepasswordConnectConfig
from keyproof.domain.assessment import Collected
from keyproof.domain.secret import Confidence
from keyproof.errors import BackendProtocolError, CollectError
from tests.fakes.reading import read, secrets, served, told
from tests.fakes.rest_server import Asked, Said
from tests.fakes.small_stores import CREATED, TOKEN, item, number, onepassword

ENVIRON = {"OP_CONNECT_TOKEN": TOKEN}


def _read(held: dict[str, list[dict[str, Any]]], **config: Any) -> list[Collected]:
    return read("onepassword-connect", onepassword(held), ENVIRON, **config)


def test_an_item_is_dated_by_its_last_edit() -> None:
    items = _read({"ops": [item("db"), item("new", updatedAt=CREATED), item("old", state="ARCHIVED")]})
    found = secrets(items)
    edited, fresh = found["ops/db"], found["ops/new"]
    assert edited.type == "api-credential"
    assert edited.tags == {"ops": ""}
    assert edited.value_date is not None
    assert edited.value_date.at == datetime(2025, 6, 1, tzinfo=UTC)
    assert edited.value_date.confidence is Confidence.UPPER_BOUND
    assert fresh.value_date is not None
    assert fresh.value_date.confidence is Confidence.EXACT
    assert found["ops/old"].attributes["state"] == "archived"
    assert found["ops/old"].deletion is None
    assert "fields come with values" in edited.unread["expires_at"]
    assert told(items)["items listed"] == "3"


def test_a_deleted_item_says_so() -> None:
    found = secrets(_read({"ops": [item("gone", state="DELETED")]}))
    assert found["ops/gone"].deletion == datetime(2025, 6, 1, tzinfo=UTC)


def test_vaults_are_chosen_by_name_or_id() -> None:
    vaults = {"ops": [item("a")], "dev": [item("b")], "same=one": [item("c")], "same=two": [item("d")]}
    assert sorted(secrets(_read(vaults))) == sorted(
        ["dev/b", f"{number('same=one')}/c", "ops/a", f"{number('same=two')}/d"]
    )
    assert sorted(secrets(_read(vaults, vaults=["dev", number("ops")]))) == ["dev/b", "ops/a"]
    assert sorted(secrets(_read(vaults, exclude=["[!d]*"]))) == ["dev/b"]
    with pytest.raises(CollectError, match="sees no vault 'opps'") as caught:
        _read(vaults, vaults=["opps"])
    assert "ops" in caught.value.hint


def test_a_vault_that_went_away_is_an_error() -> None:
    with (
        served("onepassword-connect", onepassword({"ops": []}), ENVIRON) as collector,
        pytest.raises(CollectError, match="sees no vault 'dev'"),
    ):
        list(collector.collect("dev"))


def test_the_address_may_come_from_the_environment() -> None:
    with pytest.raises(CollectError, match="is no address") as caught:
        read("onepassword-connect", onepassword({}), ENVIRON, address="")
    assert "OP_CONNECT_HOST" in caught.value.hint
    with pytest.raises(ValidationError):
        OnepasswordConnectConfig.model_validate({"address": "connect"})


@pytest.mark.parametrize("body", [[{}], {"message": "text"}, [1]])
def test_vaults_of_an_unknown_shape(body: Any) -> None:
    with pytest.raises(BackendProtocolError, match="unknown shape"):
        read("onepassword-connect", lambda _: Said(body=body), ENVIRON)


def test_an_item_of_an_unknown_shape() -> None:
    whole = onepassword({"ops": []})

    def answering(asked: Asked) -> Said:
        return Said(body=[{"id": "x"}]) if asked.parts[-1] == "items" else whole(asked)

    with pytest.raises(BackendProtocolError, match="unknown shape"):
        read("onepassword-connect", answering, ENVIRON)
