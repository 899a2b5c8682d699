"""What compliance-trestle, a program that GRC teams use, reads in our OSCAL; it runs in an environment of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from keyproof.domain.assessment import Assessment
from keyproof.reporters.oscal import OscalReporter
from tests.fakes import assessments

NAMES = ("golden", "clean", "incomplete", "empty")
PROGRAM = """\
import json, pathlib, sys
from trestle.oscal.assessment_results import AssessmentResults
for path in map(pathlib.Path, sys.argv[1:]):
    (read,) = AssessmentResults.oscal_read(path).results
    print(json.dumps([path.stem, len(read.observations or []), len(read.findings or []), len(read.risks or [])]))
"""


@pytest.fixture(scope="module")
def python() -> Path:
    """The interpreter of the environment that `make readers` makes."""
    readers = Path(sys.prefix, "readers")
    if not (readers / ".installed").exists():
        pytest.skip("compliance-trestle is not here: run `make readers`, once, with a network")
    return readers / "bin" / "python"


@pytest.mark.outside
def test_compliance_trestle_reads_every_part(python: Path, tmp_path: Path) -> None:
    given: dict[str, Assessment] = {name: getattr(assessments, name)() for name in NAMES}
    written = {name: OscalReporter().render(one) for name, one in given.items()}
    for name, text in written.items():
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
    files = [str(tmp_path / f"{name}.json") for name in NAMES]
    done = subprocess.run([python, "-c", PROGRAM, *files], check=True, capture_output=True, text=True)
    read = [json.loads(line) for line in done.stdout.splitlines()]
    assert read == [_parts(name, json.loads(written[name])["assessment-results"]) for name in NAMES]
    assert [observed for _, observed, *_ in read] == [
        len(one.findings) + one.summary.gaps for one in given.values()
    ]


def _parts(name: str, document: dict[str, list[dict[str, list[object]]]]) -> list[object]:
    (result,) = document["results"]
    return [name, *(len(result.get(part, [])) for part in ("observations", "findings", "risks"))]
