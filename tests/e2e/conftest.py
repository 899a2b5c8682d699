"""Running keyproof as a user does: the installed program, in a process, in a bare environment."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def keyproof(tmp_path: Path) -> Run:
    """Run `keyproof ARGUMENTS` in `cwd` with no terminal, no home configuration and only `environ` added."""

    def run(*arguments: str, cwd: Path | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
        bare = {
            "PATH": os.environ["PATH"],
            "CI": "true",
            "KEYPROOF_KEY": "a key of the test suite, long enough to be one",
        }
        return subprocess.run(
            [sys.executable, "-m", "keyproof", *arguments],
            cwd=cwd or tmp_path,
            env={**bare, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    return run


@pytest.fixture
def git() -> Callable[..., str]:
    """Run git in a folder as a person with a fixed name and date."""

    def run(folder: Path, *arguments: str) -> str:
        person = {
            f"GIT_{role}_{name}": text
            for role in ("AUTHOR", "COMMITTER")
            for name, text in {
                "NAME": "Ana",
                "EMAIL": "ana@example.org",
                "DATE": "2025-03-01T10:00:00+00:00",
            }.items()
        }
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env={**environ, **person},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    return run
