"""The calendar is what RFC 5545 asks for, whatever the names in it."""

import re
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.forecast import Forecast, Turn
from keyproof.domain.verdict import Outcome
from keyproof.report.forecast_calendar import render
from tests.fakes import assessments

GOLDEN = assessments.golden()
FINDING = next(finding for finding in GOLDEN.findings if finding.outcome is Outcome.FAIL)
RECORD = next(record for record in GOLDEN.subjects if record.subject.id == FINDING.subject)
DAY = date(2026, 2, 28)


def turn(
    *, subject: str = FINDING.subject, title: str = "T", last_day: date = DAY, rule: str = FINDING.rule
) -> Turn:
    finding = replace(FINDING, subject=subject, rule_title=title, rule=rule)
    return Turn(last_day=last_day, finding=finding, record=RECORD, because="due")


def calendar(*turns: Turn) -> str:
    return render(Forecast(today=GOLDEN, until=DAY, turns=turns))


def unfolded(text: str) -> list[str]:
    return re.sub(r"\r\n[ \t]", "", text).removesuffix("\r\n").split("\r\n")


def values(text: str, name: str) -> list[str]:
    return [line.partition(":")[2] for line in unfolded(text) if re.split("[:;]", line)[0] == name]


def test_one_event_for_each_subject_on_the_first_of_its_days() -> None:
    text = calendar(
        turn(last_day=DAY + timedelta(days=3), rule="b"), turn(rule="a"), turn(subject="x://other")
    )
    assert values(text, "DTSTART") == ["20260228", "20260228"]
    assert values(text, "DTEND") == ["20260301", "20260301"]
    assert len(set(values(text, "UID"))) == 2
    both = next(value for value in values(text, "DESCRIPTION") if value.startswith(FINDING.subject))
    assert f"{DAY}: T" in both
    assert f"{DAY + timedelta(days=3)}: T" in both


def test_an_event_keeps_its_uid_when_its_day_or_words_change() -> None:
    moved = calendar(turn(last_day=DAY + timedelta(days=90), title="Other words"))
    assert values(calendar(turn()), "UID") == values(moved, "UID")


def test_nothing_to_tell_is_a_calendar_without_events() -> None:
    assert unfolded(calendar()) == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//keyproof//forecast//EN",
        "CALSCALE:GREGORIAN",
        "END:VCALENDAR",
    ]


def test_signs_with_a_meaning_are_escaped() -> None:
    (told,) = values(calendar(turn(title="a;b,c\\d\ne\x07")), "DESCRIPTION")
    assert "a\\;b\\,c\\\\d\\ne " in told


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), st.text(max_size=40))
def test_whatever_the_words_lines_are_short_whole_and_none_is_forged(title: str, rule: str) -> None:
    text = calendar(turn(title=f"{title}\r\nEND:VEVENT", rule=rule.encode("utf-8", "ignore").decode()))
    assert text.endswith("\r\n")
    for line in text.encode().removesuffix(b"\r\n").split(b"\r\n"):
        assert 0 < len(line) <= 75
        assert b"\n" not in line
        assert b"\r" not in line
        line.decode()
    assert sum(line == "END:VEVENT" for line in unfolded(text)) == 1
    assert len(values(text, "DESCRIPTION")) == 1
