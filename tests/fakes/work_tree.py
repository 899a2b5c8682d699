"""A git work tree of a test's own, with commits on given days."""

import os
import subprocess
from datetime import datetime
from pathlib import Path


def commit(folder: Path, at: datetime, *paths: str) -> None:
    """Commit `paths`, all when none are named, as written at `at`; makes the repository at first."""
    if not (folder / ".git").exists():
        run(folder, "init", "-q", "-b", "main")
    run(folder, "add", "-f", "--", *(paths or (".",)))
    when = at.isoformat()
    run(folder, "commit", "-q", "-m", "change", GIT_AUTHOR_DATE=when, GIT_COMMITTER_DATE=when)


def run(folder: Path, *arguments: str, **environ: str) -> str:
    """Run git as a person with a fixed name."""
    person = {
        f"GIT_{role}_{name}": text
        for role in ("AUTHOR", "COMMITTER")
        for name, text in (("NAME", "Ana"), ("EMAIL", "ana@example.org"))
    }
    bare = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**bare, **person, "GIT_CONFIG_GLOBAL": os.devnull, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
