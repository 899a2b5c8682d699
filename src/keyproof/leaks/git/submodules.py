"""The submodules that are checked out below a work tree: repositories of their own, to be searched when asked."""

import os
from collections.abc import Iterator
from pathlib import Path

from keyproof.leaks.git.index import list_entries
from keyproof.leaks.git.paths import shown
from keyproof.leaks.git.repository import Repository


def checked_out(repository: Repository) -> Iterator[tuple[str, Path]]:
    """The path of each in its repository, and its folder; none that a link leads to. Raises GitFailedError."""
    if repository.work_tree is None:
        return
    root = os.path.realpath(repository.work_tree)
    for path in dict.fromkeys(entry.path for entry in list_entries(repository) if entry.is_submodule):
        folder = Path(root) / os.fsdecode(path)
        if os.path.realpath(folder) == str(folder) and os.path.lexists(folder / ".git"):
            yield shown(path), folder
