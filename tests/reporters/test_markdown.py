"""The summary for a pull request, and text from outside inside Markdown."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from keyproof.domain.assessment import Assessment
from keyproof.report.markdown_text import markdown
from keyproof.report.visible import visible
from keyproof.reporters.markdown import MarkdownReporter
from tests.fakes import assessments
from tests.reporters.golden_file import assert_matches
from tests.reporters.reading import page_of


def shown(text: str) -> Any:
    """As a browser gets it, with everything switched on that GitHub switches on."""
    return page_of(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(text))


def test_the_golden_assessment() -> None:
    assert_matches("golden.md", MarkdownReporter().render(assessments.golden()))


@pytest.mark.parametrize("number", [400, 5_000])
def test_it_fits_into_a_comment_and_says_what_it_leaves_out(number: int) -> None:
    big = assessments.big(number)
    text = MarkdownReporter().render(big)
    assert len(text) < 65_536
    assert f"and {big.summary.failed - 25:,} more, in the full report" in text


def test_it_fits_with_the_longest_names_too() -> None:
    def long(assessment: Assessment) -> Assessment:
        findings = tuple(replace(f, reason="|" * 9_000, rule="<" * 900) for f in assessment.findings)
        return replace(assessment, findings=findings)

    assert len(MarkdownReporter().render(long(assessments.big(400)))) < 65_536


def test_a_name_is_shown_and_does_nothing() -> None:
    name = "*a* _b_ `c` [d](e) ![f](g) <b>h</b> | i ~~j~~ @k #1 https://l.example www.m.example &lt; \\| $n$"
    page = shown(f"| head |\n|---|\n| {markdown(name)} |\n")
    (cell,) = page.xpath("//td")
    assert cell.text_content() == name
    assert list(cell) == []


@given(st.text(max_size=60))
def test_whatever_the_text_it_stays_one_cell_and_text(text: str) -> None:
    page = shown(f"| a | b |\n|---|---|\n| x{markdown(text)}x | y |\n")
    first, second = page.xpath("//tbody//td")
    assert second.text_content() == "y"
    assert list(first) == []
    assert first.text_content() == f"x{visible(text)}x"
