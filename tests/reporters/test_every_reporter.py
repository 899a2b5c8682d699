"""What holds for every format: pure, deterministic, complete, and blind to the order of its input."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import pytest

from keyproof.domain.assessment import Assessment, SubjectRecord
from keyproof.domain.leak import Leak
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.subject import Document
from keyproof.domain.verdict import Evidence
from keyproof.ports import Reporter
from keyproof.report import overview
from keyproof.wiring.catalog import REPORTERS as CATALOGUE
from tests.fakes import assessments
from tests.reporters.reading import READERS, read
from tests.reporters.validating import validate

T = TypeVar("T")
REPORTERS: Sequence[Reporter] = tuple(reporter() for reporter in CATALOGUE.values())
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
        baseline=mixed(assessment.baseline),
        frameworks=mixed(assessment.frameworks),
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
    only = {"no-leak", "rotated-after-leak"} if reporter.format == "gitlab" else None
    failing = {
        finding.rule
        for finding in golden.findings
        if finding.gates and (only is None or finding.rule in only)
    }
    assert {rule for rule in failing if rule not in text} == set()


ENDINGS = {
    "github": ".txt", "gitlab": ".json", "gitlab-code-quality": ".json", "junit": ".xml", "markdown": ".md", "ocsf": ".json",
    "oscal": ".json", "prometheus": ".prom", "sarif-github": ".sarif", "text": ".txt",
}  # fmt: skip


@every
def test_the_file_name_ends_like_the_format(reporter: Reporter) -> None:
    assert reporter.filename.endswith(ENDINGS.get(reporter.format, f".{reporter.format}"))


def test_no_two_formats_write_the_same_file() -> None:
    assert len({reporter.filename for reporter in REPORTERS}) == len(REPORTERS)


def counts(assessment: Assessment) -> dict[str, int]:
    return {state.value: number for state, number in overview.counts(assessment.summary) if number}


def test_every_format_can_be_read_back() -> None:
    assert set(READERS) == set(CATALOGUE)


@every
@pytest.mark.parametrize("name", ["golden", "clean", "incomplete", "empty", "big"])
def test_the_counts_agree_in_every_format(reporter: Reporter, name: str) -> None:
    assessment: Assessment = getattr(assessments, name)(*((60,) if name == "big" else ()))
    told, held = read(reporter.format, reporter.render(assessment), expected=counts(assessment))
    assert told == held


FOR_PROGRAMS = {"json", "jsonl", "sarif", "sarif-github"}
"""Formats that keep every character that their syntax can hold."""
HOSTILE = {
    "line ends": "a\nb\r\nc\u2028d",
    "a workflow command": "x::error file=a,title=b::owned\n::stop-commands::t",
    "a table": "a | b || c `d` | <!-- e -->",
    "markup": "<script>alert(1)</script><img src=x onerror=alert(2)>&amp;]]>",
    "right to left": "abc\u202egnp.exe\u2066\u200b",
    "braces and quotes": '{"a": "b"} \\" {{ 7*7 }} {% raw %}',
    "links and mentions": "@octocat #1 https://evil.example [x](javascript:alert(1)) ![y](z) www.evil.example",
    "a formula": "=cmd|' /C calc'!A0",
    "ten kilobytes": "0123456789" * 1024,
    "half a character": "a\ud800b\udcff",
    "nothing to see": " \u00a0",
    "control characters": "\x00\x07\x1b[2J\x7f",
}


def hostile(assessment: Assessment, text: str) -> Assessment:
    """The same assessment, with `text` in everything that comes from outside."""

    def renamed(record: SubjectRecord) -> SubjectRecord:
        subject = record.subject
        if isinstance(subject, SecretMetadata | Document):
            return replace(record, subject=replace(subject, name=f"{subject.name}{text}", owner=text))
        if isinstance(subject, Leak):
            seen = tuple(
                replace(place, path=f"{place.path}{text}", author=text) for place in subject.occurrences
            )
            return replace(record, subject=replace(subject, title=text, owner=text, occurrences=seen))
        return record

    findings = [
        replace(
            finding,
            reason=text,
            rule_title=text,
            remediation=text,
            evidence=(Evidence(name=text, value=text),),
            locations=tuple(replace(place, path=text) for place in finding.locations),
        )
        for finding in assessment.findings
    ]
    waivers = [
        replace(record, waiver=replace(record.waiver, reason=text, approved_by=(text,), ticket=text))
        for record in assessment.waivers
    ]
    entries = [
        replace(record, entry=replace(record.entry, owner=text, reason=text, subject=text))
        for record in assessment.baseline
    ]
    scopes = [replace(scope, reason=text, hint=text) for scope in assessment.scopes]
    return replace(
        assessment,
        run=replace(assessment.run, organisation=text, identity=text),
        subjects=tuple(map(renamed, assessment.subjects)),
        findings=tuple(findings),
        waivers=tuple(waivers),
        baseline=tuple(entries),
        scopes=tuple(scopes),
    )


@every
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_change_nothing(reporter: Reporter, text: str) -> None:
    golden = assessments.golden()
    attacked = hostile(golden, text)
    rendered = reporter.render(attacked)
    assert rendered.encode()  # a file is written in UTF-8
    if reporter.format not in FOR_PROGRAMS:
        assert [sign for sign in "\u202e\u2066\u200b\x07\x1b\u2028" if sign in rendered] == []
    told, held = read(reporter.format, rendered, expected=counts(golden))
    assert told == held
    validate(reporter.format, rendered)
