"""A summary in Markdown, for the comment of a pull request or a job's summary page."""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from keyproof.domain.assessment import Assessment, SubjectRecord
from keyproof.domain.baseline import BaselineState
from keyproof.domain.finding import Finding
from keyproof.domain.policy import WaiverState
from keyproof.report import overview
from keyproof.report.acceptance import baseline_remark, waiver_remark
from keyproof.report.markdown_text import markdown
from keyproof.report.overview import State

_ROWS = 25
"""Rows of a table before it refers to the full report: a comment holds 65,536 characters."""
_NAME = 100
_REASON = 200
"""Characters that are shown."""
_WORDS = {
    State.FAIL: "Failing",
    State.WAIVED: "Accepted",
    State.NOT_EVALUATED: "Not evaluated",
    State.MANUAL: "Attested",
    State.PASS: "Without exception",
    State.NOT_APPLICABLE: "Not applicable",
}


class MarkdownReporter:
    """Where we stand, what to do first, what could not be looked at; never longer than a comment may be.

    Text from outside is escaped: it cannot format, link, mention anybody or break a table.
    """

    format: ClassVar[str] = "markdown"
    filename: ClassVar[str] = "keyproof.md"

    def render(self, assessment: Assessment) -> str:
        """The document, GitHub Flavored Markdown."""
        assessment = overview.arranged(assessment)
        known = overview.subjects_by_id(assessment)
        parts = [
            *_head(assessment),
            *_exceptions(assessment, known),
            *_gaps(assessment, known),
            *_papers(assessment),
            *_controls(assessment),
            *_foot(assessment),
        ]
        return "\n".join(parts) + "\n"


def _head(assessment: Assessment) -> Iterator[str]:
    run, headline = assessment.run, overview.headline(assessment)
    yield f"## Secrets compliance: {headline.standing.lower()}"
    yield ""
    yield f"**{_short(run.organisation)}**, as of {run.as_of:%Y-%m-%d %H:%M} UTC: {headline.sentence}."
    yield ""
    yield from _table(
        ("Result", "Findings"),
        [(_WORDS[state], f"{number:,}") for state, number in overview.counts(assessment.summary)],
        right=1,
    )


def _exceptions(assessment: Assessment, known: Mapping[str, SubjectRecord]) -> Iterator[str]:
    worst = overview.exceptions(assessment)
    if not worst:
        return
    yield f"### Exceptions, worst first ({len(worst):,})"
    yield ""
    yield from _table(
        ("Severity", "What", "Rule", "Why", "Owner", "Due"),
        [
            (
                finding.severity.value,
                _short(overview.name_of(finding, known)),
                f"{_short(finding.pack)}/{_short(finding.rule)}",
                _short(finding.reason, _REASON),
                _short(overview.owner_of(finding, known)) or "none",
                _due(finding),
            )
            for finding in worst
        ],
    )


def _gaps(assessment: Assessment, known: Mapping[str, SubjectRecord]) -> Iterator[str]:
    missing, unjudged = overview.gaps(assessment), overview.unjudged(assessment)
    if not missing and not unjudged:
        return
    yield f"### Not looked at ({len(missing) + len(unjudged):,})"
    yield ""
    scopes = [
        (
            f"{_short(scope.source)} {_short(scope.scope)}",
            scope.status.value,
            _short("; ".join(filter(None, (scope.reason, scope.hint))), _REASON),
        )
        for scope in missing
    ]
    findings = [
        (
            _short(overview.name_of(finding, known)),
            _short(f"{finding.pack}/{finding.rule}"),
            _short(finding.reason, _REASON),
        )
        for finding in unjudged
    ]
    yield from _table(("What", "State or rule", "Why, and the next step"), [*scopes, *findings])


def _papers(assessment: Assessment) -> Iterator[str]:
    today = assessment.today
    waivers = [
        (
            f"waiver {_short(record.waiver.id)}",
            record.state.value,
            _short("; ".join(filter(None, (waiver_remark(record, today), *record.problems))), _REASON),
        )
        for record in assessment.waivers
        if record.problems or record.state not in {WaiverState.ACTIVE, WaiverState.PENDING}
    ]
    entries = [
        (
            _short(f"baseline: {record.entry.rule} on {record.entry.subject}"),
            record.state.value,
            _short(f"{baseline_remark(record, today)} ({record.entry.owner})", _REASON),
        )
        for record in assessment.baseline
        if record.state is not BaselineState.ACTIVE
    ]
    if waivers or entries:
        yield f"### Accepted failures to look after ({len(waivers) + len(entries):,})"
        yield ""
        yield from _table(("Which", "State", "What about it"), [*waivers, *entries])


def _controls(assessment: Assessment) -> Iterator[str]:
    titles = {framework.id: framework.title for framework in assessment.frameworks}
    rows = []
    for framework in dict.fromkeys(result.control.framework for result in assessment.controls):
        results = [one for one in assessment.controls if one.control.framework == framework]
        tally: dict[str, int] = {}
        for one in results:
            tally[one.outcome.value] = tally.get(one.outcome.value, 0) + 1
        counts = [tally.get(outcome, 0) for outcome in ("fail", "not-evaluated", "manual", "pass")]
        rows.append((_short(titles.get(framework, framework)), *map(str, counts)))
    if rows:
        yield "### Controls"
        yield ""
        yield from _table(("Framework", "Fail", "Not evaluated", "Attested", "No exception"), rows, right=4)


def _foot(assessment: Assessment) -> Iterator[str]:
    run = assessment.run
    yield (
        f"keyproof {_short(run.version)}, run `{run.id}`, policy `{run.policy_digest[:16]}`. Every finding with its "
        "evidence is in the full report. It states what each procedure found; it does not certify compliance."
    )


def _due(finding: Finding) -> str:
    return f"{finding.due}, {finding.days_overdue:,} d overdue" if finding.days_overdue else "now"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, right: int = 0) -> Iterator[str]:
    """A table whose last `right` columns are numbers, and how many rows it leaves out."""
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * (len(heads) - right) + "--:|" * right
    yield from (f"| {' | '.join(row)} |" for row in rows[:_ROWS])
    yield ""
    if len(rows) > _ROWS:
        yield f"and {len(rows) - _ROWS:,} more, in the full report"
        yield ""


def _short(text: str, longest: int = _NAME) -> str:
    return markdown(overview.shortened(text, longest))
