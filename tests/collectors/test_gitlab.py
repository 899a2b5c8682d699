"""The GitLab collector, against a GitLab after its documentation."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from keyproof.collectors.gitlab import GitlabCollector, GitlabConfig
from keyproof.domain.access import Action
from keyproof.domain.assessment import Collected, Gap
from keyproof.domain.secret import Basis, Confidence, SecretMetadata, SubjectKind
from keyproof.errors import AccessDeniedError, BackendProtocolError
from keyproof.gitlab.operations import VARIABLE_FIELDS
from keyproof.ports import Surroundings
from tests.fakes.fault_proxy import Answer, Fault, FaultProxy, fault_proxy
from tests.fakes.gitlab_api import CANARY, TOKEN, GitlabApi, member, variable
from tests.fakes.ports import FixedClock
from tests.fakes.rest_server import rest_server

TOKENS = {
    "id": 42,
    "name": "ci",
    "scopes": ["read_api", "api"],
    "created_at": "2025-01-20T22:11:48.151Z",
    "expires_at": "2026-01-31",
    "last_used_at": "2025-09-01T00:00:00Z",
    "active": True,
    "revoked": False,
    "access_level": 40,
    "user_id": 7,
}


@pytest.fixture
def api() -> GitlabApi:
    found = GitlabApi()
    found.holder("project", "acme/shop")
    found.holder("group", "acme", projects=[{"fullPath": "acme/shop"}, {"fullPath": "acme/eu/site"}])
    found.connections["group acme"]["descendantGroups"] = [{"fullPath": "acme/eu"}]
    return found


@pytest.fixture
def proxy(api: GitlabApi) -> Iterator[FaultProxy]:
    with rest_server(api.answer) as upstream, fault_proxy(upstream.address) as running:
        yield running


def _collector(proxy: FaultProxy, **config: Any) -> GitlabCollector:
    given = (
        config
        if {"groups", "personal_access_tokens"} & set(config)
        else {"projects": ["acme/shop"], **config}
    )
    here = Surroundings(
        root=Path("/"), environ={"GITLAB_TOKEN": TOKEN}, clock=FixedClock(), sleep=lambda _: None
    )
    return GitlabCollector("lab", GitlabConfig.model_validate({"address": proxy.address, **given}), here)


def _all(proxy: FaultProxy, scope: str = "projects/acme/shop", **config: Any) -> list[Collected]:
    return list(_collector(proxy, **config).collect(scope))


def _secrets(items: list[Collected]) -> dict[str, SecretMetadata]:
    return {item.name: item for item in items if isinstance(item, SecretMetadata)}


def _gaps(items: list[Collected]) -> list[Gap]:
    return [item for item in items if isinstance(item, Gap)]


def _event(name: str, key: str, at: str, number: str = "") -> dict[str, Any]:
    """What became of a variable, whose number is its key unless told otherwise."""
    about = {"id": 1, "author_id": 1, "entity_id": 7, "entity_type": "Project"}
    details = {"target_type": "Ci::Variable", "target_id": number or key, "target_details": key}
    return {**about, "event_name": name, "created_at": at, "details": details}


def test_scopes_are_groups_below_and_projects(proxy: FaultProxy) -> None:
    scopes = _collector(proxy, groups=["acme"], projects=["acme/shop", "other/one"]).scopes()
    assert scopes == [
        "groups/acme",
        "groups/acme/eu",
        "projects/acme/shop",
        "projects/acme/eu/site",
        "projects/other/one",
    ]
    assert _collector(proxy, personal_access_tokens=True).scopes() == ["personal access tokens"]


def test_a_variable_comes_without_its_value(api: GitlabApi, proxy: FaultProxy) -> None:
    api.connections["project acme/shop"]["ciVariables"] = [
        variable("DB", masked=True, hidden=True, protected=True, environmentScope="production"),
        variable("DB", environmentScope="review/*", variableType="FILE"),
    ]
    items = _all(proxy)
    assert CANARY not in repr(items)
    production, review = [item for item in items if isinstance(item, SecretMetadata)]
    assert production.name == review.name == "acme/shop/DB"
    assert production.id != review.id
    assert (production.environment, review.environment) == ("production", "")
    assert production.attributes["hidden"] is True
    assert review.attributes["variable-type"] == "file"
    assert production.grants is not None
    assert production.grants[0].principal == "project:acme/shop"
    assert production.grants[0].via == "pipelines of the environment production"
    assert "value" not in VARIABLE_FIELDS
    assert all("value" not in question for question in api.questions)


def test_audit_events_date_variables(api: GitlabApi, proxy: FaultProxy) -> None:
    names = ("MADE", "CHANGED", "AGAIN", "OLD", "TWICE")
    nodes = [variable(name) for name in names]
    nodes.append(variable("TWICE", environmentScope="test", id="gid://gitlab/Ci::Variable/8"))
    api.connections["project acme/shop"]["ciVariables"] = nodes
    api.listings["projects/acme/shop/audit_events"] = [
        _event("ci_variable_created", "MADE", "2025-01-01T00:00:00Z"),
        _event("ci_variable_updated", "CHANGED", "2025-02-01T00:00:00Z"),
        _event("ci_variable_updated", "CHANGED", "2025-03-01T00:00:00Z"),
        _event("ci_variable_created", "AGAIN", "2025-04-01T00:00:00Z"),
        _event("ci_variable_updated", "AGAIN", "2025-01-01T00:00:00Z", "5"),
        _event("ci_variable_deleted", "AGAIN", "2025-01-02T00:00:00Z", "5"),
        _event("ci_variable_created", "TWICE", "2025-04-01T00:00:00Z", "8"),
        _event("ci_variable_updated", "OLD", "2025-05-01T00:00:00Z", "6"),
        _event("project_created", "OLD", "2025-01-01T00:00:00Z"),
        _event("ci_variable_created", "", "2025-01-01T00:00:00Z"),
    ]
    items = [item for item in _all(proxy) if isinstance(item, SecretMetadata)]
    told = {
        f"{item.name.rpartition('/')[2]} {item.attributes['environment-scope']}": (
            (item.value_date.at.month, item.value_date.basis, item.value_date.confidence)
            if item.value_date
            else item.unread["facts"]
        )
        for item in items
    }
    event = Basis.ROTATION_EVENT
    assert told == {
        "MADE *": (1, event, Confidence.EXACT),
        "CHANGED *": (3, event, Confidence.UPPER_BOUND),
        "AGAIN *": (4, event, Confidence.EXACT),
        "OLD *": "GitLab dates no variables, and its audit events tell nothing of this one",
        "TWICE *": "GitLab dates no variables, and its audit events tell nothing of this one",
        "TWICE test": (4, event, Confidence.EXACT),
    }


def test_audit_events_date_variables_of_groups(api: GitlabApi, proxy: FaultProxy) -> None:
    api.connections["group acme"]["ciVariables"] = [variable("DB"), variable("API")]
    api.listings["groups/acme/audit_events"] = [
        _event("ci_group_variable_created", "DB", "2025-01-01T00:00:00Z"),
        _event("ci_group_variable_updated", "API", "2025-02-01T00:00:00Z"),
    ]
    found = _secrets(_all(proxy, "groups/acme"))
    dates = [found[f"acme/{name}"].value_date for name in ("DB", "API")]
    assert [(date.at.month, date.confidence) for date in dates if date] == [
        (1, Confidence.EXACT),
        (2, Confidence.UPPER_BOUND),
    ]


def test_without_audit_events_the_age_is_unknown(api: GitlabApi, proxy: FaultProxy) -> None:
    api.connections["project acme/shop"]["ciVariables"] = [variable("DB")]
    del api.listings["projects/acme/shop/audit_events"]
    items = _all(proxy)
    assert _secrets(items)["acme/shop/DB"].facts == ()
    assert "GitLab Premium" in _secrets(items)["acme/shop/DB"].unread["facts"]
    (gap,) = _gaps(items)
    assert gap.scope == "projects/acme/shop (audit events)"
    quiet = _all(proxy, audit_events=False)
    assert _gaps(quiet) == []
    assert "audit-events is false" in _secrets(quiet)["acme/shop/DB"].unread["facts"]


@pytest.mark.parametrize("holder", ["projects/acme/shop", "groups/acme"])
def test_access_tokens_have_an_age_an_end_and_a_use(api: GitlabApi, proxy: FaultProxy, holder: str) -> None:
    revoked = {**TOKENS, "id": 43, "revoked": True}
    api.listings[f"{holder}/access_tokens"] = [TOKENS, revoked, {**TOKENS, "id": 44, "active": False}]
    items = _all(proxy, holder)
    (token,) = _secrets(items).values()
    assert token.kind is SubjectKind.CREDENTIAL
    assert token.type == "access-token"
    assert token.id.endswith(f"/{holder}/access-tokens/42")
    assert token.expires_at == datetime(2026, 1, 31, tzinfo=UTC)
    assert token.last_accessed_at == datetime(2025, 9, 1, tzinfo=UTC)
    assert token.value_date is not None
    assert token.value_date.confidence is Confidence.EXACT
    assert token.attributes["scopes"] == "api, read_api"
    assert token.attributes["never-expires"] is False
    assert any(item.name == "no longer active" for item in items if not isinstance(item, Gap))


def test_deploy_tokens_keys_triggers_and_runners(api: GitlabApi, proxy: FaultProxy) -> None:
    base = "projects/acme/shop"
    api.listings[f"{base}/deploy_tokens"] = [
        {
            "id": 1,
            "name": "pull",
            "username": "gitlab+deploy-1",
            "expires_at": None,
            "revoked": False,
            "expired": False,
            "scopes": [],
        }
    ]
    api.listings[f"{base}/deploy_keys"] = [
        {"id": 2, "title": "host", "created_at": "2024-01-01T00:00:00Z", "can_push": True}
    ]
    api.connections["project acme/shop"]["pipelineTriggers"] = [
        {
            "id": "gid://gitlab/Ci::Trigger/3",
            "description": "nightly",
            "lastUsed": None,
            "expiresAt": "2026-02-01T00:00:00Z",
            "owner": {"username": "ada"},
        }
    ]
    api.connections["project acme/shop"]["runners"] = [
        {
            "id": "gid://gitlab/Ci::Runner/4",
            "description": "big",
            "runnerType": "PROJECT_TYPE",
            "createdAt": "2025-01-01T00:00:00Z",
            "contactedAt": "2025-10-01T00:00:00Z",
            "tokenExpiresAt": "2026-01-01T00:00:00Z",
        }
    ]
    items = _all(proxy)
    found = _secrets(items)
    assert _gaps(items) == []
    assert CANARY not in repr(items)
    pull, host = found["acme/shop/pull"], found["acme/shop/host"]
    assert pull.facts == ()
    assert pull.attributes["never-expires"] is True
    assert "states no creation" in pull.unread["facts"]
    assert host.attributes["can-push"] is True
    trigger, runner = found["acme/shop/nightly"], found["acme/shop/big"]
    assert (trigger.owner, trigger.id.rpartition("/")[2]) == ("ada", "3")
    assert trigger.expires_at == datetime(2026, 2, 1, tzinfo=UTC)
    assert trigger.attributes["never-expires"] is False
    assert runner.expires_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert [fact.basis for fact in runner.facts] == [Basis.RECORD_CREATED]


def test_personal_access_tokens_on_demand(api: GitlabApi, proxy: FaultProxy) -> None:
    api.listings["personal_access_tokens"] = [TOKENS]
    items = _all(proxy, "personal access tokens", personal_access_tokens=True)
    (token,) = _secrets(items).values()
    assert token.id.endswith("/personal/personal-access-tokens/42")
    assert token.attributes["user-id"] == 7


def test_null_may_mean_a_role_that_is_missing(api: GitlabApi, proxy: FaultProxy) -> None:
    api.connections["project acme/shop"]["ciVariables"] = None
    api.listings["projects/acme/shop/access_tokens"] = [TOKENS]
    items = _all(proxy)
    (gap,) = _gaps(items)
    assert gap.scope == "projects/acme/shop (variables)"
    assert "'scope read_api, role Maintainer of projects, Owner of groups'" in gap.reason
    assert list(_secrets(items)) == ["acme/shop/ci"]
    with pytest.raises(AccessDeniedError, match="group gone is not there"):
        _collector(proxy, groups=["gone"]).scopes()


def test_a_gitlab_too_old_for_a_field_is_a_gap(api: GitlabApi, proxy: FaultProxy) -> None:
    api.unknown_field = "environmentScope"
    (gap,) = _gaps(_all(proxy))
    assert "Field 'environmentScope' doesn't exist" in gap.reason


def test_fields_that_only_newer_servers_have_are_left_out(api: GitlabApi, proxy: FaultProxy) -> None:
    api.connections["project acme/shop"]["ciVariables"] = [variable(f"V{number}") for number in range(120)]
    api.connections["project acme/shop"]["pipelineTriggers"] = [
        {"id": "gid://gitlab/Ci::Trigger/3", "description": "nightly", "owner": {"username": "ada"}}
    ]
    api.unknown_field = "hidden"
    items = _all(proxy)
    assert _gaps(items) == []
    assert "hidden" not in _secrets(items)["acme/shop/V119"].attributes
    assert sum("ciVariables" in question for question in api.questions) == 3
    api.unknown_field = "expiresAt"
    trigger = _secrets(_all(proxy))["acme/shop/nightly"]
    assert (trigger.expires_at, trigger.attributes.get("never-expires")) == (None, None)


@pytest.mark.parametrize(
    ("holder", "roles"),
    [("projects/acme/shop", {"mia": "Maintainer", "oskar": "Owner"}), ("groups/acme", {"oskar": "Owner"})],
)
def test_who_may_see_variables_is_told_by_roles(
    api: GitlabApi, proxy: FaultProxy, holder: str, roles: dict[str, str]
) -> None:
    kind, _, path = holder.partition("/")
    kind = kind.removesuffix("s")
    people = [member("oskar", 50), member("mia", 40), member("dev", 30), {"user": None, "accessLevel": None}]
    api.holder(
        kind,
        path,
        ciVariables=[variable("DB"), variable("HID", hidden=True)],
        **{f"{kind}Members": [*people, member("oskar", 50)]},
    )
    items = _all(proxy, holder)
    assert _gaps(items) == []
    shown, hidden = (_secrets(items)[f"{path}/{name}"].grants or () for name in ("DB", "HID"))
    assert {grant.principal: grant.via for grant in shown[1:]} == {
        f"user:{user}": f"role {role}" for user, role in roles.items()
    }
    assert {grant.actions for grant in shown[1:]} == {(Action.READ, Action.LIST, Action.WRITE)}
    assert {grant.actions for grant in hidden[1:]} == {(Action.LIST, Action.WRITE)}
    assert _secrets(items)[f"{path}/DB"].unread["grants"] == (
        "who may change its pipelines, custom roles and administrators are not read"
    )


def test_members_that_may_not_be_seen_are_a_gap(api: GitlabApi, proxy: FaultProxy) -> None:
    api.connections["project acme/shop"]["ciVariables"] = [variable("DB")]
    api.refused["projectMembers"] = ["project acme/shop"]
    items = _all(proxy)
    (gap,) = _gaps(items)
    assert gap.scope == "projects/acme/shop (members)"
    assert "'scope read_api, role Maintainer" in gap.reason
    assert "members: false" in gap.hint
    found = _secrets(items)["acme/shop/DB"]
    assert [grant.principal for grant in found.grants or ()] == ["project:acme/shop"]
    assert gap.reason in found.unread["grants"]
    quiet = _all(proxy, members=False)
    assert _gaps(quiet) == []
    assert "members is false" in _secrets(quiet)["acme/shop/DB"].unread["grants"]


def test_credentials_that_end_at_the_members_end_the_scope(proxy: FaultProxy) -> None:
    proxy.add(Fault(then=Answer(status=401, body=b"{}"), when=lambda asked: b"projectMembers" in asked.body))
    with pytest.raises(AccessDeniedError, match="expired"):
        _all(proxy)


def test_what_would_hold_a_value_is_never_asked_for(api: GitlabApi, proxy: FaultProxy) -> None:
    api.connections["project acme/shop"]["ciVariables"] = [variable("DB")]
    collector = _collector(proxy, groups=["acme"], personal_access_tokens=True)
    for scope in ("groups/acme", "projects/acme/shop", "personal access tokens"):
        list(collector.collect(scope))
    paths = {asked.path.partition("?")[0] for asked in proxy.seen}
    assert not [path for path in paths if path.endswith(("/variables", "/triggers", "/acme%2Fshop", "/acme"))]


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": {"project": {"ciVariables": {"nodes": [{}], "pageInfo": {"hasNextPage": false}}}}}',
        b'{"data": {"project": {"ciVariables": {"nodes": [], "pageInfo": {}}}}}',
        b'{"data": {"project": {"ciVariables": {"nodes": {}}}}}',
        b'{"data": {"project": {"ciVariables": "text"}}}',
        b"[]",
    ],
)
def test_an_answer_of_an_unknown_shape(proxy: FaultProxy, body: bytes) -> None:
    proxy.add(Fault(then=Answer(status=200, body=body), when=lambda asked: "graphql" in asked.path))
    with pytest.raises(BackendProtocolError, match="unknown shape"):
        _all(proxy, families=["variables"], audit_events=False)


def test_a_page_that_comes_again_and_again_is_an_error(proxy: FaultProxy) -> None:
    page = b'{"nodes": [], "pageInfo": {"hasNextPage": true, "endCursor": "x"}}'
    body = b'{"data": {"project": {"ciVariables": ' + page + b"}}}"
    proxy.add(Fault(then=Answer(status=200, body=body), when=lambda asked: "graphql" in asked.path))
    with pytest.raises(BackendProtocolError, match="again and again"):
        _all(proxy, families=["variables"], audit_events=False)


def test_more_pages_without_a_place_are_no_end(proxy: FaultProxy) -> None:
    page = b'{"nodes": [], "pageInfo": {"hasNextPage": true, "endCursor": null}}'
    body = b'{"data": {"project": {"ciVariables": ' + page + b"}}}"
    proxy.add(Fault(then=Answer(status=200, body=body), when=lambda asked: "graphql" in asked.path))
    with pytest.raises(BackendProtocolError, match="unknown shape"):
        _all(proxy, families=["variables"], audit_events=False)


@pytest.mark.parametrize(
    "config", [{}, {"groups": ["a"], "families": ["secrets"]}, {"groups": ["a"], "address": "x"}]
)
def test_options_that_make_no_sense(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        GitlabConfig.model_validate(config)
