"""A leaked secret is replaced within the deadline."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import ClassVar

from pydantic import ConfigDict, Field

from keyproof.check_model import CheckModel
from keyproof.domain.aspects import join
from keyproof.domain.check import Context
from keyproof.domain.deadline import Deadline
from keyproof.domain.declared import is_row
from keyproof.domain.deletion import deletion
from keyproof.domain.leak import Leak, LeakConfidence
from keyproof.domain.secret import Basis, Confidence, DatedFact, SecretMetadata, SubjectKind
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Evidence, Severity, Verdict
from keyproof.domain.wording import moment, span
from keyproof.fields import SpanField, StrictModel

_A_DAY = timedelta(days=1)
_END = datetime.max.replace(tzinfo=UTC)
_LIVE = frozenset({LeakConfidence.PROVEN, LeakConfidence.LIKELY})


class Start(StrEnum):
    """What the deadline counts from."""

    INTRODUCTION = "introduction"
    DETECTION = "detection"


class MapEntry(StrictModel):
    """Which secrets a leak is of: every glob given has to hold."""

    model_config = ConfigDict(populate_by_name=False)

    detector: str = "*"
    """Glob over the detector of the leak."""
    path: str = "*"
    """Glob over a path it stands in."""
    class_: str = Field(default="*", alias="class")
    """Glob over its class."""
    secret: str
    """Glob over the name or id of the secret."""


class RotatedAfterLeak(CheckModel):
    """A leaked secret was replaced, and in time.

    Which secret a leak is of is told by `map`, otherwise by the class that the detector and the secret share.
    It fails as long as the value is older than the leak, and stays failed when it was replaced too late.
    """

    kind: ClassVar[str] = "rotated-after-leak"
    subjects: ClassVar[frozenset[SubjectKind]] = frozenset({SubjectKind.LEAK})
    base_severity: ClassVar[Severity] = Severity.CRITICAL

    deadline: SpanField
    """How long after the start the secret has to be replaced, e.g. `15min`, `24h`."""
    from_: Start = Start.INTRODUCTION
    """What the deadline counts from: `introduction` into the history, or first `detection` by a run."""
    map_: tuple[MapEntry, ...] = ()
    """Which secrets a leak is of, by globs; the entries that fit are taken together."""

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Compare the leak's introduction with the age of every secret it may be of."""
        if not isinstance(subject, Leak):
            return Verdict.not_applicable("only a leak is judged")
        if subject.allowed:
            return Verdict.not_applicable(f"{subject.title} accepted by {subject.allowed}")
        if subject.confidence not in _LIVE:
            return Verdict.not_applicable(f"{subject.title} is only {subject.confidence}")
        secrets = self._matched(subject, context)
        if not secrets:
            return Verdict.not_evaluated(
                "no secret of the inventory is known to be this leak; add a map entry to the rule"
            )
        introduced = subject.introduced_at
        if introduced is None:
            return Verdict.not_evaluated("the leak is in no commit, so when it was introduced is not known")
        return join([self._judge(secret, subject, introduced, context) for secret in secrets])

    def _matched(self, leak: Leak, context: Context) -> Sequence[SecretMetadata]:
        """The live secrets the leak may be of; rows of an inventory only where no live one is known."""
        globs = [entry.secret for entry in self.map_ if _fits(entry, leak, context)]
        if globs:
            found = [s for s in context.inventory.secrets if _named(s, globs)]
        else:
            found = [s for s in context.inventory.secrets if _same_class(s, leak, context)]
        return [secret for secret in found if not is_row(secret, context)] or found

    def _judge(self, secret: SecretMetadata, leak: Leak, introduced: datetime, context: Context) -> Verdict:
        if secret.deletion is not None:
            return Verdict.not_evaluated(
                f"{secret.name} is {deletion(secret.deletion, context.now)}; "
                "whether its value was revoked where it is used cannot be seen"
            )
        fact = secret.value_date
        if fact is None:
            why = secret.unread.get("facts") or f"{secret.backend} shows no date for it"
            return Verdict.not_evaluated(f"the age of {secret.name} is not known: {why}")
        value = f"value of {moment(fact.at)} ({fact.basis})"
        both = f"{secret.name}, {value}, leaked {moment(introduced)}"
        verdict = self._compare(fact, leak, introduced, both)
        evidence = (
            Evidence(name="leaked", value=moment(introduced)),
            Evidence(name=secret.id, value=value),
        )
        return replace(verdict, evidence=evidence)

    def _compare(self, fact: DatedFact, leak: Leak, introduced: datetime, both: str) -> Verdict:
        first, last = _window(fact)
        if last <= introduced:
            return Verdict.failed(f"leaked and still the live value: {both}")
        if first <= introduced or fact.confidence is Confidence.UPPER_BOUND:
            return Verdict.not_evaluated(f"whether the live value is the leaked one cannot be told: {both}")
        start = introduced if self.from_ is Start.INTRODUCTION else leak.detected_at
        allowed = f"{self.deadline.text} from {self.from_}"
        early, late = (Deadline.of(start or introduced, self.deadline, at) for at in (first, last))
        if not late.overdue:
            return Verdict.passed(f"replaced in time, {span(first - introduced)} after the leak: {both}")
        if start is None:
            return Verdict.not_evaluated(
                f"replaced, but when the leak was first detected is not known, so {allowed} cannot be judged: {both}"
            )
        if not early.overdue:
            return Verdict.not_evaluated(f"replaced on the very day that {allowed} ended: {both}")
        return Verdict.failed(f"replaced {early.distance} too late, {allowed} ended {early.end}: {both}")


def _fits(entry: MapEntry, leak: Leak, context: Context) -> bool:
    return (
        fnmatchcase(leak.detector, entry.detector)
        and fnmatchcase(context.secret_class or leak.secret_class, entry.class_)
        and any(fnmatchcase(place.path, entry.path) for place in leak.occurrences)
    )


def _named(secret: SecretMetadata, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(text, glob) for glob in globs for text in (secret.name, secret.id))


def _same_class(secret: SecretMetadata, leak: Leak, context: Context) -> bool:
    shared = context.secret_class or leak.secret_class
    return bool(shared) and context.classes.get(secret.id) == shared


def _window(fact: DatedFact) -> tuple[datetime, datetime]:
    """When the value may have been written: a person states a day, a backend an instant."""
    if fact.basis is not Basis.INVENTORY:
        return fact.at, fact.at
    return fact.at, fact.at + min(_A_DAY, _END - fact.at)
