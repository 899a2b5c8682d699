"""What is written twice is compared: run `make schemas` when one of these fails."""

from pathlib import Path

import pytest

from keyproof.wiring.generated import files

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", files(), ids=str)
def test_the_file_says_what_the_code_says(path: Path) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == files()[path]
