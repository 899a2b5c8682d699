"""Names from outside made harmless to read: nothing in them can hide, reorder or command."""

from unicodedata import category

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})


def visible(text: str) -> str:
    """`text` with every character a reader or a terminal cannot see, or would obey, written as its number.

    Control characters, line ends among them, and the format characters that reorder or hide text
    (Unicode TR 36) become `[U+202E]`.
    """
    if text.isprintable():
        return text
    return "".join(f"[U+{ord(c):04X}]" if category(c) in _UNSEEN else c for c in text)
