"""From a snapshot to findings, controls, waivers and the exit code."""

from dataclasses import replace
from datetime import date, timedelta
from typing import ClassVar

import pytest

from keyproof.app.assess import Request, assess
from keyproof.check_model import CheckModel
from keyproof.domain.assessment import Assessment, Scope, ScopeStatus
from keyproof.domain.check import Context
from keyproof.domain.policy import (
    Control,
    ControlMapping,
    Framework,
    Policy,
    PolicyPack,
    Rule,
    SecretClass,
    Strength,
    Waiver,
    WaiverState,
)
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.subject import Document, Subject
from keyproof.domain.verdict import Outcome, Severity, Verdict
from tests.fakes.ports import NOW

TODAY = NOW.date()


class Stated(CheckModel):
    """Gives the outcome that the subject's tag states."""

    kind: ClassVar[str] = "stated"

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        return Verdict(outcome=Outcome(subject.tags["outcome"]), reason="as its tag says")


class Named:
    """Selects subjects whose name begins with the text."""

    def __init__(self, start: str = "") -> None:
        self.start = start

    def matches(self, subject: Subject, secret_class: str) -> bool:
        return subject.name.startswith(self.start)

    def describe(self) -> str:
        return f"name: {self.start}*"


def secret(name: str, outcome: str = "pass") -> SecretMetadata:
    return SecretMetadata(
        id=f"fake://{name}", name=name, source="a", backend="fake", scope="x", tags={"outcome": outcome}
    )


def pack(*, select: str = "", severity: Severity | None = Severity.MEDIUM) -> PolicyPack:
    rule = Rule(
        id="rule", pack="house", title="A rule", check=Stated(), selector=Named(select), severity=severity,
        controls=(ControlMapping(id="soc2:CC6.1", strength=Strength.PARTIAL, preconditions="it is in scope"),),
    )  # fmt: skip
    return PolicyPack(
        id="house", title="House", version="1", document=Document(pack="house", name="House"),
        classes=(SecretClass(id="db", title="Database", selector=Named("db"), priority="critical"),),
        roles={}, rules=(rule,), digest="d", disabled={},
    )  # fmt: skip


CONTROL = Control(
    id="soc2:CC6.1", framework="soc2", title="Logical access", demands="", scan_cannot_show="who was told."
)


def run(
    *secrets: SecretMetadata,
    scopes: tuple[Scope, ...] = (),
    waivers: tuple[Waiver, ...] = (),
    policy_pack: PolicyPack | None = None,
    interrupted: bool = False,
    fail_on: Severity | None = Severity.LOW,
    allow_incomplete: bool = False,
) -> Assessment:
    snapshot = Snapshot(
        taken_at=NOW, secrets=secrets, leaks=(), repositories=(), scopes=scopes, interrupted=interrupted
    )
    framework = Framework(id="soc2", title="SOC 2", edition="2022", controls=(CONTROL,))
    policy = Policy(packs=(policy_pack or pack(),), frameworks=(framework,), waivers=waivers, digest="p")
    request = Request(
        as_of=NOW, organisation="Test", config_digest="c", version="0", fail_on=fail_on, allow_incomplete=allow_incomplete
    )  # fmt: skip
    return assess(snapshot, policy, request, finished=NOW)


def gap(status: ScopeStatus = ScopeStatus.DENIED) -> Scope:
    return Scope(source="aws", kind="fake", scope="east", status=status, subjects=0, reason="denied")


def waiver(*, until: date = TODAY, starts: date = TODAY - timedelta(days=5), select: str = "") -> Waiver:
    return Waiver(
        id="w", rule="rule", control="", selector=Named(select), reason="r", ticket="T-1", requested_by="a",
        approved_by=("b",), starts=starts, until=until,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("outcomes", "scopes", "expected"),
    [
        (["pass"], (), 0),
        (["fail", "pass"], (), 1),
        (["not-evaluated", "pass"], (), 3),
        (["pass"], (gap(),), 3),
        (["fail"], (gap(),), 1),
        (["manual"], (), 0),
        (["not-applicable"], (), 3),
        ([], (), 3),
    ],
)
def test_exit_codes(outcomes: list[str], scopes: tuple[Scope, ...], expected: int) -> None:
    secrets = [secret(str(index), outcome) for index, outcome in enumerate(outcomes)]
    assert run(*secrets, scopes=scopes).summary.exit_code == expected


def test_allow_incomplete_is_explicit_and_printed() -> None:
    assessment = run(secret("a", "not-evaluated"), allow_incomplete=True)
    assert (assessment.summary.exit_code, assessment.run.allow_incomplete) == (0, True)


def test_an_interrupted_run_says_so_whatever_it_found() -> None:
    assert run(secret("a", "fail"), interrupted=True).summary.exit_code == 130


@pytest.mark.parametrize(
    ("floor", "expected"), [(Severity.MEDIUM, 1), (Severity.HIGH, 0), (None, 0), (Severity.LOW, 1)]
)
def test_the_gate_has_a_floor(floor: Severity | None, expected: int) -> None:
    assert run(secret("a", "fail"), secret("b"), fail_on=floor).summary.exit_code == expected


@pytest.mark.parametrize(
    ("until", "exit_code", "state"),
    [
        (TODAY, 0, WaiverState.EXPIRING),
        (TODAY + timedelta(days=15), 0, WaiverState.ACTIVE),
        (TODAY - timedelta(days=1), 1, WaiverState.EXPIRED),
    ],
)
def test_a_waiver_counts_through_its_last_day(until: date, exit_code: int, state: WaiverState) -> None:
    assessment = run(secret("a", "fail"), secret("b"), waivers=(waiver(until=until),))
    assert assessment.summary.exit_code == exit_code
    assert assessment.waivers[0].state is state
    failing = next(finding for finding in assessment.findings if finding.subject == "fake://a")
    assert failing.outcome is Outcome.FAIL
    assert (failing.waiver is not None) == (exit_code == 0)


def test_a_waiver_that_accepts_nothing_is_unused() -> None:
    assessment = run(secret("a", "fail"), waivers=(waiver(select="other"),))
    assert (assessment.summary.failed, assessment.waivers[0].state) == (1, WaiverState.UNUSED)


def test_a_waiver_never_turns_a_pass_into_anything() -> None:
    assessment = run(secret("a"), waivers=(waiver(),))
    assert [(finding.outcome, finding.waiver) for finding in assessment.findings] == [(Outcome.PASS, None)]


def test_a_rule_that_meets_nothing_is_visible() -> None:
    finding = run(secret("a"), policy_pack=pack(select="zzz")).findings[0]
    assert (finding.outcome, finding.subject) == (Outcome.NOT_APPLICABLE, "policy://house")
    assert finding.reason == "nothing in scope matches name: zzz*"


def test_a_rule_that_meets_nothing_while_a_scope_is_unread_is_not_evaluated() -> None:
    finding = run(secret("a"), policy_pack=pack(select="zzz"), scopes=(gap(),)).findings[0]
    assert finding.outcome is Outcome.NOT_EVALUATED
    assert "aws could not be read in full" in finding.reason


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (["pass", "fail", "not-evaluated"], Outcome.FAIL),
        (["pass", "not-evaluated", "manual"], Outcome.NOT_EVALUATED),
        (["pass", "manual"], Outcome.MANUAL),
        (["pass", "not-applicable"], Outcome.PASS),
        (["not-applicable"], Outcome.NOT_EVALUATED),
        ([], Outcome.NOT_EVALUATED),
    ],
)
def test_control_outcomes_take_the_worst(outcomes: list[str], expected: Outcome) -> None:
    control = run(*(secret(str(index), outcome) for index, outcome in enumerate(outcomes))).controls[0]
    assert control.outcome is expected
    assert sum(control.counts.values()) == max(1, len(outcomes))
    assert "Evidence strength: partial." in control.note
    assert "A scan cannot show: who was told." in control.note


def test_a_control_of_waived_failures_is_not_a_pass() -> None:
    control = run(secret("a", "fail"), secret("b"), waivers=(waiver(),)).controls[0]
    assert (control.outcome, control.counts["waived"]) == (Outcome.FAIL, 1)
    assert "Every failure is covered by a waiver" in control.note


def test_a_severity_that_no_rule_states_is_derived_and_explained() -> None:
    assessment = run(secret("db-1", "fail"), policy_pack=pack(severity=None))
    finding = assessment.findings[0]
    assert (finding.severity, finding.severity_reason) == (
        Severity.HIGH,
        "base medium, +1 priority critical = high",
    )


def test_subjects_carry_their_class_and_the_run_id_is_derived() -> None:
    first, second = run(secret("db-1")), run(secret("db-1"))
    record = next(record for record in first.subjects if record.subject.name == "db-1")
    assert (record.secret_class, record.priority) == ("db", "critical")
    assert first.run.id == second.run.id != run(secret("db-2")).run.id


def test_the_order_of_secrets_changes_nothing() -> None:
    one, two = secret("a"), secret("b", "fail")
    assert run(one, two).findings == run(two, one).findings


def test_every_finding_is_counted_once() -> None:
    summary = run(*(secret(outcome, outcome) for outcome in Outcome)).summary
    counts = (
        summary.passed,
        summary.failed,
        summary.waived,
        summary.not_evaluated,
        summary.manual,
        summary.not_applicable,
    )
    assert counts == (1, 1, 0, 1, 1, 1)
    assert replace(summary, exit_code=0).by_severity == {"critical": 0, "high": 0, "medium": 1, "low": 0}


def test_a_shared_rule_is_judged_in_one_pack_and_waived_by_either_name() -> None:
    base, house = pack(), replace(pack(), id="other")
    base = replace(base, rules=tuple(replace(rule, also_in=("other",)) for rule in base.rules))
    house = replace(
        house, rules=tuple(replace(rule, pack="other", judged_in="house") for rule in house.rules)
    )
    snapshot = Snapshot(taken_at=NOW, secrets=(secret("a", "fail"),), leaks=(), repositories=(), scopes=())
    accepted = replace(waiver(), rule="other/rule")
    policy = Policy(packs=(base, house), frameworks=(), waivers=(accepted,), digest="p")
    request = Request(as_of=NOW, organisation="T", config_digest="c", version="0", fail_on=Severity.LOW)
    (finding,) = assess(snapshot, policy, request, finished=NOW).findings
    assert (finding.pack, finding.waiver) == ("house", "w")
