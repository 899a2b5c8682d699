"""Packs and inventories that the real loader and collector read, whatever the document."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyproof import config
from keyproof.collectors.inventory import InventoryCollector, InventoryConfig
from keyproof.document.contradiction import Kind
from keyproof.document.facts import PolicyText
from keyproof.document.finding import contradictions
from keyproof.document.reading import read_document
from keyproof.document.rules import Draft, draft
from keyproof.document.writing import configuration_text, inventory_text, pack_text
from keyproof.domain.check import Context, Inventory
from keyproof.domain.policy import Policy
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.verdict import Verdict
from keyproof.policy.lint import lint
from keyproof.policy.loader import load_policy
from keyproof.ports import Surroundings
from keyproof.wiring.catalog import CHECKS
from tests.fakes.ports import FixedClock

Texts = Mapping[str, PolicyText]


def drafted(text: PolicyText) -> Draft:
    return draft(text, kinds=CHECKS, inventory=True)


def loaded(text: str) -> Policy:
    with TemporaryDirectory() as folder:
        (Path(folder) / "pack.yaml").write_text(text, encoding="utf-8")
        return load_policy(["./pack.yaml"], root=Path(folder), checks=CHECKS)


def declared(text: str) -> dict[str, SecretMetadata]:
    with TemporaryDirectory() as folder:
        (Path(folder) / "inventory.yaml").write_text(text, encoding="utf-8")
        world = Surroundings(root=Path(folder), environ={}, clock=FixedClock(), sleep=lambda _: None)
        found = InventoryCollector("table", InventoryConfig(path="inventory.yaml"), world).collect(
            "inventory.yaml"
        )
        return {item.name: item for item in found if isinstance(item, SecretMetadata)}


def judged(made: Draft, check: str, day: date) -> dict[str, Verdict]:
    """Name → the verdict of the one rule of kind `check` that its class selects."""
    (pack,) = loaded(pack_text(made, id="imported")).packs
    secrets = declared(inventory_text(made))
    inventory = Inventory(
        secrets=tuple(sorted(secrets.values(), key=lambda s: s.id)), inventory_sources=frozenset({"table"})
    )
    now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    verdicts: dict[str, Verdict] = {}
    for name, secret in secrets.items():
        found = pack.class_of(secret)
        selected = [
            rule
            for rule in pack.rules
            if rule.check.kind == check and rule.selector.matches(secret, found.id if found else "")
        ]
        if selected:
            (rule,) = selected
            context = Context(now=now, inventory=inventory, secret_class=found.id if found else "")
            verdicts[name] = rule.check.evaluate(secret, context)
    return verdicts


DUE = {
    "Google Service Account": date(2025, 12, 14),
    "Notion API Key": date(2025, 11, 30),
    "OpenAI API Key": date(2025, 11, 9),
    "CRM API Key": date(2025, 11, 18),
    "Platform API Key": date(2025, 11, 18),
    "Database Password": date(2025, 9, 29),
    "JWT Secret": date(2025, 11, 28),
}
DUE_CUSTOMER = {
    "SECRET_KEY": date(2026, 4, 15),
    "API_KEY": date(2026, 4, 15),
    "DATABASE_URL": date(2026, 5, 2),
    "REDIS_PASSWORD": date(2026, 5, 2),
}


def due(made: Draft, day: date) -> dict[str, date]:
    return {name: verdict.due for name, verdict in judged(made, "max-age", day).items() if verdict.due}


def overdue(made: Draft, day: date) -> set[str]:
    return {name for name, verdict in judged(made, "max-age", day).items() if verdict.days_overdue}


def check_items_60_to_63(texts: Texts) -> None:
    first, fourth = drafted(texts["S0"]), drafted(texts["S3"])
    assert due(first, date(2025, 10, 5)) == DUE
    assert due(fourth, date(2026, 3, 1)) == DUE_CUSTOMER
    assert overdue(first, date(2025, 9, 29)) == set()
    assert overdue(first, date(2025, 9, 30)) == {"Database Password"}
    assert overdue(first, date(2025, 11, 10)) == {"Database Password", "OpenAI API Key"}
    assert overdue(first, date(2026, 11, 21)) == set(DUE)
    assert overdue(fourth, date(2026, 11, 21)) == set(DUE_CUSTOMER)
    drift = judged(first, "inventory-drift", date(2025, 11, 11))
    assert {name for name in DUE if drift[name].outcome == "fail"} == set(DUE)
    sentry = judged(fourth, "max-age", date(2026, 11, 21))["SENTRY_DSN"]
    assert (sentry.outcome, sentry.due) == ("pass", None)


@pytest.mark.seeds
def test_the_source_documents_give_the_true_due_dates(seeds: Texts) -> None:
    check_items_60_to_63(seeds)


def test_our_documents_give_the_true_due_dates(own: Texts) -> None:
    check_items_60_to_63(own)


def check_packs(texts: Texts) -> None:
    for text in texts.values():
        made = drafted(text)
        written = pack_text(made, id="imported")
        policy = loaded(written)
        (pack,) = policy.packs
        assert {rule.id for rule in made.rules} <= {rule.id for rule in pack.rules}
        assert [problem.message for problem in lint(policy) if "no rule of the pack" in problem.message] == []
        blocks = re.split(r"\n(?=  # )", written.partition("\nrules:\n")[2])
        assert len([block for block in blocks if "- id:" in block]) == len(made.rules)
        assert all(re.match(rf"\s*# {text.path}:\d+", block) for block in blocks if "- id:" in block)
        assert pack_text(drafted(text), id="imported") == written


@pytest.mark.seeds
def test_packs_of_the_source_documents_load_and_name_their_lines(seeds: Texts) -> None:
    check_packs(seeds)


def test_packs_of_our_documents_load_and_name_their_lines(own: Texts) -> None:
    check_packs(own)


def test_lists_of_names_become_an_inventory_too(own: Texts) -> None:
    found = declared(inventory_text(drafted(own["S1"])))
    assert len(found) == 10
    (claim,) = found["REDIS_PASSWORD"].claims
    assert claim.period is not None
    assert claim.period.text == "quarterly"
    assert found["DATADOG_API_KEY"].claims[0].period is None  # two periods fit: none is claimed


def test_a_document_without_names_gives_no_inventory(own: Texts) -> None:
    assert inventory_text(drafted(own["S2"])) == ""


def test_the_snippet_is_a_configuration(tmp_path: Path) -> None:
    path = tmp_path / "keyproof.yaml"
    path.write_text(
        configuration_text([("a.yaml", "a", "a-inventory.yaml"), ("b.yaml", "b", "")]), encoding="utf-8"
    )
    found = config.load(path, {})
    assert found.policies == ("./a.yaml", "./b.yaml")
    assert [(source.id, source.kind) for source in found.sources] == [("a-inventory", "inventory")]


NAMES = st.sampled_from(
    [
        "Billing",
        "Search",
        "Mail Relay",
        "Ledger",
        "Chart",
        "Queue",
        "Video",
        "Maps",
        "Photo",
        "Weather",
        "Forum",
    ]
)
KINDS = st.sampled_from(["API Key", "Secret", "Token", "Password", "Signing Key"])
PERIODS = st.sampled_from([7, 30, 45, 60, 90, 120, 180, 365])
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
HEADERS = st.tuples(
    st.sampled_from(["Secret", "Secret Name", "Credential", "Secret name"]),
    st.sampled_from(["Rotation Period", "Rotation Frequency", "Rotate every", "Max age", "Cadence"]),
    st.sampled_from(["Last Rotated", "Last rotation", "Rotated on", "Date rotated"]),
    st.sampled_from(["Next Rotation", "Next due", "Due date", "Rotate by"]),
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, dict[str, tuple[int, date, date]]]:
    """A document with one table of secrets, its columns in any order, and what its rows say."""
    headers = draw(HEADERS)
    order = draw(st.permutations(range(5)))
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    truth: dict[str, tuple[int, date, date]] = {}
    columns = [*headers, "Remark"]
    lines = ["| " + " | ".join(columns[index] for index in order) + " |", "|" + "---|" * 5]
    for name in names:
        title, period, last = f"{name} {draw(KINDS)}", draw(PERIODS), draw(DAYS)
        coming = last + timedelta(days=period + draw(st.sampled_from([-1, 0, 0, 2, 185])))
        truth[title] = (period, last, coming)
        cells = [
            title,
            f"{period} days",
            str(last),
            str(coming),
            draw(st.sampled_from(["", "see wiki", "✅ fine"])),
        ]
        lines.append("| " + " | ".join(cells[index] for index in order) + " |")
    heading = draw(st.sampled_from(["# Secrets", "## 3. Rotation", "Secrets\n=======", "### 🔑 Credentials"]))
    return f"{heading}\n\n{draw(st.sampled_from(['', 'Some words.']))}\n\n" + "\n".join(lines), truth


@given(tables())
@settings(deadline=None, max_examples=60)
def test_any_table_gives_its_periods_and_its_wrong_dates(
    made: tuple[str, dict[str, tuple[int, date, date]]],
) -> None:
    text, truth = made
    document = read_document(text, path="policy.md")
    wrong = {
        name for name, (period, last, coming) in truth.items() if last + timedelta(days=period) != coming
    }
    assert {one.subject for one in contradictions([document]) if one.kind is Kind.NEXT_DATE} == wrong
    found = drafted(document)
    dates = {name: verdict.due for name, verdict in judged(found, "max-age", date(2031, 1, 1)).items()}
    assert dates == {name: last + timedelta(days=period) for name, (period, last, _) in truth.items()}


@given(
    st.lists(st.tuples(NAMES, KINDS), min_size=1, max_size=5, unique_by=lambda pair: pair[0]),
    st.sampled_from(
        [
            "{bar} Group A (Rotate {period})",
            "{bar} Rotated {period}",
            "{bar} 4. Rotation: {period}",
            "Rotate {period}:",
        ]
    ),
    st.sampled_from(
        [("Monthly", 30), ("quarterly", 90), ("every 45 days", 45), ("Every 2 weeks", 14), ("yearly", 365)]
    ),
    st.sampled_from(["-", "*", "+", "1."]),
    st.integers(1, 4),
)
@settings(deadline=None, max_examples=60)
def test_any_heading_with_a_period_rules_its_list(
    pairs: list[tuple[str, str]], heading: str, period: tuple[str, int], bullet: str, level: int
) -> None:
    names = [f"{name} {kind}" for name, kind in pairs]
    title = heading.format(bar="#" * level, period=period[0])
    text = f"Keys of the house\n=====\n\n{title}\n\n" + "\n".join(f"{bullet} {name}" for name in names)
    document = read_document(text, path="policy.md")
    (schedule,) = document.schedules
    assert (schedule.names, schedule.place.line) == (tuple(names), 4)
    assert schedule.period.span == timedelta(days=period[1])
    (pack,) = loaded(pack_text(drafted(document), id="imported")).packs
    secret = SecretMetadata(id="x://1", name=names[0], source="s", backend="vault", scope="")
    assert pack.class_of(secret) is not None


@given(NAMES, KINDS, PERIODS, PERIODS)
@settings(deadline=None, max_examples=40)
def test_two_documents_contradict_each_other_exactly_when_their_periods_differ(
    name: str, kind: str, one: int, two: int
) -> None:
    first = read_document(
        f"# {name} {kind} Rotation\n\n## {name} {kind} Rotation\n\n**Frequency**: {one} days\n", path="a"
    )
    second = read_document(
        f"| Secret | Rotation Period |\n|---|---|\n| {name} {kind} | {two} days |\n", path="b"
    )
    found = [c for c in contradictions([first, second]) if c.kind is Kind.PERIOD]
    assert bool(found) == (one != two)
    assert all((c.first.path, c.second.path) == ("a", "b") for c in found)


PIECES = st.one_of(
    st.sampled_from(
        [
            "# Rotation", "## Key Rotation", "- Rotate every 90 days", "**Frequency**: 0 days", "| Secret | Period |",
            "|---|---|", "| a | 999999 days |", "```sh", "```", "--threshold 0", "# 1. revoke old key after 24 hours",
            "All secrets must have an expiration date", "- 30 days before expiry: warning", "(Within 15 minutes)",
            "## Emergency (within 5 minutes)", "Review Frequency: 99999 years", "Version: x", "Owner: 'a\": [}",
            "> quoted", "<!-- secret -->", "aws secretsmanager create-secret --name a/b", "\x00", "\u2028", "---",
            "Last Updated: 2025-13-45", "| Role | Dev | Prod |", "| x | yes | no |", "API keys every 1 day",
        ]
    ),
    st.text(max_size=40),
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("\n".join))
@settings(deadline=None, max_examples=150)
def test_whatever_the_text_it_is_read_and_its_pack_loads(text: str) -> None:
    document = read_document(text, path="policy.md")
    made = drafted(document)
    contradictions([document, document])
    if made.rules:
        loaded(pack_text(made, id="imported"))
    if inventory := inventory_text(made):
        declared(inventory)
