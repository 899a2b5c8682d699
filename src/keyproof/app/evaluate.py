"""Every rule on every subject it selects: exactly one finding each, and none vanishes.

Written for estates of a hundred thousand secrets: a selector decides each value once (`domain.table`), and
what a rule, a subject or a class brings to all of its findings is made once for all of them.
"""

import gc
from bisect import insort
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from heapq import merge
from operator import attrgetter
from typing import Any

from keyproof.domain.assessment import ScopeStatus
from keyproof.domain.check import SECRET_KINDS, Context, Inventory
from keyproof.domain.duration import Duration
from keyproof.domain.finding import Finding, FindingDraft, finding_id, finding_ids, sealed
from keyproof.domain.leak import Leak
from keyproof.domain.policy import PolicyPack, Rule, SecretClass
from keyproof.domain.secret import SecretMetadata, SourceLine
from keyproof.domain.severity import Derivation, derive
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.subject import Subject
from keyproof.domain.table import SubjectTable, select
from keyproof.domain.verdict import Outcome, Verdict


class _Placed:
    """A subject as one pack sees it."""

    __slots__ = ("context", "environment", "id", "locations", "priority", "subject")

    def __init__(self, subject: Subject, priority: str, context: Context) -> None:
        self.subject = subject
        self.id = subject.id
        self.environment = subject.environment
        self.priority = priority
        self.context = context
        self.locations = _locations(subject)


class _Ruling:
    """One rule at work: the findings it gave, and the verdicts and severities it knows by now."""

    __slots__ = (
        "_evaluate",
        "_grounds",
        "_id",
        "_period_days",
        "_severities",
        "_verdicts",
        "findings",
        "rule",
    )

    def __init__(self, rule: Rule) -> None:
        period = rule.check.rotation_period
        self.rule = rule
        self.findings: list[Finding] = []
        self._evaluate = self._with_attestations if rule.attestations else rule.check.evaluate
        self._grounds = rule.check.grounds
        self._id = finding_ids(pack=rule.pack, rule=rule.id, check=rule.check.kind)
        self._period_days = period.approximate_span.days if period else None
        self._verdicts: dict[Hashable, Verdict] = {}
        self._severities: dict[tuple[str, str, bool], Derivation] = {}

    def _with_attestations(self, subject: Subject, context: Context) -> Verdict:
        return self.rule.check.evaluate(subject, replace(context, attestations=self.rule.attestations))

    def _verdict(self, subject: Subject, context: Context) -> Verdict:
        """The check's; it is asked only once about all subjects that are alike in what its verdict rests on."""
        grounds = self._grounds(subject, context)
        if grounds is None:
            return self._evaluate(subject, context)
        if (known := self._verdicts.get(grounds)) is None:
            known = self._verdicts[grounds] = self._evaluate(subject, context)
        return known

    def judge(self, placed: _Placed) -> None:
        rule = self.rule
        verdict = self._verdict(placed.subject, placed.context)
        severity = self._severity(placed, verdict.days_overdue)
        draft: Any = FindingDraft()
        draft.id = self._id(placed.id)
        draft.rule = rule.id
        draft.rule_title = rule.title
        draft.pack = rule.pack
        draft.also_in = rule.also_in
        draft.check = rule.check.kind
        draft.subject = placed.id
        draft.outcome = verdict.outcome
        draft.severity = severity.severity
        draft.severity_reason = severity.formula
        draft.reason = verdict.reason
        draft.evidence = verdict.evidence
        draft.due = verdict.due
        draft.days_overdue = verdict.days_overdue
        draft.alert = verdict.alert
        draft.controls = rule.controls
        draft.locations = placed.locations
        draft.remediation = rule.remediation
        draft.rule_place = rule.place
        draft.waiver = draft.baseline = None
        self.findings.append(sealed(draft))

    def _severity(self, placed: _Placed, days: int | None) -> Derivation:
        late = days is not None and self._period_days is not None and days > self._period_days
        key = (placed.priority, placed.environment, late)
        if (known := self._severities.get(key)) is None:
            known = self._severities[key] = self._weighed(placed, days)
        return known

    def _weighed(self, placed: _Placed, days_overdue: int | None) -> Derivation:
        rule = self.rule
        if rule.severity is not None:
            return Derivation(severity=rule.severity, formula=f"stated by the rule = {rule.severity}")
        return derive(
            rule.check.base_severity,
            priority=placed.priority,
            environment=placed.environment,
            days_overdue=days_overdue,
            period_days=self._period_days,
        )


def evaluate(
    packs: Sequence[PolicyPack],
    snapshot: Snapshot,
    *,
    now: datetime,
    keep_rule: Callable[[Rule], bool] = lambda _: True,
) -> tuple[Finding, ...]:
    """Judge every subject by every rule that selects it, at `now`; sorted by pack, rule and subject.

    A rule whose selector meets nothing gives one finding on its pack: not-applicable, or not-evaluated
    while a scope in which its subjects could lie was not read in full.
    """
    inventory = Inventory(
        secrets=snapshot.secrets,
        leaks=snapshot.leaks,
        inventory_sources=snapshot.inventory_sources,
        complete_sources=_complete_sources(snapshot),
        live_sources=_live_sources(snapshot),
    )
    shared = subjects_of(snapshot, [])
    found: dict[tuple[str, str], list[list[Finding]]] = {}
    with _no_cycles():
        for pack in packs:
            for rule, findings in _by_pack(pack, shared, snapshot, inventory, now, keep_rule):
                found.setdefault((rule.pack, rule.id), []).append(findings)
        return tuple(finding for key in sorted(found) for finding in _merged(found[key]))


def _merged(parts: Sequence[list[Finding]]) -> Iterable[Finding]:
    """The findings of one rule; several packs can judge it, and each brings its own in order."""
    return parts[0] if len(parts) == 1 else merge(*parts, key=attrgetter("subject"))


@contextmanager
def _no_cycles() -> Iterator[None]:
    """Spare the search for cycles, of which findings have none: it would walk over all of them again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():
            gc.freeze()  # and back at once: all of it becomes old without being looked through
            gc.unfreeze()
        if was_on:
            gc.enable()


def subjects_of(snapshot: Snapshot, packs: Sequence[PolicyPack]) -> tuple[Subject, ...]:
    """Everything that rules can be about, sorted by id."""
    subjects: list[Subject] = [*snapshot.secrets, *snapshot.leaks, *snapshot.repositories]
    subjects += [pack.document for pack in packs]
    return tuple(sorted(subjects, key=_order))


def _order(subject: Subject) -> tuple[str, str]:
    return subject.id, subject.detector if isinstance(subject, Leak) else ""


def _complete_sources(snapshot: Snapshot) -> frozenset[str]:
    broken = {scope.source for scope in snapshot.scopes if scope.status is not ScopeStatus.OK}
    return frozenset(scope.source for scope in snapshot.scopes) - broken


def _live_sources(snapshot: Snapshot) -> frozenset[str]:
    """Sources of backends: neither inventories nor repositories, which alone have a leak search's coverage."""
    read = {scope.source for scope in snapshot.scopes if scope.kind not in {"git", "inventory"}}
    return frozenset(read) - snapshot.inventory_sources


def _by_pack(
    pack: PolicyPack,
    shared: Sequence[Subject],
    snapshot: Snapshot,
    inventory: Inventory,
    now: datetime,
    keep_rule: Callable[[Rule], bool],
) -> Iterator[tuple[Rule, list[Finding]]]:
    subjects = list(shared)
    insort(subjects, pack.document, key=_order)
    classes = _classes(pack, subjects)
    table = SubjectTable(subjects, [_class_id(*pair) for pair in zip(subjects, classes, strict=True)])
    rulings = [_Ruling(rule) for rule in pack.rules if not rule.judged_in and keep_rule(rule)]
    judging: list[list[_Ruling]] = [[] for _ in subjects]
    for ruling in rulings:
        for row in table.selected(ruling.rule.selector, ruling.rule.check.subjects):
            judging[row].append(ruling)
    for placed, selecting in zip(
        _place(pack, table, classes, inventory, now, judging), filter(None, judging), strict=True
    ):
        for ruling in selecting:
            ruling.judge(placed)
    for ruling in rulings:
        yield ruling.rule, ruling.findings or [_met_nothing(ruling.rule, pack, snapshot)]


def _classes(pack: PolicyPack, subjects: Sequence[Subject]) -> list[SecretClass | None]:
    """The first class of the pack that matches, for each of `subjects`."""
    table = SubjectTable(subjects, [""] * len(subjects))
    found: list[SecretClass | None] = [None] * len(subjects)
    left: Sequence[int] = range(len(subjects))
    for one in pack.classes:
        for row in select(one.selector, table, left):
            found[row] = one
        left = [row for row in left if found[row] is None]
    return found


def _class_id(subject: Subject, found: SecretClass | None) -> str:
    if found is not None:
        return found.id
    return subject.secret_class if isinstance(subject, Leak) else ""


def _place(
    pack: PolicyPack,
    table: SubjectTable,
    classes: Sequence[SecretClass | None],
    inventory: Inventory,
    now: datetime,
    judging: Sequence[Sequence[object]],
) -> Iterator[_Placed]:
    """Every subject that a rule selects, with what its checks may know: one context for all that share it."""
    class_ids = {
        subject.id: one.id for subject, one in zip(table.subjects, classes, strict=True) if one is not None
    }
    periods = _periods(pack, table)
    contexts: dict[tuple[str, str], Context] = {}
    for row, subject in enumerate(table.subjects):
        if not judging[row]:
            continue
        secret_class, one = table.classes[row], classes[row]
        period, period_rule = periods.get(row, (None, ""))
        context = contexts.get((secret_class, period_rule))
        if context is None:
            context = contexts[secret_class, period_rule] = Context(
                now=now,
                inventory=inventory,
                roles=pack.roles,
                secret_class=secret_class,
                classes=class_ids,
                has_classes=bool(pack.classes),
                period=period,
                period_rule=period_rule,
            )
        yield _Placed(subject, subject.priority or (one.priority if one else ""), context)


def _periods(pack: PolicyPack, table: SubjectTable) -> Mapping[int, tuple[Duration, str]]:
    """Row of a secret → the shortest rotation period that a rule of the pack sets for it, and that rule's id."""
    demands = [(period, rule) for rule in pack.rules if (period := rule.check.rotation_period) is not None]
    demands.sort(key=lambda demand: (not demand[0].scheduled, demand[0].approximate_span, demand[1].id))
    found: dict[int, tuple[Duration, str]] = {}
    for period, rule in demands:
        demand = (period, rule.id)
        for row in table.selected(rule.selector, SECRET_KINDS):
            found.setdefault(row, demand)
    return found


def _locations(subject: Subject) -> tuple[SourceLine, ...]:
    if isinstance(subject, Leak):
        return tuple(
            SourceLine(path=place.path, line=place.line, commit=place.commit or "")
            for place in subject.occurrences
        )
    place: SourceLine | None = getattr(subject, "place", None)
    if place is not None:
        return (place,)
    if isinstance(subject, SecretMetadata) and subject.claims:
        return tuple([claim.place for claim in subject.claims])
    return ()


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
    for pack in packs:
        for subject, one in zip(subjects, _classes(pack, subjects), strict=True):
            if one is not None and subject.id not in found:
                found[subject.id] = (one.id, subject.priority or one.priority)
    return found
