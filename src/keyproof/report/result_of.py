"""An assessment as the published result format has it: every fact, sorted."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from keyproof.domain.assessment import Assessment, ControlResult, RunInfo, Scope, SubjectRecord, WaiverRecord
from keyproof.domain.baseline import BaselineRecord
from keyproof.domain.finding import Finding
from keyproof.domain.leak import Coverage, Leak
from keyproof.domain.policy import ControlMapping, PolicyPack, Rule
from keyproof.domain.secret import DatedFact, Rotation, SecretMetadata, SourceLine
from keyproof.domain.subject import Document, Repository
from keyproof.domain.verdict import Evidence
from keyproof.report import overview, permissions, result


def result_of(assessment: Assessment) -> result.Result:
    """The whole result; the same assessment gives the same one, whatever the order of its parts."""
    assessment = overview.arranged(assessment)
    return result.Result(
        run=_run(assessment.run),
        sources=[
            result.SourceResult(
                id=rights.source.id,
                kind=rights.source.kind,
                permissions=list(rights.source.permissions),
                missing=sorted(rights.missing),
            )
            for rights in permissions.of_sources(assessment)
        ],
        scopes=[_scope(scope) for scope in assessment.scopes],
        subjects=[_subject(record) for record in assessment.subjects],
        findings=[_finding(finding) for finding in assessment.findings],
        controls=[_control(c) for c in assessment.controls],
        waivers=[_waiver(record) for record in assessment.waivers],
        baseline=[_baseline(record) for record in assessment.baseline],
        packs=[_pack(pack) for pack in assessment.packs],
        frameworks=[
            result.FrameworkResult(id=f.id, title=f.title, edition=f.edition) for f in assessment.frameworks
        ],
        summary=_summary(assessment),
    )


def _run(run: RunInfo) -> result.Run:
    return result.Run(
        id=run.id,
        tool=result.Tool(version=run.version),
        as_of=run.as_of,
        started=run.started,
        finished=run.finished,
        organisation=run.organisation,
        policy_digest=run.policy_digest,
        config_digest=run.config_digest,
        identity=run.identity,
        fail_on=run.fail_on,
        allow_incomplete=run.allow_incomplete,
        interrupted=run.interrupted,
    )


def _facts(evidence: tuple[Evidence, ...]) -> list[result.Fact]:
    return [result.Fact(name=fact.name, value=fact.value) for fact in evidence]


def _place(place: SourceLine | None) -> result.Place | None:
    return result.Place(path=place.path, line=place.line, commit=place.commit or None) if place else None


def _places(places: tuple[SourceLine, ...]) -> list[result.Place]:
    ordered = sorted(places, key=lambda place: (place.path, place.line, place.commit))
    return [result.Place(path=place.path, line=place.line, commit=place.commit or None) for place in ordered]


def _edges(edges: tuple[ControlMapping, ...]) -> list[result.ControlEdge]:
    ordered = sorted(edges, key=lambda edge: (edge.id, edge.strength))
    return [result.ControlEdge.model_validate(edge) for edge in ordered]


def _coverage(coverage: Coverage | None) -> result.CoverageResult | None:
    if coverage is None:
        return None
    return result.CoverageResult(
        repository=coverage.repository,
        mode=coverage.mode,
        blobs_scanned=coverage.blobs_scanned,
        blobs_cached=coverage.blobs_cached,
        blobs_skipped=_sorted(coverage.blobs_skipped),
        bytes_scanned=coverage.bytes_scanned,
        commits=coverage.commits,
        refs=coverage.refs,
        shallow=coverage.shallow,
        partial=coverage.partial,
        problems=list(coverage.problems),
        notes=list(coverage.notes),
        complete=coverage.complete,
    )


def _scope(scope: Scope) -> result.ScopeResult:
    return result.ScopeResult(
        source=scope.source,
        kind=scope.kind,
        scope=scope.scope,
        status=scope.status,
        subjects=scope.subjects,
        reason=scope.reason,
        hint=scope.hint,
        evidence=_facts(scope.evidence),
        coverage=_coverage(scope.coverage),
    )


def _subject(record: SubjectRecord) -> result.SubjectResult:
    subject = record.subject
    shared: dict[str, Any] = {
        "id": subject.id,
        "kind": subject.kind,
        "source": subject.source,
        "name": subject.name,
        "secret_class": record.secret_class,
        "priority": record.priority,
        "environment": subject.environment,
        "owner": subject.owner,
        "tags": _sorted(subject.tags),
    }
    match subject:
        case SecretMetadata():
            return result.SubjectResult(**shared, **_secret(subject))
        case Leak():
            return result.SubjectResult(**shared, leak=_leak(subject))
        case Repository():
            return result.SubjectResult(**shared, coverage=_coverage(subject.coverage))
        case Document():
            return result.SubjectResult(**shared, document=_document(subject), place=_place(subject.place))


def _secret(secret: SecretMetadata) -> dict[str, Any]:
    best = secret.value_date
    facts = sorted(secret.facts, key=lambda fact: (fact.rank, -fact.at.timestamp()))
    return {
        "value_date": _dated(best) if best else None,
        "expires_at": secret.expires_at,
        "versions": None
        if secret.versions is None
        else [
            result.Version.model_validate(version)
            for version in sorted(secret.versions, key=lambda version: version.id)
        ],
        "backend": secret.backend,
        "scope": secret.scope,
        "created_at": secret.created_at,
        "last_accessed_at": secret.last_accessed_at,
        "facts": [_dated(fact) for fact in facts],
        "rotation": _rotation(secret.rotation) if secret.rotation else None,
        "unread": _sorted(secret.unread),
        "place": _place(secret.place),
    }


def _dated(fact: DatedFact) -> result.ValueDate:
    return result.ValueDate(at=fact.at, basis=fact.basis, confidence=fact.confidence)


def _rotation(rotation: Rotation) -> result.RotationResult:
    return result.RotationResult(
        enabled=rotation.enabled,
        interval_days=rotation.interval / timedelta(days=1) if rotation.interval else None,
        schedule=rotation.schedule,
        last_at=rotation.last_at,
        next_at=rotation.next_at,
        mechanism=rotation.mechanism,
        problem=rotation.problem,
    )


def _leak(leak: Leak) -> result.LeakResult:
    return result.LeakResult(
        fingerprint=leak.fingerprint,
        detector=leak.detector,
        title=leak.title,
        confidence=leak.confidence,
        preview=leak.preview,
        present=leak.present,
        allowed=leak.allowed,
        advice=leak.advice,
        detected_at=leak.detected_at,
        occurrences=[
            result.OccurrenceResult.model_validate(place)
            for place in sorted(
                leak.occurrences, key=lambda p: (p.path, p.line, p.column, p.where, p.blob or "")
            )
        ],
    )


def _document(document: Document) -> result.DocumentResult:
    return result.DocumentResult(
        pack=document.pack,
        reviewed=document.reviewed,
        review_every=document.review_every.text if document.review_every else None,
        approved_by=list(document.approved_by),
    )


def _finding(finding: Finding) -> result.FindingResult:
    return result.FindingResult(
        id=finding.id,
        rule=finding.rule,
        rule_title=finding.rule_title,
        pack=finding.pack,
        check=finding.check,
        subject=finding.subject,
        outcome=finding.outcome,
        severity=finding.severity,
        severity_reason=finding.severity_reason,
        reason=finding.reason,
        due=finding.due,
        days_overdue=finding.days_overdue,
        alert=finding.alert,
        controls=_edges(finding.controls),
        locations=_places(finding.locations),
        waiver=finding.waiver,
        baseline=finding.baseline,
        remediation=finding.remediation,
        evidence=_facts(finding.evidence),
        rule_place=_place(finding.rule_place),
    )


def _counts(counts: Mapping[str, int]) -> result.Counts:
    return result.Counts(
        passed=counts["pass"],
        fail=counts["fail"],
        waived=counts["waived"],
        not_evaluated=counts["not_evaluated"],
        manual=counts["manual"],
        not_applicable=counts["not_applicable"],
    )


def _control(judged: ControlResult) -> result.ControlOutcome:
    control = judged.control
    return result.ControlOutcome(
        id=control.id,
        framework=control.framework,
        title=control.title,
        outcome=judged.outcome,
        counts=_counts(judged.counts),
        note=judged.note,
        demands=control.demands,
        scan_cannot_show=control.scan_cannot_show,
    )


def _waiver(record: WaiverRecord) -> result.WaiverResult:
    waiver = record.waiver
    return result.WaiverResult(
        id=waiver.id,
        state=record.state,
        rule=waiver.rule,
        control=waiver.control,
        selector=waiver.selector.describe(),
        reason=waiver.reason,
        ticket=waiver.ticket,
        requested_by=waiver.requested_by,
        approved_by=list(waiver.approved_by),
        starts=waiver.starts,
        until=waiver.until,
        compensating_control=waiver.compensating_control,
        findings=sorted(record.findings),
        problems=list(record.problems),
        place=_place(waiver.place),
    )


def _baseline(record: BaselineRecord) -> result.BaselineResult:
    entry = record.entry
    return result.BaselineResult(
        id=entry.id,
        state=record.state,
        rule=entry.rule,
        subject=entry.subject,
        owner=entry.owner,
        until=entry.until,
        reason=entry.reason,
        place=_place(entry.place),
    )


def _pack(pack: PolicyPack) -> result.PackResult:
    return result.PackResult(
        id=pack.id,
        title=pack.title,
        version=pack.version,
        digest=pack.digest,
        document=_document(pack.document),
        classes=[
            result.ClassResult(id=c.id, title=c.title, selector=c.selector.describe(), priority=c.priority)
            for c in pack.classes
        ],
        roles={role: list(globs) for role, globs in sorted(pack.roles.items())},
        rules=[_rule(rule) for rule in sorted(pack.rules, key=lambda rule: rule.id)],
        disabled=_sorted(pack.disabled),
        notes=list(pack.notes),
    )


def _rule(rule: Rule) -> result.RuleResult:
    return result.RuleResult(
        id=rule.id,
        title=rule.title,
        check=rule.check.kind,
        parameters=overview.parameters(rule.check),
        selector=rule.selector.describe(),
        severity=rule.severity,
        controls=_edges(rule.controls),
        remediation=rule.remediation,
        place=_place(rule.place),
    )


def _summary(assessment: Assessment) -> result.SummaryResult:
    summary = assessment.summary
    return result.SummaryResult(
        passed=summary.passed,
        fail=summary.failed,
        waived=summary.waived,
        not_evaluated=summary.not_evaluated,
        manual=summary.manual,
        not_applicable=summary.not_applicable,
        by_severity=_sorted(summary.by_severity),
        gaps=summary.gaps,
        exit_code=summary.exit_code,
    )


def _sorted(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {key: mapping[key] for key in sorted(mapping)}
