"""Finds under which paths of which root trees wanted blobs stand, reading every tree object once."""

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from keyproof.leaks.git.objects import GitObject, Unread

ReadTrees = Callable[[Iterable[str]], Iterator[GitObject | Unread]]
"""Reads objects in the order asked, each answered once."""

_SUBTREE = b"40000"
_DEEPEST = 400
"""Levels of folders that are followed; git's own limit is 2048 (core.maxTreeDepth), no system's is higher."""
_NOWHERE = 0


@dataclass(frozen=True, slots=True)
class _Node:
    """A folder reduced to what leads to wanted blobs; equal folders are one node."""

    files: tuple[tuple[bytes, int], ...]
    folders: tuple[tuple[bytes, int], ...]
    """Name and number of the node."""


class Branches:
    """Folders reduced to what leads to wanted blobs, by number."""

    def __init__(self) -> None:
        self._nodes: list[_Node] = [_Node((), ())]
        self._known: dict[_Node, int] = {self._nodes[0]: _NOWHERE}
        self.unread: list[Unread] = []
        """Trees that could not be read."""
        self.too_deep = False
        """Whether folders below the deepest level that is followed were left out."""

    def node(self, root: str) -> int:
        """The number of the node of a root tree; 0 when no wanted blob is below it."""
        raise NotImplementedError

    def files(self, node: int) -> tuple[tuple[bytes, int], ...]:
        """Name and number of the wanted blobs in the folder itself."""
        return self._nodes[node].files

    def folders(self, node: int) -> tuple[tuple[bytes, int], ...]:
        """Name and node of the folders that lead to wanted blobs."""
        return self._nodes[node].folders

    def find(self, node: int, path: bytes) -> Iterator[int]:
        """The numbers of the wanted blobs at `path` below `node`; several only in a malformed tree."""
        for name, blob in self._nodes[node].files:
            if name == path:
                yield blob
        for name, child in self._nodes[node].folders:
            if path.startswith(name + b"/"):
                yield from self.find(child, path[len(name) + 1 :])

    def paths(self, node: int, folder: bytes = b"") -> Iterator[tuple[bytes, int]]:
        """Path and number of every wanted blob below `node`."""
        for name, blob in self._nodes[node].files:
            yield folder + name, blob
        for name, child in self._nodes[node].folders:
            yield from self.paths(child, folder + name + b"/")

    def below(self, nodes: Iterable[int]) -> set[int]:
        """The numbers of the wanted blobs anywhere below `nodes`."""
        reached: set[int] = set()
        waiting = list(nodes)
        while waiting:
            node = waiting.pop()
            if node not in reached:
                reached.add(node)
                waiting += [child for _, child in self._nodes[node].folders]
        return {blob for node in reached for _, blob in self._nodes[node].files}

    def _enter_node(
        self, files: tuple[tuple[bytes, int], ...], folders: tuple[tuple[bytes, int], ...]
    ) -> int:
        """The number of a folder that holds these, its subfolders by their numbers."""
        node = _Node(files, folders)
        if node not in self._known:
            self._known[node] = len(self._nodes)
            self._nodes.append(node)
        return self._known[node]


class Forest(Branches):
    """The trees below some roots, reduced to the branches that lead to wanted blobs.

    Memory goes with the number of distinct trees and their subfolders, not with the number of commits.
    """

    def __init__(self, read: ReadTrees, wanted: Mapping[bytes, int], *, id_length: int) -> None:
        """`wanted` gives the number of each blob by its raw id."""
        super().__init__()
        self._read = read
        self._wanted = dict(wanted)
        self._entry = re.compile(rb"([0-7]+) ([^\0]*)\0(.{%d})" % (id_length // 2), re.DOTALL)
        self._number: dict[bytes, int] = {}
        self._names: dict[bytes, int] = {}
        self._start = array("q", [0])
        self._children = array("q")
        self._child_names = array("q")
        self._files: dict[int, tuple[tuple[bytes, int], ...]] = {}
        self._node_of: list[int] = []

    def grow(self, roots: Iterable[str]) -> None:
        """Read the trees of `roots` and all below them. To be called once."""
        level: list[bytes] = []
        for root in roots:
            self._number_of(bytes.fromhex(root), level)
        for _ in range(_DEEPEST):
            level = self._read_level(level)
        self.too_deep = bool(level)
        self._start.extend([len(self._children)] * len(level))
        self._reduce()

    def node(self, root: str) -> int:
        """The number of the node of a root tree; 0 when no wanted blob is below it."""
        number = self._number.get(bytes.fromhex(root))
        return _NOWHERE if number is None else self._node_of[number]

    def _number_of(self, raw: bytes, found: list[bytes]) -> int:
        """The number of a tree; one not met before is added to `found`."""
        number = self._number.get(raw)
        if number is None:
            number = self._number[raw] = len(self._number)
            found.append(raw)
        return number

    def _read_level(self, level: list[bytes]) -> list[bytes]:
        """Read one level of trees in the order of their numbers; the trees they name that are new."""
        below: list[bytes] = []
        if level:
            for answer in self._read(raw.hex() for raw in level):
                if isinstance(answer, Unread):
                    self.unread.append(answer)
                else:
                    self._enter(answer, below)
                self._start.append(len(self._children))
        return below

    def _enter(self, tree: GitObject, below: list[bytes]) -> None:
        number = len(self._start) - 1
        files: list[tuple[bytes, int]] = []
        for name, raw in self._entries(tree):
            if raw in self._wanted:
                files.append((name, self._wanted[raw]))
            else:
                self._children.append(self._number_of(raw, below))
                self._child_names.append(self._names.setdefault(name, len(self._names)))
        if files:
            self._files[number] = tuple(files)

    def _entries(self, tree: GitObject) -> Iterator[tuple[bytes, bytes]]:
        """Name and id of the folders and the wanted blobs, also of those behind malformed entries."""
        entries = self._entry.findall(tree.content)
        if sum(map(len, chain.from_iterable(entries))) + 2 * len(entries) != len(tree.content):
            self.unread.append(Unread(id=tree.id, reason="unreadable"))
        for mode, name, raw in entries:
            folder = mode == _SUBTREE or (mode.startswith(b"0") and mode.lstrip(b"0") == _SUBTREE)
            if folder or raw in self._wanted:
                yield name, raw

    def _reduce(self) -> None:
        """Give every tree its node, subfolders before the folders that hold them."""
        names = list(self._names)
        self._node_of = [-1] * len(self._number)
        opened = bytearray(len(self._number))
        for root in range(len(self._number)):
            waiting = [root]
            while waiting:
                tree = waiting[-1]
                if self._node_of[tree] >= 0:
                    waiting.pop()
                elif not opened[tree]:
                    opened[tree] = 1
                    waiting += [child for child in self._children_of(tree) if not opened[child]]
                else:
                    waiting.pop()
                    self._node_of[tree] = self._node(tree, names)

    def _children_of(self, tree: int) -> "array[int]":
        return self._children[self._start[tree] : self._start[tree + 1]]

    def _node(self, tree: int, names: list[bytes]) -> int:
        places = range(self._start[tree], self._start[tree + 1])
        folders = tuple(
            (names[self._child_names[at]], self._node_of[self._children[at]])
            for at in places
            if self._node_of[self._children[at]] > _NOWHERE
        )
        files = self._files.get(tree, ())
        return self._enter_node(files, folders)
