"""The pre-commit framework itself, with our hook from a repository: a planted leak is refused."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from keyproof.demo import fakes

Git = Callable[..., str]


@pytest.fixture(scope="module")
def hook_repository(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """This checkout's last commit as a repository that pre-commit can clone, and the id to pin."""
    folder = tmp_path_factory.mktemp("hook") / "keyproof"
    subprocess.run(
        ["git", "clone", "--quiet", "--no-hardlinks", checkout, folder], check=True, capture_output=True
    )
    revision = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()
    return folder, revision


@pytest.fixture
def project(tmp_path: Path, hook_repository: tuple[Path, str], git: Git) -> Path:
    """A user's project with the framework installed into it."""
    source, revision = hook_repository
    git(tmp_path, "init", "--quiet", "--initial-branch=main", "project")
    folder = tmp_path / "project"
    (folder / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {source}\n    rev: {revision}\n    hooks: [{{id: keyproof}}]\n", encoding="utf-8"
    )
    subprocess.run(
        [sys.executable, "-m", "pre_commit", "install"],
        cwd=folder,
        env=environment(),
        check=True,
        capture_output=True,
    )
    return folder


def environment() -> dict[str, str]:
    """The process environment, with the framework's own caches where the suite's home is."""
    return {
        **os.environ,
        "GIT_AUTHOR_NAME": "Ana",
        "GIT_AUTHOR_EMAIL": "ana@example.org",
        "GIT_COMMITTER_NAME": "Ana",
        "GIT_COMMITTER_EMAIL": "ana@example.org",
    }


def commit(folder: Path, message: str) -> subprocess.CompletedProcess[str]:
    subprocess.run(["git", "add", "--all"], cwd=folder, env=environment(), check=True, capture_output=True)
    return subprocess.run(
        ["git", "commit", "--message", message],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.server
def test_a_commit_with_a_secret_is_refused_and_one_without_is_accepted(project: Path) -> None:
    token = fakes.github_token("pre-commit")
    (project / "release.sh").write_text(f"export GITHUB_TOKEN={token}\n", encoding="utf-8")
    refused = commit(project, "Release")
    output = refused.stdout + refused.stderr
    assert refused.returncode == 1, output
    assert "release.sh:1" in output
    assert token not in output
    # The index is judged, not the work tree: cleaning the file without staging it changes nothing.
    (project / "release.sh").write_text("./publish\n", encoding="utf-8")
    still = subprocess.run(
        ["git", "commit", "--message", "Release"],
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert still.returncode == 1, still.stdout + still.stderr
    accepted = commit(project, "Release")
    assert accepted.returncode == 0, accepted.stdout + accepted.stderr
    assert "Passed" in accepted.stdout + accepted.stderr
