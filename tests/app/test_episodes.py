"""Exceptions over runs: opened once, closed only by a run that looked, and told apart from not looking."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from keyproof.app.assess import Request, assess
from keyproof.app.diff import diff
from keyproof.app.episodes import Closing, comparable, episodes
from keyproof.app.record import detected, find
from keyproof.domain.assessment import Scope, ScopeStatus
from keyproof.domain.ledger import Command, Recording, RunEntry
from keyproof.domain.policy import Policy
from keyproof.domain.secret import Basis, Confidence, DatedFact, SecretMetadata
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.verdict import Severity
from keyproof.errors import ConfigError
from keyproof.policy.loader import load_policy
from keyproof.ports import RunStore
from keyproof.wiring.catalog import CHECKS
from tests.fakes import assessments
from tests.fakes.ports import SilentProgress
from tests.fakes.recordings import recording
from tests.fakes.run_store import MemoryStore

START = datetime(2026, 1, 1, 6, tzinfo=UTC)
PACK = """\
apiVersion: keyproof/v1
kind: PolicyPack
metadata: {id: house, title: House, version: 1.0.0, owner: A, reviewed: 2026-01-01}
rules:
  - {id: age, title: Age, check: max-age, with: {period: 30d}}
"""
OTHER = PACK.replace("id: age", "id: other-age").replace("30d", "300d")


def secret(name: str, age: int | None, day: int, source: str = "vault") -> SecretMetadata:
    """A secret whose value is `age` days old on `day`; of unknown age for None."""
    at = START + timedelta(days=day - (age or 0))
    facts = (DatedFact(at=at, basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT),)
    return SecretMetadata(
        id=f"vault://h/kv/{name}", name=name, source=source, backend="vault", scope="kv/", owner="Ops",
        facts=facts if age is not None else (),
    )  # fmt: skip


class Ledger:
    """Runs day by day."""

    def __init__(self, tmp_path: Path, store: RunStore | None = None) -> None:
        self.store: RunStore = store or MemoryStore()
        (tmp_path / "house.yaml").write_text(PACK)
        (tmp_path / "other.yaml").write_text(OTHER)
        self.policies = {
            name: load_policy([f"{name}.yaml"], root=tmp_path, checks=CHECKS) for name in ("house", "other")
        }

    def run(
        self,
        day: int,
        *secrets: SecretMetadata,
        status: ScopeStatus = ScopeStatus.OK,
        policy: str = "house",
        narrowed: tuple[str, ...] = (),
        command: Command = Command.SCAN,
        sources: tuple[str, ...] = ("vault",),
        organisation: str = "Example Ltd",
        as_of: datetime | None = None,
    ) -> RunEntry:
        """Record what one day's run saw."""
        now = START + timedelta(days=day)
        scopes = tuple(
            Scope(source=source, kind="vault", scope="kv/", status=status, subjects=len(secrets))
            for source in sources
        )
        snapshot = Snapshot(taken_at=now, secrets=secrets, leaks=(), repositories=(), scopes=scopes)
        chosen: Policy = self.policies[policy]
        request = Request(
            as_of=as_of or now,
            organisation=organisation,
            config_digest="c",
            version="1",
            fail_on=Severity.LOW,
        )
        assessment = assess(snapshot, chosen, request, finished=now)
        return self.store.save(
            Recording(command=command, snapshot=snapshot, assessment=assessment, narrowed=narrowed)
        )


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


def test_a_failure_is_opened_once_and_closed_by_the_run_that_sees_it_in_order(ledger: Ledger) -> None:
    ledger.run(0, secret("a", 5, 0))
    ledger.run(1, secret("a", 40, 1))
    ledger.run(4, secret("a", 43, 4))
    ledger.run(7, secret("a", 0, 7))
    (one,) = episodes(ledger.store.runs(), ledger.store, SilentProgress())
    assert (one.opened.number, one.last_seen.number, one.closing) == (2, 3, Closing.FIXED)
    assert one.days(START) == 6
    assert one.evidence.startswith("due in 30 days: value of 2026-01-08")
    assert one.standing.days_overdue == 13


def test_an_old_snapshot_that_is_evaluated_late_takes_its_place_in_time(ledger: Ledger) -> None:
    ledger.run(0, secret("a", 40, 0))
    last = ledger.run(4, secret("a", 1, 4))
    ledger.run(2, secret("a", 42, 2), command=Command.EVALUATE)
    known = comparable(ledger.store.runs(), last)
    assert [run.number for run in known] == [1, 3, 2]
    (one,) = episodes(known, ledger.store, SilentProgress())
    assert (one.opened.number, one.last_seen.number, one.closed) == (1, 3, last)
    found = diff(ledger.store.runs(), known[0], known[1], ledger.store, progress=SilentProgress())
    assert (len(found.still_open), found.fixed, found.new) == (1, (), ())


def test_one_that_comes_back_is_another(ledger: Ledger) -> None:
    for day, age in enumerate((40, 0, 40)):
        ledger.run(day, secret("a", age, day))
    first, second = episodes(ledger.store.runs(), ledger.store, SilentProgress())
    assert (first.closing, second.closing, second.opened.number) == (Closing.FIXED, None, 3)


@pytest.mark.parametrize(
    "unseeing",
    [
        {"status": ScopeStatus.DENIED},
        {"status": ScopeStatus.PARTIAL},
        {"narrowed": ("--source other",)},
    ],
    ids=str,
)
def test_a_run_that_could_not_look_closes_nothing(ledger: Ledger, unseeing: dict[str, object]) -> None:
    ledger.run(0, secret("a", 40, 0))
    ledger.run(1, **unseeing)  # type: ignore[arg-type]  # keywords of run
    ledger.run(2, secret("a", 42, 2))
    (one,) = episodes(ledger.store.runs(), ledger.store, SilentProgress())
    assert (one.opened.number, one.closed, one.unseen) == (1, None, (2,))


def test_a_value_whose_age_cannot_be_told_closes_nothing(ledger: Ledger) -> None:
    ledger.run(0, secret("a", 40, 0))
    ledger.run(1, secret("a", None, 1))
    (one,) = episodes(ledger.store.runs(), ledger.store, SilentProgress())
    assert (one.closed, one.unseen) == (None, (2,))


def test_what_is_gone_from_a_source_read_in_full_is_gone(ledger: Ledger) -> None:
    ledger.run(0, secret("a", 40, 0))
    ledger.run(1)
    (one,) = episodes(ledger.store.runs(), ledger.store, SilentProgress())
    assert (one.closing, one.evidence) == (Closing.GONE, "no longer there, and 'vault' was read in full")


@pytest.mark.parametrize(
    ("changed", "evidence"),
    [
        ({"sources": ("aws",)}, "'vault' is no longer read"),
        ({"policy": "other"}, "the rule age is about it no more"),
    ],
    ids=str,
)
def test_a_demand_that_was_changed_is_no_fix(
    ledger: Ledger, changed: dict[str, object], evidence: str
) -> None:
    ledger.run(0, secret("a", 40, 0))
    kept = () if "sources" in changed else (secret("a", 41, 1),)
    ledger.run(1, *kept, **changed)  # type: ignore[arg-type]  # keywords of run
    (one,) = episodes(ledger.store.runs(), ledger.store, SilentProgress())
    assert (one.closing, one.evidence) == (Closing.DROPPED, evidence)


def test_a_diff_puts_every_failure_in_one_place(ledger: Ledger) -> None:
    ledger.run(0, secret("a", 40, 0), secret("b", 40, 0), secret("c", 0, 0), secret("d", 40, 0))
    before = ledger.run(2, secret("a", 42, 2), secret("b", 42, 2), secret("c", 2, 2), secret("d", 42, 2))
    after = ledger.run(
        5, secret("a", 45, 5), secret("b", 0, 5), secret("c", 40, 5), secret("d", None, 5), policy="house"
    )
    found = diff(ledger.store.runs(), after, before, ledger.store, progress=SilentProgress())
    assert (found.before, found.after) == (before, after)
    assert [one.standing.name for one in found.new] == ["c"]
    assert [one.standing.name for one in found.still_open] == ["a"]
    assert [one.standing.name for one in found.fixed] == ["b"]
    assert [one.standing.name for one in found.unseen] == ["d"]
    assert found.still_open[0].days(after.started) == 5
    assert (found.policy_changed, found.scope_changed) == (False, False)


def test_a_diff_of_a_run_with_itself_is_empty_but_for_what_is_open(ledger: Ledger) -> None:
    run = ledger.run(0, secret("a", 40, 0))
    found = diff(ledger.store.runs(), run, run, ledger.store, progress=SilentProgress())
    assert (found.new, found.fixed, found.unseen, len(found.still_open)) == ((), (), (), 1)


def test_trials_between_two_runs_are_passed_over_and_can_be_compared(ledger: Ledger) -> None:
    first = ledger.run(0, secret("a", 0, 0))
    trial = ledger.run(1, secret("a", 1, 1), as_of=START + timedelta(days=40))
    last = ledger.run(2, secret("a", 2, 2))
    found = diff(ledger.store.runs(), first, last, ledger.store, progress=SilentProgress())
    assert (found.new, found.fixed, found.still_open) == ((), (), ())
    assert [
        one.standing.name
        for one in diff(ledger.store.runs(), first, trial, ledger.store, progress=SilentProgress()).new
    ] == ["a"]


@pytest.mark.parametrize("other", [{"organisation": "Another"}, {"command": Command.LEAKS}], ids=str)
def test_what_did_not_look_at_the_same_is_not_compared(ledger: Ledger, other: dict[str, object]) -> None:
    one = ledger.run(0, secret("a", 40, 0))
    two = ledger.run(1, **other)  # type: ignore[arg-type]  # keywords of run
    with pytest.raises(ConfigError, match="run 1 and run 2 did not look at the same"):
        diff(ledger.store.runs(), one, two, ledger.store, progress=SilentProgress())


def test_a_run_is_found_by_number_digest_or_as_the_latest(ledger: Ledger) -> None:
    with pytest.raises(ConfigError, match="no run is recorded yet"):
        find([], "latest")
    runs = [ledger.run(day, secret("a", 0, day)) for day in range(3)]
    assert find(runs, "2") == find(runs, runs[1].digest[:8]) == find(runs, runs[1].id) == runs[1]
    assert find(runs, "latest") == runs[2]
    for unknown in ("4", "0", "ffffffff", runs[1].digest[:3]):
        with pytest.raises(ConfigError, match="there is no run"):
            find(runs, unknown)


def test_two_runs_of_the_same_input_share_an_id_and_are_told_apart() -> None:
    store = MemoryStore()
    runs = [store.save(recording(assessments.clean())) for _ in range(2)]
    with pytest.raises(ConfigError, match="means the runs 1, 2"):
        find(runs, runs[0].id)


def test_a_leak_is_known_since_the_run_that_first_saw_it() -> None:
    store = MemoryStore()
    golden = recording(assessments.golden())
    assert detected(golden.snapshot, store).leaks == golden.snapshot.leaks
    store.save(golden)
    later = replace(golden.snapshot, taken_at=golden.snapshot.taken_at + timedelta(days=3))
    assert {leak.detected_at for leak in detected(later, store).leaks} == {golden.assessment.run.started}
    earlier = replace(golden.snapshot, taken_at=golden.assessment.run.started - timedelta(days=1))
    assert detected(earlier, store).leaks == golden.snapshot.leaks
