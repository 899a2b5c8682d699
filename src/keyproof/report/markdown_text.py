"""Text from outside inside GitHub Flavored Markdown: shown as it is, whatever it holds."""

import re

from keyproof.report.visible import visible

_MEANING = re.compile(r"[!\"#$&()*+<>@\[\\\]^_`{|}~]|(?<=\w):(?=//)|:(?=[\w+-]+:)|(?<=www)\.", re.IGNORECASE)
"""What could begin markup, a cell, a mention, a reference, an emoji, or a link of its own (GFM 0.29, 6.9)."""


def markdown(text: str) -> str:
    """`text` with every sign that means something to Markdown written as a character reference.

    References are no markup (GFM 0.29, 6.2), so nothing can be escaped twice or undone by the signs around it.
    """
    return _MEANING.sub(lambda found: f"&#{ord(found[0])};", visible(text))
