"""The inventory collector: documents in, declared secrets, gaps and an account of the reading out."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot
from pydantic import ValidationError

from keyproof.collectors.inventory import InventoryCollector, InventoryConfig
from keyproof.domain.assessment import Collected, Gap, ScopeStatus
from keyproof.domain.secret import Basis, Confidence, SecretMetadata
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendProtocolError, BackendUnreachableError
from keyproof.ports import Surroundings
from tests.fakes.ports import FixedClock

DATA = Path(__file__).parents[1] / "data" / "inventory"


def collector(root: Path, **config: object) -> InventoryCollector:
    world = Surroundings(root=root, environ={}, clock=FixedClock(), sleep=lambda _: None)
    return InventoryCollector("table", InventoryConfig.model_validate(config), world)


def collect(root: Path, path: str, **config: object) -> list[Collected]:
    reader = collector(root, path=path, **config)
    return [item for scope in reader.scopes() for item in reader.collect(scope)]


def written(tmp_path: Path, text: str, name: str = "secrets.md", **config: object) -> list[Collected]:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return collect(tmp_path, name, **config)


def secrets(items: Sequence[Collected]) -> dict[str, SecretMetadata]:
    found = [item for item in items if isinstance(item, SecretMetadata)]
    assert len({item.id for item in found}) == len(found)
    return {item.name: item for item in found}


def gaps(items: Sequence[Collected]) -> list[Gap]:
    return [item for item in items if isinstance(item, Gap)]


def account(items: Sequence[Collected]) -> list[str]:
    return [f"{item.name}: {item.value}" for item in items if isinstance(item, Evidence)]


def test_list_and_tracking_table_become_twelve_secrets_of_which_seven_are_dated() -> None:
    found = secrets(collect(DATA, "tracking.md"))
    assert len(found) == 12
    assert sum(bool(secret.facts) for secret in found.values()) == 7
    undated = found["Cache password"]
    assert undated.claims[0].last_rotated is None
    assert undated.claims[0].period is not None
    assert undated.claims[0].period.text == "90 days"
    assert undated.unread == {"facts": "the inventory states no date of last rotation"}
    assert not any("Decoy" in name for name in found)


def test_a_merged_secret_has_the_facts_of_both_tables() -> None:
    secret = secrets(collect(DATA, "tracking.md"))["Session signing secret"]
    (claim,) = secret.claims
    assert (secret.owner, secret.priority, secret.environment) == ("Security", "critical", "")
    assert secret.attributes == {"service": "Sign-in"}
    assert claim.period is not None
    assert claim.period.text == "180 days"
    assert (claim.last_rotated, claim.next_rotation) == (date(2025, 6, 1), date(2026, 6, 1))
    assert (claim.status, claim.problems) == ("current", ())
    assert (claim.place.path, claim.place.line) == ("tracking.md", 54)
    assert secret.place == claim.place
    (fact,) = secret.facts
    assert (fact.at, fact.basis) == (datetime(2025, 6, 1, tzinfo=UTC), Basis.INVENTORY)
    assert fact.confidence is Confidence.DECLARED
    assert secret.expires_at is None
    assert secret.id == "inventory://tracking.md#Session%20signing%20secret"


def test_kinds_examples_and_types_are_brought_to_the_secrets_they_describe() -> None:
    items = collect(DATA, "register.md")
    periods = {
        name: (
            secret.environment,
            secret.claims[0].period.text if secret.claims[0].period else "",
            secret.attributes.get("storage"),
            bool(secret.facts),
        )
        for name, secret in secrets(items).items()
    }
    assert periods == snapshot(
        {
            "Sealing Keys": ("", "180 days", "Key management service", False),
            "MAIL_RELAY_KEY": ("", "90 days", None, False),
            "TEXT_MESSAGE_KEY": ("", "90 days", None, False),
            "Robot account keys": ("", "90 days", None, False),
            "SIGNING_KEY": ("production", "90 days", "Environment variable", True),
            "PARTNER_KEY": ("production", "90 days", "Environment variable", True),
            "ORDERS_DB_URL": ("production", "90 days", "Secret manager", True),
            "CACHE_PASSWORD": ("production", "90 days", "Environment variable", True),
            "TRACKER_DSN": ("production", "On compromise", None, True),
        }
    )
    tracker = secrets(items)["TRACKER_DSN"].claims[0]
    assert (tracker.next_rotation, tracker.next_rotation_text) == (None, "On compromise")
    assert gaps(items) == []


def test_the_account_names_every_table_and_every_merge() -> None:
    assert account(collect(DATA, "register.md")) == snapshot(
        [
            "declared: 17 rows of 4 tables: 9 secrets, 5 with a date of last rotation",
            "table read: line 8 below 'Kinds', 5 rows",
            "table read: line 16 below 'Kinds', 4 rows",
            "table read: line 30 below 'Schedule', 4 rows",
            "table read: line 45 below 'Register', 5 rows",
            "table passed over: line 23: no column names a secret (Environment, Secret Strength, Storage Method)",
            "table passed over: line 39: no column names a secret (Role, Laptop, Staging, Live)",
            "passed over: line 35: 'All Secrets' stands for every secret, not for one",
            "columns not used: Trigger",
            "rows merged: 'Session Secret Key' (line 10) with 'SIGNING_KEY' (line 47): it is the example that row names",
            "rows merged: 'Session Secret' (line 32) with 'SIGNING_KEY' (line 47): a like name, and no other row has one",
            "rows merged: 'Partner Keys' (line 11) with 'PARTNER_KEY' (line 48): it is the example that row names",
            "rows merged: 'Partner Keys' (line 33) with 'PARTNER_KEY' (line 48): the same name",
            "rows merged: 'Database Passwords' (line 12) with 'ORDERS_DB_URL' (line 49): it is of the type that row names",
            "rows merged: 'Database Passwords' (line 34) with 'ORDERS_DB_URL' (line 49): the same name",
            "rows merged: 'Cache Password' (line 13) with 'CACHE_PASSWORD' (line 50): the same name",
            "rows merged: 'TRACKER_DSN' (line 18) with 'TRACKER_DSN' (line 51): the same name",
        ]
    )


def test_duplicate_rows_with_two_dates_show_both_and_decide_for_neither(tmp_path: Path) -> None:
    items = written(
        tmp_path,
        "| Secret | Last Rotated |\n|---|---|\n| DB_PASSWORD | 2025-01-01 |\n| DB_PASSWORD | 2025-06-01 |\n",
    )
    secret = secrets(items)["DB_PASSWORD"]
    assert [(claim.place.line, claim.last_rotated) for claim in secret.claims] == [
        (3, date(2025, 1, 1)),
        (4, date(2025, 6, 1)),
    ]
    assert secret.facts == ()
    assert secret.unread == {"facts": "the rows on lines 3, 4 state different dates of last rotation"}
    problem = "dates of last rotation contradict each other: 2025-01-01 (line 3), 2025-06-01 (line 4)"
    assert all(claim.problems == (problem,) for claim in secret.claims)
    (gap,) = gaps(items)
    assert gap.status is ScopeStatus.PARTIAL
    assert gap.reason == "'DB_PASSWORD' was last rotated on 2025-01-01 (line 3), 2025-06-01 (line 4)"


def test_one_name_in_two_environments_is_two_secrets(tmp_path: Path) -> None:
    items = written(
        tmp_path,
        "| Secret | Environment | Last Rotated |\n|---|---|---|\n"
        "| API_KEY | Production | 2025-01-01 |\n| API_KEY | Staging, Test | 2025-06-01 |\n",
    )
    found = {item.id: item.environment for item in items if isinstance(item, SecretMetadata)}
    assert found == {
        "inventory://secrets.md#API_KEY@production": "production",
        "inventory://secrets.md#API_KEY@staging": "staging",
        "inventory://secrets.md#API_KEY@test": "test",
    }
    assert gaps(items) == []


def test_ids_say_no_more_than_tells_secrets_apart(tmp_path: Path) -> None:
    items = written(
        tmp_path,
        "| Secret | Service | Environment | Owner |\n|---|---|---|---|\n"
        "| KEY | Mail | Live | Ops |\n| KEY | Mail | Lab | Ops |\n"
        "| PIN | Mail | Live | Ops |\n| PIN | Chat | Live | Ops |\n| PIN | Chat | Lab | Ops |\n"
        "| ONE | Chat | Lab | Ops |\n",
    )
    assert [item.id.partition("#")[2] for item in items if isinstance(item, SecretMetadata)] == snapshot(
        ["KEY@live", "KEY@lab", "PIN@live@Mail", "PIN@live@Chat", "PIN@lab@Chat", "ONE"]
    )


def test_the_account_tells_which_period_went_before(tmp_path: Path) -> None:
    text = (
        "| Secret | Rotation |\n|---|---|\n| Mail key | 60 days |\n\n"
        "| Secret Type | Rotation |\n|---|---|\n| Mail key | 90 days |\n| Chat key | 30 days |\n"
    )
    assert account(written(tmp_path, text)) == snapshot(
        [
            "declared: 3 rows of 2 tables: 1 secret, 0 with a date of last rotation",
            "table read: line 1, 1 row",
            "table read: line 5, 2 rows",
            "rows merged: 'Mail key' (line 7) with 'Mail key' (line 3): the same name",
            "period overruled: 'Mail key': 60 days of its own row goes before 90 days (line 7)",
            "row not merged: line 8: 'Chat key' gives a period to a kind of secret that no row lists",
        ]
    )


def test_a_name_used_for_several_services_is_several_secrets(tmp_path: Path) -> None:
    items = written(
        tmp_path,
        "| Service | Secret | Last Rotated |\n|---|---|---|\n"
        "| Payments | API key | 2025-01-01 |\n| Mail / SMS | API key | 2025-06-01 |\n",
    )
    found = {item.id: item.facts[0].at.date() for item in items if isinstance(item, SecretMetadata)}
    assert found == {
        "inventory://secrets.md#API%20key@Payments": date(2025, 1, 1),
        "inventory://secrets.md#API%20key@Mail%20%2F%20SMS": date(2025, 6, 1),
    }


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("03/04/2025", "'03/04/2025' can mean 3 Apr or 4 Mar; write it as YYYY-MM-DD"),
        ("2025-02-30", "'2025-02-30' is not a day of the calendar; write it as YYYY-MM-DD"),
        ("last week", "'last week' is not a date; write it as YYYY-MM-DD"),
    ],
)
def test_a_date_is_never_guessed(tmp_path: Path, cell: str, problem: str) -> None:
    items = written(tmp_path, f"| Secret | Last Rotated |\n|---|---|\n| A_KEY | {cell} |")
    secret = secrets(items)["A_KEY"]
    assert secret.facts == ()
    assert secret.claims[0].last_rotated is None
    assert secret.claims[0].problems == (f"line 3: Last Rotated: {problem}",)
    assert secret.unread == {"facts": f"line 3: Last Rotated: {problem}"}


def test_a_cell_that_holds_a_value_does_not_travel(tmp_path: Path) -> None:
    value = "q7Rk2" + "Zp9Vw4" + "Xc1Tn8" + "Lb3"
    text = (
        "| Service | Key | Last Rotated | Owner |\n|---|---|---|---|\n"
        f"| Mail | {value} | 2025-01-01 | Ops |\n| Chat | CHAT_KEY | 2025-01-01 | {value} |"
    )
    items = written(tmp_path, text)
    assert value not in repr(items)
    assert list(secrets(items)) == ["CHAT_KEY"]
    assert gaps(items)[0].reason == "line 3: its 'Key' looks like a secret's value, not its name"
    assert "rotate it" in secrets(items)["CHAT_KEY"].claims[0].problems[0]


def test_a_row_without_a_name_is_a_gap(tmp_path: Path) -> None:
    items = written(tmp_path, "| Secret | Last Rotated |\n|---|---|\n| | 2025-01-01 |\n| A | 2025-01-01 |")
    assert [gap.reason for gap in gaps(items)] == ["line 3: names no secret"]


def test_a_document_without_a_declared_secret_is_a_gap_with_the_next_step(tmp_path: Path) -> None:
    items = written(tmp_path, "# Notes\n\n| Role | Production |\n|---|---|\n| Developer | no |\n")
    (gap,) = gaps(items)
    assert gap.reason == "no table of this file declares a secret"
    assert "Last Rotated" in gap.hint
    assert "table passed over: line 3: no column names a secret (Role, Production)" in account(items)


def test_a_glob_may_meet_documents_without_a_table(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "notes.md").write_text("# Notes\n")
    (tmp_path / "docs" / "list.csv").write_text("Secret,Owner\nA_KEY,Ops\n")
    reader = collector(tmp_path, path="docs/*")
    assert reader.scopes() == ["docs/list.csv", "docs/notes.md"]
    items = [item for scope in reader.scopes() for item in reader.collect(scope)]
    assert list(secrets(items)) == ["A_KEY"]
    assert gaps(items) == []
    assert "no table: the document holds none; its lists and text are not read" in account(items)


def test_an_absolute_glob_works_too(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Secret,Owner\nA_KEY,Ops\n")
    other = tmp_path / "project"
    other.mkdir()
    assert collector(other, path=f"{tmp_path}/*.csv").scopes() == ["../a.csv"]
    assert secrets(collect(other, f"{tmp_path}/*.csv"))["A_KEY"].id == "inventory://../a.csv#A_KEY"


def test_sections_choose_tables_by_their_headings(tmp_path: Path) -> None:
    text = (
        "# Live\n\n| Secret | Owner |\n|---|---|\n| A | Ops |\n\n"
        "## Retired\n\n| Secret | Owner |\n|---|---|\n| B | Ops |\n\n"
        "# Lab\n\n| Secret | Owner |\n|---|---|\n| C | Ops |\n"
    )
    items = written(tmp_path, text, sections=["live"], exclude_sections=["Ret*"])
    assert list(secrets(items)) == ["A"]
    assert [line for line in account(items) if "passed over" in line] == snapshot(
        [
            "table passed over: line 9: stands below a heading of 'exclude-sections'",
            "table passed over: line 15: stands below no heading of 'sections'",
        ]
    )


def test_own_headers_and_a_default_environment(tmp_path: Path) -> None:
    text = "Geheimnis;Zuletzt;Wer\nPayroll;2025-01-31;Lohn\n"
    columns = {"Geheimnis": "name", "Zuletzt": "last_rotated", "Wer": "owner"}
    items = written(tmp_path, text, "liste.csv", columns=columns, environment="Production")
    secret = secrets(items)["Payroll"]
    assert (secret.owner, secret.environment) == ("Lohn", "production")
    assert secret.claims[0].last_rotated == date(2025, 1, 31)


def test_an_unknown_field_or_key_in_the_configuration_is_refused() -> None:
    with pytest.raises(ValidationError):
        InventoryConfig.model_validate({"path": "a.md", "columns": {"Wer": "who"}})
    with pytest.raises(ValidationError):
        InventoryConfig.model_validate({"path": "a.md", "colums": {}})


def test_yaml_and_json_with_their_lines(tmp_path: Path) -> None:
    text = "secrets:\n  - name: A_KEY\n    lastRotated: 2025-01-01\n    rotation_days: 90\n  - just text\n"
    items = written(tmp_path, text, "secrets.yaml")
    claim = secrets(items)["A_KEY"].claims[0]
    assert (claim.place.line, claim.last_rotated) == (2, date(2025, 1, 1))
    assert claim.period is not None
    assert claim.period.text == "90 days"
    assert [gap.reason for gap in gaps(items)] == ["line 5: is not a mapping of keys to values"]
    tabbed = '[\n\t{"name": "A_KEY 😀", "owner": "\\ud83d\\ude00 Ops"}\n]'
    json_items = written(tmp_path, tabbed, "secrets.json")
    assert secrets(json_items)["A_KEY 😀"].claims[0].place.line == 2
    assert secrets(json_items)["A_KEY 😀"].owner == "Ops"


def test_a_missing_file_says_what_to_correct(tmp_path: Path) -> None:
    with pytest.raises(BackendUnreachableError, match=r"no file matches 'docs/secrets\.md'") as caught:
        collector(tmp_path, path="docs/secrets.md").scopes()
    assert caught.value.hint == "correct 'path' of this source in keyproof.yaml"
    with pytest.raises(BackendUnreachableError):
        list(collector(tmp_path, path="gone.md").collect("gone.md"))


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("a.md", b"# ok\n| Secret \xff |", "a.md:2: is not UTF-8"),
        ("a.csv", b"", "a.csv: has no header row"),
        ("a.csv", b'Secret,Owner\nA,"x" y\n', "a.csv: line 2: is not CSV: "),
        ("a.yaml", b"secrets: {a: 1}\n", "a.yaml: holds neither a list of mappings"),
        ("a.yaml", b"- name: a\n  name: b\n", "a.yaml:2:3: the key 'name' stands twice"),
        ("a.json", b'[{"name": }', "a.json: line 1, column 11: is not JSON: Expecting value"),
        ("a.json", b"[" * 100_000 + b"]" * 100_000, "a.json is nested too deeply"),
        ("a.docx", b"x", "a.docx has a suffix of no known format"),
    ],
)
def test_a_bad_file_is_an_error_with_its_place(tmp_path: Path, name: str, raw: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(BackendProtocolError) as caught:
        collect(tmp_path, name)
    assert caught.value.message.startswith(message)
    assert caught.value.scope == name
    assert caught.value.hint


def test_a_closed_file_is_denied_access(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.md").write_text("x")

    def refuse(_: Path) -> bytes:
        raise PermissionError

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(AccessDeniedError, match="may not be read"):
        collect(tmp_path, "a.md")


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b" " * 5_000_001)
    with pytest.raises(BackendProtocolError, match="larger than"):
        collect(tmp_path, "a.md")


WORDS = st.text("abcdefghijklmnopqrstuvwxyzÄéЖ漢", min_size=1, max_size=6)
NAMES = st.builds(
    lambda words, sign, number: f"{sign}{' '.join(words)} {number} key",
    st.lists(WORDS, min_size=1, max_size=3),
    st.sampled_from(["", "🔑 ", "(old) ", "a|b "]),
    st.integers(0, 99),
)
ROWS = st.lists(
    st.tuples(
        NAMES,
        st.dates(date(2000, 1, 1), date(2099, 12, 31)),
        st.sampled_from(["✅ Current", "⚠️ Due Soon", "🔴 Overdue", "Parked"]),
        st.sampled_from(["90 days", "Quarterly", "On compromise", "3 months"]),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda row: "".join(filter(str.isalnum, row[0].casefold())),
)
HEADERS = ("Secret", "Last Rotated", "Status", "Rotation Period")


def told(items: Sequence[Collected]) -> list[tuple[object, ...]]:
    """What the rows say, without where they stand."""
    return [
        (item.name, claim.last_rotated, claim.status, claim.period and claim.period.text, claim.problems)
        for item in items
        if isinstance(item, SecretMetadata)
        for claim in item.claims
    ]


@settings(deadline=None)  # files and parsers of a busy machine take their time
@given(rows=ROWS)
def test_markdown_csv_yaml_and_json_of_the_same_rows_say_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, date, str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    cells = [(name, str(day), status, period) for name, day, status, period in rows]
    lines = [" | ".join(cell.replace("|", "\\|") for cell in row) for row in cells]
    markdown = "\n".join(f"| {line} |  " for line in (" | ".join(HEADERS), "---|---|---|---", *lines))
    sheet = io.StringIO()
    csv.writer(sheet, delimiter=";").writerows([HEADERS, *cells])
    mappings = [dict(zip(HEADERS, row, strict=True)) for row in cells]
    expected = [
        (
            name.strip(),
            day,
            {"✅ Current": "current", "⚠️ Due Soon": "due-soon", "🔴 Overdue": "overdue"}.get(status, status),
            period,
            (),
        )
        for name, day, status, period in rows
    ]
    assert told(written(folder, markdown)) == expected
    assert told(written(folder, "\ufeff" + sheet.getvalue(), "a.csv")) == expected
    assert told(written(folder, yaml.safe_dump(mappings, allow_unicode=True), "a.yaml")) == expected
    assert told(written(folder, json.dumps(mappings), "a.json")) == expected
