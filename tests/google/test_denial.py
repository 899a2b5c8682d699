"""What deny policies take away: for certain, perhaps, and not at all."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.google.denial import Denial, Meets, denials_of, remaining

EVERYBODY = "principalSet://goog/public:all"
ALICE = "principal://goog/subject/alice@acme.example"
OPS = "principalSet://goog/group/ops@acme.example"
WEB = "principal://iam.googleapis.com/projects/-/serviceAccounts/web@acme.iam.gserviceaccount.com"
POOL = "principalSet://iam.googleapis.com/locations/global/workforcePools/staff"
ACCESS = "secretmanager.versions.access"


def _denial(*principals: str, but: tuple[str, ...] = (), **said: Any) -> Denial:
    return Denial(
        name="deny policy p on folders/7",
        principals=principals,
        exceptions=but,
        permissions=said.pop("permissions", ("secretmanager.googleapis.com/versions.access",)),
        excepted=said.pop("excepted", ()),
        **said,
    )


@pytest.mark.parametrize(
    ("denied", "member", "meets"),
    [
        (ALICE, "user:alice@acme.example", Meets.YES),
        (ALICE, "user:Alice@Acme.example", Meets.YES),
        (ALICE, "user:bob@acme.example", Meets.NO),
        (ALICE, "group:ops@acme.example", Meets.NO),
        (ALICE, "*", Meets.NO),
        (WEB, "serviceAccount:web@acme.iam.gserviceaccount.com", Meets.YES),
        (OPS, "group:ops@acme.example", Meets.YES),
        (OPS, "user:alice@acme.example", Meets.MAYBE),
        (OPS, "domain:acme.example", Meets.MAYBE),
        (OPS, "*", Meets.NO),
        (EVERYBODY, "*", Meets.YES),
        (EVERYBODY, "domain:acme.example", Meets.YES),
        (f"{POOL}/*", f"principal{POOL.removeprefix('principalSet')}/subject/eve", Meets.YES),
        (f"{POOL}/*", f"{POOL}/group/dev", Meets.YES),
        (f"{POOL}/*", f"{POOL}2/group/dev", Meets.MAYBE),
        (f"{POOL}/group/dev", f"principal{POOL.removeprefix('principalSet')}/subject/eve", Meets.MAYBE),
        (f"{POOL}/*", "user:alice@acme.example", Meets.NO),
        (
            "principalSet://cloudresourcemanager.googleapis.com/projects/1/type/ServiceAccount",
            "user:a@b.c",
            Meets.NO,
        ),
        (
            "principalSet://cloudresourcemanager.googleapis.com/projects/1/type/ServiceAccount",
            "serviceAccount:web@acme.iam.gserviceaccount.com",
            Meets.MAYBE,
        ),
        ("principalSet://goog/cloudIdentityCustomerId/C01", "user:alice@acme.example", Meets.MAYBE),
        (f"deleted:{ALICE}?uid=1", "user:alice@acme.example", Meets.NO),
        ("something://new", "user:alice@acme.example", Meets.MAYBE),
    ],
)
def test_whom_a_rule_is_for(denied: str, member: str, meets: Meets) -> None:
    assert _denial(denied).meets(member) is meets


@pytest.mark.parametrize(
    ("but", "member", "meets"),
    [
        (ALICE, "user:alice@acme.example", Meets.NO),
        (ALICE, "user:bob@acme.example", Meets.YES),
        (ALICE, "group:ops@acme.example", Meets.MAYBE),
        (ALICE, "*", Meets.MAYBE),
        (OPS, "user:bob@acme.example", Meets.MAYBE),
        (OPS, "group:ops@acme.example", Meets.NO),
        (f"deleted:{ALICE}?uid=1", "group:ops@acme.example", Meets.YES),
    ],
)
def test_exceptions_of_a_rule_for_everybody(but: str, member: str, meets: Meets) -> None:
    assert _denial(EVERYBODY, but=(but,)).meets(member) is meets


def test_a_condition_is_never_certain() -> None:
    denial = _denial(EVERYBODY, condition="resource.matchTag('1/env', 'prod')")
    left = remaining({ACCESS}, "user:bob@acme.example", [denial])
    assert not left.certain
    assert left.doubtful == {ACCESS}
    assert left.reason == (
        "deny policy p on folders/7 does not apply, as it does where resource.matchTag('1/env', 'prod')"
    )


@pytest.mark.parametrize(
    ("permissions", "excepted", "taken"),
    [
        (("secretmanager.googleapis.com/versions.access",), (), True),
        (("secretmanager.googleapis.com/versions.*",), (), True),
        (("secretmanager.googleapis.com/*.*",), (), True),
        (("secretmanager.googleapis.com/*.*",), ("secretmanager.googleapis.com/versions.access",), False),
        (("secretmanager.googleapis.com/secrets.*",), (), False),
        (("cloudkms.googleapis.com/*.*",), (), False),
    ],
)
def test_which_permissions_a_rule_is_about(
    permissions: tuple[str, ...], excepted: tuple[str, ...], taken: bool
) -> None:
    assert _denial(ALICE, permissions=permissions, excepted=excepted).takes(ACCESS) is taken


def test_the_resource_manager_has_another_name_in_deny_policies() -> None:
    denial = _denial(ALICE, permissions=("cloudresourcemanager.googleapis.com/projects.setIamPolicy",))
    assert denial.takes("resourcemanager.projects.setIamPolicy")


def test_a_policy_is_read_rule_by_rule() -> None:
    policy = {
        "name": "policies/cloudresourcemanager.googleapis.com%2Ffolders%2F7/denypolicies/p",
        "rules": [
            {"denyRule": {"deniedPrincipals": [ALICE], "denialCondition": {"title": "t", "expression": "e"}}},
            {"description": "a kind of rule to come"},
        ],
    }
    first, second = denials_of(policy, "folders/7")
    assert (first.name, first.principals, first.condition) == ("deny policy p on folders/7", (ALICE,), "e")
    assert second.meets("user:alice@acme.example") is Meets.NO


_MEMBERS = st.sampled_from(
    ["user:alice@acme.example", "group:ops@acme.example", "*", "domain:a", "serviceAccount:x@y"]
)
_ENTRIES = st.sampled_from([EVERYBODY, ALICE, OPS, WEB, f"{POOL}/*", "odd"])
_PERMISSIONS = [ACCESS, "secretmanager.versions.add", "resourcemanager.projects.setIamPolicy"]
_DENIALS = st.builds(
    lambda whom, but, what, condition: _denial(
        *whom, but=tuple(but), permissions=tuple(what), condition=condition
    ),
    st.lists(_ENTRIES, max_size=3),
    st.lists(_ENTRIES, max_size=2),
    st.lists(
        st.sampled_from(["secretmanager.googleapis.com/*.*", "secretmanager.googleapis.com/versions.access"])
    ),
    st.sampled_from(["", "resource.hasTagKey('1/env')"]),
)


@given(st.lists(_DENIALS, max_size=4), _DENIALS, _MEMBERS)
def test_denials_only_take_away(denials: list[Denial], another: Denial, member: str) -> None:
    before, after = (remaining(_PERMISSIONS, member, given_) for given_ in (denials, [*denials, another]))
    for left in (before, after):
        assert not left.certain & left.doubtful
        assert left.certain | left.doubtful <= set(_PERMISSIONS)
        assert bool(left.reason) == bool(left.doubtful)
    assert after.certain <= before.certain
    assert after.certain | after.doubtful <= before.certain | before.doubtful


@given(st.permutations(_PERMISSIONS), st.lists(_DENIALS, max_size=3), _MEMBERS, st.randoms())
def test_the_order_of_denials_does_not_matter(
    permissions: list[str], denials: list[Denial], member: str, random: Any
) -> None:
    left = remaining(permissions, member, denials)
    random.shuffle(denials)
    again = remaining(permissions, member, denials)
    assert (left.certain, left.doubtful) == (again.certain, again.doubtful)
