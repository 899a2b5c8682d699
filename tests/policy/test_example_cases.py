"""The cases of the example organisations are strict: each rule is met and not met, and a changed rule is noticed."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from keyproof import resources
from keyproof.app.cases import own_rules, run_case
from keyproof.app.evaluate import evaluate
from keyproof.domain.case import Suite
from keyproof.domain.duration import Duration, parse_duration
from keyproof.domain.policy import PolicyPack, Rule, Selector
from keyproof.domain.secret import SecretMetadata, SubjectKind
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.verdict import Outcome, Severity
from keyproof.policy.globs import Globs
from keyproof.policy.loader import load_policy
from keyproof.policy.selector import AllOf, AnyOf, ByAttribute, ByClass, ByName, Everything, Not
from keyproof.wiring.catalog import CHECKS
from tests.policy.example_suites import BAD, EXAMPLES, GOOD, example_suites, held

SAMPLES_HOLD_ON = datetime(2026, 11, 30, 12, tzinfo=UTC)
NOT_SECRETS = frozenset({SubjectKind.LEAK, SubjectKind.REPOSITORY, SubjectKind.DOCUMENT})
EQUAL = {
    ("key-algorithms", "minimum", "{'aes': 256}"): "2048 bits are the check's own minimum for RSA",
}
"""Changes that change nothing, with why."""


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_rule_is_met_in_one_case_and_not_met_in_another(name: str) -> None:
    outcomes: dict[str, set[str]] = defaultdict(set)
    for rule, result in held():
        outcomes[rule].add(result.case.expected.outcome)
    rules = [
        f"{name}/{rule.id}" for result in example_suites()[name] for rule in own_rules(_pack(result.suite))
    ]
    assert [rule for rule in rules if not outcomes[rule] & GOOD] == []
    assert [rule for rule in rules if not outcomes[rule] & BAD] == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_class_of_a_pack_is_met(name: str) -> None:
    (pack, *_) = (_pack(result.suite) for result in example_suites()[name] if _pack(result.suite).classes)
    met = {result.case.expected.secret_class for rule, result in held() if rule.startswith(f"{name}/")}
    assert {one.id for one in pack.classes} - met == set()


def _pack(suite: Suite) -> PolicyPack:
    (pack,) = suite.policy.packs
    return pack


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_changed_parameter_is_noticed(name: str) -> None:
    unnoticed = []
    for suite in (result.suite for result in example_suites()[name]):
        pack = _pack(suite)
        for rule in own_rules(pack):
            for what, changed in _changed_rules(rule):
                rules = tuple(changed if one.id == rule.id else one for one in pack.rules)
                if not _noticed(suite, replace(pack, rules=rules), {rule.id}):
                    unnoticed.append(f"{rule.id}: {what}")
    assert unnoticed == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_changed_priority_is_noticed(name: str) -> None:
    unnoticed = []
    for suite in (result.suite for result in example_suites()[name]):
        pack = _pack(suite)
        for one in pack.classes:
            for priority in {"critical", "low"} - {one.priority}:
                changed = replace(one, priority=priority)
                classes = tuple(changed if known.id == one.id else known for known in pack.classes)
                if not _noticed(suite, replace(pack, classes=classes), {rule.id for rule in pack.rules}):
                    unnoticed.append(f"{one.id}: {priority}")
    assert unnoticed == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_changed_selector_is_noticed(name: str) -> None:
    unnoticed = []
    for suite in (result.suite for result in example_suites()[name]):
        pack = _pack(suite)
        for rule in own_rules(pack):
            for looser in () if rule.check.subjects & NOT_SECRETS else _looser(rule.selector):
                changed = replace(rule, selector=looser)
                rules = tuple(changed if one.id == rule.id else one for one in pack.rules)
                if not _noticed(suite, replace(pack, rules=rules), {rule.id}):
                    unnoticed.append(f"{rule.id}: {looser.describe()}")
    assert unnoticed == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_changed_class_or_role_is_noticed(name: str) -> None:
    unnoticed = []
    for suite in (result.suite for result in example_suites()[name]):
        pack = _pack(suite)
        every = {rule.id for rule in pack.rules}
        for one in pack.classes:
            for other in _looser(one.selector):
                changed = replace(one, selector=other)
                classes = tuple(changed if known.id == one.id else known for known in pack.classes)
                if not _noticed(suite, replace(pack, classes=classes), every):
                    unnoticed.append(f"{one.id}: {other.describe()}")
        unnoticed += [
            f"{role}: {shorter}"
            for role, globs in pack.roles.items()
            for shorter in _without_one(globs)
            if not _noticed(suite, replace(pack, roles={**pack.roles, role: shorter}), every)
        ]
    assert unnoticed == []


def _looser(selector: Selector) -> Iterator[Selector]:
    """The selector without one of its conditions or patterns."""
    match selector:
        case AllOf(parts) | AnyOf(parts):
            for index, part in enumerate(parts):
                others = (*parts[:index], *parts[index + 1 :])
                yield type(selector)(others) if others else Everything()
                for other in _looser(part):
                    if not isinstance(other, Everything):
                        yield type(selector)((*parts[:index], other, *parts[index + 1 :]))
        case Not(part):
            yield from (Not(other) for other in _looser(part) if not isinstance(other, Everything))
            yield Everything()
        case ByName(names, ids):
            yield from (ByName(Globs.compile(globs), ids) for globs in _without_one(names.patterns))
            yield Everything()
        case ByClass(globs):
            yield from (ByClass(Globs.compile(left)) for left in _without_one(globs.patterns))
            yield Everything()
        case ByAttribute(attribute, globs):
            yield from (ByAttribute(attribute, Globs.compile(left)) for left in _without_one(globs.patterns))
            yield Everything()
        case Everything():
            return
        case _:
            yield Everything()


def _without_one(globs: Sequence[str]) -> Iterator[tuple[str, ...]]:
    if len(globs) > 1:
        yield from ((*globs[:index], *globs[index + 1 :]) for index in range(len(globs)))


def _noticed(suite: Suite, pack: PolicyPack, rules: set[str]) -> bool:
    policy = replace(suite.policy, packs=(pack,))
    return any(
        run_case(case, policy, suite.environments).faults for case in suite.cases if case.rule in rules
    )


def _changed_rules(rule: Rule) -> Iterator[tuple[str, Rule]]:
    """The rule with one thing that its pack states changed by the least there is."""
    check = rule.check
    assert isinstance(check, BaseModel)
    stated = check.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for name, value in stated.items():
        for other in _others(value):
            if (rule.id, name, str(other)) in EQUAL or _never_alerts(check, name):
                continue
            with suppress(ValidationError):  # a demand for nothing is refused, so nobody can write it
                changed: Any = type(check).model_validate({**stated, name: other})
                yield f"{name} {other}", replace(rule, check=changed)
    if rule.severity is not None:
        for severity in set(Severity) - {rule.severity}:
            yield f"severity {severity}", replace(rule, severity=severity)


def _never_alerts(check: BaseModel, name: str) -> bool:
    period = getattr(check, "period", None)
    return name == "alerts" and isinstance(period, Duration) and not period.scheduled


def _others(value: Any) -> Iterator[Any]:
    match value:
        case bool():
            yield not value
        case int():
            yield from (value - 1, value + 1)
        case "allow":
            yield "deny"
        case "deny":
            yield "allow"
        case str():
            yield from _other_periods(value)
        case list():
            yield from ([*value[:i], *value[i + 1 :]] for i in range(len(value)))
        case dict():
            for key, item in value.items():
                yield {name: other for name, other in value.items() if name != key}
                yield from ({**value, key: other} for other in _others(item))
        case _:
            return


def _other_periods(text: str) -> Iterator[str]:
    """The period a unit longer and shorter; of one that only events end, a year."""
    try:
        period = parse_duration(text)
    except ValueError:
        return
    if not period.scheduled:
        yield "365d"
        return
    unit, name = (timedelta(minutes=1), "min") if period.by_clock else (timedelta(days=1), "d")
    length = period.approximate_span // unit
    yield from (f"{length + 1}{name}", f"{length - 1}{name}")


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_sample_attestations_answer_every_duty_until_they_lapse(name: str) -> None:
    file = str(resources.policies() / "examples" / name / "attestations.yaml")
    policy = load_policy([name], root=Path.cwd(), checks=CHECKS, attestations=[file])
    (pack,) = policy.packs
    duties = {rule.id for rule in pack.rules if rule.check.kind == "attested"}
    given = {one.rule.removeprefix(f"{name}/") for one in policy.attestations}
    assert duties <= given
    on_their_day = _outcomes(pack, SAMPLES_HOLD_ON, given)
    assert on_their_day == dict.fromkeys(given, Outcome.MANUAL)
    last = max(one.until() for one in policy.attestations)
    later = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
    assert _outcomes(pack, later, given) == dict.fromkeys(given, Outcome.NOT_EVALUATED)


def _outcomes(pack: PolicyPack, now: datetime, rules: set[str]) -> dict[str, Outcome]:
    secret = SecretMetadata(
        id="vault://case/a",
        name="a",
        source="vault",
        backend="vault",
        scope="vault",
        environment="production",
    )
    snapshot = Snapshot(taken_at=now, secrets=(secret,), leaks=(), repositories=(), scopes=())
    found = evaluate([pack], snapshot, now=now, keep_rule=lambda rule: rule.id in rules)
    return {finding.rule: finding.outcome for finding in found}
