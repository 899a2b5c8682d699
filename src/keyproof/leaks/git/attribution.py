"""Who brought a secret into which path, when, and when it left: exact, from the trees of the commits.

A secret *stands* in a commit at a path when the blob the commit's tree has there holds it, whatever version
of the file that is. Then, for each secret and path:

- **introduced** by every commit in which it stands and in none of whose parents it stands there; merges are
  commits like any other, so a merge that brings in what no parent has is an introduction. The occurrence tells
  of the introduction with the earliest author date (then the smallest id): its blob gives line and column, and
  a secret on two lines of that blob is two occurrences. Later versions that keep the secret add none; a commit
  that brings it back after a removal is one more entry in `commits`.
- **in HEAD** when it stands in the commit HEAD is at.
- **removed** on the earliest author date of the commits in which it does not stand while it stands in a parent,
  and after which no commit of HEAD's history has it again. While it is in HEAD it is not removed. When HEAD's
  history never had it: not removed while it stands at the tip of any ref, else the same over all refs.
- Commits reachable from refs (the stash is one), HEADs of all worktrees and reflogs are `history`, or `note` when
  only notes refs reach them. Commits that nothing reaches count only for what no other commit introduces:
  `unreachable`.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from keyproof.domain.leak import Occurrence
from keyproof.leaks.blob import Match
from keyproof.leaks.git.commits import CommitGraph, moment
from keyproof.leaks.git.paths import shown
from keyproof.leaks.git.trees import Branches
from keyproof.leaks.sighting import Found, Sighting, distinct

_MOST_MEMORY = 128 << 20
"""Bytes for remembering what stands where; only a tree made to explode takes more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Which commits of a graph count, and as what, all by number."""

    counted: AbstractSet[int]
    """The commits whose introductions are told of."""
    history: AbstractSet[int]
    """Those that are reachable."""
    notes: AbstractSet[int] = frozenset()
    """Those that only notes refs reach, with `note_ref` to name one."""
    note_ref: str = ""
    line: AbstractSet[int]
    """HEAD and its ancestors; for a range its end and ancestors."""
    head: int | None
    tips: AbstractSet[int] = frozenset()
    """Commits at the tips of refs; of no account for a range, all of which is its line."""


@dataclass(slots=True)
class _Group:
    """One secret at one path."""

    secret: int
    path: bytes
    blobs: set[int] = field(default_factory=set)
    commits: list[int] = field(default_factory=list)
    removed: int | None = None
    """Seconds since 1970."""


class Attribution:
    """The history of every secret at every path."""

    def __init__(self, graph: CommitGraph, forest: Branches, found: Found, reach: Reach) -> None:
        """`forest` was grown from the trees of `graph` for the blobs of `found`, numbered in its order."""
        self._graph = graph
        self._forest = forest
        self._blobs = list(found)
        self._reach = reach
        self._matches = list(found.values())
        self._secrets: dict[tuple[str, bytes], int] = {}
        self._secrets_of = [
            {self._secrets.setdefault((m.detector, m.secret), len(self._secrets)) for m in matches}
            for matches in self._matches
        ]
        self._groups: list[_Group] = []
        self._group_of: dict[tuple[int, bytes], int] = {}
        self._masks: dict[tuple[int, bytes], int] = {}
        self._memory = 0
        self.cut = False
        """Whether there were too many paths to list all of them."""
        self._standing = [self._mask(forest.node(tree), b"") for tree in graph.trees]
        self._order = graph.children_first()
        self._introduce()
        self._remove()

    @property
    def placed(self) -> frozenset[int]:
        """Numbers of the blobs that stand in some commit."""
        return frozenset(blob for group in self._groups for blob in group.blobs)

    def sightings(self) -> Iterator[Sighting]:
        """One for each secret, path and line of its first introduction."""
        for number, group in enumerate(self._groups):
            commits = [one for one in group.commits if one in self._reach.history] or group.commits
            if commits:
                yield from self._sightings(number, group, sorted(commits, key=self._age))

    def stands(self, detector: str, secret: bytes, path: bytes) -> bool:
        """Whether the secret is in HEAD at `path`."""
        head = self._reach.head
        group = self._group_of.get((self._secrets.get((detector, secret), -1), path))
        return head is not None and group is not None and bool(self._standing[head] >> group & 1)

    def _mask(self, node: int, folder: bytes) -> int:
        """A bit for every secret and path below `node`."""
        if not node:
            return 0
        key = (node, folder)
        if key in self._masks:
            return self._masks[key]
        if self._memory > _MOST_MEMORY:
            self.cut = True
            return 0
        mask = 0
        for name, blob in self._forest.files(node):
            for secret in self._secrets_of[blob]:
                group = self._group(secret, folder + name)
                self._groups[group].blobs.add(blob)
                mask |= 1 << group
        for name, child in self._forest.folders(node):
            mask |= self._mask(child, folder + name + b"/")
        self._masks[key] = mask
        self._memory += 200 + len(folder) + mask.bit_length() // 8
        return mask

    def _group(self, secret: int, path: bytes) -> int:
        key = (secret, path)
        if key not in self._group_of:
            self._group_of[key] = len(self._groups)
            self._groups.append(_Group(secret, path))
        return self._group_of[key]

    def _introduce(self) -> None:
        for commit in self._reach.counted:
            for group in _bits(self._standing[commit] & ~self._in_parents(commit)):
                self._groups[group].commits.append(commit)

    def _remove(self) -> None:
        """Fill in the removals: first those on HEAD's line, then those of what that line never had."""
        on_line = self._final_removals(self._reach.line)
        at_tips = 0
        for tip in self._reach.tips:
            at_tips |= self._standing[tip]
        self._final_removals(self._reach.history, skip=on_line | at_tips)

    def _final_removals(self, line: AbstractSet[int], *, skip: int = 0) -> int:
        """Note the earliest removal on `line` after which the secret never returns; all that stood on it."""
        later: dict[int, int] = {}
        stood = 0
        for commit in self._order:
            if commit not in line:
                continue
            standing = self._standing[commit]
            after = later.pop(commit, 0)
            for group in _bits(self._in_parents(commit) & ~standing & ~after & ~skip):
                self._note_removal(self._groups[group], self._graph.seconds[commit])
            for parent in self._graph.parents[commit]:
                later[parent] = later.get(parent, 0) | after | standing
            stood |= standing | self._in_parents(commit)
        return stood

    def _note_removal(self, group: _Group, seconds: int | None) -> None:
        if seconds is not None and (group.removed is None or seconds < group.removed):
            group.removed = seconds

    def _in_parents(self, commit: int) -> int:
        mask = 0
        for parent in self._graph.parents[commit]:
            mask |= self._standing[parent]
        return mask

    def _age(self, commit: int) -> tuple[bool, int, str]:
        seconds = self._graph.seconds[commit]
        return seconds is None, seconds or 0, self._graph.ids[commit]

    def _sightings(self, number: int, group: _Group, commits: list[int]) -> Iterator[Sighting]:
        first, head = commits[0], self._reach.head
        versions = distinct([match for blob in sorted(group.blobs) for match in self._in(blob, group.secret)])
        decisive, in_head = versions, False
        if head is not None and self._standing[head] >> number & 1:
            decisive, in_head = distinct([match for _, match in self._at(head, group)]), True
        author, email = self._graph.authors[first]
        lines = {(match.inner, match.line): (blob, match) for blob, match in reversed(self._at(first, group))}
        for blob, match in lines.values():
            occurrence = Occurrence(
                path=self._path(group.path, commits) + match.inner,
                line=match.line,
                column=match.column,
                end_line=match.end_line,
                blob=self._blobs[blob],
                commit=self._graph.ids[first],
                commits=tuple(self._graph.ids[commit] for commit in commits),
                author=author,
                author_email=email,
                introduced_at=moment(self._graph.seconds[first]),
                removed_at=None if in_head else moment(group.removed),
                in_head=in_head,
                where=self._where(commits),
                decoded=match.chain,
            )
            yield Sighting(match=match, occurrence=occurrence, versions=versions, decisive=decisive)

    def _where(self, commits: list[int]) -> str:
        if commits[0] not in self._reach.history:
            return "unreachable"
        return "note" if all(commit in self._reach.notes for commit in commits) else "history"

    def _path(self, path: bytes, commits: list[int]) -> str:
        ref = f"{self._reach.note_ref}:" if self._where(commits) == "note" else ""
        return ref + shown(path)

    def _at(self, commit: int, group: _Group) -> list[tuple[int, Match]]:
        """The matches of the group in a commit it stands in, each with its blob."""
        node = self._forest.node(self._graph.trees[commit])
        blobs = self._forest.find(node, group.path)
        return [(blob, match) for blob in blobs for match in self._in(blob, group.secret)]

    def _in(self, blob: int, secret: int) -> list[Match]:
        return [m for m in self._matches[blob] if self._secrets[m.detector, m.secret] == secret]


def _bits(mask: int) -> Iterable[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
