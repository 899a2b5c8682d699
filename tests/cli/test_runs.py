"""The run ledger as a person meets it: what is recorded, listed, compared, and rendered again."""

import json
import sqlite3
import subprocess
from pathlib import Path

import pytest

from keyproof.errors import StoreError
from keyproof.store.sqlite import SqliteDatabase
from tests.cli.conftest import Keyproof

LATE, FRESH = "2025-07-01", "2025-10-01"


def rotate(project: Path) -> None:
    table = project / "secrets.md"
    table.write_text(table.read_text("utf-8").replace(LATE, FRESH), encoding="utf-8")


def listed(keyproof: Keyproof) -> list[dict[str, object]]:
    runs: list[dict[str, object]] = json.loads(keyproof("runs", "list", "--format", "json").out)
    return runs


def test_a_scan_is_recorded_beside_its_configuration(project: Path, keyproof: Keyproof) -> None:
    assert keyproof("scan", "-q").code == 1
    (run,) = listed(keyproof)
    assert (run["command"], run["exit_code"], run["secrets"], run["complete"]) == ("scan", 1, 2, True)
    assert (project / ".keyproof" / "runs.db").stat().st_mode & 0o077 == 0
    assert "*" in (project / ".keyproof" / ".gitignore").read_text("utf-8").splitlines()


@pytest.mark.parametrize("off", [True, False])
def test_nothing_is_recorded_when_that_is_wanted(project: Path, keyproof: Keyproof, off: bool) -> None:
    if off:
        with (project / "keyproof.yaml").open("a") as file:
            file.write("store: off\n")
    assert keyproof("scan", "-q", *([] if off else ["--no-store"])).code == 1
    assert not (project / ".keyproof").exists()
    assert keyproof("runs", "list").code == 2


def test_another_place_is_taken(project: Path, keyproof: Keyproof) -> None:
    with (project / "keyproof.yaml").open("a") as file:
        file.write("store: audit/all.db\n")
    keyproof("scan", "-q")
    assert (project / "audit" / "all.db").exists()
    assert len(listed(keyproof)) == 1


def test_an_evaluation_is_recorded_with_what_narrowed_it(project: Path, keyproof: Keyproof) -> None:
    keyproof("collect", "-o", "snapshot.json")
    keyproof("evaluate", "snapshot.json", "--rule", "age", "-q")
    (run,) = listed(keyproof)
    assert (run["command"], run["narrowed"], run["complete"]) == ("evaluate", ["--rule age"], False)


def test_a_search_of_a_history_is_recorded_where_there_is_a_configuration(
    project: Path, keyproof: Keyproof
) -> None:
    subprocess.run(["git", "init", "-q", project], check=True)
    assert keyproof("leaks").code == 0
    assert keyproof("leaks", "--staged").code == 0
    assert keyproof("leaks", "--no-store").code == 0
    (run,) = listed(keyproof)
    assert (run["command"], run["organisation"]) == ("leaks", "Example Ltd")
    (project / "keyproof.yaml").write_text("version: 7\n")
    result = keyproof("leaks")
    assert (result.code, "this run is not recorded" in result.err) == (0, True)


def test_a_run_is_shown_with_what_it_was_judged_by(project: Path, keyproof: Keyproof) -> None:
    keyproof("scan", "-q")
    out = keyproof("runs", "show").out
    for expected in (
        "run                1 of Example Ltd, by `keyproof scan`",
        "2 secrets, 0 leaks",
        "policy.yaml",
        "keyproof.yaml",
    ):
        assert expected in out
    shown = json.loads(keyproof("runs", "show", "1", "--format", "json").out)
    assert shown["documents"] == ["keyproof.yaml", "policy.yaml"]
    assert shown["scope_table"][0]["status"] == "ok"


def test_what_changed_is_told(project: Path, keyproof: Keyproof) -> None:
    keyproof("scan", "-q", "--as-of", "2025-10-05")
    rotate(project)
    keyproof("scan", "-q", "--as-of", "2025-10-06")
    out = keyproof("runs", "diff").out
    assert "Closed: 1" in out
    assert "fixed: due in 85 days: value of 2025-10-01" in out
    found = json.loads(keyproof("runs", "diff", "1", "2", "--format", "json").out)
    assert [len(found[key]) for key in ("new", "still_open", "not_looked_at", "closed")] == [0, 0, 0, 1]
    assert found["closed"][0]["owner"] == "DBA"


def test_a_first_run_has_nothing_to_compare_with(project: Path, keyproof: Keyproof) -> None:
    keyproof("scan", "-q")
    result = keyproof("runs", "diff")
    assert (result.code, "there is no run before run 1" in result.err) == (2, True)


def test_a_period_is_shown_and_says_when_the_control_did_not_run(project: Path, keyproof: Keyproof) -> None:
    keyproof("scan", "-q")
    day = str(listed(keyproof)[0]["started"])[:10]
    kept = keyproof("runs", "period", "--from", day, "--to", day)
    assert (kept.code, "Cadence: 1 run, asked for daily: kept" in kept.out) == (0, True)
    assert "Sample of secrets: 2 of 2" in kept.out
    result = keyproof(
        "runs", "period", "--from", "2024-01-01", "--to", day, "--format", "json", "-o", "p.json"
    )
    assert result.code == 3
    data = json.loads((project / "p.json").read_text("utf-8"))
    assert data["cadence"]["silences"][0]["from"] == "2024-01-01"
    assert len(data["lateness"]) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--from", "yesterday", "--to", "2025-01-01"), "--from: 'yesterday' is not a day"),
        (("--from", "2025-01-01", "--to", "2025-02-30"), "--to: '2025-02-30' is not a day"),
        (("--from", "2025-01-01", "--to", "2025-02-01", "--every", "often"), "--every: 'often' is not how often"),
        (("--from", "2025-01-01", "--to", "2025-02-01", "--every", "on compromise"), "--every: 'on compromise' is"),
        (("--from", "2025-01-01", "--to", "2025-02-01"), "no scan was recorded from 2025-01-01 to 2025-02-01"),
    ],
)  # fmt: skip
def test_a_period_that_is_none_is_refused(
    project: Path, keyproof: Keyproof, options: tuple[str, ...], message: str
) -> None:
    keyproof("scan", "-q")
    result = keyproof("runs", "period", *options)
    assert (result.code, message in result.err) == (2, True)


def test_a_recorded_run_is_rendered_again_byte_for_byte(project: Path, keyproof: Keyproof) -> None:
    formats = ("json", "junit", "html", "sarif", "csv")
    wanted = [part for name in formats for part in ("--format", f"{name}=first/{name}")]
    code = keyproof("scan", "-q", *wanted).code
    rotate(project)
    (project / "policy.yaml").write_text("broken: [")
    again = [part for name in formats for part in ("--format", f"{name}=again/{name}")]
    assert keyproof("report", "1", "-q", *again).code == code == 1
    for name in formats:
        assert (project / "again" / name).read_bytes() == (project / "first" / name).read_bytes()


def test_a_json_result_is_rendered_in_another_format(project: Path, keyproof: Keyproof) -> None:
    keyproof("scan", "-q", "--format", "json=r.json", "--format", "junit=first.xml", "--no-store")
    assert keyproof("report", "r.json", "-q", "--format", "junit=again.xml").code == 1
    assert (project / "again.xml").read_bytes() == (project / "first.xml").read_bytes()
    result = keyproof("report", "none.json")
    assert (result.code, "none.json: No such file" in result.err) == (2, True)


def test_a_leak_keeps_the_time_a_run_first_saw_it(project: Path, keyproof: Keyproof) -> None:
    (project / "keyproof.yaml").write_text(
        "version: 1\norganisation: Example Ltd\npolicies: [leaks]\n"
        "repositories: [{path: ., history: worktree, name: app}]\n"
    )
    (project / "a.py").write_text('key = "AK' + 'IAQYLPMN5HHHFPZAM2"\n')
    for _ in range(2):
        assert keyproof("scan", "-q", "--format", "json=r.json").code == 1
    first, second = listed(keyproof)
    (leak,) = [
        s["leak"] for s in json.loads((project / "r.json").read_text("utf-8"))["subjects"] if s["leak"]
    ]
    assert leak["detected_at"] == first["started"] != second["started"]


def test_a_ledger_that_cannot_be_used_stops_the_run_and_keeps_the_old_report(
    project: Path, keyproof: Keyproof
) -> None:
    (project / "reports").mkdir()
    (project / "reports" / "keyproof.json").write_text("the old one")
    (project / ".keyproof").mkdir()
    (project / ".keyproof" / "runs.db").write_text("no database at all, but a text of some length " * 40)
    result = keyproof("scan", "--out", "reports")
    assert result.code == 2
    assert "cannot be used: file is not a database" in result.err
    assert "next: name another file in store:" in result.err
    assert (project / "reports" / "keyproof.json").read_text("utf-8") == "the old one"


def test_the_database_of_another_program_is_left_alone(project: Path, keyproof: Keyproof) -> None:
    (project / ".keyproof").mkdir()
    with sqlite3.connect(project / ".keyproof" / "runs.db") as other:
        other.execute("CREATE TABLE songs (title)")
    other.close()
    result = keyproof("scan", "-q")
    assert (result.code, "is a database, but no run ledger" in result.err) == (2, True)


def test_a_ledger_of_a_newer_version_is_left_alone(project: Path, keyproof: Keyproof) -> None:
    keyproof("scan", "-q")
    with sqlite3.connect(project / ".keyproof" / "runs.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert "was written by a newer keyproof" in keyproof("scan", "-q").err
    assert "was written by a newer keyproof" in keyproof("runs", "list").err


def test_reading_makes_nothing(project: Path) -> None:
    with pytest.raises(StoreError, match="there is no run ledger at"):
        SqliteDatabase(project / ".keyproof" / "runs.db", readonly=True)
    assert not (project / ".keyproof").exists()
