"""`keyproof policy import`: what is written, what is said, and the exit codes."""

import json
import os
import re
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from tests.cli.conftest import Keyproof

OWN = Path(__file__).parents[1] / "data" / "documents"
SEEDS = Path(os.environ.get("KEYPROOF_SEEDS") or Path(__file__).parents[3] / "shared" / "seeds")
POLICY = """\
# House rules

**Owner**: Security

## Rotation

- Database passwords are rotated every 90 days
- Multi-factor authentication is required
"""
WRONG = """\
# House rules

| Secret | Rotation Period | Last Rotated | Next Rotation |
|---|---|---|---|
| Database Password | 90 days | 2025-07-01 | 2025-10-01 |
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.md").write_text(POLICY, encoding="utf-8")
    (tmp_path / "wrong.md").write_text(WRONG, encoding="utf-8")
    return tmp_path


def test_without_a_folder_the_pack_is_printed_and_the_notes_go_to_stderr(
    folder: Path, keyproof: Keyproof
) -> None:
    done = keyproof("policy", "import", "rules.md")
    assert done.code == 0
    assert done.out == snapshot("""\
# Made from rules.md by `keyproof policy import`. Read it before you rely on it: the line after # is where
# each entry comes from. Patterns of classes are made from names in the document; correct them to yours.
apiVersion: keyproof/v1
kind: PolicyPack
metadata:
  id: house-rules
  title: "House rules"
  version: "0.1.0"
  owner: "Security"   # rules.md:3

classes:   # the first that matches wins
  # rules.md:7
  - id: database-passwords
    title: "Database passwords"
    match: {name: ["Database passwords", "*database?password*", "*database*", "*postgres*"]}

rules:
  # rules.md:7: stated as 90 days
  - id: database-passwords-rotation
    title: "Database passwords: rotated every 90d"
    check: max-age
    select: {class: database-passwords}
    with: {period: 90d}
""")
    assert done.err == snapshot("""\
1 document, 1 rule; 0 contradictions; 1 statement became no check

# Contradictions

None found.

# Not turned into a check

- rules.md:8: Multi-factor authentication is required: a rule about people and roles: name the principals in an access rule, or attest it
""")
    assert sorted(path.name for path in folder.iterdir()) == ["rules.md", "wrong.md"]


def test_a_contradiction_gives_exit_1_and_everything_is_written(folder: Path, keyproof: Keyproof) -> None:
    done = keyproof("policy", "import", "wrong.md", "--out", "made")
    assert done.code == 1
    assert sorted(path.name for path in (folder / "made").iterdir()) == [
        "house-rules-inventory.yaml",
        "house-rules.yaml",
        "keyproof.snippet.yaml",
        "notes.md",
    ]
    assert (folder / "made" / "notes.md").read_text() == snapshot("""\
1 document, 2 rules; 1 contradiction; 0 statements became no check

# Contradictions

- next-date: Database Password: wrong.md:5 says 2025-10-01, 92 days after 2025-07-01, wrong.md:5 says 90 days; by the period it is due 2025-09-29, so the stated date is 2 days too late

# Not turned into a check

Everything that demands something became a rule.
""")
    assert (folder / "made" / "house-rules-inventory.yaml").read_text() == snapshot("""\
# The secrets that wrong.md declares. Dates are what people wrote, not what a backend shows.
secrets:
  # wrong.md:5
  - secret: "Database Password"
    rotation period: "90 days"
    last rotated: 2025-07-01
    next rotation: 2025-10-01
""")
    assert keyproof("policy", "lint", "made/house-rules.yaml").code in {0, 1}


def test_what_was_made_is_scanned_to_the_true_due_date(folder: Path, keyproof: Keyproof) -> None:
    keyproof("policy", "import", "wrong.md", "--out", "made")
    done = keyproof(
        "scan", "--config", "made/keyproof.snippet.yaml", "--as-of", "2025-09-30", "--format", "json", "-q"
    )
    assert done.code == 1, done.err
    ages = [finding for finding in json.loads(done.out)["findings"] if finding["check"] == "max-age"]
    assert [(finding["outcome"], finding["due"], finding["days_overdue"]) for finding in ages] == [
        ("fail", "2025-09-29", 1)
    ]


def test_files_are_not_overwritten_without_force(folder: Path, keyproof: Keyproof) -> None:
    assert keyproof("policy", "import", "rules.md", "--out", "made").code == 0
    (folder / "made" / "house-rules.yaml").write_text("mine")
    refused = keyproof("policy", "import", "rules.md", "--out", "made")
    assert refused.code == 2
    assert "house-rules.yaml" in refused.err
    assert (folder / "made" / "house-rules.yaml").read_text() == "mine"
    assert keyproof("policy", "import", "rules.md", "--out", "made", "--force").code == 0
    assert (folder / "made" / "house-rules.yaml").read_text() != "mine"


def test_the_id_is_the_users_choice(folder: Path, keyproof: Keyproof) -> None:
    assert "\n  id: acme\n" in keyproof("policy", "import", "rules.md", "--id", "acme").out
    assert keyproof("policy", "import", "rules.md", "--id", "Not An Id").code == 2
    assert keyproof("policy", "import", "rules.md", "wrong.md", "--id", "acme").code == 2


def test_documents_of_one_title_get_ids_of_their_own(folder: Path, keyproof: Keyproof) -> None:
    done = keyproof("policy", "import", "rules.md", "wrong.md")
    assert re.findall(r"^  id: (.*)$", done.out, re.MULTILINE) == ["house-rules", "house-rules-2"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file"),
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"\x89PNG\r\n\x00\x00", "is no text"),
        (b"fine\n\xff\xfe bad", "policy.md:2: is not UTF-8"),
        (b"# A novel\n\nIt was a dark night.\n", "nothing in it could be made a rule"),
        (b"| a | b |\n|---|---|\n", "nothing in it could be made a rule"),
        (b"x" * 1_000_001, "is larger than"),
    ],
)
def test_bad_input_is_told_and_nothing_is_written(
    folder: Path, keyproof: Keyproof, content: bytes | None, message: str
) -> None:
    if content is not None:
        (folder / "policy.md").write_bytes(content)
    done = keyproof("policy", "import", "rules.md", "policy.md", "--out", "made")
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err
    assert done.out == ""
    assert not (folder / "made").exists()


def test_a_folder_is_no_document(folder: Path, keyproof: Keyproof) -> None:
    assert keyproof("policy", "import", ".").code == 2


def test_the_same_documents_give_the_same_bytes(folder: Path, keyproof: Keyproof) -> None:
    documents = sorted(str(path) for path in OWN.glob("*.md"))
    first, second = keyproof("policy", "import", *documents), keyproof("policy", "import", *documents)
    assert (first.code, first.out, first.err) == (1, second.out, second.err)


@pytest.mark.seeds
def test_every_source_document_is_imported_and_its_pack_is_valid(folder: Path, keyproof: Keyproof) -> None:
    found = sorted(SEEDS.glob("00[0-4]_*")) if SEEDS.is_dir() else []
    if len(found) != 5:
        pytest.skip(f"the five source documents are not in {SEEDS}; set KEYPROOF_SEEDS")
    contradicted = [
        keyproof("policy", "import", str(path), "--out", f"made{index}", "--id", f"s{index}").code
        for index, path in enumerate(found)
    ]
    assert contradicted == [1, 1, 1, 1, 1]
    for index in range(5):
        assert keyproof("policy", "lint", f"made{index}/s{index}.yaml").code in {0, 1}
    inventories = [
        index for index in range(5) if (folder / f"made{index}" / f"s{index}-inventory.yaml").exists()
    ]
    assert inventories == [0, 1, 3]
