"""Which waivers and baseline entries end in the days to come."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from keyproof.app.endings import endings
from keyproof.domain.assessment import Assessment
from tests.fakes import assessments

GOLDEN = assessments.golden()


def told(assessment: Assessment, until: date) -> list[tuple[str, str, int]]:
    return [(str(one.last_day), one.id, one.accepts) for one in endings(assessment, until)]


def test_both_days_are_included_and_what_has_ended_is_not() -> None:
    assert told(GOLDEN, date(2026, 3, 19)) == []
    assert told(GOLDEN, date(2026, 3, 20)) == [("2026-03-20", "baseline", 0)]
    later = replace(GOLDEN, run=replace(GOLDEN.run, as_of=assessments.at("2026-03-20")))
    assert told(later, date(2026, 3, 25)) == [("2026-03-20", "baseline", 0), ("2026-03-25", "W-2026-02", 1)]


def test_entries_of_one_owner_and_day_are_one_ending() -> None:
    first, *_ = GOLDEN.baseline
    same = [
        replace(first, entry=replace(first.entry, id=f"{n:016x}", until=date(2026, 4, 1), owner=owner))
        for n, owner in enumerate(["Ana", "Ben", "Ana"])
    ]
    found = endings(replace(GOLDEN, baseline=tuple(same), waivers=()), date(2026, 4, 1))
    assert [(one.who, one.about) for one in found] == [
        ("Ana", "2 findings"), ("Ben", f"{first.entry.rule} on {first.entry.subject}"),
    ]  # fmt: skip


@pytest.mark.parametrize("days", [0, 5000])
def test_the_last_day_of_the_calendar_never_ends(days: int) -> None:
    record = GOLDEN.waivers[0]
    for_ever = replace(record, waiver=replace(record.waiver, until=date.max))
    assert endings(replace(GOLDEN, waivers=(for_ever,), baseline=()), date.max - timedelta(days)) == ()
