"""The GitHub collector, against a GitHub that answers as GitHub publishes it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from keyproof.collectors.github import GithubCollector, GithubConfig
from keyproof.domain.access import AccessGrant, Action
from keyproof.domain.assessment import Collected, Gap, ScopeStatus
from keyproof.domain.secret import Basis, Confidence, SecretMetadata, SubjectKind
from keyproof.errors import AccessDeniedError, BackendProtocolError
from keyproof.github.operations import OPERATIONS
from keyproof.ports import Surroundings
from keyproof.value_operations import returns_value
from tests.fakes.fault_proxy import Answer, Fault, FaultProxy, fault_proxy
from tests.fakes.github_api import TOKEN, GithubApi, described, filled, secret
from tests.fakes.ports import FixedClock
from tests.fakes.rest_server import rest_server

KEY = {
    "id": 7,
    "title": "deploy",
    "created_at": "2024-05-01T00:00:00Z",
    "last_used": "2025-09-01T00:00:00Z",
    "read_only": True,
    "added_by": "ada",
}


@pytest.fixture
def api() -> GithubApi:
    found = GithubApi()
    found.repository("acme/shop", visibility="private")
    found.repository("acme/site", visibility="public", archived=True)
    return found


@pytest.fixture
def proxy(api: GithubApi) -> Iterator[FaultProxy]:
    with rest_server(api.answer) as upstream, fault_proxy(upstream.address) as running:
        yield running


def _collector(proxy: FaultProxy, environ: Mapping[str, str] | None = None, **config: Any) -> GithubCollector:
    given = {"organisations": ["acme"], **config} if "repositories" not in config else config
    here = Surroundings(
        root=Path("/"),
        environ={"GITHUB_TOKEN": TOKEN} if environ is None else environ,
        clock=FixedClock(),
        sleep=lambda _: None,
    )
    return GithubCollector("hub", GithubConfig.model_validate({"address": proxy.address, **given}), here)


def _all(proxy: FaultProxy, scope: str, **config: Any) -> list[Collected]:
    collector = _collector(proxy, **config)
    return list(collector.collect(scope))


def _secrets(items: list[Collected]) -> dict[str, SecretMetadata]:
    return {f"{item.type}:{item.name}": item for item in items if isinstance(item, SecretMetadata)}


def _gaps(items: list[Collected]) -> list[Gap]:
    return [item for item in items if isinstance(item, Gap)]


def test_every_question_is_one_that_github_publishes() -> None:
    assert set(OPERATIONS) == set(described())


@pytest.mark.parametrize(
    "operation",
    [
        "POST /orgs/{org}/actions/runners/registration-token",
        "POST /repos/{owner}/{repo}/actions/runners/remove-token",
        "POST /orgs/{org}/actions/runners/generate-jitconfig",
        "POST /app/installations/{installation_id}/access_tokens",
        "GET /repos/{owner}/{repo}/actions/variables",
    ],
)
def test_what_hands_over_a_token_is_on_the_list(operation: str) -> None:
    assert returns_value(operation)
    assert not [one for one in OPERATIONS if returns_value(one)]


def test_scopes_are_the_organisation_and_its_repositories(api: GithubApi, proxy: FaultProxy) -> None:
    for number in range(150):
        api.repository(f"acme/r{number:03}")
    scopes = _collector(proxy).scopes()
    assert scopes[:3] == ["acme", "acme/shop", "acme/site"]
    assert len(scopes) == 153
    assert _collector(proxy, repositories=["acme/shop", "acme/shop"]).scopes() == ["acme/shop"]


def test_a_repositorys_secret_is_as_old_as_its_last_write(api: GithubApi, proxy: FaultProxy) -> None:
    api.listings["/repos/acme/shop/actions/secrets"] = [secret("DB")]
    found = _secrets(_all(proxy, "acme/shop"))["actions:acme/shop/DB"]
    host = proxy.address.removeprefix("http://")
    assert found.id == f"github://{host}/repos/acme/shop/actions/DB"
    date = found.value_date
    assert date is not None
    assert date.at == datetime(2025, 6, 1, tzinfo=UTC)
    assert (date.basis, date.confidence) == (Basis.VERSION_CREATED, Confidence.EXACT)
    assert found.grants == (
        AccessGrant(
            principal="repo:acme/shop", actions=(Action.READ,), via="actions secret of the repository"
        ),
    )
    assert found.unread["grants"] == "who may change what runs in these repositories is not read"
    assert found.attributes["repository-visibility"] == "private"
    assert found.encryption is not None
    assert found.encryption.customer_managed is False


def test_one_name_in_all_families_is_as_many_secrets(api: GithubApi, proxy: FaultProxy) -> None:
    for family in ("actions", "dependabot", "codespaces", "agents"):
        api.listings[f"/repos/acme/shop/{family}/secrets"] = [secret("DB")]
    found = [item for item in _all(proxy, "acme/shop") if isinstance(item, SecretMetadata)]
    assert len({item.id for item in found}) == 4
    assert {item.name for item in found} == {"acme/shop/DB"}


@pytest.mark.parametrize(
    ("visibility", "principals", "condition"),
    [
        ("all", ["repo:acme/*"], ""),
        ("private", ["repo:acme/*"], "private and internal repositories"),
        ("selected", ["repo:acme/shop", "repo:acme/site"], ""),
    ],
)
def test_an_organisations_secret_reaches_the_repositories_it_was_given_to(
    api: GithubApi, proxy: FaultProxy, visibility: str, principals: list[str], condition: str
) -> None:
    api.listings["/orgs/acme/actions/secrets"] = [secret("KEY", visibility=visibility)]
    api.listings["/orgs/acme/actions/secrets/KEY/repositories"] = [
        {"full_name": "acme/site"},
        {"full_name": "acme/shop"},
    ]
    found = _secrets(_all(proxy, "acme"))["actions:acme/KEY"]
    assert found.grants is not None
    assert [grant.principal for grant in found.grants] == principals
    assert {grant.condition for grant in found.grants} == {condition}
    assert found.attributes["visibility"] == visibility
    date = found.value_date
    assert date is not None
    assert date.confidence is Confidence.UPPER_BOUND, "giving it to another repository may move it too"


def test_repositories_that_are_refused_leave_the_grants_unread(api: GithubApi, proxy: FaultProxy) -> None:
    api.listings["/orgs/acme/actions/secrets"] = [secret("KEY", visibility="selected")]
    found = _secrets(_all(proxy, "acme"))["actions:acme/KEY"]
    assert found.grants is None
    assert "organization Secrets: read" in found.unread["grants"]


def test_an_environments_secret_states_its_environment(api: GithubApi, proxy: FaultProxy) -> None:
    rules = [{"id": 1, "node_id": "x", "type": "required_reviewers"}]
    policy = {"protected_branches": True, "custom_branch_policies": False}
    odd = "prod/eu ü"
    api.listings["/repos/acme/shop/environments"] = [
        {"name": odd, "protection_rules": rules, "deployment_branch_policy": policy},
        {"name": "test", "deployment_branch_policy": None},
    ]
    api.listings[f"/repos/acme/shop/environments/{odd}/secrets"] = [secret("DB")]
    api.listings["/repos/acme/shop/environments/test/secrets"] = [secret("DB")]
    found = _secrets(_all(proxy, "acme/shop"))
    production = found[f"environment:acme/shop/{odd}/DB"]
    assert production.environment == odd
    assert production.attributes["protection-rules"] == "required_reviewers"
    assert production.attributes["all-branches"] is False
    assert production.grants is not None
    assert production.grants[0].principal == f"repo:acme/shop:environment:{odd}"
    assert found["environment:acme/shop/test/DB"].attributes["all-branches"] is True


def test_a_deploy_key_is_a_credential(api: GithubApi, proxy: FaultProxy) -> None:
    api.listings["/repos/acme/shop/keys"] = [KEY, {**KEY, "id": 8, "last_used": None, "read_only": False}]
    items = [item for item in _all(proxy, "acme/shop") if isinstance(item, SecretMetadata)]
    used, unused = items
    assert used.kind is SubjectKind.CREDENTIAL
    assert used.id.endswith("/repos/acme/shop/keys/7")
    assert used.last_accessed_at == datetime(2025, 9, 1, tzinfo=UTC)
    assert (used.attributes["read-only"], used.attributes["added-by"]) == (True, "ada")
    assert (unused.last_accessed_at, unused.attributes["read-only"]) == (None, False)
    assert "last_accessed_at" in unused.unread
    assert used.encryption is None


REGISTRY = {
    "registry_type": "maven_repository",
    "auth_type": "token",
    "url": "https://maven.acme.example/repo",
}
_OWNER = described()["GET /orgs/{org}/personal-access-tokens"]["schema"]["items"]["properties"]["owner"]
TOKEN_ENTRY = {
    "id": 5,
    "owner": filled(_OWNER, {"login": "ada"}),
    "repository_selection": "all",
    "permissions": {
        "organization": {"secrets": "read"},
        "repository": {"contents": "write", "metadata": "read"},
    },
    "access_granted_at": "2025-05-01T00:00:00Z",
    "token_id": 98716,
    "token_name": "nightly",
    "token_expired": False,
    "token_expires_at": "2026-05-01T00:00:00Z",
    "token_last_used_at": "2025-09-01T00:00:00Z",
}


def test_a_private_registrys_secret_reaches_repositories(api: GithubApi, proxy: FaultProxy) -> None:
    api.listings["/orgs/acme/private-registries"] = [
        secret("MAVEN", visibility="all", **REGISTRY),
        secret("NPM", visibility="selected", **REGISTRY),
        secret("CLOUD", visibility="private", **{**REGISTRY, "auth_type": "oidc_aws"}),
    ]
    items = _all(proxy, "acme")
    found = _secrets(items)
    assert list(found) == ["private-registry:acme/MAVEN", "private-registry:acme/NPM"]
    maven, npm = found.values()
    assert maven.id.endswith("/orgs/acme/private-registries/MAVEN")
    assert maven.attributes["registry"] == "maven.acme.example"
    assert maven.attributes["registry-type"] == "maven_repository"
    assert maven.value_date is not None
    assert maven.value_date.confidence is Confidence.UPPER_BOUND
    assert [grant.principal for grant in maven.grants or ()] == ["repo:acme/*"]
    assert npm.grants is None
    assert "does not list the repositories" in npm.unread["grants"]
    told = {item.name: item.value for item in items if not isinstance(item, (SecretMetadata, Gap))}
    assert told["private registries opened by OIDC, without a secret"] == "1"


def test_personal_access_tokens_on_demand(api: GithubApi, proxy: FaultProxy) -> None:
    api.listings["/orgs/acme/personal-access-tokens"] = [
        TOKEN_ENTRY,
        {**TOKEN_ENTRY, "token_id": 2, "token_name": "old", "token_expired": True},
        {
            **TOKEN_ENTRY,
            "token_id": 3,
            "token_name": "ever",
            "token_expires_at": None,
            "token_last_used_at": None,
        },
    ]
    assert _secrets(_all(proxy, "acme")) == {}
    items = _all(proxy, "acme", families=["personal-access-tokens"])
    token, ever = _secrets(items).values()
    assert (token.name, token.owner, token.kind) == ("acme/ada/nightly", "ada", SubjectKind.CREDENTIAL)
    assert token.id.endswith("/orgs/acme/personal-access-tokens/98716")
    assert token.expires_at == datetime(2026, 5, 1, tzinfo=UTC)
    assert token.last_accessed_at == datetime(2025, 9, 1, tzinfo=UTC)
    assert [(fact.basis, fact.at.month) for fact in token.facts] == [(Basis.RECORD_CREATED, 5)]
    wide = "organization secrets: read, repository contents: write, repository metadata: read"
    assert token.attributes["permissions"] == wide
    assert (ever.attributes["never-expires"], ever.last_accessed_at) == (True, None)
    told = {item.name: item.value for item in items if not isinstance(item, (SecretMetadata, Gap))}
    assert told["personal access tokens that have expired"] == "1"


def test_a_time_in_an_unknown_form_is_no_answer(api: GithubApi, proxy: FaultProxy) -> None:
    api.listings["/orgs/acme/personal-access-tokens"] = [{**TOKEN_ENTRY, "access_granted_at": "soon"}]
    with pytest.raises(BackendProtocolError, match="unknown shape"):
        _all(proxy, "acme", families=["personal-access-tokens"])
    api.listings["/repos/acme/shop/keys"] = [{**KEY, "created_at": "soon"}]
    with pytest.raises(BackendProtocolError, match="unknown shape"):
        _all(proxy, "acme/shop", families=["deploy-keys"])


@pytest.mark.parametrize(
    ("family", "permission"),
    [
        ("private-registries", "organization Organization private registries: read"),
        ("personal-access-tokens", "organization Personal access tokens: read, of a GitHub App"),
    ],
)
def test_what_an_organisation_does_not_show_is_a_gap(proxy: FaultProxy, family: str, permission: str) -> None:
    body = b'{"message": "Resource not accessible by personal access token"}'
    proxy.add(Fault(then=Answer(status=403, body=body), when=lambda asked: family in asked.path))
    (gap,) = _gaps(_all(proxy, "acme", families=[family]))
    assert gap.scope == f"acme ({family})"
    assert f"'{permission}'" in gap.reason


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        ("/repos/acme/shop/actions/secrets", "repository Secrets: read"),
        ("/repos/acme/shop/dependabot/secrets", "repository Dependabot secrets: read"),
        ("/repos/acme/shop/codespaces/secrets", "repository Codespaces secrets: write"),
        ("/repos/acme/shop/agents/secrets", "repository Agent secrets: read"),
        ("/repos/acme/shop/environments", "repository Actions: read"),
        ("/repos/acme/shop/keys", "repository Administration: read"),
    ],
)
@pytest.mark.parametrize("status", [403, 404])
def test_a_permission_that_is_missing_is_a_gap_that_names_it(
    api: GithubApi, proxy: FaultProxy, path: str, permission: str, status: int
) -> None:
    other = "/repos/acme/shop/keys" if "actions" in path else "/repos/acme/shop/actions/secrets"
    api.listings[other] = [KEY] if other.endswith("keys") else [secret("DB")]
    body = b'{"message": "Resource not accessible by personal access token"}'
    proxy.add(Fault(then=Answer(status=status, body=body), when=lambda asked: asked.path.startswith(path)))
    items = _all(proxy, "acme/shop")
    (gap,) = _gaps(items)
    assert gap.status is ScopeStatus.PARTIAL
    assert f"'{permission}'" in gap.reason
    assert "leave" in gap.hint
    assert len(_secrets(items)) == 1, "one right says nothing of the others"


def test_a_repository_that_is_not_there_is_an_error(proxy: FaultProxy) -> None:
    with pytest.raises(AccessDeniedError, match="not there, or the right 'repository Metadata: read'"):
        _all(proxy, "acme/gone", repositories=["acme/gone"])


def test_a_repository_that_has_moved_is_named(proxy: FaultProxy) -> None:
    there = {"Location": "https://api.github.com/repositories/5"}
    proxy.add(Fault(then=Answer(status=301, body=b"{}", headers=there)))
    with pytest.raises(BackendProtocolError, match="moved to /repositories/5"):
        _all(proxy, "acme/old", repositories=["acme/old"])
    assert len(proxy.seen) == 1, "the token goes nowhere else"


def test_families_that_are_left_out_are_not_asked_for(api: GithubApi, proxy: FaultProxy) -> None:
    api.listings["/repos/acme/shop/actions/secrets"] = [secret("DB")]
    _all(proxy, "acme/shop", repositories=["acme/shop"], families=["actions"])
    assert [asked.path.partition("?")[0] for asked in proxy.seen] == [
        "/repos/acme/shop",
        "/repos/acme/shop/actions/secrets",
    ]
    assert _all(proxy, "acme", families=["deploy-keys"])[0].name == "secrets listed"  # type: ignore[union-attr]  # Evidence


def test_fewer_than_github_counts_is_no_whole_listing(api: GithubApi, proxy: FaultProxy) -> None:
    api.listings["/repos/acme/shop/actions/secrets"] = [secret("DB")]
    api.miscount = 2
    with pytest.raises(BackendProtocolError, match="counts 3 but lists 1"):
        _all(proxy, "acme/shop", families=["actions"])


def test_answers_that_did_not_change_cost_nothing(api: GithubApi, proxy: FaultProxy) -> None:
    api.etags = True
    api.listings["/repos/acme/shop/actions/secrets"] = [secret(f"S{number:03}") for number in range(120)]
    collector = _collector(proxy, repositories=["acme/shop"], families=["actions"])
    first, second = list(collector.collect("acme/shop")), list(collector.collect("acme/shop"))
    assert len(_secrets(first)) == 120
    assert _secrets(first) == _secrets(second)
    tags = ["if-none-match" in asked.headers for asked in proxy.seen]
    assert tags == [False] * 3 + [True] * 3


def test_names_are_chosen_by_globs(api: GithubApi, proxy: FaultProxy) -> None:
    api.listings["/repos/acme/shop/actions/secrets"] = [secret("A_KEY"), secret("B_KEY"), secret("OTHER")]
    items = _all(proxy, "acme/shop", include=["*_KEY"], exclude=["*/B_*"])
    assert list(_secrets(items)) == ["actions:acme/shop/A_KEY"]


@pytest.mark.parametrize(
    ("environ", "words"),
    [({}, "GITHUB_TOKEN is not set"), ({"GITHUB_TOKEN": "two words"}, "has characters that no token has")],
)
def test_the_token_comes_from_the_environment(proxy: FaultProxy, environ: dict[str, str], words: str) -> None:
    with pytest.raises(AccessDeniedError, match=words) as caught:
        _collector(proxy, environ).scopes()
    assert "two words" not in str(caught.value)
    assert proxy.seen == []


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"repositories": ["shop"]},
        {"organisations": ["acme"], "families": []},
        {"organisations": ["acme"], "address": "ftp://x"},
        {"organisations": ["acme"], "address": "https://a:b@x"},
        {"organisations": ["acme"], "token": "no"},
    ],
)
def test_options_that_make_no_sense(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        GithubConfig.model_validate(config)


@pytest.mark.parametrize(
    "body",
    [
        b'{"total_count": 1, "secrets": [{"name": "A", "created_at": "x", "updated_at": 3}]}',
        b'{"total_count": 1, "secrets": [{"name": "A"}]}',
        b'{"total_count": 1, "secrets": {}}',
        b'["text"]',
    ],
)
def test_an_answer_of_an_unknown_shape(proxy: FaultProxy, body: bytes) -> None:
    proxy.add(Fault(then=Answer(status=200, body=body), when=lambda asked: "actions" in asked.path))
    with pytest.raises(BackendProtocolError, match="unknown shape"):
        _all(proxy, "acme/shop")
