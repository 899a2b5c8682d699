"""Tables of Markdown and CSV, each row with its line."""

import pytest

from keyproof.inventory.table import csv_table, markdown_tables


def rows(text: str) -> list[tuple[int, tuple[str, ...], bool]]:
    (table,) = markdown_tables(text).tables
    return [(row.line, row.cells, row.surplus) for row in table.rows]


def test_cells_hold_the_text_a_reader_sees() -> None:
    text = (
        "# One\r\n\r\n"
        "| **Secret** | Note |  \r\n"
        "|---|:-:|  \r\n"
        "| `SECRET_KEY` | [doc](x) &amp; ~~old~~ |  \r\n"
        "| `a\\|b` c\\|d | one<br>two <!-- no --> ✅ |"
    )
    assert rows(text) == [
        (5, ("SECRET_KEY", "doc & old"), False),
        (6, ("a|b c|d", "one two ✅"), False),
    ]


@pytest.mark.parametrize(
    ("row", "surplus"),
    [
        ("| a | b |", False),
        ("a | b", False),
        ("| a |", False),
        ("| a\\|b | c |", False),
        ("> | a | b |", False),
        ("| a | b | c |", True),
        ("a | b | c", True),
        ("> | a | b | c |", True),
    ],
)
def test_a_row_with_too_many_cells_is_told(row: str, surplus: bool) -> None:
    prefix = "> " if row.startswith(">") else ""
    found = rows(f"{prefix}| A | B |\n{prefix}|---|---|\n{row}")
    assert [(line, more) for line, _, more in found] == [(3, surplus)]


def test_headings_above_a_table_outermost_first() -> None:
    text = "# A\n## B\n### C\n## D `x`\n\n| H |\n|---|\n| 1 |\n\nE\n=\n\n| H |\n|---|\n"
    assert [table.headings for table in markdown_tables(text).tables] == [("A", "D x"), ("E",)]


def test_html_tables_are_skipped_with_their_line() -> None:
    text = "# A\n\n<table><tr><td>Secret</td></tr></table>\n\n<table border=1><td>x</td></table>\n"
    assert [(part.line, part.harmless) for part in markdown_tables(text).skipped] == [(3, False), (5, True)]


def test_tables_in_code_are_no_tables() -> None:
    table = "| A |\n|---|\n| 1 |\n"
    indented = "".join(f"    {line}\n" for line in table.splitlines())
    text = f"```\n{table}```\n\n~~~md\n{table}~~~\n\n{indented}\n<!--\n{table}-->\n\n````\n```\n{table}````\n"
    assert markdown_tables(text).tables == ()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_the_one_that_splits_the_header(delimiter: str) -> None:
    text = (
        delimiter.join(["Secret", "Owner", "Note"])
        + "\r\n\r\n"
        + delimiter.join(['"A\nB"', "x"])
        + "\r\nC\r\n"
    )
    (table,) = csv_table(text).tables
    assert table.headers == ("Secret", "Owner", "Note")
    assert [(row.line, row.cells) for row in table.rows] == [(3, ("A B", "x", "")), (5, ("C", "", ""))]


def test_a_comma_inside_a_header_does_not_win() -> None:
    (table,) = csv_table("Secret;Owner, team;Last Rotated\nA;B;2025-01-01\n").tables
    assert len(table.headers) == 3


def test_surplus_cells_of_a_csv_row_are_remembered() -> None:
    (table,) = csv_table("A,B\n1,2,\n1,2,3\n").tables
    assert [row.surplus for row in table.rows] == [False, True]


@pytest.mark.parametrize("text", ["", "\n \n", "\r\n"])
def test_no_header_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="has no header row"):
        csv_table(text)
