"""The shipped packs: they load with the real checks, say enough, and claim no more than a scan can show."""

import os
import re
from pathlib import Path

import pytest

from keyproof import resources
from keyproof.domain.policy import Policy, Strength
from keyproof.domain.secret import SecretMetadata
from keyproof.policy.catalogue import load_catalogue, shipped_catalogues
from keyproof.policy.files import shipped_packs
from keyproof.policy.lint import lint
from keyproof.policy.loader import load_policy
from keyproof.wiring.catalog import CHECKS


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(list(shipped_packs()), root=Path.cwd(), checks=CHECKS, frameworks=(), waivers=())


def test_the_packs_are_those_promised() -> None:
    assert {"baseline", "soc2", "pci-dss-4.0.1", "content-platform"} <= set(shipped_packs())


@pytest.mark.parametrize("name", sorted(shipped_packs()))
def test_each_pack_loads_alone_without_doubt(name: str, tmp_path: Path) -> None:
    policy = load_policy([name], root=tmp_path, checks=CHECKS, frameworks=(), waivers=())
    assert [pack.id for pack in policy.packs] == [name]
    assert lint(policy) == ()


def test_every_rule_says_what_to_do_and_what_it_is_evidence_for(policy: Policy) -> None:
    rules = [rule for pack in policy.packs for rule in pack.rules]
    assert [rule.id for rule in rules if not rule.remediation] == []
    assert {rule.id for rule in rules if not rule.controls} <= {"unclassified"}


def test_places_do_not_depend_on_the_machine(policy: Policy) -> None:
    places = [rule.place for pack in policy.packs for rule in pack.rules]
    assert all(place and place.path.startswith("policies/") for place in places)


def test_no_pack_claims_more_than_its_controls_allow(policy: Policy) -> None:
    claims = [claim for pack in policy.packs for rule in pack.rules for claim in rule.controls]
    assert not any(claim.strength is Strength.FULL for claim in claims)
    assert not any(claim.id == "pci-dss-4.0.1:8.3.9" for claim in claims)
    for claim in claims:
        ceiling = load_catalogue(shipped_catalogues()[claim.id.partition(":")[0]]).ceilings[claim.id]
        assert ceiling.strongest != "none"
        assert not (claim.strength is Strength.PARTIAL and ceiling.strongest == "supporting")


def test_pci_rules_that_judge_secrets_stay_inside_the_cardholder_environment(policy: Policy) -> None:
    pack = next(pack for pack in policy.packs if pack.id == "pci-dss-4.0.1")
    outside = SecretMetadata(
        id="x://a", name="a", source="x", backend="x", scope="x", environment="production"
    )
    assert pack.class_of(outside) is None
    judged = {
        rule.id
        for rule in pack.rules
        if outside.kind in rule.check.subjects and rule.selector.matches(outside, "")
    }
    assert judged == set()


def test_the_sample_waivers_load(tmp_path: Path) -> None:
    path = resources.policies() / "examples" / "content-platform" / "waivers.yaml"
    policy = load_policy(
        ["content-platform"], root=tmp_path, checks=CHECKS, frameworks=(), waivers=[str(path)]
    )
    assert [waiver.id for waiver in policy.waivers] == ["crm-vendor-freeze"]


TABLE = {
    "Google Service Account": ("google-service-account", "critical", 90),
    "Notion API Key": ("notion-key", "critical", 90),
    "OpenAI API Key": ("openai-key", "critical", 60),
    "CRM API Key": ("crm-key", "critical", 90),
    "Platform API Key": ("platform-key", "critical", 90),
    "Database Password": ("database", "critical", 90),
    "Redis Password": ("redis", "high", 90),
    "JWT Secret": ("jwt-secret", "critical", 180),
    "Encryption Keys": ("encryption-key", "critical", 365),
    "CDN API Key": ("cdn-key", "medium", 90),
    "Webhook Secrets": ("webhook-secret", "medium", 90),
    "Slack Webhook": ("slack-webhook", "low", 180),
}
BACKEND_NAMES = {
    "acme/production/openai-api-key": "openai-key",
    "acme/production/crm-api-key": "crm-key",
    "acme/production/platform-api-key": "platform-key",
    "acme/production/google-credentials": "google-service-account",
    "acme/production/notion-api-key": "notion-key",
    "acme/production/database-password": "database",
    "acme/production/database-url": "database",
    "acme/production/jwt-secret-key": "jwt-secret",
    "acme/production/api-key-encryption-key": "encryption-key",
    "production/crm": "crm-key",
    "production/platform": "platform-key",
    "production/openai": "openai-key",
    "production/notion": "notion-key",
    "production/google": "google-service-account",
    "production/database": "database",
}


@pytest.mark.parametrize("name", sorted(TABLE))
def test_the_example_s_table_becomes_classes_priorities_and_periods(policy: Policy, name: str) -> None:
    pack = next(pack for pack in policy.packs if pack.id == "content-platform")
    row = SecretMetadata(
        id=f"inventory://table#{name}", name=name, source="table", backend="inventory", scope="table"
    )
    found = pack.class_of(row)
    assert found is not None
    periods = [
        period.span.days
        for rule in pack.rules
        if rule.check.kind == "max-age"
        and (period := rule.check.rotation_period)
        and rule.selector.matches(row, found.id)
    ]
    assert (found.id, found.priority, periods) == (TABLE[name][0], TABLE[name][1], [TABLE[name][2]])


@pytest.mark.seeds
def test_the_table_is_that_of_the_source_document() -> None:
    folder = Path(os.environ.get("KEYPROOF_SEEDS") or resources.policies().parent.parent / "shared" / "seeds")
    documents = sorted(folder.glob("000_*.txt")) if folder.is_dir() else []
    if not documents:
        pytest.skip("the source documents are not here; set KEYPROOF_SEEDS to their folder")
    rows = re.findall(
        r"^\| ([^|]+?) \| [^|]+ \| (\d+) days \| (\w+) \|$", documents[0].read_text(), re.MULTILINE
    )
    stated = {name: (priority.lower(), int(days)) for name, days, priority in rows}
    assert stated == {name: (priority, days) for name, (_, priority, days) in TABLE.items()}


@pytest.mark.parametrize("name", sorted(BACKEND_NAMES))
def test_the_example_s_backend_names_meet_the_same_classes(policy: Policy, name: str) -> None:
    pack = next(pack for pack in policy.packs if pack.id == "content-platform")
    secret = SecretMetadata(id=f"x://{name}", name=name, source="x", backend="x", scope="x")
    found = pack.class_of(secret)
    assert found is not None
    assert found.id == BACKEND_NAMES[name]
