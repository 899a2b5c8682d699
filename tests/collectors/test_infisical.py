"""Infisical's secrets with their values hidden."""

from typing import Any

import pytest
from pydantic import ValidationError

from keyproof.collectors.infisical import InfisicalConfig
from keyproof.domain.assessment import Collected
from keyproof.domain.secret import Confidence
from keyproof.errors import AccessDeniedError, BackendProtocolError
from keyproof.value_operations import returns_value
from tests.fakes.json_api import Said
from tests.fakes.reading import each, read, secrets, told
from tests.fakes.small_stores import CANARY, TOKEN, infisical, infisical_secret

ENVIRON = {"INFISICAL_TOKEN": TOKEN}


def _read(*entries: dict[str, Any], hides: bool = True, **config: Any) -> list[Collected]:
    whole = {"projects": ["p1"], "environments": ["prod"], **config}
    return read("infisical", infisical(entries, hides=hides), ENVIRON, **whole)


def test_a_secret_comes_with_its_words_and_without_its_value() -> None:
    items = _read(
        infisical_secret(
            "DB",
            secretPath="/api/eu",
            tags=[{"slug": "critical"}],
            secretMetadata=[{"key": "owner", "value": "data"}],
            secretReminderRepeatDays=30,
            isRotatedSecret=True,
        ),
        infisical_secret("DB", version=1),
    )
    assert CANARY not in repr(items)
    deep, first = secrets(items)["prod/api/eu/DB"], secrets(items)["prod/DB"]
    assert deep.id.endswith("/p1/prod/api/eu/DB")
    assert (deep.owner, deep.environment) == ("data", "prod")
    assert deep.tags == {"owner": "data", "critical": ""}
    assert deep.attributes["reminder-days"] == 30
    assert deep.rotation is not None
    assert deep.value_date is not None
    assert deep.value_date.confidence is Confidence.UPPER_BOUND
    assert first.rotation is None
    assert first.value_date is not None
    assert first.value_date.confidence is Confidence.EXACT


def test_a_server_that_sends_values_is_not_read_on() -> None:
    with pytest.raises(BackendProtocolError, match="sends values though") as caught:
        _read(infisical_secret("DB"), hides=False)
    assert CANARY not in repr(caught.value.__dict__)
    assert "describeSecret" in caught.value.hint


def test_a_machine_identity_logs_in() -> None:
    environ = {"INFISICAL_CLIENT_ID": "machine", "INFISICAL_CLIENT_SECRET": TOKEN}
    config = {"projects": ["p1"], "environments": "prod"}
    items = read("infisical", infisical([infisical_secret("DB")]), environ, **config)
    assert list(secrets(items)) == ["prod/DB"]
    assert TOKEN not in repr(items)
    with pytest.raises(AccessDeniedError, match="INFISICAL_CLIENT_SECRET is not set"):
        read("infisical", infisical([]), {"INFISICAL_CLIENT_ID": "machine"}, **config)
    with pytest.raises(AccessDeniedError, match="does not accept"):
        read("infisical", infisical([]), {**environ, "INFISICAL_CLIENT_SECRET": "other"}, **config)
    with pytest.raises(BackendProtocolError, match="login without a token"):
        read("infisical", lambda _: Said(body={}), environ, **config)


def test_every_environment_of_every_project_is_a_scope() -> None:
    items = _read(infisical_secret("A"), environments=["dev", "prod"], projects=["p1", "p2"], include="dev/*")
    ids = [item.id.split("/", 3)[3] for item in each(items)]
    assert ids == ["p1/dev/A", "p2/dev/A"]
    assert told(items)["secrets left out"] == "1"


def test_values_have_to_be_declined() -> None:
    assert returns_value("GET /api/v4/secrets")
    assert returns_value("GET /api/v4/secrets?viewSecretValue=true")
    assert returns_value("GET /api/v3/secrets/raw?workspaceId=x")
    assert not returns_value("GET /api/v4/secrets?viewSecretValue=false&recursive=true")


@pytest.mark.parametrize(
    "entry", [{"secretKey": "A"}, infisical_secret("A", version="x"), infisical_secret("A", tags=1)]
)
def test_an_entry_of_an_unknown_shape(entry: dict[str, Any]) -> None:
    with pytest.raises(BackendProtocolError, match="unknown shape"):
        _read(entry)


def test_options_that_make_no_sense() -> None:
    with pytest.raises(ValidationError):
        InfisicalConfig.model_validate({"projects": ["p"], "environments": []})
