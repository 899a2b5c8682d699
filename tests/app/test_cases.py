"""Cases of a policy: each kind of difference is told, and only what is about the subject counts."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from keyproof.app.cases import own_rules, run_case, run_suite
from keyproof.domain.case import Case, Expectation, Suite
from keyproof.domain.policy import Policy
from keyproof.domain.secret import SourceLine
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Severity
from keyproof.policy.loader import load_policy
from keyproof.wiring.catalog import CHECKS
from tests.fakes.secrets import document, leak, row, secret

PACK = """\
apiVersion: keyproof/v1
kind: PolicyPack
metadata: {id: house, title: House, version: 1.0.0, reviewed: 2025-01-01, review-every: 30d}
classes: [{id: ai, match: {name: "*openai*"}, priority: critical}]
rules:
  - {id: age, title: A, check: max-age, select: {class: ai}, with: {period: 90d}}
  - {id: drift, title: D, check: inventory-drift}
  - {id: review, title: R, check: policy-review}
"""
WAIVERS = """\
apiVersion: keyproof/v1
kind: Waivers
waivers:
  - {id: freeze, rule: age, select: {name: "*openai*"}, reason: r, requested-by: Ana, approved-by: Ben, from: 2025-10-01, until: 2025-10-31}
"""
AT = datetime(2025, 10, 5, 12, tzinfo=UTC)


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    (tmp_path / "house.yaml").write_text(PACK)
    (tmp_path / "waivers.yaml").write_text(WAIVERS)
    return load_policy(["house.yaml"], root=tmp_path, checks=CHECKS, waivers=["waivers.yaml"])


def _case(
    subject: Subject,
    outcome: str,
    *,
    rule: str = "age",
    beside: tuple[Subject, ...] = (),
    unreadable: tuple[str, ...] = (),
    with_waivers: bool = True,
    as_of: datetime = AT,
    reason: str = "",
    due: date | None = None,
    severity: Severity | None = None,
    alert: str | None = None,
    waived: bool | None = None,
    secret_class: str | None = None,
) -> Case:
    return Case(
        name="",
        rule=rule,
        subject=subject,
        beside=beside,
        unreadable=unreadable,
        as_of=as_of,
        with_waivers=with_waivers,
        expected=Expectation(
            outcome=outcome,
            reason=reason,
            due=due,
            severity=severity,
            alert=alert,
            waived=waived,
            secret_class=secret_class,
        ),
        place=SourceLine(path="house.test.yaml", line=5),
    )


OLD = secret("app/openai", value="2025-07-01")


def test_a_case_that_holds_has_no_fault(policy: Policy) -> None:
    case = _case(
        OLD,
        "fail",
        reason="OVERDUE BY 6 DAYS",
        due=date(2025, 9, 29),
        severity=Severity.HIGH,
        alert="",
        waived=True,
        secret_class="ai",
    )
    assert run_case(case, policy).faults == ()


def test_every_difference_is_told(policy: Policy) -> None:
    case = _case(
        OLD,
        "pass",
        reason="fresh",
        due=date(2025, 9, 28),
        severity=Severity.LOW,
        alert="warning",
        waived=False,
        secret_class="jwt",
    )
    told = run_case(case, policy).faults
    assert [fault.split(" ")[1] for fault in told] == [
        "outcome", "class", "reason", "due", "severity", "alert", "to",
    ]  # fmt: skip
    assert told[0].startswith("expected outcome pass, found fail: overdue by 6 days")
    assert told[4] == "expected severity low, found high (base medium, +1 priority critical = high)"
    assert told[6] == "expected to be not accepted by a waiver, found accepted by freeze"


def test_waivers_hold_only_where_they_are_on_and_in_force(policy: Policy) -> None:
    assert run_case(_case(OLD, "fail", waived=True), policy).faults == ()
    assert run_case(_case(OLD, "fail", waived=False, with_waivers=False), policy).faults == ()
    later = AT + timedelta(days=27)
    assert run_case(_case(OLD, "fail", waived=False, as_of=later), policy).faults == ()


def test_a_rule_that_does_not_select_the_subject_says_nothing(policy: Policy) -> None:
    other = secret("app/jwt", value="2020-01-01")
    assert run_case(_case(other, "not-selected", secret_class=""), policy).faults == ()
    assert run_case(_case(other, "fail", reason="x"), policy).faults == (
        "expected outcome fail, found not-selected",
    )
    assert run_case(_case(leak(), "not-selected"), policy).faults == ()


def test_the_pack_s_document_is_judged_by_rules_about_documents_alone(policy: Policy) -> None:
    fresh = document(reviewed="2025-10-01", every="30d")
    own = policy.packs[0].document
    assert run_case(_case(own, "fail", rule="review"), policy).faults == ()
    renamed = type(own)(pack="house", name="x", reviewed=fresh.reviewed, review_every=fresh.review_every)
    assert run_case(_case(renamed, "pass", rule="review"), policy).faults == ()
    assert run_case(_case(own, "not-selected", rule="age"), policy).faults == ()


def test_rows_and_live_secrets_are_joined_as_in_a_run(policy: Policy) -> None:
    table = row("OpenAI", last="2025-10-01")
    case = _case(table, "fail", rule="drift", beside=(OLD,), reason="but the live value is of 2025-07-01")
    assert run_case(case, policy).faults == ()
    alone = _case(OLD, "fail", rule="drift", beside=(row("Redis"),), reason="undeclared")
    assert run_case(alone, policy).faults == ()


def test_a_source_that_could_not_be_read_is_no_absence(policy: Policy) -> None:
    case = _case(OLD, "not-evaluated", rule="drift", beside=(row("Redis"),), unreadable=("table",))
    assert run_case(case, policy).faults == ()


def test_coverage_counts_the_rules_of_the_pack_s_own_file(tmp_path: Path, policy: Policy) -> None:
    (tmp_path / "over.yaml").write_text(
        "apiVersion: keyproof/v1\nkind: PolicyPack\nmetadata: {id: over, title: O, version: 1.0.0}\n"
        "extends: [house.yaml]\nrules:\n  - {id: more, title: M, check: no-leak}\n"
    )
    over = load_policy(["over.yaml"], root=tmp_path, checks=CHECKS)
    assert [rule.id for rule in own_rules(over.packs[0])] == ["more"]
    result = run_suite(Suite(path="house.test.yaml", policy=policy, cases=(_case(OLD, "fail"),)))
    assert {rule.rule: rule.cases for rule in result.coverage} == {
        "age": 1, "drift": 0, "review": 0, "unclassified": 0,
    }  # fmt: skip
