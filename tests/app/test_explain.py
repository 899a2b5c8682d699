"""Explanations: every value with its line, every date with its rank, every verdict with its sum."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from keyproof.app.explain import EnvironmentGlob, Explainer
from keyproof.domain.assessment import Scope, ScopeStatus
from keyproof.domain.leak import Leak
from keyproof.domain.policy import Rule
from keyproof.domain.secret import Basis, SecretMetadata, SourceLine
from keyproof.domain.snapshot import Snapshot
from keyproof.policy.loader import load_policy
from keyproof.policy.witness import met_by
from keyproof.wiring.catalog import CHECKS
from tests.fakes.secrets import fact, leak, secret

BASE = """\
apiVersion: keyproof/v1
kind: PolicyPack
metadata: {id: base, title: Base, version: 1.0.0}
parameters: {period: {type: duration, default: 90d}}
rules:
  - {id: age, title: Values are young, check: max-age, with: {period: "${period}"}}
  - {id: leaks, title: No leaks, check: no-leak}
"""
HOUSE = """\
apiVersion: keyproof/v1
kind: PolicyPack
metadata: {id: house, title: House, version: 1.0.0}
extends: [base.yaml]
parameters: {period: 60d}
classes:
  - {id: ai, match: {name: ["*claude*", "*openai*"]}, priority: critical}
  - {id: key, match: {any: [{tag: {type: key}}, {name: "*key*"}]}}
rules:
  - id: age
    title: Keys are young
    check: max-age
    select: {class: [ai, key]}
    with:
      period: ${period}
      alerts: {10d: warning}
    controls: [{id: "soc2:CC6.1", strength: partial, preconditions: The period is defined.}]
  - {id: staging, title: In staging, check: required-metadata, select: {environment: staging}, severity: low, with: {fields: owner}}
"""
WAIVERS = """\
apiVersion: keyproof/v1
kind: Waivers
waivers:
  - {id: freeze, rule: age, select: {name: "*openai*"}, reason: r, requested-by: Ana, approved-by: [Ben, Cleo], from: 2025-10-01, until: 2025-10-31}
"""
OPENAI = secret(
    "shop/production/openai-api-key",
    fact("2025-07-01"),
    fact("2025-06-01"),
    fact("2025-09-30", Basis.INVENTORY),
    environment="production",
    owner="AI team",
)
PLAIN = secret("shop/plain", environment="staging")
GLOBS = (
    EnvironmentGlob(
        environment="production", glob="*/production/*", place=SourceLine(path="keyproof.yaml", line=5)
    ),
    EnvironmentGlob(environment="production", glob="shop/*", place=SourceLine(path="keyproof.yaml", line=6)),
)


@pytest.fixture
def explainer(tmp_path: Path) -> Explainer:
    return _explainer(tmp_path, OPENAI, PLAIN)


def _explainer(root: Path, *subjects: SecretMetadata | Leak) -> Explainer:
    for name, text in {"base.yaml": BASE, "house.yaml": HOUSE, "waivers.yaml": WAIVERS}.items():
        (root / name).write_text(text)
    read = Snapshot(
        taken_at=datetime(2025, 10, 5, tzinfo=UTC),
        secrets=tuple(s for s in subjects if isinstance(s, SecretMetadata)),
        leaks=tuple(s for s in subjects if isinstance(s, Leak)),
        repositories=(),
        scopes=(Scope(source="vault", kind="vault", scope="kv", status=ScopeStatus.DENIED, subjects=0),),
    )
    return Explainer(
        policy=load_policy(["house.yaml"], root=root, checks=CHECKS, waivers=["waivers.yaml"]),
        snapshot=read,
        now=datetime(2025, 10, 5, 12, tzinfo=UTC),
        met_by=met_by,
        environments=GLOBS,
    )


def _rule(explainer: Explainer, name: str) -> Rule:
    (rule,) = explainer.rules(name)
    return rule


def test_a_rule_names_the_line_of_every_value(explainer: Explainer) -> None:
    assert explainer.rule(_rule(explainer, "house/age")) == snapshot("""\
house/age: Keys are young
  stands in house.yaml:10
  replaces the rule of the same id in base.yaml:6

Effective values
  check                  max-age                            house.yaml:12
  select                 class (ai or key)                  house.yaml:13
  with.period            60d                                house.yaml:15
                         parameter period: 90d in base.yaml:4, then 60d in house.yaml:5
  with.alerts.10d        warning                            house.yaml:16
  with.min-confidence    declared                           default of max-age
  severity               medium, weighed by priority, environment and lateness

Gives evidence for
  soc2:CC6.1             partial; precondition: The period is defined.

Selects 1 of 2 subjects its check can judge, as of 2025-10-05 12:00 UTC
  fail           aws-secrets-manager://111122223333/us-east-1/shop/production/openai-api-key
  not read in full: vault
""")


def test_a_secret_names_all_that_decides_on_it(explainer: Explainer) -> None:
    assert explainer.subject(OPENAI) == snapshot("""\
shop/production/openai-api-key
  aws-secrets-manager://111122223333/us-east-1/shop/production/openai-api-key
  secret of source aws, owner AI team
  environment: production, by */production/* in keyproof.yaml:5
  class in house: ai, priority critical, by name *openai* in house.yaml:7; key would match too and stands below

Dates about the age of its value, best evidence first
  2025-07-01             version-created  exact        decides
  2025-06-01             version-created  exact        an earlier one of the same basis
  2025-09-30             inventory        declared     weaker basis

Rules that select it
  fail           house/age (house.yaml:10)
                 overdue by 36 days: value of 2025-07-01 (version-created) was due 2025-08-30 under 60d
                 due 2025-08-30, 36 days overdue
                 severity high: base medium, +1 priority critical = high
                 accepted until 2025-10-31 by waiver freeze (waivers.yaml:4), approved by Ben, Cleo
  pass           house/unclassified (house.yaml:7)
                 it states class ai

Not about it: house/leaks, house/staging
""")


def test_one_rule_on_one_secret(explainer: Explainer) -> None:
    text = explainer.verdict(OPENAI, _rule(explainer, "age"))
    assert text.partition("Selected by")[2] == snapshot("""\
 class ai

Verdict
  fail           house/age (house.yaml:10)
                 overdue by 36 days: value of 2025-07-01 (version-created) was due 2025-08-30 under 60d
                 value date: 2025-07-01
                 basis: version-created
                 confidence: exact
                 age: 96 days
                 period: 60d
                 due 2025-08-30, 36 days overdue
                 severity high: base medium, +1 priority critical = high
                 accepted until 2025-10-31 by waiver freeze (waivers.yaml:4), approved by Ben, Cleo
""")


def test_a_waiver_that_does_not_hold_says_why(explainer: Explainer) -> None:
    later = replace(explainer, now=datetime(2025, 11, 1, tzinfo=UTC))
    lines = later.verdict(OPENAI, _rule(later, "age")).splitlines()
    assert lines[-1].strip() == snapshot(
        "not accepted by waiver freeze (waivers.yaml:4): it is in force from 2025-10-01 to 2025-10-31 only"
    )


def test_what_a_rule_is_not_about_is_said_with_the_reason(explainer: Explainer) -> None:
    last = explainer.verdict(OPENAI, _rule(explainer, "staging")).splitlines()[-1]
    assert last == snapshot(
        "Not selected: the rule is about environment staging; this has the name shop/production/openai-api-key, class ai, environment production"
    )
    assert explainer.verdict(OPENAI, _rule(explainer, "leaks")).splitlines()[-1] == snapshot(
        "Not selected: no-leak judges leak, repository; this is a secret"
    )


def test_an_environment_stated_by_the_source_wins_and_shows_what_was_overruled(explainer: Explainer) -> None:
    text = explainer.subject(PLAIN)
    assert (
        "  environment: staging, as its source states; shop/* in keyproof.yaml:6 would have made it production\n"
        in text
    )
    assert "  class in house: none, of 2 tried\n" in text
    assert "  none: aws-secrets-manager shows none\n" in text


def test_classes_below_that_would_match_too_are_named(explainer: Explainer) -> None:
    assert "; key would match too and stands below\n" in explainer.subject(OPENAI)


def test_a_leak_is_a_subject_like_any_other(tmp_path: Path) -> None:
    found = leak()
    text = _explainer(tmp_path, found).subject(found)
    assert "fail           house/leaks (base.yaml:7)" in text
    assert "Dates about" not in text


def test_subjects_are_found_by_id_name_or_a_part_of_either(explainer: Explainer) -> None:
    assert explainer.subjects(OPENAI.id) == [OPENAI]
    assert explainer.subjects("shop/plain") == [PLAIN]
    assert explainer.subjects("OpenAI") == [OPENAI]
    assert explainer.subjects("shop/") == [PLAIN, OPENAI]
    assert explainer.subjects("nothing") == []


def test_names_from_outside_cannot_command_the_terminal(tmp_path: Path) -> None:
    hostile = secret("evil\x1b[2Jkey\nname")
    text = _explainer(tmp_path, hostile).subject(hostile)
    assert "\x1b" not in text
    assert "evil[U+001B][2Jkey[U+000A]name" in text
