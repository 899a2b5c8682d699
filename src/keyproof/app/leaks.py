"""Searching repositories and folders for secrets; a repository that cannot be read is a gap."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from keyproof.domain.assessment import Scope, ScopeStatus
from keyproof.domain.leak import Coverage, Leak, LeakScan
from keyproof.domain.subject import Repository
from keyproof.domain.verdict import Evidence
from keyproof.errors import HistoryError
from keyproof.ports import LeakSource, Progress

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakCollection:
    """What all repositories gave, sorted by id."""

    leaks: tuple[Leak, ...]
    repositories: tuple[Repository, ...]
    scopes: tuple[Scope, ...]
    interrupted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whose repository it is: copied to everything found in it."""

    environment: str = ""
    owner: str = ""


def search(
    sources: Sequence[LeakSource],
    *,
    progress: Progress,
    places: Mapping[str, Place],
    interrupted: bool = False,
) -> LeakCollection:
    """Search every source in turn (each uses all processors itself); an interrupt keeps what was found.

    `interrupted` tells that the run was stopped before: then nothing is searched, and each is named.
    """
    scans: list[LeakScan] = []
    unread: list[Scope] = []
    for source in sources:
        if interrupted:
            unread.append(_unread(source.name, ScopeStatus.SKIPPED, "interrupted before it was searched"))
            continue
        try:
            _LOG.info("searching %s", source.name)
            scans.append(source.scan(progress))
        except HistoryError as error:
            unread.append(_unread(source.name, ScopeStatus.UNREACHABLE, error.message, error.hint))
        except KeyboardInterrupt:
            interrupted = True
            reason = "interrupted before it was searched in full"
            unread.append(_unread(source.name, ScopeStatus.SKIPPED, reason))
    found = gather(scans, places=places)
    return replace(found, scopes=_sorted([*found.scopes, *unread]), interrupted=interrupted)


def gather(scans: Sequence[LeakScan], *, places: Mapping[str, Place]) -> LeakCollection:
    """The leaks, the repositories and how far each was searched, from finished scans."""
    leaks: list[Leak] = []
    repositories: list[Repository] = []
    for scan in scans:
        name = scan.coverage.repository
        place = places.get(name, Place())
        leaks.extend(replace(leak, environment=place.environment, owner=place.owner) for leak in scan.leaks)
        repositories.append(
            Repository(
                name=name,
                coverage=scan.coverage,
                leaks=len(scan.leaks),
                environment=place.environment,
                owner=place.owner,
            )
        )
    return LeakCollection(
        leaks=tuple(sorted(leaks, key=lambda leak: (leak.id, leak.detector))),
        repositories=tuple(sorted(repositories, key=lambda repository: repository.id)),
        scopes=_sorted([_searched(scan.coverage, subjects=len(scan.leaks) + 1) for scan in scans]),
    )


def _sorted(scopes: Sequence[Scope]) -> tuple[Scope, ...]:
    return tuple(sorted(scopes, key=lambda scope: scope.scope))


def _unread(name: str, status: ScopeStatus, reason: str, hint: str = "") -> Scope:
    return Scope(source="git", kind="git", scope=name, status=status, subjects=0, reason=reason, hint=hint)


def _searched(coverage: Coverage, *, subjects: int) -> Scope:
    skipped = ", ".join(f"{number} {reason}" for reason, number in sorted(coverage.blobs_skipped.items()))
    reasons = coverage.problems or ((f"not every blob was searched: {skipped}",) if skipped else ())
    return Scope(
        source="git",
        kind="git",
        scope=coverage.repository,
        status=ScopeStatus.OK if coverage.complete else ScopeStatus.PARTIAL,
        subjects=subjects,
        reason="" if coverage.complete else "; ".join(reasons),
        evidence=(
            Evidence(name="mode", value=coverage.mode),
            Evidence(name="commits", value=str(coverage.commits)),
            Evidence(name="refs", value=str(coverage.refs)),
            Evidence(name="blobs searched", value=str(coverage.blobs_scanned)),
            Evidence(name="blobs skipped", value=skipped or "none"),
        ),
        coverage=coverage,
    )
