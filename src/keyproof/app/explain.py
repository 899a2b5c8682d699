"""Why a verdict is what it is: a rule with the line behind each of its values, a secret with all that decides on it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase

from keyproof.app.evaluate import classes_by_subject, evaluate, subjects_of
from keyproof.app.waive import is_about, waive
from keyproof.domain.assessment import ScopeStatus
from keyproof.domain.finding import Finding
from keyproof.domain.origin import Origin
from keyproof.domain.policy import Policy, PolicyPack, Rule, Selector
from keyproof.domain.secret import SecretMetadata, SourceLine
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Outcome
from keyproof.domain.wording import count, moment
from keyproof.report.visible import visible

_SHOWN_SUBJECTS = 20
_KEY_WIDTH = 22
_VALUE_WIDTH = 34

MetBy = Callable[[Selector, Subject, str], str]
"""Names the part of a selector that a subject meets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentGlob:
    """One line of `environments:` in keyproof.yaml."""

    environment: str
    glob: str
    place: SourceLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Explainer:
    """Explains one policy on one snapshot, as of `now`: the words of a run, with their reasons."""

    policy: Policy
    snapshot: Snapshot
    now: datetime
    """Timezone-aware, UTC."""
    met_by: MetBy
    environments: tuple[EnvironmentGlob, ...] = ()
    findings: Mapping[tuple[str, str, str], Finding] = field(init=False)
    """By pack, rule and subject."""
    by_id: Mapping[str, Subject] = field(init=False)
    classes: Mapping[str, tuple[str, str]] = field(init=False)
    """Subject id → its class and priority."""

    def __post_init__(self) -> None:
        """Judge everything once: a verdict on one secret may rest on another."""
        packs = self.policy.packs
        subjects = subjects_of(self.snapshot, packs)
        by_id = {subject.id: subject for subject in subjects}
        classes = classes_by_subject(packs, subjects)
        findings, _ = waive(
            evaluate(packs, self.snapshot, now=self.now),
            self.policy.waivers,
            subjects=by_id,
            classes=classes,
            today=self.now.date(),
        )
        by_place = {(finding.pack, finding.rule, finding.subject): finding for finding in findings}
        made = {"findings": by_place, "by_id": by_id, "classes": classes}
        for name, value in made.items():
            object.__setattr__(self, name, value)  # the way of a frozen dataclass to what it computes

    def rules(self, name: str) -> list[Rule]:
        """The rules called `name`, as `rule` or `pack/rule`."""
        rules = [rule for pack in self.policy.packs for rule in pack.rules]
        return [rule for rule in rules if name in {rule.id, f"{rule.pack}/{rule.id}"}]

    def disabled(self, name: str) -> str:
        """Which packs switch the rule called `name` off, and why; empty when none does."""
        lines = [
            f"{pack.id}/{rule} is switched off by the pack: {reason}"
            for pack in self.policy.packs
            for rule, reason in pack.disabled.items()
            if name in {rule, f"{pack.id}/{rule}"}
        ]
        return _text(lines) if lines else ""

    def subjects(self, name: str) -> list[Subject]:
        """The subjects with the id or name `name`; else those whose id or name holds it, letter case aside."""
        known = subjects_of(self.snapshot, self.policy.packs)
        exact = [subject for subject in known if name in {subject.id, subject.name}]
        folded = name.lower()
        return exact or [s for s in known if folded in s.id.lower() or folded in s.name.lower()]

    @property
    def unread(self) -> tuple[str, ...]:
        """Ids of the sources that could not be read in full."""
        return tuple(sorted({s.source for s in self.snapshot.scopes if s.status is not ScopeStatus.OK}))

    def rule(self, rule: Rule) -> str:
        """The rule with the place of each value, its controls, and what it selects."""
        return _text(
            [*self._head(rule), "", *self._values(rule), *_controls(rule), "", *self._selected(rule)]
        )

    def subject(self, subject: Subject) -> str:
        """The subject's class, environment and dates, and the verdict of every rule that selects it."""
        lines = [*self._about(subject), "", "Rules that select it"]
        passed_over = []
        for pack in self.policy.packs:
            for rule in pack.rules:
                if rule.judged_in:
                    continue
                if self._selects(rule, pack, subject):
                    lines += self._verdict(rule, subject)
                else:
                    passed_over.append(f"{pack.id}/{rule.id}")
        if passed_over:
            lines += ["", f"Not about it: {', '.join(passed_over)}"]
        return _text(lines)

    def verdict(self, subject: Subject, rule: Rule) -> str:
        """One rule on one subject: the rule's values, what selects the subject, and how the verdict came about."""
        pack = self._pack(rule)
        lines = [*self._head(rule), "", *self._values(rule), "", *self._about(subject, only=pack), ""]
        if not self._selects(rule, pack, subject):
            return _text([*lines, f"Not selected: {self._why_not(rule, pack, subject)}"])
        met = self.met_by(rule.selector, subject, _class_id(pack, subject))
        return _text([*lines, f"Selected by {met}", "", "Verdict", *self._verdict(rule, subject, facts=True)])

    def _pack(self, rule: Rule) -> PolicyPack:
        return next(pack for pack in self.policy.packs if pack.id == rule.pack)

    def _head(self, rule: Rule) -> Iterator[str]:
        yield f"{rule.pack}/{rule.id}: {rule.title}"
        yield f"  stands in {_at(rule.place)}"
        for place in rule.replaces:
            yield f"  replaces the rule of the same id in {_at(place)}"
        if rule.judged_in:
            yield f"  inherited by several packs, and judged once, in {rule.judged_in}"
        if rule.also_in:
            yield f"  judged here for {', '.join(rule.also_in)} too"

    def _values(self, rule: Rule) -> Iterator[str]:
        yield "Effective values"
        for origin in rule.origins:
            place = _at(origin.place) if origin.place else f"default of {rule.check.kind}"
            yield f"  {origin.key:{_KEY_WIDTH}} {origin.value:{_VALUE_WIDTH}} {place}"
            yield from self._steps(rule, origin)
        if rule.severity is None:
            derived = f"{rule.check.base_severity}, weighed by priority, environment and lateness"
            yield f"  {'severity':{_KEY_WIDTH}} {derived}"

    def _steps(self, rule: Rule, origin: Origin) -> Iterator[str]:
        known = {parameter.id: parameter for parameter in self._pack(rule).parameters}
        for name in origin.parameters:
            if name in known:
                steps = [f"{step.value} in {_at(step.place)}" for step in known[name].steps]
                yield f"  {'':{_KEY_WIDTH}} parameter {name}: {', then '.join(steps)}"

    def _selected(self, rule: Rule) -> Iterator[str]:
        pack = self._pack(rule)
        known = subjects_of(self.snapshot, [pack])
        judged = [subject for subject in known if subject.kind in rule.check.subjects]
        selected = [subject for subject in judged if self._selects(rule, pack, subject)]
        yield (
            f"Selects {len(selected)} of {count(len(judged), 'subject')} its check can judge, "
            f"as of {moment(self.now)}"
        )
        for subject in selected[:_SHOWN_SUBJECTS]:
            finding = self._finding(rule, subject)
            yield f"  {finding.outcome if finding else '?':14} {subject.id}"
        if more := len(selected) - _SHOWN_SUBJECTS:
            yield from [f"  and {more} more"] if more > 0 else []
        if self.unread:
            yield f"  not read in full: {', '.join(self.unread)}"

    def _about(self, subject: Subject, *, only: PolicyPack | None = None) -> Iterator[str]:
        yield subject.name
        yield f"  {subject.id}"
        yield f"  {subject.kind} of source {subject.source}" + (
            f", owner {subject.owner}" if getattr(subject, "owner", "") else ""
        )
        yield from self._environment(subject)
        for pack in [only] if only else self.policy.packs:
            if pack.classes:
                yield f"  class in {pack.id}: {self._class(pack, subject)}"
        if isinstance(subject, SecretMetadata):
            yield from ["", *_dates(subject)]

    def _environment(self, subject: Subject) -> Iterator[str]:
        first = next((entry for entry in self.environments if _covers(entry.glob, subject)), None)
        given = subject.environment
        if not given:
            yield "  environment: none; the source states none and no glob of keyproof.yaml covers it"
        elif first is None:
            yield f"  environment: {given}, as its source states"
        elif first.environment == given:
            yield f"  environment: {given}, by {first.glob} in {_at(first.place)}"
        else:
            yield (
                f"  environment: {given}, as its source states; {first.glob} in {_at(first.place)} would have "
                f"made it {first.environment}"
            )

    def _class(self, pack: PolicyPack, subject: Subject) -> str:
        found = pack.class_of(subject)
        if found is None:
            return f"none, of {len(pack.classes)} tried"
        met = self.met_by(found.selector, subject, "")
        also = [c.id for c in pack.classes if c.id != found.id and c.selector.matches(subject, "")]
        priority = f", priority {found.priority}" if found.priority else ""
        rest = (
            f"; {', '.join(also)} would match too and {'stands' if len(also) == 1 else 'stand'} below"
            if also
            else ""
        )
        return f"{found.id}{priority}, by {met} in {_at(found.place)}{rest}"

    def _selects(self, rule: Rule, pack: PolicyPack, subject: Subject) -> bool:
        return subject.kind in rule.check.subjects and rule.selector.matches(
            subject, _class_id(pack, subject)
        )

    def _why_not(self, rule: Rule, pack: PolicyPack, subject: Subject) -> str:
        if subject.kind not in rule.check.subjects:
            kinds = ", ".join(sorted(rule.check.subjects))
            return f"{rule.check.kind} judges {kinds}; this is a {subject.kind}"
        name = _class_id(pack, subject) or "none"
        return (
            f"the rule is about {rule.selector.describe()}; this has the name {subject.name}, class {name}, "
            f"environment {subject.environment or 'none'}"
        )

    def _finding(self, rule: Rule, subject: Subject) -> Finding | None:
        pack = rule.judged_in or rule.pack
        return self.findings.get((pack, rule.id, subject.id))

    def _verdict(self, rule: Rule, subject: Subject, *, facts: bool = False) -> Iterator[str]:
        finding = self._finding(rule, subject)
        if finding is None:
            return
        yield f"  {finding.outcome:14} {rule.pack}/{rule.id} ({_at(rule.place)})"
        yield f"  {'':14} {finding.reason}"
        if facts:
            yield from (
                f"  {'':14} {item.name}: {item.value}" for item in finding.evidence if item.name != "due"
            )
        if finding.due:
            late = f", {count(finding.days_overdue, 'day')} overdue" if finding.days_overdue else ""
            alert = f", alert {finding.alert}" if finding.alert else ""
            yield f"  {'':14} due {finding.due}{late}{alert}"
        if finding.outcome is Outcome.FAIL:
            yield f"  {'':14} severity {finding.severity}: {finding.severity_reason}"
            yield from self._waivers(finding)

    def _waivers(self, finding: Finding) -> Iterator[str]:
        """The waiver that accepts it; otherwise every one that is about it, and why it does not count."""
        for waiver in self.policy.waivers:
            named = f"waiver {waiver.id} ({_at(waiver.place)})"
            if waiver.id == finding.waiver:
                approvers = ", ".join(waiver.approved_by)
                yield f"  {'':14} accepted until {waiver.until} by {named}, approved by {approvers}"
            elif finding.waiver is None and is_about(waiver, finding, self.by_id, self.classes):
                refusal = waiver.refusal(finding.severity, self.now.date())
                yield f"  {'':14} not accepted by {named}: {refusal}"


def _controls(rule: Rule) -> Iterator[str]:
    if not rule.controls:
        return
    yield from ["", "Gives evidence for"]
    for edge in rule.controls:
        condition = f"; precondition: {edge.preconditions}" if edge.preconditions else ""
        yield f"  {edge.id:{_KEY_WIDTH}} {edge.strength}{condition}"


def _dates(secret: SecretMetadata) -> Iterator[str]:
    """Every date about the value's age, the one that counts first."""
    yield "Dates about the age of its value, best evidence first"
    best = secret.value_date
    if best is None:
        why = secret.unread.get("facts") or secret.unread.get("versions") or f"{secret.backend} shows none"
        yield f"  none: {why}"
        return
    for fact in sorted(secret.facts, key=lambda fact: (fact.rank, -fact.at.timestamp())):
        if fact == best:
            note = "decides"
        else:
            note = "an earlier one of the same basis" if fact.basis is best.basis else "weaker basis"
        yield f"  {moment(fact.at):22} {fact.basis:16} {fact.confidence:12} {note}"


def _covers(glob: str, subject: Subject) -> bool:
    return isinstance(subject, SecretMetadata) and any(
        fnmatchcase(text, glob) for text in (subject.name, subject.id)
    )


def _class_id(pack: PolicyPack, subject: Subject) -> str:
    found = pack.class_of(subject)
    return found.id if found else getattr(subject, "secret_class", "")


def _at(place: SourceLine | None) -> str:
    return f"{place.path}:{place.line}" if place else "no file"


def _text(lines: Sequence[str]) -> str:
    return "\n".join(visible(line.rstrip()) for line in lines) + "\n"
