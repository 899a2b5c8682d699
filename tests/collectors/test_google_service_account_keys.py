"""The collector of service account keys against a server held to Google's own discovery documents."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from keyproof.collectors.google_service_account_keys import GoogleServiceAccountKeysCollector
from keyproof.domain.assessment import Collected
from keyproof.domain.secret import Basis, Confidence, DatedFact, SecretMetadata, SubjectKind
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendProtocolError
from keyproof.google.permissions import SERVICE_ACCOUNT_KEYS
from keyproof.ports import Surroundings
from keyproof.value_operations import cloud_value
from tests.fakes.google import Google, google
from tests.fakes.ports import FixedClock
from tests.fakes.rest_server import Scripted

pytestmark = pytest.mark.server
MADE = "2025-09-01T10:00:00Z"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Google]:
    with google(tmp_path) as running:
        _account(running, "ci", {})
        yield running
        for one in running.server.asked:
            assert not cloud_value(one.method, one.path), one


def _account(cloud: Google, name: str, *keys: dict[str, Any], **said: Any) -> None:
    email = f"{name}@acme.iam.gserviceaccount.com"
    path = f"projects/acme/serviceAccounts/{email}"
    cloud.accounts[email] = {"name": path, "email": email, "projectId": "acme", **said}
    usual = {
        "validAfterTime": MADE,
        "validBeforeTime": "9999-12-31T23:59:59Z",
        "keyAlgorithm": "KEY_ALG_RSA_2048",
        "keyOrigin": "GOOGLE_PROVIDED",
        "keyType": "USER_MANAGED",
    }
    cloud.keys[email] = [
        {"name": f"{path}/keys/{number:04}", **usual, **key} for number, key in enumerate(keys)
    ]


def _all(cloud: Google, **config: Any) -> list[Collected]:
    given = {"projects": "acme", "credentials": cloud.credentials(), "address": cloud.address, **config}
    here = Surroundings(root=Path("/"), environ={}, clock=FixedClock(), sleep=lambda _: None)
    settings = GoogleServiceAccountKeysCollector.Config.model_validate(given)
    collector = GoogleServiceAccountKeysCollector("keys", settings, here)
    return [item for scope in collector.scopes() for item in collector.collect(scope)]


def _keys(items: list[Collected]) -> list[SecretMetadata]:
    return [item for item in items if isinstance(item, SecretMetadata)]


def test_a_key_is_as_old_as_it_is_valid(cloud: Google) -> None:
    items = _all(cloud)
    (found,) = _keys(items)
    assert found.name == "ci@acme.iam.gserviceaccount.com/0000"
    assert found.id == "google-service-account-keys://acme/ci@acme.iam.gserviceaccount.com/0000"
    assert found.kind is SubjectKind.CREDENTIAL
    at = datetime(2025, 9, 1, 10, tzinfo=UTC)
    assert found.facts == (DatedFact(at=at, basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT),)
    assert found.expires_at is None
    assert (found.attributes["key-type"], found.attributes["key-bits"]) == ("RSA", 2048)
    assert "whoever has the file" in found.unread["grants"]
    evidence = {item.name: item.value for item in items if isinstance(item, Evidence)}
    assert (evidence["service accounts"], evidence["keys"]) == ("1, 0 left out", "1")


def test_uploaded_disabled_and_ending_keys(cloud: Google) -> None:
    exposed = {"disabled": True, "disableReason": "SERVICE_ACCOUNT_KEY_DISABLE_REASON_EXPOSED"}
    _account(
        cloud,
        "ci",
        {"keyOrigin": "USER_PROVIDED", "validBeforeTime": "2026-09-01T10:00:00Z"},
        exposed,
        {"validAfterTime": ""},
    )
    uploaded, disabled, undated = _keys(_all(cloud))
    assert [fact.confidence for fact in uploaded.facts] == [Confidence.UPPER_BOUND]
    assert uploaded.expires_at == datetime(2026, 9, 1, 10, tzinfo=UTC)
    assert disabled.attributes["enabled"] is False
    assert str(disabled.attributes["disabled-because"]).endswith("EXPOSED")
    assert (undated.facts, undated.unread["facts"]) == ((), "Google states no date")


def test_a_key_of_a_disabled_account_is_not_enabled(cloud: Google) -> None:
    _account(cloud, "ci", {}, disabled=True)
    (found,) = _keys(_all(cloud))
    assert found.attributes["enabled"] is False


def test_all_pages_of_accounts_are_read_and_globs_choose(cloud: Google) -> None:
    for number in range(250):
        _account(cloud, f"a{number:03}", {}, {})
    assert len(_keys(_all(cloud))) == 501
    assert len(_keys(_all(cloud, include=["a00*"], exclude=["a001*"]))) == 18


def test_an_account_that_is_deleted_meanwhile_has_no_keys(cloud: Google) -> None:
    _account(cloud, "gone", {})
    cloud.server.scripted.append(Scripted(path="/gone@", status=404))
    assert [key.name.partition("@")[0] for key in _keys(_all(cloud))] == ["ci"]


@pytest.mark.parametrize(
    ("part", "right"),
    [("GET /v1/projects/acme/serviceAccounts", SERVICE_ACCOUNT_KEYS[0]), ("/keys", SERVICE_ACCOUNT_KEYS[1])],
)
def test_a_missing_right_is_named(cloud: Google, part: str, right: str) -> None:
    cloud.denied[part] = []
    with pytest.raises(AccessDeniedError, match=right.replace(".", r"\.")):
        _all(cloud)


def test_accounts_of_an_unknown_shape_are_an_error(cloud: Google) -> None:
    cloud.server.scripted.append(Scripted(path="/serviceAccounts", body=b'{"accounts": {"a": 1}}'))
    with pytest.raises(BackendProtocolError, match="unknown shape"):
        _all(cloud)


def test_an_unknown_answer_is_an_error(cloud: Google) -> None:
    cloud.server.scripted.append(Scripted(path="/keys", status=418))
    with pytest.raises(BackendProtocolError, match="answers 418"):
        _all(cloud)
