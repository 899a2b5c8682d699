"""Searches everything a repository holds: every stored object, the index and the work tree."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice

from keyproof.errors import HistoryError
from keyproof.leaks.blob import Match
from keyproof.leaks.git.attribution import Attribution, Reach
from keyproof.leaks.git.blobs import SearchBlobs, search_blobs
from keyproof.leaks.git.commits import Commit, CommitGraph, Tag, parse_commit, parse_tag
from keyproof.leaks.git.connectivity import Connectivity
from keyproof.leaks.git.coverage import Tally
from keyproof.leaks.git.index import Entry, list_entries
from keyproof.leaks.git.messages import Messages
from keyproof.leaks.git.objects import GitObject, Listing, Unread, list_objects, object_types, read_objects
from keyproof.leaks.git.paths import shown
from keyproof.leaks.git.refs import NOTES, Refs, read_refs
from keyproof.leaks.git.repository import Repository
from keyproof.leaks.git.trees import Forest
from keyproof.leaks.git.worktree import WorkTree
from keyproof.leaks.sighting import Found, Scan, Sighting, by_secret, sightings_of
from keyproof.ports import Progress

_MOST_PATHS = 100_000
"""Paths that are listed of a tree which a ref names directly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _History:
    graph: CommitGraph
    refs: Refs
    reach: Reach
    blobs_at: dict[str, str]
    """Ref → blob it comes to when tags are peeled."""
    trees_at: dict[str, str]
    """Ref → tree."""


def search_history(
    repository: Repository,
    scan: Scan,
    tally: Tally,
    progress: Progress,
    *,
    largest: int,
    search: SearchBlobs = search_blobs,
) -> list[Sighting]:
    """Every sighting in the repository; what could not be looked at is entered in `tally`.

    Raises HistoryError when nothing could be looked at.
    """
    messages = Messages(scan)
    with Connectivity(repository) as connectivity:
        listing = list_objects(repository)
        found = search(repository, listing, scan, largest, tally, progress)
        history = _read_history(repository, listing, messages, tally)
        missing = _account(repository, connectivity, listing, history, tally)
    forest = grow(repository, found, [*history.graph.trees, *history.trees_at.values()], tally, missing)
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
        *_files(beside, found, scan, largest),
        *at_refs,
        *_unnamed(found, loose),
    ]


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


def attribute(graph: CommitGraph, forest: Forest, found: Found, reach: Reach, tally: Tally) -> Attribution:
    """The attribution of `found`; that it is cut short is entered in `tally`."""
    attribution = Attribution(graph, forest, found, reach)
    if attribution.cut:
        tally.problems.append("a tree names the same files under too many paths; not every path is listed")
    return attribution


def _read_history(repository: Repository, listing: Listing, messages: Messages, tally: Tally) -> _History:
    refs = read_refs(repository, tally)
    commits = read_commits(repository, listing.commits, tally)
    graph = CommitGraph(messages.search(commits), shallow=refs.shallow)
    tags = read_tags(repository, listing.tags, messages, tally)
    held = {ref: _peel(name, tags) for ref, name in refs.named}
    commits_at = {ref: graph.number[name] for ref, name in held.items() if name in graph.number}
    others = {ref: name for ref, name in held.items() if ref not in commits_at}
    types = object_types(repository, set(others.values())) if others else {}
    tally.commits, tally.refs = len(graph), len(refs.named)
    return _History(
        graph=graph,
        refs=refs,
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


def _account(
    repository: Repository, connectivity: Connectivity, listing: Listing, history: _History, tally: Tally
) -> set[str]:
    """Enter what the history refers to and is not there; the ids of it."""
    tally.shallow_commits = len(history.refs.shallow)
    tally.promised = repository.promised
    missing = {parent for child, parent in history.graph.lost if child in history.reach.history}
    try:
        missing |= connectivity.missing()
    except HistoryError as error:
        tally.fail(error)
    for name in listing.unreadable:
        tally.skip("unreadable", "object", name)
    for name in sorted(missing - set(listing.unreadable)):
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


def _named_by_refs(history: _History, forest: Forest, found: Found, rest: set[str]) -> Iterator[Sighting]:
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
