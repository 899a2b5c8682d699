"""Who holds which policies, on recorded shapes of both servers."""

from collections.abc import Mapping
from typing import Any

from keyproof.errors import AccessDeniedError
from keyproof.vault.holders import Holder, NamespaceAccess, read_namespace


class FakeServer:
    """Answers from a mapping; a path that begins with one of `denied` is refused."""

    def __init__(self, content: Mapping[str, Any], *, denied: tuple[str, ...] = ()) -> None:
        self._content = content
        self._denied = denied

    def _check(self, capability: str, path: str) -> None:
        if path.startswith(self._denied or ("\0",)):
            raise AccessDeniedError(f"no {capability} on {path}", scope="s")

    def keys(self, path: str) -> list[str]:
        self._check("list", path)
        found = self._content.get(f"LIST {path}", [])
        return list(found)

    def read(self, path: str) -> Mapping[str, Any] | None:
        self._check("read", path)
        found: Mapping[str, Any] | None = self._content.get(path)
        return found


def _server(**methods: str) -> dict[str, Any]:
    return {
        "sys/auth": {f"{name}/": {"type": kind} for name, kind in methods.items()},
        "LIST sys/policies/acl": ["ci", "ci-prod", "default"],
        **{
            f"sys/policies/acl/{name}": {"name": name, "policy": f"# {name}"}
            for name in ("ci", "ci-prod", "default")
        },
    }


def _read(
    content: Mapping[str, Any], *, denied: tuple[str, ...] = (), namespace: str = ""
) -> NamespaceAccess:
    return read_namespace(FakeServer(content, denied=denied), namespace=namespace)


def _held(access: NamespaceAccess) -> dict[str, set[str]]:
    return {holder.principal: set(holder.policies) for holder in access.holders}


def test_reads_policies_and_the_roles_of_every_kind_of_method() -> None:
    access = _read(
        {
            **_server(k8s="kubernetes", ldap="ldap", github="github", token="ns_token", aws="aws"),
            "LIST auth/k8s/role": ["app"],
            "auth/k8s/role/app": {
                "token_policies": ["CI"],
                "policies": ["ci"],
                "token_no_default_policy": True,
            },
            "LIST auth/ldap/groups": ["ops"],
            "auth/ldap/groups/ops": {"policies": ["a", "b"]},
            "LIST auth/github/map/teams": ["core"],
            "auth/github/map/teams/core": {"key": "core", "value": "a, b"},
            "LIST auth/token/roles": ["deploy"],
            "auth/token/roles/deploy": {"allowed_policies": [], "allowed_policies_glob": ["ci*"]},
            "LIST auth/aws/roles": ["dev"],
            "auth/aws/role/dev": {"policies": ["a"]},
        }
    )
    assert (access.unread_policies, access.unread_holders) == ((), ())
    assert access.policies == {"ci": "# ci", "ci-prod": "# ci-prod", "default": "# default"}
    assert _held(access) == {
        "auth/aws/role/dev": {"a", "default"},
        "auth/github/map/teams/core": {"a", "b", "default"},
        "auth/k8s/role/app": {"ci"},
        "auth/ldap/groups/ops": {"a", "b", "default"},
        "auth/token/roles/deploy": {"ci", "ci-prod", "default"},
    }


def test_a_method_it_does_not_know_is_a_problem_not_nothing() -> None:
    assert _read(_server(corp="centrify")).unread_holders == (
        "keyproof cannot read who logs in by auth/corp/, of type 'centrify'",
    )


def test_members_get_the_policies_of_groups_above_theirs() -> None:
    content = {
        **_server(userpass="userpass"),
        "LIST auth/userpass/users": ["anna", "bert"],
        "auth/userpass/users/anna": {"token_policies": ["own"]},
        "auth/userpass/users/bert": {"token_policies": []},
        "LIST identity/group/id": ["g1", "g2"],
        "identity/group/id/g1": {"name": "ops", "policies": ["op"], "parent_group_ids": ["g2"]},
        "identity/group/id/g2": {"name": "all", "policies": ["base"], "parent_group_ids": ["g1"]},
        "LIST identity/entity/id": ["e1", "e2", "e3"],
        "identity/entity/id/e1": {
            "name": "Anna",
            "policies": None,
            "group_ids": ["g1"],
            "aliases": [{"mount_path": "auth/userpass/", "name": "anna"}],
        },
        "identity/entity/id/e2": {"name": "gone", "policies": ["op"], "disabled": True},
        "identity/entity/id/e3": {"name": "plain", "policies": []},
    }
    assert _held(_read(content)) == {
        "auth/userpass/users/anna": {"own", "default", "op", "base"},
        "auth/userpass/users/bert": {"default"},
        "identity/entity/Anna": {"op", "base", "default"},
        "identity/group/all": {"op", "base", "default"},
        "identity/group/ops": {"op", "base", "default"},
    }


def test_what_is_denied_is_named_and_the_rest_is_read() -> None:
    content = {
        **_server(approle="approle"),
        "LIST auth/approle/role": ["ci", "other"],
        "auth/approle/role/ci": {"token_policies": ["ci"]},
        "auth/approle/role/other": {"token_policies": ["ci"]},
    }
    access = _read(content, denied=("identity/", "auth/approle/role/ci", "sys/policies/acl/ci"))
    assert access.unread_policies == ("no read on sys/policies/acl/ci", "no read on sys/policies/acl/ci-prod")
    assert access.unread_holders == (
        "no read on auth/approle/role/ci",
        "no list on identity/group/id",
        "no list on identity/entity/id",
    )
    assert set(_held(access)) == {"auth/approle/role/other"}
    closed = _read(content, denied=("sys/", "identity/"))
    assert closed.unread_policies == ("no list on sys/policies/acl",)
    assert closed.unread_holders[0] == "no read on sys/auth"


def test_principals_carry_their_namespace() -> None:
    content = {
        **_server(approle="approle"),
        "LIST auth/approle/role": ["ci"],
        "auth/approle/role/ci": {"token_policies": ["ci"]},
    }
    assert _read(content, namespace="team/a/").holders == (
        Holder(principal="team/a/auth/approle/role/ci", policies=frozenset({"ci", "default"})),
    )
