"""Days overdue by version history: counted on every day of the period, with or without a run."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.app.assess import Request, assess
from keyproof.app.lateness import Demands, Histories, Lateness, lateness
from keyproof.domain.deadline import Deadline
from keyproof.domain.duration import parse_duration
from keyproof.domain.extract import Demand, Extract, SecretDates, extract_of
from keyproof.domain.policy import Policy
from keyproof.domain.secret import (
    Basis,
    Confidence,
    DatedFact,
    SecretMetadata,
    SecretVersion,
    VersionState,
)
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.verdict import Severity
from keyproof.policy.loader import load_policy
from keyproof.wiring.catalog import CHECKS

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)
PACK = """\
apiVersion: keyproof/v1
kind: PolicyPack
metadata: {id: house, title: House, version: 1.0.0, owner: A, reviewed: 2026-01-01}
rules: [{id: age, title: Age, check: max-age, with: {period: PERIOD}}]
"""


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def policy(folder: Path, period: str = "30d") -> Policy:
    (folder / "house.yaml").write_text(PACK.replace("PERIOD", period))
    return load_policy(["house.yaml"], root=folder, checks=CHECKS)


def secret(*versions: datetime, created: datetime | None = None, listed: bool = True) -> SecretMetadata:
    states = [VersionState.PREVIOUS] * (len(versions) - 1) + [VersionState.CURRENT]
    return SecretMetadata(
        id="vault://h/kv/a", name="a", source="vault", backend="vault", scope="kv/", created_at=created,
        facts=(DatedFact(at=versions[-1], basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT),),
        versions=tuple(
            SecretVersion(id=str(number), state=state, created_at=at)
            for number, (state, at) in enumerate(zip(states, versions, strict=True))
        ) if listed else None,
    )  # fmt: skip


def told(
    folder: Path, *read: tuple[str, SecretMetadata], period: str = "30d", last: date = LAST
) -> Sequence[Lateness]:
    histories, demands = Histories(), Demands()
    for at, one in read:
        now = moment(at)
        snapshot = Snapshot(taken_at=now, secrets=(one,), leaks=(), repositories=(), scopes=())
        request = Request(as_of=now, organisation="X", config_digest="", version="1", fail_on=Severity.LOW)
        extract = extract_of(assess(snapshot, policy(folder, period), request, finished=now))
        histories.add(extract, now)
        demands.add(extract, whole=True)
    return lateness(histories, demands, first=FIRST, last=last)


def test_a_value_replaced_late_counts_from_the_day_after_due_to_the_day_of_rotation(tmp_path: Path) -> None:
    one = secret(moment("2026-02-01"), moment("2026-03-08T10:00"), created=moment("2026-02-01"))
    (line,) = told(tmp_path, ("2026-04-01", one))
    assert line.overdue == 5, "due on 3 March, replaced on the 8th"
    assert line.rotations == (moment("2026-03-08T10:00"),)
    assert (line.known, line.unknown, line.exact) == (31, 0, True)


@pytest.mark.parametrize(
    ("rotated", "days"), [("2026-03-03", 0), ("2026-03-04T00:00", 0), ("2026-03-04T12:00", 1)]
)
def test_the_due_day_is_in_time(tmp_path: Path, rotated: str, days: int) -> None:
    one = secret(moment("2026-02-01"), moment(rotated), created=moment("2026-02-01"))
    assert told(tmp_path, ("2026-04-01", one))[0].overdue == days


def test_a_period_of_hours_ends_at_an_instant(tmp_path: Path) -> None:
    one = secret(moment("2026-03-01T06:00"), moment("2026-03-02T07:00"), created=moment("2026-03-01T06:00"))
    assert told(tmp_path, ("2026-03-02T08:00", one), period="24h")[0].overdue == 1


def test_days_after_the_last_run_are_not_known(tmp_path: Path) -> None:
    one = secret(moment("2026-02-27"), created=moment("2026-02-27"))
    (line,) = told(tmp_path, ("2026-03-11T12:00", one))
    assert (line.overdue, line.known, line.unknown) == (0, 11, 20)


def test_days_before_the_oldest_known_value_are_not_known(tmp_path: Path) -> None:
    one = secret(moment("2026-03-11"), created=moment("2020-01-01"))
    (line,) = told(tmp_path, ("2026-04-01", one))
    assert (line.overdue, line.known, line.unknown) == (0, 21, 10)


def test_before_it_was_created_nothing_could_be_overdue(tmp_path: Path) -> None:
    one = secret(moment("2026-03-11"), created=moment("2026-03-11"))
    assert told(tmp_path, ("2026-04-01", one))[0].unknown == 0


def test_versions_that_the_backend_forgot_are_known_from_earlier_runs(tmp_path: Path) -> None:
    early = secret(moment("2026-01-01"), moment("2026-02-10"))
    late = secret(moment("2026-03-20T12:00"))
    (line,) = told(tmp_path, ("2026-02-15", early), ("2026-04-01", late))
    assert (line.overdue, line.unknown) == (8, 0), "due on 12 March, replaced on the 20th"


def test_without_a_version_list_it_is_said(tmp_path: Path) -> None:
    one = secret(moment("2026-02-01"), listed=False)
    (line,) = told(tmp_path, ("2026-04-01", one))
    assert (line.overdue, line.exact) == (28, False)


def test_a_claim_that_was_taken_back_is_not_believed(tmp_path: Path) -> None:
    claimed, corrected = (
        secret(moment("2026-02-25"), listed=False),
        secret(moment("2026-01-25"), listed=False),
    )
    (line,) = told(tmp_path, ("2026-02-26", claimed), ("2026-04-01", corrected))
    assert line.overdue == 31


def test_a_version_that_never_came_into_use_is_no_rotation(tmp_path: Path) -> None:
    one = secret(moment("2026-02-01"))
    pending = SecretVersion(id="9", state=VersionState.PENDING, created_at=moment("2026-03-05"))
    one = replace(one, versions=(*(one.versions or ()), pending))
    assert told(tmp_path, ("2026-04-01", one))[0].overdue == 28


@given(
    gaps=st.lists(st.integers(0, 60), min_size=1, max_size=6),
    hour=st.integers(0, 23),
    period=st.sampled_from(["7d", "30d", "1mo", "quarterly"]),
)
def test_it_agrees_with_judging_every_moment(
    tmp_path_factory: pytest.TempPathFactory, gaps: list[int], hour: int, period: str
) -> None:
    born, at = [], datetime(2026, 1, 1, hour, tzinfo=UTC)
    for gap in gaps:
        born.append(at)
        at += timedelta(days=gap, hours=7)
    read = max(at, moment("2026-04-01"))
    folder = tmp_path_factory.mktemp("lateness")
    (line,) = told(
        folder, (read.replace(tzinfo=None).isoformat(), secret(*born, created=born[0])), period=period
    )
    demanded = parse_duration(period)

    def overdue(now: datetime) -> bool:
        value = max((value for value in born if value <= now), default=None)
        return value is not None and Deadline.of(value, demanded, now).overdue

    days = [FIRST + timedelta(days=number) for number in range(31)]
    hours = {
        day
        for day in days
        for h in range(24)
        if overdue(datetime(day.year, day.month, day.day, h, tzinfo=UTC))
    }
    assert line.overdue == len(hours)


def test_a_secret_of_which_no_date_is_known_is_never_said_to_be_in_time(tmp_path: Path) -> None:
    one = replace(secret(moment("2026-02-01"), listed=False), facts=())
    (line,) = told(tmp_path, ("2026-04-01", one))
    assert (line.overdue, line.known, line.unknown) == (0, 0, 31)


def test_a_period_beyond_the_calendar_is_never_overdue(tmp_path: Path) -> None:
    one = secret(moment("2026-02-01"), created=moment("2026-02-01"))
    assert told(tmp_path, ("2026-04-01", one), period="9999y")[0].overdue == 0


def demanded(*runs: tuple[str, str, bool]) -> dict[tuple[str, str], str]:
    demands = Demands()
    for secret_id, period, whole in runs:
        dates = (SecretDates(secret_id, secret_id, "", None, None, by_version=False, versions=None),)
        demand = Demand(rule="house/age", period=parse_duration(period), secrets=(secret_id,))
        demands.add(Extract(secrets=dates, others=frozenset(), scopes=(), demands=(demand,)), whole=whole)
    return {(secret, rule): period.text for secret, rule, period in demands}


def test_the_period_that_was_demanded_last_counts() -> None:
    assert demanded(("a", "30d", True), ("a", "90d", True)) == {("a", "house/age"): "90d"}


def test_a_run_that_did_not_look_at_everything_speaks_only_for_what_no_other_judged() -> None:
    assert demanded(("a", "30d", True), ("a", "90d", False)) == {("a", "house/age"): "30d"}
    assert demanded(("a", "90d", False), ("a", "30d", True)) == {("a", "house/age"): "30d"}
    assert demanded(("a", "30d", True), ("b", "90d", False)) == {
        ("a", "house/age"): "30d",
        ("b", "house/age"): "90d",
    }
