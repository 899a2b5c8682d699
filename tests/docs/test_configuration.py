"""The page on keyproof.yaml names every key there is, and no other."""

import re

from keyproof import config
from tests.docs.test_yaml import DOCS


def test_every_key_stands_in_the_table() -> None:
    page = (DOCS / "reference" / "configuration.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)) == sorted(
        config.schema()["properties"]
    )
