"""keyproof.yaml: what is accepted, and how refusals read."""

from pathlib import Path

import pytest

from keyproof.config import History, Settings, find, load
from keyproof.errors import ConfigError

GOOD = """\
version: 1
organisation: Example Ltd
policies: [baseline, ./security/*.yaml]
frameworks: [soc2]
sources:
  - {id: prod, kind: aws-secrets-manager, regions: [us-east-1], endpoint-url: "${ADDRESS}"}
repositories: [{path: ., history: full}]
environments: {production: "*/production/*"}
"""


def load_text(folder: Path, text: str, **environ: str) -> Settings:
    (folder / "keyproof.yaml").write_text(text, encoding="utf-8")
    return load(folder / "keyproof.yaml", environ)


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_text(folder, text)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def test_a_whole_configuration(tmp_path: Path) -> None:
    settings = load_text(tmp_path, GOOD, ADDRESS="http://127.0.0.1:5000")
    assert settings.root == tmp_path
    assert settings.sources[0].options["endpoint-url"] == "http://127.0.0.1:5000"
    assert settings.environments == {"production": ("*/production/*",)}
    assert settings.repositories[0].history is History.FULL
    assert settings.digest == load_text(tmp_path, GOOD, ADDRESS="other").digest


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("organisation", "organization"), "keyproof.yaml:2:1: unknown key 'organization'; did you mean 'organisation'?"),
        (("version: 1", "version: 2"), "keyproof.yaml:1:10: 2 is not allowed here; known here: 1"),
        (("history: full", "history: all"), "keyproof.yaml:7:35: 'all' is not allowed here; known here: full, worktree"),
        (("- {id: prod, ", "- {"), "keyproof.yaml:6:5: the key 'id' is missing; add 'id:'"),
        (("${ADDRESS}", "${NO_SUCH}"), "keyproof.yaml:6:79: the environment variable NO_SUCH is not set; export it before running keyproof"),
        (("frameworks: [soc2]", "store: mysql://host/runs"), "keyproof.yaml:4:8: a run ledger cannot be at mysql://; write a path, or postgresql://HOST/DATABASE"),
        (("frameworks: [soc2]", "store: postgresql://me:word@host/runs"), "keyproof.yaml:4:8: a password stands in the address; take it out, and set PGPASSWORD or use a password file (PGPASSFILE)"),
        (("frameworks: [soc2]", "store: 'postgresql://host/runs?password=word'"), "keyproof.yaml:4:8: a password stands in the address; take it out, and set PGPASSWORD or use a password file (PGPASSFILE)"),
    ],
)  # fmt: skip
def test_refusals(tmp_path: Path, change: tuple[str, str], expected: str) -> None:
    text = GOOD.replace(*change)
    if "NO_SUCH" not in text:
        text = text.replace("${ADDRESS}", "http://x")
    assert expected in faults(tmp_path, text)


def test_variables_are_expanded_in_addresses_ids_and_paths_only(tmp_path: Path) -> None:
    text = "version: 1\norganisation: ${WHO}\npolicies: [baseline]\nsources: [{id: a, kind: x, token: '${WHO}'}]\n"
    settings = load_text(tmp_path, text, WHO="expanded")
    assert settings.organisation == "${WHO}"
    assert settings.sources[0].options["token"] == "${WHO}"


@pytest.mark.parametrize(
    ("line", "store"),
    [
        ("", ".keyproof/runs.db"),
        ("store: audit/runs.db\n", "audit/runs.db"),
        ("store: '${WHO}/runs.db'\n", "me/runs.db"),
        ("store: postgresql://me@host/runs\n", "postgresql://me@host/runs"),
        ("store: off\n", ""),
    ],
)
def test_where_runs_are_recorded(tmp_path: Path, line: str, store: str) -> None:
    text = "version: 1\norganisation: X\npolicies: [baseline]\n" + line
    assert load_text(tmp_path, text, WHO="me").store == store


def test_an_id_stands_once(tmp_path: Path) -> None:
    text = (
        "version: 1\norganisation: X\npolicies: [baseline]\nsources: [{id: a, kind: x}, {id: a, kind: y}]\n"
    )
    assert faults(tmp_path, text) == [
        "keyproof.yaml:4:34: the id 'a' stands twice; give every source an id of its own"
    ]


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    assert faults(tmp_path, "# nothing\n")[0].startswith("keyproof.yaml:1:1: the file is empty")


def test_the_file_is_found_above(tmp_path: Path) -> None:
    (tmp_path / "keyproof.yaml").touch()
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert find(tmp_path / "a" / "b") == tmp_path / "keyproof.yaml"
    with pytest.raises(ConfigError, match=r"no keyproof\.yaml in"):
        find(Path("/"))


def test_attestation_files_are_paths_in_which_variables_stand(tmp_path: Path) -> None:
    text = GOOD + 'attestations: ["${FOLDER}/*.yaml"]\n'
    assert load_text(tmp_path, text, ADDRESS="http://x", FOLDER="security").attestations == (
        "security/*.yaml",
    )
    assert load_text(tmp_path, GOOD, ADDRESS="http://x").attestations == ()
    assert faults(tmp_path, GOOD.replace("${ADDRESS}", "http://x") + "attestation: [a.yaml]\n") == [
        "keyproof.yaml:9:1: unknown key 'attestation'; did you mean 'attestations'?"
    ]
