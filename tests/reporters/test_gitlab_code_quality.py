"""GitLab's Code Quality report: what fails, at a place in a file."""

import json
from dataclasses import replace

import pytest

from keyproof.domain.secret import SourceLine
from keyproof.reporters.gitlab_code_quality import GitlabCodeQualityReporter
from tests.fakes import assessments
from tests.reporters.golden_file import assert_matches
from tests.reporters.validating import validate


def test_the_golden_assessment() -> None:
    assert_matches(
        "golden.gitlab-code-quality.json", GitlabCodeQualityReporter().render(assessments.golden())
    )


def test_two_detectors_on_one_value_are_two_entries() -> None:
    golden = assessments.golden()
    again = [replace(f, reason=f"{f.reason}, again") for f in golden.findings if f.gates]
    entries = json.loads(
        GitlabCodeQualityReporter().render(replace(golden, findings=(*golden.findings, *again)))
    )
    fingerprints = [entry["fingerprint"] for entry in entries]
    assert len(set(fingerprints)) == len(fingerprints)


@pytest.mark.parametrize(
    ("path", "line", "shown", "begin"),
    [
        ("./a/b.py", 3, "a/b.py", 3),
        ("/etc/x", 0, "etc/x", 1),
        ("a\\b", 1, "a/b", 1),
        ("/", 1, "keyproof.yaml", 1),
    ],
)
def test_paths_start_at_the_root_of_the_repository(path: str, line: int, shown: str, begin: int) -> None:
    golden = assessments.golden()
    finding = replace(
        next(f for f in golden.findings if f.gates), locations=(SourceLine(path=path, line=line),)
    )
    text = GitlabCodeQualityReporter().render(replace(golden, findings=(finding,)))
    validate("gitlab-code-quality", text)
    (entry,) = json.loads(text)
    assert entry["location"] == {"path": shown, "lines": {"begin": begin}}
