"""A run as the ledger keeps it: a head that names its parts by digest, and the parts as canonical JSON."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from typing import Any

from keyproof.domain.assessment import Assessment, SubjectRecord
from keyproof.domain.extract import extract_of
from keyproof.domain.finding import Finding
from keyproof.domain.leak import Leak
from keyproof.domain.ledger import Recording, RunEntry, Standing
from keyproof.domain.policy import PolicyPack
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.subject import Repository, Subject
from keyproof.domain.verdict import Outcome
from keyproof.store import extract as extracts
from keyproof.store import snapshot as snapshots
from keyproof.store.codec import (
    Decoder,
    canonical,
    compact,
    decode_column,
    decode_columns,
    encode,
    encode_columns,
    parsed,
)

NONE_BEFORE = "0" * 64
"""What the first run names as its predecessor."""
_IN_ORDER = frozenset({Outcome.PASS, Outcome.NOT_APPLICABLE, Outcome.MANUAL})
_APART = frozenset({"packs", "frameworks", "scopes", "sources", "subjects", "findings"})
"""Fields of an assessment with a place of their own: in a part that other runs share, or made more compact."""


_DECODER = Decoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A recording without its number, ready to be chained."""

    head: Mapping[str, Any]
    parts: Mapping[str, bytes]
    """Name → canonical JSON."""
    leaks: tuple[str, ...]
    """Ids of the leaks it read."""


def seal(recording: Recording) -> Sealed:
    """The head and the parts of a recording; everything but the number and the predecessor."""
    assessment, snapshot = recording.assessment, recording.snapshot
    parts = {
        "policy": compact(
            {
                "packs": encode(assessment.packs),
                "frameworks": encode(assessment.frameworks),
                "documents": dict(recording.documents),
            }
        ),
        "snapshot": snapshots.body(snapshot),
        "findings": compact(encode_columns(assessment.findings, Finding)),
        "standings": compact(encode_columns(standings_of(assessment), Standing)),
        "extract": extracts.dump(extract_of(assessment)),
        "result": compact(
            {
                "subjects": _subjects(assessment, snapshot),
                **{
                    field.name: encode(getattr(assessment, field.name))
                    for field in fields(Assessment)
                    if field.name not in _APART
                },
            }
        ),
    }
    return Sealed(
        head=_head(recording, {name: sha256(part).hexdigest() for name, part in parts.items()}),
        parts=parts,
        leaks=tuple(sorted({leak.id for leak in snapshot.leaks})),
    )


def _head(recording: Recording, parts: Mapping[str, str]) -> dict[str, Any]:
    run, summary = recording.assessment.run, recording.assessment.summary
    snapshot = recording.snapshot
    waivers = [record.waiver for record in recording.assessment.waivers]
    return {
        "id": run.id,
        "command": recording.command.value,
        "started": run.started.isoformat(),
        "finished": run.finished.isoformat(),
        "as_of": run.as_of.isoformat(),
        "organisation": run.organisation,
        "version": run.version,
        "policy_digest": run.policy_digest,
        "config_digest": run.config_digest,
        "waivers_digest": sha256(canonical(encode(waivers))).hexdigest(),
        "exit_code": summary.exit_code,
        "counts": {
            "pass": summary.passed,
            "fail": summary.failed,
            "waived": summary.waived,
            "not_evaluated": summary.not_evaluated,
            "manual": summary.manual,
            "not_applicable": summary.not_applicable,
        },
        "scopes": len(recording.assessment.scopes),
        "gaps": summary.gaps,
        "secrets": len(snapshot.secrets),
        "leaks": len(snapshot.leaks),
        "interrupted": snapshot.interrupted,
        "narrowed": list(recording.narrowed),
        "parts": dict(parts),
    }


def chained(head: Mapping[str, Any], *, number: int, previous: str) -> tuple[bytes, str]:
    """The text of a head as run `number`, and its digest over the run before it."""
    text = canonical({**head, "number": number, "previous": previous})
    return text, digest_of(text, previous)


def digest_of(text: bytes, previous: str) -> str:
    """sha256, hex, over the digest of the run before and the text of this one."""
    return sha256(previous.encode() + b"\n" + text).hexdigest()


def entry(text: bytes, digest: str) -> RunEntry:
    """The line of the ledger a head's text stands for. Raises StoreError."""
    return _DECODER.decode(RunEntry, {**parsed(text), "digest": digest})


def standings_of(assessment: Assessment) -> list[Standing]:
    """Every finding that is not in order."""
    subjects = {record.subject.id: record.subject for record in assessment.subjects}
    return [
        _standing(finding, subjects.get(finding.subject))
        for finding in assessment.findings
        if finding.outcome not in _IN_ORDER
    ]


def _standing(finding: Finding, subject: Subject | None) -> Standing:
    return Standing(
        finding=finding.id,
        rule=finding.rule,
        rule_title=finding.rule_title,
        pack=finding.pack,
        subject=finding.subject,
        name=subject.name if subject else finding.subject,
        owner=subject.owner if subject else "",
        source=subject.source if subject else "",
        repository=_repository(subject),
        severity=finding.severity,
        outcome=finding.outcome,
        reason=finding.reason,
        due=finding.due,
        days_overdue=finding.days_overdue,
        waiver=finding.waiver,
        baseline=finding.baseline,
    )


def _repository(subject: Subject | None) -> str:
    match subject:
        case Leak():
            return subject.repository
        case Repository():
            return subject.name
        case _:
            return ""


def _named(subject: Subject) -> tuple[str, str]:
    """A subject in its run: one secret that two detectors see is two leaks of the same id."""
    return (subject.id, subject.detector if isinstance(subject, Leak) else "")


def _everything(snapshot: Snapshot, packs: Sequence[PolicyPack]) -> list[Subject]:
    documents = (pack.document for pack in packs)
    return [*snapshot.secrets, *snapshot.leaks, *snapshot.repositories, *documents]


def _subjects(assessment: Assessment, snapshot: Snapshot) -> list[Any]:
    place = {_named(subject): at for at, subject in enumerate(_everything(snapshot, assessment.packs))}
    return [
        [place[_named(record.subject)], record.secret_class, record.priority]
        for record in assessment.subjects
    ]


def standings(part: bytes) -> tuple[Standing, ...]:
    """What was not in order. Raises StoreError."""
    return decode_columns(_DECODER, Standing, parsed(part))


def reasons(part: bytes, wanted: Collection[str]) -> Mapping[str, str]:
    """Finding id → its reason, of those wanted that are among the findings. Raises StoreError."""
    ids, told = decode_column(part, "id"), decode_column(part, "reason")
    return {one: reason for one, reason in zip(ids, told, strict=True) if one in wanted}


def documents(policy: bytes) -> Mapping[str, str]:
    """Name → text of what people wrote. Raises StoreError."""
    return _DECODER.decode(dict, parsed(policy)["documents"])


def assessment(parts: Mapping[str, bytes]) -> Assessment:
    """The whole result, of all parts. Raises StoreError."""
    snapshot = snapshots.parse(parts["snapshot"])
    policy, result = parsed(parts["policy"]), parsed(parts["result"])
    findings = decode_columns(_DECODER, Finding, parsed(parts["findings"]))
    whole = {**result, "packs": policy["packs"], "frameworks": policy["frameworks"]}
    subjects = whole.pop("subjects")
    given = _DECODER.fields(Assessment, whole)
    everything = _everything(snapshot, given["packs"])
    records = tuple(
        SubjectRecord(subject=everything[place], secret_class=secret_class, priority=priority)
        for place, secret_class, priority in subjects
    )
    return Assessment(
        **given, scopes=snapshot.scopes, sources=snapshot.sources, findings=findings, subjects=records
    )
