"""The quick way of judging gives exactly what asking every rule about every subject would."""

import gc
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyproof.app.evaluate import classes_by_subject, evaluate, subjects_of
from keyproof.check_model import CheckModel
from keyproof.checks.access import Access
from keyproof.checks.inventory_drift import InventoryDrift
from keyproof.checks.max_age import MaxAge
from keyproof.checks.required_metadata import RequiredMetadata
from keyproof.checks.rotation_enabled import RotationEnabled
from keyproof.checks.storage import Storage
from keyproof.domain.assessment import Scope, ScopeStatus
from keyproof.domain.check import SECRET_KINDS, Check, Context, Inventory
from keyproof.domain.finding import Finding, FindingDraft, finding_id, sealed
from keyproof.domain.leak import Leak, LeakConfidence
from keyproof.domain.policy import PolicyPack, Rule, SecretClass, Selector
from keyproof.domain.secret import Encryption, SecretMetadata, SourceLine, SubjectKind
from keyproof.domain.severity import derive
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.subject import Document, Subject
from keyproof.domain.verdict import Outcome, Severity, Verdict
from keyproof.policy.globs import Globs
from keyproof.policy.selector import (
    AllOf,
    AnyOf,
    ByAttribute,
    ByClass,
    ByFingerprint,
    ByName,
    ByPriority,
    ByTag,
    Everything,
    Not,
)
from tests.fakes.secrets import fact, grant, secret

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = Encryption(encrypted=True, key="one", customer_managed=True)
ROLES = {"devops": ("ops-*",)}
WORDS = ("jwt", "JWT-key", "db", "prod/db", "a", "")
GLOBS = ("*", "*jwt*", "jwt*", "*DB", "prod/*", "a", "?", "[ab]", "*d*b*", "")


class Told(CheckModel):
    """Tells everything it was given, so that any difference of context shows."""

    kind: ClassVar[str] = "told"
    subjects: ClassVar[frozenset[SubjectKind]] = SECRET_KINDS | {SubjectKind.LEAK, SubjectKind.DOCUMENT}

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        period = context.period.text if context.period else "none"
        return Verdict(
            outcome=Outcome.FAIL if "d" in subject.name else Outcome.PASS,
            reason=f"{subject.id} {context.secret_class} {period} {context.period_rule} {sorted(context.classes.items())}",
            days_overdue=400 if "b" in subject.name else 1,
        )


globs = st.lists(st.sampled_from(GLOBS), min_size=1, max_size=3).map(Globs.compile)
leaves: st.SearchStrategy[Selector] = st.one_of(
    st.just(Everything()),
    st.builds(ByAttribute, st.sampled_from(("environment", "owner", "type", "detector", "backend")), globs),
    st.builds(ByName, globs, st.none() | globs),
    st.builds(ByTag, st.sampled_from(("team", "Team", "none")), globs),
    st.builds(ByFingerprint, st.sets(st.sampled_from(WORDS)).map(frozenset)),
)
in_classes: st.SearchStrategy[Selector] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: AllOf(tuple(parts))),
        st.lists(inner, max_size=3).map(lambda parts: AnyOf(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=4,
)
in_rules: st.SearchStrategy[Selector] = st.one_of(
    in_classes,
    st.builds(ByClass, globs),
    st.builds(ByPriority, globs, st.just({"one": "jwt", "two": "a"})),
    st.builds(Not, st.builds(ByClass, globs)),
)
checks: st.SearchStrategy[Check] = st.sampled_from(
    (
        Told(),
        MaxAge.model_validate({"period": "90d"}),
        MaxAge.model_validate({"period": "24h"}),
        MaxAge.model_validate({"period": "3mo"}),
        MaxAge.model_validate({"period": "on compromise"}),
        RotationEnabled.model_validate({}),
        InventoryDrift.model_validate({}),
        RequiredMetadata.model_validate({"fields": ["owner", "class", "tag:team"]}),
        RequiredMetadata.model_validate({"fields": ["class"]}),
        Storage.model_validate({"encrypted": True, "customer-key": True}),
        Access.model_validate({"roles": {"devops": "deny"}, "others": "allow"}),
    )
)
words = st.sampled_from(WORDS)
secrets = st.builds(
    lambda name, environment, owner, priority, tags, days, source, more: secret(
        name,
        *(fact(NOW - timedelta(days=day)) for day in days),
        environment=environment,
        owner=owner,
        priority=priority,
        tags=tags,
        source=source,
        place=SourceLine(path="x", line=1),
        **more,
    ),
    words,
    words,
    words,
    words,
    st.dictionaries(st.sampled_from(("team", "TEAM", "other")), words),
    st.lists(st.integers(-1, 400), max_size=2),
    st.sampled_from(("aws", "table")),
    st.fixed_dictionaries(
        {},
        optional={
            "encryption": st.sampled_from((KEY, replace(KEY, key="other"), replace(KEY, encrypted=False))),
            "grants": st.sampled_from(((), (grant("ops-bo"),), (grant("dev-ana"),))),
            "deletion": st.just(NOW),
            "attributes": st.sampled_from(({"empty": True}, {"identity-policies": "not read"})),
            "unread": st.just({"owner": "no right"}),
        },
    ),
)
leaks = st.builds(
    lambda name, detector: Leak(
        fingerprint=name, detector=detector, title=name, secret_class=name, repository="r", preview="",
        occurrences=(), confidence=LeakConfidence.LIKELY,
    ),
    words,
    words,
)  # fmt: skip


@st.composite
def packs(draw: st.DrawFn) -> PolicyPack:
    """A pack with a few classes and rules."""
    name = draw(st.sampled_from(("one-pack", "zed")))
    rules = tuple(
        Rule(
            id=f"rule-{index}", pack=name, title="A rule", check=draw(checks), selector=draw(in_rules),
            severity=draw(st.sampled_from((None, Severity.LOW))), judged_in=draw(st.sampled_from(("", "", "x"))),
        )
        for index in draw(st.permutations(range(draw(st.integers(0, 4)))))
    )  # fmt: skip
    return PolicyPack(
        id=name, title="T", version="1", document=Document(pack=name, name=name), roles=ROLES, rules=rules,
        classes=tuple(
            SecretClass(id=key, title=key, selector=draw(in_classes), priority=draw(words))
            for key in draw(st.sampled_from(((), ("one",), ("one", "two"))))
        ),
        digest="d", disabled={},
    )  # fmt: skip


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """A few secrets and leaks; of one id there is only one secret."""
    found = {one.id: one for one in draw(st.lists(secrets, max_size=6))}
    sealed_leaks = {(one.id, one.detector): one for one in draw(st.lists(leaks, max_size=3))}
    status = draw(st.sampled_from(ScopeStatus))
    return Snapshot(
        taken_at=NOW,
        secrets=tuple(found[key] for key in sorted(found)),
        leaks=tuple(sealed_leaks[key] for key in sorted(sealed_leaks)),
        repositories=(),
        scopes=(Scope(source="aws", kind="aws-secrets-manager", scope="s", status=status, subjects=1),),
        inventory_sources=frozenset({"table"}),
    )


def plainly(pack: PolicyPack, snapshot: Snapshot) -> Iterator[Finding]:
    """Every rule asked about every subject, nothing shared and nothing remembered."""
    complete = {scope.source for scope in snapshot.scopes if scope.status is ScopeStatus.OK}
    inventory = Inventory(
        secrets=snapshot.secrets, leaks=snapshot.leaks, inventory_sources=snapshot.inventory_sources,
        complete_sources=frozenset(complete), live_sources=frozenset({"aws"}),
    )  # fmt: skip
    subjects = subjects_of(snapshot, [pack])
    placed = {id(subject): pack.class_of(subject) for subject in subjects}
    by_id = {subject.id: one.id for subject in subjects if (one := placed[id(subject)])}
    for rule in sorted(pack.rules, key=lambda rule: rule.id):
        for subject in subjects:
            one = placed[id(subject)]
            name = one.id if one else subject.secret_class if isinstance(subject, Leak) else ""
            if rule.judged_in or subject.kind not in rule.check.subjects:
                continue
            if not rule.selector.matches(subject, name):
                continue
            periods = [
                (not period.scheduled, period.approximate_span, other.id, period)
                for other in pack.rules
                if isinstance(subject, SecretMetadata)
                and (period := other.check.rotation_period)
                and other.selector.matches(subject, name)
            ]
            shortest = min(periods, key=lambda entry: entry[:3], default=None)
            context = Context(
                now=NOW, inventory=inventory, roles=ROLES, secret_class=name, classes=by_id, has_classes=bool(pack.classes),
                period=shortest[3] if shortest else None, period_rule=shortest[2] if shortest else "",
            )  # fmt: skip
            yield _finding(rule, subject, one, rule.check.evaluate(subject, context))


def _finding(rule: Rule, subject: Subject, one: SecretClass | None, verdict: Verdict) -> Finding:
    period = rule.check.rotation_period
    weighed = derive(
        rule.check.base_severity,
        priority=subject.priority or (one.priority if one else ""),
        environment=subject.environment,
        days_overdue=verdict.days_overdue,
        period_days=period.approximate_span.days if period else None,
    )
    return Finding(
        id=finding_id(pack=rule.pack, rule=rule.id, check=rule.check.kind, subject=subject.id),
        rule=rule.id,
        rule_title=rule.title,
        pack=rule.pack,
        check=rule.check.kind,
        subject=subject.id,
        outcome=verdict.outcome,
        severity=rule.severity or weighed.severity,
        severity_reason=f"stated by the rule = {rule.severity}" if rule.severity else weighed.formula,
        reason=verdict.reason,
        evidence=verdict.evidence,
        due=verdict.due,
        days_overdue=verdict.days_overdue,
        alert=verdict.alert,
        locations=(SourceLine(path="x", line=1),) if isinstance(subject, SecretMetadata) else (),
    )


@settings(max_examples=200)
@given(packs(), snapshots())
def test_the_quick_way_gives_what_the_plain_way_gives(pack: PolicyPack, snapshot: Snapshot) -> None:
    found = evaluate([pack], snapshot, now=NOW)
    judged = [
        finding
        for finding in found
        if "in scope matches" not in finding.reason and "that was read" not in finding.reason
    ]
    assert repr(judged) == repr(list(plainly(pack, snapshot)))
    met = {finding.rule for finding in judged}
    assert (
        {finding.rule for finding in found} == {rule.id for rule in pack.rules if not rule.judged_in} >= met
    )


@given(packs(), snapshots())
def test_classes_are_the_first_that_match(pack: PolicyPack, snapshot: Snapshot) -> None:
    subjects = subjects_of(snapshot, [pack])
    plain = {
        subject.id: (one.id, subject.priority or one.priority)
        for subject in reversed(subjects)
        if (one := pack.class_of(subject))
    }
    assert classes_by_subject([pack], subjects) == plain


def test_packs_and_rules_come_in_order_whatever_the_order_given() -> None:
    rules = tuple(
        Rule(id=name, pack="p", title="T", check=Told(), selector=Everything(), severity=None)
        for name in "ba"
    )
    one = PolicyPack(
        id="p", title="T", version="1", document=Document(pack="p", name="p"), classes=(), roles={},
        rules=rules, digest="", disabled={},
    )  # fmt: skip
    other = replace(
        one,
        id="o",
        document=Document(pack="o", name="o"),
        rules=tuple(replace(rule, pack="o") for rule in rules),
    )
    snapshot = Snapshot(taken_at=NOW, secrets=(secret("x"),), leaks=(), repositories=(), scopes=())
    found = [(finding.pack, finding.rule) for finding in evaluate([one, other], snapshot, now=NOW)]
    assert found == sorted(found)
    assert list(dict.fromkeys(found)) == [("o", "a"), ("o", "b"), ("p", "a"), ("p", "b")]


@pytest.mark.parametrize("was_on", [True, False])
def test_the_collector_of_cycles_is_left_as_it_was(was_on: bool) -> None:
    snapshot = Snapshot(taken_at=NOW, secrets=(), leaks=(), repositories=(), scopes=())
    try:
        if not was_on:
            gc.disable()
        evaluate([], snapshot, now=NOW)
        assert gc.isenabled() is was_on
    finally:
        gc.enable()


def test_a_sealed_draft_is_a_finding_that_nothing_changes() -> None:
    finding = Finding(
        id="i", rule="r", rule_title="t", pack="p", check="c", subject="s", outcome=Outcome.FAIL,
        severity=Severity.LOW, severity_reason="", reason="", due=date(2026, 1, 1),
    )  # fmt: skip
    draft = FindingDraft()
    for field in fields(Finding):
        setattr(draft, field.name, getattr(finding, field.name))
    made = sealed(draft)
    assert made == finding
    assert made.gates
    with pytest.raises(AttributeError):
        made.reason = "other"  # type: ignore[misc]  # what must not work
