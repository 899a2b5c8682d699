"""The five example organisations: each pack loads without doubt and holds its own dates."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from keyproof import resources
from keyproof.app.evaluate import evaluate
from keyproof.domain.finding import Finding
from keyproof.domain.leak import Leak, LeakConfidence, Occurrence
from keyproof.domain.policy import Policy
from keyproof.domain.secret import (
    Basis,
    Confidence,
    DatedFact,
    SecretMetadata,
    SecretVersion,
    SubjectKind,
    VersionState,
)
from keyproof.domain.snapshot import Snapshot
from keyproof.domain.verdict import Outcome
from keyproof.policy.catalogue import shipped_catalogues
from keyproof.policy.lint import lint
from keyproof.policy.loader import load_policy
from keyproof.wiring.catalog import CHECKS
from tests.policy.example_suites import EXAMPLES

START = date(2026, 3, 2)


@cache
def _load(name: str, *, attestations: tuple[str, ...] = (), waivers: tuple[str, ...] = ()) -> Policy:
    return load_policy([name], root=Path.cwd(), checks=CHECKS, attestations=attestations, waivers=waivers)


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def _secret(name: str, *, environment: str = "production", rotated: date = START) -> SecretMetadata:
    at = datetime(rotated.year, rotated.month, rotated.day, tzinfo=UTC)
    fact = DatedFact(at=at, basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT)
    return SecretMetadata(
        id=f"vault://case/{name}",
        name=name,
        source="vault",
        backend="vault",
        scope="vault",
        environment=environment,
        facts=(fact,),
    )


def _findings(
    pack: str, rule: str, now: datetime, *secrets: SecretMetadata, leaks: tuple[Leak, ...] = ()
) -> list[Finding]:
    snapshot = Snapshot(taken_at=now, secrets=secrets, leaks=leaks, repositories=(), scopes=())
    return list(evaluate(_load(pack).packs, snapshot, now=now, keep_rule=lambda found: found.id == rule))


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_loads_with_the_real_checks_and_leaves_no_doubt(name: str) -> None:
    policy = _load(name)
    assert lint(policy) == ()
    assert {framework.id for framework in policy.frameworks} <= set(shipped_catalogues())


PERIODS = [
    ("content-platform", "api-key-rotation", "acme/production/redis-password", 90),
    ("content-platform", "openai-rotation", "acme/production/openai-api-key", 60),
    ("content-platform", "jwt-rotation", "acme/production/jwt-secret-key", 180),
    ("content-platform", "slack-rotation", "acme/production/slack-webhook", 180),
    ("content-platform", "encryption-key-rotation", "acme/production/api-key-encryption-key", 365),
    ("sports-simulation", "high-risk-rotation", "JWT_SECRET", 30),
    ("sports-simulation", "high-risk-rotation", "API_KEY_MASTER", 30),
    ("sports-simulation", "high-risk-rotation", "POSTGRES_PASSWORD", 30),
    ("sports-simulation", "medium-risk-rotation", "AWS_ACCESS_KEY_ID", 90),
    ("sports-simulation", "medium-risk-rotation", "AWS_SECRET_ACCESS_KEY", 90),
    ("sports-simulation", "medium-risk-rotation", "REDIS_PASSWORD", 90),
    ("sports-simulation", "low-risk-rotation", "DATADOG_API_KEY", 182),
    ("assistant-service", "credential-rotation", "acme-prod-auth-database-url", 90),
    ("assistant-service", "credential-rotation", "acme-prod-openai-api-key", 90),
    ("assistant-service", "credential-rotation", "STRIPE_API_KEY", 90),
    ("assistant-service", "key-rotation", "acme-prod/jwt-keys", 365),
    ("assistant-service", "key-rotation", "NEW_ENCRYPTION_KEY", 365),
    ("customer-intelligence", "credential-rotation", "SECRET_KEY", 90),
    ("customer-intelligence", "credential-rotation", "API_KEY", 90),
    ("customer-intelligence", "credential-rotation", "DATABASE_URL", 90),
    ("customer-intelligence", "credential-rotation", "REDIS_PASSWORD", 90),
    ("customer-intelligence", "credential-rotation", "EMAIL_API_KEY", 90),
    ("customer-intelligence", "credential-rotation", "SMS_API_KEY", 90),
    ("customer-intelligence", "credential-rotation", "cloud-service-account", 90),
    ("customer-intelligence", "encryption-key-rotation", "DATA_ENCRYPTION_KEY", 180),
    ("management-app", "session-rotation", "SESSION_SECRET", 90),
    ("management-app", "database-rotation", "prod/app/database", 30),
    ("management-app", "encryption-key-rotation", "ENCRYPTION_KEY", 180),
]


@pytest.mark.parametrize(("pack", "rule", "name", "days"), PERIODS)
def test_a_secret_is_due_on_its_day_and_overdue_from_the_next(
    pack: str, rule: str, name: str, days: int
) -> None:
    due = START + timedelta(days=days)
    outcomes = []
    for shift in (-1, 0, 1):
        (finding,) = _findings(pack, rule, _at(due + timedelta(days=shift)), _secret(name))
        assert finding.due is not None
        assert finding.due == due
        outcomes.append(finding.outcome)
    assert outcomes == [Outcome.PASS, Outcome.PASS, Outcome.FAIL]


@pytest.mark.parametrize("name", ["POSTGRES_READ_REPLICA_PASSWORD", "SLACK_WEBHOOK_URL", "AWS_KMS_KEY_ID"])
def test_a_secret_that_the_text_puts_in_no_class_is_a_finding(name: str) -> None:
    (finding,) = _findings("sports-simulation", "unclassified", _at(START), _secret(name))
    assert finding.outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("pack", "rule", "name"),
    [
        ("customer-intelligence", "sentry-rotation", "SENTRY_DSN"),
        ("management-app", "provider-key-rotation", "OPENAI_API_KEY"),
        ("management-app", "provider-key-rotation", "STRIPE_SECRET_KEY"),
    ],
)
def test_what_only_events_change_is_never_overdue(pack: str, rule: str, name: str) -> None:
    (finding,) = _findings(pack, rule, _at(START + timedelta(days=4000)), _secret(name))
    assert (finding.outcome, finding.due) == (Outcome.PASS, None)


def test_staging_rotates_sooner_than_production() -> None:
    now = _at(START + timedelta(days=61))
    staging = _secret("SESSION_SECRET", environment="staging")
    (finding,) = _findings("management-app", "session-rotation-staging", now, staging)
    assert finding.outcome is Outcome.FAIL


GRACES = [
    ("content-platform", "provider-key-retired", "acme/production/notion-api-key", 24),
    ("content-platform", "service-credential-retired", "acme/production/crm-api-key", 48),
    ("content-platform", "jwt-secret-retired", "acme/production/jwt-secret-key", 7 * 24),
    ("assistant-service", "jwt-key-retired", "acme-prod/jwt-keys", 24),
    ("customer-intelligence", "old-secret-removed", "API_KEY", 48),
    ("management-app", "session-secret-retired", "SESSION_SECRET", 24),
]


@pytest.mark.parametrize(("pack", "rule", "name", "hours"), GRACES)
def test_an_old_version_outlives_its_grace_by_no_day(pack: str, rule: str, name: str, hours: int) -> None:
    changed = datetime(2026, 3, 2, tzinfo=UTC)
    plain = _secret(name)
    versions = (
        SecretVersion(id="2", state=VersionState.CURRENT, created_at=changed),
        SecretVersion(id="1", state=VersionState.PREVIOUS, created_at=changed - timedelta(days=60)),
    )
    secret = SecretMetadata(
        id=plain.id,
        name=name,
        source="vault",
        backend="vault",
        scope="vault",
        environment="production",
        facts=plain.facts,
        versions=versions,
    )
    (before,) = _findings(pack, rule, changed + timedelta(hours=hours - 1), secret)
    (after,) = _findings(pack, rule, changed + timedelta(hours=hours + 25), secret)
    assert (before.outcome, after.outcome) == (Outcome.PASS, Outcome.FAIL)


CLOCKS = {
    "content-platform": ("contained-in-time", "openai-key", "acme/production/openai-api-key", 15),
    "sports-simulation": ("revoked-after-leak", "jwt-secret", "JWT_SECRET", 60),
    "assistant-service": ("replaced-at-once", "api-key", "acme-prod-openai-api-key", 60),
    "customer-intelligence": ("contained-in-time", "api-key", "API_KEY", 5),
    "management-app": ("replaced-at-once", "openai-key", "OPENAI_API_KEY", 60),
}


@pytest.mark.parametrize("pack", sorted(CLOCKS))
@pytest.mark.parametrize(("late", "outcome"), [(0, Outcome.PASS), (1, Outcome.FAIL)])
def test_a_leaked_secret_is_replaced_within_the_minutes_named(pack: str, late: int, outcome: Outcome) -> None:
    rule, secret_class, name, minutes = CLOCKS[pack]
    leaked = datetime(2026, 3, 2, 10, tzinfo=UTC)
    place = Occurrence(
        path="a.py",
        line=1,
        column=1,
        end_line=1,
        commit="0" * 40,
        introduced_at=leaked,
        removed_at=None,
        in_head=True,
        where="history",
    )
    leak = Leak(
        fingerprint="0123456789abcdef",
        detector="case",
        title="case",
        secret_class=secret_class,
        repository="case",
        confidence=LeakConfidence.LIKELY,
        preview="case",
        occurrences=(place,),
    )
    plain = _secret(name)
    fact = DatedFact(
        at=leaked + timedelta(minutes=minutes + late),
        basis=Basis.VERSION_CREATED,
        confidence=Confidence.EXACT,
    )
    secret = SecretMetadata(
        id=plain.id,
        name=name,
        source="vault",
        backend="vault",
        scope="vault",
        environment="production",
        facts=(fact,),
    )
    (finding,) = _findings(pack, rule, leaked + timedelta(days=1), secret, leaks=(leak,))
    assert finding.outcome is outcome


@pytest.mark.parametrize(
    ("pack", "rule", "reviewed", "days"),
    [
        ("sports-simulation", "process-reviewed", date(2025, 9, 19), 30),
        ("customer-intelligence", "policy-reviewed", date(2026, 2, 12), 90),
    ],
)
def test_the_document_s_own_review_falls_due(pack: str, rule: str, reviewed: date, days: int) -> None:
    due = reviewed + timedelta(days=days)
    found = [_findings(pack, rule, _at(due + timedelta(days=late)))[0].outcome for late in (0, 1)]
    assert found == [Outcome.PASS, Outcome.FAIL]


@pytest.mark.parametrize(
    ("pack", "rule", "until"),
    [
        ("sports-simulation", "compliance-report", date(2026, 12, 3)),
        ("customer-intelligence", "penetration-test", date(2027, 3, 2)),
    ],
)
def test_what_people_attest_lapses(pack: str, rule: str, until: date) -> None:
    file = str(resources.policies() / "examples" / pack / "attestations.yaml")
    policy = _load(pack, attestations=(file,))
    empty = Snapshot(taken_at=_at(until), secrets=(), leaks=(), repositories=(), scopes=())
    outcomes = []
    for late in (0, 1):
        now = _at(until + timedelta(days=late))
        (finding,) = evaluate(policy.packs, empty, now=now, keep_rule=lambda found: found.id == rule)
        outcomes.append(finding.outcome)
    assert outcomes == [Outcome.MANUAL, Outcome.NOT_EVALUATED]


@pytest.mark.parametrize("pack", EXAMPLES)
def test_every_attested_duty_has_a_frequency(pack: str) -> None:
    duties = [rule for rule in _load(pack).packs[0].rules if rule.check.kind == "attested"]
    assert duties
    assert all(getattr(rule.check, "every", None) for rule in duties)
    assert all(rule.check.subjects == frozenset({SubjectKind.DOCUMENT}) for rule in duties)


def test_the_sample_waiver_loads() -> None:
    file = str(resources.policies() / "examples" / "management-app" / "waivers.yaml")
    assert [waiver.id for waiver in _load("management-app", waivers=(file,)).waivers] == ["database-freeze"]


def test_hipaa_rules_judge_only_what_is_marked_as_opening_health_information() -> None:
    pack = _load("hipaa").packs[0]
    outside = _secret("database-password")
    judged = {
        rule.id
        for rule in pack.rules
        if outside.kind in rule.check.subjects and rule.selector.matches(outside, "")
    }
    assert (pack.class_of(outside), judged) == (None, set())


@pytest.mark.parametrize("name", ["iso27001-2022", "hipaa"])
def test_a_framework_pack_maps_each_of_its_own_rules_to_its_framework(name: str) -> None:
    rules = [rule for rule in _load(name).packs[0].rules if rule.place and name in rule.place.path]
    assert rules
    assert all(any(claim.id.startswith(f"{name}:") for claim in rule.controls) for rule in rules)
