"""Conjur's variables."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from keyproof.collectors.conjur import ConjurConfig
from keyproof.domain.access import AccessGrant, Action
from keyproof.domain.assessment import Collected
from keyproof.domain.secret import VersionState
from keyproof.errors import AccessDeniedError, BackendProtocolError
from keyproof.value_operations import returns_value
from tests.fakes.reading import read, secrets, told
from tests.fakes.rest_server import Asked, Said
from tests.fakes.small_stores import CANARY, TOKEN, conjur, variable

ENVIRON = {"CONJUR_AUTHN_LOGIN": "host/scanner", "CONJUR_AUTHN_API_KEY": TOKEN}


def _read(*entries: dict[str, Any], **config: Any) -> list[Collected]:
    return read("conjur", conjur(entries), ENVIRON, account="acme", **config)


def test_a_variable_with_who_may_do_what() -> None:
    items = _read(
        variable(
            "prod/db/password",
            owner="acme:policy:prod",
            permissions=[
                {"privilege": "execute", "role": "acme:host:web", "policy": "acme:policy:root"},
                {"privilege": "read", "role": "acme:host:scanner"},
                {"privilege": "update", "role": "acme:group:ops", "policy": None},
                {"privilege": "dance", "role": "acme:user:ada"},
            ],
            annotations=[{"name": "owner", "value": "data"}, {"name": "environment", "value": "prod"}],
            secrets=[{"version": 1, "expires_at": None}, {"version": 2, "expires_at": None}],
        )
    )
    found = secrets(items)["prod/db/password"]
    assert found.id.endswith("/acme/prod%2Fdb%2Fpassword")
    assert (found.owner, found.environment) == ("data", "prod")
    assert found.grants == (
        AccessGrant(principal="acme:group:ops", actions=(Action.WRITE,), via="permit"),
        AccessGrant(principal="acme:host:scanner", actions=(Action.LIST,), via="permit"),
        AccessGrant(principal="acme:host:web", actions=(Action.READ,), via="acme:policy:root"),
        AccessGrant(principal="acme:policy:prod", actions=tuple(sorted(Action)), via="ownership"),
    )
    assert found.versions is not None
    assert [(one.id, one.state) for one in found.versions] == [
        ("1", VersionState.PREVIOUS),
        ("2", VersionState.CURRENT),
    ]
    assert "permitted-roles does so" in found.unread["grants"]
    assert found.facts == ()
    assert "no time" in found.unread["facts"]
    assert found.created_at == datetime(2025, 1, 1, tzinfo=UTC)
    assert CANARY not in repr(items)
    assert "has a privilege" in told(items)["visibility"]


def test_a_rotator_and_a_variable_without_a_value() -> None:
    words = {"rotation/rotator": "postgresql/password", "rotation/ttl": "P1D"}
    entries = [{"name": name, "value": value} for name, value in words.items()]
    due = "2025-11-01T00:00:00Z"
    items = _read(
        variable("rotated", annotations=entries, secrets=[{"version": 7, "expires_at": due}]),
        variable("empty", secrets=[]),
    )
    rotation = secrets(items)["rotated"].rotation
    assert rotation is not None
    assert (rotation.mechanism, rotation.schedule) == ("postgresql/password", "P1D")
    assert (rotation.enabled, rotation.interval) == (True, timedelta(days=1))
    assert rotation.next_at == datetime(2025, 11, 1, tzinfo=UTC)
    empty = secrets(items)["empty"]
    assert (empty.rotation, empty.versions, empty.attributes["empty"]) == (None, (), True)


@pytest.mark.parametrize(
    ("period", "enabled", "problem"),
    [(None, False, "nothing rotates it"), ("soon", True, "'soon' is no duration")],
)
def test_a_rotator_needs_a_period(period: str | None, *, enabled: bool, problem: str) -> None:
    words = {"rotation/rotator": "aws/secret_key", **({"rotation/ttl": period} if period else {})}
    entries = [{"name": name, "value": value} for name, value in words.items()]
    rotation = secrets(_read(variable("key", annotations=entries)))["key"].rotation
    assert rotation is not None
    assert (rotation.enabled, rotation.interval) == (enabled, None)
    assert problem in rotation.problem


def test_permitted_roles_are_all_who_may_use_it() -> None:
    permitted = {
        "execute": [
            "acme:group:ops",
            "acme:user:ada",
            "acme:host:web/1",
            "acme:layer:web",
            "acme:policy:prod",
        ],
        "read": ["acme:user:ada", "acme:host:scanner"],
        "update": ["acme:user:ada"],
    }
    entries = [variable("prod/db", permissions=[{"privilege": "execute", "role": "acme:group:ops"}])]
    config = {"account": "acme", "permitted_roles": True}
    found = secrets(read("conjur", conjur(entries, permitted=permitted), ENVIRON, **config))["prod/db"]
    assert found.grants == (
        AccessGrant(principal="acme:host:scanner", actions=(Action.LIST,), via="privilege read"),
        AccessGrant(principal="acme:host:web/1", actions=(Action.READ,), via="privilege execute"),
        AccessGrant(principal="acme:policy:root", actions=(Action.ADMIN,), via="ownership"),
        AccessGrant(principal="acme:user:ada", actions=(Action.LIST,), via="privilege read"),
        AccessGrant(principal="acme:user:ada", actions=(Action.READ,), via="privilege execute"),
        AccessGrant(principal="acme:user:ada", actions=(Action.WRITE,), via="privilege update"),
    )
    assert "grants" not in found.unread, "nobody else may"


@pytest.mark.parametrize("body", [{"count": 1}, ["acme"]])
def test_permitted_roles_of_an_unknown_shape(body: Any) -> None:
    whole = conjur([variable("db")])

    def answering(asked: Asked) -> Said:
        return Said(body=body) if "permitted_roles" in asked.query else whole(asked)

    with pytest.raises(BackendProtocolError, match="unknown shape"):
        read("conjur", answering, ENVIRON, account="acme", permitted_roles=True)


def test_a_server_may_allow_smaller_pages() -> None:
    entries = [variable(f"v{number}") for number in range(250)]
    with pytest.raises(BackendProtocolError, match="'Limit' parameter must not exceed 100"):
        read("conjur", conjur(entries, most=100), ENVIRON, account="acme")
    items = read("conjur", conjur(entries, most=100), ENVIRON, account="acme", page_size=100)
    assert len(secrets(items)) == 250


def test_a_short_page_is_not_the_last_one() -> None:
    whole = conjur([variable(f"v{number}") for number in range(25)])

    def answering(asked: Asked) -> Said:
        said = whole(asked)
        return Said(body=said.body[:10]) if asked.parts[0] == "resources" else said

    assert len(secrets(read("conjur", answering, ENVIRON, account="acme", page_size=20))) == 25


def test_a_page_that_comes_again_and_again_is_an_error() -> None:
    whole = conjur([])

    def answering(asked: Asked) -> Said:
        return Said(body=[variable("db")]) if asked.parts[0] == "resources" else whole(asked)

    with pytest.raises(BackendProtocolError, match="again and again"):
        read("conjur", answering, ENVIRON, account="acme", page_size=1)


def test_a_wrong_key_is_refused() -> None:
    environ = {**ENVIRON, "CONJUR_AUTHN_API_KEY": "other"}
    with pytest.raises(AccessDeniedError, match="does not accept") as caught:
        read("conjur", conjur([]), environ, account="acme")
    assert "CONJUR_AUTHN_API_KEY" in caught.value.hint
    with pytest.raises(AccessDeniedError, match="CONJUR_AUTHN_API_KEY is not set"):
        read("conjur", conjur([]), {"CONJUR_AUTHN_LOGIN": "host/scanner"}, account="acme")


def test_names_are_chosen_by_globs() -> None:
    items = _read(variable("prod/a"), variable("dev/a"), exclude=["dev/*"])
    assert list(secrets(items)) == ["prod/a"]
    assert told(items)["variables left out"] == "1"


def test_values_are_never_asked_for() -> None:
    assert returns_value("GET /secrets/acme/variable/prod%2Fdb")
    assert returns_value("GET /secrets?variable_ids=acme:variable:db")
    assert returns_value("GET /resources/acme?kind=host_factory"), "they come with their tokens"
    assert returns_value("GET /resources/acme/host_factory/web")
    assert not returns_value("GET /resources/acme?kind=variable")
    assert not returns_value("GET /resources/acme/variable/a%2Fb?permitted_roles=true")


@pytest.mark.parametrize(
    "entry", [{}, {"id": "acme"}, variable("a", secrets=[{}]), variable("a", annotations=["x"])]
)
def test_an_entry_of_an_unknown_shape(entry: dict[str, Any]) -> None:
    whole = conjur([])

    def answering(asked: Asked) -> Said:
        return Said(body=[entry]) if asked.parts[0] == "resources" else whole(asked)

    with pytest.raises(BackendProtocolError, match="unknown shape"):
        read("conjur", answering, ENVIRON, account="acme")


def test_options_that_make_no_sense() -> None:
    with pytest.raises(ValidationError):
        ConjurConfig.model_validate({"account": "acme", "address": "conjur"})
