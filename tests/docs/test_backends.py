"""docs/backends.md has a row for every kind of source, and its example is a rule."""

import re
from pathlib import Path

import pytest

from keyproof.wiring.catalog import COLLECTORS


@pytest.fixture(scope="module")
def page(checkout: Path) -> str:
    return (checkout / "docs/backends.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", sorted(COLLECTORS))
def test_every_kind_of_source_has_a_row(page: str, kind: str) -> None:
    assert page.count(f"\n| `{kind}` |") == 1


def test_no_row_is_left_over(page: str) -> None:
    assert set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)) == set(COLLECTORS)
