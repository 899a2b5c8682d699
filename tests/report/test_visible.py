"""Nothing in a name hides, reorders or commands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.report.visible import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("schlüssel 鍵", "schlüssel 鍵"),
        ("a\u202eb", "a[U+202E]b"),
        ("\x1b[31m", "[U+001B][31m"),
        ("a\nb", "a[U+000A]b"),
        ("a\u00a0b", "a\u00a0b"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_visible_text_holds_nothing_unseen_and_is_settled(text: str) -> None:
    shown = visible(text)
    assert visible(shown) == shown
    assert not any(ord(character) < 32 for character in shown)
