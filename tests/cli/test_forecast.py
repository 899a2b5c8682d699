"""`keyproof forecast`: what turns red in the days to come."""

from pathlib import Path

import pytest
from inline_snapshot import snapshot

from tests.cli.conftest import Keyproof

# Of the project's table: Database Password of 2025-07-01 is due 2025-09-29, Redis Password of 2025-09-01 on 2025-11-30.


def look(keyproof: Keyproof, day: str, *options: str) -> str:
    result = keyproof("forecast", "--as-of", day, "--no-progress", *options)
    assert (result.code, result.err) == (0, "")
    return result.out


def test_a_table_of_what_turns_red(project: Path, keyproof: Keyproof) -> None:
    assert look(keyproof, "2025-09-05", "--days", "90") == snapshot("""\
Example Ltd, as of 2025-09-05 00:00 UTC
2 findings will turn red through 2025-12-04 if nobody acts; 0 fail already.
last day     in     severity   what, the rule, and why                                        owner
────────────────────────────────────────────────────────────────────────────────────────────────────
2025-09-29   24 d   medium     Database Password                                              DBA
                               age: due
2025-11-30   86 d   medium     Redis Password                                                 DevOps
                               age: due
""")


@pytest.mark.parametrize(
    ("day", "days", "turning", "failing"),
    [
        ("2025-09-05", 23, 0, 0),
        ("2025-09-05", 24, 1, 0),
        ("2025-09-29", 0, 1, 0),
        ("2025-09-29T23:59:59Z", 0, 1, 0),
        ("2025-09-30", 0, 0, 1),
        ("2025-09-30", 61, 1, 1),
        ("2025-12-01", 3660, 0, 2),
        ("9999-12-31", 3660, 0, 2),
    ],
)
def test_the_last_day_counts_and_what_fails_is_not_repeated(
    project: Path, keyproof: Keyproof, day: str, days: int, turning: int, failing: int
) -> None:
    noun = "finding" if turning == 1 else "findings"
    out = look(keyproof, day, "--days", str(days))
    assert out.splitlines()[1].startswith(f"{turning} {noun} will turn red through ")
    assert f"; {failing} {'fails' if failing == 1 else 'fail'} already." in out


def test_a_waiver_and_a_baseline_that_end_turn_red_too(project: Path, keyproof: Keyproof) -> None:
    config = project / "keyproof.yaml"
    config.write_text(config.read_text("utf-8") + "waivers: [waivers.yaml]\n", encoding="utf-8")
    added = keyproof(
        "waiver", "add", "waivers.yaml", "--id", "freeze", "--rule", "age", "--select", "name=*database*",
        "--reason", "r", "--requested-by", "A", "--approved-by", "B", "--from", "2025-12-01", "--until", "2025-12-20",
    )  # fmt: skip
    assert added.code == 0
    day = ("--as-of", "2025-12-10", "--no-progress")
    assert keyproof("baseline", "-o", "baseline.yaml", *day, "--until", "2025-12-15").code == 0
    out = look(keyproof, "2025-12-10", "--baseline", "baseline.yaml")
    lines = [line for line in out.splitlines() if "ends" in line or "2025-12-" in line[:8]]
    assert [line.split(" d ")[0].split() for line in lines if line.startswith("2025")] == [
        ["2025-12-15", "5"],
        ["2025-12-20", "10"],
    ]
    assert "age: baseline ends" in out
    assert "age: waiver freeze ends" in out


def test_a_calendar_in_a_file_and_the_table_on_stdout(project: Path, keyproof: Keyproof) -> None:
    out = look(keyproof, "2025-09-05", "--format", "ics=due.ics")
    data = (project / "due.ics").read_bytes()
    assert "1 finding will turn red through 2025-10-05" in out
    assert data.startswith(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    assert b"\r\nDTSTART;VALUE=DATE:20250929\r\nDTEND;VALUE=DATE:20250930\r\n" in data
    assert data.count(b"BEGIN:VEVENT") == 1


def test_a_calendar_on_stdout_stands_there_alone(project: Path, keyproof: Keyproof) -> None:
    out = look(keyproof, "2025-09-05", "--format", "ics")
    assert out.startswith("BEGIN:VCALENDAR")
    assert out.rstrip().endswith("END:VCALENDAR")


def test_a_snapshot_serves_as_well(project: Path, keyproof: Keyproof) -> None:
    assert keyproof("collect", "-o", "snapshot.json", "--no-progress").code == 0
    assert look(keyproof, "2025-09-05", "snapshot.json") == look(keyproof, "2025-09-05")


def test_a_source_that_cannot_be_read_is_a_hole_in_the_forecast(project: Path, keyproof: Keyproof) -> None:
    (project / "secrets.md").unlink()
    result = keyproof("forecast", "--as-of", "2025-09-05", "--no-progress")
    assert result.code == 3
    assert "Not forecast: 1 scope could not be read in full" in result.out


@pytest.mark.parametrize(
    "options",
    [("--format", "html"), ("--days", "-1"), ("--format", "ics", "--format", "text"), ("--rule", "none")],
)
def test_bad_input_is_refused(project: Path, keyproof: Keyproof, options: tuple[str, ...]) -> None:
    assert keyproof("forecast", "--no-progress", *options).code == 2
