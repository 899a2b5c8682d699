"""Attestations from end to end: in force they are manual, lapsed they make the run incomplete."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Keyproof

RULE = "  - {id: drill, title: A drill every year, check: attested, with: {every: annually}}\n"
ATTESTATIONS = """\
apiVersion: keyproof/v1
kind: Attestations
attestations:
  - {id: drill-2025, rule: drill, statement: The drill took place., by: Ana (CISO), at: 2025-03-01, every: annually}
"""


@pytest.fixture
def attested(project: Path) -> Path:
    policy = (project / "policy.yaml").read_text("utf-8").split("rules:")[0]
    (project / "policy.yaml").write_text(f"{policy}rules:\n{RULE}", encoding="utf-8")
    (project / "security").mkdir()
    (project / "security" / "attestations.yaml").write_text(ATTESTATIONS, encoding="utf-8")
    with (project / "keyproof.yaml").open("a", encoding="utf-8") as file:
        file.write("attestations: [security/*.yaml]\n")
    return project


@pytest.mark.parametrize(
    ("as_of", "outcome", "code"),
    [
        ("2025-02-28", "not-evaluated", 3),
        ("2025-03-01", "manual", 0),
        ("2026-03-01T23:59:59Z", "manual", 0),
        ("2026-03-02", "not-evaluated", 3),
        ("2026-03-02T00:30:00+01:00", "manual", 0),
    ],
)
def test_a_lapse_makes_the_run_incomplete(
    attested: Path, keyproof: Keyproof, as_of: str, outcome: str, code: int
) -> None:
    result = keyproof("scan", "--no-progress", "-q", "--as-of", as_of, "--format", "json")
    (finding,) = json.loads(result.out)["findings"]
    assert (result.code, finding["outcome"]) == (code, outcome)


def test_every_report_says_who_attests_and_until_when(attested: Path, keyproof: Keyproof) -> None:
    said = "Ana (CISO) attested on 2025-03-01"
    for form in ("json", "junit", "html", "sarif", "csv"):
        out = keyproof("scan", "--no-progress", "-q", "--as-of", "2025-10-05", "--format", form).out
        assert said in out, form
        assert "in force until 2026-03-01" in out, form


def test_a_run_without_the_attestation_names_what_is_missing(attested: Path, keyproof: Keyproof) -> None:
    (attested / "security" / "attestations.yaml").unlink()
    result = keyproof("scan", "--no-progress", "--as-of", "2025-10-05")
    assert result.code == 3
    assert "nobody attests it" in result.out


def test_a_fault_is_told_at_its_line_before_anything_is_read(attested: Path, keyproof: Keyproof) -> None:
    path = attested / "security" / "attestations.yaml"
    path.write_text(ATTESTATIONS.replace("rule: drill", "rule: dril"), encoding="utf-8")
    result = keyproof("scan", "--no-progress")
    assert result.code == 2
    assert (
        "security/attestations.yaml:4:28: there is no rule 'dril' in the packs; did you mean 'drill'?"
        in result.err
    )


def test_the_schema_is_printed(keyproof: Keyproof) -> None:
    schema = json.loads(keyproof("policy", "schema", "attestations").out)
    assert schema["title"] == "keyproof attestations"
