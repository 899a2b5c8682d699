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


@pytest.mark.parametrize(
    ("as_of", "state", "code", "said"),
    [
        ("2025-02-28", "pending", 1, "the attestation drill-2025 is dated 2025-03-01, after 2025-02-28"),
        ("2025-03-01", "valid", 0, ""),
        ("2026-02-14", "valid", 0, ""),
        ("2026-02-15", "lapsing", 1, "house/drill: lapses in 14 days: Ana (CISO) attested on 2025-03-01"),
        ("2026-03-01", "lapsing", 1, "lapses in 0 days"),
        ("2026-03-02", "lapsed", 1, "the attestation lapsed 1 day ago"),
    ],
)
def test_the_commands_know_the_same_days(
    attested: Path, keyproof: Keyproof, as_of: str, state: str, code: int, said: str
) -> None:
    listed = keyproof("attestation", "list", "--as-of", as_of)
    assert (listed.code, listed.err) == (0, "")
    assert listed.out.split()[:4] == ["drill-2025", state, "until", "2026-03-01"]
    assert listed.out.endswith("drill by Ana (CISO): The drill took place.\n")
    checked = keyproof("attestation", "check", "--as-of", as_of)
    assert checked.code == code
    assert said in checked.out
    assert checked.out.count("\n") == code


def test_a_duty_that_nobody_attests_is_named(attested: Path, keyproof: Keyproof) -> None:
    (attested / "security" / "attestations.yaml").write_text(
        ATTESTATIONS.split("  - ", maxsplit=1)[0][:-1] + " []\n", "utf-8"
    )
    assert keyproof("attestation", "list").out == ""
    result = keyproof("attestation", "check")
    assert (result.code, result.out) == (
        1,
        "policy.yaml:5: house/drill: nobody attests it: no attestation names this rule or its controls\n",
    )


def test_a_rule_may_want_it_sooner_than_the_attestation_says(attested: Path, keyproof: Keyproof) -> None:
    policy = attested / "policy.yaml"
    policy.write_text(
        policy.read_text("utf-8").replace("every: annually", "every: quarterly"), encoding="utf-8"
    )
    assert "until 2025-05-30" in keyproof("attestation", "list", "--as-of", "2025-04-01").out
    assert keyproof("attestation", "check", "--as-of", "2025-06-01").code == 1
    (finding,) = json.loads(
        keyproof("scan", "--no-progress", "-q", "--as-of", "2025-05-31", "--format", "json").out
    )["findings"]
    assert finding["outcome"] == "not-evaluated"
