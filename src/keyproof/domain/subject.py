"""Everything a rule can be about, and how a pack places it in a class."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from keyproof.domain.duration import Duration
from keyproof.domain.leak import Coverage, Leak
from keyproof.domain.secret import SecretMetadata, SourceLine, SubjectKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A git repository or folder that was searched for leaks."""

    name: str
    coverage: Coverage
    leaks: int
    """How many leaks were found in it, whatever their confidence."""
    source: str = "git"
    environment: str = ""
    owner: str = ""
    priority: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Canonical URI."""
        return f"repository://{self.name}"

    @property
    def kind(self) -> SubjectKind:
        """Always `repository`."""
        return SubjectKind.REPOSITORY


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A policy pack seen as a document that must itself be kept current."""

    pack: str
    name: str
    owner: str = ""
    reviewed: date | None = None
    review_every: Duration | None = None
    approved_by: tuple[str, ...] = ()
    place: SourceLine | None = None
    source: str = "policy"
    environment: str = ""
    priority: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Canonical URI."""
        return f"policy://{self.pack}"

    @property
    def kind(self) -> SubjectKind:
        """Always `document`."""
        return SubjectKind.DOCUMENT


Subject = SecretMetadata | Leak | Repository | Document
