"""docs/backends.md has a row for every kind of source, and its example is a rule."""

import re
from pathlib import Path

import pytest

from keyproof import config
from keyproof.ports import Surroundings
from keyproof.wiring.catalog import COLLECTORS
from keyproof.wiring.compose import compose_sources
from tests.fakes.ports import FixedClock


@pytest.fixture(scope="module")
def page(checkout: Path) -> str:
    return (checkout / "docs/backends.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", sorted(COLLECTORS))
def test_every_kind_of_source_has_a_row(page: str, kind: str) -> None:
    assert page.count(f"\n| `{kind}` |") == 1


def test_no_row_is_left_over(page: str) -> None:
    assert set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)) == set(COLLECTORS)


def test_the_configuration_shown_has_options_that_exist(page: str, tmp_path: Path) -> None:
    text = next(block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "version: 1" in block)
    (tmp_path / "keyproof.yaml").write_text(text, encoding="utf-8")
    settings = config.load(tmp_path / "keyproof.yaml", {})
    here = Surroundings(root=tmp_path, environ={}, clock=FixedClock(), sleep=lambda _: None)
    assert [source.kind for source in compose_sources(settings, here)] == [
        "aws-secrets-manager",
        "vault",
        "postgresql",
        "kubernetes",
        "tls",
        "sops",
        "inventory",
    ]
