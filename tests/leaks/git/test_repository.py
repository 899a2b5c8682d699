"""Opening repositories: only the one that was named, only with a git from elsewhere, only as the user allows."""

import os
from pathlib import Path

import pytest

from keyproof.errors import GitFailedError, NotARepositoryError
from keyproof.leaks.git.repository import Repository, enclosing_work_tree
from tests.fakes.repositories import GitRepository

REAL_GIT = next(
    str(Path(folder) / "git")
    for folder in os.environ["PATH"].split(os.pathsep)
    if (Path(folder) / "git").is_file()
)


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    made = GitRepository.create(tmp_path / "r")
    made.commit({"dir/f": "f"})
    return made


def stranger(folder: Path) -> Path:
    """A git that takes every repository for another user's (git's own test switch)."""
    folder.mkdir()
    (folder / "git").write_text(f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {REAL_GIT} "$@"\n')
    (folder / "git").chmod(0o755)
    return folder


def test_a_work_tree_opens(repository: GitRepository) -> None:
    opened = Repository.open(repository.path, repository.environ)
    assert (opened.work_tree, opened.git_dir) == (repository.path, repository.path / ".git")
    assert (opened.object_format, opened.id_length, opened.shallow) == ("sha1", 40, False)


def test_a_linked_worktree_shares_the_objects(repository: GitRepository, tmp_path: Path) -> None:
    repository.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    opened = Repository.open(tmp_path / "linked", repository.environ)
    assert opened.work_tree == tmp_path / "linked"
    assert opened.common_dir == repository.path / ".git"
    assert opened.git_dir != opened.common_dir


def test_a_folder_without_a_repository_is_refused_with_the_next_step(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(NotARepositoryError) as refusal:
        Repository.open(tmp_path / "plain", {"PATH": os.environ["PATH"]})
    assert "--worktree" in refusal.value.hint


def test_a_folder_inside_a_work_tree_is_not_the_work_tree(repository: GitRepository) -> None:
    with pytest.raises(NotARepositoryError) as refusal:
        Repository.open(repository.path / "dir", repository.environ)
    assert str(repository.path) in refusal.value.hint
    assert enclosing_work_tree(repository.path / "dir") == repository.path


def test_a_path_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotARepositoryError):
        Repository.open(tmp_path / "nothing", {"PATH": os.environ["PATH"]})


def test_a_broken_repository_is_not_searched_above(repository: GitRepository) -> None:
    inner = repository.path / "dir"
    (inner / ".git").mkdir()
    with pytest.raises(NotARepositoryError):
        Repository.open(inner, repository.environ)


def test_a_git_inside_the_repository_never_runs(repository: GitRepository, tmp_path: Path) -> None:
    for folder in (repository.path, repository.path / "bin"):
        folder.mkdir(exist_ok=True)
        (folder / "git").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (folder / "git").chmod(0o755)
    (tmp_path / "link").symlink_to(repository.path / "bin")
    search = [
        str(repository.path / "bin"),
        str(tmp_path / "link"),
        "",
        ".",
        "bin",
        repository.environ["PATH"],
    ]
    opened = Repository.open(repository.path, {**repository.environ, "PATH": os.pathsep.join(search)})
    assert opened.resolve("HEAD")
    assert not (tmp_path / "ran").exists()


def test_without_git_the_next_step_is_named(repository: GitRepository, tmp_path: Path) -> None:
    with pytest.raises(GitFailedError) as refusal:
        Repository.open(repository.path, {"PATH": str(tmp_path)})
    assert "install git" in refusal.value.hint


def test_git_variables_of_the_caller_do_not_lead_elsewhere(repository: GitRepository, tmp_path: Path) -> None:
    other = GitRepository.create(tmp_path / "other")
    lost = {"GIT_DIR": str(other.path / ".git"), "GIT_WORK_TREE": "/", "GIT_INDEX_FILE": "/dev/null",
            "GIT_OBJECT_DIRECTORY": str(tmp_path), "GIT_TRACE": str(tmp_path / "trace"),
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.bare", "GIT_CONFIG_VALUE_0": "true"}  # fmt: skip
    opened = Repository.open(repository.path, {**repository.environ, **lost})
    assert opened.resolve("HEAD") == repository.git("rev-parse", "HEAD")
    assert not (tmp_path / "trace").exists()


def test_another_users_repository_is_refused_with_the_next_step(
    repository: GitRepository, tmp_path: Path
) -> None:
    environ = {**repository.environ, "PATH": str(stranger(tmp_path / "bin"))}
    with pytest.raises(GitFailedError) as refusal:
        Repository.open(repository.path, environ)
    assert f"safe.directory {repository.path}" in refusal.value.hint


@pytest.mark.parametrize("scope", ["file", "xdg", "variable"])
def test_the_users_safe_directory_is_honoured(repository: GitRepository, tmp_path: Path, scope: str) -> None:
    environ = {**repository.environ, "PATH": f"{stranger(tmp_path / 'bin')}:{os.environ['PATH']}"}
    lines = f'[safe]\n\tdirectory = "/somewhere else"\n\tdirectory = {repository.path}\n'
    match scope:
        case "file":
            (Path(environ["HOME"]) / ".gitconfig").write_text(lines)
        case "xdg":
            file = Path(environ["XDG_CONFIG_HOME"]) / "git" / "config"
            file.parent.mkdir(parents=True)
            file.write_text(lines)
        case _:
            environ |= {
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": "safe.directory",
                "GIT_CONFIG_VALUE_0": "*",
            }
    assert Repository.open(repository.path, environ).resolve("HEAD")


def test_the_repositorys_own_safe_directory_counts_for_nothing(
    repository: GitRepository, tmp_path: Path
) -> None:
    repository.git("config", "safe.directory", "*")
    environ = {**repository.environ, "PATH": f"{stranger(tmp_path / 'bin')}:{os.environ['PATH']}"}
    with pytest.raises(GitFailedError):
        Repository.open(repository.path, environ)


@pytest.mark.parametrize(
    "revision", ["--all", "-h", "--git-dir", "nothing", "", "HEAD^", "a b", "--output=x"]
)
def test_what_names_no_object_resolves_to_nothing(repository: GitRepository, revision: str) -> None:
    assert Repository.open(repository.path, repository.environ).resolve(revision) is None


def test_a_failure_carries_gits_last_words(repository: GitRepository) -> None:
    opened = Repository.open(repository.path, repository.environ)
    with pytest.raises(GitFailedError, match=r"git ls-tree failed with exit code 128: fatal: .*nothing"):
        opened.run("ls-tree", "nothing")


def test_control_characters_in_gits_words_are_dropped(repository: GitRepository) -> None:
    opened = Repository.open(repository.path, repository.environ)
    with pytest.raises(GitFailedError) as failure:
        opened.run("ls-tree", "\x1b]0;owned\x07nothing")
    assert failure.value.message.isprintable()


def test_a_path_with_a_line_break_opens(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "line\nbreak")
    assert Repository.open(repository.path, repository.environ).git_dir == repository.path / ".git"


def test_more_input_than_a_pipe_holds_does_not_deadlock(repository: GitRepository) -> None:
    opened = Repository.open(repository.path, repository.environ)
    name = repository.git("rev-parse", "HEAD")
    asked = [f"{name}\n".encode() * 1000] * 30
    output = opened.run("cat-file", "--batch-check", feed=asked)
    assert output.count(b"commit") == 30_000


def test_leaving_early_ends_git(repository: GitRepository) -> None:
    opened = Repository.open(repository.path, repository.environ)
    name = repository.git("rev-parse", "HEAD")

    def endless() -> "object":
        while True:
            yield f"{name}\n".encode() * 100

    with opened.start("cat-file", "--batch", fed=True) as process:
        process.feed(endless())  # type: ignore[arg-type]  # a generator
        assert process.output.readline().startswith(name.encode())
    assert process.wait() != 0
