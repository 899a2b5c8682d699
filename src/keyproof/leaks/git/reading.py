"""Reads the history of a repository through git: every way of reading it, and what the others must agree with."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from keyproof.errors import HistoryError
from keyproof.leaks.git.attribution import Reach
from keyproof.leaks.git.commits import Commit, CommitGraph, Tag, parse_commit, parse_tag
from keyproof.leaks.git.connectivity import Connectivity
from keyproof.leaks.git.coverage import Tally
from keyproof.leaks.git.messages import Messages
from keyproof.leaks.git.objects import GitObject, Listing, Unread, list_objects, read_objects
from keyproof.leaks.git.refs import Refs
from keyproof.leaks.git.repository import Repository
from keyproof.leaks.git.trees import Branches, Forest
from keyproof.leaks.sighting import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The commits and tags of a repository, and what its refs lead to."""

    graph: CommitGraph
    refs: Refs
    tags: Mapping[str, Tag]
    reach: Reach
    blobs_at: dict[str, str]
    """Ref → blob it comes to when tags are peeled."""
    trees_at: dict[str, str]
    """Ref → tree."""

    def roots(self) -> list[str]:
        """The trees of all commits and refs."""
        return [*self.graph.trees, *self.trees_at.values()]


class Reading(Protocol):
    """One way to read what is stored."""

    @property
    def listing(self) -> Listing:
        """Every object."""
        ...

    def commits(self, tally: Tally) -> Iterator[Commit]:
        """Every commit; what cannot be read is entered in `tally`."""
        ...

    def prepare(self) -> Iterator[None]:
        """Long work of its own, in small steps, before anything below is asked."""
        ...

    def missing(self, history: History) -> set[str]:
        """Ids of the objects the history refers to and nothing stores. Raises GitFailedError."""
        ...

    def forest(self, history: History, found: Found, tally: Tally, missing: AbstractSet[str]) -> Branches:
        """The trees that lead to the blobs of `found`, numbered in its order."""
        ...


OpenReading = Callable[[Repository], AbstractContextManager[Reading]]


@dataclass(frozen=True, slots=True)
class _ByGit:
    """Reads through git's plumbing (see Reading)."""

    repository: Repository
    connectivity: Connectivity
    listing: Listing

    def commits(self, tally: Tally) -> Iterator[Commit]:
        """See Reading."""
        return read_commits(self.repository, self.listing.commits, tally)

    def prepare(self) -> Iterator[None]:
        """Nothing: git walks beside everything else."""
        return iter(())

    def missing(self, history: History) -> set[str]:  # noqa: ARG002 (git walks it anew)
        """See Reading."""
        return self.connectivity.missing()

    def forest(self, history: History, found: Found, tally: Tally, missing: AbstractSet[str]) -> Branches:
        """See Reading."""
        return grow(self.repository, found, history.roots(), tally, missing)


@contextmanager
def by_git(repository: Repository) -> Iterator[Reading]:
    """Read `repository` through git. Raises GitFailedError."""
    with Connectivity(repository) as connectivity:
        yield _ByGit(repository, connectivity, list_objects(repository))


def read_commits(repository: Repository, ids: Iterable[str], tally: Tally) -> Iterator[Commit]:
    """Read commits in the order of `ids`; those that cannot be read are entered in `tally`."""
    for answer in read_objects(repository, ids):
        if isinstance(answer, Unread):
            tally.skip(answer.reason, "commit", answer.id)
        else:
            yield parse_commit(answer.id, answer.content)


def read_tags(repository: Repository, ids: Iterable[str], messages: Messages, tally: Tally) -> dict[str, Tag]:
    """Read and search annotated tags, by id."""
    tags = {}
    for answer in read_objects(repository, ids):
        if isinstance(answer, GitObject):
            tags[answer.id] = parse_tag(answer.id, answer.content)
            messages.search_tag(tags[answer.id])
        else:
            tally.skip(answer.reason, "tag", answer.id)
    return tags


def grow(
    repository: Repository,
    found: Found,
    roots: Iterable[str],
    tally: Tally,
    missing: AbstractSet[str] = frozenset(),
) -> Forest:
    """The trees that lead to the blobs of `found`, numbered in its order; `missing` ones are not asked for."""
    wanted = {bytes.fromhex(name): number for number, name in enumerate(found)}

    def read(ids: Iterable[str]) -> Iterator[GitObject | Unread]:
        return _read_trees(repository, list(ids), missing, tally)

    forest = Forest(read, wanted, id_length=repository.id_length)
    if wanted:
        forest.grow(root for root in roots if root)
    for tree in forest.unread:
        if tree.reason != "missing":  # what is missing from the history is told by the walk over it
            tally.skip(tree.reason, "tree", tree.id)
    if forest.too_deep:
        tally.problems.append("a tree is nested too deeply to follow; paths below it are not listed")
    return forest


def _read_trees(
    repository: Repository, ids: list[str], missing: AbstractSet[str], tally: Tally
) -> Iterator[GitObject | Unread]:
    answers = read_objects(repository, (name for name in ids if name not in missing))
    for name in ids:
        if name in missing:
            yield Unread(id=name, reason="missing")
            continue
        try:
            yield next(answers, Unread(id=name, reason="missing"))
        except HistoryError as error:
            tally.fail(error)
            yield Unread(id=name, reason="missing")
