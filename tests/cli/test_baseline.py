"""`keyproof baseline` and `--baseline`: an old estate passes, what is new fails, and every entry ends."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.baseline import BaselineEntry
from keyproof.policy.baseline import baseline_text, load_baseline
from tests.cli.conftest import TABLE, Keyproof
from tests.reporters.reading import READERS, page_of, read

AS_OF = ("--as-of", "2025-12-10", "--no-progress")
SCAN = ("scan", *AS_OF, "--format", "json")


def taken(keyproof: Keyproof, *options: str) -> str:
    result = keyproof("baseline", "-o", "baseline.yaml", *AS_OF, *options)
    assert (result.code, result.err) == (0, "")
    return result.out


def test_an_old_estate_passes_until_the_last_day(project: Path, keyproof: Keyproof) -> None:
    assert keyproof(*SCAN).code == 1
    assert taken(keyproof) == "baseline.yaml: 2 accepted, 2 of them new until 2026-03-10; 0 removed\n"
    result = keyproof(*SCAN, "--baseline", "baseline.yaml")
    report = json.loads(result.out)
    assert (result.code, report["summary"]["waived"], report["summary"]["fail"]) == (0, 2, 0)
    assert [finding["outcome"] for finding in report["findings"]] == ["fail", "fail"]
    assert {finding["baseline"] for finding in report["findings"]} == {
        entry["id"] for entry in report["baseline"]
    }
    assert {(entry["state"], entry["owner"]) for entry in report["baseline"]} == {
        ("active", "DBA"),
        ("active", "DevOps"),
    }


@pytest.mark.parametrize(
    ("day", "code", "states"), [("2026-03-10", 0, {"expiring"}), ("2026-03-11", 1, {"expired"})]
)
def test_an_entry_counts_through_its_last_day(
    project: Path, keyproof: Keyproof, day: str, code: int, states: set[str]
) -> None:
    taken(keyproof)
    result = keyproof(
        "scan", "--as-of", day, "--no-progress", "--format", "json", "--baseline", "baseline.yaml"
    )
    assert result.code == code
    assert {entry["state"] for entry in json.loads(result.out)["baseline"]} == states


@pytest.mark.parametrize(
    ("day", "table", "state", "said"),
    [
        ("2025-12-10", TABLE, "active", ""),
        ("2026-03-01", TABLE, "expiring", "ends in 9 days, on 2026-03-10"),
        ("2026-03-11", TABLE, "expired", "ended on 2026-03-10, 1 day ago, still failing"),
        ("2025-12-10", TABLE.replace("2025-07-01", "2025-12-01").replace("2025-09-01", "2025-12-01"), "unused", "is no longer needed"),
    ],
)  # fmt: skip
def test_gate_and_every_report_agree_on_an_entry(
    project: Path, keyproof: Keyproof, day: str, table: str, state: str, said: str
) -> None:
    taken(keyproof)
    (project / "secrets.md").write_text(table, encoding="utf-8")
    result = keyproof(
        "scan", "--as-of", day, "--no-progress", "--baseline", "baseline.yaml",
        *(f"--format={name}={name}" for name in READERS),
    )  # fmt: skip
    texts = {name: (project / name).read_bytes().decode() for name in READERS}
    expected = {"unused": "pass", "expired": "fail"}.get(state, "waived")
    assert result.code == int(expected == "fail")
    for name in READERS:
        told, held = read(name, texts[name], expected={expected: 2})
        assert told == held, name
    page = page_of(texts["html"])
    for entry in load_baseline(project / "baseline.yaml"):
        row = page.get_element_by_id(f"baseline-{entry.id}")
        cells = {cell.get("data-label"): " ".join(cell.text_content().split()) for cell in row.iter("td")}
        assert row.get("data-state") == state
        assert cells["State"].startswith(state + said)
        assert cells["Owner"] == entry.owner
        assert cells["Until"] == str(entry.until)
        assert (
            cells["Result now"]
            == {"pass": "No exception", "fail": "Exception", "waived": "Accepted"}[expected]
        )
        assert row.xpath(".//td[@data-label='Finding']/a/@href") == [f"#finding-{entry.id}"]
    assert said in " ".join(texts["text"].split())
    by = page.xpath("//section[@id='exceptions']//p[@class='accepted']/a/@href")
    assert len(by) == (2 if expected == "waived" else 0)


def test_only_what_is_new_fails(project: Path, keyproof: Keyproof) -> None:
    taken(keyproof)
    (project / "secrets.md").write_text(TABLE + "| Mail Password | 2025-01-01 | DBA |\n", encoding="utf-8")
    result = keyproof(*SCAN, "--baseline", "baseline.yaml")
    gating = [finding for finding in json.loads(result.out)["findings"] if not finding["baseline"]]
    assert result.code == 1
    assert [finding["subject"].partition("#")[2] for finding in gating] == ["Mail%20Password"]


def test_an_entry_survives_other_lines_and_other_words(project: Path, keyproof: Keyproof) -> None:
    taken(keyproof)
    (project / "secrets.md").write_text(f"# Ours\n\nSome words.\n\n{TABLE}", encoding="utf-8")
    policy = project / "policy.yaml"
    policy.write_text(
        policy.read_text("utf-8").replace("Passwords rotate", "They turn over"), encoding="utf-8"
    )
    assert keyproof(*SCAN, "--baseline", "baseline.yaml").code == 0


def test_what_was_put_in_order_is_told_and_removed_by_an_update(project: Path, keyproof: Keyproof) -> None:
    taken(keyproof)
    (project / "secrets.md").write_text(TABLE.replace("2025-07-01", "2025-12-01"), encoding="utf-8")
    result = keyproof("scan", *AS_OF, "--baseline", "baseline.yaml")
    assert result.code == 0
    assert "Baseline entries to look after (1)" in result.out
    assert "is no longer needed: nothing it names fails" in " ".join(result.out.split())
    assert taken(keyproof, "--until", "2027-01-01").endswith(
        "1 accepted, 0 of them new until 2027-01-01; 1 removed\n"
    )
    (entry,) = load_baseline(project / "baseline.yaml")
    assert (str(entry.until), entry.owner) == ("2026-03-10", "DevOps")


def test_an_update_never_moves_an_end_that_has_passed(project: Path, keyproof: Keyproof) -> None:
    taken(keyproof, "--until", "2025-12-10")
    later = ("--as-of", "2026-01-01", "--no-progress")
    assert keyproof("baseline", "-o", "baseline.yaml", *later).code == 0
    assert keyproof("scan", *later, "--baseline", "baseline.yaml").code == 1


def test_a_failure_without_owner_needs_one(project: Path, keyproof: Keyproof) -> None:
    (project / "secrets.md").write_text(TABLE.replace("DBA", " "), encoding="utf-8")
    result = keyproof("baseline", "-o", "baseline.yaml", *AS_OF)
    assert result.code == 2
    assert "states no owner" in result.err
    assert "--owner" in result.err
    assert not (project / "baseline.yaml").exists()
    taken(keyproof, "--owner", "Platform")
    assert {entry.owner for entry in load_baseline(project / "baseline.yaml")} == {"Platform", "DevOps"}


def test_snapshots_serve_as_well_as_sources(project: Path, keyproof: Keyproof) -> None:
    assert keyproof("collect", "-o", "snapshot.json", "--no-progress").code == 0
    taken(keyproof, "snapshot.json")
    result = keyproof("evaluate", "snapshot.json", "--as-of", "2025-12-10", "--baseline", "baseline.yaml")
    assert result.code == 0


GOOD = """\
apiVersion: keyproof/v1
kind: Baseline
findings:
  - {id: 0123456789abcdef, rule: house/age, subject: "x://y", owner: DBA, until: 2026-01-01, reason: old}
"""


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("until: 2026-01-01", "until: soon", ":4:", "a date is written YYYY-MM-DD"),
        ("until: 2026-01-01, ", "", ":4:", "the key 'until' is missing"),
        ("owner: DBA", "owner: ''", ":4:", "must not be empty"),
        ("owner:", "ower:", ":4:", "did you mean 'owner'?"),
        ("0123456789abcdef", "abc", ":4:", "must be of the form"),
        ("kind: Baseline", "kind: Waivers", ":2:", "is not allowed here"),
        (GOOD, "- 1\n", ":1:", "is not a baseline file"),
        (GOOD, GOOD + GOOD.splitlines()[-1] + "\n", ":5:", "stands twice"),
    ],
)
def test_a_malformed_file_is_refused_with_its_place(
    project: Path, keyproof: Keyproof, old: str, new: str, place: str, words: str
) -> None:
    (project / "baseline.yaml").write_text(GOOD.replace(old, new), encoding="utf-8")
    result = keyproof(*SCAN, "--baseline", "baseline.yaml")
    assert result.code == 2
    assert f"baseline.yaml{place}" in result.err
    assert words in result.err


def test_a_missing_file_is_no_empty_baseline(project: Path, keyproof: Keyproof) -> None:
    assert keyproof(*SCAN, "--baseline", "none.yaml").code == 2


@pytest.mark.parametrize("end", ["soon", "2025-12-09"])
def test_an_end_is_a_day_to_come(project: Path, keyproof: Keyproof, end: str) -> None:
    result = keyproof("baseline", "-o", "baseline.yaml", *AS_OF, "--until", end)
    assert (result.code, "--until" in result.err) == (2, True)


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
entries = st.builds(
    BaselineEntry,
    id=st.from_regex(r"[0-9a-f]{16}", fullmatch=True),
    rule=texts,
    subject=texts,
    owner=texts,
    until=st.dates(),
    reason=texts,
)


@given(st.lists(entries, max_size=4, unique_by=lambda entry: entry.id))
def test_what_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, given: list[BaselineEntry]
) -> None:
    path = tmp_path_factory.mktemp("baseline") / "b.yaml"
    path.write_text(baseline_text(given), encoding="utf-8", newline="")
    read = [(e.id, e.rule, e.subject, e.owner, e.until, e.reason) for e in load_baseline(path)]
    assert sorted(read) == sorted((e.id, e.rule, e.subject, e.owner, e.until, e.reason) for e in given)
