"""What a row declares, and why a table is no inventory."""

from datetime import date

import pytest

from keyproof.domain.duration import parse_duration
from keyproof.inventory.rows import Columns, Declaration, Standing, columns_of, declarations
from keyproof.inventory.table import Skipped, Table, fitted
from keyproof.inventory.words import Field


def table(headers: str, *rows: str, heading: str = "", certain: bool = False) -> Table:
    names = tuple(header.strip() for header in headers.split("|"))
    body = [[cell.strip() for cell in row.split("|")] for row in rows]
    return Table(
        line=1,
        headers=names,
        rows=tuple(fitted(cells, len(names), line) for line, cells in enumerate(body, 3)),
        headings=(heading,) if heading else (),
        certain=certain,
    )


def declared(headers: str, row: str, **own: Field) -> Declaration | Skipped:
    source = table(headers, row)
    columns = columns_of(source, own)
    assert isinstance(columns, Columns), columns
    (found,) = declarations(source, columns, 0)
    return found


def row(headers: str, cells: str) -> Declaration:
    found = declared(headers, cells)
    assert isinstance(found, Declaration)
    return found


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ("Role|Development|Production", "no column names a secret (Role, Development, Production)"),
        (
            "Environment|Secret Strength|Storage Method",
            "no column names a secret (Environment, Secret Strength",
        ),
        (
            "Secret|Developer|",
            "no column tells a period, date, owner, status, priority or storage (Secret, Dev",
        ),
        ("Name|Owner|Status", "nothing says that its rows are secrets (Name, Owner, Status)"),
        ("Service|Owner", "nothing says that its rows are secrets (Service, Owner)"),
        ("Service|Frequency|Owner", "nothing says that its rows are secrets (Service, Frequency, Owner)"),
        ("Variable|Status", "nothing says that its rows are secrets (Variable, Status)"),
    ],
)
def test_a_table_about_something_else_is_refused_with_the_reason(headers: str, reason: str) -> None:
    found = columns_of(table(headers), {})
    assert isinstance(found, str)
    assert found.startswith(reason)


@pytest.mark.parametrize(
    ("source", "own"),
    [
        (table("Name|Owner", heading="Our API keys"), {}),
        (table("Name|Owner", certain=True), {}),
        (table("Name|Owner"), {"name": Field.NAME}),
        (table("Name|Last Rotated"), {}),
        (table("Service|Rotation Period"), {}),
    ],
)
def test_a_general_header_names_secrets_when_something_else_says_so(
    source: Table, own: dict[str, Field]
) -> None:
    found = columns_of(source, own)
    assert isinstance(found, Columns)
    assert (found.standing, found.places[Field.NAME]) == (Standing.SECRET, (0,))


@pytest.mark.parametrize(
    ("headers", "standing"),
    [
        ("Secret|Owner", Standing.SECRET),
        ("Secret Type|Last Rotated", Standing.SECRET),
        ("Secret Type|Service|Rotation Frequency|Priority", Standing.TYPE),
        ("Secret Type|Rotation Period|Storage", Standing.TYPE),
        ("Secret Type|Rotation Frequency|Trigger", Standing.SCHEDULE),
    ],
)
def test_what_the_rows_of_a_table_are(headers: str, standing: Standing) -> None:
    found = columns_of(table(headers), {})
    assert isinstance(found, Columns)
    assert found.standing is standing


def test_the_best_naming_column_names_and_the_others_are_examples() -> None:
    found = row("Name|Secret|Key|Owner", "shown|SIGNING|other|Ops")
    assert (found.name, found.example) == ("SIGNING", "shown")


def test_an_own_header_goes_before_the_known_words() -> None:
    found = declared("Secret|Vault entry|Owner", "first|second|Ops", **{"vault entry": Field.NAME})
    assert isinstance(found, Declaration)
    assert (found.name, found.example) == ("second", "first")


def test_the_first_filled_of_two_columns_counts() -> None:
    assert row("Secret|Owner|Team", "A||Ops").owner == "Ops"
    assert row("Secret|Owner|Team", "A|Dev|Ops").owner == "Dev"


def test_a_dash_says_nothing() -> None:
    found = row(
        "Secret|Owner|Priority|Status|Last Rotated|Next Rotation|Rotation|Storage", "A|-|-|—|never|-|n/a|-"
    )
    assert (found.owner, found.priority, found.status, found.storage) == ("", "", "", "")
    assert (found.last_rotated, found.next_rotation, found.next_text, found.period) == (None, None, "", None)
    assert found.problems == ()
    assert not found.dated


def test_every_cell_that_cannot_be_read_is_a_problem_with_its_line_and_header() -> None:
    found = row(
        "Secret|Priority|Status|Last Rotated|Next Rotation|Rotation Period",
        "A|P1|🔴|01/02/2025|Q3 2026|often",
    )
    with pytest.raises(ValueError, match="not a duration") as not_a_duration:
        parse_duration("often")
    assert found.problems == (
        "line 3: Last Rotated: '01/02/2025' can mean 1 Feb or 2 Jan; write it as YYYY-MM-DD",
        "line 3: Next Rotation: 'Q3 2026' is not a date; write it as YYYY-MM-DD",
        "line 3: Priority: 'p1' is none of critical, high, medium, low",
        "line 3: Status: holds a sign but no word; write Current, Due soon or Overdue beside it",
        f"line 3: Rotation Period: {not_a_duration.value}",
    )
    assert found.next_text == "Q3 2026"


def test_surplus_cells_are_a_problem() -> None:
    (problem,) = row("Secret|Owner", "A|Ops|more").problems
    assert problem.startswith("line 3: the row has more cells than the table has columns")


def test_values_in_any_cell_are_dropped() -> None:
    value = "q7Rk2" + "Zp9Vw4" + "Xc1Tn8" + "Lb3"
    fields = (
        "Secret|Owner|Type|Priority|Status|Last Rotated|Next Rotation|Rotation|Storage|Environment|Service"
    )
    found = row(fields, "A" + f"|{value}" * 10)
    assert value not in repr(found)
    assert len(found.problems) == 10


def test_a_row_that_names_no_secret_is_skipped() -> None:
    for name in ("", "-", "n/a", "🔑"):
        found = declared("Secret|Owner", f"{name}|Ops")
        assert isinstance(found, Skipped)
        assert (found.line, found.reason, found.harmless) == (3, "names no secret", False)


def test_a_row_for_all_secrets_is_skipped_without_harm() -> None:
    found = declared("Secret|Owner", "All other secrets|Ops")
    assert isinstance(found, Skipped)
    assert found.harmless


def test_blank_rows_are_nothing() -> None:
    source = table("Secret|Owner", "|", "A|Ops")
    columns = columns_of(source, {})
    assert isinstance(columns, Columns)
    assert [found.line for found in declarations(source, columns, 0)] == [4]


def test_words_in_the_place_of_the_next_date_are_kept() -> None:
    found = row("Secret|Last Rotated|Next Rotation", "A|15 Sep 2025|On compromise")
    assert (found.last_rotated, found.next_rotation, found.next_text) == (
        date(2025, 9, 15),
        None,
        "On compromise",
    )
    assert found.problems == ()
