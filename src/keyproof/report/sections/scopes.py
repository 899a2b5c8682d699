"""The scopes of the HTML report: whether what was read and what is listed agree."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from keyproof.domain.assessment import Assessment, Scope
from keyproof.domain.secret import SubjectKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """Whether a source's scopes and the population agree."""

    source: str
    read: int
    listed: int


def in_one_line(scopes: Sequence[Scope]) -> str:
    """What was to be read, by source."""
    named: dict[str, list[str]] = defaultdict(list)
    for scope in scopes:
        named[scope.source].append(scope.scope)
    shown = [
        f"{source} ({', '.join(names) if len(names) < 5 else f'{len(names)} scopes'})"
        for source, names in named.items()
    ]
    return ", ".join(shown[:8]) + (f" and {len(shown) - 8} more" if len(shown) > 8 else "")


def reconciliation(assessment: Assessment) -> list[Reconciled]:
    """Subjects read in the scopes of each source against those in the population."""
    listed = Counter(
        record.subject.source
        for record in assessment.subjects
        if record.subject.kind not in {SubjectKind.REPOSITORY, SubjectKind.DOCUMENT}
    )
    read: Counter[str] = Counter()
    for scope in assessment.scopes:
        read[scope.source] += scope.subjects
    return [
        Reconciled(source=source, read=read[source], listed=listed[source])
        for source in sorted(set(read) | set(listed))
    ]
