"""Identity policies, resource policies, boundaries, denials and conditions taken together."""

from collections.abc import Mapping, Sequence
from json import dumps
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.aws.authorization import Authorization, Vocabulary
from keyproof.aws.identities import Account
from keyproof.aws.resource_policy import ACTIONS
from keyproof.domain.access import AccessGrant, Action

OWN, OTHER = "123456789012", "111122223333"
ARN = f"arn:aws:secretsmanager:eu-west-1:{OWN}:secret:prod/db-AbCdEf"
APP, ANN, ROOT = f"arn:aws:iam::{OWN}:role/app", f"arn:aws:iam::{OWN}:user/ann", f"arn:aws:iam::{OWN}:root"
READ = "secretsmanager:GetSecretValue"
SECRETS = Vocabulary(service="secretsmanager", actions=ACTIONS)
KEYS = Vocabulary(
    service="kms",
    actions={"Decrypt": Action.READ, "DescribeKey": Action.LIST, "PutKeyPolicy": Action.ADMIN},
    delegated=True,
)


def allow(action: Any = READ, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = READ, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def account(
    *,
    app: Sequence[Mapping[str, Any]] = (),
    ann: Sequence[Mapping[str, Any]] = (),
    boundary: Sequence[Mapping[str, Any]] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Account:
    """A role `app` and a user `ann`, both within the boundary, if one is given."""
    arn = f"arn:aws:iam::{OWN}:policy/limit"
    limit = {"PermissionsBoundary": {"PermissionsBoundaryArn": arn}} if boundary is not None else {}
    more = {"Tags": [{"Key": key, "Value": value} for key, value in (tags or {}).items()], **limit}
    inline = [{"PolicyName": "p", "PolicyDocument": policy(*app)}]
    user = [{"PolicyName": "p", "PolicyDocument": policy(*ann)}]
    return Account.of([
        {"UserDetailList": [{"UserName": "ann", "UserId": "AIDA1", "Arn": ANN, "UserPolicyList": user, **more}]},
        {
            "RoleDetailList": [{"RoleName": "app", "RoleId": "AROA1", "Arn": APP, "RolePolicyList": inline, **more}],
            "Policies": [
                {"Arn": arn, "PolicyVersionList": [{"IsDefaultVersion": True, "Document": policy(*boundary or ())}]}
            ],
        },
    ])  # fmt: skip


def grants(
    of: Account,
    *resource: Mapping[str, Any],
    tags: Mapping[str, str] | None = None,
    vocabulary: Vocabulary = SECRETS,
    arn: str = ARN,
) -> tuple[AccessGrant, ...]:
    policies = {"resource policy": dumps(policy(*resource))} if resource else {}
    return Authorization(account=of, vocabulary=vocabulary).grants_on(arn, tags=tags or {}, policies=policies)


def readers(*args: Any, **more: Any) -> dict[str, str]:
    """Who may read, and on what condition."""
    found: dict[str, str] = {}
    for grant in grants(*args, **more):
        if Action.READ in grant.actions:
            name = grant.principal.rpartition(":")[2]
            found[name] = min(found.get(name, grant.condition), grant.condition)
    return found


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([], {}),
        ([allow()], {"role/app": ""}),
        ([allow("*")], {"role/app": ""}),
        ([allow("secretsmanager:Get*")], {"role/app": ""}),
        ([allow("secretsmanager:DescribeSecret")], {}),
        ([allow("s3:*")], {}),
        ([allow(resource=ARN)], {"role/app": ""}),
        ([allow(resource=f"arn:aws:secretsmanager:*:{OWN}:secret:prod/*")], {"role/app": ""}),
        ([allow(resource=f"arn:aws:secretsmanager:*:{OWN}:secret:dev/*")], {}),
        ([allow(resource="arn:aws:secretsmanager:*:*:secret:prod/db-??????")], {"role/app": ""}),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], {"role/app": ""}),
        ([{"Effect": "Allow", "NotAction": "secretsmanager:Get*", "Resource": "*"}], {}),
        ([{"Effect": "Allow", "Action": READ, "NotResource": ARN}], {}),
        ([{"Effect": "Allow", "Action": READ, "NotResource": "arn:aws:s3:::*"}], {"role/app": ""}),
        ([allow(), deny()], {}),
        ([allow(), deny("*")], {}),
        ([allow(), deny(resource="arn:aws:secretsmanager:*:*:secret:dev/*")], {"role/app": ""}),
        ([allow(), {"Effect": "Deny", "NotAction": "secretsmanager:*", "Resource": "*"}], {"role/app": ""}),
        ([allow(), {"Effect": "Deny", "Action": READ, "NotResource": "arn:aws:secretsmanager:*:*:secret:dev/*"}], {}),
        ([allow("secretsmanager:*"), deny("secretsmanager:PutSecretValue")], {"role/app": ""}),
        ([allow(resource="arn:aws:secretsmanager:*:*:secret:${aws:PrincipalTag/team}/*")], {"role/app": "policy variable in arn:aws:secretsmanager:*:*:secret:${aws:PrincipalTag/team}/*"}),
        ([allow(resource="arn:aws:secretsmanager:*:${aws:PrincipalAccount}:secret:prod/*")], {"role/app": ""}),
    ],
)  # fmt: skip
def test_identity_policies(statements: list[dict[str, Any]], expected: dict[str, str]) -> None:
    assert readers(account(app=statements)) == expected


@pytest.mark.parametrize(
    ("operator", "key", "value", "expected"),
    [
        ("StringEquals", "aws:ResourceTag/env", "prod", ""),
        ("StringEquals", "aws:ResourceTag/env", ["dev", "prod"], ""),
        ("StringEquals", "secretsmanager:ResourceTag/env", "dev", None),
        ("StringEquals", "aws:ResourceTag/none", "prod", None),
        ("StringNotEquals", "aws:ResourceTag/none", "prod", ""),
        ("StringEqualsIfExists", "aws:ResourceTag/none", "prod", ""),
        ("Null", "aws:ResourceTag/env", "true", None),
        ("Null", "aws:ResourceTag/env", "false", ""),
        ("Null", "aws:ResourceTag/none", "true", ""),
        ("StringLike", "aws:ResourceTag/env", "pr*", ""),
        ("StringNotLike", "aws:ResourceTag/env", "pr*", None),
        ("StringEqualsIgnoreCase", "aws:ResourceTag/env", "PROD", ""),
        ("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{OWN}:role/*", ""),
        ("ArnEquals", "aws:PrincipalArn", ANN, None),
        ("ArnNotLike", "aws:PrincipalArn", APP, None),
        ("ArnLike", "aws:PrincipalArn", "arn:*:role/app", None),
        ("StringEquals", "aws:PrincipalAccount", OWN, ""),
        ("StringEquals", "aws:PrincipalAccount", OTHER, None),
        ("StringEquals", "aws:PrincipalTag/team", "pay", ""),
        ("StringEquals", "aws:PrincipalTag/team", "${aws:ResourceTag/team}", ""),
        ("StringEquals", "aws:PrincipalTag/team", "ops", "StringEquals aws:PrincipalTag/team"),
        ("StringEquals", "aws:username", "ann", None),
        ("StringEquals", "secretsmanager:VersionStage", "AWSCURRENT", ""),
        ("StringEquals", "aws:RequestedRegion", "us-east-1", None),
        ("Bool", "aws:SecureTransport", "true", ""),
        ("Bool", "aws:SecureTransport", False, None),
        ("IpAddress", "aws:SourceIp", "10.0.0.0/8", "IpAddress aws:SourceIp"),
        ("StringEquals", "aws:PrincipalOrgID", "o-x", "StringEquals aws:PrincipalOrgID"),
        ("ForAnyValue:StringLike", "aws:PrincipalArn", "*", "ForAnyValue:StringLike aws:PrincipalArn"),
        ("NobodyKnows", "aws:PrincipalArn", "*", "NobodyKnows aws:PrincipalArn"),
    ],
)
def test_conditions_hold_or_not_or_are_told(
    operator: str, key: str, value: Any, expected: str | None
) -> None:
    condition = {"Condition": {operator: {key: value}}}
    found = readers(
        account(app=[allow(**condition)], tags={"team": "pay"}), tags={"env": "prod", "team": "pay"}
    )
    assert found == ({} if expected is None else {"role/app": expected})


@pytest.mark.parametrize(
    ("operator", "key", "value", "expected"),
    [
        ("Bool", "aws:SecureTransport", "false", ""),
        ("ArnNotLike", "aws:PrincipalArn", APP, ""),
        ("ArnLike", "aws:PrincipalArn", APP, None),
        ("StringNotEquals", "aws:PrincipalOrgID", "o-x", "unless StringNotEquals aws:PrincipalOrgID"),
        ("StringEquals", "aws:PrincipalTag/team", "pay", "unless StringEquals aws:PrincipalTag/team"),
        ("StringEquals", "secretsmanager:VersionStage", "AWSCURRENT", "unless StringEquals secretsmanager:VersionStage"),
    ],
)  # fmt: skip
def test_a_denial_takes_away_only_where_it_is_certain(
    operator: str, key: str, value: str, expected: str | None
) -> None:
    denial = deny(Condition={operator: {key: value}})
    found = readers(account(app=[allow(), denial], tags={"team": "pay"}))
    assert found == ({} if expected is None else {"role/app": expected})


def test_a_boundary_limits_what_identity_policies_grant() -> None:
    everything = [allow("*")]
    assert readers(account(app=everything, ann=everything, boundary=[allow("s3:*")])) == {}
    within = account(app=everything, boundary=[allow(resource=ARN)])
    assert readers(within) == {"role/app": ""}
    assert [grant.actions for grant in grants(within)] == [(Action.READ,)]
    assert readers(account(app=everything, boundary=[allow("*"), deny()])) == {}
    sometimes = allow("*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
    assert readers(account(app=everything, boundary=[sometimes])) == {"role/app": "IpAddress aws:SourceIp"}


def test_a_resource_policy_grants_to_a_user_beyond_the_boundary_to_a_role_within() -> None:
    named = allow(Principal={"AWS": [APP, ANN]})
    assert readers(account(), named) == {"role/app": "", "user/ann": ""}
    assert readers(account(boundary=[allow("s3:*")]), named) == {"user/ann": ""}
    assert readers(account(boundary=[deny()]), named) == {}


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([allow(Principal="*")], {"*": "", "role/app": ""}),
        ([allow(Principal={"AWS": OWN})], {"role/app": ""}),
        ([allow(Principal={"AWS": OTHER})], {"root": "", "role/app": ""}),
        ([allow(Principal={"AWS": OTHER}), deny(Principal={"AWS": OTHER})], {"role/app": ""}),
        ([allow(Principal={"AWS": "AROA1"})], {"role/app": ""}),
        ([allow(Principal={"AWS": "AROAGONE"})], {"AROAGONE": "", "role/app": ""}),
        ([allow(Principal={"Service": "lambda.amazonaws.com"})], {"lambda.amazonaws.com": "", "role/app": ""}),
        ([deny(Principal="*")], {}),
        ([deny(Principal={"AWS": OWN})], {}),
        ([deny(Principal={"AWS": ANN})], {"role/app": ""}),
        ([deny(NotPrincipal={"AWS": [APP, OWN]})], {"role/app": ""}),
        ([deny(NotPrincipal={"AWS": ANN})], {}),
        ([deny(NotPrincipal={"AWS": OWN})], {"role/app": "unless NotPrincipal with the account's root"}),
        ([allow(NotPrincipal={"AWS": ANN})], {"*": "", "role/app": ""}),
        ([deny(Principal="*", Condition={"ArnNotEquals": {"aws:PrincipalArn": APP}})], {"role/app": ""}),
        ([deny(Principal="*", Condition={"ArnNotEquals": {"aws:PrincipalArn": ANN}})], {}),
        ([allow(Principal="*", Condition={"ArnEquals": {"aws:PrincipalArn": ANN}})], {"user/ann": "", "role/app": ""}),
        ([allow(Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-x"}})],
         {"*": "StringEquals aws:PrincipalOrgID", "user/ann": "StringEquals aws:PrincipalOrgID", "role/app": ""}),
    ],
)  # fmt: skip
def test_resource_policies(statements: list[dict[str, Any]], expected: dict[str, str]) -> None:
    assert readers(account(app=[allow()]), *statements) == expected


def test_a_key_is_reached_by_identity_policies_only_where_its_policy_says_so() -> None:
    arn = f"arn:aws:kms:eu-west-1:{OWN}:key/1"
    app = account(app=[allow("kms:*")])
    reading = {"vocabulary": KEYS, "arn": arn}
    assert readers(app, allow("kms:*", Principal={"AWS": ANN}), **reading) == {"user/ann": ""}
    assert readers(app, allow("kms:*", Principal={"AWS": ROOT}), **reading) == {"role/app": ""}
    assert readers(app, allow("kms:Describe*", Principal={"AWS": ROOT}), **reading) == {}
    via = {"StringEquals": {"kms:CallerAccount": OWN, "kms:ViaService": "x"}}
    assert readers(app, allow("kms:Decrypt", Principal="*", Condition=via), **reading) == {
        "role/app": "StringEquals kms:ViaService",
        "user/ann": "StringEquals kms:ViaService",
    }


def test_what_is_missing_or_broken_is_told() -> None:
    found = Account.of([
        {
            "UserDetailList": [{
                "UserName": "ann", "Arn": ANN, "GroupList": ["gone"],
                "AttachedManagedPolicies": [{"PolicyName": "x", "PolicyArn": "arn:x"}],
                "PermissionsBoundary": {"PermissionsBoundaryArn": "arn:y"},
                "UserPolicyList": [{"PolicyName": "odd", "PolicyDocument": "{"}],
            }]
        }
    ])  # fmt: skip
    found.compiled("secretsmanager", tuple(ACTIONS))
    assert found.problems == [
        "group gone of user ann is not told",
        "managed policy arn:x of ann is not told",
        "permissions boundary arn:y of ann is not told",
        "identity policy odd: the policy is not JSON",
    ]


STATEMENTS = st.lists(
    st.builds(
        lambda effect, action, resource, condition: {
            **allow(action, resource),
            "Effect": effect,
            **condition,
        },
        st.sampled_from(["Allow", "Deny"]),
        st.sampled_from([READ, "secretsmanager:*", "*", "secretsmanager:Put*", "s3:*"]),
        st.sampled_from(["*", ARN, "arn:aws:secretsmanager:*:*:secret:dev/*"]),
        st.sampled_from([{}, {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}]),
    ),
    max_size=4,
)


@given(STATEMENTS, st.booleans())
def test_a_denial_of_everything_leaves_nothing_and_order_changes_nothing(
    statements: list[dict[str, Any]], user: bool
) -> None:
    def of(listed: list[dict[str, Any]]) -> Account:
        return account(ann=listed) if user else account(app=listed)

    assert grants(of([*statements, deny("*")])) == ()
    assert readers(of(statements)) == readers(of(statements[::-1]))


@given(STATEMENTS)
def test_a_boundary_never_adds(statements: list[dict[str, Any]]) -> None:
    free, bound = readers(account(app=statements)), readers(account(app=statements, boundary=[allow()]))
    assert bound.keys() <= free.keys()
    assert all(bound[name] or not free[name] for name in bound)
