"""A period: the cadence kept or its gaps named, exceptions with their life, a sample anybody can draw again."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.app.period import Asked, draw, look_back, silences
from keyproof.domain.assessment import ScopeStatus
from keyproof.domain.duration import parse_duration
from keyproof.domain.ledger import Command
from keyproof.errors import ConfigError
from tests.app.test_episodes import START, Ledger, secret
from tests.fakes.ports import SilentProgress

FIRST = START.date()
ASKED = Asked(
    first=FIRST, last=FIRST + timedelta(days=9), every=parse_duration("daily"), sample=3, seed="s",
    now=START + timedelta(days=60),
)  # fmt: skip


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


def test_a_run_a_day_keeps_a_daily_cadence(ledger: Ledger) -> None:
    for number in range(10):
        ledger.run(number, secret("a", 0, number))
    found = look_back(ledger.store.runs(), ASKED, ledger.store, progress=SilentProgress())
    assert (found.cadence_kept, found.until, len(found.runs)) == (True, day(9), 10)
    assert (found.exceptions, found.short) == ((), ())


def test_it_is_told_how_far_the_reading_has_come(ledger: Ledger) -> None:
    for number in range(4):
        ledger.run(number, secret("a", 0, number))
    bars = SilentProgress()
    look_back(ledger.store.runs(), ASKED, ledger.store, progress=bars)
    assert (bars.labels, bars.done) == ([("Reading runs", 4)], 4)


def test_missing_days_are_named(ledger: Ledger) -> None:
    for number in (2, 3, 6):
        ledger.run(number, secret("a", 0, number))
    found = look_back(ledger.store.runs(), ASKED, ledger.store, progress=SilentProgress())
    assert [(one.first, one.last, one.days) for one in found.silences] == [
        (day(0), day(1), 2),
        (day(4), day(5), 2),
        (day(7), day(9), 3),
    ]


@pytest.mark.parametrize(
    "short",
    [{"status": ScopeStatus.DENIED}, {"narrowed": ("--rule age",)}],
    ids=str,
)
def test_a_run_that_did_not_look_at_everything_keeps_no_cadence(
    ledger: Ledger, short: dict[str, object]
) -> None:
    for number in range(10):
        more = short if number == 4 else {}
        ledger.run(number, secret("a", 0, number), **more)  # type: ignore[arg-type]  # keywords of run
    found = look_back(ledger.store.runs(), ASKED, ledger.store, progress=SilentProgress())
    assert [(one.first, one.last) for one in found.silences] == [(day(4), day(4))]
    assert [run.number for run in found.short] == [5]


def test_a_trial_as_of_another_day_is_no_run_of_the_control(ledger: Ledger) -> None:
    ledger.run(0, secret("a", 0, 0))
    ledger.run(1, secret("a", 1, 1), as_of=START + timedelta(days=40))
    found = look_back(ledger.store.runs(), ASKED, ledger.store, progress=SilentProgress())
    assert found.exceptions == ()
    assert [run.shortfall for run in found.short] == ["judged as of 2026-02-10, not of the day it was read"]
    assert [(one.first, one.last) for one in found.silences] == [(day(1), day(9))]


def test_a_search_of_repositories_alone_is_no_run_of_the_control(ledger: Ledger) -> None:
    ledger.run(0, secret("a", 0, 0))
    for number in range(1, 10):
        ledger.run(number, command=Command.LEAKS)
    found = look_back(ledger.store.runs(), ASKED, ledger.store, progress=SilentProgress())
    assert [one.days for one in found.silences] == [9]


def test_a_period_that_is_not_over_is_looked_at_through_yesterday(ledger: Ledger) -> None:
    for number in range(4):
        ledger.run(number, secret("a", 0, number))
    asked = replace(ASKED, now=START + timedelta(days=4))
    found = look_back(ledger.store.runs(), asked, ledger.store, progress=SilentProgress())
    assert (found.until, found.cadence_kept) == (day(3), True)


def test_exceptions_from_before_and_after_are_told_to_their_end(ledger: Ledger) -> None:
    ledger.run(-5, secret("old", 40, -5))
    ledger.run(1, secret("old", 0, 1), secret("new", 40, 1))
    ledger.run(12, secret("old", 0, 12), secret("new", 0, 12))
    found = look_back(ledger.store.runs(), ASKED, ledger.store, progress=SilentProgress())
    told = {
        one.standing.name: (one.opened.number, one.closed and one.closed.number) for one in found.exceptions
    }
    assert told == {"old": (1, 2), "new": (2, 3)}
    assert [one.standing.name for one in found.still_open] == ["new"]


def test_what_ended_before_or_began_after_is_left_out(ledger: Ledger) -> None:
    ledger.run(-5, secret("old", 40, -5))
    ledger.run(-3, secret("old", 0, -3))
    ledger.run(1)
    ledger.run(12, secret("new", 40, 12))
    assert look_back(ledger.store.runs(), ASKED, ledger.store, progress=SilentProgress()).exceptions == ()


def test_days_overdue_are_counted_without_runs_on_them(ledger: Ledger) -> None:
    ledger.run(0, secret("a", 25, 0))
    ledger.run(12, secret("a", 37, 12))
    (line,) = look_back(ledger.store.runs(), ASKED, ledger.store, progress=SilentProgress()).lateness
    assert (line.name, line.overdue) == ("a", 4), "due on the 5th day, and the period has ten"


@pytest.mark.parametrize(
    "later",
    [{"policy": "other"}, {"sources": ("aws",)}, {"status": ScopeStatus.DENIED}, {"narrowed": ("--rule x",)}, {}],
    ids=str,
)  # fmt: skip
def test_a_secret_that_is_demanded_or_read_no_more_is_still_counted(
    ledger: Ledger, later: dict[str, object]
) -> None:
    ledger.run(0, secret("a", 25, 0))
    ledger.run(8, secret("a", 33, 8))
    kept = (secret("a", 34, 9),) if "policy" in later else ()
    ledger.run(9, *kept, **later)  # type: ignore[arg-type]  # keywords of run
    found = look_back(ledger.store.runs(), ASKED, ledger.store, progress=SilentProgress())
    (line,) = [line for line in found.lateness if line.rule == "house/age"]
    assert line.overdue == (4 if "policy" in later else 3)


def test_a_change_of_the_policy_is_named(ledger: Ledger) -> None:
    for number, policy in enumerate(("house", "house", "other", "house")):
        ledger.run(number, secret("a", 0, number), policy=policy)
    found = look_back(ledger.store.runs(), ASKED, ledger.store, progress=SilentProgress())
    assert [since for _, since in found.policies] == [day(0), day(2), day(3)]


def test_a_period_without_a_run_is_refused(ledger: Ledger) -> None:
    ledger.run(20, secret("a", 0, 20))
    with pytest.raises(ConfigError, match="no scan was recorded from 2026-01-01 to 2026-01-10"):
        look_back(ledger.store.runs(), ASKED, ledger.store, progress=SilentProgress())
    with pytest.raises(ConfigError):
        look_back(
            ledger.store.runs(),
            replace(ASKED, first=day(30), last=day(5)),
            ledger.store,
            progress=SilentProgress(),
        )


@given(st.sets(st.integers(-20, 9)), st.sampled_from(["daily", "24h", "3d", "weekly", "1mo"]))
def test_without_silence_no_two_runs_are_too_far_apart(ran: set[int], every: str) -> None:
    asked = replace(ASKED, every=parse_duration(every))
    found = silences([day(number) for number in ran], asked, asked.last)
    silent = {one.first + timedelta(days=n) for one in found for n in range(one.days)}
    assert silent.isdisjoint(day(number) for number in ran)
    assert all(asked.first <= one <= asked.last for one in silent)
    assert all(after.first > before.last for before, after in pairwise(found))
    if every == "daily":
        assert silent == {day(number) for number in range(10)} - {day(number) for number in ran}


@given(st.lists(st.text(), unique=True), st.integers(0, 5), st.text())
def test_a_sample_is_drawn_the_same_way_again(items: list[str], size: int, seed: str) -> None:
    items = [item.encode("utf-8", "replace").decode() for item in items]
    asked = replace(ASKED, sample=size, seed=seed.encode("utf-8", "replace").decode())
    found = draw(items, asked)
    assert found == draw(items[::-1], asked)
    assert len(found.items) == min(size, len(items))
    assert set(found.items) <= set(items)
    assert found.population == len(items)


def test_another_seed_draws_another_sample() -> None:
    items = [str(number) for number in range(100)]
    assert draw(items, ASKED) != draw(items, replace(ASKED, seed="t"))
