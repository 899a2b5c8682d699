"""Annotations of a GitHub workflow: commands on standard output that mark files and lines."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from keyproof.domain.assessment import Assessment, SubjectRecord
from keyproof.domain.finding import Finding
from keyproof.domain.verdict import Severity
from keyproof.report import overview
from keyproof.report.visible import visible

_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "notice",
}
_LONGEST = 1_000
"""Characters of a message."""


class GithubReporter:
    """One workflow command a failure nobody accepted, worst first, one a gap, and the counts.

    GitHub shows the first ten of each level a step. What stands in no file is marked at the rule that fails.
    """

    format: ClassVar[str] = "github"
    filename: ClassVar[str] = "keyproof.github.txt"

    def render(self, assessment: Assessment) -> str:
        """The commands, one a line."""
        return "".join(f"{line}\n" for line in _lines(overview.arranged(assessment)))


def _lines(assessment: Assessment) -> Iterator[str]:
    known = overview.subjects_by_id(assessment)
    for finding in overview.exceptions(assessment):
        yield _failure(finding, known)
    for scope in overview.gaps(assessment):
        yield _command("warning", overview.gap_in_words(scope), title="Not read in full")
    for finding in overview.unjudged(assessment):
        text = f"{overview.name_of(finding, known)}: {finding.reason} ({finding.pack}/{finding.rule})"
        yield _command("warning", text, title=f"Not evaluated: {finding.rule_title}")
    headline = overview.headline(assessment)
    counts = overview.counts_in_words(assessment.summary) or "no finding"
    yield _command(
        "notice", f"{headline.standing}: {headline.sentence}. Findings: {counts}.", title="keyproof"
    )


def _failure(finding: Finding, known: Mapping[str, SubjectRecord]) -> str:
    place = overview.place_of(finding)
    owner = overview.owner_of(finding, known)
    told = [f"{overview.name_of(finding, known)}: {finding.reason} ({finding.pack}/{finding.rule})"]
    told += [f"Owner: {owner}"] if owner else []
    told += [finding.remediation] if finding.remediation else []
    return _command(
        _LEVELS[finding.severity],
        ". ".join(told),
        file=place.path,
        line=str(max(1, place.line)),
        title=f"{finding.severity.value}: {finding.rule_title}",
    )


def _command(level: str, message: str, **properties: str) -> str:
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {given}::{_data(overview.shortened(visible(message), _LONGEST))}"


def _data(text: str) -> str:
    """The message of a command, as the runner's toolkit escapes it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """A property of a command: the signs that end one are escaped too."""
    short = overview.shortened(visible(text), _LONGEST)
    return _data(short).replace(":", "%3A").replace(",", "%2C")
