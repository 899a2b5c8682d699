"""What every check promises about time: one instant has one verdict, and only the clock makes it worse."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from keyproof.check_model import CheckModel
from keyproof.checks.access_review import AccessReview
from keyproof.checks.attested import Attested
from keyproof.checks.expires import Expires
from keyproof.checks.max_age import MaxAge
from keyproof.checks.policy_review import PolicyReview
from keyproof.checks.rotation_recorded import RotationRecorded
from keyproof.checks.unused import Unused
from keyproof.domain.check import Context
from keyproof.domain.duration import Duration
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Outcome, Verdict
from tests.contracts.test_check_contract import READY, judge
from tests.fakes.any_subject import contexts, subjects
from tests.fakes.secrets import attestation, context, document, row, secret, utc

Item = TypeVar("Item")
ZONES: st.SearchStrategy[tzinfo] = st.sampled_from(
    [
        timezone(timedelta(hours=14)),
        timezone(timedelta(hours=-12)),
        timezone(timedelta(hours=5, minutes=45)),
        ZoneInfo("Europe/Berlin"),
        ZoneInfo("America/New_York"),
        ZoneInfo("Australia/Lord_Howe"),
        ZoneInfo("America/Sao_Paulo"),
    ]
)
few = settings(max_examples=25)


def written_in(item: Item, zone: tzinfo) -> Item:
    """The same facts with every moment written in another zone, where the calendar reaches that far."""
    return cast("Item", _moved(item, lambda at: _elsewhere(at, zone)))


def _elsewhere(at: datetime, zone: tzinfo) -> datetime:
    try:
        return at.astimezone(zone)
    except OverflowError:
        return at


def _moved(item: Any, move: Callable[[datetime], datetime]) -> Any:
    match item:
        case datetime():
            return move(item)
        case tuple():
            return tuple(_moved(one, move) for one in item)
        case _ if is_dataclass(item) and not isinstance(item, (type, Duration)):
            changes = {
                field.name: _moved(getattr(item, field.name), move) for field in fields(item) if field.init
            }
            return replace(item, **changes)
        case _:
            return item


@settings(max_examples=150, deadline=None)
@given(subject=subjects, context=contexts(), zone=ZONES)
def test_the_zone_in_which_facts_are_written_changes_nothing(
    subject: Subject, context: Context, zone: tzinfo
) -> None:
    moved, elsewhere = written_in(subject, zone), replace(written_in(context, zone), now=context.now)
    for check in READY:
        assert judge(check, moved, elsewhere) == judge(check, subject, context), check


AWS_OLD = utc("2010-01-01")
DATED: list[tuple[str, CheckModel, Callable[[datetime], Subject]]] = [
    ("max-age 90d", MaxAge.model_validate({"period": "90d"}), lambda at: secret(value=at.isoformat())),
    ("max-age 1mo", MaxAge.model_validate({"period": "1mo"}), lambda at: secret(value=at.isoformat())),
    ("max-age 12mo", MaxAge.model_validate({"period": "12mo"}), lambda at: secret(value=at.isoformat())),
    (
        "access-review",
        AccessReview.model_validate({"every": "3mo"}),
        lambda at: secret(tags={"reviewed": at.isoformat()}),
    ),
    (
        "unused",
        Unused.model_validate({"window": "1mo"}),
        lambda at: secret(last_accessed_at=at, created_at=AWS_OLD),
    ),
    (
        "rotation-recorded",
        RotationRecorded.model_validate({"within": "1mo"}),
        lambda at: secret(value=at.isoformat(), created_at=AWS_OLD),
    ),
    (
        "policy-review",
        PolicyReview.model_validate({"every": "3mo"}),
        lambda at: document(reviewed=str(at.date())),
    ),
    (
        "expires",
        Expires.model_validate({}),
        lambda at: row(next_rotation=str((at + timedelta(days=45)).date())),
    ),
]
"""Checks that end with a UTC day, and a subject whose clock began at a moment."""
each_dated = pytest.mark.parametrize(
    ("check", "made"), [entry[1:] for entry in DATED], ids=[e[0] for e in DATED]
)
STARTS = st.datetimes(
    min_value=datetime(2019, 12, 1),  # noqa: DTZ001 (made aware by the strategy)
    max_value=datetime(2032, 3, 31),  # noqa: DTZ001 (same)
    timezones=st.just(UTC),
).map(lambda at: at.replace(microsecond=0))
_EDGES = [
    "2024-02-29T23:59:59",
    "2023-12-31T23:59:59",
    "2024-01-31",
    "2025-03-30T00:59:59",
    "2025-10-26T01:30",
]
EDGES = st.sampled_from(_EDGES).map(utc)
"""Leap day, ends of months and years, and the hours in which Europe changes its clocks."""


def verdict_at(check: CheckModel, subject: Subject, now: datetime) -> Verdict:
    return judge(check, subject, context(now, tables=["table"]))


@each_dated
@few
@given(start=STARTS | EDGES)
def test_it_is_in_order_on_the_due_day_and_not_on_the_next(
    check: CheckModel, made: Callable[[datetime], Subject], start: datetime
) -> None:
    subject = made(start)
    due = verdict_at(check, subject, start + timedelta(days=1)).due
    assert due is not None
    last = datetime(due.year, due.month, due.day, 23, 59, 59, tzinfo=UTC)
    before, after = verdict_at(check, subject, last), verdict_at(check, subject, last + timedelta(seconds=1))
    assert (before.outcome, before.days_overdue) == (Outcome.PASS, 0)
    assert (after.outcome, after.days_overdue) == (Outcome.FAIL, 1)
    assert before.due == after.due == due


@each_dated
@few
@given(
    start=STARTS | EDGES, days=st.integers(0, 500), hours=st.tuples(st.integers(0, 23), st.integers(0, 23))
)
def test_a_utc_day_has_one_verdict(
    check: CheckModel, made: Callable[[datetime], Subject], start: datetime, days: int, hours: tuple[int, int]
) -> None:
    day = start.replace(hour=0, minute=0, second=0) + timedelta(days=days)
    one, other = (day + timedelta(hours=hour) for hour in hours)
    assume(min(one, other) >= start)
    first, second = verdict_at(check, made(start), one), verdict_at(check, made(start), other)
    assert (first.outcome, first.due, first.days_overdue, first.alert) == (
        second.outcome, second.due, second.days_overdue, second.alert,
    )  # fmt: skip


@each_dated
@few
@given(start=STARTS | EDGES, days=st.integers(1, 500), later=st.integers(1, 4_000))
def test_time_alone_never_makes_it_better(
    check: CheckModel, made: Callable[[datetime], Subject], start: datetime, days: int, later: int
) -> None:
    now = start + timedelta(days=days)
    before, after = (
        verdict_at(check, made(start), now),
        verdict_at(check, made(start), now + timedelta(days=later)),
    )
    assert (before.outcome, after.outcome) != (Outcome.FAIL, Outcome.PASS)
    assert before.days_overdue is not None
    assert after.days_overdue is not None
    expected = max(0, before.days_overdue + later) if before.days_overdue else after.days_overdue
    assert after.days_overdue == expected


@few
@given(at=(STARTS | EDGES).map(lambda at: at.date()), days=st.integers(0, 900), later=st.integers(1, 900))
def test_a_lapsed_attestation_stays_lapsed(at: Any, days: int, later: int) -> None:
    given_then = attestation(str(at), "12mo")
    now = datetime(at.year, at.month, at.day, 12, tzinfo=UTC) + timedelta(days=days)
    outcomes = [
        Attested().evaluate(document(), context(moment, attestations=(given_then,))).outcome
        for moment in (now, now + timedelta(days=later))
    ]
    assert outcomes != [Outcome.NOT_EVALUATED, Outcome.MANUAL]
    assert set(outcomes) <= {Outcome.NOT_EVALUATED, Outcome.MANUAL}
