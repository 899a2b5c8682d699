"""Leaves out the blobs that this engine has searched before and found clean."""

from collections.abc import Iterable
from dataclasses import dataclass

from keyproof.leaks.blob import Match
from keyproof.leaks.git.blobs import SearchBlobs
from keyproof.leaks.git.coverage import Tally
from keyproof.leaks.git.objects import Ids, Listing
from keyproof.leaks.git.repository import Repository
from keyproof.leaks.sighting import Scan
from keyproof.ports import CleanBlobs, Progress


@dataclass(frozen=True, slots=True)
class SearchNew:
    """A SearchBlobs that passes on to another what is not known to be clean, and remembers what proves to be."""

    search: SearchBlobs
    clean: CleanBlobs
    engine: bytes
    """Digest of all that decides what a search finds, the largest size among it."""

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
        """See SearchBlobs. Blobs with matches are never left out: only their content tells what they hold."""
        width, place = repository.id_length // 2, str(repository.common_dir)
        known = self.clean.known(self.engine, place, width=width)
        clean = {known[at : at + width] for at in range(0, len(known), width)}
        new = Ids(repository.id_length)
        new.extend(name for name in listing.blobs.raw() if name not in clean)
        tally.cached = len(listing.blobs) - len(new)
        rest = Listing(blobs=new, commits=listing.commits, tags=listing.tags, packs=listing.packs)
        found = self.search(repository, rest, scan, largest, tally, progress, meanwhile)
        doubtful = {bytes.fromhex(name) for name in (*found, *tally.doubtful(repository.id_length))}
        searched = b"".join(name for name in new.raw() if name not in doubtful)
        if searched:
            self.clean.add(self.engine, place, width=width, ids=searched)
        tally.notes += self.clean.notes
        return found
