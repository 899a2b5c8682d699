"""Numbers of a run for Prometheus: a file for the node exporter's textfile collector, or for a push gateway."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import ClassVar

from keyproof.domain.assessment import Assessment, ScopeStatus
from keyproof.domain.baseline import BaselineState
from keyproof.domain.policy import WaiverState
from keyproof.domain.verdict import Outcome, Severity
from keyproof.report import overview
from keyproof.report.overview import State
from keyproof.report.visible import visible

_Sample = tuple[Mapping[str, str], float | int]


class PrometheusReporter:
    """Gauges, valid in the text format 0.0.4 and in OpenMetrics 1.0; no sample names a secret.

    Labels hold states, severities and the ids of packs, rules, frameworks and sources only, so that a
    name cannot become a series. Every state has its sample, at 0 too: an absent series cannot alert.
    """

    format: ClassVar[str] = "prometheus"
    filename: ClassVar[str] = "keyproof.prom"

    def render(self, assessment: Assessment) -> str:
        """The exposition, ended by `# EOF`, which the older format takes for a comment."""
        assessment = overview.arranged(assessment)
        lines = [
            *_counts(assessment),
            *_rules(assessment),
            *_controls(assessment),
            *_papers(assessment),
            *_run(assessment),
            "# EOF",
        ]
        return "\n".join(lines) + "\n"


def _counts(assessment: Assessment) -> Iterator[str]:
    counts = overview.counts(assessment.summary)
    yield from _gauge(
        "findings", "Findings by result.", [({"state": state.value}, number) for state, number in counts]
    )
    severities = assessment.summary.by_severity
    yield from _gauge(
        "failures",
        "Failures nobody accepted, by severity.",
        [({"severity": severity.value}, severities.get(severity.value, 0)) for severity in Severity],
    )
    scopes = Counter(scope.status for scope in assessment.scopes)
    yield from _gauge(
        "scopes",
        "Scopes that were to be read, by how far that went.",
        [({"status": status.value}, scopes[status]) for status in ScopeStatus],
    )
    subjects = Counter((record.subject.source, record.subject.kind.value) for record in assessment.subjects)
    yield from _gauge(
        "subjects",
        "Secrets, leaks, repositories and documents that were judged.",
        [({"source": source, "kind": kind}, number) for (source, kind), number in sorted(subjects.items())],
    )
    soon = overview.due_within(assessment, 30)
    yield from _gauge("due_30_days", "Findings that fall due within 30 days.", [({}, len(soon))])


def _rules(assessment: Assessment) -> Iterator[str]:
    rules = sorted({(finding.pack, finding.rule) for finding in assessment.findings})
    tally = Counter((f.pack, f.rule, overview.state_of(f)) for f in assessment.findings)
    yield from _gauge(
        "rule_findings",
        "Findings of a rule that fail, are accepted or could not be evaluated.",
        [
            ({"pack": pack, "rule": rule, "state": state.value}, tally[pack, rule, state])
            for pack, rule in rules
            for state in (State.FAIL, State.WAIVED, State.NOT_EVALUATED)
        ],
    )
    late: dict[tuple[str, str], int] = dict.fromkeys(rules, 0)
    for finding in overview.exceptions(assessment):
        key = (finding.pack, finding.rule)
        late[key] = max(late[key], finding.days_overdue or 0)
    yield from _gauge(
        "rule_most_overdue_days",
        "Days by which the latest failure of a rule is overdue.",
        [({"pack": pack, "rule": rule}, days) for (pack, rule), days in late.items()],
    )


def _controls(assessment: Assessment) -> Iterator[str]:
    tally = Counter((result.control.framework, result.outcome) for result in assessment.controls)
    yield from _gauge(
        "controls",
        "Controls by what the findings say about them; pass means no exception found.",
        [
            ({"framework": framework, "outcome": outcome.value}, tally[framework, outcome])
            for framework in sorted({framework for framework, _ in tally})
            for outcome in Outcome
        ],
    )


def _papers(assessment: Assessment) -> Iterator[str]:
    waivers = Counter(record.state for record in assessment.waivers)
    yield from _gauge(
        "waivers", "Waivers by state.", [({"state": state.value}, waivers[state]) for state in WaiverState]
    )
    entries = Counter(record.state for record in assessment.baseline)
    yield from _gauge(
        "baseline_entries",
        "Baseline entries by state.",
        [({"state": state.value}, entries[state]) for state in BaselineState],
    )


def _run(assessment: Assessment) -> Iterator[str]:
    run, summary = assessment.run, assessment.summary
    about = {
        "organisation": run.organisation,
        "version": run.version,
        "policy_digest": run.policy_digest[:16],
    }
    yield from _gauge("run", "What the run was made with; always 1.", [(about, 1)])
    yield from _gauge("exit_code", "The exit code of the run.", [({}, summary.exit_code)])
    yield from _gauge(
        "complete", "Whether everything in scope could be looked at.", [({}, int(_complete(assessment)))]
    )
    yield from _gauge("as_of_timestamp_seconds", "The moment it was judged by.", [({}, _seconds(run.as_of))])
    yield from _gauge("finished_timestamp_seconds", "When it ended.", [({}, _seconds(run.finished))])


def _complete(assessment: Assessment) -> bool:
    summary = assessment.summary
    return not (summary.gaps or summary.not_evaluated or assessment.run.interrupted) and bool(
        assessment.findings
    )


def _gauge(name: str, meaning: str, samples: Iterable[_Sample]) -> Iterator[str]:
    yield f"# HELP keyproof_{name} {meaning}"
    yield f"# TYPE keyproof_{name} gauge"
    for labels, value in samples:
        given = ",".join(f'{label}="{_label(text)}"' for label, text in labels.items())
        yield f"keyproof_{name}{f'{{{given}}}' if given else ''} {value}"


def _label(text: str) -> str:
    short = overview.shortened(visible(text), 200)
    return short.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
