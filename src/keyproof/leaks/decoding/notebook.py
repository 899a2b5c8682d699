"""The cells of a Jupyter notebook as they were typed, and what they printed."""

import json
from collections.abc import Iterator
from typing import Any

from keyproof.leaks.decoding.part import Budget, Closed, Part

_SHOWN = (
    "text/plain",
    "text/html",
    "text/markdown",
    "text/latex",
    "application/json",
    "application/javascript",
)


def open_notebook(content: bytes, _budget: Budget) -> Iterator[Part | Closed]:
    """See opening.Opener and https://nbformat.readthedocs.io/en/latest/format_description.html; pictures are left out."""
    try:
        cells = json.loads(content)["cells"]
        for number, cell in enumerate(cells, start=1):
            yield _part(f"!/cell-{number}", [_text(cell.get("source"))])
            if outputs := cell.get("outputs"):
                yield _part(f"!/cell-{number}-output", [text for one in outputs for text in _shown(one)])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        yield Closed(path="", reason="damaged")


def _part(path: str, texts: list[str]) -> Part:
    content = "\n".join(filter(None, texts)).encode("utf-8", "replace")
    return Part(path=path, content=content, chain=("notebook",))


def _shown(output: dict[str, Any]) -> Iterator[str]:
    yield _text(output.get("text"))
    yield _text(output.get("traceback"))
    data = output.get("data") or {}
    for kind in _SHOWN:
        if kind in data:
            yield _text(data[kind])


def _text(value: object) -> str:
    """A text, written whole or as a list of its lines; anything else as JSON."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, indent=1)
