"""The page on formats names every one of them with the file it writes."""

import re

from keyproof.wiring.catalog import REPORTERS
from tests.docs.test_yaml import DOCS


def test_every_format_stands_in_the_table() -> None:
    page = (DOCS / "reference" / "formats.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| `([^`]+)` \|", page, re.MULTILINE)
    assert dict(rows) == {name: reporter.filename for name, reporter in REPORTERS.items()}
