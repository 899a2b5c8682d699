"""No secret stands in a repository or its history."""

from typing import ClassVar

from pydantic import Field

from keyproof.check_model import CheckModel
from keyproof.domain.check import Context
from keyproof.domain.leak import Leak, LeakConfidence
from keyproof.domain.secret import SubjectKind
from keyproof.domain.subject import Repository, Subject
from keyproof.domain.verdict import Severity, Verdict
from keyproof.domain.wording import count, listed, moment

_GATE = (LeakConfidence.PROVEN, LeakConfidence.LIKELY)


class NoLeak(CheckModel):
    """No secret stands in a repository or anywhere in its history.

    Every leak is a finding of its own. The repository passes when all of it was searched, whatever was
    found, and is not evaluated as long as a part of it was not.
    """

    kind: ClassVar[str] = "no-leak"
    subjects: ClassVar[frozenset[SubjectKind]] = frozenset({SubjectKind.LEAK, SubjectKind.REPOSITORY})
    base_severity: ClassVar[Severity] = Severity.HIGH

    confidence: tuple[LeakConfidence, ...] = Field(default=_GATE, min_length=1)
    """Which leaks fail: proven, likely, possible, example."""

    def evaluate(self, subject: Subject, context: Context) -> Verdict:  # noqa: ARG002 (every check's signature)
        """Fail a leak that nothing accepts; tell of a repository how far it was searched."""
        match subject:
            case Leak():
                return self._leak(subject)
            case Repository():
                return _searched(subject)
            case _:
                return Verdict.not_applicable("only a leak or a repository is judged")

    def _leak(self, leak: Leak) -> Verdict:
        if leak.allowed:
            return Verdict.not_applicable(f"{leak.title} accepted by {leak.allowed}")
        if leak.confidence not in self.confidence:
            gate = ", ".join(self.confidence)
            return Verdict.not_applicable(f"{leak.title} is only {leak.confidence}; the rule is about {gate}")
        where = "still present" if leak.present else f"in history only{_removal(leak)}"
        return Verdict.failed(
            f"{leak.title} ({leak.detector}, {leak.confidence}) {_introduction(leak)}, {where}",
            detector=leak.detector,
            confidence=leak.confidence,
            preview=leak.preview,
            introduction=_introduction(leak),
            places=str(len(leak.occurrences)),
            state=where,
        )


def _introduction(leak: Leak) -> str:
    """The commit that brought it in first; a leak outside history has none."""
    dated = [place for place in leak.occurrences if place.introduced_at]
    if not dated:
        return f"in no commit, found in {listed(sorted({place.path for place in leak.occurrences}))}"
    first = min(dated, key=lambda place: (place.introduced_at, place.path, place.line, place.commit or ""))
    assert first.introduced_at is not None
    author = f" by {first.author}" if first.author else ""
    return f"introduced {moment(first.introduced_at)} in {(first.commit or 'no commit')[:12]}{author}"


def _removal(leak: Leak) -> str:
    removed = [place.removed_at for place in leak.occurrences if place.removed_at]
    return f", removed {moment(max(removed))}" if len(removed) == len(leak.occurrences) else ""


def _searched(repository: Repository) -> Verdict:
    seen = repository.coverage
    found = f"{count(repository.leaks, 'leak')} reported separately" if repository.leaks else "no leak found"
    blobs = count(seen.blobs_scanned + seen.blobs_cached, "blob")
    looked = f"{blobs} of {count(seen.commits, 'commit')} on {count(seen.refs, 'ref')} searched ({seen.mode})"
    facts = {
        "mode": seen.mode,
        "blobs": str(seen.blobs_scanned + seen.blobs_cached),
        "leaks": str(repository.leaks),
    }
    if seen.complete:
        return Verdict.passed(f"searched in full: {looked}, {found}", **facts)
    return Verdict.not_evaluated(
        f"not searched in full: {'; '.join(_gaps(repository))}; {looked}, {found}", **facts
    )


def _gaps(repository: Repository) -> list[str]:
    seen = repository.coverage
    gaps = list(seen.problems)
    if seen.shallow and not gaps:
        gaps.append("the clone is shallow")
    if seen.partial and not gaps:
        gaps.append("the clone is partial")
    skipped = [
        f"{number} {reason}"
        for reason, number in sorted(seen.blobs_skipped.items())
        if number and reason != "excluded"
    ]
    return [*gaps, *([f"blobs not searched: {', '.join(skipped)}"] if skipped else [])]
