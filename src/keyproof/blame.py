"""Which commit last wrote each line of a file, by git."""

import os
import subprocess  # noqa: TID251 (blame is git's own; nothing else tells it)
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_SETTINGS = (
    # A repository's own settings must neither run programs nor hide commits.
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "blame.ignoreRevsFile=",
    "safe.directory=*",
)
_PATIENCE = 120.0
"""Seconds for one file."""


class BlameError(Exception):
    """git cannot tell: no repository, no commit, or no git."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCommit:
    """The commit a line comes from."""

    id: str
    at: datetime
    """When its author wrote it, but not later than it was committed; UTC."""
    first: bool
    """Whether the commit brought the file, so that nothing older was there."""


def blame(path: Path, environ: Mapping[str, str]) -> dict[int, LineCommit]:
    """Line, counted from 1 → its commit; lines that are not committed are left out. Raises BlameError."""
    clean = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
    clean |= {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_LITERAL_PATHSPECS": "1",
    }
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    command = ["git", *settings, "blame", "--line-porcelain", "--no-textconv", "--", path.name]
    try:
        done = subprocess.run(  # noqa: S603 (a fixed program with the file's name as its last word)
            command, cwd=path.parent, env=clean, capture_output=True, check=False, timeout=_PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BlameError(
            "git cannot be run" if isinstance(error, OSError) else "git takes too long"
        ) from None
    if done.returncode:
        words = done.stderr.decode("utf-8", errors="replace").strip().removeprefix("fatal: ")
        raise BlameError(words.splitlines()[0] if words else "git blame fails")
    return _lines(done.stdout)


def _lines(output: bytes) -> dict[int, LineCommit]:
    found: dict[int, LineCommit] = {}
    head: list[bytes] = []
    facts: dict[bytes, bytes] = {}
    for line in output.split(b"\n"):
        if line.startswith(b"\t"):
            if head and head[0].strip(b"0"):
                stamps = (int(facts[b"author-time"]), int(facts[b"committer-time"]))
                found[int(head[2])] = LineCommit(
                    id=head[0].decode(),
                    at=datetime.fromtimestamp(min(stamps), UTC),
                    first=b"previous" not in facts,
                )
            head, facts = [], {}
        elif not head:
            head = line.split(b" ")
        else:
            name, _, value = line.partition(b" ")
            facts[name] = value
    return found
