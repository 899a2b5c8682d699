"""A policy document as a sequence of statements, each with its line and the headings above it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from markdown_it import MarkdownIt
from markdown_it.token import Token

from keyproof.inventory.table import Tables, markdown_tables
from keyproof.inventory.words import without_emoji

_LABELLED = re.compile(r"([^:]{1,60}?)\s*:(?:\s+(\S.*))?")
_TASK = re.compile(r"\[[ xX]\]\s+")
_NUMBERED = re.compile(r"\d{1,3}[.)]\s+")
_LONGEST = 1000
"""Characters of one line that are read: a rule is a sentence, not a page."""
_LIST = frozenset({"bullet_list_open", "ordered_list_open"})
_LIST_END = frozenset({"bullet_list_close", "ordered_list_close"})


class Form(StrEnum):
    """How a statement stands in the document."""

    HEADING = "heading"
    ITEM = "item"
    TEXT = "text"
    CODE = "code"
    """A line of a code block: a command, or a comment that tells a step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading above a statement."""

    level: int
    line: int
    text: str
    """Without numbering and emoji."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One line of the document as a reader sees it: without marks and emoji."""

    line: int
    """1-based."""
    form: Form
    text: str
    headings: tuple[Heading, ...] = ()
    """Those above it, outermost first; a heading does not stand above itself."""
    intro: str = ""
    """The last line of text above it in its section, where that ends with a colon."""
    task: bool = False
    """Whether it is an entry of a checklist."""

    @property
    def label(self) -> str:
        """What stands before a colon, lower case; empty when there is none."""
        found = _LABELLED.fullmatch(self.text)
        return found[1].strip().casefold() if found else ""

    @property
    def value(self) -> str:
        """What stands after the label; the whole text without one."""
        found = _LABELLED.fullmatch(self.text)
        return (found[2] or "") if found else self.text

    @property
    def heading(self) -> str:
        """The nearest heading; empty above the first."""
        return self.headings[-1].text if self.headings else ""

    def below(self, *words: str) -> bool:
        """Whether a heading under the document's title, or the text before the list, has one of `words`."""
        titles = [heading.text for heading in self.headings if heading.level > 1]
        told = " ".join([*titles, self.intro]).casefold()
        return any(word in told for word in words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A document read, its statements in its order."""

    path: str
    statements: tuple[Statement, ...]
    tables: Tables

    @property
    def title(self) -> str:
        """The first heading, or an empty text."""
        return next((s.text for s in self.statements if s.form is Form.HEADING), "")


def outline(text: str, *, path: str) -> Outline:
    """Read a Markdown or plain text; whatever the text, there is an outline of it."""
    lines = re.split(r"\r\n?|\n", text)
    matter = list(_front_matter(lines))
    body = "\n".join(["" if index < len(matter) else line for index, line in enumerate(lines)])
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(body)
    facts = [Statement(line=at, form=Form.TEXT, text=line) for at, line in matter if ":" in line]
    return Outline(path=path, statements=(*facts, *_Walk(tokens).statements()), tables=markdown_tables(body))


def _front_matter(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The lines of a YAML block at the top, its marks included; none when it is not closed."""
    if not lines or lines[0].rstrip() != "---":
        return
    end = next((index for index, line in enumerate(lines[1:40], 1) if line.rstrip() in {"---", "..."}), 0)
    for index in range(end + 1 if end else 0):
        yield index + 1, " ".join(lines[index][:_LONGEST].split())


class _Walk:
    """One pass over the tokens, knowing where it is."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._headings: dict[int, Heading] = {}
        self._intro = ""
        self._depth = 0
        self._in_table = False

    def statements(self) -> Iterator[Statement]:
        for index, token in enumerate(self._tokens):
            self._depth += (token.type in _LIST) - (token.type in _LIST_END)
            match token.type:
                case "table_open" | "table_close":
                    self._in_table = token.type == "table_open"
                case "heading_open":
                    yield from self._heading(token, self._tokens[index + 1])
                case "inline" if not self._in_table and self._tokens[index - 1].type != "heading_open":
                    yield from self._lines(token)
                case "fence" | "code_block":
                    yield from self._code(token)
                case _:
                    pass

    def _heading(self, token: Token, content: Token) -> Iterator[Statement]:
        level, line = int(token.tag[1:]), (token.map or [0])[0] + 1
        text = _NUMBERED.sub("", " ".join(_plain_lines(content)), count=1)
        self._headings = {depth: known for depth, known in self._headings.items() if depth < level}
        self._intro = ""
        if text:
            yield Statement(line=line, form=Form.HEADING, text=text, headings=tuple(self._headings.values()))
            self._headings[level] = Heading(level=level, line=line, text=text)

    def _lines(self, token: Token) -> Iterator[Statement]:
        first = (token.map or [0])[0] + 1
        form = Form.ITEM if self._depth else Form.TEXT
        for offset, text in enumerate(_plain_lines(token)):
            if not text:
                continue
            task = bool(_TASK.match(text))
            yield Statement(
                line=first + offset,
                form=form,
                text=_TASK.sub("", text, count=1),
                headings=tuple(self._headings.values()),
                intro=self._intro,
                task=task,
            )
            if form is Form.TEXT:
                self._intro = text if text.endswith(":") else ""

    def _code(self, token: Token) -> Iterator[Statement]:
        first = (token.map or [0])[0] + (2 if token.type == "fence" else 1)
        for offset, text in enumerate(token.content.split("\n")):
            if text.strip():
                yield Statement(
                    line=first + offset,
                    form=Form.CODE,
                    text=" ".join(text[:_LONGEST].split()),
                    headings=tuple(self._headings.values()),
                )


def _plain_lines(token: Token) -> list[str]:
    """The text of an inline token, a line of the document each, without marks of bold, code and links."""
    lines: list[list[str]] = [[]]
    for child in token.children or []:
        if child.type in {"softbreak", "hardbreak"}:
            lines.append([])
        elif child.type != "html_inline":
            lines[-1].append(child.content)
    return [without_emoji("".join(words)[:_LONGEST]) for words in lines]
