"""Searches blobs along the deltas of their packs in several processes, and all others through git."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from keyproof.leaks.blob import Match
from keyproof.leaks.git.blobs import search_stored
from keyproof.leaks.git.coverage import Tally
from keyproof.leaks.git.objects import GitObject, Ids, Listing, read_objects
from keyproof.leaks.git.packs import Pack, packs_in
from keyproof.leaks.git.repository import Repository
from keyproof.leaks.git.walk import Anchors, Searcher, walk_family
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
    """What a process says of some families: ids only, never what was found."""

    searched: bytes
    """Raw ids, one after the other."""
    total: int
    """Bytes of the blobs."""
    found: bytes
    """Raw ids of blobs with matches."""


@dataclass(slots=True)
class _Work:
    """The families of all packs, in pieces of similar size."""

    packs: list[Pack]
    pieces: list[list[tuple[int, int]]]
    """Number of the pack and of the root."""
    owner: dict[bytes, int]
    """Wanted id → number of the pack it is searched in."""
    searcher: Searcher
    largest: int
    kept: dict[str, tuple[Match, ...]] = field(default_factory=dict)
    """Matches by blob, in the process that ran the piece."""

    def run(self, piece: int) -> _Result:
        """Search the families of one piece."""
        searched = bytearray()
        found = bytearray()
        total = 0
        for place, root in self.pieces[piece]:
            pack = self.packs[place]

            def wanted(number: int, pack: Pack = pack, place: int = place) -> bool:
                return self.owner.get(pack.id(number)) == place

            for visit in walk_family(pack, root, self.searcher, wanted, self.largest):
                name = pack.id(visit.number)
                searched += name
                total += visit.size
                if visit.matches:
                    found += name
                    self.kept[name.hex()] = visit.matches
        return _Result(bytes(searched), total, bytes(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class PackSearch:
    """A SearchBlobs that follows the deltas of packs; equal in result to `search_blobs`."""

    anchors: Anchors
    """See walk.Anchors; detectors over several lines without one must not be searched this way."""
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
    ) -> dict[str, tuple[Match, ...]]:
        """See SearchBlobs."""
        progress.begin(f"Searching {tally.repository}", len(listing.blobs))
        work = _plan(repository, listing, Searcher(scan, self.anchors), largest)
        try:
            done, found = self._walk(work, repository.id_length // 2, tally, progress)
        finally:
            for pack in work.packs:
                pack.close()
        matches: dict[str, tuple[Match, ...]] = {}
        for answer in read_objects(repository, (name for name in found if name not in work.kept)):
            if isinstance(answer, GitObject):
                matches[answer.id] = scan(answer.content)
            else:
                tally.skip(answer.reason, "blob", answer.id)
        matches |= work.kept
        rest = Listing(
            blobs=Ids(repository.id_length), sizes=array("Q"), commits=listing.commits, tags=listing.tags
        )
        for name, size in zip(listing.blobs, listing.sizes, strict=True):
            if bytes.fromhex(name) not in done:
                rest.blobs.append(name)
                rest.sizes.append(size)
        matches |= search_stored(repository, rest, scan, largest, tally, progress)
        return matches

    def _walk(
        self, work: _Work, width: int, tally: Tally, progress: Progress
    ) -> tuple[set[bytes], list[str]]:
        done: set[bytes] = set()
        found: list[str] = []
        for result in self._results(work):
            searched = [result.searched[at : at + width] for at in range(0, len(result.searched), width)]
            done.update(searched)
            found += [result.found[at : at + width].hex() for at in range(0, len(result.found), width)]
            tally.scanned += len(searched)
            tally.bytes += result.total
            progress.advance(len(searched))
        return done, found

    def _results(self, work: _Work) -> Iterator[_Result]:
        if self.jobs > 1 and len(work.owner) > _FEW and can_fork():
            return share_out(len(work.pieces), self.jobs, work.run)
        return map(work.run, range(len(work.pieces)))


def _plan(repository: Repository, listing: Listing, searcher: Searcher, largest: int) -> _Work:
    """Find the families that hold what is listed; the heaviest come first."""
    unclaimed = {
        bytes.fromhex(name)
        for name, size in zip(listing.blobs, listing.sizes, strict=True)
        if size <= largest
    }
    work = _Work([], [], {}, searcher, largest)
    if repository.quarantined:
        return work
    weighed: list[tuple[int, int, int]] = []
    for pack in packs_in(repository.common_dir / "objects", repository.id_length // 2):
        place = len(work.packs)
        weights: dict[int, int] = {}
        claimed: list[bytes] = []
        blobs = 0
        for number, root in enumerate(pack.blob_roots()):
            if root < 0:
                continue
            blobs += 1
            weights[root] = weights.get(root, 0) + pack.weight(number)
            if (name := pack.id(number)) in unclaimed:
                claimed.append(name)
        if len(claimed) * _SHARE < blobs or not claimed:
            pack.close()
            continue
        work.packs.append(pack)
        unclaimed.difference_update(claimed)
        work.owner.update(dict.fromkeys(claimed, place))
        weighed += [(weight, place, root) for root, weight in weights.items()]
    work.pieces = _pieces(weighed)
    return work


def _pieces(weighed: list[tuple[int, int, int]]) -> list[list[tuple[int, int]]]:
    """Heavy families one by one, then light ones together, in the order of storage."""
    least = sum(weight for weight, _, _ in weighed) // _PIECES
    heavy = sorted((one for one in weighed if one[0] > least), reverse=True)
    pieces = [[(place, root)] for _, place, root in heavy]
    filled = least + 1
    for weight, place, root in weighed:
        if weight > least:
            continue
        if filled > least:
            pieces.append([])
            filled = 0
        pieces[-1].append((place, root))
        filled += weight
    assert len(pieces) <= MOST
    return pieces
