"""`keyproof leaks --explain` and `--secrets-baseline`: what a line is told as, and what another tool is to accept."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from keyproof.demo import fakes
from tests.cli.conftest import Keyproof

TOKEN = fakes.github_token("explain")
WORD = "gT7" + "kPq2vXz9Lm"
_FIGURES = re.compile(r"\b[01]\.\d\d; what moved it most, in log odds: (?:[^,\n]+ [+-]\d+\.\d\d(?:, )?){5}\.")
"""They change with each model; their form does not."""
LINES = (
    f'password = "{WORD}"',
    'key = os.environ["API_KEY"]',
    f"token: {TOKEN}",
    'secret = "changeme"',
    "nothing at all",
)


@pytest.fixture
def lines(project: Path) -> Path:
    (project / "a.py").write_text("\n".join(LINES), encoding="utf-8")
    return project


def explained(keyproof: Keyproof, place: str) -> str:
    found = keyproof("leaks", "--explain", place)
    assert found.code == 0
    assert WORD not in found.out
    assert TOKEN not in found.out
    return _FIGURES.sub("P; what moved it most, in log odds: W.", found.out)


def test_a_value_known_by_its_name_is_explained_by_the_model(lines: Path, keyproof: Keyproof) -> None:
    assert explained(keyproof, "a.py:1") == snapshot("""\
a.py:1
  generic-assignment-quoted: likely
    Quoted value under a secret's name, column 13, 13 characters.
    It looks like a live one to a person, too.
    The model gives it P; what moved it most, in log odds: W.
    Change it where it is used, then remove it from the history: https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html
""")


def test_a_reference_is_not_told(lines: Path, keyproof: Keyproof) -> None:
    assert explained(keyproof, "a.py:2") == snapshot("""\
a.py:2
  generic-assignment-quoted: not told
    Quoted value under a secret's name, column 19, 7 characters.
    The value refers to one that is kept elsewhere.
""")


def test_a_proof_is_named(lines: Path, keyproof: Keyproof) -> None:
    assert explained(keyproof, "a.py:3") == snapshot("""\
a.py:3
  github-personal-access-token: proven
    GitHub personal access token (classic), column 8, 40 characters.
    Its checksum or structure proves it (proof github-crc32).
    Delete it at https://github.com/settings/tokens and create one with fewer scopes and an end date.
  generic-assignment-unquoted: not told
    Unquoted value under a secret's name, column 8, 40 characters.
    It looks like a live one to a person, too.
    A more specific detector finds it, or a longer match of this one holds it.
    The model gives it P; what moved it most, in log odds: W.
""")


def test_a_placeholder_is_an_example(lines: Path, keyproof: Keyproof) -> None:
    assert explained(keyproof, "a.py:4") == snapshot("""\
a.py:4
  generic-assignment-quoted: example
    Quoted value under a secret's name, column 11, 8 characters.
    The value is a placeholder.
    Change it where it is used, then remove it from the history: https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html
""")


def test_a_line_without_any_form_says_so(lines: Path, keyproof: Keyproof) -> None:
    assert explained(keyproof, "a.py:5") == snapshot("""\
a.py:5
  Nothing on this line has the form of a secret that any detector knows.
""")


def test_the_path_and_a_marker_count(project: Path, keyproof: Keyproof) -> None:
    (project / "tests").mkdir()
    (project / "tests/a.py").write_text(f"{LINES[0]}  # keyproof: allow", encoding="utf-8")
    told = explained(keyproof, "tests/a.py:1")
    assert "possible" in told.splitlines()[1]
    assert "The path lowers it from likely" in told
    assert "Accepted by keyproof: allow" in told


def test_a_line_of_a_commit_is_read_from_it(lines: Path, keyproof: Keyproof) -> None:
    for command in (
        ["init", "--quiet"],
        ["add", "a.py"],
        ["-c", "user.name=Ana", "-c", "user.email=ana@example.org", "commit", "--quiet", "--message", "one"],
        ["rm", "--quiet", "a.py"],
    ):
        subprocess.run(["git", *command], cwd=lines, check=True)
    assert "github-personal-access-token: proven" in explained(keyproof, "HEAD:a.py:3")


@pytest.mark.parametrize("place", ["", "a.py", "a.py:6", "b.py:1", "HEAD:a.py:1", "a.py:0"])
def test_a_place_that_is_none_is_refused_with_the_next_step(
    lines: Path, keyproof: Keyproof, place: str
) -> None:
    found = keyproof("leaks", "--explain", place)
    assert found.code == 2
    assert "next:" in found.err


def test_a_value_given_for_a_place_is_not_repeated(lines: Path, keyproof: Keyproof) -> None:
    found = keyproof("leaks", "--explain", TOKEN)
    assert found.code == 2
    assert TOKEN not in found.out + found.err


def test_what_only_a_plugin_of_detect_secrets_finds_is_explained(lines: Path, keyproof: Keyproof) -> None:
    value = "gT7" + "kPq2vXz9LmWc4RfYh8JdNsBe5UaQi3Ao"
    (lines / "b.py").write_text(f'thing = "{value}"\n', encoding="utf-8")
    found = keyproof("leaks", "--detect-secrets", "--explain", "b.py:1")
    assert value not in found.out
    assert found.out == snapshot("""\
b.py:1
  detect-secrets-base64-high-entropy-string: possible
    Base64 High Entropy String (detect-secrets), column 10, 35 characters.
    Another tool's plugin finds it.
    Find out what it opens and change it there: https://github.com/Yelp/detect-secrets
""")


def test_detect_secrets_accepts_what_was_written_for_it(lines: Path, keyproof: Keyproof) -> None:
    assert keyproof("leaks", "--secrets-baseline", ".secrets.baseline").code == 0
    text = (lines / ".secrets.baseline").read_text(encoding="utf-8")
    assert [one["line_number"] for one in json.loads(text)["results"]["a.py"]] == [1, 3, 3]
    assert WORD not in text
    for command in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", *command], cwd=lines, check=True)
    (lines / "a.py").write_text("\n".join(LINES[:3]), encoding="utf-8")
    hook = [
        str(Path(sys.executable).with_name("detect-secrets-hook")),
        "--baseline",
        ".secrets.baseline",
        "a.py",
    ]
    assert keyproof("leaks", "--worktree").code == 0
    first = subprocess.run(hook, cwd=lines, check=False, capture_output=True, text=True)
    assert (
        "baseline file was updated" in first.stdout
    )  # without the whole token, of which its plugin knows `ghp`
    subprocess.run(["git", "add", ".secrets.baseline"], cwd=lines, check=True)
    assert subprocess.run(hook, cwd=lines, check=False).returncode == 0
