"""`--as-of`: every command that judges takes it, refuses the same words, and judges by the UTC day."""

from pathlib import Path

import pytest

from tests.cli.conftest import Keyproof

WAIVERS = """\
apiVersion: keyproof/v1
kind: Waivers
waivers:
  - {id: freeze, rule: age, select: {name: "*"}, reason: No key is issued., requested-by: Ana, approved-by: [Ben],
     from: 2025-10-01, until: 2025-10-31}
"""
JUDGING = (
    ("scan", "--no-progress"),
    ("evaluate", "snapshot.json"),
    ("forecast", "snapshot.json"),
    ("baseline", "snapshot.json", "-o", "baseline.yaml", "--owner", "Ana"),
    ("waiver", "list"),
    ("waiver", "check"),
    ("policy", "explain", "age"),
    ("leaks", "--worktree", "--no-progress"),
)
each = pytest.mark.parametrize("command", JUDGING, ids=lambda command: " ".join(command[:2]))


@pytest.fixture
def prepared(project: Path, keyproof: Keyproof) -> Path:
    (project / "waivers.yaml").write_text(WAIVERS, encoding="utf-8")
    with (project / "keyproof.yaml").open("a", encoding="utf-8") as file:
        file.write("waivers: [waivers.yaml]\n")
    assert keyproof("collect", "-o", "snapshot.json", "--no-progress").code == 0
    return project


@each
def test_every_judging_command_takes_it(prepared: Path, keyproof: Keyproof, command: tuple[str, ...]) -> None:
    assert keyproof(*command, "--as-of", "2025-10-05").code in {0, 1}


@each
@pytest.mark.parametrize("text", ["2025-02-29", "tomorrow", "20251005", "0001-01-01T00:00+14:00"])
def test_every_judging_command_refuses_what_is_no_time(
    prepared: Path, keyproof: Keyproof, command: tuple[str, ...], text: str
) -> None:
    result = keyproof(*command, "--as-of", text)
    assert result.code == 2
    assert f"--as-of: '{text}' is not a day or time" in result.err


@pytest.mark.parametrize(
    ("as_of", "code"),
    [
        ("2025-09-29", 0),
        ("2025-09-29T23:59:59Z", 0),
        ("2025-09-30", 1),
        ("2025-09-30T01:59:59+02:00", 0),
        ("2025-09-29T23:00:00-01:00", 1),
        ("2025-10-01", 0),
        ("2025-10-31T23:59:59Z", 0),
        ("2025-11-01", 1),
        ("2025-11-01T00:30:00+01:00", 0),
        ("2025-10-31T23:30:00-01:00", 1),
    ],
)
def test_due_days_and_waivers_end_with_the_utc_day_in_every_command(
    prepared: Path, keyproof: Keyproof, as_of: str, code: int
) -> None:
    (prepared / "secrets.md").write_text(
        "| Secret | Last Rotated |\n|---|---|\n| Database Password | 2025-07-01 |\n", encoding="utf-8"
    )
    assert keyproof("collect", "-o", "snapshot.json", "--no-progress").code == 0
    assert keyproof("scan", "--no-progress", "--as-of", as_of).code == code
    assert keyproof("evaluate", "snapshot.json", "--as-of", as_of).code == code


def test_a_scan_of_leaks_states_the_moment(project: Path, keyproof: Keyproof) -> None:
    result = keyproof("leaks", "--worktree", "--no-progress", "--as-of", "2024-02-29", "--format", "junit")
    assert (result.code, 'timestamp="2024-02-29T00:00:00"' in result.out) == (0, True)
