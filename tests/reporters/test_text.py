from dataclasses import replace

import pytest
from inline_snapshot import snapshot
from rich.cells import cell_len

from keyproof.reporters.text import TextReporter
from tests.fakes import assessments
from tests.reporters.golden_file import assert_matches


def test_the_golden_assessment() -> None:
    assert_matches("golden.txt", TextReporter().render(assessments.golden()))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_asked_for(width: int) -> None:
    for assessment in (assessments.golden(), assessments.big(60)):
        lines = TextReporter(width=width).render(assessment).splitlines()
        assert max(cell_len(line) for line in lines) <= width


def test_colour_only_where_asked_for() -> None:
    golden = assessments.golden()
    assert "\x1b" not in TextReporter().render(golden)
    assert "\x1b[1;31mNOT IN ORDER" in TextReporter(colour=True).render(golden)


def test_a_clean_run_is_short() -> None:
    findings = tuple(f for f in assessments.clean().findings if not f.due)
    clean = replace(assessments.clean(), findings=findings, waivers=())
    assert TextReporter().render(clean) == snapshot("""\
Larkfield Payments Ltd, as of 2026-03-16 09:30 UTC
IN ORDER: no exception was found by these procedures.
8 findings: 14 without exception.

Every finding with its evidence is in the reports: --format html, json or junit;
`keyproof policy explain RULE` says why a rule judges as it does.
""")


def test_a_run_over_nothing_is_not_in_order() -> None:
    empty = replace(assessments.empty(), waivers=())
    assert TextReporter().render(empty).splitlines()[:3] == snapshot(
        [
            "Larkfield Payments Ltd, as of 2026-03-16 09:30 UTC",
            "NOT KNOWN: no exception was found, but nothing was judged.",
            "0 findings.",
        ]
    )


def test_long_lists_say_how_much_they_leave_out() -> None:
    big = assessments.big(400)
    assert f"  and {big.summary.failed - 10} more, in the full report" in TextReporter().render(big)


def test_names_cannot_command_a_terminal() -> None:
    golden = assessments.golden()
    hostile = replace(golden, run=replace(golden.run, organisation="a\x1b[2Jb\u202ec"))
    assert TextReporter().render(hostile).startswith("a[U+001B][2Jb[U+202E]c, as of")
