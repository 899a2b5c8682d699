"""Tables of Markdown and CSV documents, every row with the line it stands on."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

_DELIMITERS = ",;\t"
_PIPE = re.compile(r"(?<!\\)\|")
_HTML_TABLE = re.compile(r"<table[\s>]", re.IGNORECASE)
_SECRET_WORD = re.compile(r"secret|credential|password|token|\bkey", re.IGNORECASE)
_HTML_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row below the header, its cells as plain text."""

    line: int
    """1-based line of the document."""
    cells: tuple[str, ...]
    """As many as the table has headers; an absent cell is empty."""
    surplus: bool = False
    """Whether the row had more cells than the header: they may have slipped."""

    @property
    def blank(self) -> bool:
        """Whether no cell holds anything."""
        return not any(self.cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table with its headers as written."""

    line: int
    """1-based line of the header."""
    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    headings: tuple[str, ...] = ()
    """Headings of the document above the table, outermost first."""
    certain: bool = False
    """Whether the document is nothing but this table, so that it is the one that was meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A part of the document that was not read, and why."""

    line: int
    reason: str
    harmless: bool = False
    """Whether nothing about a secret can be missing for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Every table of a document, and what looked like one but could not be read."""

    tables: tuple[Table, ...]
    skipped: tuple[Skipped, ...] = ()


def fitted(cells: Sequence[str], width: int, line: int) -> Row:
    """A row of exactly `width` cells, padded with empty ones; cells beyond are dropped and remembered."""
    padded = (*cells[:width], *("" for _ in range(width - len(cells))))
    return Row(line=line, cells=padded, surplus=any(cell for cell in cells[width:]))


def csv_table(text: str) -> Tables:
    """The one table of a CSV text; delimited by comma, semicolon or tab, whichever splits the header most.

    Raises ValueError when there is no header, or with the line where the quoting is broken.
    """
    delimiter = max(_DELIMITERS, key=lambda candidate: len(_header(text, candidate)))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records: list[tuple[int, list[str]]] = []
    begin = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                records.append((begin, [" ".join(cell.split()) for cell in cells]))
            begin = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"line {begin}: is not CSV: {error}") from None
    if not records:
        raise ValueError("has no header row")
    (line, headers), body = records[0], records[1:]
    rows = tuple(fitted(cells, len(headers), at) for at, cells in body)
    return Tables(tables=(Table(line=line, headers=tuple(headers), rows=rows, certain=True),))


def _header(text: str, delimiter: str) -> list[str]:
    filled = (line for line in io.StringIO(text, newline="") if line.strip())
    try:
        return next(csv.reader(filled, delimiter=delimiter), [])
    except csv.Error:
        return []


def markdown_tables(text: str) -> Tables:
    """Every pipe table of a Markdown text (GitHub's dialect) outside code blocks and comments."""
    lines = re.split(r"\r\n?|\n", text)
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    tables: list[Table] = []
    skipped: list[Skipped] = []
    headings: dict[int, str] = {}
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            level = int(token.tag[1:])
            headings = {depth: title for depth, title in headings.items() if depth < level}
            headings[level] = _plain(tokens[index + 1])
        elif token.type == "table_open":
            tables.append(_table(tokens[index:], lines, tuple(headings.values())))
        elif token.type == "html_block" and token.map and _HTML_TABLE.search(token.content):
            harmless = not _SECRET_WORD.search(token.content)
            reason = "an HTML table is not read; write it as a pipe table"
            skipped.append(Skipped(line=token.map[0] + 1, reason=reason, harmless=harmless))
    return Tables(tables=tuple(tables), skipped=tuple(skipped))


def _table(tokens: Sequence[Token], lines: Sequence[str], headings: tuple[str, ...]) -> Table:
    records = list(_records(tokens))
    line, headers = records[0]
    rows = (
        Row(line=at, cells=tuple(cells), surplus=_written_cells(lines[at - 1]) > len(headers))
        for at, cells in records[1:]
    )
    return Table(line=line, headers=tuple(headers), rows=tuple(rows), headings=headings)


def _records(tokens: Sequence[Token]) -> Iterator[tuple[int, list[str]]]:
    cells: list[str] = []
    line = 0
    for token in tokens:
        match token.type:
            case "tr_open":
                cells, line = [], (token.map or [0])[0] + 1
            case "inline":
                cells.append(_plain(token))
            case "tr_close":
                yield line, cells
            case "table_close":
                return
            case _:
                pass


def _plain(token: Token) -> str:
    """The text a reader sees: without marks of bold, code, links and comments."""
    words: list[str] = []
    for child in token.children or []:
        if child.type in {"softbreak", "hardbreak"} or _HTML_BREAK.fullmatch(child.content):
            words.append(" ")
        elif child.type != "html_inline":
            words.append(child.content)
    return " ".join("".join(words).split())


def _written_cells(line: str) -> int:
    """How many cells a pipe row has in the file; the parser drops those beyond the header silently."""
    row = line.strip().lstrip("> ").rstrip()
    return len(_PIPE.findall(row)) + 1 - row.startswith("|") - bool(re.search(r"(?<!\\)\|$", row))
