"""Searches blobs along the deltas of their packs in several processes, and all others through git."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from keyproof.leaks.blob import Match
from keyproof.leaks.git.blobs import search_stored
from keyproof.leaks.git.coverage import Tally
from keyproof.leaks.git.objects import Ids, Listing
from keyproof.leaks.git.packs import BLOB, Pack, packs_in
from keyproof.leaks.git.repository import Repository
from keyproof.leaks.git.walk import Look, Searcher, walk_family
from keyproof.leaks.git.workers import MOST, can_fork, share_out
from keyproof.leaks.sighting import Scan
from keyproof.ports import Progress

_SHARE = 4
"""Of a pack the families are walked when at least one blob in so many is asked for."""
_FEW = 2000
"""Blobs for which one process is enough."""
_PIECES = 256


@dataclass(frozen=True, slots=True)
class _Result:
    """What a process says of one piece; a pipe between processes is the only way it goes."""

    piece: int
    blobs: int
    total: int
    """Bytes of the blobs."""
    found: dict[bytes, tuple[Match, ...]]
    """Raw id → matches, of blobs that have any."""
    closed: list[bytes]
    """Raw ids of blobs that hold others, which are left to whoever opens them."""
    read: frozenset[bytes] | None
    """Raw ids, when not all blobs of the piece could be read."""


@dataclass(slots=True)
class _Piece:
    """Some families that one process searches at a time."""

    families: list[tuple[int, int]] = field(default_factory=list)
    """Number of the pack and of the root."""
    blobs: int = 0
    """How many of the blobs are wanted."""


@dataclass(slots=True)
class _Work:
    """The families of all packs, in pieces of similar size."""

    packs: list[Pack]
    wanted: list[bytearray]
    """For each pack by number of object: 1 when it is to be searched there."""
    pieces: list[_Piece]
    searcher: Searcher
    largest: int

    def run(self, piece: int) -> _Result:
        """Search the families of one piece."""
        searched: list[tuple[int, int]] = []
        found: dict[bytes, tuple[Match, ...]] = {}
        closed: list[bytes] = []
        total = 0
        for place, root in self.pieces[piece].families:
            pack, wanted = self.packs[place], self.wanted[place]
            for number, size, matches in walk_family(pack, root, self.searcher, self.largest):
                if wanted[number] and matches is None:
                    closed.append(pack.id(number))
                elif wanted[number]:
                    total += size
                    searched.append((place, number))
                    if matches:
                        found[pack.id(number)] = matches
        complete = len(searched) + len(closed) == self.pieces[piece].blobs
        names = () if complete else (self.packs[place].id(number) for place, number in searched)
        read = None if complete else frozenset((*names, *closed))
        return _Result(piece, len(searched), total, found, closed, read)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackSearch:
    """A SearchBlobs that follows the deltas of packs; equal in result to `search_blobs`."""

    look: Look
    """Finds the same as the scan it is called with."""
    jobs: int = 1
    """Processes, where they can be forked."""

    def __call__(
        self,
        repository: Repository,
        listing: Listing,
        scan: Scan,
        largest: int,
        tally: Tally,
        progress: Progress,
        meanwhile: Iterable[None] = (),
    ) -> dict[str, tuple[Match, ...]]:
        """See SearchBlobs."""
        progress.begin(f"Searching {tally.repository}", len(listing.blobs))
        work, rest = _plan(repository, listing, Searcher(self.look), largest)
        try:
            matches = self._search(work, rest, tally, progress, meanwhile)
        finally:
            for pack in work.packs:
                if pack not in listing.packs:
                    pack.close()
        return matches | search_stored(repository, rest, scan, largest, tally, progress)

    def _search(
        self, work: _Work, rest: Ids, tally: Tally, progress: Progress, meanwhile: Iterable[None]
    ) -> dict[str, tuple[Match, ...]]:
        """Search the pieces; what could not be is added to `rest`."""
        matches: dict[str, tuple[Match, ...]] = {}
        undone = set(range(len(work.pieces)))
        for result in self._results(work, meanwhile):
            undone.discard(result.piece)
            tally.scanned += result.blobs
            tally.bytes += result.total
            progress.advance(result.blobs)
            matches |= {name.hex(): found for name, found in result.found.items()}
            rest.extend(result.closed)
            if result.read is not None:
                rest.extend(_left(work, result.piece, result.read))
        for piece in undone:
            rest.extend(_left(work, piece, frozenset()))
        return matches

    def _results(self, work: _Work, meanwhile: Iterable[None]) -> Iterator[_Result]:
        if self.jobs > 1 and sum(piece.blobs for piece in work.pieces) > _FEW and can_fork():
            yield from share_out(len(work.pieces), self.jobs, work.run, meanwhile)
        else:
            for _ in meanwhile:
                pass
            yield from map(work.run, range(len(work.pieces)))


def _plan(repository: Repository, listing: Listing, searcher: Searcher, largest: int) -> tuple[_Work, Ids]:
    """Find the families that hold what is listed, the heaviest first; and what lies in none."""
    work, rest = _Work([], [], [], searcher, largest), Ids(repository.id_length)
    if repository.quarantined:
        rest.extend(listing.blobs.raw())
        return work, rest
    packs = listing.packs or tuple(packs_in(repository.common_dir / "objects", repository.id_length // 2))
    unclaimed: Iterable[bytes] = listing.blobs.raw()
    weighed: list[tuple[int, int, int, int]] = []
    for pack in packs:
        wanted, others, blobs = _claim(pack, unclaimed)
        if blobs * _SHARE < pack.kinds.count(BLOB) or not blobs:
            if pack not in listing.packs:
                pack.close()
            unclaimed = [*others, *(pack.id(n) for n, one in enumerate(wanted) if one)]
            continue
        unclaimed = others
        weighed += [
            (weight, len(work.packs), root, count) for root, weight, count in pack.weigh(BLOB, wanted)
        ]
        work.packs.append(pack)
        work.wanted.append(wanted)
    rest.extend(unclaimed)
    work.pieces = _pieces(weighed)
    return work, rest


def _claim(pack: Pack, names: Iterable[bytes]) -> tuple[bytearray, list[bytes], int]:
    """Which blobs the pack has of `names`, by number; those it has not; how many it has."""
    wanted, others, blobs = bytearray(len(pack)), [], 0
    for name in names:
        number = pack.number(name)
        if number >= 0 and pack.kinds[number] == BLOB:
            wanted[number] = 1
            blobs += 1
        else:
            others.append(name)
    return wanted, others, blobs


def _pieces(weighed: list[tuple[int, int, int, int]]) -> list[_Piece]:
    """Heavy families one by one, then light ones together, in the order of storage."""
    least = sum(weight for weight, *_ in weighed) // _PIECES
    heavy = sorted((one for one in weighed if one[0] > least), reverse=True)
    pieces = [_Piece([(place, root)], blobs) for _, place, root, blobs in heavy]
    filled = least + 1
    for weight, place, root, blobs in weighed:
        if weight > least:
            continue
        if filled > least:
            pieces.append(_Piece())
            filled = 0
        pieces[-1].families.append((place, root))
        pieces[-1].blobs += blobs
        filled += weight
    assert len(pieces) <= MOST
    return pieces


def _left(work: _Work, piece: int, read: frozenset[bytes]) -> Iterator[bytes]:
    """The raw ids of the blobs of a piece that could not be read."""
    families = set(work.pieces[piece].families)
    for place, pack in enumerate(work.packs):
        for number, root in enumerate(pack.roots(BLOB)):
            if work.wanted[place][number] and (place, root) in families:
                name = pack.id(number)
                if name not in read:
                    yield name
