"""Reads the history of a repository from its packs in place, several times faster than through git."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from keyproof.errors import HistoryError
from keyproof.leaks.git.commits import Commit, parse_commit
from keyproof.leaks.git.connectivity import Connectivity
from keyproof.leaks.git.coverage import Tally
from keyproof.leaks.git.delta_compiled import TreeReader
from keyproof.leaks.git.forest import PackedForest, read_trees
from keyproof.leaks.git.index import list_entries
from keyproof.leaks.git.objects import Listing
from keyproof.leaks.git.packs import COMMIT, Pack
from keyproof.leaks.git.reading import History, Reading, by_git, grow, read_commits
from keyproof.leaks.git.repository import Repository
from keyproof.leaks.git.stock import Stock, take_stock
from keyproof.leaks.git.trees import Branches
from keyproof.leaks.sighting import Found

_LARGEST = 64 << 20
"""Bytes; a larger commit is left to git."""


@contextmanager
def in_place(repository: Repository) -> Iterator[Reading]:
    """Read the packs of `repository` where that does, else through git. Raises GitFailedError."""
    stock = take_stock(repository)
    if stock is None:
        with by_git(repository) as reading:
            yield reading
    else:
        with closing(stock):
            yield _InPlace(stock, stock.listing())


@dataclass(slots=True)
class _InPlace:
    """Reads from a stock; what does not go that way is asked of git (see Reading)."""

    stock: Stock
    listing: Listing
    trees: TreeReader | None = field(default=None, init=False)

    def commits(self, tally: Tally) -> Iterator[Commit]:
        """See Reading."""
        left: list[str] = []
        for place, pack in enumerate(self.stock.packs):
            wanted = dict(self.stock.packed(place, COMMIT))
            for number, content in _contents(pack, COMMIT):
                if name := wanted.pop(number, b""):
                    yield parse_commit(name.hex(), content)
            left += [name.hex() for name in wanted.values()]
        left += [name.hex() for name, kind in self.stock.loose.items() if kind == COMMIT]
        yield from read_commits(self.stock.repository, left, tally)

    def prepare(self) -> Iterator[None]:
        """Read the trees."""
        steps = read_trees(self.stock)
        while self.trees is None:
            try:
                self.trees = next(steps)
            except ValueError:
                return
            yield

    def missing(self, history: History) -> set[str]:
        """See Reading."""
        repository = self.stock.repository
        try:
            entries = [entry.id for entry in list_entries(repository) if not entry.is_submodule]
        except HistoryError:
            entries = None
        if self.trees is None or entries is None or not self._entered(history):
            with Connectivity(repository) as connectivity:
                return connectivity.missing()
        lost = {name for name in entries if self._number(name) < 0}
        if self.trees.missing:
            lost |= self._lost_in_trees(self.trees, history)
        return lost

    def forest(self, history: History, found: Found, tally: Tally, missing: AbstractSet[str]) -> Branches:
        """See Reading."""
        if self.trees is None:
            return grow(self.stock.repository, found, history.roots(), tally, missing)
        wanted = {bytes.fromhex(name): number for number, name in enumerate(found)}
        forest = PackedForest(self.trees, self.stock.names, wanted)
        if forest.too_deep:
            tally.problems.append("a tree is nested too deeply to follow; paths below it are not listed")
        return forest

    def _number(self, name: str) -> int:
        return self.stock.names.number(bytes.fromhex(name))

    def _entered(self, history: History) -> bool:
        """Whether all that refs, reflogs, tags and commits name is there; else git is to tell what is missing."""
        refs = history.refs
        names = [name for _, name in refs.named] + [*refs.heads, *refs.logged]
        names += [tag.target for tag in history.tags.values()] + ([refs.head] if refs.head else [])
        names += history.graph.trees
        return all(self._number(name) >= 0 for name in names)

    def _lost_in_trees(self, trees: TreeReader, history: History) -> set[str]:
        """What trees name and nothing stores, as far as the history leads there."""
        lost = list(trees.missing)
        forest = PackedForest(trees, self.stock.names, {name: number for number, name in enumerate(lost)})
        roots = {history.graph.trees[commit] for commit in history.reach.history}
        nodes = {forest.node(root) for root in roots.union(history.trees_at.values())}
        return {lost[number].hex() for number in forest.below(nodes)}


def _contents(pack: Pack, kind: int) -> Iterator[tuple[int, bytes]]:
    """Number and content of the objects of a kind that can be read, each base before what is stored as its delta."""
    for number, root in enumerate(pack.roots(kind)):
        if number != root:
            continue
        try:
            waiting = [(pack.first[root], content := pack.record(root))]
        except ValueError:
            continue
        yield root, content
        while waiting:
            child, base = waiting.pop()
            if child < 0:
                continue
            waiting.append((pack.following[child], base))
            try:
                content, _ = pack.child(base, child, _LARGEST, -1)
            except ValueError:
                continue
            yield child, content
            waiting.append((pack.first[child], content))
