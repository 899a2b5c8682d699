"""`keyproof doctor`: what can be read, and the rights it takes."""

import json
from pathlib import Path

import pytest
import yaml

from keyproof.wiring.catalog import COLLECTORS
from tests.cli.conftest import Keyproof


def test_what_can_be_read_is_told(project: Path, keyproof: Keyproof) -> None:
    found = keyproof("doctor")
    assert found.code == 0
    assert "ok      table secrets.md (2 subjects)" in found.out
    assert "1 of 1 scopes can be read in full" in found.out


def test_what_cannot_be_read_is_a_problem_with_the_next_step(project: Path, keyproof: Keyproof) -> None:
    (project / "secrets.md").unlink()
    found = keyproof("doctor")
    assert found.code == 3
    assert "PROBLEM table" in found.out
    assert "next:" in found.out


@pytest.mark.parametrize("kind", COLLECTORS)
def test_every_kind_has_rights_to_print(keyproof: Keyproof, kind: str) -> None:
    found = keyproof("doctor", "--rights", kind)
    assert found.code == 0
    assert found.out.strip()


def test_rights_have_the_form_of_the_backend(keyproof: Keyproof) -> None:
    assert json.loads(keyproof("doctor", "--rights", "aws-ssm").out)["Statement"]
    kinds = [one["kind"] for one in yaml.safe_load_all(keyproof("doctor", "--rights", "kubernetes").out)]
    assert "ClusterRole" in kinds
    assert "GRANT" in keyproof("doctor", "--rights", "postgresql").out.upper()


def test_an_unknown_kind_is_refused_with_the_likely_one(keyproof: Keyproof) -> None:
    found = keyproof("doctor", "--rights", "kubernets")
    assert found.code == 2
    assert "kubernetes" in found.err
