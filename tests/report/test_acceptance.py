from dataclasses import replace
from datetime import date, timedelta

import pytest

from keyproof.domain.assessment import WaiverRecord
from keyproof.domain.baseline import BaselineEntry, BaselineRecord
from keyproof.domain.policy import WaiverState
from keyproof.report.acceptance import Papers, baseline_remark, waiver_remark
from tests.fakes import assessments

TODAY = date(2026, 3, 16)
GOLDEN = assessments.golden()


@pytest.mark.parametrize(
    ("starts", "days", "used", "refused", "state", "remark"),
    [
        (1, 30, False, False, "pending", "begins in 1 day, on 2026-03-17, and accepts nothing until then"),
        (-1, 15, True, False, "active", ""),
        (-1, 14, True, False, "expiring", "ends in 14 days, on 2026-03-30"),
        (-1, 0, True, False, "expiring", "ends today, on 2026-03-16"),
        (-9, -1, True, False, "expired", "ended on 2026-03-15, 1 day ago: what it is about fails again"),
        (-1, 30, False, False, "unused", "is not needed: nothing it is about fails"),
        (-1, 30, False, True, "malformed", "accepts nothing"),
    ],
)
def test_what_there_is_to_say_about_a_waiver(
    starts: int, days: int, used: bool, refused: bool, state: str, remark: str
) -> None:
    waiver = replace(
        GOLDEN.waivers[0].waiver, starts=TODAY + timedelta(starts), until=TODAY + timedelta(days)
    )
    record = WaiverRecord(
        waiver=waiver, state=waiver.state_on(TODAY, used=used, refused=refused), findings=()
    )
    assert (record.state.value, waiver_remark(record, TODAY)) == (state, remark)


def test_every_state_of_a_waiver_has_its_words() -> None:
    told = {state: waiver_remark(replace(GOLDEN.waivers[0], state=state), TODAY) for state in WaiverState}
    assert [state for state, words in told.items() if not words] == [WaiverState.ACTIVE]


@pytest.mark.parametrize(
    ("days", "used", "remark"),
    [
        (15, True, ""),
        (14, True, "ends in 14 days, on 2026-03-30"),
        (-1, True, "ended on 2026-03-15, 1 day ago, still failing"),
        (-1, False, "is no longer needed: nothing it names fails"),
    ],
)
def test_what_there_is_to_say_about_a_baseline_entry(days: int, used: bool, remark: str) -> None:
    entry = BaselineEntry(
        id="0" * 16, rule="r", subject="s", owner="o", until=TODAY + timedelta(days), reason="why"
    )
    record = BaselineRecord(entry=entry, state=entry.state_on(TODAY, used=used))
    assert baseline_remark(record, TODAY) == remark


def test_who_accepts_a_failure() -> None:
    papers = Papers(GOLDEN)
    told = {finding.id: papers.accepting(finding) for finding in GOLDEN.findings}
    assert {key for key, words in told.items() if words} == {
        f.id for f in GOLDEN.findings if f.waiver or f.baseline
    }
    assert told[assessments.BASELINED_ID].endswith(
        "to be put in order by Shop Team: failed before keyproof was adopted"
    )


def test_a_paper_that_is_not_there_is_named_by_its_id() -> None:
    finding = next(finding for finding in GOLDEN.findings if finding.waiver == "W-2026-01")
    assert Papers(replace(GOLDEN, waivers=())).accepting(finding) == "waiver W-2026-01"
