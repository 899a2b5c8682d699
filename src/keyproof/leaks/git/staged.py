"""Searches what a commit made now would bring in: the index against HEAD, never the work tree."""

from keyproof.leaks.blob import Match
from keyproof.leaks.git.blobs import search_few, search_quietly
from keyproof.leaks.git.coverage import Tally
from keyproof.leaks.git.index import Staged, compare_with_head
from keyproof.leaks.git.paths import shown
from keyproof.leaks.git.repository import Repository
from keyproof.leaks.sighting import Scan, Sighting, by_secret, sightings_of
from keyproof.ports import Progress


def search_staged(
    repository: Repository, scan: Scan, tally: Tally, progress: Progress, *, largest: int
) -> list[Sighting]:
    """The secrets in staged blobs that HEAD does not have at the same path. Raises GitFailedError.

    All versions of an unmerged path are searched; what `--intent-to-add` announced is not staged yet.
    """
    staged = compare_with_head(repository)
    _tell(staged, tally)
    changes = [change for change in staged.changes if not change.entry.is_submodule]
    if not changes:
        return []
    brought = dict.fromkeys(change.entry.id for change in changes)
    found = search_few(repository, brought, scan, largest, tally, progress)
    touched = [change for change in changes if change.entry.id in found]
    before = {change.before for change in touched if change.before}
    known = search_quietly(repository, before, scan, largest) if before else {}
    return [
        sighting
        for change in touched
        for matches in by_secret(found[change.entry.id])
        if not _stood(matches[0], known.get(change.before or "", ()))
        for sighting in sightings_of(matches, shown(change.entry.path), where="index", blob=change.entry.id)
    ]


def _stood(match: Match, before: tuple[Match, ...]) -> bool:
    return any((one.detector, one.secret) == (match.detector, match.secret) for one in before)


def _tell(staged: Staged, tally: Tally) -> None:
    for change in staged.changes:
        if change.entry.is_submodule:
            tally.skip_repository(shown(change.entry.path), "is a submodule")
    for path in staged.intended:
        tally.notes.append(f"{shown(path)} was added with --intent-to-add; nothing of it is staged yet")
    for path in staged.unmerged:
        tally.notes.append(f"{shown(path)} is unmerged; every staged version of it was searched")
