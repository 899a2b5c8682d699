"""A duty that no scan can see is attested by a person, and the attestation has not lapsed."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import ClassVar

from pydantic import Field

from keyproof.check_model import CheckModel
from keyproof.domain.attestation import Attestation, attested, in_force, lapsed
from keyproof.domain.check import Context
from keyproof.domain.secret import SubjectKind
from keyproof.domain.subject import Document, Subject
from keyproof.domain.verdict import Severity, Verdict
from keyproof.domain.wording import listed
from keyproof.fields import SpanField, StringsField

_ANYBODY: tuple[str, ...] = ()


class Attested(CheckModel):
    """A person attests that the duty was done, and the attestation is in force.

    Attestations stand in files of kind Attestations and name the rule or a control it is mapped to. The outcome
    is `manual` through the last day of the shorter of two periods, the attestation's and the rule's; after it, as
    without any attestation, it is `not-evaluated`: nobody has looked. It is never a pass.
    """

    kind: ClassVar[str] = "attested"
    subjects: ClassVar[frozenset[SubjectKind]] = frozenset({SubjectKind.DOCUMENT})
    base_severity: ClassVar[Severity] = Severity.MEDIUM
    attestable: ClassVar[bool] = True

    every: SpanField | None = None
    """The longest time an attestation may count, whatever longer period it states itself."""
    by: StringsField = Field(default=_ANYBODY)
    """Globs over the people or teams that may attest it, without regard to letter case; none given, anybody may."""
    people: int = Field(default=1, ge=1)
    """How many different people or teams have to attest it."""
    evidence: bool = False
    """Whether an attestation has to name what it rests on: an address or a ticket."""

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Count the attestations of the rule that are in force."""
        if not isinstance(subject, Document):
            return Verdict.not_applicable("a duty is attested for a policy as a whole")
        if not context.attestations:
            return Verdict.not_evaluated("nobody attests it: no attestation names this rule or its controls")
        usable = [one for one in context.attestations if self._fault(one) is None]
        if not usable:
            return self._refused(context)
        first: dict[str, Attestation] = {}
        for one in in_force(usable, context.today, self.every):
            first.setdefault(_folded(one.by), one)
        if not first:
            return lapsed(usable, context.today, self.every)
        if len(first) < self.people:
            names = listed([one.by for one in first.values()])
            return Verdict.not_evaluated(
                f"only {names} attests it in force, and {self.people} different people have to"
            )
        return attested(list(first.values())[: self.people], self.every)

    def _refused(self, context: Context) -> Verdict:
        shown = [f"{one.id} does not count: {self._fault(one)}" for one in context.attestations]
        return Verdict.not_evaluated(listed(shown, separator="; "))

    def _fault(self, one: Attestation) -> str | None:
        """Why the attestation does not count for this rule."""
        return next(self._faults(one), None)

    def _faults(self, one: Attestation) -> Iterator[str]:
        if self.by and not any(fnmatchcase(_folded(one.by), _folded(glob)) for glob in self.by):
            yield f"{one.by} is not among {', '.join(self.by)}"
        if self.evidence and not one.evidence:
            yield "it names no evidence"


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
