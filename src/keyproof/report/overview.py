"""What an assessment says first: where we stand, what must be done, what could not be looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from keyproof.domain.assessment import Assessment, Scope, ScopeStatus, SubjectRecord, Summary, WaiverRecord
from keyproof.domain.check import Check
from keyproof.domain.finding import Finding
from keyproof.domain.leak import Leak
from keyproof.domain.policy import WaiverState
from keyproof.domain.secret import SourceLine
from keyproof.domain.verdict import Outcome, Severity


class State(StrEnum):
    """An outcome as people count it: an accepted failure stands apart from an open one."""

    FAIL = "fail"
    NOT_EVALUATED = "not-evaluated"
    WAIVED = "waived"
    MANUAL = "manual"
    PASS = "pass"  # noqa: S105 (an outcome, not a value)
    NOT_APPLICABLE = "not-applicable"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return _RANKS[self]


_RANKS = {state: rank for rank, state in enumerate(State)}


class Standing(StrEnum):
    """The answer to "are we in order?"."""

    NOT_IN_ORDER = "Not in order"
    NOT_KNOWN = "Not known"
    IN_ORDER = "In order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The answer with the numbers it rests on."""

    standing: Standing
    sentence: str


def arranged(assessment: Assessment) -> Assessment:
    """The same assessment with every sequence in the order reports show, controls in their catalogue's own."""
    return replace(
        assessment,
        packs=tuple(sorted(assessment.packs, key=lambda pack: pack.id)),
        sources=tuple(sorted(assessment.sources, key=lambda source: source.id)),
        scopes=tuple(sorted(assessment.scopes, key=lambda scope: (scope.source, scope.scope))),
        subjects=tuple(sorted(assessment.subjects, key=_subject_order)),
        findings=tuple(sorted(assessment.findings, key=_finding_order)),
        waivers=tuple(sorted(assessment.waivers, key=lambda record: record.waiver.id)),
        baseline=tuple(sorted(assessment.baseline, key=lambda record: record.entry.id)),
        frameworks=tuple(sorted(assessment.frameworks, key=lambda framework: framework.id)),
    )


def state_of(finding: Finding) -> State:
    """The one count `finding` belongs to."""
    if finding.outcome is Outcome.FAIL and not finding.gates:
        return State.WAIVED
    return State(finding.outcome.value)


def counts(summary: Summary) -> list[tuple[State, int]]:
    """The six counts, each with its state, in the order people ask for them."""
    return [
        (State.FAIL, summary.failed),
        (State.WAIVED, summary.waived),
        (State.NOT_EVALUATED, summary.not_evaluated),
        (State.MANUAL, summary.manual),
        (State.PASS, summary.passed),
        (State.NOT_APPLICABLE, summary.not_applicable),
    ]


def exceptions(assessment: Assessment) -> tuple[Finding, ...]:
    """Failures nobody accepted, worst first: severity, then days overdue."""
    return tuple(sorted((f for f in assessment.findings if f.gates), key=_worst_first))


def failures(assessment: Assessment) -> tuple[Finding, ...]:
    """Every failure, the accepted ones too, worst first."""
    return tuple(sorted((f for f in assessment.findings if f.outcome is Outcome.FAIL), key=_worst_first))


def unjudged(assessment: Assessment) -> tuple[Finding, ...]:
    """Findings that could not be evaluated."""
    return tuple(
        sorted((f for f in assessment.findings if f.outcome is Outcome.NOT_EVALUATED), key=_finding_order)
    )


def gaps(assessment: Assessment) -> tuple[Scope, ...]:
    """Scopes that were not read in full."""
    missing = (scope for scope in assessment.scopes if scope.status is not ScopeStatus.OK)
    return tuple(sorted(missing, key=lambda scope: (scope.source, scope.scope)))


def gap_in_words(scope: Scope) -> str:
    """Which scope was not read in full, why, and the next step."""
    hint = f"; {scope.hint}" if scope.hint else ""
    return f"{scope.source} {scope.scope} ({scope.status}): {scope.reason or 'no reason given'}{hint}"


def due_within(assessment: Assessment, days: int) -> tuple[Finding, ...]:
    """Findings that are not failing yet and fall due from today until `days` days ahead, soonest first."""
    last = assessment.today + timedelta(days=days)
    soon = (
        (f.due, f)
        for f in assessment.findings
        if f.outcome is not Outcome.FAIL and f.due is not None and assessment.today <= f.due <= last
    )
    return tuple(f for _, f in sorted(soon, key=lambda pair: (pair[0], *_finding_order(pair[1]))))


def ending(assessment: Assessment) -> tuple[WaiverRecord, ...]:
    """Waivers that have expired or will within the time their state calls expiring, by their last day."""
    records = (r for r in assessment.waivers if r.state in {WaiverState.EXPIRING, WaiverState.EXPIRED})
    return tuple(sorted(records, key=lambda record: (record.waiver.until, record.waiver.id)))


def place_of(finding: Finding) -> SourceLine:
    """Where a reader of code is led: to what was found, else to the rule, else to the configuration."""
    if finding.locations:
        return min(finding.locations, key=lambda place: (place.path, place.line, place.commit))
    return finding.rule_place or SourceLine(path="keyproof.yaml", line=1)


def name_of(finding: Finding, known: Mapping[str, SubjectRecord]) -> str:
    """What a person reads for the subject of `finding`."""
    record = known.get(finding.subject)
    return record.subject.name if record else finding.subject


def owner_of(finding: Finding, known: Mapping[str, SubjectRecord]) -> str:
    """Who has to act; empty when nobody is named."""
    record = known.get(finding.subject)
    return record.subject.owner if record else ""


def shortened(text: str, longest: int) -> str:
    """`text`, its middle left out where it is longer than `longest` characters."""
    half = (longest - 3) // 2
    return text if len(text) <= longest else f"{text[:half]} … {text[-half:]}"


def counts_in_words(summary: Summary) -> str:
    """The counts in one phrase: `10 failing, 3 accepted`; those of nothing are left out."""
    words = {
        State.FAIL: "failing",
        State.WAIVED: "accepted",
        State.NOT_EVALUATED: "not evaluated",
        State.MANUAL: "attested",
        State.PASS: "without exception",
        State.NOT_APPLICABLE: "not applicable",
    }
    return ", ".join(f"{number:,} {words[state]}" for state, number in counts(summary) if number)


def subjects_by_id(assessment: Assessment) -> Mapping[str, SubjectRecord]:
    """Subject id → record."""
    return {record.subject.id: record for record in assessment.subjects}


def headline(assessment: Assessment) -> Headline:
    """Are we in order? Said with the gate the run was given and with everything that is not known."""
    open_ones = exceptions(assessment)
    floor = assessment.run.fail_on
    gating = [f for f in open_ones if floor is not None and f.severity.rank >= floor.rank]
    unknown = _unknown(assessment)
    if gating:
        worst = [f for f in gating if f.severity is Severity.CRITICAL]
        sentence = f"{counted(len(gating), 'exception')} nobody has accepted"
        sentence += f", {len(worst)} of them critical" if worst else ""
        return Headline(standing=Standing.NOT_IN_ORDER, sentence=_joined(sentence, unknown))
    found = counted(len(open_ones), "exception") if open_ones else "no exception"
    below = f" below the threshold ({floor or 'never fail'})" if open_ones else ""
    verb = "were" if len(open_ones) > 1 else "was"
    if unknown:
        sentence = f"{found}{below} {verb} found, but {unknown}"
        return Headline(standing=Standing.NOT_KNOWN, sentence=sentence)
    sentence = f"{found}{below} {verb} found by these procedures"
    return Headline(standing=Standing.IN_ORDER, sentence=sentence)


def _unknown(assessment: Assessment) -> str:
    parts = []
    if assessment.run.interrupted:
        parts.append("the run was interrupted")
    if not any(f.outcome in {Outcome.PASS, Outcome.FAIL, Outcome.MANUAL} for f in assessment.findings):
        parts.append("nothing was judged")
    if missing := gaps(assessment):
        parts.append(f"{counted(len(missing), 'scope')} could not be read in full")
    if open_questions := unjudged(assessment):
        parts.append(f"{counted(len(open_questions), 'finding')} could not be evaluated")
    if parts and assessment.run.allow_incomplete:
        parts.append("this was accepted by --allow-incomplete")
    return " and ".join(parts) if len(parts) < 3 else ", ".join(parts[:-1]) + " and " + parts[-1]


def _joined(sentence: str, unknown: str) -> str:
    return f"{sentence}; {unknown}" if unknown else sentence


def counted(number: int, noun: str) -> str:
    """`1 scope`, `2 scopes`, with thousands separated."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def parameters(check: Check) -> dict[str, Any]:
    """The parameters of a check as its rule states them, ready for JSON; empty for a check without any."""
    return (
        check.model_dump(mode="json", by_alias=True, exclude_none=True)
        if isinstance(check, BaseModel)
        else {}
    )


def _subject_order(record: SubjectRecord) -> tuple[str, str]:
    subject = record.subject
    return (subject.id, subject.detector if isinstance(subject, Leak) else "")


def _finding_order(finding: Finding) -> tuple[str, ...]:
    return (finding.pack, finding.rule, finding.subject, finding.id, finding.reason)


def _worst_first(finding: Finding) -> tuple[Any, ...]:
    return (-finding.severity.rank, -(finding.days_overdue or 0), *_finding_order(finding))
