"""Which commits a repository holds, for comparing reports about it."""

from collections.abc import Iterable
from pathlib import Path

from keyproof.errors import NotARepositoryError
from keyproof.leaks.git.objects import object_types
from keyproof.leaks.git.repository import Repository
from keyproof.ports import Surroundings


def stored_commits(path: Path, ids: Iterable[str], surroundings: Surroundings) -> frozenset[str]:
    """Those of `ids`, full or short, that the repository at `path` holds; none where there is no repository.

    Raises GitFailedError.
    """
    wanted = [name for name in ids if name and all(digit in "0123456789abcdef" for digit in name)]
    try:
        repository = Repository.open(path, surroundings.environ)
    except NotARepositoryError:
        return frozenset()
    full = object_types(repository, wanted)
    return frozenset(
        name
        for name in wanted
        if any(one.startswith(name) and kind == "commit" for one, kind in full.items())
    )
