"""`keyproof leaks` and the hook on a real repository."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

from keyproof.cli import hook
from keyproof.demo import fakes
from tests.cli.conftest import Keyproof

TOKEN = fakes.github_token("cli")
_PERSON = ["-c", "user.name=Ana", "-c", "user.email=ana@example.org"]


@pytest.fixture
def repository(project: Path) -> Path:
    """A repository in the current folder: a token came in and went out again, another is staged."""

    def git(*arguments: str) -> None:
        subprocess.run(["git", *_PERSON, *arguments], cwd=project, check=True, capture_output=True)

    git("init", "--quiet", "--initial-branch=main")
    (project / "a.sh").write_text(f"export T={TOKEN}\n", encoding="utf-8")
    git("add", "a.sh")
    git("commit", "--quiet", "--message", "one")
    (project / "a.sh").write_text("true\n", encoding="utf-8")
    git("commit", "--quiet", "--all", "--message", "two")
    return project


def stage(repository: Path, text: str) -> None:
    (repository / "b.sh").write_text(text, encoding="utf-8")
    subprocess.run(["git", "add", "b.sh"], cwd=repository, check=True)


def test_a_secret_in_the_history_fails(repository: Path, keyproof: Keyproof) -> None:
    result = keyproof("leaks", "--format", "jsonl")
    assert result.code == 1
    *found, last = [json.loads(line) for line in result.out.splitlines()]
    assert [(leak["path"], leak["line"], leak["confidence"], leak["in_head"]) for leak in found] == [
        ("a.sh", 1, "proven", False)
    ]
    assert last["coverage"]["complete"] is True
    assert TOKEN not in result.out + result.err


def test_nothing_in_the_files_is_in_order(repository: Path, keyproof: Keyproof) -> None:
    result = keyproof("leaks", "--worktree", ".")
    assert result.code == 0, result.out
    assert keyproof("leaks", "--range", "HEAD~1..HEAD").code == 0


def test_a_range_that_holds_nothing_was_not_searched(repository: Path, keyproof: Keyproof) -> None:
    assert keyproof("leaks", "--range", "HEAD..HEAD").code == 3


def test_a_file_too_large_is_named_and_makes_the_search_incomplete(
    repository: Path, keyproof: Keyproof
) -> None:
    (repository / "big.bin").write_bytes(b"a" * (2 << 20))
    result = keyproof("leaks", "--worktree", ".", "--largest", "1")
    assert result.code == 3
    assert "1 size" in result.out
    assert keyproof("leaks", "--worktree", ".").code == 0


def test_what_is_staged(repository: Path, keyproof: Keyproof) -> None:
    assert keyproof("leaks", "--staged").code == 0
    stage(repository, f"T={fakes.github_token('staged')}\n")
    result = keyproof("leaks", "--staged")
    assert result.code == 1
    assert result.out.startswith("b.sh:1: ")


@pytest.mark.parametrize("text", ["T={} # keyproof:allow\n", "T={}  # pragma: allowlist secret\n"])
def test_an_inline_marker_accepts(repository: Path, keyproof: Keyproof, text: str) -> None:
    stage(repository, text.format(fakes.github_token("marked")))
    result = keyproof("leaks", "--staged", "--format", "jsonl")
    assert result.code == 0
    assert json.loads(result.out.splitlines()[0])["allowed"]


def test_the_plugins_of_detect_secrets_look_too_when_asked(repository: Path, keyproof: Keyproof) -> None:
    """A high-entropy string that no detector of ours names."""
    stage(repository, f'blob = "{fakes.letters("entropy", 40)}"\n')
    assert "detect-secrets" not in keyproof("leaks", "--staged", "--format", "jsonl").out
    result = keyproof("leaks", "--staged", "--detect-secrets", "--format", "jsonl")
    assert (result.code, json.loads(result.out.splitlines()[0])["confidence"]) == (0, "possible")


def test_archives_are_opened_unless_told_not_to(repository: Path, keyproof: Keyproof) -> None:
    (repository / "b.sh.gz").write_bytes(gzip.compress(f"T={fakes.github_token('packed')}\n".encode()))
    result = keyproof("leaks", "--worktree", "--format", "jsonl")
    assert result.code == 1
    found = json.loads(result.out.splitlines()[0])
    assert (found["path"], found["line"], found["decoded"]) == ("b.sh.gz", 1, ["gzip"])
    assert keyproof("leaks", "--worktree", "--no-archives").code == 0


def test_however_a_history_is_walked_the_result_is_the_same(repository: Path, keyproof: Keyproof) -> None:
    subprocess.run(["git", "gc", "--quiet"], cwd=repository, check=True)
    results = [
        keyproof("leaks", "--format", "jsonl", *options).out
        for options in (
            ["--no-cache"],
            ["--no-cache", "--no-follow-deltas"],
            ["--no-cache", "--jobs", "2"],
            ["--no-cache", "--no-archives"],
        )
    ]
    assert results == [results[0]] * 4


def test_submodules_are_searched_when_asked(
    repository: Path, keyproof: Keyproof, tmp_path_factory: pytest.TempPathFactory
) -> None:
    inner = tmp_path_factory.mktemp("inner")
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "one"]):
        (inner / "c.sh").write_text(f"T={fakes.github_token('inner')}\n", encoding="utf-8")
        subprocess.run(["git", *_PERSON, *command], cwd=inner, check=True)
    added = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "libs/inner"]
    subprocess.run(["git", *added], cwd=repository, check=True)
    plain = keyproof("leaks", "--format", "json")
    assert "libs/inner is a submodule" in plain.out
    asked = json.loads(keyproof("leaks", "--submodules", "--format", "json").out)
    assert [(one["repository"].rpartition("/")[2], one["path"]) for one in asked["leaks"]] == [
        (repository.name, "a.sh"),
        ("inner", "c.sh"),
    ]
    assert asked["coverage"]["notes"] == []
    assert keyproof("leaks", "--submodules", "--staged").code == 2


def test_what_a_remote_has_is_not_new(repository: Path, keyproof: Keyproof) -> None:
    subprocess.run(["git", "update-ref", "refs/remotes/origin/main", "HEAD"], cwd=repository, check=True)
    stage(repository, "true\n")
    subprocess.run(["git", *_PERSON, "commit", "--quiet", "--message", "b"], cwd=repository, check=True)
    new = f"{'0' * 40}..HEAD"
    assert keyproof("leaks", "--range", new).code == 1
    assert keyproof("leaks", "--range", new, "--new-to", "origin").code == 0
    assert keyproof("leaks", "--new-to", "origin").code == 2


def test_reports_of_findings(repository: Path, keyproof: Keyproof, checkout: Path) -> None:
    result = keyproof(
        "leaks",
        "--format",
        "junit=j.xml",
        "--format",
        "sarif=s.json",
        "--format",
        "html=r.html",
        "--format",
        "csv=c.csv",
    )
    assert result.code == 1
    junit = etree.parse(repository / "j.xml")
    etree.XMLSchema(etree.parse(checkout / "tests" / "data" / "junit-10.xsd")).assertValid(junit)
    assert len(junit.findall(".//failure")) == 1
    assert json.loads((repository / "s.json").read_text("utf-8"))["version"] == "2.1.0"
    for name in ("j.xml", "s.json", "r.html", "c.csv"):
        assert TOKEN not in (repository / name).read_text("utf-8")


def test_the_hook_stops_a_commit(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert hook.main([]) == 0
    stage(repository, f"T={fakes.github_token('hook')}\n")
    assert hook.main([]) == 1
    shown = capsys.readouterr()
    assert "b.sh:1" in shown.err
    assert shown.out == ""
    assert fakes.github_token("hook") not in shown.err


def test_the_installed_hook_stops_a_commit(
    repository: Path, keyproof: Keyproof, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keyproof("hook", "install").code == 0
    again = keyproof("hook", "install")
    assert (again.code, "--force" in again.err) == (2, True)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    stage(repository, f"T={fakes.github_token('installed')}\n")
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@b", "commit", "--message", "x"]
    refused = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "the commit is stopped" in refused.stderr
    stage(repository, "true\n")
    assert subprocess.run(command, cwd=repository, capture_output=True, check=False).returncode == 0


def test_a_push_and_a_server_are_guarded(
    repository: Path,
    keyproof: Keyproof,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    server = tmp_path_factory.mktemp("server") / "bare.git"
    subprocess.run(["git", "init", "--quiet", "--bare", server], check=True)
    push = ["git", "push", "--quiet", str(server), "main"]
    assert keyproof("hook", "install", "--pre-push").code == 0
    refused = subprocess.run(push, cwd=repository, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "a.sh:1" in refused.stdout + refused.stderr
    (repository / ".git" / "hooks" / "pre-push").unlink()
    monkeypatch.chdir(server)
    assert keyproof("hook", "install", "--pre-receive").code == 0
    refused = subprocess.run(push, cwd=repository, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "a.sh:1" in refused.stdout + refused.stderr


_HOOK_NEEDS = {
    "keyproof.cli.boundary", "keyproof.cli.exit", "keyproof.cli.gate", "keyproof.cli.hook",
    "keyproof.cli.surroundings", "keyproof.domain.leak", "keyproof.errors", "keyproof.ports", "keyproof.resources",
    "keyproof.wiring.leaks", "keyproof.leaks.acceptance", "keyproof.leaks.blob", "keyproof.leaks.key",
    "keyproof.leaks.seal", "keyproof.leaks.sighting", "keyproof.leaks.source", "keyproof.leaks.detection.compiled",
    "keyproof.leaks.detection.decoders", "keyproof.leaks.detection.detector", "keyproof.leaks.detection.engine",
    "keyproof.leaks.detection.azure_keys", "keyproof.leaks.detection.digits",
    "keyproof.leaks.detection.placeholders", "keyproof.leaks.detection.proofs", "keyproof.leaks.detection.scanner",
    "keyproof.leaks.decoding.deep", "keyproof.leaks.decoding.kinds", "keyproof.leaks.git.blobs",
    "keyproof.leaks.detection.version", "keyproof.leaks.git.first_look", "keyproof.leaks.git.isolation",
    "keyproof.leaks.glance",
    "keyproof.leaks.git.coverage", "keyproof.leaks.git.index",
    "keyproof.leaks.git.objects", "keyproof.leaks.git.paths", "keyproof.leaks.git.range",
    "keyproof.leaks.git.repository", "keyproof.leaks.git.staged",
}  # fmt: skip
_HEAVY = {
    "asyncio", "boto3", "detect_secrets", "git", "hvac", "importlib.metadata", "jinja2", "logging", "multiprocessing",
    "numpy", "pkgutil", "platform", "pydantic", "random", "requests", "rich", "secrets", "shutil", "socket", "sqlite3",
    "tempfile", "traceback", "typer", "yaml",
}  # fmt: skip


def loaded_by_the_hook() -> set[str]:
    program = (
        "import sys; from keyproof.cli import hook; code = hook.main([]); print(*sys.modules); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_a_commit_without_a_word_on_secrets_costs_one_look(repository: Path) -> None:
    stage(repository, "true\n")
    loaded_by_the_hook()  # the first one compiles the detectors
    loaded = loaded_by_the_hook()
    assert {name for name in loaded if name.startswith("keyproof.") and name.count(".") > 1} == {
        "keyproof.cli.hook", "keyproof.leaks.decoding", "keyproof.leaks.decoding.kinds", "keyproof.leaks.detection",
        "keyproof.leaks.detection.version", "keyproof.leaks.git", "keyproof.leaks.git.first_look",
        "keyproof.leaks.git.isolation", "keyproof.leaks.glance",
    }  # fmt: skip
    assert (
        loaded & {"dataclasses", "pathlib", "subprocess", "threading", "hashlib", "json", "inspect"} == set()
    )


def test_the_hook_imports_nothing_but_what_a_clean_commit_needs(repository: Path) -> None:
    stage(repository, "token = read()\n")
    loaded_by_the_hook()  # the first one compiles the detectors
    loaded = loaded_by_the_hook()
    ours = {name for name in loaded if name.startswith("keyproof.") and name.count(".") > 1}
    packages = {name.rpartition(".")[0] for name in _HOOK_NEEDS}
    assert ours - packages <= _HOOK_NEEDS
    assert loaded & _HEAVY == set()
    assert "hyperscan" in loaded


def test_rules_of_other_tools_look_too_and_none_is_dropped_silently(
    repository: Path, keyproof: Keyproof, tmp_path: Path
) -> None:
    rules = tmp_path / "theirs.toml"
    rules.write_text(
        '[[rules]]\nid = "house-token"\nregex = "house_[0-9a-f]{12}"\nkeywords = ["house_"]\n'
        '[[rules]]\nid = "by-path"\npath = "pem$"\n',
        encoding="utf-8",
    )
    (repository / "new.txt").write_text("house_" + "0123456789ab" + "\n")
    result = keyproof("leaks", "--worktree", "--rules", str(rules), "--format", "jsonl")
    assert any("house-token" in line for line in result.out.splitlines())
    assert "rules: " in result.err
    assert "by-path" in result.err
