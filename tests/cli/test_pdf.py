"""The HTML report as PDF."""

import shutil
from pathlib import Path

import pytest

from keyproof.cli import pdf
from keyproof.errors import OutputError
from keyproof.reporters.html import HtmlReporter
from tests.cli.conftest import Keyproof
from tests.fakes import assessments

BROWSER = next((found for name in pdf.BROWSERS if (found := shutil.which(name))), None)


@pytest.mark.browser
@pytest.mark.skipif(not BROWSER, reason="no Chromium on this machine")
def test_a_browser_prints_the_report(keyproof: Keyproof, project: Path) -> None:
    result = keyproof(
        "scan", "--as-of", "2025-10-05", "--format", "pdf=report.pdf", "--format", "html=report.html"
    )
    assert result.code == 1
    assert (project / "report.pdf").read_bytes().startswith(b"%PDF-")


def test_without_a_browser_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pdf, "find_spec", lambda name: None)
    with pytest.raises(OutputError, match="neither is here") as caught:
        pdf.pdf_of("<p>report</p>", {"PATH": str(tmp_path)})
    assert "CHROME_PATH" in caught.value.hint


def test_a_browser_that_fails_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="absent made no PDF: FileNotFoundError"):
        pdf.pdf_of("<p>report</p>", {"CHROME_PATH": str(tmp_path / "absent")})


def test_a_pdf_is_no_text_for_the_terminal(keyproof: Keyproof, project: Path) -> None:
    result = keyproof("scan", "--format", "pdf")
    assert result.code == 2
    assert "pdf=keyproof.pdf" in result.err


@pytest.mark.outside
def test_weasyprint_sets_the_report_where_there_is_no_browser(tmp_path: Path) -> None:
    try:
        import weasyprint  # noqa: F401, PLC0415 (needs Pango, which not every machine has)
    except OSError as missing:
        pytest.skip(f"WeasyPrint lacks a library of the system: {missing}")
    html = HtmlReporter().render(assessments.golden())
    printed = pdf.pdf_of(html, {"PATH": str(tmp_path)})
    assert printed.startswith(b"%PDF-")
    assert printed.rstrip().endswith(b"%%EOF")
    assert len(printed) > len(pdf.pdf_of("<title>empty</title>", {"PATH": str(tmp_path)})) * 2
