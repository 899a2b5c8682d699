"""Whole documents kept as files: compared, or written anew with KEYPROOF_REGENERATE=1."""

import os
from pathlib import Path

_FOLDER = Path(__file__).parents[1] / "data" / "reporters"
_UNSEEN = {"\u202e": "{U+202E}", "\x1b": "{U+001B}", "\r\n": "{CRLF}\n"}
"""What an editor or a reviewer would not see, and git might change."""


def assert_matches(name: str, text: str) -> None:
    """`text` is what the file `name` holds, characters nobody sees written as their number."""
    for character, shown in _UNSEEN.items():
        text = text.replace(character, shown)
    path = _FOLDER / name
    if os.environ.get("KEYPROOF_REGENERATE"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    assert path.read_text(encoding="utf-8") == text, (
        f"{name} differs; regenerate it with KEYPROOF_REGENERATE=1"
    )
