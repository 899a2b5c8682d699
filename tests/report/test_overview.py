from dataclasses import replace
from datetime import timedelta

import pytest
from inline_snapshot import snapshot

from keyproof.checks.max_age import MaxAge
from keyproof.domain.assessment import Assessment
from keyproof.domain.verdict import Outcome, Severity
from keyproof.report import overview
from keyproof.report.overview import Standing, State
from tests.fakes import assessments


def with_run(assessment: Assessment, **run: object) -> Assessment:
    return replace(assessment, run=replace(assessment.run, **run))  # type: ignore[arg-type]  # each test names fields of the run


@pytest.mark.parametrize(
    ("assessment", "standing", "sentence"),
    [
        (
            assessments.golden(),
            Standing.NOT_IN_ORDER,
            "10 exceptions nobody has accepted, 4 of them critical; 3 scopes could not be read in full and 3 findings could not be evaluated",
        ),
        (assessments.clean(), Standing.IN_ORDER, "no exception was found by these procedures"),
        (
            assessments.incomplete(),
            Standing.NOT_KNOWN,
            "no exception was found, but 3 scopes could not be read in full",
        ),
        (assessments.empty(), Standing.NOT_KNOWN, "no exception was found, but nothing was judged"),
        (
            with_run(assessments.incomplete(), allow_incomplete=True, interrupted=True),
            Standing.NOT_KNOWN,
            "no exception was found, but the run was interrupted, 3 scopes could not be read in full and this was accepted by --allow-incomplete",
        ),
        (
            with_run(assessments.golden(), fail_on=None),
            Standing.NOT_KNOWN,
            "10 exceptions below the threshold (never fail) were found, but 3 scopes could not be read in full and 3 findings could not be evaluated",
        ),
    ],
)
def test_headline(assessment: Assessment, standing: Standing, sentence: str) -> None:
    assert overview.headline(assessment) == overview.Headline(standing=standing, sentence=sentence)


def test_below_the_threshold_is_said_even_when_in_order() -> None:
    golden = assessments.golden()
    low = tuple(
        f for f in golden.findings if f.severity is Severity.LOW and f.outcome is not Outcome.NOT_EVALUATED
    )
    quiet = with_run(replace(golden, findings=low, scopes=()), fail_on=Severity.HIGH)
    assert overview.headline(quiet).sentence == snapshot(
        "3 exceptions below the threshold (high) were found by these procedures"
    )
    assert overview.headline(quiet).standing is Standing.IN_ORDER


def test_exceptions_are_what_nobody_accepted_worst_first() -> None:
    found = overview.exceptions(assessments.golden())
    assert len(found) == assessments.golden().summary.failed
    assert [f.severity.rank for f in found] == sorted((f.severity.rank for f in found), reverse=True)
    assert found[0].days_overdue == max(f.days_overdue or 0 for f in found if f.severity is Severity.CRITICAL)


def test_due_within_takes_both_ends_and_no_failure() -> None:
    golden = assessments.golden()
    passing = next(f for f in golden.findings if f.outcome is Outcome.PASS)
    days = {
        name: replace(passing, rule=name, due=golden.today + timedelta(days=number))
        for name, number in {"yesterday": -1, "today": 0, "last": 30, "after": 31}.items()
    }
    failing = replace(days["today"], rule="failing", outcome=Outcome.FAIL)
    some = replace(golden, findings=(*days.values(), failing))
    assert [f.rule for f in overview.due_within(some, 30)] == ["today", "last"]


def test_every_finding_is_in_the_count_of_its_state() -> None:
    golden = assessments.golden()
    states = [overview.state_of(finding) for finding in golden.findings]
    summary = golden.summary
    assert {state: states.count(state) for state in State} == {
        State.FAIL: summary.failed,
        State.WAIVED: summary.waived,
        State.NOT_EVALUATED: summary.not_evaluated,
        State.MANUAL: summary.manual,
        State.PASS: summary.passed,
        State.NOT_APPLICABLE: summary.not_applicable,
    }


def test_ending_waivers_come_by_their_last_day() -> None:
    assert [record.waiver.id for record in overview.ending(assessments.golden())] == [
        "W-2025-09",
        "W-2026-02",
    ]


def test_parameters_are_those_of_the_rule_file() -> None:
    assert overview.parameters(MaxAge.model_validate({"period": "90d"})) == snapshot(
        {
            "period": "90d",
            "alerts": {"30d": "warning", "7d": "critical", "0d": "emergency"},
            "min-confidence": "declared",
        }
    )
