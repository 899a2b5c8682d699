"""Every kind of bad input: one clear message with the place and the next step, never a traceback."""

from pathlib import Path

import pytest

from tests.cli.conftest import CONFIGURATION, POLICY, Keyproof

HEAD = POLICY[: POLICY.index("rules:")]
WAIVERS = "apiVersion: keyproof/v1\nkind: Waivers\nwaivers:\n"
WAIVER = "  - {id: w, rule: age, select: {name: '*'}, reason: r, ticket: T-1, requested-by: a, approved-by: [b], from: 2025-01-01}\n"


@pytest.mark.parametrize(
    ("changed", "text", "expected"),
    [
        ("keyproof.yaml", CONFIGURATION.replace("policies", "polices"), "keyproof.yaml:3:1: unknown key 'polices'; did you mean 'policies'?"),
        ("keyproof.yaml", CONFIGURATION.replace("version: 1", "version: one"), "keyproof.yaml:1:10: 'one' is not allowed here; known here: 1"),
        ("keyproof.yaml", CONFIGURATION + "version: 1\n", "keyproof.yaml:5:1: the key 'version' stands twice; it first stands on line 1; keep one"),
        ("keyproof.yaml", CONFIGURATION.replace("sources: [", "sources:\n\t- ["), "keyproof.yaml:5:1: a tab is used to indent; YAML wants spaces"),
        ("keyproof.yaml", CONFIGURATION.replace("kind: inventory", "kind: inventry"), "keyproof.yaml:4:29: unknown kind of source 'inventry'; did you mean 'inventory'?"),
        ("keyproof.yaml", CONFIGURATION.replace("path: secrets.md", "pth: secrets.md"), "unknown key 'pth'; did you mean 'path'?"),
        ("keyproof.yaml", CONFIGURATION.replace("./policy.yaml", "./none.yaml"), "there is no such policy pack"),
        ("keyproof.yaml", CONFIGURATION.replace("./policy.yaml", "baselin"), "did you mean 'baseline'?"),
        ("policy.yaml", POLICY.replace("check: max-age", "check: max-ages"), "did you mean 'max-age'?"),
        ("policy.yaml", POLICY.replace("period: 90d", "period: 90"), "policy.yaml:5:"),
        ("policy.yaml", HEAD + "rules: []\n", "policy.yaml:4:"),
        ("policy.yaml", POLICY.replace("{period: 90d}", "{period: 90d}, controls: [{id: 'soc2:CC6.11', strength: partial}]"), "did you mean 'soc2:CC6.1'?"),
        ("policy.yaml", HEAD + "extends: [./policy.yaml]\n" + POLICY[POLICY.index("rules:") :], "policy.yaml"),
        ("policy.yaml", POLICY.replace("reviewed: 2025-09-01", "reviewed: 2025-02-30"), "2025-02-30 is not a day of the calendar"),
        ("waivers.yaml", WAIVERS + WAIVER, "waivers.yaml:4:"),
        ("waivers.yaml", WAIVERS + WAIVER.replace("from:", "until: 2025-01-32, from:"), "2025-01-32 is not a day of the calendar"),
    ],
)  # fmt: skip
def test_what_a_person_wrote_wrong(
    project: Path, keyproof: Keyproof, changed: str, text: str, expected: str
) -> None:
    if changed == "waivers.yaml":
        (project / "keyproof.yaml").write_text(CONFIGURATION + "waivers: [waivers.yaml]\n", encoding="utf-8")
    (project / changed).write_text(text, encoding="utf-8")
    result = keyproof("scan")
    assert (result.code, result.out) == (2, "")
    assert expected in result.err
    assert "Traceback" not in result.err
    assert result.err.startswith("keyproof: ")


def test_the_problems_of_all_files_come_together(project: Path, keyproof: Keyproof) -> None:
    text = CONFIGURATION.replace("kind: inventory", "kind: inventry")
    (project / "keyproof.yaml").write_text(text, encoding="utf-8")
    (project / "policy.yaml").write_text(POLICY.replace("max-age", "max-ages"), encoding="utf-8")
    result = keyproof("scan")
    assert "keyproof.yaml:4:29" in result.err
    assert "policy.yaml:5:" in result.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("scan", "--as-of", "yesterday"), "--as-of: 'yesterday' is not a day or time"),
        (("scan", "--format", "jsn"), "--format: unknown format 'jsn'"),
        (("scan", "--format", "json", "--format", "junit"), "only one result can go to stdout"),
        (("scan", "--rule", "agee"), "--rule: unknown rule 'agee'"),
        (("scan", "--source", "tabel"), "--source: unknown source 'tabel'"),
        (("scan", "--framework", "soc3"), "soc3"),
        (("scan", "--fail-on", "huge"), "huge"),
        (("scan", "--no-such-option"), "--no-such-option"),
        (("scan", "--config", "none.yaml"), "none.yaml: No such file or directory"),
        (("evaluate", "none.json"), "none.json: No such file or directory"),
        (("evaluate", "secrets.md"), "secrets.md: is damaged"),
        (("scan", "--out", "secrets.md/reports"), "cannot be written"),
        (("leaks", "--staged", "--worktree"), "exclude each other"),
        (("leaks", "--range", "nonsense"), "'nonsense' is not a range of commits"),
        (("policy", "schema", "nonsense"), "unknown document 'nonsense'"),
        (("no-such-command",), "no-such-command"),
    ],
)
def test_what_was_asked_wrong(
    project: Path, keyproof: Keyproof, arguments: tuple[str, ...], expected: str
) -> None:
    result = keyproof(*arguments)
    assert result.code == 2, result
    assert expected in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize("arguments", [("--format", "jsn"), ("--rule", "agee"), ("--source", "tabel")])
def test_what_was_asked_wrong_is_said_before_anything_is_read(
    project: Path, keyproof: Keyproof, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    def read(*_: object, **__: object) -> None:
        pytest.fail("a backend was read")

    monkeypatch.setattr("keyproof.cli.session.take_snapshot", read)
    assert keyproof("scan", *arguments).code == 2


def test_judging_a_snapshot_needs_no_key(
    project: Path, keyproof: Keyproof, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "keyproof.yaml").write_text(CONFIGURATION + "repositories: [{path: .}]\n", encoding="utf-8")
    keyproof("collect", "-o", "snapshot.json")
    monkeypatch.setenv("KEYPROOF_KEY", "short")
    assert keyproof("evaluate", "snapshot.json", "--as-of", "2025-10-05").code == 1
    assert keyproof("waiver", "list").code == 0
    assert keyproof("scan").code == 2


def test_no_configuration_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keyproof: Keyproof
) -> None:
    monkeypatch.chdir(tmp_path)
    result = keyproof("scan")
    assert result.code == 2
    assert "keyproof init" in result.err


def test_a_folder_that_is_no_repository(project: Path, keyproof: Keyproof) -> None:
    result = keyproof("leaks")
    assert result.code == 2
    assert "is not the root of a git repository" in result.err
    assert "next: " in result.err


def test_a_repository_of_the_configuration_that_is_none_is_a_gap(project: Path, keyproof: Keyproof) -> None:
    (project / "keyproof.yaml").write_text(CONFIGURATION + "repositories: [{path: .}]\n", encoding="utf-8")
    result = keyproof("scan", "--as-of", "2025-09-10")
    assert result.code == 3
    assert "is not the root of a git repository" in " ".join(result.out.split())


def test_a_selector_that_meets_nothing_is_shown(project: Path, keyproof: Keyproof) -> None:
    (project / "policy.yaml").write_text(POLICY.replace("*password*", "*nothing*"), encoding="utf-8")
    result = keyproof("scan", "--as-of", "2025-09-10", "--format", "json", "-q")
    assert result.code == 3
    assert "nothing in scope matches" in result.out


def test_a_bug_gives_lines_to_report_and_no_data(
    project: Path, keyproof: Keyproof, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("text that could hold a secret")

    monkeypatch.setattr("keyproof.cli.scan.judge", broken)
    result = keyproof("scan")
    assert result.code == 70
    assert "this is a bug in keyproof" in result.err
    assert "RuntimeError" in result.err
    assert "could hold a secret" not in result.err
