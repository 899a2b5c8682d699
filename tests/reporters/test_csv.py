import csv
from io import StringIO

from keyproof.reporters.csv import CsvReporter
from tests.fakes import assessments
from tests.reporters.golden_file import assert_matches


def rows() -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(CsvReporter().render(assessments.golden()), newline="")))


def test_the_golden_assessment() -> None:
    assert_matches("golden.csv", CsvReporter().render(assessments.golden()))


def test_one_row_a_finding() -> None:
    golden = assessments.golden()
    assert sorted(row["finding"] for row in rows()) == sorted(finding.id for finding in golden.findings)


def test_no_cell_is_a_formula() -> None:
    assert not [
        cell for row in rows() for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    ]
    assert [row["name"] for row in rows() if "HYPERLINK" in row["name"]] == ['\'=HYPERLINK("x")']
