"""What git would say about a file: compared with git itself."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyproof.dotenv.work_tree import IndexUnreadableError, WorkTree

QUIET = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "HOME": os.devnull,
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


def git(folder: Path, *arguments: str, ok: tuple[int, ...] = (0,), given_input: str = "") -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=QUIET,
        input=given_input,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in ok, done.stderr
    return done.stdout


def repository(folder: Path, *options: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", *options, ".")
    return folder


def tree(path: Path) -> WorkTree:
    found = WorkTree.holding(path / ".env")
    assert found is not None
    return found


def git_ignores(root: Path, paths: list[str]) -> set[str]:
    out = git(
        root, "check-ignore", "--no-index", "-z", "--stdin", ok=(0, 1), given_input="\0".join(paths) + "\0"
    )
    return set(filter(None, out.split("\0")))


@pytest.mark.parametrize(
    "rules",
    [
        ".env",
        ".env*\n!.env.example",
        "*\n!*/\n!.env",
        "/*\n!/app/\n/app/*\n!/app/.env",
        "app/",
        "app\n!app/.env",
        "**/lib/.env",
        "app/**",
        "app/**/.env",
        "**",
        "# .env",
        "\\#x\n.env  ",
        ".en[v-z]",
        ".en[!a-u/]",
        "[[:punct:]]env",
        ".en[",
        ".env\\",
        "\\.env",
        "*.env\r",
        "***/.env",
        "?env",
        "app/*/.env",
        "lib/.env",
        "/",
        "!",
        "",
    ],
)
def test_one_gitignore_as_git_reads_it(tmp_path: Path, rules: str) -> None:
    root = repository(tmp_path)
    (root / "app" / "lib").mkdir(parents=True)
    (root / ".gitignore").write_text(rules + "\n", newline="")
    paths = [".env", ".env.example", "app/.env", "app/lib/.env", "app/lib/prod.env"]
    assert {path for path in paths if tree(root).ignored(path)} == git_ignores(root, paths)


PATTERN = st.text("ab*?/[]!-^\\. #", max_size=7)
PATHS = [f"{folder}{name}" for folder in ("", "a/", "a/b/", "b/a/") for name in ("a.b", "b", ".a", "ab")]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    top=st.lists(PATTERN, max_size=4),
    inner=st.lists(PATTERN, max_size=3),
    private=st.lists(PATTERN, max_size=2),
)
def test_any_rules_as_git_reads_them(
    tmp_path: Path, top: list[str], inner: list[str], private: list[str]
) -> None:
    root = repository(tmp_path)
    (root / "a" / "b").mkdir(parents=True, exist_ok=True)
    (root / "b" / "a").mkdir(parents=True, exist_ok=True)
    for path in PATHS:
        if not (root / path).is_dir():
            (root / path).write_text("")
    (root / ".gitignore").write_text("\n".join(top))
    (root / "a" / ".gitignore").write_text("\n".join(inner))
    (root / ".git" / "info").mkdir(exist_ok=True)
    (root / ".git" / "info" / "exclude").write_text("\n".join(private))
    files = [path for path in PATHS if (root / path).is_file()]
    assert {path for path in files if tree(root).ignored(path)} == git_ignores(root, files)


def test_the_nearest_repository_counts(tmp_path: Path) -> None:
    outer = repository(tmp_path / "outer")
    inner = repository(outer / "inner")
    assert tree(outer).root == outer
    assert tree(inner).root == inner
    (outer / "plain").mkdir()
    assert tree(outer / "plain").root == outer


def test_outside_any_repository_there_is_no_work_tree(tmp_path: Path) -> None:
    assert WorkTree.holding(tmp_path / ".env") is None


def test_a_linked_work_tree_has_its_own_index_and_shares_the_excludes(tmp_path: Path) -> None:
    root = repository(tmp_path / "main")
    git(root, "commit", "-q", "--allow-empty", "-m", "Begin")
    git(root, "worktree", "add", "-q", str(tmp_path / "linked"))
    (root / ".git" / "info" / "exclude").write_text(".env\n")
    linked = tmp_path / "linked"
    (linked / "here.env").write_text("A=1")
    git(linked, "add", "here.env")
    assert tree(linked).root == linked
    assert tree(linked).ignored(".env")
    assert tree(linked).tracked("here.env")
    assert not tree(root).tracked("here.env")


@pytest.mark.parametrize("version", ["2", "3", "4"])
@pytest.mark.parametrize("format_", ["sha1", "sha256"])
def test_tracked_files_of_every_index_version(tmp_path: Path, version: str, format_: str) -> None:
    root = repository(tmp_path, f"--object-format={format_}")
    names = [
        ".env",
        ".env.local",
        "app/.env",
        f"{'d' * 200}/{'x' * 200}",
        "é.env",
        *(f"n{'y' * size}" for size in range(9)),
    ]
    for name in names:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("")
    git(root, "update-index", "--index-version", version)
    git(root, "add", *names)
    if version == "3":
        (root / "later").write_text("")
        git(root, "add", "-N", "later")  # only an extended flag makes git write version 3
        names.append("later")
    (root / "untracked.env").write_text("")
    found = tree(root)
    assert (root / ".git" / "index").read_bytes()[7] == (int(version))
    assert all(found.tracked(name) for name in names)
    assert not any(found.tracked(name) for name in ("untracked.env", "app", "nyyyyyyyyy", ""))


def test_a_new_repository_tracks_nothing(tmp_path: Path) -> None:
    assert not tree(repository(tmp_path)).tracked(".env")


def test_an_index_that_cannot_be_read_is_never_taken_for_untracked(tmp_path: Path) -> None:
    root = repository(tmp_path)
    (root / ".env").write_text("")
    git(root, "add", ".env")
    index = root / ".git" / "index"
    whole = index.read_bytes()
    for raw in (b"", b"DIRC", whole[:60], whole[:4] + b"\0\0\0\x09" + whole[8:]):
        index.write_bytes(raw)
        with pytest.raises(IndexUnreadableError):
            tree(root).tracked(".env")
    index.write_bytes(whole)
    git(root, "update-index", "--split-index")
    with pytest.raises(IndexUnreadableError, match="split"):
        tree(root).tracked(".env")
