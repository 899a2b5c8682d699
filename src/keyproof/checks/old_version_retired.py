"""Old versions of a secret are out of use once the grace time after a rotation is over."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from keyproof.check_model import CheckModel
from keyproof.domain.aspects import join
from keyproof.domain.check import Context
from keyproof.domain.deadline import Deadline
from keyproof.domain.declared import is_row, judged_elsewhere
from keyproof.domain.deletion import not_kept
from keyproof.domain.secret import SecretMetadata, SecretVersion, VersionState
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Evidence, Severity, Verdict
from keyproof.domain.wording import count, listed, moment
from keyproof.fields import SpanField


class OldVersionRetired(CheckModel):
    """No replaced version can still be read once the grace time is over.

    The time counts from the creation of the version that replaced it; for a version that is pending, from
    its own creation. Deleted and destroyed versions are retired.
    """

    kind: ClassVar[str] = "old-version-retired"
    base_severity: ClassVar[Severity] = Severity.MEDIUM

    grace: SpanField
    """How long an old version may stay usable beside its successor, e.g. `24h`."""

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Look for usable old versions past the grace time."""
        if not isinstance(subject, SecretMetadata):
            return Verdict.not_applicable("only a secret has versions")
        if is_row(subject, context):
            return judged_elsewhere(subject, "versions")
        if gone := not_kept(subject, context.now):
            return gone
        if subject.versions is None:
            why = subject.unread.get("versions") or f"{subject.backend} keeps or shows none"
            return Verdict.not_evaluated(f"its versions are not known: {why}")
        usable = [version for version in subject.versions if version.usable]
        old = [version for version in usable if version.state is not VersionState.CURRENT]
        if not old:
            return Verdict.passed(
                f"no old version is usable, of {count(len(subject.versions), 'version')} listed"
            )
        return join(list(self._judge(old, subject.versions, context)))

    def _judge(
        self, old: Sequence[SecretVersion], versions: Sequence[SecretVersion], context: Context
    ) -> Iterator[Verdict]:
        late, within, unknown = [], [], []
        for version in old:
            name = f"{version.state} version {version.id}"
            start = _grace_start(version, versions)
            if start is None:
                unknown.append(name)
                continue
            since = f"{'created' if version.state is VersionState.PENDING else 'replaced'} {moment(start)}"
            deadline = Deadline.of(start, self.grace, context.now)
            if deadline.overdue:
                late.append(f"{name}, {since}, for {deadline.distance} too long")
            else:
                within.append(f"{name}, {since}, until {deadline.end}")
        if late:
            shown = Verdict.failed(
                f"{count(len(late), 'old version')} still usable past {self.grace.text} of grace: {_some(late)}"
            )
            yield replace(shown, evidence=tuple(Evidence(name="usable", value=text) for text in late))
        if unknown:
            yield Verdict.not_evaluated(f"when it was replaced is not known: {_some(unknown)}")
        if within:
            yield Verdict.passed(f"within {self.grace.text} of grace: {_some(within)}")


def _some(names: Sequence[str]) -> str:
    return listed(names, separator="; ")


def _grace_start(version: SecretVersion, versions: Sequence[SecretVersion]) -> datetime | None:
    """When `version` stopped being the value to use; None when that cannot be seen."""
    if version.state is VersionState.PENDING:
        return version.created_at
    current = [v.created_at for v in versions if v.state is VersionState.CURRENT and v.created_at]
    if version.created_at is None:
        return max(current, default=None)
    later = [
        other.created_at
        for other in versions
        if other.created_at
        and other.created_at > version.created_at
        and other.state is not VersionState.PENDING
    ]
    return min(later, default=None)
