"""The demo's git repository: a short history in which secrets came in and, mostly, went out again."""

import os
import subprocess
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from keyproof.demo import fakes


def build(folder: Path, now: datetime) -> None:
    """Make a repository in `folder` whose commits lie in the year before `now`."""
    folder.mkdir(parents=True)
    repository = _Repository(folder, now)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.commit(
        320,
        "ana",
        "Start the content service",
        {
            "app.py": "import os\n\nDATABASE = os.environ['DATABASE_URL']\n",
            ".gitignore": ".env\n",
            ".env.example": "DATABASE_URL=\nOPENAI_API_KEY=\n",
        },
    )
    repository.commit(
        214,
        "ben",
        "Upload assets to S3",
        {"upload.py": f"ACCESS_KEY_ID = '{fakes.aws_access_key('upload')}'\nBUCKET = 'assets'\n"},
    )
    repository.commit(
        213,
        "ben",
        "Take the key from the environment",
        {"upload.py": "import os\n\nACCESS_KEY_ID = os.environ['AWS_ACCESS_KEY_ID']\nBUCKET = 'assets'\n"},
    )
    repository.git("checkout", "--quiet", "-b", "alerts")
    repository.commit(
        150,
        "ana",
        "Alert the team",
        {"alerts.py": "import os\n\nWEBHOOK = os.environ['SLACK_WEBHOOK_URL']\n"},
    )
    repository.git("checkout", "--quiet", "main")
    repository.commit(149, "ben", "Retry uploads", {"retry.py": "ATTEMPTS = 3\n"})
    repository.evil_merge(
        148, "ana", "alerts", {"alerts.py": f"WEBHOOK = '{fakes.slack_webhook('alerts')}'\n"}
    )
    repository.commit(
        90,
        "cara",
        "Release script",
        {"release.sh": f"#!/bin/sh\nexport GITHUB_TOKEN={fakes.github_token('release')}\n./publish\n"},
    )
    repository.commit(60, "cara", "Read the token in CI only", {"release.sh": "#!/bin/sh\n./publish\n"})
    repository.commit(
        41, "ben", "Migrate the database", {"migrate.py": f"URL = '{fakes.database_url('migrate')}'\n"}
    )
    repository.commit(
        20,
        "ana",
        "Document the configuration",
        {"docs/setup.md": "Set `OPENAI_API_KEY=sk-proj-NEW_KEY` in `.env`.\n"},
    )
    (folder / ".env").write_text(
        "DATABASE_URL=postgresql://localhost/dev\nOPENAI_API_KEY=\nSESSION_SECRET=dev-only\n",
        encoding="utf-8",
    )


class _Repository:
    """Commits with dates and authors of our choosing, whatever the user's git configuration says."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self.folder = folder
        self.now = now

    def git(self, *arguments: str, **variables: str) -> None:
        environ: Mapping[str, str] = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            **variables,
        }
        subprocess.run(["git", *arguments], cwd=self.folder, env=environ, check=True, capture_output=True)

    def commit(self, days_ago: int, author: str, message: str, files: Mapping[str, str]) -> None:
        self._write(files)
        self._record(days_ago, author, "commit", "--quiet", "--message", message)

    def evil_merge(self, days_ago: int, author: str, branch: str, files: Mapping[str, str]) -> None:
        """Merge `branch` and change `files` in the merge itself, where a diff of either parent hides it."""
        self._record(days_ago, author, "merge", "--quiet", "--no-ff", "--no-commit", branch)
        self._write(files)
        self._record(days_ago, author, "commit", "--quiet", "--message", f"Merge {branch}")

    def _write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.git("add", "--all")

    def _record(self, days_ago: int, author: str, *arguments: str) -> None:
        date = (self.now - timedelta(days=days_ago)).strftime("%Y-%m-%dT10:00:00+00:00")
        person = {"NAME": author.capitalize(), "EMAIL": f"{author}@content.example", "DATE": date}
        variables = {
            f"GIT_{role}_{name}": text for role in ("AUTHOR", "COMMITTER") for name, text in person.items()
        }
        self.git(*arguments, **variables)
