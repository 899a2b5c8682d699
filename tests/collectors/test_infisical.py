"""Infisical's secrets with their values hidden."""

from typing import Any

import pytest
from pydantic import ValidationError

from keyproof.collectors.infisical import InfisicalConfig
from keyproof.domain.assessment import Collected, ScopeStatus
from keyproof.domain.secret import Confidence
from keyproof.errors import AccessDeniedError, BackendProtocolError
from keyproof.value_operations import returns_value
from tests.fakes.reading import each, gaps, read, secrets, told
from tests.fakes.rest_server import Asked, Said
from tests.fakes.small_stores import CANARY, TOKEN, infisical, infisical_member, infisical_secret

ENVIRON = {"INFISICAL_TOKEN": TOKEN}
CONFIG: dict[str, Any] = {"projects": ["p1"], "environments": ["prod"]}


def _read(*entries: dict[str, Any], hides: bool = True, **config: Any) -> list[Collected]:
    return read("infisical", infisical(entries, hides=hides), ENVIRON, **{**CONFIG, **config})


def test_a_secret_comes_with_its_words_and_without_its_value() -> None:
    items = _read(
        infisical_secret(
            "DB",
            secretPath="/api/eu",
            tags=[{"id": "t1", "slug": "critical", "name": "Critical"}],
            secretMetadata=[
                {"key": "owner", "value": "data"},
                {"key": "note", "value": CANARY, "isEncrypted": True},
            ],
            secretReminderRepeatDays=30,
            isRotatedSecret=True,
        ),
        infisical_secret("DB", version=1),
    )
    assert CANARY not in repr(items)
    assert "may describe" in told(items)["visibility"]
    deep, first = secrets(items)["prod/api/eu/DB"], secrets(items)["prod/DB"]
    assert deep.id.endswith("/p1/prod/api/eu/DB")
    assert (deep.owner, deep.environment) == ("data", "prod")
    assert deep.tags == {"owner": "data", "note": "", "critical": ""}, "what was encrypted is not told"
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


def test_a_personal_override_is_not_read_on() -> None:
    with pytest.raises(BackendProtocolError, match="personal overrides") as caught:
        _read(infisical_secret("DB", type="personal"))
    assert CANARY not in repr(caught.value.__dict__)
    assert "machine identity" in caught.value.hint


@pytest.mark.parametrize("elsewhere", [{"environment": "dev"}, {"workspace": "p2"}])
def test_secrets_of_another_place_are_not_taken_for_those_asked_for(elsewhere: dict[str, str]) -> None:
    with pytest.raises(
        BackendProtocolError, match=r"sends secrets of p\d/\w+ though asked for p1/prod"
    ) as caught:
        _read(infisical_secret("DB", **elsewhere))
    assert "machine identity instead of a service token" in caught.value.hint


def _grants(**people: Any) -> list[tuple[str, str, str, str]]:
    items = read("infisical", infisical([infisical_secret("DB")], people=people), ENVIRON, **CONFIG)
    assert gaps(items) == []
    secret = secrets(items)["prod/DB"]
    assert "members of groups" in secret.unread["grants"]
    return [(one.principal, ",".join(one.actions), one.via, one.condition) for one in secret.grants or ()]


def test_who_may_read_a_project_is_told_by_roles() -> None:
    found = _grants(
        memberships=[
            infisical_member("user", "ada@acme.example", "admin", "no-access"),
            infisical_member("user", "bob@acme.example", "custom", customRoleSlug="auditor"),
            infisical_member("user", "eve@acme.example", "custom", customRoleSlug="tester"),
        ],
        auditor=[
            {
                "subject": "secrets",
                "action": ["describeSecret"],
                "conditions": {"environment": {"$eq": "prod"}},
            },
            {
                "subject": "secrets",
                "action": "readValue",
                "conditions": {"secretPath": {"$glob": "/public/**"}},
            },
            {"subject": "member", "action": "read"},
        ],
        tester=[{"subject": "secrets", "action": "read", "conditions": {"environment": "dev"}}],
        identities=[infisical_member("identity", f"ci-{number}", "viewer") for number in range(1001)],
        groups=[infisical_member("group", "backend", "member")],
    )
    assert found[:3] == [
        ("user:ada@acme.example", "admin,list,read,write", "role admin", ""),
        ("user:bob@acme.example", "list", "role auditor", ""),
        ("user:bob@acme.example", "read", "role auditor", "secretPath {'$glob': '/public/**'}"),
    ]
    assert found[3] == ("identity:ci-0", "list,read", "role viewer", "")
    assert found[-1] == ("group:backend", "admin,list,read,write", "role member", "")
    assert len(found) == 1005


def test_a_role_that_may_not_be_read_is_a_gap() -> None:
    people: dict[str, Any] = {
        "memberships": [infisical_member("user", "bob", "custom", customRoleSlug="auditor")],
        "auditor": None,
    }
    items = read("infisical", infisical([infisical_secret("DB")], people=people), ENVIRON, **CONFIG)
    (gap,) = gaps(items)
    assert "'role: read'" in gap.reason
    (grant,) = secrets(items)["prod/DB"].grants or ()
    assert (grant.principal, grant.condition) == ("user:bob", "what this role permits is not read")


def test_credentials_that_end_at_a_role_end_the_scope() -> None:
    member = infisical_member("user", "bob", "custom", customRoleSlug="auditor")
    whole = infisical([infisical_secret("DB")], people={"memberships": [member], "auditor": []})

    def answering(asked: Asked) -> Said:
        return Said(status=401, body={}) if asked.parts[-1] == "auditor" else whole(asked)

    with pytest.raises(AccessDeniedError, match="expired"):
        read("infisical", answering, ENVIRON, **CONFIG)


@pytest.mark.parametrize(
    ("end", "told"),
    [("2020-01-01T00:00:00.000Z", []), ("2999-01-01T00:00:00.000Z", ["role viewer until 2999-01-01"])],
)
def test_a_role_for_some_time_ends(end: str, told: list[str]) -> None:
    member = infisical_member("user", "ada", "viewer", isTemporary=True, temporaryAccessEndTime=end)
    assert [via for _, _, via, _ in _grants(memberships=[member])] == told


@pytest.mark.parametrize(
    ("part", "right"),
    [("memberships", "member: read"), ("identities", "identity: read"), ("groups", "groups: read")],
)
def test_members_that_may_not_be_seen_are_a_gap(part: str, right: str) -> None:
    people: dict[str, Any] = {
        "memberships": [infisical_member("user", "ada", "viewer")],
        "identities": [infisical_member("identity", "ci", "viewer")],
        "groups": [],
    }
    answering = infisical([infisical_secret("DB")], people={**people, part: None})
    items = read("infisical", answering, ENVIRON, **CONFIG)
    (gap,) = gaps(items)
    assert (gap.scope, gap.status) == ("p1/prod (members)", ScopeStatus.PARTIAL)
    assert f"'{right}'" in gap.reason
    found = secrets(items)["prod/DB"]
    told = {"memberships": "user:ada", "identities": "identity:ci"}
    assert [one.principal for one in found.grants or ()] == [
        name for key, name in told.items() if key != part
    ]
    assert gap.reason in found.unread["grants"]
    nobody = infisical(
        [infisical_secret("DB")], people={"memberships": None, "identities": None, "groups": None}
    )
    assert secrets(read("infisical", nobody, ENVIRON, **CONFIG))["prod/DB"].grants is None
    quiet = read("infisical", answering, ENVIRON, members=False, **CONFIG)
    assert gaps(quiet) == []
    assert "members is false" in secrets(quiet)["prod/DB"].unread["grants"]


@pytest.mark.parametrize(
    "said",
    [
        Said(status=401, body={}),
        Said(
            status=403,
            body={"error": "TokenError", "message": "Your token has expired. Please re-authenticate."},
        ),
    ],
)
def test_credentials_that_end_at_the_members_end_the_scope(said: Said) -> None:
    whole = infisical([infisical_secret("DB")])

    def answering(asked: Asked) -> Said:
        return said if asked.parts[-1] == "groups" else whole(asked)

    with pytest.raises(AccessDeniedError, match="does not accept the credentials, or they have expired"):
        read("infisical", answering, ENVIRON, **CONFIG)


def test_fewer_identities_than_are_counted_are_no_whole_listing() -> None:
    whole = infisical([])

    def answering(asked: Asked) -> Said:
        short = {"identityMemberships": [], "totalCount": 3}
        return Said(body=short) if asked.parts[-1] == "identities" else whole(asked)

    with pytest.raises(BackendProtocolError, match="counts more than it lists"):
        read("infisical", answering, ENVIRON, **CONFIG)


def test_a_page_of_identities_that_comes_again_is_no_whole_listing() -> None:
    whole = infisical([])

    def answering(asked: Asked) -> Said:
        if asked.parts[-1] != "identities":
            return whole(asked)
        same = {"identityMemberships": [infisical_member("identity", "ci", "viewer")], "totalCount": 2}
        return Said(body=same)

    with pytest.raises(BackendProtocolError, match="counts more than it lists"):
        read("infisical", answering, ENVIRON, **CONFIG)


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
    assert returns_value("GET /api/v1/secret/s1/secret-versions")
    assert returns_value("GET /api/v1/secret-snapshot/s1")
    assert returns_value("GET /api/v1/dashboard/secrets-overview")
    assert not returns_value("GET /api/v4/secrets?viewSecretValue=false&recursive=true")


@pytest.mark.parametrize(
    "entry", [{"secretKey": "A"}, infisical_secret("A", version="x"), infisical_secret("A", tags=1)]
)
def test_an_entry_of_an_unknown_shape(entry: dict[str, Any]) -> None:
    whole = infisical([])

    def answering(asked: Asked) -> Said:
        body = {"secrets": [{**entry, "secretValueHidden": True}]}
        return Said(body=body) if asked.parts[-1] == "secrets" else whole(asked)

    with pytest.raises(BackendProtocolError, match="unknown shape"):
        read("infisical", answering, ENVIRON, **CONFIG)


def test_options_that_make_no_sense() -> None:
    with pytest.raises(ValidationError):
        InfisicalConfig.model_validate({"projects": ["p"], "environments": []})
