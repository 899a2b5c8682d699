"""Whatever happens to a process that records, the ledger stays readable and its chain whole."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from keyproof.errors import StoreError
from keyproof.store.database import Database
from keyproof.store.ledger import Ledger
from keyproof.store.sqlite import SqliteDatabase
from tests.fakes import assessments
from tests.fakes.recordings import recording

ROOT = Path(__file__).parents[2]
WRITER = """\
import itertools, os, signal, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from keyproof.store.ledger import Ledger
from tests.fakes import assessments
from tests.fakes.recordings import recording

place, die_at = sys.argv[1], int(sys.argv[2])
if "://" in place:
    from keyproof.store.postgresql import PostgresDatabase
    database = PostgresDatabase(place)
else:
    from keyproof.store.sqlite import SqliteDatabase
    database = SqliteDatabase(Path(place))
store, golden, rows, calls = Ledger(database), assessments.golden(), database.rows, itertools.count(1)

def counted(sql, parameters=()):
    if next(calls) == die_at:
        os.kill(os.getpid(), signal.SIGKILL)
    return rows(sql, parameters)

database.rows = counted
for number in range(10**6):
    store.save(recording(golden, started=datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=number)))
    print(number, flush=True)
"""


def writer(place: str, die_at: int = 0) -> "subprocess.Popen[str]":
    """A process that records runs until it dies, by its own hand at its statement number `die_at`."""
    command = [sys.executable, "-c", WRITER, place, str(die_at)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def told(process: "subprocess.Popen[str]") -> int:
    """How many runs the process said it had recorded."""
    assert process.stdout is not None
    with process.stdout as lines:
        number = len(lines.read().splitlines())
    assert process.wait() == -signal.SIGKILL
    return number


def whole(database: Database) -> int:
    """The number of runs, in a ledger that is whole."""
    store = Ledger(database)
    try:
        assert store.verify() == []
        runs = store.runs()
        assert [run.number for run in runs] == list(range(1, len(runs) + 1))
        if runs:
            assert store.assessment(runs[-1]).findings
        return len(runs)
    finally:
        store.close()


def test_a_kill_at_any_statement_leaves_the_runs_before_it(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    recorded = 0
    for die_at in range(1, 60, 4):
        recorded += told(writer(str(path), die_at))
        found = whole(SqliteDatabase(path, readonly=True))
        assert recorded <= found <= recorded + 1, "the one that was killed may have been committed, untold"
        recorded = found
    assert whole(SqliteDatabase(path)) == recorded > 3
    store = Ledger(SqliteDatabase(path))
    assert store.save(recording(assessments.clean())).number == recorded + 1
    store.close()


def test_a_kill_at_any_moment_leaves_a_whole_ledger(tmp_path: Path) -> None:
    path, moments, recorded = tmp_path / "runs.db", random.Random(6), 0
    for _ in range(6):
        process = writer(str(path))
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(moments.uniform(0, 0.05))
        process.kill()
        recorded += told(process) + 1
        assert whole(SqliteDatabase(path)) >= recorded


@pytest.mark.server
def test_a_kill_leaves_a_server_s_ledger_whole(postgres_url: str) -> None:
    from keyproof.store.postgresql import PostgresDatabase  # noqa: PLC0415 (an extra)

    recorded = 0
    for die_at in (1, 5, 12, 30):
        recorded += told(writer(postgres_url, die_at))
        assert recorded <= whole(PostgresDatabase(postgres_url)) <= recorded + 1
        recorded = whole(PostgresDatabase(postgres_url))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder that can be scanned."""
    (tmp_path / "keyproof.yaml").write_text(
        "version: 1\norganisation: Example Ltd\npolicies: [./policy.yaml]\n"
        "sources: [{id: table, kind: inventory, path: secrets.csv}]\n"
    )
    (tmp_path / "policy.yaml").write_text(
        "apiVersion: keyproof/v1\nkind: PolicyPack\n"
        "metadata: {id: house, title: House, version: 1.0.0, owner: A, reviewed: 2026-01-01}\n"
        "rules: [{id: age, title: Age, check: max-age, with: {period: 90d}}]\n"
    )
    rows = "".join(f"Password {number},2026-01-01\n" for number in range(300))
    (tmp_path / "secrets.csv").write_text("Secret,Last Rotated\n" + rows)
    return tmp_path


LIMITED = """\
import resource, sys
if (size := int(sys.argv.pop(1))) >= 0:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
from keyproof.cli.main import run
run()
"""


def scan(project: Path, *, largest_file: int = -1) -> "subprocess.Popen[str]":
    """A scan of the project, able to write files of so many bytes at most; -1 for any."""
    return subprocess.Popen(
        [sys.executable, "-c", LIMITED, str(largest_file), "scan", "--out", "reports", "-q"],
        cwd=project, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"), "HOME": str(project)},
    )  # fmt: skip


def ended(processes: Sequence["subprocess.Popen[str]"]) -> list[tuple[int, str]]:
    """Exit code and stderr of each."""
    spoken = [process.communicate(timeout=120)[1] for process in processes]
    return [(process.returncode, err) for process, err in zip(processes, spoken, strict=True)]


def test_scans_at_the_same_time_are_all_recorded(project: Path) -> None:
    for code, err in ended([scan(project) for _ in range(4)]):
        assert (code, err) == (1, "")
    assert whole(SqliteDatabase(project / ".keyproof" / "runs.db")) == 4


def test_a_full_disk_is_told_and_the_old_report_stays(project: Path) -> None:
    assert ended([scan(project)])[0][0] == 1
    ledger, report = project / ".keyproof" / "runs.db", project / "reports" / "keyproof.json"
    before = report.read_bytes()
    (project / "secrets.csv").write_text((project / "secrets.csv").read_text().replace("Password", "Key"))
    ((code, err),) = ended([scan(project, largest_file=ledger.stat().st_size // 2)])
    assert code == 2
    assert "the run ledger" in err
    assert "nothing was changed" in err
    assert "Traceback" not in err
    assert report.read_bytes() == before
    assert whole(SqliteDatabase(ledger)) == 1
    assert ended([scan(project)])[0][0] == 1
    assert whole(SqliteDatabase(ledger)) == 2


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder of a user without any rights beyond it, who we are meanwhile."""
    folder = Path(tempfile.mkdtemp(prefix="keyproof-"))
    root = os.geteuid() == 0
    try:
        if root:
            os.chown(folder, 65534, 65534)
            os.seteuid(65534)
        yield folder
    finally:
        if root:
            os.seteuid(0)
        shutil.rmtree(folder)


def test_a_folder_that_cannot_be_written_is_told_and_can_still_be_read(nobody: Path) -> None:
    path = nobody / "runs.db"
    store = Ledger(SqliteDatabase(path))
    store.save(recording(assessments.golden()))
    store.close()
    path.chmod(0o400)
    nobody.chmod(0o500)
    try:
        assert whole(SqliteDatabase(path, readonly=True)) == 1
        with pytest.raises(StoreError, match="cannot be used: Permission denied"):
            SqliteDatabase(path)
        with pytest.raises(StoreError, match="cannot be used: Permission denied"):
            SqliteDatabase(nobody / "new" / "runs.db")
    finally:
        nobody.chmod(0o700)


def test_a_writer_that_does_not_end_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyproof.store.sqlite._PATIENCE", 0.1)
    first, second = SqliteDatabase(tmp_path / "runs.db"), SqliteDatabase(tmp_path / "runs.db")
    with first.writing(), pytest.raises(StoreError, match="database is locked") as caught, second.writing():
        pytest.fail("two write at the same time")
    assert caught.value.hint.startswith("another process has been writing for")
    first.close()
    second.close()
