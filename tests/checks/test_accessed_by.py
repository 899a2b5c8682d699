"""Who used a secret, as its audit log shows."""

from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import ValidationError

from keyproof.checks.accessed_by import AccessedBy
from keyproof.domain.access import Action
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.verdict import Outcome, Verdict
from tests.fakes.secrets import access_log, context, document, event, evidence_of, row, secret, utc

ROLES = {"developer": ("dev-*",), "devops": ("ops-*",)}


def judge(subject: SecretMetadata, now: str = "2025-10-05T12:00", **parameters: Any) -> Verdict:
    chosen = {"roles": {"devops": "allow", "developer": "deny"}, "window": "30d"} | parameters
    return AccessedBy.model_validate(chosen).evaluate(subject, context(now, roles=ROLES))


def test_only_the_allowed_used_it() -> None:
    verdict = judge(secret(access_log=access_log(event("2025-10-01"), event("2025-10-02", "ops-cy"))))
    assert (verdict.outcome, verdict.reason) == (
        Outcome.PASS,
        snapshot("only the allowed used it: ops-bo, ops-cy (within 30d, by trail/main)"),
    )


def test_nobody_used_it() -> None:
    assert judge(secret(access_log=access_log())).reason == "nobody used it (within 30d, by trail/main)"


def test_who_may_not_is_named_with_the_last_use() -> None:
    log = access_log(
        event("2025-10-02", "dev-ana"), event("2025-10-01", "dev-ana"), event("2025-09-30", "eve")
    )
    verdict = judge(secret(access_log=log))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == snapshot(
        "2 principals used it that may not: eve (read, last 2025-09-30), no role of the rule; "
        "dev-ana (read, last 2025-10-02), role developer"
    )
    assert evidence_of(verdict)["use"] == "2025-10-02: read by dev-ana"


@pytest.mark.parametrize(
    ("at", "outcome"),
    [
        ("2025-09-05T11:59:59", Outcome.PASS),
        ("2025-09-05T12:00", Outcome.FAIL),
        ("2025-10-05T12:00", Outcome.FAIL),
        ("2025-10-05T12:00:01", Outcome.PASS),
        ("2025-10-05T13:30+02:00", Outcome.FAIL),
    ],
)
def test_the_window_ends_with_the_moment_that_is_judged(at: str, outcome: Outcome) -> None:
    assert judge(secret(access_log=access_log(event(at, "dev-ana")))).outcome is outcome


def test_no_log_is_not_nobody() -> None:
    assert judge(secret()) == Verdict.not_evaluated("who used it is not known: no audit log was read for it")
    unread = secret(unread={"access_log": "cloudtrail:LookupEvents is denied"})
    assert judge(unread).reason.endswith("cloudtrail:LookupEvents is denied")


@pytest.mark.parametrize(
    ("since", "until", "outcome"),
    [
        ("2025-09-05T12:00", "2025-10-05T12:00", Outcome.PASS),
        ("2025-09-05T12:00:01", "2025-10-05T12:00", Outcome.NOT_EVALUATED),
        ("2025-09-01", "2025-10-04T12:00", Outcome.PASS),
        ("2025-09-01", "2025-10-04T11:59:59", Outcome.NOT_EVALUATED),
    ],
)
def test_a_log_that_shows_part_of_the_window_proves_nothing_good(
    since: str, until: str, outcome: Outcome
) -> None:
    assert (
        judge(secret(access_log=access_log(event("2025-10-01"), since=since, until=until))).outcome is outcome
    )


def test_a_log_that_shows_part_of_the_window_proves_a_use() -> None:
    log = access_log(event("2025-10-01", "dev-ana"), since="2025-09-30")
    assert judge(secret(access_log=log)).outcome is Outcome.FAIL


def test_refused_attempts_and_other_actions_are_no_use() -> None:
    refused = event("2025-10-01", "dev-ana", allowed=False)
    listed = event("2025-10-01", "dev-ana", Action.LIST)
    assert judge(secret(access_log=access_log(refused, listed))).outcome is Outcome.PASS
    assert judge(secret(access_log=access_log(listed)), actions=["list"]).outcome is Outcome.FAIL


def test_others_can_be_allowed_but_not_everybody() -> None:
    assert (
        judge(secret(access_log=access_log(event("2025-10-01", "eve"))), others="allow").outcome
        is Outcome.PASS
    )
    assert (
        judge(secret(access_log=access_log(event("2025-10-01", "*"))), others="allow").outcome is Outcome.FAIL
    )


def test_a_role_that_the_pack_does_not_know_decides_nothing() -> None:
    verdict = judge(secret(access_log=access_log()), roles={"auditor": "allow"})
    assert verdict == Verdict.not_evaluated("the pack does not say who is auditor")


def test_the_longest_window_reaches_to_the_begin_of_the_calendar() -> None:
    assert judge(secret(access_log=access_log()), window="9999y").outcome is Outcome.NOT_EVALUATED


def test_what_has_no_log_of_its_own_is_not_concerned() -> None:
    assert judge(secret(deletion=utc("2025-10-01"))).outcome is Outcome.NOT_APPLICABLE
    check = AccessedBy.model_validate({"roles": {"devops": "allow"}, "window": "30d"})
    assert check.evaluate(document(), context()).outcome is Outcome.NOT_APPLICABLE
    tables = context(tables=["table"], roles=ROLES)
    assert check.evaluate(row(declares=("aws://1",)), tables).outcome is Outcome.NOT_APPLICABLE
    assert check.evaluate(row(), tables).outcome is Outcome.NOT_EVALUATED


@pytest.mark.parametrize(
    "parameters", [{"roles": {}}, {"roles": {"a": "perhaps"}}, {"actions": []}, {"window": "on incident"}]
)
def test_parameters_that_say_nothing_clear_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AccessedBy.model_validate({"roles": {"devops": "allow"}, "window": "30d"} | parameters)
