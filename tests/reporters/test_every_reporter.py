"""What holds for every format: pure, deterministic, complete, and blind to the order of its input."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import pytest

from keyproof.domain.assessment import Assessment
from keyproof.ports import Reporter
from keyproof.reporters.csv import CsvReporter
from keyproof.reporters.html import HtmlReporter
from keyproof.reporters.json import JsonReporter
from keyproof.reporters.junit import JUnitReporter
from keyproof.reporters.sarif import SarifReporter
from keyproof.reporters.text import TextReporter
from tests.fakes import assessments

T = TypeVar("T")
REPORTERS: Sequence[Reporter] = (
    CsvReporter(),
    HtmlReporter(),
    JsonReporter(),
    JUnitReporter(),
    SarifReporter(passes=True),
    TextReporter(),
)
every = pytest.mark.parametrize("reporter", REPORTERS, ids=lambda reporter: reporter.format)


def shuffled(assessment: Assessment, seed: int) -> Assessment:
    order = random.Random(seed)

    def mixed(items: Sequence[T]) -> tuple[T, ...]:
        return tuple(order.sample(items, len(items)))

    return replace(
        assessment,
        packs=mixed(assessment.packs),
        scopes=mixed(assessment.scopes),
        subjects=mixed(assessment.subjects),
        findings=mixed(assessment.findings),
        waivers=mixed(assessment.waivers),
    )


@every
def test_the_same_assessment_gives_the_same_text(reporter: Reporter) -> None:
    assert reporter.render(assessments.golden()) == reporter.render(assessments.golden())


@every
@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_the_input_does_not_show(reporter: Reporter, seed: int) -> None:
    golden = assessments.golden()
    assert reporter.render(shuffled(golden, seed)) == reporter.render(golden)


@every
@pytest.mark.parametrize("name", ["clean", "incomplete", "empty"])
def test_quiet_runs_render_too(reporter: Reporter, name: str) -> None:
    assessment: Assessment = getattr(assessments, name)()
    text = reporter.render(assessment)
    assert text.endswith("\n")
    assert text == reporter.render(assessment)


@every
def test_every_failing_finding_is_named(reporter: Reporter) -> None:
    golden = assessments.golden()
    text = reporter.render(golden)
    failing = {finding.rule for finding in golden.findings if finding.gates}
    assert {rule for rule in failing if rule not in text} == set()


@every
def test_the_file_name_ends_like_the_format(reporter: Reporter) -> None:
    endings = {"junit": ".xml", "text": ".txt"}
    assert reporter.filename.endswith(endings.get(reporter.format, f".{reporter.format}"))
