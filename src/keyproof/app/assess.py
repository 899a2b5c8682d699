"""From a snapshot and a policy to the assessment that every report renders."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid5

from keyproof.app.controls import count_key, judge_controls
from keyproof.app.evaluate import classes_by_subject, evaluate, subjects_of
from keyproof.app.waive import waive
from keyproof.domain.assessment import Assessment, RunInfo, Scope, ScopeStatus, SubjectRecord, Summary
from keyproof.domain.baseline import BaselineEntry, accept
from keyproof.domain.finding import Finding
from keyproof.domain.policy import Policy, Rule
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.verdict import Outcome, Severity

_RUNS = UUID("5c3d4a34-6a53-5d0e-9d2e-6f0a3f1c7b11")
"""Namespace of run ids: the same input gives the same id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """How a run is to be judged."""

    as_of: datetime
    """Timezone-aware, UTC."""
    organisation: str
    config_digest: str
    version: str
    fail_on: Severity | None
    """None for never."""
    allow_incomplete: bool = False
    keep_rule: Callable[[Rule], bool] = lambda _: True
    baseline: tuple[BaselineEntry, ...] = ()
    """What failed before and is given time."""


def assess(snapshot: Snapshot, policy: Policy, request: Request, *, finished: datetime) -> Assessment:
    """Judge `snapshot` by `policy` as of the moment the request names."""
    subjects = subjects_of(snapshot, policy.packs)
    classes = classes_by_subject(policy.packs, subjects)
    waived, waivers = waive(
        evaluate(policy.packs, snapshot, now=request.as_of, keep_rule=request.keep_rule),
        policy.waivers,
        subjects={subject.id: subject for subject in subjects},
        classes=classes,
        today=request.as_of.date(),
    )
    findings, baseline = accept(waived, request.baseline, today=request.as_of.date())
    return Assessment(
        run=_run(snapshot, policy, request, finished),
        packs=policy.packs,
        sources=snapshot.sources,
        scopes=snapshot.scopes,
        subjects=tuple(
            SubjectRecord(
                subject=subject,
                secret_class=classes.get(subject.id, ("", ""))[0],
                priority=classes.get(subject.id, ("", subject.priority))[1],
            )
            for subject in subjects
        ),
        findings=findings,
        frameworks=policy.frameworks,
        controls=judge_controls(policy.frameworks, findings),
        waivers=waivers,
        baseline=baseline,
        summary=summarise(findings, snapshot.scopes, request, interrupted=snapshot.interrupted),
    )


def summarise(
    findings: Sequence[Finding], scopes: Sequence[Scope], request: Request, *, interrupted: bool
) -> Summary:
    """Counts over all findings, and the exit code they mean."""
    counts = Counter(count_key(finding) for finding in findings)
    failing = Counter(finding.severity.value for finding in findings if finding.gates)
    gaps = sum(scope.status is not ScopeStatus.OK for scope in scopes)
    summary = Summary(
        passed=counts["pass"],
        failed=counts["fail"],
        waived=counts["waived"],
        not_evaluated=counts["not_evaluated"],
        manual=counts["manual"],
        not_applicable=counts["not_applicable"],
        by_severity={severity.value: failing[severity.value] for severity in Severity},
        gaps=gaps,
        exit_code=0,
    )
    return replace(summary, exit_code=130 if interrupted else _exit_code(findings, summary, request))


def _exit_code(findings: Sequence[Finding], summary: Summary, request: Request) -> int:
    """1 wins over 3: a seen failure is certain, whatever else could not be looked at."""
    floor = request.fail_on
    if floor is not None and any(f.gates and f.severity.rank >= floor.rank for f in findings):
        return 1
    judged = any(f.outcome in {Outcome.PASS, Outcome.FAIL, Outcome.MANUAL} for f in findings)
    incomplete = summary.gaps or summary.not_evaluated or not judged
    return 3 if incomplete and not request.allow_incomplete else 0


def _run(snapshot: Snapshot, policy: Policy, request: Request, finished: datetime) -> RunInfo:
    identities = {
        fact.value for scope in snapshot.scopes for fact in scope.evidence if fact.name == "identity"
    }
    subjects = sorted([*(s.id for s in snapshot.secrets), *(leak.id for leak in snapshot.leaks)])
    name = "\0".join((policy.digest, request.config_digest, request.as_of.isoformat(), *subjects))
    return RunInfo(
        id=str(uuid5(_RUNS, name)),
        version=request.version,
        as_of=request.as_of,
        started=snapshot.taken_at,
        finished=finished,
        organisation=request.organisation,
        policy_digest=policy.digest,
        config_digest=request.config_digest,
        identity="; ".join(sorted(identities)),
        fail_on=request.fail_on,
        allow_incomplete=request.allow_incomplete,
        interrupted=snapshot.interrupted,
    )
