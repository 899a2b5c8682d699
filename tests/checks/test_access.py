"""Who can use a secret: roles, denials, anyone, conditions, what could not be read."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from keyproof.checks.access import Access
from keyproof.domain.access import AccessGrant, Action
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.verdict import Evidence, Outcome, Verdict
from tests.fakes.secrets import context, document, grant, row, secret, utc

ROLES = {
    "developer": ("*:role/developer-*", "auth/userpass/users/dev-*"),
    "devops": ("*:role/devops",),
    "application": ("*:role/content-app", "auth/approle/role/content-app"),
    "lead": ("*:role/developer-lead",),
}
APP, DEV, OPS, STRANGER = (
    f"arn:aws:iam::111122223333:role/{name}"
    for name in ("content-app", "developer-ana", "devops", "marketing")
)
POLICY = {"application": "allow", "devops": "allow", "developer": "deny"}


def judge(*grants: AccessGrant, roles: dict[str, str] | None = None, **parameters: Any) -> Verdict:
    return of(secret(grants=grants), roles=roles or POLICY, **parameters)


def of(subject: SecretMetadata, **parameters: Any) -> Verdict:
    known = context("2025-10-05", tables=["table"], roles=ROLES)
    return Access.model_validate({"roles": POLICY} | parameters).evaluate(subject, known)


def test_only_the_allowed_can_read() -> None:
    verdict = judge(grant(APP), grant(OPS, via="policy ops-read"))
    assert verdict.outcome is Outcome.PASS
    assert verdict.reason == f"only the allowed can read it: {APP}, {OPS}"
    assert verdict.evidence == (
        Evidence(name="principal", value=f"{APP} (read by resource policy)"),
        Evidence(name="principal", value=f"{OPS} (read by policy ops-read)"),
    )


def test_a_denied_role_is_named_with_the_way_it_reads() -> None:
    verdict = judge(grant(APP), grant(DEV, via="policy dev-read"))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == (
        f"1 principal can use it that may not: {DEV} (read by policy dev-read), role developer"
    )
    assert verdict.evidence == (Evidence(name="grant", value=f"{DEV}: policy dev-read"),)


@pytest.mark.parametrize(("others", "outcome"), [("deny", Outcome.FAIL), ("allow", Outcome.PASS)])
def test_a_principal_of_no_role_is_one_of_the_others(others: str, outcome: Outcome) -> None:
    verdict = judge(grant(STRANGER), others=others)
    assert verdict.outcome is outcome
    if outcome is Outcome.FAIL:
        assert verdict.reason.endswith(f"{STRANGER} (read by resource policy), no role of the rule")


def test_a_role_the_rule_does_not_name_is_one_of_the_others_and_named() -> None:
    verdict = judge(grant(OPS), roles={"application": "allow"})
    assert verdict.reason.endswith(f"{OPS} (read by resource policy), role devops")
    assert judge(grant(OPS), roles={"application": "allow"}, others="allow").outcome is Outcome.PASS


def test_of_several_roles_a_denied_one_decides() -> None:
    lead = "arn:aws:iam::111122223333:role/developer-lead"
    assert judge(grant(lead), roles={"lead": "allow", "developer": "deny"}).outcome is Outcome.FAIL
    assert judge(grant(lead), roles={"lead": "allow"}).outcome is Outcome.PASS


def test_principals_are_compared_with_regard_to_letter_case() -> None:
    assert judge(grant(APP.replace("content-app", "Content-App"))).outcome is Outcome.FAIL


@pytest.mark.parametrize("others", ["deny", "allow"])
def test_anyone_is_never_allowed(others: str) -> None:
    verdict = judge(grant("*"), others=others)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "1 principal can use it that may not: * (read by resource policy), anyone"


def test_what_only_a_condition_lets_in_is_not_evaluated_and_the_condition_named() -> None:
    verdict = judge(grant("*", condition="aws:PrincipalOrgID = o-example"))
    assert verdict.outcome is Outcome.NOT_EVALUATED
    assert verdict.reason == (
        "1 principal may be able to use it that may not: "
        "* (read by resource policy on condition aws:PrincipalOrgID = o-example), anyone"
    )
    certain = judge(grant("*", condition="c"), grant("*"))
    assert certain.outcome is Outcome.FAIL
    both = judge(grant("*", condition="c"), grant(DEV))
    assert both.outcome is Outcome.FAIL
    assert both.reason.startswith("1 principal can use it that may not: ")


@pytest.mark.parametrize(
    ("denial", "outcome"),
    [
        (grant(DEV, effect="deny"), Outcome.PASS),
        (grant("*", effect="deny"), Outcome.PASS),
        (grant(DEV, Action.WRITE, effect="deny"), Outcome.FAIL),
        (grant(OPS, effect="deny"), Outcome.FAIL),
        (grant(DEV, effect="deny", condition="aws:SourceIp outside 10.0.0.0/8"), Outcome.FAIL),
    ],
)
def test_a_denial_wins_over_what_the_same_principal_is_granted(denial: AccessGrant, outcome: Outcome) -> None:
    assert judge(grant(DEV), denial).outcome is outcome
    assert judge(denial, grant(DEV)).outcome is outcome


@pytest.mark.parametrize(
    ("granted", "actions", "outcome"),
    [
        ((Action.LIST,), ["read"], Outcome.PASS),
        ((Action.LIST, Action.READ), ["read"], Outcome.FAIL),
        ((Action.WRITE,), ["read", "write"], Outcome.FAIL),
        ((Action.ADMIN,), ["write"], Outcome.PASS),
        ((Action.ADMIN,), ["admin"], Outcome.FAIL),
    ],
)
def test_only_the_actions_asked_about_are_judged(
    granted: tuple[Action, ...], actions: list[str], outcome: Outcome
) -> None:
    assert judge(grant(DEV, *granted), actions=actions).outcome is outcome


def test_only_the_offending_actions_and_ways_are_shown() -> None:
    verdict = judge(
        grant(DEV, Action.LIST, via="list policy"), grant(DEV, Action.READ, Action.WRITE, via="rw")
    )
    assert verdict.reason.endswith(f"{DEV} (read by rw), role developer")


def test_every_offender_is_kept_as_evidence() -> None:
    many = [grant(f"arn:aws:iam::111122223333:role/developer-{number}") for number in range(9)]
    verdict = judge(*many)
    assert verdict.reason.startswith("9 principals can use it that may not: ")
    assert verdict.reason.endswith(" and 6 more")
    assert [item.value for item in verdict.evidence] == [
        f"{found.principal}: resource policy" for found in many
    ]


def test_nobody_is_no_offence() -> None:
    assert judge().reason == "nobody can read it"


def test_grants_that_could_not_be_read_are_not_the_same_as_none() -> None:
    assert of(
        secret(unread={"grants": "secretsmanager:GetResourcePolicy is denied"})
    ) == Verdict.not_evaluated("who can use it is not known: secretsmanager:GetResourcePolicy is denied")
    assert of(secret()) == Verdict.not_evaluated(
        "who can use it is not known: aws-secrets-manager does not show its grants"
    )


@pytest.mark.parametrize(
    "partly",
    [
        {"attributes": {"identity-policies": "not read"}},
        {"unread": {"grants": "identity policies were not read"}},
    ],
)
def test_a_part_of_the_grants_proves_a_failure_but_no_pass(partly: dict[str, Any]) -> None:
    verdict = of(secret(grants=(grant(APP),), **partly))
    assert verdict.outcome is Outcome.NOT_EVALUATED
    assert verdict.reason == (
        f"as far as its grants were read only the allowed can read it: {APP}, but identity policies were not read"
    )
    assert of(secret(grants=(grant(DEV),), **partly)).outcome is Outcome.FAIL
    accepted = of(secret(grants=(grant(APP),), **partly), **{"accept-partial": True})
    assert accepted.outcome is Outcome.PASS
    assert "identity policies were not read" in accepted.reason


def test_a_role_the_pack_does_not_define_cannot_be_judged() -> None:
    verdict = judge(grant(DEV), roles={"developers": "deny", "auditor": "allow"})
    assert verdict == Verdict.not_evaluated("the pack does not say who is auditor, developers")


def test_a_row_is_judged_on_its_live_secret() -> None:
    assert of(row(declares=("vault://a",))).outcome is Outcome.NOT_APPLICABLE
    assert of(row()).outcome is Outcome.NOT_EVALUATED


def test_a_deleted_secret_or_a_document_is_no_matter() -> None:
    gone = secret(grants=(grant("*"),), deletion=utc("2025-10-01"))
    assert of(gone) == Verdict.not_applicable("deleted on 2025-10-01")
    check = Access.model_validate({"roles": POLICY})
    assert check.evaluate(document(), context()).outcome is Outcome.NOT_APPLICABLE


GRANTS = st.lists(
    st.builds(
        AccessGrant,
        principal=st.sampled_from([APP, DEV, OPS, STRANGER, "*"]),
        actions=st.lists(st.sampled_from(Action), max_size=3).map(tuple),
        via=st.sampled_from(["a", "b"]),
        effect=st.sampled_from(["allow", "deny"]),
        condition=st.sampled_from(["", "c"]),
    ),
    max_size=6,
)


@given(GRANTS)
def test_the_order_of_grants_changes_nothing(grants: Sequence[AccessGrant]) -> None:
    assert judge(*grants) == judge(*reversed(grants))


@given(GRANTS, st.sampled_from([APP, DEV, OPS, STRANGER, "*"]))
def test_one_more_grant_never_turns_a_failure_into_a_pass(
    grants: Sequence[AccessGrant], principal: str
) -> None:
    if judge(*grants).outcome is Outcome.FAIL:
        assert judge(*grants, grant(principal)).outcome is Outcome.FAIL


@given(GRANTS)
def test_a_pass_means_that_nobody_but_the_allowed_reads(grants: Sequence[AccessGrant]) -> None:
    if judge(*grants).outcome is Outcome.PASS:
        barred = {
            g.principal for g in grants if g.effect == "deny" and not g.condition and Action.READ in g.actions
        }
        readers = {g.principal for g in grants if g.effect == "allow" and Action.READ in g.actions} - barred
        assert "*" in barred or readers <= {APP, OPS}


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"roles": {}},
        {"roles": {"developer": "forbid"}},
        {"roles": POLICY, "actions": ["use"]},
        {"roles": POLICY, "actions": []},
        {"roles": POLICY, "other": "deny"},
    ],
)
def test_parameters_that_say_nothing_clear_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Access.model_validate(parameters)
