"""Searches blobs, each once and whole: the plain stream that every faster way must agree with."""

from collections.abc import Iterable
from typing import Protocol

from keyproof.leaks.blob import Match
from keyproof.leaks.git.coverage import Tally
from keyproof.leaks.git.objects import GitObject, Ids, Listing, Unread, read_objects
from keyproof.leaks.git.repository import Repository
from keyproof.leaks.sighting import Found, Scan
from keyproof.ports import Progress

_STEP = 256
"""Blobs between two words to the progress."""


class SearchBlobs(Protocol):
    """Searches blobs; blob id → matches, for those that have any."""

    def __call__(
        self,
        repository: Repository,
        listing: Listing,
        scan: Scan,
        largest: int,
        tally: Tally,
        progress: Progress,
        meanwhile: Iterable[None] = ...,
    ) -> dict[str, tuple[Match, ...]]:
        """Search the blobs of a listing, up to `largest` bytes each.

        Every one of them is entered in the tally, as searched or as skipped. `meanwhile` is other work, run to its
        end while other processes search, or before.
        """
        ...


def search_blobs(
    repository: Repository,
    listing: Listing,
    scan: Scan,
    largest: int,
    tally: Tally,
    progress: Progress,
    meanwhile: Iterable[None] = (),
) -> dict[str, tuple[Match, ...]]:
    """See SearchBlobs: git inflates every blob and each is scanned whole."""
    progress.begin(f"Searching {tally.repository}", len(listing.blobs))
    for _ in meanwhile:
        pass
    return search_stored(repository, listing.blobs, scan, largest, tally, progress)


def search_few(
    repository: Repository, ids: Iterable[str], scan: Scan, largest: int, tally: Tally, progress: Progress
) -> Found:
    """Search blobs few enough to ask git for them at once, without listing them first."""
    wanted = list(ids)
    progress.begin(f"Searching {tally.repository}", len(wanted))
    return search_stored(repository, wanted, scan, largest, tally, progress)


def search_stored(
    repository: Repository,
    ids: Ids | list[str],
    scan: Scan,
    largest: int,
    tally: Tally,
    progress: Progress,
) -> dict[str, tuple[Match, ...]]:
    """Search blobs within a stretch of work that has begun."""
    found: dict[str, tuple[Match, ...]] = {}
    done = 0
    for blob in read_objects(repository, ids, largest=largest):
        done += 1
        if done % _STEP == 0:
            progress.advance(_STEP)
        if isinstance(blob, Unread):
            tally.skip(blob.reason, "blob", blob.id)
            continue
        tally.search(len(blob.content))
        if matches := scan(blob.content):
            found[blob.id] = matches
    progress.advance(len(ids) - done // _STEP * _STEP)
    return found


def search_quietly(repository: Repository, ids: Iterable[str], scan: Scan, largest: int) -> Found:
    """The matches of blobs that others are compared with; one that cannot be read is as good as none."""
    found: dict[str, tuple[Match, ...]] = {}
    for blob in read_objects(repository, ids, largest=largest):
        if isinstance(blob, GitObject) and blob.type == "blob" and (matches := scan(blob.content)):
            found[blob.id] = matches
    return found
