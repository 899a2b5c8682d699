"""The inventory collector over the five source documents as they are."""

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from keyproof.collectors.inventory import InventoryCollector, InventoryConfig
from keyproof.domain.assessment import Collected, Gap
from keyproof.domain.secret import InventoryClaim, SecretMetadata
from keyproof.domain.verdict import Evidence
from keyproof.ports import Surroundings
from tests.fakes.ports import FixedClock

FOLDER = Path(os.environ.get("KEYPROOF_SEEDS") or Path(__file__).parents[3] / "shared" / "seeds")
pytestmark = [
    pytest.mark.seeds,
    pytest.mark.skipif(
        not FOLDER.is_dir(), reason=f"the source documents are not in {FOLDER}; set KEYPROOF_SEEDS"
    ),
]


def collect(pattern: str) -> list[Collected]:
    world = Surroundings(root=FOLDER, environ={}, clock=FixedClock(), sleep=lambda _: None)
    reader = InventoryCollector("seed", InventoryConfig(path=pattern), world)
    (scope,) = reader.scopes()
    return list(reader.collect(scope))


def claims(items: Sequence[Collected]) -> dict[str, InventoryClaim]:
    return {item.name: item.claims[0] for item in items if isinstance(item, SecretMetadata)}


def lateness(claim: InventoryClaim) -> tuple[date, int]:
    """When the claim's own period makes it due, and by how many days its stated next date is later."""
    assert claim.period is not None
    assert claim.last_rotated is not None
    assert claim.next_rotation is not None
    due = claim.period.due(claim.last_rotated)
    return due, (claim.next_rotation - due).days


def test_s0_has_twelve_secrets_of_which_seven_are_dated() -> None:
    found = claims(collect("000_*"))
    assert len(found) == 12
    assert {name for name, claim in found.items() if claim.last_rotated is None} == {
        "Redis Password",
        "Encryption Keys",
        "CDN API Key",
        "Webhook Secrets",
        "Slack Webhook",
    }
    assert all(claim.period is not None and claim.problems == () for claim in found.values())


def test_s0_due_dates_differ_from_the_stated_next_rotations() -> None:
    found = claims(collect("000_*"))
    assert {name: lateness(claim) for name, claim in found.items() if claim.last_rotated} == {
        "Google Service Account": (date(2025, 12, 14), 1),
        "Notion API Key": (date(2025, 11, 30), 1),
        "OpenAI API Key": (date(2025, 11, 9), 1),
        "CRM API Key": (date(2025, 11, 18), 2),
        "Platform API Key": (date(2025, 11, 18), 2),
        "Database Password": (date(2025, 9, 29), 2),
        "JWT Secret": (date(2025, 11, 28), 185),
    }


def test_s0_statuses_owners_and_priorities_as_written() -> None:
    found = [item for item in collect("000_*") if isinstance(item, SecretMetadata)]
    told = {item.name: (item.priority, item.owner, item.claims[0].status) for item in found}
    assert told["Database Password"] == ("critical", "DBA", "overdue")
    assert told["CRM API Key"] == ("critical", "DevOps", "due-soon")
    assert told["JWT Secret"] == ("critical", "Security", "current")
    assert told["Slack Webhook"] == ("low", "", "")


def test_s3_has_five_inventory_rows_with_periods_by_type() -> None:
    found = {item.name: item for item in collect("003_*") if isinstance(item, SecretMetadata)}
    dated = {name: item for name, item in found.items() if item.facts}
    assert {name: item.type for name, item in dated.items()} == {
        "SECRET_KEY": "JWT Key",
        "API_KEY": "API Key",
        "DATABASE_URL": "DB Password",
        "REDIS_PASSWORD": "Redis Password",
        "SENTRY_DSN": "Sentry DSN",
    }
    assert all((item.environment, item.owner) == ("production", "DevOps") for item in dated.values())
    assert {name: lateness(item.claims[0]) for name, item in dated.items() if name != "SENTRY_DSN"} == {
        "SECRET_KEY": (date(2026, 4, 15), 0),
        "API_KEY": (date(2026, 4, 15), 0),
        "DATABASE_URL": (date(2026, 5, 2), -1),
        "REDIS_PASSWORD": (date(2026, 5, 2), -1),
    }
    sentry = dated["SENTRY_DSN"].claims[0]
    assert (sentry.next_rotation, sentry.next_rotation_text) == (None, "On compromise")
    assert sentry.period is not None
    assert not sentry.period.scheduled
    assert found.keys() - dated.keys() == {
        "Encryption Keys",
        "EMAIL_API_KEY",
        "SMS_API_KEY",
        "Service account keys",
    }


@pytest.mark.parametrize("seed", ["001_*", "002_*", "004_*"])
def test_the_others_declare_nothing_in_tables_and_say_so(seed: str) -> None:
    items = collect(seed)
    assert claims(items) == {}
    assert any(isinstance(item, Evidence) and item.name == "no table" for item in items)


def test_s3_names_what_is_passed_over() -> None:
    items = collect("003_*")
    passed = [item.value for item in items if isinstance(item, Evidence) and "passed over" in item.name]
    assert [line.split(":")[0] for line in passed] == ["line 64", "line 211", "line 153"]
    assert not any(isinstance(item, Gap) for item in items)
