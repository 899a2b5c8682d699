from dataclasses import replace
from datetime import date, timedelta

from inline_snapshot import snapshot

from keyproof.checks.max_age import MaxAge
from keyproof.checks.rotated_after_leak import RotatedAfterLeak
from keyproof.domain.assessment import Assessment
from keyproof.domain.policy import Rule
from keyproof.domain.verdict import Outcome
from keyproof.report.overview import State
from keyproof.report.page import Page
from tests.fakes import assessments
from tests.fakes.assessments import BASELINE, PAYMENTS


def with_rules(*rules: Rule) -> Assessment:
    golden = assessments.golden()
    given = {(rule.pack, rule.id): rule for rule in rules}
    packs = tuple(
        replace(pack, rules=tuple(given.get((rule.pack, rule.id), rule) for rule in pack.rules))
        for pack in (BASELINE, PAYMENTS)
    )
    return replace(golden, packs=packs)


def test_every_subject_is_a_member_and_every_finding_has_one_place() -> None:
    golden = assessments.golden()
    page = Page(golden)
    assert len(page.members) == len(golden.subjects)
    anchors = [row.anchor for member in page.members for row in member.rows]
    assert sorted(anchors) == sorted(finding.id for finding in golden.findings)


def test_the_population_is_worst_first() -> None:
    ranks = [member.state.rank if member.state else 9 for member in Page(assessments.golden()).members]
    assert ranks == sorted(ranks)


def test_groups_hold_every_failure_once_open_ones_first() -> None:
    page = Page(assessments.golden())
    summary = page.assessment.summary
    assert sum(group.open for group in page.groups) == summary.failed
    assert sum(group.accepted for group in page.groups) == summary.waived
    for group in page.groups:
        states = [row.state for row in group.rows]
        assert states == sorted(states, key=lambda state: state is State.WAIVED)


def test_one_entry_a_subject_in_what_must_be_done() -> None:
    page = Page(assessments.golden())
    subjects = [row.finding.subject for row, _ in page.todo]
    assert len(subjects) == len(set(subjects))
    assert sum(1 + more for _, more in page.todo) == len(page.worst)


def test_a_control_whose_failures_are_all_accepted_says_so() -> None:
    controls = {
        c.result.control.id: c.state for f in Page(assessments.golden()).frameworks for c in f.controls
    }
    assert controls["pci-dss-4.0.1:8.3.2"] is State.WAIVED
    assert controls["soc2:CC6.7"] is State.NOT_EVALUATED
    assert controls["pci-dss-4.0.1:3.7.4"] is State.PASS


def test_counts_reconcile_and_a_difference_shows() -> None:
    golden = assessments.golden()
    assert [line for line in Page(golden).reconciliation if line.read != line.listed] == []
    fewer = replace(golden, subjects=tuple(r for r in golden.subjects if r.subject != assessments.FTP))
    (line,) = (line for line in Page(fewer).reconciliation if line.read != line.listed)
    assert (line.source, line.read, line.listed) == ("aws-prod", 6, 5)


def test_exposure_lanes_mark_the_rotation_and_the_deadline() -> None:
    rule = replace(
        assessments.RULES["rotated-after-leak"], check=RotatedAfterLeak.model_validate({"deadline": "24h"})
    )
    lanes = {exposure.leak.fingerprint: exposure.lane for exposure in Page(with_rules(rule)).leaks}
    assert "deadline 2025-11-05, rotated 2025-11-05" in lanes[assessments.PROVEN.fingerprint]
    assert "deadline 2026-02-12" in lanes[assessments.LIKELY.fingerprint]
    assert "rotated" not in lanes[assessments.LIKELY.fingerprint]


def test_age_bars_show_the_alerts_of_the_rule() -> None:
    check = MaxAge.model_validate({"period": "90d", "alerts": {"10d": "soon", "0d": "now"}})
    rule = replace(assessments.RULES["database-rotation"], check=check)
    member = next(
        m for m in Page(with_rules(rule)).members if m.record.subject == assessments.STAGING_DATABASE
    )
    assert member.bar.count('class="rung"') == 1


def test_two_detectors_on_one_value_keep_apart() -> None:
    golden = assessments.golden()
    twin = assessments.record(replace(assessments.PROVEN, detector="generic-assignment"))
    page = Page(replace(golden, subjects=(*golden.subjects, twin)))
    anchors = [member.anchor for member in page.members]
    assert len(anchors) == len(set(anchors))


def test_a_value_newer_than_its_due_date_draws_nothing() -> None:
    golden = assessments.golden()
    odd = tuple(
        replace(finding, due=date(2020, 1, 1)) if finding.due else finding for finding in golden.findings
    )
    assert all(not member.bar for member in Page(replace(golden, findings=odd)).members)


def test_the_calendar_holds_every_due_date() -> None:
    golden = assessments.golden()
    page = Page(golden)
    assert len(page.dues) == sum(finding.due is not None for finding in golden.findings)
    soon = {row.name for due, row in page.dues if due.kind == "soon"}
    assert soon == {row.name for row in page.soon}
    assert all(due.day - golden.today <= timedelta(days=30) for due, _ in page.dues if due.kind == "soon")


def test_waivers_that_need_somebody_come_first() -> None:
    told = [
        (one.record.waiver.id, one.record.state.value, one.remark)
        for one in Page(assessments.golden()).waivers
    ]
    assert told == snapshot(
        [
            ("W-2025-09", "expired", "ended on 2025-12-31, 75 days ago: what it is about fails again"),
            ("W-2026-04", "malformed", "accepts nothing"),
            ("W-2026-02", "expiring", "ends in 9 days, on 2026-03-25"),
            ("W-2026-03", "unused", "is not needed: nothing it is about fails"),
            ("W-2026-05", "pending", "begins in 16 days, on 2026-04-01, and accepts nothing until then"),
            ("W-2026-01", "active", ""),
        ]
    )


def test_baseline_entries_that_need_somebody_come_first() -> None:
    kept = Page(assessments.golden()).baseline
    assert [
        (
            one.record.state.value,
            one.row.state.value if one.row else "",
            one.row is not None and one.row.finding.baseline is not None,
        )
        for one in kept
    ] == snapshot(
        [
            ("expired", "fail", False),
            ("expiring", "waived", False),
            ("unused", "", False),
            ("active", "waived", True),
        ]
    )


def test_a_day_that_passed_without_a_failure_is_no_day_to_come() -> None:
    golden = assessments.golden()
    lapsed = replace(golden.findings[0], outcome=Outcome.NOT_EVALUATED, due=golden.today - timedelta(days=10))
    page = Page(replace(golden, findings=(lapsed,)))
    ((due, _),) = page.dues
    assert page.due_words[due.kind] == "lapsed, not evaluated"


def test_a_control_tells_a_condition_once() -> None:
    judged = [
        control for framework in Page(assessments.golden()).frameworks for control in framework.controls
    ]
    assert any(control.by_condition for control in judged)
    for control in judged:
        conditions = [condition for condition, _ in control.by_condition]
        assert len(set(conditions)) == len(conditions)
        assert "" not in conditions[1:]
        told = [procedure for _, procedures in control.by_condition for procedure in procedures]
        assert sorted(told, key=repr) == sorted(control.procedures, key=repr)
