"""Joining aspects of one subject: the worst decides, and nothing unknown passes."""

from datetime import date
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.aspects import join
from keyproof.domain.verdict import Evidence, Outcome, Verdict

VERDICTS = st.builds(Verdict, outcome=st.sampled_from(Outcome), reason=st.text(min_size=1))
PASSED, FAILED = Verdict.passed("it passes", a="1"), Verdict.failed("it fails", b="2")
UNKNOWN, ASIDE = Verdict.not_evaluated("it is unknown"), Verdict.not_applicable("it is no matter")


@pytest.mark.parametrize("order", list(permutations([PASSED, FAILED, UNKNOWN, ASIDE])))
def test_a_failure_decides_and_what_is_unknown_is_still_named(order: tuple[Verdict, ...]) -> None:
    joined = join(order)
    assert joined.outcome is Outcome.FAIL
    assert joined.reason == "it fails; it is unknown"
    assert set(joined.evidence) == {Evidence(name="a", value="1"), Evidence(name="b", value="2")}


def test_what_is_unknown_is_never_a_pass() -> None:
    assert join([PASSED, UNKNOWN, ASIDE]) == Verdict.not_evaluated("it is unknown", a="1")


def test_what_does_not_apply_never_hides_a_pass() -> None:
    assert join([ASIDE, PASSED]).outcome is Outcome.PASS
    assert join([ASIDE, ASIDE]) == ASIDE


def test_a_due_date_is_kept() -> None:
    dated = Verdict(
        outcome=Outcome.PASS, reason="in time", due=date(2025, 9, 29), days_overdue=0, alert="warning"
    )
    joined = join([FAILED, dated])
    assert (joined.due, joined.days_overdue, joined.alert) == (date(2025, 9, 29), 0, "warning")
    assert joined.reason == "it fails"


def test_nothing_judged_is_an_error_not_a_pass() -> None:
    with pytest.raises(ValueError, match="no aspect was judged"):
        join([])


@given(st.lists(VERDICTS, min_size=1, max_size=6))
def test_the_outcome_does_not_depend_on_the_order(aspects: list[Verdict]) -> None:
    assert join(aspects).outcome is join(aspects[::-1]).outcome
    assert join(aspects).outcome in {aspect.outcome for aspect in aspects}


@given(st.lists(VERDICTS, min_size=1, max_size=6))
def test_only_passes_pass(aspects: list[Verdict]) -> None:
    outcomes = {aspect.outcome for aspect in aspects}
    if join(aspects).outcome is Outcome.PASS:
        assert outcomes <= {Outcome.PASS, Outcome.NOT_APPLICABLE}
