"""One rule applied to one subject."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date
from hashlib import sha256

from keyproof.domain.policy import ControlMapping
from keyproof.domain.secret import SourceLine
from keyproof.domain.verdict import Evidence, Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The outcome of one rule for one subject, with everything needed to explain it."""

    id: str
    rule: str
    rule_title: str
    pack: str
    also_in: tuple[str, ...] = ()
    """Ids of other packs that inherit the same rule."""
    check: str
    subject: str
    """Subject id; `policy://PACK` when the rule's selector met nothing."""
    outcome: Outcome
    severity: Severity
    severity_reason: str
    reason: str
    evidence: tuple[Evidence, ...] = ()
    due: date | None = None
    days_overdue: int | None = None
    alert: str = ""
    controls: tuple[ControlMapping, ...] = ()
    locations: tuple[SourceLine, ...] = ()
    waiver: str | None = None
    """Id of the valid waiver that accepts this failure."""
    baseline: str | None = None
    """Id of the baseline entry that accepts this failure."""
    remediation: str = ""
    rule_place: SourceLine | None = None

    @property
    def gates(self) -> bool:
        """Whether this finding can fail the run: a failure nobody accepted."""
        return self.outcome is Outcome.FAIL and self.waiver is None and self.baseline is None


class FindingDraft:
    """A finding that is being filled in, every field of it, before it is frozen by `sealed`.

    A frozen dataclass sets its fields one by one past its own guard, which for two dozen fields takes
    three times as long as this; an estate has a million findings.
    """

    __slots__ = tuple(field.name for field in fields(Finding))


def sealed(draft: FindingDraft) -> Finding:
    """The same object as a finding, which nothing can change any more."""
    draft.__class__ = Finding  # type: ignore[assignment]  # the same slots, so the same layout
    return draft  # type: ignore[return-value]  # and so it is one


def finding_id(*, pack: str, rule: str, check: str, subject: str) -> str:
    """Identity of a finding: stable across runs, display names and line numbers; 16 hex digits."""
    return finding_ids(pack=pack, rule=rule, check=check)(subject)


def finding_ids(*, pack: str, rule: str, check: str) -> Callable[[str], str]:
    """Subject id → the identity of the rule's finding on it."""
    begun = f"{pack}\0{rule}\0{check}\0"
    return lambda subject: sha256((begun + subject).encode()).hexdigest()[:16]
