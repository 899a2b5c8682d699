"""Finds under which paths of which root trees wanted blobs stand, from what each tree changes of another."""

from array import array
from collections.abc import Iterator, Mapping

from keyproof.leaks.git.delta_compiled import Names, Tree, TreeReader
from keyproof.leaks.git.packs import TREE, Pack
from keyproof.leaks.git.stock import Stock
from keyproof.leaks.git.trees import Branches

_HELD = 4096
"""Trees of one chain of deltas that are held."""


def read_trees(stock: Stock) -> Iterator[TreeReader | None]:
    """Read every tree of the stock: None now and then while it works, at the end the reader.

    Raises ValueError when one is malformed or cannot be read: git is to be asked then.
    """
    reader = TreeReader(stock.names, stock.kinds)
    for place, pack in enumerate(stock.packs):
        for number, root in enumerate(pack.roots(TREE)):
            if number == root:
                _read_family(reader, pack, root, stock.names.first[place])
                yield None
    loose = 0
    for tree in stock.read_loose(TREE):
        reader.whole(stock.names.number(bytes.fromhex(tree.id)), tree.content)
        loose += 1
    if loose != sum(kind == TREE for kind in stock.loose.values()):
        raise ValueError("a loose tree that cannot be read")
    yield reader


def _read_family(reader: TreeReader, pack: Pack, root: int, first: int) -> None:
    stack: list[tuple[Tree, int]] = [(reader.whole(first + root, pack.record(root)), pack.first[root])]
    while stack:
        base, number = stack.pop()
        if number < 0:
            continue
        if len(stack) > _HELD:
            raise ValueError("a chain of deltas beyond all measure")
        if pack.following[number] >= 0:
            stack.append((base, pack.following[number]))
        tree = reader.child(base, first + number, pack.record(number))
        if pack.first[number] >= 0:
            stack.append((tree, pack.first[number]))


class PackedForest(Branches):
    """The trees of a stock, reduced to the branches that lead to wanted blobs."""

    def __init__(self, trees: TreeReader, names: Names, wanted: Mapping[bytes, int]) -> None:
        """`wanted` gives the number of each blob by its raw id."""
        super().__init__()
        self._names = names
        levels = array("H", bytes(2 * names.total))
        self._blobs: dict[int, int] = {}
        for name, blob in wanted.items():
            number = names.number(name)
            if number >= 0:
                levels[number] = 1
                self._blobs[number] = blob
        self.too_deep = trees.leading(levels)
        self._list_of, self._lists = trees.entries(levels)
        self._node_of = [-1] * len(self._lists)
        self._reduce(trees.names)

    def node(self, root: str) -> int:
        """See Branches."""
        place = self._list_of.get(self._names.number(bytes.fromhex(root)), -1)
        return self._node_of[place] if place >= 0 else 0

    def _reduce(self, words: list[bytes]) -> None:
        """Give every list its node, those of subfolders before those of the folders that hold them."""
        opened = bytearray(len(self._lists))
        for start in range(len(self._lists)):
            waiting = [start]
            while waiting:
                place = waiting[-1]
                if self._node_of[place] >= 0:
                    waiting.pop()
                elif not opened[place]:
                    opened[place] = 1
                    waiting += [below for below in self._below(place) if self._node_of[below] < 0]
                else:
                    waiting.pop()
                    self._node_of[place] = self._node(place, words)

    def _below(self, place: int) -> Iterator[int]:
        return (self._list_of[child] for _, child in self._lists[place] if child in self._list_of)

    def _node(self, place: int, words: list[bytes]) -> int:
        entries = self._lists[place]
        return self._enter_node(
            tuple((words[name], self._blobs[child]) for name, child in entries if child in self._blobs),
            tuple(
                (words[name], self._node_of[self._list_of[child]])
                for name, child in entries
                if child in self._list_of
            ),
        )
