"""A secret found where it must not be, sealed: no field can hold plaintext."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the hook comes this way, and needs no other domain type
    from keyproof.domain.secret import SubjectKind


class LeakConfidence(StrEnum):
    """How sure it is that the match is a live kind of secret."""

    PROVEN = "proven"
    """A checksum holds or the structure parses."""
    LIKELY = "likely"
    POSSIBLE = "possible"
    EXAMPLE = "example"
    """A placeholder, or a value published in a provider's documentation."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Occurrence:
    """One place where the sealed secret stands, with how it got there."""

    path: str
    """Of what was unpacked it goes on inside, e.g. `backup.zip!/conf/.env`."""
    line: int
    """1-based, in the blob that holds it, or in the part of it that was unpacked."""
    column: int
    """1-based, in characters."""
    end_line: int
    blob: str | None = None
    """Object id; None for a file that git does not hold."""
    commit: str | None = None
    """The earliest commit whose tree holds it and no parent's does; None outside history."""
    commits: tuple[str, ...] = ()
    """Every introducing commit."""
    author: str = ""
    author_email: str = ""
    introduced_at: datetime | None = None
    """Author date of `commit`, UTC."""
    removed_at: datetime | None = None
    """Date of the commit that removed it everywhere; None while present."""
    in_head: bool = False
    where: str = "history"
    """`history`, `index`, `worktree`, `unreachable`, `commit-message`, `tag` or `note`."""
    decoded: tuple[str, ...] = ()
    """How it is packed or encoded there, outermost first, e.g. `zip`, `base64`; empty for plain text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """One secret value seen by one detector, with every place it stands in one repository."""

    fingerprint: str
    """16 hex digits of HMAC-SHA-256 of the value under the organisation's key."""
    detector: str
    title: str
    """What the detector looks for, e.g. `GitHub personal access token`."""
    secret_class: str
    """The class of secret the detector belongs to, for joining with policies; empty when generic."""
    repository: str
    confidence: LeakConfidence
    preview: str
    """Detector name and length; at most a public prefix such as `AKIA`."""
    occurrences: tuple[Occurrence, ...]
    """Sorted; never empty."""
    allowed: str | None = None
    """Which inline marker or baseline accepts it in every place, or None."""
    advice: str = ""
    """How to rotate this kind of secret."""
    detected_at: datetime | None = None
    """When a run first saw it; None when no earlier run is known."""
    source: str = "git"
    environment: str = ""
    owner: str = ""
    priority: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Canonical URI of the leak; survives squash, rebase, rename and line drift."""
        return f"leak://{self.repository}/{self.fingerprint}"

    @property
    def name(self) -> str:
        """What a person reads in a table."""
        return f"{self.title} {self.fingerprint}"

    @property
    def kind(self) -> "SubjectKind":
        """Always `leak`."""
        from keyproof.domain.secret import SubjectKind  # noqa: PLC0415 (see above)

        return SubjectKind.LEAK

    @property
    def introduced_at(self) -> datetime | None:
        """When the secret first entered the history; None when no occurrence has a commit."""
        return min((o.introduced_at for o in self.occurrences if o.introduced_at), default=None)

    @property
    def present(self) -> bool:
        """Whether it still stands in HEAD, the index or the work tree."""
        return any(o.in_head or o.where in {"index", "worktree"} for o in self.occurrences)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a leak scan looked at, and what it could not: a scan is never complete by default."""

    repository: str
    mode: str
    """`history`, `staged`, `worktree` or `range A..B`."""
    blobs_scanned: int = 0
    blobs_cached: int = 0
    blobs_skipped: Mapping[str, int] = field(default_factory=dict)
    """Reason → number; reasons are `size`, `missing`, `unreadable`, `excluded`, and `closed` for parts of archives."""
    bytes_scanned: int = 0
    commits: int = 0
    refs: int = 0
    shallow: bool = False
    partial: bool = False
    problems: tuple[str, ...] = ()
    """Why the scan is incomplete, each a sentence with the next step."""
    notes: tuple[str, ...] = ()
    """What lies outside the scope and is worth knowing, e.g. submodules; does not make the scan incomplete."""

    @property
    def complete(self) -> bool:
        """Whether every object in scope was looked at."""
        unseen = sum(self.blobs_skipped.get(reason, 0) for reason in ("missing", "unreadable", "size"))
        return not (self.problems or self.shallow or self.partial or unseen)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakScan:
    """The sealed result of scanning one repository or folder."""

    leaks: tuple[Leak, ...]
    """Sorted by id and detector."""
    coverage: Coverage
