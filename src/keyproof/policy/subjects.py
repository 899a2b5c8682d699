"""Subjects as a test file describes them: the domain's own fields in kebab-case, most of them with a default."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from keyproof.domain.leak import Coverage, Leak, LeakConfidence, Occurrence
from keyproof.domain.policy import PolicyPack
from keyproof.domain.secret import (
    Basis,
    Confidence,
    DatedFact,
    InventoryClaim,
    SecretMetadata,
    SourceLine,
    SubjectKind,
)
from keyproof.domain.subject import Document, Repository
from keyproof.fields import DateField, DurationField, StringsField
from keyproof.policy.documents import TextField, YamlModel
from keyproof.policy.particulars import (
    USUAL_CONFIDENCE,
    AccessLogDocument,
    AuditDocument,
    ClaimDocument,
    EncryptionDocument,
    FactDocument,
    GrantDocument,
    MomentField,
    RotationDocument,
    VersionDocument,
)

INVENTORY = "inventory"
"""Backend of a row that a person wrote."""
_ABSENT: tuple[str, ...] = ()
_IN_FILES = frozenset({INVENTORY, "dotenv"})


class SecretDocument(YamlModel):
    """A secret as a backend or an inventory would show it; what is left out is not known."""

    name: TextField
    """As the backend names it."""
    id: str = ""
    """Absent: made of the backend and the name."""
    backend: TextField = "aws-secrets-manager"
    """Kind of the collector; `inventory` for a row that a person wrote."""
    source: str = ""
    """Absent: the backend's name."""
    kind: Literal["secret", "key", "certificate", "credential"] = "secret"
    """What it is; a check or selector may be about some kinds only."""
    environment: str = ""
    """Absent: none; the globs of keyproof.yaml are not applied to cases."""
    owner: str = ""
    priority: str = ""
    """critical, high, medium or low, where the source states one."""
    type: str = ""
    """A type the source states."""
    tags: dict[str, str] = Field(default_factory=dict)
    """Tag → value."""
    created: MomentField | None = None
    """When the record was created."""
    value_date: MomentField | None = None
    """When the current value was written."""
    basis: Basis | None = None
    """What `value-date` rests on; absent: version-created, for a row inventory."""
    confidence: Confidence | None = None
    """How far `value-date` is trusted; absent: as dates of its basis usually are."""
    facts: tuple[FactDocument, ...] = ()
    """More dates, for cases about which one wins: `at`, `basis`, `confidence`."""
    versions: tuple[VersionDocument, ...] | None = None
    """`id`, `state` (current, previous, pending, deleted, destroyed), `created`, `expires`; absent: not known."""
    rotation: RotationDocument | None = None
    """`enabled`, `interval`, `schedule`, `last`, `next`, `mechanism`, `problem`; absent: the backend has none."""
    expires: MomentField | None = None
    """Its expiration date."""
    encryption: EncryptionDocument | None = None
    """`encrypted`, `key`, `customer-managed`; absent: not known."""
    replicas: tuple[str, ...] = ()
    """Regions that hold a copy."""
    deletion: MomentField | None = None
    """When it was deleted or will be purged."""
    last_accessed: MomentField | None = None
    """When it was last read."""
    grants: tuple[GrantDocument, ...] | None = None
    """`principal`, `actions`, `via`, `effect`, `condition`; absent: not known; an empty list: nobody."""
    audit: tuple[AuditDocument, ...] | None = None
    """`sink`, `enabled`, `covers-reads`, `retention`; absent: not known; an empty list: no trail."""
    access_log: AccessLogDocument | None = None
    """`since`, `until` and `events` with `at`, `principal`, `action`, `allowed`; absent: no log was read."""
    claims: tuple[ClaimDocument, ...] = ()
    """What a row says: `last-rotated`, `next-rotation`, `next-rotation-text`, `period`, `status`; a row without any
    claims the rotation of `value-date`."""
    attributes: dict[str, str | int | bool] = Field(default_factory=dict)
    """Facts only some backends have, e.g. `gitignored`."""
    unread: dict[str, str] = Field(default_factory=dict)
    """Field → why it could not be read."""

    def subject(self, place: SourceLine) -> SecretMetadata:
        """The secret of the domain, described at `place`."""
        source = self.source or self.backend
        mark = "#" if self.backend in _IN_FILES else "/"
        claims = self._claims(source, place)
        return SecretMetadata(
            id=self.id or f"{self.backend}://case{mark}{self.name}",
            name=self.name,
            source=source,
            backend=self.backend,
            scope=source,
            kind=SubjectKind(self.kind),
            environment=self.environment,
            owner=self.owner,
            priority=self.priority,
            type=self.type,
            tags=self.tags,
            created_at=self.created,
            facts=tuple(self._facts(claims)),
            versions=None if self.versions is None else tuple(one.version() for one in self.versions),
            rotation=self.rotation.rotation() if self.rotation else None,
            expires_at=self.expires,
            encryption=self.encryption.encryption() if self.encryption else None,
            replicas=self.replicas,
            deletion=self.deletion,
            last_accessed_at=self.last_accessed,
            grants=None if self.grants is None else tuple(one.grant() for one in self.grants),
            audit=None if self.audit is None else tuple(one.trail() for one in self.audit),
            access_log=self.access_log.log() if self.access_log else None,
            claims=claims,
            attributes=self.attributes,
            unread=self.unread,
            place=place if self.backend == INVENTORY else None,
        )

    def _claims(self, source: str, place: SourceLine) -> tuple[InventoryClaim, ...]:
        written = self.claims
        if not written and self.backend == INVENTORY:
            written = (
                ClaimDocument(**{"last-rotated": self.value_date.date() if self.value_date else None}),
            )
        return tuple(
            InventoryClaim(
                source=source,
                name=self.name,
                place=place,
                last_rotated=claim.last_rotated,
                next_rotation=claim.next_rotation,
                next_rotation_text=claim.next_rotation_text,
                period=claim.period,
                status=claim.status,
            )
            for claim in written
        )

    def _facts(self, claims: tuple[InventoryClaim, ...]) -> list[DatedFact]:
        facts = [fact.fact() for fact in self.facts]
        row = self.backend == INVENTORY
        if self.value_date is not None:
            basis = self.basis or (Basis.INVENTORY if row else Basis.VERSION_CREATED)
            confidence = self.confidence or USUAL_CONFIDENCE[basis]
            facts.append(DatedFact(at=self.value_date, basis=basis, confidence=confidence))
        elif row:
            facts += [
                DatedFact(
                    at=_first_second(claim.last_rotated),
                    basis=Basis.INVENTORY,
                    confidence=Confidence.DECLARED,
                )
                for claim in claims
                if claim.last_rotated
            ]
        return facts


class LeakDocument(YamlModel):
    """A secret found in a repository."""

    detector: TextField
    title: str = ""
    """Absent: the detector's name."""
    class_: str = ""
    repository: TextField = "case"
    fingerprint: str = "0123456789abcdef"
    confidence: LeakConfidence = LeakConfidence.LIKELY
    path: TextField = "settings.py"
    introduced: MomentField | None = None
    """Absent: it is in no commit."""
    removed: MomentField | None = None
    """Absent: it is still present."""
    detected: MomentField | None = None
    allowed: str | None = None
    """Which marker or baseline accepts it."""
    environment: str = ""
    owner: str = ""

    def subject(self) -> Leak:
        """The leak of the domain, at one place."""
        at = Occurrence(
            path=self.path,
            line=1,
            column=1,
            end_line=1,
            commit="0" * 40 if self.introduced else None,
            introduced_at=self.introduced,
            removed_at=self.removed,
            in_head=self.removed is None and self.introduced is not None,
            where="history" if self.introduced else "worktree",
        )
        return Leak(
            fingerprint=self.fingerprint,
            detector=self.detector,
            title=self.title or self.detector,
            secret_class=self.class_,
            repository=self.repository,
            confidence=self.confidence,
            preview=self.detector,
            occurrences=(at,),
            allowed=self.allowed,
            detected_at=self.detected,
            environment=self.environment,
            owner=self.owner,
        )


class RepositoryDocument(YamlModel):
    """A repository that was searched for leaks."""

    name: TextField
    leaks: Annotated[int, Field(ge=0)] = 0
    mode: str = "history"
    shallow: bool = False
    partial: bool = False
    problems: StringsField = _ABSENT

    def subject(self) -> Repository:
        """The repository of the domain."""
        coverage = Coverage(
            repository=self.name,
            mode=self.mode,
            blobs_scanned=1,
            commits=1,
            refs=1,
            shallow=self.shallow,
            partial=self.partial,
            problems=self.problems,
        )
        return Repository(name=self.name, coverage=coverage, leaks=self.leaks)


class DocumentDocument(YamlModel):
    """The pack itself as a document; what is left out is as the pack states it."""

    owner: str | None = None
    reviewed: DateField | None = None
    review_every: DurationField | None = None
    approved_by: StringsField | None = None

    def subject(self, pack: PolicyPack) -> Document:
        """The document of the domain: the pack's, changed where the case says so."""
        stated: Mapping[str, Any] = {
            name: value
            for name in ("owner", "reviewed", "review_every", "approved_by")
            if (value := getattr(self, name)) is not None
        }
        return replace(pack.document, **stated)


def _first_second(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
