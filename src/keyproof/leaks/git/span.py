"""Searches a range of commits: what its end has and its start has not."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from keyproof.errors import ConfigError, HistoryError, Problem
from keyproof.leaks.git.attribution import Reach
from keyproof.leaks.git.blobs import SearchBlobs, search_blobs
from keyproof.leaks.git.commits import CommitGraph
from keyproof.leaks.git.coverage import Tally
from keyproof.leaks.git.history import attribute, grow, read_commits, read_tags
from keyproof.leaks.git.messages import Messages
from keyproof.leaks.git.objects import list_objects
from keyproof.leaks.git.refs import shallow_commits
from keyproof.leaks.git.repository import Repository
from keyproof.leaks.sighting import Scan, Sighting
from keyproof.ports import Progress


@dataclass(frozen=True, slots=True)
class Range:
    """`start..end` as git writes it; a side left out is HEAD.

    A start of zeros, as hooks and CI systems give for a new branch, is the beginning of the history; in a
    pre-receive hook it is everything the repository already has.
    """

    start: str
    end: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `A..B`. Raises ConfigError."""
        start, dots, end = text.partition("..")
        sides = (start or "HEAD", end or "HEAD")
        wrong = end.startswith(".") or any(side.startswith("-") or "\0" in side for side in sides)
        if not dots or wrong:
            message = f"{text!r} is not a range of commits"
            raise ConfigError.of(
                [Problem(path="--range", message=message, hint="write it as A..B, for example main..HEAD")]
            )
        return cls(*sides)

    def __str__(self) -> str:
        return f"{self.start}..{self.end}"


def search_range(
    repository: Repository,
    span: Range,
    scan: Scan,
    tally: Tally,
    progress: Progress,
    *,
    largest: int,
    search: SearchBlobs = search_blobs,
) -> list[Sighting]:
    """The secrets in blobs, messages and tags that `span` brings in. Raises HistoryError.

    Attribution is that of the history, told of the commits of the range alone; a secret is removed when the
    range's end no longer has it.
    """
    if not span.end.strip("0"):
        tally.notes.append("the range ends at no commit: the ref is being deleted")
        return []
    end = _resolve(repository, span.end)
    ids = _objects(repository, [end], _excluded(repository, span), tally)
    listing = list_objects(repository, ids)
    for name in listing.unreadable:
        tally.skip("unreadable", "object", name)
    found = search(repository, listing, scan, largest, tally, progress)
    messages = Messages(scan)
    inside = list(messages.search(read_commits(repository, listing.commits, tally)))
    read_tags(repository, listing.tags, messages, tally)
    names = {commit.id for commit in inside}
    head = repository.resolve("HEAD")
    around = {parent for commit in inside for parent in commit.parents} | ({head} if head else set())
    outside = list(read_commits(repository, sorted(around - names - {""}), tally))
    graph = CommitGraph([*inside, *outside])
    tally.commits = len(inside)
    tally.shallow_commits = len(names & shallow_commits(repository))
    if not inside:
        tally.notes.append(f"the range {span} holds no commits")
    reach = _reach(graph, len(inside), head, _resolve(repository, f"{end}^{{commit}}"))
    forest = grow(repository, found, graph.trees, tally)
    attribution = attribute(graph, forest, found, reach, tally)
    line = reach.line if reach.head is None else reach.line | {reach.head}
    return [
        *attribution.sightings(),
        *messages.sightings(graph, history=reach.history, line=line, refs={}),
    ]


def _resolve(repository: Repository, revision: str) -> str:
    found = repository.resolve(revision)
    if found is None or repository.resolve(f"{found}^{{commit}}") is None:
        raise HistoryError(
            f"{revision!r} names no commit of {repository.path}",
            hint="fetch it first; a shallow clone lacks older commits: `git fetch --unshallow`",
        )
    return found


def _excluded(repository: Repository, span: Range) -> list[str]:
    if span.start.strip("0"):
        return ["--not", _resolve(repository, span.start)]
    return ["--not", "--all"] if repository.quarantined else []


def _objects(repository: Repository, wanted: Iterable[str], excluded: list[str], tally: Tally) -> list[str]:
    output = repository.run(
        "rev-list", "--objects", "--no-object-names", "--missing=print", *wanted, *excluded
    )
    ids = output.decode("ascii", "replace").split()
    tally.promised = any((repository.common_dir / "objects" / "pack").glob("*.promisor"))
    for name in ids:
        if name.startswith("?"):
            tally.skip("missing", "object", name.removeprefix("?"))
    return [name for name in ids if not name.startswith("?")]


def _reach(graph: CommitGraph, size: int, head: str | None, end: str) -> Reach:
    inside = frozenset(range(size))
    tip = graph.number.get(end)
    return Reach(
        counted=inside,
        history=inside,
        line=inside,
        head=graph.number.get(head or ""),
        tips=frozenset() if tip is None else frozenset([tip]),
    )
