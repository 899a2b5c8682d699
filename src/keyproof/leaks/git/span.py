"""Searches a range of commits: what its end has and its start has not.

A secret is brought in by a commit of the range in which it stands at a path where no parent of the commit has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from keyproof.errors import HistoryError
from keyproof.leaks.git.attribution import Reach
from keyproof.leaks.git.blobs import SearchBlobs, search_blobs, search_quietly
from keyproof.leaks.git.commits import CommitGraph
from keyproof.leaks.git.coverage import Tally
from keyproof.leaks.git.history import attribute
from keyproof.leaks.git.messages import Messages
from keyproof.leaks.git.objects import list_objects
from keyproof.leaks.git.range import Range
from keyproof.leaks.git.reading import grow, read_commits, read_tags
from keyproof.leaks.git.refs import read_refs, shallow_commits
from keyproof.leaks.git.repository import Repository
from keyproof.leaks.sighting import Sighting
from keyproof.ports import Progress


def search_range(
    repository: Repository,
    span: Range,
    messages: Messages,
    tally: Tally,
    progress: Progress,
    *,
    largest: int,
    search: SearchBlobs = search_blobs,
) -> list[Sighting]:
    """The secrets that files, messages and tags of `span` bring in. Raises HistoryError.

    Attribution is that of the history, told of the commits of the range alone; a secret is removed when the
    range's end no longer has it.
    """
    scan = messages.scan
    if not span.end.strip("0"):
        tally.notes.append("the range ends at no commit: the ref is being deleted")
        return []
    end = _resolve(repository, span.end)
    commits = _list_commits(repository, end, _excluded(repository, span))
    tally.commits, tally.promised = len(commits), repository.promised
    tally.shallow_commits = len(shallow_commits(repository).intersection(commits))
    if not commits:
        tally.notes.append(f"the range {span} holds no commits")
    graph = _read_graph(repository, commits, messages, tally)
    tagged = _search_tags(repository, end, messages, tally)
    changes = _list_changes(repository, commits)
    missing = _list_missing(repository, end) if tally.promised else set()
    brought = dict.fromkeys(change.after for change in changes)
    listing = list_objects(repository, (name for name in brought if name not in missing))
    for name in [*listing.unreadable, *(name for name in brought if name in missing)]:
        tally.skip("missing", "blob", name)
    found = search(repository, listing, scan, largest, tally, progress)
    before = {name for change in changes if change.after in found for name in change.before}
    known = {**search_quietly(repository, before - found.keys() - missing, scan, largest), **found}
    reach = _reach(repository, graph, commits)
    attribution = attribute(graph, grow(repository, known, graph.trees, tally, missing), known, reach, tally)
    return [
        *attribution.sightings(),
        *messages.sightings(
            graph,
            history=reach.history,
            line=_in_head(repository, graph, end),
            refs={name: ref for ref, name in reversed(read_refs(repository, tally).named)} if tagged else {},
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Change:
    """A file that in one commit differs from every parent's."""

    after: str
    before: tuple[str, ...]


def _resolve(repository: Repository, revision: str) -> str:
    found = repository.resolve(revision)
    if found is None or repository.resolve(f"{found}^{{commit}}") is None:
        raise HistoryError(
            f"{revision!r} names no commit of {repository.path}",
            hint="fetch it first; a shallow clone lacks older commits: `git fetch --unshallow`",
        )
    return found


def _excluded(repository: Repository, span: Range) -> list[str]:
    if span.known_to:
        start = repository.resolve(f"{span.start}^{{commit}}") if span.start.strip("0") else None
        return ["--not", f"--remotes={span.known_to}", *([start] if start else [])]
    if span.start.strip("0"):
        return ["--not", _resolve(repository, span.start)]
    return ["--not", "--all"] if repository.quarantined else []


def _list_commits(repository: Repository, end: str, excluded: Sequence[str]) -> list[str]:
    return repository.run("rev-list", end, *excluded).decode("ascii").split()


def _list_missing(repository: Repository, end: str) -> set[str]:
    """What a partial clone lacks of the history of `end`."""
    options = ("--objects", "--no-object-names", "--missing=print")
    names = repository.run("rev-list", *options, end).decode("ascii").split()
    return {name[1:] for name in names if name.startswith("?")}


def _list_changes(repository: Repository, commits: Sequence[str]) -> list[_Change]:
    """What each commit changes against all its parents; see git-diff-tree(1), raw format for merges."""
    options = (
        "--stdin",
        "--root",
        "-r",
        "-c",
        "--raw",
        "-z",
        "--no-renames",
        "--no-abbrev",
        "--no-commit-id",
    )
    fields = repository.run("diff-tree", *options, feed=[f"{name}\n".encode() for name in commits]).split(
        b"\0"
    )
    changes = []
    for facts in fields[:-1:2]:
        parents = len(facts) - len(facts.lstrip(b":"))
        *words, _ = facts.decode("ascii").lstrip(":").split(" ")
        modes, ids = words[: parents + 1], words[parents + 1 :]
        files = [name if mode[:2] in {"10", "12"} else "" for mode, name in zip(modes, ids, strict=True)]
        if files[-1]:
            changes.append(_Change(after=files[-1], before=tuple(name for name in files[:-1] if name)))
    return changes


def _read_graph(
    repository: Repository, commits: Sequence[str], messages: Messages, tally: Tally
) -> CommitGraph:
    """The commits of the range first, then what their trees are compared with: their parents, and HEAD."""
    inside = list(messages.search(read_commits(repository, commits, tally)))
    head = repository.resolve("HEAD")
    around = {parent for commit in inside for parent in commit.parents} | ({head} if head else set())
    cut = shallow_commits(repository)
    beyond = {parent for commit in inside if commit.id in cut for parent in commit.parents}
    outside = sorted(around - beyond - {commit.id for commit in inside} - {""})
    return CommitGraph([*inside, *read_commits(repository, outside, tally)])


def _search_tags(repository: Repository, end: str, messages: Messages, tally: Tally) -> bool:
    """Search the annotated tags on the way from the range's end to its commit; whether there are any."""
    name, seen = end, set[str]()
    while name not in seen:
        seen.add(name)
        listing = list_objects(repository, [name])
        name = next(
            (tag.target for tag in read_tags(repository, listing.tags, messages, tally).values()), name
        )
    return len(seen) > 1


def _reach(repository: Repository, graph: CommitGraph, commits: Sequence[str]) -> Reach:
    inside = frozenset(graph.number[name] for name in commits if name in graph.number)
    head = graph.number.get(repository.resolve("HEAD") or "")
    return Reach(counted=inside, history=inside, line=inside, head=head)


def _in_head(repository: Repository, graph: CommitGraph, end: str) -> frozenset[int]:
    """The commits of the range that are HEAD or its ancestors."""
    head = repository.resolve("HEAD")
    if head is None:
        return frozenset()
    beyond = set(_list_commits(repository, end, ["--not", head]))
    return frozenset(number for name, number in graph.number.items() if name not in beyond)
