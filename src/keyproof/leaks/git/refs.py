"""Where the history can be entered: refs, the HEADs of all worktrees, reflogs, and where it was cut."""

from dataclasses import dataclass

from keyproof.errors import HistoryError
from keyproof.leaks.git.coverage import Tally
from keyproof.leaks.git.repository import Repository

NOTES = "refs/notes/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refs:
    """The names a repository has for its objects."""

    head: str | None
    """The commit HEAD is at; None while its branch is unborn."""
    named: tuple[tuple[str, str], ...]
    """Full name of each ref and the id it holds, tags not peeled."""
    heads: tuple[str, ...]
    """The commits of the HEADs of linked worktrees."""
    logged: tuple[str, ...]
    """Objects named in reflogs, earlier stashes among them."""
    shallow: frozenset[str]
    """Commits whose parents a shallow clone left behind."""


def read_refs(repository: Repository, tally: Tally) -> Refs:
    """Read every entrance. Raises GitFailedError when git cannot list the refs.

    That the reflogs cannot be followed is entered in `tally`: what only they reach then counts as unreachable.
    """
    listed = repository.run("for-each-ref", "--format=%(objectname) %(refname)")
    lines = listed.decode("utf-8", "backslashreplace").splitlines()
    named = tuple((name, held) for held, _, name in (line.partition(" ") for line in lines))
    return Refs(
        head=repository.resolve("HEAD"),
        named=named,
        heads=_heads(repository),
        logged=_logged(repository, tally),
        shallow=shallow_commits(repository),
    )


def shallow_commits(repository: Repository) -> frozenset[str]:
    """The commits at which a shallow clone was cut; see gitrepository-layout(5), `shallow`."""
    if not repository.shallow:
        return frozenset()
    return frozenset((repository.common_dir / "shallow").read_text(encoding="ascii").split())


def _heads(repository: Repository) -> tuple[str, ...]:
    listed = repository.run("worktree", "list", "--porcelain").decode("utf-8", "backslashreplace")
    heads = {line.removeprefix("HEAD ") for line in listed.splitlines() if line.startswith("HEAD ")}
    return tuple(sorted(one for one in heads if one.strip("0")))


def _logged(repository: Repository, tally: Tally) -> tuple[str, ...]:
    """The commits of every reflog; git prints its usage (exit code 129) when there is none."""
    try:
        output = repository.run("rev-list", "--no-walk", "--reflog", accept=(0, 129))
    except HistoryError as error:  # a damaged commit in a reflog
        tally.fail(error)
        return ()
    return tuple(output.decode("ascii", "replace").split())
