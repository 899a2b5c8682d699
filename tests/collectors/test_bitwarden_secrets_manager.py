"""Bitwarden Secrets Manager's ids and dates."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from keyproof.collectors.bitwarden_secrets_manager import BitwardenSecretsManagerConfig, _identity
from keyproof.domain.assessment import Collected
from keyproof.domain.secret import Confidence
from keyproof.errors import AccessDeniedError, BackendProtocolError
from keyproof.value_operations import returns_value
from tests.fakes.reading import read, secrets
from tests.fakes.rest_server import Asked, Said
from tests.fakes.small_stores import KEY, TOKEN, bitwarden, bitwarden_secret

KIND = "bitwarden-secrets-manager"
ENVIRON = {"BWS_ACCESS_TOKEN": f"0.machine.{TOKEN}:{KEY}"}


def _read(*entries: dict[str, Any], **config: Any) -> list[Collected]:
    return read(KIND, bitwarden(entries), ENVIRON, organisation="org", **config)


def test_a_secret_is_an_id_with_dates() -> None:
    found = secrets(
        _read(
            bitwarden_secret("s1", projects=[{"id": "p1", "name": "2.x|y|z"}]),
            bitwarden_secret(
                "s2", creationDate="2025-01-01T00:00:00.1234567Z", revisionDate="2025-01-01T00:00:00.1234567Z"
            ),
            names={"s2": "shop/DB"},
        )
    )
    first, second = found["s1"], found["shop/DB"]
    assert first.id == f"{KIND}://org/s1"
    assert first.attributes["projects"] == "p1"
    assert first.unread["name"] == "Bitwarden's names are encrypted"
    assert first.value_date is not None
    assert first.value_date.at == datetime(2025, 6, 1, tzinfo=UTC)
    assert first.value_date.confidence is Confidence.UPPER_BOUND
    assert "name" not in second.unread
    assert second.value_date is not None
    assert second.value_date.confidence is Confidence.EXACT
    assert "2." not in repr(found), "what is encrypted is not kept"


@pytest.mark.parametrize("text", ["token", "1.a.b:c", "0.a:b", "0..b:c", "0.kind.a.b:c"])
def test_what_is_no_access_token_is_not_sent(text: str) -> None:
    with pytest.raises(AccessDeniedError, match="BWS_ACCESS_TOKEN is no access token") as caught:
        read(KIND, bitwarden([]), {"BWS_ACCESS_TOKEN": text}, organisation="org")
    assert caught.value.hint == "correct BWS_ACCESS_TOKEN"


def test_a_login_that_is_refused() -> None:
    with pytest.raises(AccessDeniedError, match="does not accept"):
        read(KIND, bitwarden([]), {"BWS_ACCESS_TOKEN": "0.machine.old:key"}, organisation="org")
    with pytest.raises(BackendProtocolError, match="login without a token"):
        read(KIND, lambda _: Said(body=[]), ENVIRON, organisation="org")


def test_where_one_logs_in() -> None:
    assert _identity("https://api.bitwarden.eu") == "https://identity.bitwarden.eu"
    assert _identity("https://vault.example/api") == "https://vault.example/identity"


def test_names_are_chosen_by_globs() -> None:
    assert list(secrets(_read(bitwarden_secret("a"), bitwarden_secret("b"), include="a"))) == ["a"]


def test_values_are_never_asked_for() -> None:
    assert returns_value("POST /secrets/get-by-ids")
    assert returns_value("GET /organizations/org/secrets/sync")
    assert returns_value("GET /secret-versions/v1")
    assert returns_value("POST /secret-versions/get-by-ids")
    assert returns_value("GET /sm/org/export")
    assert not returns_value("GET /organizations/org/secrets")


def test_an_entry_of_an_unknown_shape() -> None:
    whole = bitwarden([])

    def answering(asked: Asked) -> Said:
        return Said(body={"secrets": [{"id": "a"}]}) if asked.parts[-1] == "secrets" else whole(asked)

    with pytest.raises(BackendProtocolError, match="unknown shape"):
        read(KIND, answering, ENVIRON, organisation="org")
    with pytest.raises(ValidationError):
        BitwardenSecretsManagerConfig.model_validate({})
