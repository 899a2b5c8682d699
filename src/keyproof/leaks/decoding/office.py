"""The text of Office documents as people see it: their XML cuts words into pieces wherever the look changes."""

import re
from html import unescape

_MEMBERS = re.compile(
    r"word/\w+\.xml|xl/sharedStrings\.xml|xl/worksheets/\w+\.xml|xl/comments\w*\.xml|ppt/slides/\w+\.xml"
    r"|ppt/notesSlides/\w+\.xml|content\.xml"
)
"""Where Office Open XML (ECMA-376) and OpenDocument (ISO/IEC 26300) keep text."""
_LINE_END = re.compile(
    rb"</(?:w:p|a:p|text:p|text:h|si|row|table:table-row|comment)>|<w:br\b[^>]*>|<text:line-break/>"
)
_CELL_END = re.compile(rb"</(?:c|w:tc|table:table-cell)>|<w:tab/>|<text:tab/>")
_TAG = re.compile(rb"<[^<>]*>")


def office_text(name: str, content: bytes) -> bytes:
    """The lines of the document's text when `name` is where a document keeps it; `content` itself otherwise."""
    if not _MEMBERS.fullmatch(name):
        return content
    lines = _LINE_END.sub(b"\n", content.replace(b"\n", b" "))
    plain = _TAG.sub(b"", _CELL_END.sub(b"\t", lines))
    return unescape(plain.decode("utf-8", "replace")).encode("utf-8", "replace")
