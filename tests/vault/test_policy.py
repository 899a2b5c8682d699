"""What policies say, in both notations."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.vault.policy import PathRule, parse_policy


def _rules(text: str, namespace: str = "") -> tuple[PathRule, ...]:
    return parse_policy("p", text, namespace=namespace).rules


def test_hcl_and_json_give_the_same_rules() -> None:
    hcl = 'path "/secret/data/*" { capabilities = ["read", "list"] }\npath "a/+/b" { policy = "write" }'
    json = '{"path": {"secret/data/*": {"capabilities": ["read", "list"]}, "a/+/b": [{"policy": "write"}]}}'
    assert _rules(hcl) == _rules(json)
    assert _rules(hcl) == (
        PathRule(path="secret/data/*", capabilities=frozenset({"read", "list"})),
        PathRule(path="a/+/b", capabilities=frozenset({"create", "read", "update", "delete", "list"})),
    )


def test_a_list_around_json_paths_is_allowed() -> None:
    assert [
        rule.path for rule in _rules('{"path": [{"a": {"policy": "read"}}, {"b": {"policy": "sudo"}}]}')
    ] == ["a", "b"]


def test_deny_leaves_nothing_else() -> None:
    assert _rules('path "a" { capabilities = ["read", "deny"] }')[0].capabilities == {"deny"}


def test_the_namespace_stands_in_front() -> None:
    assert _rules('path "/kv/*" { policy = "read" }', namespace="team/")[0].path == "team/kv/*"


def test_restrictions_are_named_as_conditions() -> None:
    rule = _rules(
        """path "a" {
          capabilities = ["read"]
          comment = "x"
          control_group = { ttl = "4h" }
          required_parameters = ["bar"]
          expiration = "2031-02-03T04:05:06Z"
        }"""
    )[0]
    assert rule.condition == "control_group, required_parameters, until 2031-02-03 04:05Z"
    assert rule.expires == datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "matching", "others"),
    [
        ("a/*", ("a/", "a/b", "a/b/c"), ("a", "b/a/b")),
        ("a/b*", ("a/b", "a/bc/d"), ("a/", "a/c")),
        ("a/+/c", ("a/b/c", "a//c"), ("a/b/b/c", "a/c", "a/b/c/d")),
        ("+/b", ("a/b",), ("b", "a/a/b")),
        ("a/+b", ("a/+b",), ("a/xb",)),
        ("a+/b", ("a+/b",), ("aa/b", "ax/b")),
        ("a*b", ("a*b",), ("axb", "ab")),
        ("a/{{identity.entity.name}}/*", ("a/anna/x", "a/x/y"), ("a//x", "b/anna/x")),
        ("a/+/b*", ("a/x/b", "a/x/bcd/e"), ("a/x/y/b", "a/b")),
    ],
)
def test_what_a_path_matches(path: str, matching: tuple[str, ...], others: tuple[str, ...]) -> None:
    pattern = PathRule(path=path, capabilities=frozenset()).pattern()
    assert all(pattern.fullmatch(one) for one in matching)
    assert not any(pattern.fullmatch(one) for one in others)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('path "a" { capabilities = ["fly"] }', "invalid capability 'fly'"),
        ('path "a" { capabilities = "read" }', "capabilities is no list"),
        ('path "a" { policy = "all" }', "invalid policy 'all'"),
        ('path "a/+*" { policy = "read" }', "forbidden"),
        ('rule "a" {}', "unknown key 'rule'"),
        ('path = "a"', "followed by no block"),
        ('path "a" = "b"', "has no block"),
        ('path "a" { expiration = "soon" }', "invalid expiration"),
        ('path "a" { expiration = 5 }', "invalid expiration"),
        ('path "a" { expiration = "0001-01-01T00:00:00+14:00" }', "invalid expiration"),
        ("x" * 1_000_001, "longer than"),
    ],
)
def test_refuses_what_the_servers_refuse(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_policy("p", text)


_WORDS = (
    'path "a/*" { } capabilities = [ ] "read" "deny" , policy "x" expiration "2030-01-01" : {{ # true "+*" 1'
)
_FRAGMENTS = st.lists(st.sampled_from([*_WORDS.split(), '{"path":', "<<E\n", "E\n", "\n"]), max_size=25)


@given(st.one_of(_FRAGMENTS.map(" ".join), st.text(max_size=40)))
def test_raises_nothing_but_value_error(text: str) -> None:
    try:
        policy = parse_policy("p", text)
    except ValueError:
        return
    for rule in policy.rules:
        rule.pattern()
