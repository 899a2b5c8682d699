"""Policies and holders joined on one secret."""

from dataclasses import replace
from datetime import UTC, datetime

from keyproof.domain.access import AccessGrant, Action
from keyproof.vault.grants import Grants
from keyproof.vault.holders import Holder, NamespaceAccess

NOW = datetime(2026, 3, 1, tzinfo=UTC)
READ_ALL = 'path "kv/data/*" { capabilities = ["read"] }'


def _access(policies: dict[str, str], **holders: set[str]) -> NamespaceAccess:
    return NamespaceAccess(
        holders=tuple(Holder(principal=name, policies=frozenset(held)) for name, held in holders.items()),
        policies=policies,
        unread_policies=(),
        unread_holders=(),
    )


def _on(
    *accesses: tuple[str, NamespaceAccess], mount: str = "kv/", version: int = 2
) -> tuple[AccessGrant, ...]:
    grants = Grants(dict(accesses), now=NOW)
    assert grants.problems == ()
    return grants.on(version=version, mount=mount, path="app")


def test_holders_of_the_same_policies_are_all_named() -> None:
    found = _on(("", _access({"reader": READ_ALL}, b={"reader"}, a={"reader"}, c=set())))
    assert [(grant.principal, grant.via) for grant in found] == [
        ("a", "policy reader"),
        ("b", "policy reader"),
    ]


def test_a_default_policy_that_grants_reaches_any_token() -> None:
    found = _on(("", _access({"default": READ_ALL}, a={"default"})))
    assert found == (
        AccessGrant(
            principal="*",
            actions=(Action.READ,),
            via="policy default",
            condition="any token without no_default_policy",
        ),
        AccessGrant(principal="a", actions=(Action.READ,), via="policy default"),
    )


def test_a_policy_nobody_holds_is_listed_but_denies_nobody() -> None:
    deny = 'path "kv/data/*" { policy = "deny" }'
    found = _on(("", _access({"spare": READ_ALL, "no": deny, "root": ""})))
    assert [grant.principal for grant in found] == ["policy/spare"]


def test_a_role_with_root_may_do_everything() -> None:
    found = _on(("", _access({"root": ""}, boss={"root"})))
    assert found == (AccessGrant(principal="boss", actions=tuple(Action), via="policy root"),)


def test_policies_of_the_same_name_in_two_namespaces_are_two() -> None:
    above = _access({"reader": 'path "team/kv/data/*" { capabilities = ["update"] }'}, up={"reader"})
    here = _access({"reader": READ_ALL}, down={"reader"})
    found = _on(("", above), ("team/", here), mount="team/kv/")
    assert [(grant.principal, grant.actions) for grant in found] == [
        ("down", (Action.READ,)),
        ("up", (Action.WRITE,)),
    ]


def test_equal_grants_are_kept_once() -> None:
    grants = Grants({"": _access({"reader": READ_ALL}, a={"reader"})}, now=NOW)
    assert grants.on(version=2, mount="kv/", path="x") is grants.on(version=2, mount="kv/", path="y")


def test_kv_version_1_is_judged_by_its_own_paths() -> None:
    access = _access({"reader": 'path "kv/app" { capabilities = ["read"] }'}, a={"reader"})
    assert [grant.actions for grant in _on(("", access), version=1)] == [(Action.READ,)]
    assert _on(("", access)) == ()


def test_grants_hold_although_other_holders_could_not_be_read() -> None:
    access = replace(
        _access({"reader": READ_ALL, "spare": READ_ALL}, a={"reader"}), unread_holders=("no list on x",)
    )
    grants = Grants({"": access}, now=NOW)
    assert grants.problems == ("no list on x",)
    assert grants.usable
    # Whether anybody holds `spare` is not known now, so it is not said that nobody does.
    assert [grant.principal for grant in grants.on(version=2, mount="kv/", path="app")] == ["a"]


def test_no_grant_holds_without_every_policy() -> None:
    denied = replace(
        _access({"odd": "path {"}), unread_policies=("no read on x",), unread_holders=("no list on y",)
    )
    grants = Grants({"team/": denied}, now=NOW)
    assert not grants.usable
    assert grants.problems == (
        "no read on x",
        "the policy team/odd cannot be understood: line 1: expected a key",
        "no list on y",
    )
