"""Searches everything a repository holds: every stored object, the index and the work tree."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

from keyproof.errors import HistoryError
from keyproof.leaks.blob import Match
from keyproof.leaks.git.attribution import Attribution, Reach
from keyproof.leaks.git.blobs import SearchBlobs, search_blobs
from keyproof.leaks.git.commits import Commit, CommitGraph, Tag
from keyproof.leaks.git.coverage import Tally
from keyproof.leaks.git.index import Entry, list_entries
from keyproof.leaks.git.messages import Messages
from keyproof.leaks.git.objects import object_types
from keyproof.leaks.git.paths import shown
from keyproof.leaks.git.reading import History, OpenReading, Reading, by_git, read_tags
from keyproof.leaks.git.refs import NOTES, Refs, read_refs
from keyproof.leaks.git.repository import Repository
from keyproof.leaks.git.trees import Branches
from keyproof.leaks.git.worktree import WorkTree
from keyproof.leaks.sighting import Found, Scan, Sighting, by_secret, sightings_of
from keyproof.ports import Progress

_MOST_PATHS = 100_000
"""Paths that are listed of a tree which a ref names directly."""
_STEP = 256
"""Commits between two pauses."""


def search_history(
    repository: Repository,
    messages: Messages,
    tally: Tally,
    progress: Progress,
    *,
    largest: int,
    search: SearchBlobs = search_blobs,
    opened: OpenReading = by_git,
) -> list[Sighting]:
    """Every sighting in the repository; what could not be looked at is entered in `tally`.

    Raises HistoryError when nothing could be looked at.
    """
    with opened(repository) as reading, _without_looking_for_cycles():
        work = _Reading(repository, reading, messages, tally)
        found = search(repository, reading.listing, messages.scan, largest, tally, progress, work.steps())
        history = work.history
        missing = _account(repository, reading, history, tally)
        forest = reading.forest(history, found, tally, missing)
    attribution = attribute(history.graph, forest, found, history.reach, tally)
    beside = WorkTree(
        repository=repository, entries=_entries(repository, tally), in_head=attribution.stands, tally=tally
    )
    placed = attribution.placed
    loose = {name for number, name in enumerate(found) if number not in placed}
    at_refs = list(_named_by_refs(history, forest, found, loose))
    loose -= {entry.id for entry in beside.entries} | {str(one.occurrence.blob) for one in at_refs}
    return [
        *attribution.sightings(),
        *messages.sightings(
            history.graph,
            history=history.reach.history,
            line=history.reach.line,
            refs={name: ref for ref, name in reversed(history.refs.named)},
        ),
        *beside.staged(found),
        *_files(beside, found, messages.scan, largest),
        *at_refs,
        *_unnamed(found, loose),
    ]


@contextmanager
def _without_looking_for_cycles() -> Iterator[None]:
    """What is read stays, and holds none: looking through hundreds of thousands of commits again and again costs a tenth."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def attribute(graph: CommitGraph, forest: Branches, found: Found, reach: Reach, tally: Tally) -> Attribution:
    """The attribution of `found`; that it is cut short is entered in `tally`."""
    attribution = Attribution(graph, forest, found, reach)
    if attribution.cut:
        tally.problems.append("a tree names the same files under too many paths; not every path is listed")
    return attribution


class _Reading:
    """The history read in steps, while other processes search."""

    history: History

    def __init__(self, repository: Repository, reading: Reading, messages: Messages, tally: Tally) -> None:
        self._repository = repository
        self._reading = reading
        self._messages = messages
        self._tally = tally

    def steps(self) -> Iterator[None]:
        """Read everything, with a pause now and then."""
        refs = read_refs(self._repository, self._tally)
        commits: list[Commit] = []
        for commit in self._messages.search(self._reading.commits(self._tally)):
            commits.append(commit)
            if len(commits) % _STEP == 0:
                yield
        graph = CommitGraph(commits, shallow=refs.shallow)
        del commits
        tags = read_tags(self._repository, self._reading.listing.tags, self._messages, self._tally)
        self.history = _history(self._repository, graph, refs, tags)
        self._tally.commits, self._tally.refs = len(graph), len(refs.named)
        yield from self._reading.prepare()


def _history(repository: Repository, graph: CommitGraph, refs: Refs, tags: dict[str, Tag]) -> History:
    held = {ref: _peel(name, tags) for ref, name in refs.named}
    commits_at = {ref: graph.number[name] for ref, name in held.items() if name in graph.number}
    others = {ref: name for ref, name in held.items() if ref not in commits_at}
    types = object_types(repository, set(others.values())) if others else {}
    return History(
        graph=graph,
        refs=refs,
        tags=tags,
        reach=_reach(graph, refs, commits_at),
        blobs_at={ref: name for ref, name in others.items() if types.get(name) == "blob"},
        trees_at={ref: name for ref, name in others.items() if types.get(name) == "tree"},
    )


def _peel(name: str, tags: dict[str, Tag]) -> str:
    for _ in range(len(tags)):
        if name not in tags:
            break
        name = tags[name].target
    return name


def _reach(graph: CommitGraph, refs: Refs, commits_at: dict[str, int]) -> Reach:
    def numbers(names: Iterable[str]) -> list[int]:
        return [graph.number[name] for name in names if name in graph.number]

    heads = numbers([*refs.heads, *([refs.head] if refs.head else [])])
    plain = graph.ancestors([*heads, *(at for ref, at in commits_at.items() if not ref.startswith(NOTES))])
    notes = graph.ancestors(at for ref, at in commits_at.items() if ref.startswith(NOTES)) - plain
    head = graph.number.get(refs.head or "")
    return Reach(
        counted=frozenset(range(len(graph))),
        history=plain | notes | graph.ancestors(numbers(refs.logged)),
        notes=notes,
        note_ref=next((ref for ref in commits_at if ref.startswith(NOTES)), ""),
        line=graph.ancestors([] if head is None else [head]),
        head=head,
        tips=frozenset([*heads, *commits_at.values()]),
    )


def _account(repository: Repository, reading: Reading, history: History, tally: Tally) -> set[str]:
    """Enter what the history refers to and is not there; the ids of it."""
    tally.shallow_commits = len(history.refs.shallow)
    tally.promised = repository.promised
    missing = {parent for child, parent in history.graph.lost if child in history.reach.history}
    try:
        missing |= reading.missing(history)
    except HistoryError as error:
        tally.fail(error)
    for name in reading.listing.unreadable:
        tally.skip("unreadable", "object", name)
    for name in sorted(missing - set(reading.listing.unreadable)):
        tally.skip("missing", "object", name)
    return missing


def _entries(repository: Repository, tally: Tally) -> list[Entry]:
    try:
        return list_entries(repository)
    except HistoryError as error:
        tally.fail(error)
        return []


def _files(beside: WorkTree, found: Found, scan: Scan, largest: int) -> Iterator[Sighting]:
    try:
        yield from beside.files(found, scan, largest)
    except HistoryError as error:
        beside.tally.fail(error)


def _named_by_refs(history: History, forest: Branches, found: Found, rest: set[str]) -> Iterator[Sighting]:
    """Blobs in no commit to which a ref leads, directly or through a tree."""
    for ref, blob in history.blobs_at.items():
        if blob in rest:
            yield from _at_ref(found[blob], ref, ref, blob)
    names = list(found)
    for ref, tree in history.trees_at.items():
        for path, number in islice(forest.paths(forest.node(tree)), _MOST_PATHS):
            if names[number] in rest:
                yield from _at_ref(found[names[number]], ref, f"{ref}:{shown(path)}", names[number])


def _at_ref(matches: tuple[Match, ...], ref: str, path: str, blob: str) -> Iterator[Sighting]:
    where = "tag" if ref.startswith("refs/tags/") else "history"
    for same in by_secret(matches):
        yield from sightings_of(same, path, where=where, blob=blob, named=path != ref)


def _unnamed(found: Found, rest: set[str]) -> Iterator[Sighting]:
    """For each secret in blobs that no name leads to, the first of them; its id stands for a path."""
    known: set[tuple[str, bytes]] = set()
    for blob in sorted(rest):
        for same in by_secret(found[blob]):
            secret = (same[0].detector, same[0].secret)
            if secret not in known:
                known.add(secret)
                yield from sightings_of(same, blob, where="unreachable", blob=blob, named=False)
