"""The ledger: what was recorded comes back, in order, and no change of it goes unnoticed."""

import json
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from keyproof.domain.assessment import Assessment
from keyproof.domain.ledger import RunEntry
from keyproof.errors import StoreError
from keyproof.ports import RunStore
from keyproof.store import record, schema
from keyproof.store.database import Database
from keyproof.store.ledger import Ledger
from keyproof.store.sqlite import SqliteDatabase
from keyproof.wiring.catalog import REPORTERS
from tests.app.test_episodes import Ledger as Days
from tests.app.test_episodes import secret
from tests.fakes import assessments
from tests.fakes.recordings import recording
from tests.store.conftest import Open

WHOLE = [assessments.golden(), assessments.clean(), assessments.incomplete(), assessments.empty()]
IDS = ["golden", "clean", "incomplete", "empty"]


@pytest.mark.parametrize("assessment", WHOLE, ids=IDS)
def test_a_recorded_run_renders_the_same_bytes_in_every_format(
    open_database: Open, assessment: Assessment
) -> None:
    store: RunStore = Ledger(open_database())
    run = store.save(recording(assessment))
    again = Ledger(open_database()).assessment(run)
    for reporter in REPORTERS.values():
        assert reporter().render(again) == reporter().render(assessment)


def test_what_was_read_comes_back(open_database: Open) -> None:
    given = recording(assessments.golden())
    run = Ledger(open_database()).save(given)
    store = Ledger(open_database())
    assert store.snapshot(run) == given.snapshot
    assert store.documents(run) == given.documents
    assert store.runs() == [run]


def test_the_line_of_a_run_says_what_it_was(open_database: Open) -> None:
    given = replace(recording(assessments.incomplete()), narrowed=("--rule age",))
    run = Ledger(open_database()).save(given)
    info = given.assessment.run
    assert (run.number, run.id, run.as_of, run.version) == (1, info.id, info.as_of, info.version)
    assert run.counts["fail"] == given.assessment.summary.failed
    assert (run.secrets, run.gaps, run.whole) == (
        len(given.snapshot.secrets),
        given.assessment.summary.gaps,
        False,
    )
    assert "narrowed by --rule age" in run.shortfall
    assert "scopes could not be read in full" in run.shortfall


def test_what_is_not_in_order_is_kept_apart(open_database: Open) -> None:
    given = recording(assessments.golden())
    store = Ledger(open_database())
    found = store.standings(store.save(given))
    expected = {f.id for f in given.assessment.findings if f.outcome.value in {"fail", "not-evaluated"}}
    assert {one.finding for one in found} == expected
    assert all(one.name for one in found)


def test_what_a_look_back_needs_is_kept_apart(open_database: Open, tmp_path: Path) -> None:
    found = []
    for days in (Days(tmp_path), Days(tmp_path, Ledger(open_database()))):
        run = days.run(0, secret("a", 40, 0), replace(secret("b", 1, 0), versions=()), secret("c", None, 0))
        found.append(days.store.extract(run))
    in_memory, read = found
    assert read == in_memory
    assert [(one.rule, one.period.text, len(one.secrets)) for one in read.demands] == [
        ("house/age", "30d", 3)
    ]


@pytest.mark.parametrize("assessment", WHOLE, ids=IDS)
def test_reasons_are_read_by_the_id_of_the_finding(open_database: Open, assessment: Assessment) -> None:
    store = Ledger(open_database())
    run = store.save(recording(assessment))
    known = [finding.id for finding in assessment.findings]
    assert store.reasons(run, [*known[:3], "no such finding"]) == {
        finding.id: finding.reason for finding in assessment.findings[:3]
    }


def test_a_run_of_before_there_were_extracts_is_read_in_full(tmp_path: Path) -> None:
    new, old = (Ledger(SqliteDatabase(tmp_path / name)) for name in ("new.db", "old.db"))
    run = Days(tmp_path, new).run(0, secret("a", 40, 0), secret("b", 1, 0))
    _copy_without("extract", new, run, tmp_path / "old.db")
    (same,) = old.runs()
    assert "extract" not in same.parts
    assert old.extract(same) == new.extract(run)
    assert old.verify() == []
    new.close()
    old.close()


def _copy_without(part: str, ledger: Ledger, run: RunEntry, path: Path) -> None:
    """Record the first run as a version of keyproof that knew no such part did."""
    ((head, _),) = ledger.chain(run)
    parts = {name: content for name, content in ledger.parts(run).items() if name != part}
    digests = {name: run.parts[name] for name in parts}
    text, digest = record.chained(
        {**json.loads(head), "parts": digests}, number=1, previous=record.NONE_BEFORE
    )
    database = SqliteDatabase(path)
    database.rows(schema.INSERT_RUN, (1, digest, record.NONE_BEFORE, text.decode()))
    for name, content in parts.items():
        database.rows(schema.INSERT_PART, (digests[name], zlib.compress(content)))
        database.rows(schema.INSERT_RUN_PART, (1, name, digests[name]))
    database.close()


def test_runs_are_chained(open_database: Open) -> None:
    store = Ledger(open_database())
    runs = [store.save(recording(assessment)) for assessment in WHOLE]
    assert [run.number for run in runs] == [1, 2, 3, 4]
    assert runs[0].previous == "0" * 64
    assert all(after.previous == before.digest for before, after in pairwise(runs))
    assert store.verify() == []


def test_equal_parts_are_kept_once(open_database: Open) -> None:
    database = open_database()
    store = Ledger(database)
    store.save(recording(assessments.golden()))
    store.save(recording(assessments.golden(), started=datetime(2026, 3, 17, tzinfo=UTC)))
    assert database.rows("SELECT count(*) FROM run_part") == [(12,)]
    assert database.rows("SELECT count(*) FROM part") == [(8,)], "only when it was read and the result differ"
    assert store.verify() == []


def test_the_run_that_first_saw_a_leak_is_known(open_database: Open) -> None:
    first, second = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
    store = Ledger(open_database())
    golden = recording(assessments.golden(), started=first)
    assert store.first_seen([golden.snapshot.leaks[0].id]) == {}
    store.save(golden)
    store.save(recording(assessments.golden(), started=second))
    leaks = {leak.id for leak in golden.snapshot.leaks}
    assert store.first_seen([*leaks, "leak://app/ffff"]) == dict.fromkeys(leaks, first)


@pytest.mark.parametrize("table", ["run", "part", "run_part", "leak"])
@pytest.mark.parametrize("verb", ["UPDATE", "DELETE"])
def test_no_row_can_be_changed(open_database: Open, table: str, verb: str) -> None:
    database = open_database()
    Ledger(database).save(recording(assessments.golden()))
    column = {"part": "digest", "leak": "id"}.get(table, "digest" if table == "run_part" else "head")
    statement = f"UPDATE {table} SET {column} = {column}" if verb == "UPDATE" else f"DELETE FROM {table}"
    with pytest.raises(StoreError, match="the ledger is only added to"):
        database.rows(statement)


def test_a_run_that_does_not_follow_the_last_is_refused(open_database: Open) -> None:
    database = open_database()
    run = Ledger(database).save(recording(assessments.golden()))
    insert = "INSERT INTO run (number, digest, previous, head) VALUES (?, ?, ?, ?)"
    for number, previous in ((3, run.digest), (2, "1" * 64), (0, run.digest)):
        with pytest.raises(StoreError):
            database.rows(insert, (number, "2" * 64, previous, "{}"))
    assert [one.number for one in Ledger(database).runs()] == [1]


TAMPERED = {
    "a changed line": ("run", "UPDATE run SET head = replace(head, 'exit_code\":1', 'exit_code\":0') WHERE number = 2", "run 2 was changed: its digest does not fit"),
    "a removed run": ("run", "DELETE FROM run WHERE number = 2", "run 2 is missing: run 3 stands in its place"),
    "a changed digest": ("run", "UPDATE run SET digest = 'g' || substr(digest, 2) WHERE number = 2", "run 2 was changed"),
    "a broken link": ("run", "UPDATE run SET previous = 'g' || substr(previous, 2) WHERE number = 3", "run 3 does not follow the run before it"),
    "a removed part": ("part", "DELETE FROM part WHERE digest IN (SELECT digest FROM run_part WHERE run = 3 AND name = 'findings')", "run 3: its findings is missing"),
    "a foreign part": ("part", "INSERT INTO part SELECT 'x', content FROM part LIMIT 1", "part x belongs to no run"),
    "swapped parts": ("part", "UPDATE part SET content = (SELECT content FROM part AS o WHERE o.digest > part.digest ORDER BY o.digest LIMIT 1) WHERE digest = (SELECT min(digest) FROM part)", "was changed or damaged"),
    "a changed list": ("run_part", "DELETE FROM run_part WHERE run = 1 AND name = 'policy'", "run 1: its list of parts was changed at 'policy'"),
    "a forgotten leak": ("leak", "DELETE FROM leak", "the run that first saw leak://"),
}  # fmt: skip


@pytest.mark.parametrize("change", TAMPERED)
def test_whoever_removes_the_guards_and_changes_something_is_seen(open_database: Open, change: str) -> None:
    table, statement, problem = TAMPERED[change]
    database = open_database()
    store = Ledger(database)
    for day in (1, 2, 3):
        store.save(recording(assessments.golden(), started=datetime(2026, 3, day, tzinfo=UTC)))
    _unguard(database, table)
    database.rows(statement)
    assert any(problem in one for one in store.verify()), store.verify()


def _unguard(database: Database, table: str) -> None:
    rows = database.rows
    try:
        triggers = rows("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?", (table,))
    except StoreError:
        rows("SET session_replication_role = replica")
        return
    for (name,) in triggers:
        rows(f"DROP TRIGGER {name}")
    rows("PRAGMA foreign_keys = OFF")


@pytest.mark.parametrize("table", schema.NAMES)
def test_a_removed_guard_is_told(open_database: Open, table: str) -> None:
    database = open_database()
    store = Ledger(database)
    store.save(recording(assessments.golden()))
    sqlite = isinstance(database, SqliteDatabase)
    name = f"{table}_no_DELETE" if sqlite else f"{table}_only_added"
    database.rows(f"DROP TRIGGER {name}" if sqlite else f"ALTER TABLE {table} DISABLE TRIGGER {name}")
    assert store.verify() == [f"the guard {name} was removed"]


def test_a_part_that_was_changed_is_not_shown(open_database: Open) -> None:
    database = open_database()
    store = Ledger(database)
    run = store.save(recording(assessments.golden()))
    _unguard(database, "part")
    database.rows("UPDATE part SET content = ? WHERE digest = ?", (b"x", run.parts["findings"]))
    with pytest.raises(StoreError, match="run 1: its findings was changed or damaged"):
        store.assessment(run)


def test_runs_at_the_same_time_keep_one_chain(open_database: Open) -> None:
    def save(number: int) -> int:
        started = datetime(2026, 3, 1 + number, tzinfo=UTC)
        store = Ledger(open_database())
        try:
            return store.save(recording(assessments.clean(), started=started)).number
        finally:
            store.close()

    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(save, range(8)))
    store = Ledger(open_database())
    assert sorted(numbers) == list(range(1, 9))
    assert store.verify() == []


def test_a_failure_in_the_middle_leaves_nothing(open_database: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    database = open_database()
    store = Ledger(database)
    store.save(recording(assessments.clean()))
    rows = database.rows
    calls = 0

    def failing(sql: str, parameters: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        nonlocal calls
        calls += "INSERT INTO part" in sql
        if calls == 2 and "INSERT INTO part" in sql:
            raise StoreError("disk full")
        return rows(sql, parameters)

    monkeypatch.setattr(database, "rows", failing)
    with pytest.raises(StoreError, match="disk full"):
        store.save(recording(assessments.golden()))
    monkeypatch.undo()
    assert len(store.runs()) == 1
    assert store.verify() == []
    assert store.save(recording(assessments.golden())).number == 2
