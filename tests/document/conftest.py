"""The five source documents and our own restated ones, read once."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from keyproof.document.facts import PolicyText
from keyproof.document.reading import read_document

SEEDS = Path(os.environ.get("KEYPROOF_SEEDS") or Path(__file__).parents[3] / "shared" / "seeds")
OWN = Path(__file__).parents[1] / "data" / "documents"
NAMES = ("content-platform", "match-simulator", "learning-platform", "customer-insight", "session-app")


@pytest.fixture(scope="session")
def seeds() -> Mapping[str, PolicyText]:
    """S0 to S4, as they are."""
    found = sorted(SEEDS.glob("00[0-4]_*")) if SEEDS.is_dir() else []
    if len(found) != 5:
        pytest.skip(f"the five source documents are not in {SEEDS}; set KEYPROOF_SEEDS")
    return {
        f"S{number}": read_document(path.read_text(encoding="utf-8"), path=f"S{number}")
        for number, path in enumerate(found)
    }


@pytest.fixture(scope="session")
def own() -> Mapping[str, PolicyText]:
    """The same facts in our words, other headings and other tables."""
    return {
        f"S{number}": read_document((OWN / f"{name}.md").read_text(encoding="utf-8"), path=f"S{number}")
        for number, name in enumerate(NAMES)
    }
