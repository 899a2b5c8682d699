import json
import re
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from keyproof import resources
from keyproof.domain.assessment import Assessment
from keyproof.report.overview import State, state_of
from keyproof.report.visible import visible
from keyproof.reporters.html import HtmlReporter
from tests.fakes import assessments
from tests.reporters.reading import page_of

LOADING = {"src", "srcset", "poster", "data", "action", "formaction", "background", "manifest", "ping"}


def parsed(assessment: Assessment) -> html.HtmlElement:
    return html.document_fromstring(HtmlReporter().render(assessment).encode())


@pytest.fixture(scope="module")
def golden() -> html.HtmlElement:
    return parsed(assessments.golden())


def test_the_policy_admits_exactly_our_style_and_script(golden: html.HtmlElement) -> None:
    policy = golden.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]

    def digest(text: str) -> str:
        return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"

    (style,), (script,) = golden.xpath("//style/text()"), golden.xpath("//script[not(@type)]/text()")
    assert policy == (
        f"default-src 'none'; style-src {digest(style)}; script-src {digest(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def test_hostile_names_stay_text(golden: html.HtmlElement) -> None:
    assert golden.xpath("//script/@type") == ["application/json"]
    assert len(golden.xpath("//script")) == 2
    assert golden.xpath("//@*[starts-with(name(), 'on')]") == []
    assert any(assessments.SCRIPT in text for text in golden.xpath("//bdi/text()"))


@settings(max_examples=15, deadline=None)
@given(
    st.text(min_size=1),
    st.sampled_from(["<img src=x onerror=alert(1)>", '" onclick="x', "</style><script>", "{{ 7*7 }}"]),
)
def test_no_text_becomes_markup(text: str, attack: str) -> None:
    name = attack + text
    subject = replace(assessments.DATABASE, name=name, owner=name, environment=name)
    finding = next(f for f in assessments.golden().findings if f.subject == subject.id and f.gates)
    finding = replace(finding, reason=name, remediation=name, rule_title=name, alert=name)
    small = assessments.assessment([finding], [subject], assessments.SCOPES[:1])
    document = parsed(replace(small, run=replace(small.run, organisation=name, identity=name)))
    assert (len(document.xpath("//script")), len(document.xpath("//style"))) == (2, 1)
    assert name in names(document) or visible(name) in names(document)
    assert document.xpath("//img | //iframe | //object | //embed | //link | //form") == []
    assert document.xpath("//@*[starts-with(name(), 'on')] | //@style") == []


def names(document: html.HtmlElement) -> list[str]:
    """Every text of the data that the script shows."""
    texts: list[str] = json.loads(document.xpath("string(//script[@id='data'])"))["texts"]
    return texts


def test_a_large_population_keeps_to_its_bounds() -> None:
    text = HtmlReporter().render(assessments.big(1_000))
    document = page_of(text)
    assert len(text) < 1_200_000
    assert len(document.xpath("//section[@id='population']//tbody")) == 100
    notes = [note.text_content() for note in document.xpath("//*[@class='unscripted']")]
    assert any("100 of 1,000 subjects are shown." in note and "keyproof.json" in note for note in notes)
    data = json.loads(document.xpath("string(//script[@id='data'])"))
    assert len(data["subjects"]["name"]) == 1_000
    assert len(data["findings"]["id"]) == 3_000


def test_nothing_is_loaded(golden: html.HtmlElement) -> None:
    assert [name for element in golden.iter() for name in element.attrib if name in LOADING] == []
    assert {href[:1] for href in golden.xpath("//@href")} == {"#"}
    text = HtmlReporter().render(assessments.golden())
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style
    assert re.findall(r"@import|url\((?!#)", style[1]) == []


def test_every_link_has_its_target_and_every_id_is_one(golden: html.HtmlElement) -> None:
    ids = Counter(golden.xpath("//@id"))
    assert [name for name, number in ids.items() if number > 1] == []
    assert {href[1:] for href in golden.xpath("//@href")} - set(ids) == set()


def test_every_finding_can_be_linked_to(golden: html.HtmlElement) -> None:
    ids = set(golden.xpath("//@id"))
    assert {f"finding-{finding.id}" for finding in assessments.golden().findings} <= ids


def test_two_detectors_on_one_value_keep_their_links_apart() -> None:
    whole = assessments.golden()
    twin = assessments.record(replace(assessments.PROVEN, detector="generic-assignment"))
    again = [replace(f, reason=f"{f.reason}, again") for f in whole.findings if f.subject == twin.subject.id]
    document = parsed(replace(whole, subjects=(*whole.subjects, twin), findings=(*whole.findings, *again)))
    test_every_link_has_its_target_and_every_id_is_one(document)


@pytest.mark.parametrize("name", ["clean", "incomplete", "empty"])
def test_quiet_runs_have_no_dead_link(name: str) -> None:
    test_every_link_has_its_target_and_every_id_is_one(parsed(getattr(assessments, name)()))


def test_the_tables_hold_everything_without_a_script(golden: html.HtmlElement) -> None:
    whole = assessments.golden()
    assert len(golden.xpath("//section[@id='population']//tbody")) == len(whole.subjects)
    failing = [f for f in whole.findings if state_of(f) in {State.FAIL, State.WAIVED}]
    assert len(golden.xpath("//section[@id='exceptions']//tbody")) == len(failing)
    assert golden.xpath("//@hidden") == []
    for fact in (fact for finding in failing for fact in finding.evidence):
        assert golden.xpath("//dd[. = $value]", value=fact.value), fact


def test_a_pass_is_never_called_compliant(golden: html.HtmlElement) -> None:
    words = golden.xpath("string(//main)").lower()
    assert "no exception" in words
    assert "compliant" not in words
    assert "passed" not in words


def test_pictures_and_shapes_have_words(golden: html.HtmlElement) -> None:
    for picture in golden.xpath("//svg[not(@aria-hidden)]"):
        assert picture.get("aria-label"), picture.get("class")
    for outcome in golden.xpath("//*[contains(concat(' ', @class, ' '), ' o ')]"):
        assert outcome.text_content().strip()


def test_reordering_characters_are_shown_not_obeyed() -> None:
    text = HtmlReporter().render(assessments.golden())
    assert "\u202e" not in text
    assert "[U+202E]" in text
    assert "\x1b" not in text


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", block))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_has_contrast_in_light_dark_and_print() -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1 for text."""
    style = (resources.reports() / "html" / "style.css").read_text(encoding="utf-8")
    themes = [colours(block) for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)]
    assert len(themes) == 3
    for theme in themes:
        grounds = ["paper", "soft", "fail-ground", "amber-ground", "pass-ground"]
        for text, ground in product(["ink", "quiet", "accent", "fail", "amber", "pass"], grounds):
            high, low = sorted((luminance(theme[text]), luminance(theme[ground])), reverse=True)
            assert (high + 0.05) / (low + 0.05) >= 4.5, (text, ground, theme)
