"""`keyproof policy` and `keyproof waiver`: looking without running."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import CONFIGURATION, POLICY, Keyproof

WAIVERS = """\
apiVersion: keyproof/v1
kind: Waivers
waivers:
  - {id: freeze, rule: age, select: {name: "Database*"}, reason: Provider freeze, ticket: OPS-1,
     requested-by: Ana, approved-by: [Security], from: 2025-09-01, until: 2025-10-12}
"""


@pytest.mark.parametrize("document", ["policy-pack", "policy-test", "waivers", "config"])
def test_schemas_are_printed(keyproof: Keyproof, document: str) -> None:
    result = keyproof("policy", "schema", document)
    assert result.code == 0
    assert json.loads(result.out)["properties"]


def test_packs_are_listed(project: Path, keyproof: Keyproof) -> None:
    assert "house 1.0.0: House" in keyproof("policy", "list").out
    (project / "keyproof.yaml").unlink()
    shipped = keyproof("policy", "list").out
    assert "baseline" in shipped
    assert "pci-dss-4.0.1" in shipped


def test_doubts_are_told_with_their_place(project: Path, keyproof: Keyproof) -> None:
    (project / "policy.yaml").write_text(
        POLICY.replace("period: 90d", "period: bi-annually"), encoding="utf-8"
    )
    result = keyproof("policy", "lint", "policy.yaml")
    assert result.code == 1
    assert "policy.yaml:5" in result.out
    assert "182 days" in result.out


def test_an_environment_that_nothing_can_have_is_doubted(project: Path, keyproof: Keyproof) -> None:
    (project / "keyproof.yaml").write_text(
        CONFIGURATION + 'environments: {production: ["prod/*"]}\n', encoding="utf-8"
    )
    (project / "policy.yaml").write_text(
        POLICY.replace('name: "*password*"', 'environment: prodution, name: "*password*"'), encoding="utf-8"
    )
    assert "did you mean 'production'?" in keyproof("policy", "lint").out


@pytest.mark.parametrize(
    ("day", "code", "state"),
    [("2025-09-20", 0, "active"), ("2025-10-12", 1, "expiring"), ("2025-10-13", 1, "expired")],
)
def test_waivers_that_end_are_named(
    project: Path, keyproof: Keyproof, day: str, code: int, state: str
) -> None:
    (project / "keyproof.yaml").write_text(CONFIGURATION + "waivers: [waivers.yaml]\n", encoding="utf-8")
    (project / "waivers.yaml").write_text(WAIVERS, encoding="utf-8")
    assert f"freeze                       {state}" in keyproof("waiver", "list", "--as-of", day).out
    result = keyproof("waiver", "check", "--as-of", day)
    assert result.code == code
    assert ("waivers.yaml:4: freeze" in result.out) == bool(code)
    scanned = keyproof("scan", "--as-of", day)
    assert scanned.code == (1 if state == "expired" else 0), scanned.out
