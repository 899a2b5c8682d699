"""Every rule on every subject it selects: exactly one finding each, and none vanishes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from keyproof.domain.assessment import ScopeStatus
from keyproof.domain.check import Context, Inventory
from keyproof.domain.duration import Duration
from keyproof.domain.finding import Finding, finding_id
from keyproof.domain.leak import Leak
from keyproof.domain.policy import PolicyPack, Rule
from keyproof.domain.secret import SecretMetadata, SourceLine
from keyproof.domain.severity import Derivation, derive
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Outcome, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    """A subject as one pack sees it."""

    subject: Subject
    secret_class: str
    priority: str
    context: Context


def evaluate(
    packs: Sequence[PolicyPack],
    snapshot: Snapshot,
    *,
    now: datetime,
    keep_rule: Callable[[Rule], bool] = lambda _: True,
) -> tuple[Finding, ...]:
    """Judge every subject by every rule that selects it, at `now`; sorted by id.

    A rule whose selector meets nothing gives one finding on its pack: not-applicable, or not-evaluated
    while a scope in which its subjects could lie was not read in full.
    """
    inventory = Inventory(
        secrets=snapshot.secrets,
        leaks=snapshot.leaks,
        inventory_sources=snapshot.inventory_sources,
        complete_sources=_complete_sources(snapshot),
    )
    findings = [finding for pack in packs for finding in _by_pack(pack, snapshot, inventory, now, keep_rule)]
    return tuple(sorted(findings, key=lambda finding: (finding.pack, finding.rule, finding.subject)))


def subjects_of(snapshot: Snapshot, packs: Sequence[PolicyPack]) -> tuple[Subject, ...]:
    """Everything that rules can be about, sorted by id."""
    subjects: list[Subject] = [*snapshot.secrets, *snapshot.leaks, *snapshot.repositories]
    subjects += [pack.document for pack in packs]
    return tuple(sorted(subjects, key=lambda subject: (subject.id, getattr(subject, "detector", ""))))


def _complete_sources(snapshot: Snapshot) -> frozenset[str]:
    broken = {scope.source for scope in snapshot.scopes if scope.status is not ScopeStatus.OK}
    return frozenset(scope.source for scope in snapshot.scopes) - broken


def _by_pack(
    pack: PolicyPack,
    snapshot: Snapshot,
    inventory: Inventory,
    now: datetime,
    keep_rule: Callable[[Rule], bool],
) -> Iterator[Finding]:
    placed = _place(pack, subjects_of(snapshot, [pack]), inventory, now)
    for rule in pack.rules:
        if rule.judged_in or not keep_rule(rule):
            continue
        met = False
        for item in placed:
            if item.subject.kind in rule.check.subjects and rule.selector.matches(
                item.subject, item.secret_class
            ):
                met = True
                yield _finding(rule, item, rule.check.evaluate(item.subject, item.context))
        if not met:
            yield _met_nothing(rule, pack, snapshot)


def _place(
    pack: PolicyPack, subjects: Sequence[Subject], inventory: Inventory, now: datetime
) -> list[_Placed]:
    classes = {subject.id: found for subject in subjects if (found := pack.class_of(subject))}
    class_ids = {subject: found.id for subject, found in classes.items()}
    placed = []
    for subject in subjects:
        secret_class = class_ids.get(subject.id, "")
        if not secret_class and isinstance(subject, Leak):
            secret_class = subject.secret_class
        period, period_rule = _period(pack, subject, secret_class)
        context = Context(
            now=now,
            inventory=inventory,
            roles=pack.roles,
            secret_class=secret_class,
            classes=class_ids,
            has_classes=bool(pack.classes),
            period=period,
            period_rule=period_rule,
        )
        found = classes.get(subject.id)
        priority = subject.priority or (found.priority if found else "")
        placed.append(_Placed(subject=subject, secret_class=secret_class, priority=priority, context=context))
    return placed


def _period(pack: PolicyPack, subject: Subject, secret_class: str) -> tuple[Duration | None, str]:
    """The shortest rotation period that a rule of the pack sets for `subject`."""
    if not isinstance(subject, SecretMetadata):
        return None, ""
    periods = [
        (period.approximate_span, rule.id, period)
        for rule in pack.rules
        if (period := rule.check.rotation_period) is not None and rule.selector.matches(subject, secret_class)
    ]
    if not periods:
        return None, ""
    _, rule_id, period = min(periods, key=lambda entry: (not entry[2].scheduled, entry[0], entry[1]))
    return period, rule_id


def _finding(rule: Rule, item: _Placed, verdict: Verdict) -> Finding:
    severity = _severity(rule, item, verdict)
    return Finding(
        id=finding_id(pack=rule.pack, rule=rule.id, check=rule.check.kind, subject=item.subject.id),
        rule=rule.id,
        rule_title=rule.title,
        pack=rule.pack,
        also_in=rule.also_in,
        check=rule.check.kind,
        subject=item.subject.id,
        outcome=verdict.outcome,
        severity=severity.severity,
        severity_reason=severity.formula,
        reason=verdict.reason,
        evidence=verdict.evidence,
        due=verdict.due,
        days_overdue=verdict.days_overdue,
        alert=verdict.alert,
        controls=rule.controls,
        locations=_locations(item.subject),
        remediation=rule.remediation,
        rule_place=rule.place,
    )


def _severity(rule: Rule, item: _Placed, verdict: Verdict) -> Derivation:
    if rule.severity is not None:
        return Derivation(severity=rule.severity, formula=f"stated by the rule = {rule.severity}")
    period = rule.check.rotation_period
    return derive(
        rule.check.base_severity,
        priority=item.priority,
        environment=item.subject.environment,
        days_overdue=verdict.days_overdue,
        period_days=period.approximate_span.days if period else None,
    )


def _locations(subject: Subject) -> tuple[SourceLine, ...]:
    match subject:
        case Leak():
            return tuple(
                SourceLine(path=place.path, line=place.line, commit=place.commit or "")
                for place in subject.occurrences
            )
        case SecretMetadata():
            places = [subject.place] if subject.place else [claim.place for claim in subject.claims]
            return tuple(places)
        case _:
            place = getattr(subject, "place", None)
            return (place,) if place else ()


def _met_nothing(rule: Rule, pack: PolicyPack, snapshot: Snapshot) -> Finding:
    """The visible line of a rule whose selector met no subject."""
    unread = sorted({scope.source for scope in snapshot.scopes if scope.status is not ScopeStatus.OK})
    if unread:
        outcome = Outcome.NOT_EVALUATED
        reason = f"nothing that was read matches {rule.selector.describe()}, and {', '.join(unread)} could not be read in full"
    else:
        outcome = Outcome.NOT_APPLICABLE
        reason = f"nothing in scope matches {rule.selector.describe()}"
    severity = rule.severity or rule.check.base_severity
    return Finding(
        id=finding_id(pack=rule.pack, rule=rule.id, check=rule.check.kind, subject=pack.document.id),
        rule=rule.id,
        rule_title=rule.title,
        pack=rule.pack,
        also_in=rule.also_in,
        check=rule.check.kind,
        subject=pack.document.id,
        outcome=outcome,
        severity=severity,
        severity_reason=f"of the rule = {severity}",
        reason=reason,
        controls=rule.controls,
        locations=(rule.place,) if rule.place else (),
        remediation=rule.remediation,
        rule_place=rule.place,
    )


def classes_by_subject(
    packs: Sequence[PolicyPack], subjects: Sequence[Subject]
) -> Mapping[str, tuple[str, str]]:
    """Subject id → its class and priority, by the first pack that places it in one."""
    found: dict[str, tuple[str, str]] = {}
    for subject in subjects:
        for pack in packs:
            if secret_class := pack.class_of(subject):
                found[subject.id] = (secret_class.id, subject.priority or secret_class.priority)
                break
    return found
