"""Resource policies of AWS secrets, read to grants."""

import json
from typing import Any

import pytest
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st

from keyproof.aws.resource_policy import ACTIONS, NO_ACTION, grants_of
from keyproof.domain.access import AccessGrant, Action

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf"
ROLE = "arn:aws:iam::123456789012:role/ci"
EVERYTHING = (Action.READ, Action.LIST, Action.WRITE, Action.ADMIN)


def _statement(**elements: Any) -> dict[str, Any]:
    usual = {
        "Effect": "Allow",
        "Principal": {"AWS": ROLE},
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
    }
    merged = {**usual, **elements}
    return {key: value for key, value in merged.items() if value is not None}


def _grants(*statements: Any) -> tuple[AccessGrant, ...]:
    return grants_of(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), arn=ARN)


def test_an_allow_names_principal_action_and_statement() -> None:
    assert _grants(_statement(Sid="Ci")) == (
        AccessGrant(principal=ROLE, actions=(Action.READ,), via="resource policy, statement Ci"),
    )


def test_a_single_statement_needs_no_list() -> None:
    policy = json.dumps({"Statement": _statement()})
    assert [grant.via for grant in grants_of(policy, arn=ARN)] == ["resource policy, statement 1"]


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ("*", ["*"]),
        ({"AWS": "*"}, ["*"]),
        ({"AWS": "111122223333"}, ["arn:aws:iam::111122223333:root"]),
        ({"AWS": [ROLE, "AROAEXAMPLEID"]}, ["AROAEXAMPLEID", ROLE]),
        ({"Service": "lambda.amazonaws.com"}, ["lambda.amazonaws.com"]),
        ({"Federated": "cognito-identity.amazonaws.com"}, ["cognito-identity.amazonaws.com"]),
        ({"AWS": ROLE, "Service": ["lambda.amazonaws.com"]}, [ROLE, "lambda.amazonaws.com"]),
    ],
)
def test_principals(principal: Any, expected: list[str]) -> None:
    assert [grant.principal for grant in _grants(_statement(Principal=principal))] == sorted(expected)


def test_an_account_number_takes_the_partition_of_the_secret() -> None:
    policy = json.dumps({"Statement": _statement(Principal={"AWS": "111122223333"})})
    (grant,) = grants_of(policy, arn=ARN.replace("arn:aws:", "arn:aws-cn:"))
    assert grant.principal == "arn:aws-cn:iam::111122223333:root"


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"Action": "*"}, EVERYTHING),
        ({"Action": "secretsmanager:*"}, EVERYTHING),
        ({"Action": "SecretsManager:GETsecretvalue"}, (Action.READ,)),
        ({"Action": "secretsmanager:Get*"}, (Action.READ, Action.LIST)),
        ({"Action": "secretsmanager:?etSecretValue"}, (Action.READ,)),
        ({"Action": ["secretsmanager:PutSecretValue", "secretsmanager:DescribeSecret"]}, (Action.LIST, Action.WRITE)),
        ({"Action": "secretsmanager:TagResource"}, (Action.ADMIN,)),
        ({"Action": None, "NotAction": "secretsmanager:GetSecretValue"}, (Action.LIST, Action.WRITE, Action.ADMIN)),
        ({"Action": None, "NotAction": "secretsmanager:DescribeSecret"}, EVERYTHING),
        ({"Action": "s3:GetObject"}, None),
        ({"Action": "secretsmanager:BatchGetSecretValue"}, None),
        ({"Resource": ARN}, (Action.READ,)),
        ({"Resource": ARN[:-6] + "??????"}, (Action.READ,)),
        ({"Resource": [ARN + "X", "arn:aws:secretsmanager:*:*:secret:prod/*"]}, (Action.READ,)),
        ({"Resource": ARN[:-6] + "?????"}, None),
        ({"Resource": ARN.upper()}, None),
        ({"Resource": None, "NotResource": ARN}, None),
        ({"Resource": None, "NotResource": "arn:aws:s3:::other"}, (Action.READ,)),
        ({"Resource": "arn:aws:secretsmanager:*:*:secret:${aws:PrincipalTag/team}/*"}, (Action.READ,)),
    ],
)  # fmt: skip
def test_what_an_allow_covers(elements: dict[str, Any], expected: tuple[Action, ...] | None) -> None:
    assert [grant.actions for grant in _grants(_statement(**elements))] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"Action": "secretsmanager:*"}, EVERYTHING),
        ({"Action": "secretsmanager:GetSecretValue"}, (Action.READ,)),
        ({"Action": "secretsmanager:DeleteSecret"}, None),  # other ways to administer stay open
        ({"Action": None, "NotAction": "secretsmanager:GetSecretValue"}, (Action.LIST, Action.WRITE, Action.ADMIN)),
        ({"Action": None, "NotAction": "secretsmanager:Describe*"}, (Action.READ, Action.WRITE, Action.ADMIN)),
        ({"Resource": "arn:aws:secretsmanager:*:*:secret:${aws:PrincipalTag/team}/*"}, None),
    ],
)  # fmt: skip
def test_a_deny_counts_only_when_it_leaves_nothing(
    elements: dict[str, Any], expected: tuple[Action, ...] | None
) -> None:
    grants = _grants(_statement(Effect="Deny", **elements))
    assert [grant.actions for grant in grants] == ([expected] if expected else [])
    assert all(grant.effect == "deny" for grant in grants)


def test_everyone_but_some_is_allowed_is_everyone() -> None:
    (grant,) = _grants(_statement(Principal=None, NotPrincipal={"AWS": ROLE}))
    assert (grant.principal, grant.condition) == ("*", "")
    assert grant.via == f"resource policy, statement 1 (NotPrincipal {ROLE})"


def test_everyone_but_some_is_denied_is_a_deny_with_a_condition() -> None:
    (grant,) = _grants(_statement(Effect="Deny", Principal=None, NotPrincipal={"AWS": ROLE}))
    assert (grant.principal, grant.effect, grant.condition) == ("*", "deny", f"NotPrincipal {ROLE}")


def test_conditions_are_named_without_their_values() -> None:
    condition = {
        "StringEquals": {"aws:PrincipalOrgID": "o-1", "aws:SourceVpc": "vpc-1"},
        "Bool": {"aws:SecureTransport": "true"},
    }
    (grant,) = _grants(_statement(Principal="*", Condition=condition))
    assert grant.condition == "Bool aws:SecureTransport; StringEquals aws:PrincipalOrgID, aws:SourceVpc"


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON|nested too deeply"),
        ("[]", "no Statement"),
        ("{}", "no Statement"),
        ('{"Statement": ["x"]}', "statement 1 of the policy is no object"),
        (json.dumps({"Statement": _statement(Effect="allow")}), "the effect 'allow'"),
        (json.dumps({"Statement": _statement(Effect=["Allow"])}), "the effect"),
        (json.dumps({"Statement": _statement(Principal=None)}), "no principal"),
        (json.dumps({"Statement": _statement(Principal={})}), "no principal"),
        (json.dumps({"Statement": _statement(Principal={"AWS": []})}), "Principal AWS of statement 1"),
        (json.dumps({"Statement": _statement(Action=None)}), "one of Action and NotAction"),
        (json.dumps({"Statement": _statement(NotAction="s3:*")}), "one of Action and NotAction"),
        (json.dumps({"Statement": _statement(Action=7)}), "Action of statement 1 is no text"),
        (json.dumps({"Statement": _statement(Resource=None)}), "one of Resource and NotResource"),
        (json.dumps({"Statement": _statement(Condition=["x"])}), "a condition"),
        (json.dumps({"Statement": _statement(Condition={"Bool": "x"})}), "a condition"),
    ],
)
def test_what_cannot_be_understood_is_said(policy: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        grants_of(policy, arn=ARN)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["*", "Allow", ROLE]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Statement", "Effect", "Principal", "Action", "Resource", "AWS", "Condition"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@given(_JSON)
def test_any_json_gives_grants_or_a_value_error(document: Any) -> None:
    for policy in (json.dumps(document), json.dumps({"Statement": document})):
        try:
            grants = grants_of(policy, arn=ARN)
        except ValueError:
            continue
        assert list(grants) == sorted(grants)


def test_many_wildcards_do_not_hang_the_scan() -> None:
    assert _grants(_statement(Resource="*a" * 5000 + "!")) == ()
    assert _grants(_statement(Action="*e" * 5000 + "!")) == ()


def test_every_action_of_the_service_has_its_place() -> None:
    """A new operation of AWS fails this test, so that it gets a meaning instead of being overlooked."""
    model = Session().get_service_model("secretsmanager")
    assert {*ACTIONS, *NO_ACTION} == {"BatchGetSecretValue", *model.operation_names}
    assert not set(ACTIONS) & NO_ACTION
