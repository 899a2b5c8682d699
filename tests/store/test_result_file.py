"""A JSON result is read back, and rendered in every other format as the run itself would be."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from keyproof.domain.assessment import Assessment
from keyproof.errors import ConfigError
from keyproof.store.result_file import load_result
from keyproof.wiring.catalog import REPORTERS
from tests.fakes import assessments


def again(folder: Path, assessment: Assessment) -> Assessment:
    path = folder / "result.json"
    path.write_text(REPORTERS["json"]().render(assessment), encoding="utf-8")
    return load_result(path)


@pytest.mark.parametrize(
    "assessment",
    [assessments.golden(), assessments.clean(), assessments.incomplete(), assessments.empty()],
    ids=["golden", "clean", "incomplete", "empty"],
)
def test_it_comes_back_as_it_was(tmp_path: Path, assessment: Assessment) -> None:
    render = REPORTERS["json"]().render
    assert render(again(tmp_path, assessment)) == render(assessment)


@pytest.mark.parametrize("format_", REPORTERS)
def test_every_format_says_the_same_words(tmp_path: Path, format_: str) -> None:
    """The result is sorted, so a list may come in another order."""
    reporter = REPORTERS[format_]()
    assert _words(reporter.render(again(tmp_path, assessments.golden()))) == _words(
        reporter.render(assessments.golden())
    )


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"[\w.:/-]+", text))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "No such file"),
        ("", "is no keyproof.assessment/v1 result: its start"),
        ("{}", "is no keyproof.assessment/v1 result: run: Field required"),
        ('{"schema": "other/v1"}', "is no keyproof.assessment/v1 result: schema"),
    ],
)
def test_what_is_no_result_is_refused(tmp_path: Path, text: str | None, problem: str) -> None:
    if text is not None:
        (tmp_path / "r.json").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_result(tmp_path / "r.json")
    assert problem in str(caught.value.problems[0])


def test_a_result_of_a_later_format_is_not_half_read(tmp_path: Path) -> None:
    data = json.loads(REPORTERS["json"]().render(assessments.clean()))
    (tmp_path / "r.json").write_text(json.dumps({**data, "news": []}))
    with pytest.raises(ConfigError) as caught:
        load_result(tmp_path / "r.json")
    assert "news" in str(caught.value.problems[0])


def test_a_result_of_before_sources_were_kept_is_read(tmp_path: Path) -> None:
    data = json.loads(REPORTERS["json"]().render(assessments.golden()))
    assert data.pop("sources")
    for subject in data["subjects"]:
        for place in (subject["leak"] or {}).get("occurrences", ()):
            del place["decoded"]
    path = tmp_path / "old.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    assert load_result(path).sources == ()
    assert "This run does not hold what its sources needed" in REPORTERS["html"]().render(load_result(path))
