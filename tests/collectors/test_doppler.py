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
from tests.fakes.reading import each, gaps, read, secrets, served
from tests.fakes.rest_server import Asked, Said
from tests.fakes.small_stores import CANARY, CREATED, TOKEN, doppler

ENVIRON = {"DOPPLER_TOKEN": TOKEN}
SERVICE = {
    "name": "lambda",
    "slug": "56c69f96",
    "created_at": CREATED,
    "environment": "prd",
    "expires_at": None,
}
EVERYTHING = [
    "enclave_project_config_secrets_read",
    "enclave_project_config_secrets_write",
    "enclave_project_members",
]
PEOPLE: dict[str, list[dict[str, Any]]] = {
    "roles": [
        {"identifier": "viewer", "permissions": ["enclave_config_logs", EVERYTHING[0]]},
        {"identifier": "admin", "permissions": EVERYTHING},
        {"identifier": "log_viewer", "permissions": ["enclave_config_logs", "enclave_config_access_logs"]},
        {"identifier": "nobody", "permissions": ["enclave_project_webhooks"]},
    ],
    "users": [
        {"id": "u1", "access": "owner", "user": {"email": "ada@acme.example"}},
        {"id": "u2", "access": "collaborator", "user": {"email": "bob@acme.example"}},
        {"id": "u3", "access": "auditors", "user": {"email": "eve@acme.example"}},
    ],
    "service_accounts": [
        {"slug": "s1", "name": "ci", "workplace_role": {"identifier": "none", "permissions": []}},
        {"slug": "s2", "name": "root", "workplace_role": {"permissions": ["all_enclave_projects_admin"]}},
        {"slug": "s3", "name": "all", "workplace_role": {"permissions": ["all_enclave_projects"]}},
        {
            "slug": "s4",
            "name": "hr",
            "workplace_role": {
                "permissions": ["billing", "team_manage", "service_account_api_tokens_manage"]
            },
        },
    ],
    "groups": [
        {
            "slug": "g1",
            "name": "backend",
            "workplace_role": {"identifier": "no_access"},
            "default_project_role": {"identifier": "no_access"},
        },
        {
            "slug": "g2",
            "name": "all-hands",
            "workplace_role": {"identifier": "no_access"},
            "default_project_role": {"identifier": "viewer"},
        },
    ],
    "members": [
        {
            "type": "workplace_user",
            "slug": "u2",
            "role": {"identifier": "viewer"},
            "access_all_environments": True,
        },
        {
            "type": "group",
            "slug": "g1",
            "role": {"identifier": "admin"},
            "access_all_environments": False,
            "environments": ["dev"],
        },
        {"type": "service_account", "slug": "s1", "role": {"identifier": "log_viewer"}},
        {"type": "service_account", "slug": "s2", "role": {"identifier": "nobody"}},
        {"type": "service_account", "slug": "s9", "role": {"identifier": "gone"}},
        {"type": "invite", "slug": "i1", "role": {"identifier": "viewer"}},
    ],
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
    assert "grants" not in found.unread, "Doppler tells who else there is: nobody"
    assert "shop/prd/DOPPLER_CONFIG" not in secrets(items), "Doppler itself adds it"
    assert CANARY not in repr(items)


def test_who_reads_a_branch_reads_what_it_inherits() -> None:
    configs = {name: ["DB"] for name in ("shop/dev", "shop/prd", "shop/prd_eu")}
    tokens = [{**SERVICE, "config": name, "name": f"of-{name}"} for name in ("dev", "prd", "prd_eu")]
    found = secrets(read("doppler", doppler(configs, tokens=tokens), ENVIRON, projects=["shop"]))
    told = [(grant.principal, grant.condition) for grant in found["shop/prd/DB"].grants or ()]
    assert told == [
        ("service-token:of-prd", ""),
        ("service-token:of-prd_eu", "unless prd_eu has a value of its own"),
    ]
    assert "grants" not in found["shop/prd/DB"].unread
    (own,) = found["shop/prd_eu/DB"].grants or ()
    assert own.principal == "service-token:of-prd_eu"
    (other,) = found["shop/dev/DB"].grants or ()
    assert other.principal == "service-token:of-dev"


def test_who_inherits_a_branch_inherits_what_it_inherits() -> None:
    whole = doppler({"shop/prd": ["DB"], "shop/prd_eu": ["DB"]})

    def answering(asked: Asked) -> Said:
        said = whole(asked)
        if asked.parts[-1] == "configs":
            for entry in said.body["configs"]:
                entry["inheritedBy"] = [{"project": "web", "config": "prd"}] * ("_" in entry["name"])
        return said

    found = secrets(read("doppler", answering, ENVIRON, projects=["shop"]))
    assert "inherit this one" in found["shop/prd/DB"].unread["grants"]


def test_service_tokens_are_chosen_by_globs_too() -> None:
    answering = doppler({"shop/prd": ["DB"]}, tokens=[SERVICE])
    items = read("doppler", answering, ENVIRON, projects=["shop"], exclude=["*/lambda"])
    assert [one.name for one in each(items)] == ["shop/prd/DB"]
    assert secrets(items)["shop/prd/DB"].grants, "who reads the secret is told all the same"


def test_permissions_that_are_not_told_are_not_none() -> None:
    people: dict[str, Any] = {
        "roles": [{"identifier": "viewer"}],
        "members": [{"type": "invite", "slug": "i1", "role": {"identifier": "viewer"}}],
        "service_accounts": [
            {"slug": "s1", "name": "ci"},
            {"slug": "s2", "name": "cd", "workplace_role": {}},
        ],
    }
    found = secrets(read("doppler", doppler({"shop/prd": ["DB"]}, people=people), ENVIRON, projects=["shop"]))
    told = {(one.principal, one.condition) for one in found["shop/prd/DB"].grants or ()}
    assert told == {
        ("service-account:ci", "what its role permits is not told"),
        ("service-account:cd", "what its role permits is not told"),
        ("invite:i1", "as invite"),
    }


def test_a_service_token_is_a_credential() -> None:
    items = read("doppler", doppler({"shop/prd": []}, tokens=[SERVICE]), ENVIRON, projects=["shop"])
    (token,) = each(items)
    assert token.kind is SubjectKind.CREDENTIAL
    assert token.value_date is not None
    assert token.value_date.confidence is Confidence.EXACT
    assert token.attributes["never-expires"] is True
    assert "no use of service tokens" in token.unread["last_accessed_at"]


def test_tokens_of_service_accounts_on_demand() -> None:
    account = {"slug": "s1", "name": "ci", "workplace_role": {"identifier": "none", "permissions": []}}
    token = {"name": "deploy", "slug": "t1", "created_at": CREATED, "expires_at": "2026-03-01T00:00:00.000Z"}
    used = {
        **token,
        "name": "old",
        "slug": "t2",
        "last_seen_at": "2025-09-01T00:00:00.000Z",
        "expires_at": None,
    }
    answering = doppler({}, people={"service_accounts": [account], "s1": [token, used]})
    config: dict[str, Any] = {"projects": ["shop"], "service_account_tokens": True}
    fresh, old = each(read("doppler", answering, ENVIRON, **config))
    assert (fresh.name, fresh.type, fresh.scope) == (
        "service accounts/ci/deploy",
        "service-account-token",
        "service accounts",
    )
    assert fresh.id == "doppler://service%20accounts/ci/service-account-tokens/t1"
    assert fresh.expires_at == datetime(2026, 3, 1, tzinfo=UTC)
    assert (fresh.last_accessed_at, fresh.attributes["never-expires"]) == (None, False)
    assert old.last_accessed_at == datetime(2025, 9, 1, tzinfo=UTC)
    assert old.attributes["never-expires"] is True
    assert [one.name for one in each(read("doppler", answering, ENVIRON, **config, include="*/old"))] == [
        old.name
    ]
    closed = doppler({}, people={"service_accounts": [account], "s1": None})
    with pytest.raises(AccessDeniedError, match="to see the tokens of service accounts' is missing"):
        read("doppler", closed, ENVIRON, **config)
    with pytest.raises(BackendProtocolError, match="unknown shape"):
        read(
            "doppler",
            doppler({}, people={"service_accounts": [account], "s1": [{"name": "x"}]}),
            ENVIRON,
            **config,
        )


def test_who_may_open_a_project_is_told() -> None:
    answering = doppler({"shop/dev": ["DB"], "shop/prd": ["DB"]}, people=PEOPLE)
    items = read("doppler", answering, ENVIRON, projects=["shop"])
    assert gaps(items) == []
    told = {
        name: {
            f"{grant.principal} {','.join(grant.actions)} {grant.condition}" for grant in secret.grants or ()
        }
        for name, secret in secrets(items).items()
    }
    everywhere = {
        "user:ada@acme.example admin,list,read,write ",
        "user:eve@acme.example admin,list,read,write what this role permits is not told",
        "service-account:root admin,list,read,write ",
        "service-account:all admin,list,read,write as far as all_enclave_projects shows values",
        "service-account:hr admin,list,read,write as far as service_account_api_tokens_manage, team_manage shows values",
        "user:bob@acme.example list,read ",
        "group:all-hands list,read in projects in which its default role applies",
        "service-account:ci read as far as enclave_config_logs shows values",
        "service-account:s9 admin,list,read,write its role is not told",
        "invite:i1 list,read as invite",
    }
    assert told["shop/prd/DB"] == everywhere
    assert told["shop/dev/DB"] == {*everywhere, "group:backend admin,list,read,write "}
    assert "grants" not in secrets(items)["shop/prd/DB"].unread


def test_what_is_not_told_of_groups_and_heirs_is_said() -> None:
    people: dict[str, Any] = {"groups": [{"slug": "g1", "name": "backend"}]}
    items = read("doppler", doppler({"shop/prd": ["DB"]}, people=people), ENVIRON, projects=["shop"])
    assert "which groups have a role" in secrets(items)["shop/prd/DB"].unread["grants"]
    people = {"groups": [{"slug": "g1", "name": "ops", "workplace_role": {"identifier": "admin"}}]}
    items = read("doppler", doppler({"shop/prd": ["DB"]}, people=people), ENVIRON, projects=["shop"])
    (grant,) = secrets(items)["shop/prd/DB"].grants or ()
    assert (grant.principal, grant.via) == ("group:ops", "role admin of the workplace")
    heirs = doppler({"shop/prd": ["DB"]}, inheritedBy=[{"project": "web", "config": "prd"}])
    items = read("doppler", heirs, ENVIRON, projects=["shop"])
    assert "inherit this one" in secrets(items)["shop/prd/DB"].unread["grants"]


@pytest.mark.parametrize("part", ["members", "roles", "users", "service_accounts", "groups"])
def test_people_that_may_not_be_seen_are_a_gap(part: str) -> None:
    member = {"type": "workplace_user", "slug": "u2", "role": {"identifier": "viewer"}}
    people: dict[str, Any] = {"members": [member], "roles": PEOPLE["roles"], part: None}
    answering = doppler({"shop/prd": ["DB"]}, tokens=[SERVICE], people=people)
    items = read("doppler", answering, ENVIRON, projects=["shop"])
    (gap,) = gaps(items)
    assert (gap.scope, gap.status) == ("shop/prd (members)", ScopeStatus.PARTIAL)
    assert "is missing: no" in gap.reason
    assert "members: false" in gap.hint
    found = secrets(items)["shop/prd/DB"]
    told = [grant.principal for grant in found.grants or ()]
    assert told == ["service-token:lambda", *(["user:u2"] * (part != "members"))], (
        "one right says nothing of others"
    )
    assert found.unread["grants"] == gap.reason


def test_credentials_that_end_at_the_people_end_the_scope() -> None:
    whole = doppler({"shop/prd": ["DB"]})

    def answering(asked: Asked) -> Said:
        return Said(status=401, body={}) if asked.parts[-1] == "users" else whole(asked)

    with pytest.raises(AccessDeniedError, match="expired"):
        read("doppler", answering, ENVIRON, projects=["shop"])


def test_tokens_that_may_not_be_seen_are_a_gap() -> None:
    closed = doppler({"shop/prd": ["DB"]}, tokens=None)
    items = read("doppler", closed, ENVIRON, projects=["shop"], members=False)
    (gap,) = gaps(items)
    assert gap.status is ScopeStatus.PARTIAL
    assert "'right to see the project's service tokens'" in gap.reason
    assert secrets(items)["shop/prd/DB"].grants is None
    quiet = read("doppler", closed, ENVIRON, projects=["shop"], members=False, service_tokens=False)
    assert gaps(quiet) == []
    unread = secrets(quiet)["shop/prd/DB"].unread["grants"]
    assert "service-tokens is false" in unread
    assert "members is false" in unread


def test_a_workplace_is_read_once_and_page_by_page() -> None:
    users = [{"id": str(n), "access": "owner", "user": {"email": f"u{n}@acme.example"}} for n in range(45)]
    asked: list[str] = []
    whole = doppler({"shop/dev": ["A"], "shop/prd": ["A"]}, people={"users": users})

    def answering(request: Asked) -> Said:
        asked.append(request.parts[-1])
        return whole(request)

    items = read("doppler", answering, ENVIRON, projects=["shop"])
    assert {len(secret.grants or ()) for secret in secrets(items).values()} == {45}
    assert asked.count("users") == 4
    assert asked.count("members") == 2


def test_a_page_that_comes_again_and_again_is_an_error() -> None:
    same = {"configs": [{"name": "prd"}]}
    with pytest.raises(BackendProtocolError, match="again and again"):
        read("doppler", lambda _: Said(body=same), ENVIRON, projects=["shop"])


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
    assert returns_value("POST /v3/configs/config/dynamic_secrets/dynamic_secret/leases")
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
