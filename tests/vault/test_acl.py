"""Who may do what: the laws, the documented examples, and a real server's opinion."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyproof.demo.openbao import SKIP_REASON, OpenBaoServer, find_binary
from keyproof.domain.access import AccessGrant, Action
from keyproof.vault.acl import Acl, kv1_grants, kv2_grants
from keyproof.vault.policy import CAPABILITIES, PathRule, Policy, parse_policy

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def _acl(**policies: str) -> Acl:
    return Acl([parse_policy(name, text) for name, text in policies.items()], now=NOW)


def _one(path: str, *capabilities: str) -> str:
    return f'path "{path}" {{ capabilities = [{", ".join(f"{chr(34)}{one}{chr(34)}" for one in capabilities)}] }}\n'


@pytest.mark.parametrize(
    ("winner", "loser"),
    [
        ("kv/data/a/b", "kv/data/a/*"),
        ("kv/data/a/*", "kv/data/*"),
        ("kv/data/a*", "kv/data/+/b"),
        ("kv/data/+/b", "kv/+/a/b"),
        ("kv/data/+/b", "kv/data/+/*"),
        ("kv/data/+/b", "kv/data/+/+"),
        ("kv/data/+/b*", "kv/data/+/*"),
        ("kv/data/a/+", "kv/data/a/*"),
    ],
)
def test_the_more_specific_path_alone_counts(winner: str, loser: str) -> None:
    for first, second in (("one", "two"), ("two", "one")):
        acl = _acl(**{first: _one(winner, "update"), second: _one(loser, "read", "deny")})
        assert set(acl.decide("kv/data/a/b").granting) == {"update"}
        assert acl.decide("kv/data/a/b").denying == ()


def test_the_same_path_adds_up_and_deny_ends_it() -> None:
    reading, writing = _one("kv/*", "read"), _one("kv/*", "update")
    assert set(_acl(a=reading, b=writing).decide("kv/x").granting) == {"read", "update"}
    denied = _acl(a=reading, b=writing, c=_one("kv/*", "deny")).decide("kv/x")
    assert not denied.granting
    assert denied.denying == ("c",)


def test_a_listing_is_matched_without_its_slash_too() -> None:
    assert _acl(a=_one("kv/metadata", "list")).decide_list("kv/metadata/").allows("list")
    assert _acl(a=_one("kv/metadata/", "list")).decide_list("kv/metadata/").allows("list")
    assert _acl(a=_one("kv/+", "list")).decide_list("kv/metadata/").allows("list")
    assert not _acl(a=_one("kv/metadata", "list")).decide_list("kv/metadata/a/").allows("list")


def test_root_may_do_everything() -> None:
    assert set(_acl(root="").decide("any/thing").granting) == CAPABILITIES - {"deny"}


def test_expired_rules_are_gone_and_others_say_until_when() -> None:
    text = 'path "a" {{ capabilities = ["read"] expiration = "{}" }}'
    assert not _acl(a=text.format("2026-02-01T00:00:00Z")).decide("a").allows("read")
    assert _acl(a=text.format("2026-04-01T00:00:00Z")).decide("a").granting["read"] == (
        ("a", "until 2026-04-01 00:00Z"),
    )


def test_a_template_is_a_condition_not_an_answer() -> None:
    own = _acl(a=_one("kv/data/{{identity.entity.name}}/*", "read")).decide("kv/data/anna/x")
    assert own.granting["read"] == (("a", "where kv/data/{{identity.entity.name}}/* means this path"),)
    excepted = _acl(a=_one("kv/*", "read") + _one("kv/data/{{identity.entity.name}}/*", "deny"))
    assert excepted.decide("kv/data/anna/x").granting["read"] == (
        ("a", "not where a denies kv/data/{{identity.entity.name}}/*"),
    )
    assert excepted.decide("kv/other").granting["read"] == (("a", ""),)


def test_kv2_grants_name_policy_and_actions() -> None:
    acl = _acl(
        dev=_one("kv/data/app/*", "read") + _one("kv/metadata/*", "list", "read"),
        ops=_one("kv/data/app/*", "create", "update") + _one("kv/destroy/app/*", "update"),
    )
    assert kv2_grants(acl, "who", mount="kv/", path="app/db") == (
        AccessGrant(principal="who", actions=(Action.READ, Action.LIST), via="policy dev"),
        AccessGrant(principal="who", actions=(Action.WRITE, Action.ADMIN), via="policy ops"),
    )
    assert kv2_grants(acl, "who", mount="kv/", path="other") == (
        AccessGrant(principal="who", actions=(Action.LIST,), via="policy dev"),
    )


def test_an_explicit_deny_is_a_grant_of_effect_deny() -> None:
    acl = _acl(all=_one("kv/*", "read", "list"), no=_one("kv/data/prod/*", "deny"))
    assert kv2_grants(acl, "who", mount="kv/", path="prod/db") == (
        AccessGrant(principal="who", actions=(Action.LIST,), via="policy all"),
        AccessGrant(principal="who", actions=(Action.READ, Action.WRITE), via="policy no", effect="deny"),
    )


def test_reading_the_metadata_path_is_not_reading_the_value() -> None:
    acl = _acl(a=_one("kv/metadata/*", "read", "list", "delete"))
    assert [grant.actions for grant in kv2_grants(acl, "who", mount="kv/", path="a")] == [
        (Action.LIST, Action.ADMIN)
    ]


def test_kv1_grants_come_from_the_path_itself() -> None:
    acl = _acl(a=_one("old/*", "read", "list", "update", "delete"))
    assert kv1_grants(acl, "who", mount="old/", path="a/b") == (
        AccessGrant(principal="who", actions=tuple(Action), via="policy a"),
    )
    assert kv1_grants(_acl(a=_one("old/*", "deny")), "who", mount="old/", path="a")[0].effect == "deny"


_SEGMENT = st.sampled_from(["a", "b", "ab", "+"])
_PATH = st.builds(
    lambda segments, star: "/".join(segments) + star,
    st.lists(_SEGMENT, min_size=1, max_size=4),
    st.sampled_from(["", "*", "/*"]),
).filter(lambda path: "+*" not in path)
_RULE = st.builds(
    lambda path, capabilities: PathRule(
        path=path, capabilities=frozenset({"deny"} if "deny" in capabilities else capabilities)
    ),
    _PATH,
    st.sets(st.sampled_from(["read", "update", "list", "deny"]), min_size=1, max_size=2),
)
_POLICIES = st.lists(st.lists(_RULE, max_size=4), min_size=1, max_size=3).map(
    lambda lists: [Policy(name=f"p{index}", rules=tuple(rules)) for index, rules in enumerate(lists)]
)
_ASKED = st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=4).map("/".join)


@given(_POLICIES, _ASKED)
def test_order_of_policies_does_not_matter(policies: list[Policy], path: str) -> None:
    assert Acl(policies, now=NOW).decide(path) == Acl(policies[::-1], now=NOW).decide(path)


@given(_POLICIES, _ASKED)
def test_a_deny_on_the_exact_path_beats_everything(policies: list[Policy], path: str) -> None:
    denied = Policy(name="no", rules=(PathRule(path=path, capabilities=frozenset({"deny"})),))
    decision = Acl([*policies, denied], now=NOW).decide(path)
    assert not decision.granting
    assert "no" in decision.denying


@given(_POLICIES, _ASKED)
def test_nothing_is_granted_that_no_matching_rule_grants(policies: list[Policy], path: str) -> None:
    decision = Acl(policies, now=NOW).decide(path)
    for capability, pairs in decision.granting.items():
        for name, _ in pairs:
            policy = next(one for one in policies if one.name == name)
            assert any(
                capability in rule.capabilities and rule.pattern().fullmatch(path) for rule in policy.rules
            )


@given(_POLICIES, _ASKED, st.sampled_from(["read", "update", "list"]))
def test_a_rule_for_the_exact_path_is_the_whole_answer(
    policies: list[Policy], path: str, capability: str
) -> None:
    others = [
        Policy(name=policy.name, rules=tuple(rule for rule in policy.rules if rule.path != path))
        for policy in policies
    ]
    exact = Policy(name="exact", rules=(PathRule(path=path, capabilities=frozenset({capability})),))
    assert Acl([*others, exact], now=NOW).decide(path).granting == {capability: (("exact", ""),)}


@given(_POLICIES, _ASKED)
def test_an_expired_policy_changes_nothing(policies: list[Policy], path: str) -> None:
    gone = PathRule(path=path, capabilities=frozenset({"deny"}), expires=NOW - timedelta(seconds=1))
    assert Acl([*policies, Policy(name="gone", rules=(gone,))], now=NOW).decide(path) == Acl(
        policies, now=NOW
    ).decide(path)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBaoServer]:
    if find_binary() is None:
        pytest.skip(SKIP_REASON)
    with OpenBaoServer(tmp_path_factory.mktemp("openbao") / Path("acl")) as running:
        yield running


@pytest.mark.server
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(policies=_POLICIES)
def test_a_real_server_decides_the_same(server: OpenBaoServer, policies: list[Policy]) -> None:
    for policy in policies:
        server.policy(
            policy.name,
            "# none\n" + "".join(_one(rule.path, *sorted(rule.capabilities)) for rule in policy.rules),
        )
    parsed = [
        parse_policy(policy.name, server.call("GET", f"sys/policies/acl/{policy.name}")["data"]["policy"])
        for policy in policies
    ]
    token = server.token(*(policy.name for policy in policies), no_default_policy=True)
    leaves = ["a", "b", "ab", "a/a", "a/b", "b/a", "ab/b", "a/b/ab", "a/ab/b", "b/a/a/b", "a/a/b/b", "ab/a/b"]
    paths = [*leaves, *(f"{leaf}/" for leaf in leaves)]
    answer = server.call("POST", "sys/capabilities", {"token": token, "paths": paths})
    acl = Acl(parsed, now=NOW)
    for path in paths:
        decision = acl.decide_list(path) if path.endswith("/") else acl.decide(path)
        assert sorted(decision.granting) == sorted(set(answer[path]) - {"deny"}), path
