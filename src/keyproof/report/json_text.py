"""JSON documents as text that any file can hold."""

import json
from typing import Any


def json_text(document: Any) -> str:
    """`document` indented, with a newline at its end.

    Half a surrogate pair, which a backend may hand over in a name, has no bytes in UTF-8: then everything
    beyond ASCII is escaped, so that no character is lost.
    """
    text = json.dumps(document, ensure_ascii=False, indent=2)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(document, indent=2)
    return f"{text}\n"
