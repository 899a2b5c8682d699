"""`keyproof forecast`: what turns red in the days to come."""

import re
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from tests.cli.conftest import Keyproof
from tests.reporters.reading import page_of

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
    assert out == snapshot("""\
Example Ltd, as of 2025-12-10 00:00 UTC
2 findings will turn red through 2026-01-09 if nobody acts; 0 fail already.
last day     in     severity   what, the rule, and why                                        owner
────────────────────────────────────────────────────────────────────────────────────────────────────
2025-12-15   5 d    medium     Redis Password                                                 DevOps
                               age: baseline ends
2025-12-20   10 d   medium     Database Password                                              DBA
                               age: waiver freeze ends

Waivers and baseline entries that end:
last day     in     accepts   which, what it accepts, and why                      approver or owner
────────────────────────────────────────────────────────────────────────────────────────────────────
2025-12-15   5 d    1         baseline: house/age on                               DevOps
                              inventory://secrets.md#Redis%20Password
                              failed before keyproof was adopted
2025-12-20   10 d   1         freeze: age on name *database*                       B
                              r
""")


def attested(project: Path, *attestations: str) -> None:
    """A drill to be attested every year, beside the passwords."""
    with (project / "policy.yaml").open("a", encoding="utf-8") as file:
        file.write(
            "  - {id: drill, title: A drill every year, check: attested, with: {every: annually}, severity: high}\n"
        )
    (project / "attestations.yaml").write_text(
        "apiVersion: keyproof/v1\nkind: Attestations\nattestations:\n"
        + "".join(
            f"  - {{{one}, rule: drill, statement: It took place., every: annually}}\n"
            for one in attestations
        ),
        encoding="utf-8",
    )
    with (project / "keyproof.yaml").open("a", encoding="utf-8") as file:
        file.write("attestations: [attestations.yaml]\n")


@pytest.mark.parametrize(
    ("day", "days", "lapses"),
    [("2025-12-01", 14, 0), ("2025-12-01", 15, 1), ("2025-12-16", 0, 1), ("2025-12-17", 30, 0)],
)
def test_an_attestation_that_lapses_is_told_through_its_last_day(
    project: Path, keyproof: Keyproof, day: str, days: int, lapses: int
) -> None:
    attested(project, "id: a, by: Ana (CISO), at: 2024-12-16")
    out = look(keyproof, day, "--days", str(days))
    assert out.count("drill: by Ana (CISO)") == lapses
    assert ("To be attested again:" in out) == bool(lapses)
    assert "2 fail already." in out


def test_one_that_takes_over_moves_the_day(project: Path, keyproof: Keyproof) -> None:
    attested(project, "id: a, by: Ana, at: 2024-12-16", "id: b, by: Ben, at: 2025-12-10")
    assert "attested again" not in look(keyproof, "2025-12-01", "--days", "300")
    out = look(keyproof, "2025-12-01", "--days", "400")
    assert "2026-12-10   374 d   high       A drill every year" in out
    assert "drill: by Ben" in out


def test_a_waiver_that_begins_later_ends_too(project: Path, keyproof: Keyproof) -> None:
    config = project / "keyproof.yaml"
    config.write_text(config.read_text("utf-8") + "waivers: [waivers.yaml]\n", encoding="utf-8")
    assert keyproof(
        "waiver", "add", "waivers.yaml", "--id", "freeze", "--rule", "age", "--select", "name=*database*", "--reason", "r",
        "--requested-by", "A", "--approved-by", "B", "--from", "2025-09-20", "--until", "2025-10-10",
    ).code == 0  # fmt: skip
    out = look(keyproof, "2025-09-15")
    assert "2025-10-10   25 d   medium     Database Password" in out
    assert "age: waiver freeze ends" in out
    assert "2025-09-29" not in out


def test_a_page_for_people_and_a_calendar_hold_the_same(project: Path, keyproof: Keyproof) -> None:
    attested(project, "id: a, by: '<script>alert(1)</script>', at: 2024-09-16")
    out = look(keyproof, "2025-09-05", "--format", "html=ahead.html", "--format", "ics=ahead.ics")
    assert "1 finding will turn red" in out
    page = page_of((project / "ahead.html").read_text("utf-8"))
    assert page.xpath("//script | //img | //@*[starts-with(name(), 'on')]") == []
    assert [" ".join(row.text_content().split()) for row in page.xpath("//tbody/tr")] == snapshot(
        [
            "2025-09-29in 24 daysmediumDatabase PasswordPasswords rotate every 90 daysduehouse/ageDBA",
            "2025-09-16in 11 daysA drill every yearhouse/drill<script>alert(1)</script>Security",
        ]
    )
    assert page.xpath("//main//h2/text()") == snapshot(
        ["What turns red", "What has to be attested again", "Waivers and baseline entries that end"]
    )
    calendar = (project / "ahead.ics").read_text("utf-8")
    assert re.findall(r"(?m)^SUMMARY:.*$", calendar) == snapshot(
        ["SUMMARY:Attest again: A drill every year", "SUMMARY:Last day: Database Password"]
    )
    assert calendar.count("BEGIN:VEVENT") == len(page.xpath("//tbody/tr"))


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
    [("--format", "json"), ("--days", "-1"), ("--format", "ics", "--format", "text"), ("--rule", "none")],
)
def test_bad_input_is_refused(project: Path, keyproof: Keyproof, options: tuple[str, ...]) -> None:
    assert keyproof("forecast", "--no-progress", *options).code == 2
