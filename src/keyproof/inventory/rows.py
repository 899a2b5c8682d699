"""What each row of an inventory table declares, and why a table or row declares nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from keyproof.domain.duration import Duration
from keyproof.inventory import words
from keyproof.inventory.names import stands_for_all
from keyproof.inventory.table import Row, Skipped, Table
from keyproof.inventory.words import Field

_TELLING = frozenset(
    {Field.PERIOD, Field.LAST_ROTATED, Field.NEXT_ROTATION}
    | {Field.OWNER, Field.STATUS, Field.PRIORITY, Field.STORAGE}
)
_SCHEDULE = frozenset({Field.SECRET_TYPE, Field.PERIOD})
_SECRET_WORDS = ("secret", "credential", "key", "password", "token")


class Standing(IntEnum):
    """What the rows of a table are, from the most to the least specific."""

    SECRET = 0
    """One secret a row."""
    TYPE = 1
    """One kind of secret a row, told in detail: a secret of its own when no other row is of that kind."""
    SCHEDULE = 2
    """One kind of secret a row with its period alone: never a secret of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One row: what a person declares about a secret or a kind of secret."""

    table: int
    """Which table of the document it stands in."""
    line: int
    standing: Standing
    name: str
    """As written."""
    service: str = ""
    type: str = ""
    environments: tuple[str, ...] = ()
    owner: str = ""
    priority: str = ""
    status: str = ""
    storage: str = ""
    example: str = ""
    """May hold the name of a variable; never shown, as it may also hold a value."""
    last_rotated: date | None = None
    next_rotation: date | None = None
    next_text: str = ""
    period: Duration | None = None
    problems: tuple[str, ...] = ()

    @property
    def dated(self) -> bool:
        """Whether the row speaks of one value and not of a secret in general."""
        return bool(self.last_rotated or self.next_rotation or self.next_text or self.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which cells of a table tell what."""

    standing: Standing
    places: Mapping[Field, tuple[int, ...]]
    unused: tuple[str, ...]
    """Headers nobody could interpret."""


def columns_of(table: Table, own: Mapping[str, Field]) -> Columns | str:
    """The columns of `table`, or one phrase that says why it is no inventory.

    `own` maps headers of the user's choice to fields and goes before the known synonyms.
    """
    named = {words.header_words(header): field for header, field in own.items()}
    found = [named.get(words.header_words(header)) or words.header_field(header) for header in table.headers]
    places: dict[Field, list[int]] = {}
    for index, field in enumerate(found):
        if field is not None:
            places.setdefault(field, []).append(index)
    chosen = {
        index for index in places.get(Field.NAME, []) if words.header_words(table.headers[index]) in named
    }
    refusal = _settle_name(table, places, chosen)
    if refusal:
        return refusal
    unused = tuple(header for header, field in zip(table.headers, found, strict=True) if field is None)
    return Columns(
        standing=_standing(places),
        places={field: tuple(indexes) for field, indexes in places.items()},
        unused=tuple(header for header in unused if header),
    )


def _settle_name(table: Table, places: dict[Field, list[int]], chosen: set[int]) -> str:
    """Keep the best naming column, the others as examples; the reason when the table is no inventory."""
    names = sorted(
        places.get(Field.NAME, []),
        key=lambda index: (index not in chosen, words.name_rank(table.headers[index]), index),
    )
    shown = ", ".join(header or "(empty)" for header in table.headers)
    if not names and Field.SECRET_TYPE not in places and Field.SERVICE not in places:
        return f"no column names a secret ({shown})"
    if not places.keys() & _TELLING:
        return f"no column tells a period, date, owner, status, priority or storage ({shown})"
    strong = any(index in chosen or not words.is_weak_name(table.headers[index]) for index in names)
    sure = table.certain or strong or Field.SECRET_TYPE in places
    if not sure and not _about_secrets(table):
        return f"nothing says that its rows are secrets ({shown})"
    if names:
        places[Field.NAME] = names[:1]
        places[Field.EXAMPLE] = [*places.get(Field.EXAMPLE, []), *names[1:]]
    elif Field.SECRET_TYPE not in places:
        places[Field.NAME] = places.pop(Field.SERVICE)
    return ""


def _about_secrets(table: Table) -> bool:
    """Whether a header speaks of rotation, or the nearest heading of secrets."""
    title = table.headings[-1].casefold() if table.headings else ""
    rotates = any("rotat" in header.casefold() for header in table.headers)
    return rotates or any(word in title for word in _SECRET_WORDS)


def _standing(places: Mapping[Field, list[int]]) -> Standing:
    if Field.NAME in places or places.keys() & {Field.LAST_ROTATED, Field.NEXT_ROTATION, Field.STATUS}:
        return Standing.SECRET
    return Standing.SCHEDULE if places.keys() <= _SCHEDULE else Standing.TYPE


def declarations(table: Table, columns: Columns, number: int) -> Iterator[Declaration | Skipped]:
    """What every row of `table`, the document's `number`-th, declares; or why it is not read.

    A cell shaped like a credential is dropped with a problem, a row named by one is skipped.
    """
    for row in table.rows:
        if not row.blank:
            yield _Reading(table, columns, row).declaration(number)


class _Reading:
    """One row being read: cells by field, and the problems met."""

    def __init__(self, table: Table, columns: Columns, row: Row) -> None:
        self._table, self._columns, self._row = table, columns, row
        self._problems: list[str] = []

    def declaration(self, number: int) -> Declaration | Skipped:
        naming = Field.NAME if Field.NAME in self._columns.places else Field.SECRET_TYPE
        name, header = self._cell(naming)
        line = self._row.line
        if words.looks_like_value(name):
            return Skipped(line=line, reason=f"its '{header}' looks like a secret's value, not its name")
        if not words.without_emoji(name) or words.is_nothing(name):
            return Skipped(line=line, reason="names no secret")
        if stands_for_all(name):
            return Skipped(line=line, reason=f"'{name}' stands for every secret, not for one", harmless=True)
        if self._row.surplus:
            self._problem("the row has more cells than the table has columns; escape a '|' inside a cell")
        last, next_rotation = self._day(Field.LAST_ROTATED), self._next()
        return Declaration(
            table=number,
            line=line,
            standing=self._columns.standing,
            name=name,
            service=self._text(Field.SERVICE),
            type=self._text(Field.TYPE) or self._text(Field.SECRET_TYPE),
            environments=words.environments(self._text(Field.ENVIRONMENT)),
            owner=self._text(Field.OWNER),
            priority=self._word(Field.PRIORITY),
            status=self._word(Field.STATUS),
            storage=self._text(Field.STORAGE),
            example=self._cell(Field.EXAMPLE)[0],
            last_rotated=last,
            next_rotation=next_rotation[0],
            next_text=next_rotation[1],
            period=self._period(),
            problems=tuple(self._problems),
        )

    def _cell(self, field: Field) -> tuple[str, str]:
        """The first filled cell of `field` and its header."""
        indexes = self._columns.places.get(field, ())
        index = next((index for index in indexes if self._row.cells[index]), None)
        if index is None:
            return "", self._table.headers[indexes[0]] if indexes else ""
        return self._row.cells[index], self._table.headers[index]

    def _text(self, field: Field) -> str:
        text, header = self._cell(field)
        if words.looks_like_value(text):
            self._problem(f"{header}: looks like a secret's value and was not read; remove it and rotate it")
            return ""
        plain = words.without_emoji(text)
        return plain if any(map(str.isalnum, plain)) else ""

    def _day(self, field: Field) -> date | None:
        text, header = self._text(field), self._cell(field)[1]
        if words.is_nothing(text):
            return None
        try:
            return words.parse_day(text)
        except ValueError as error:
            self._problem(f"{header}: {error}")
            return None

    def _next(self) -> tuple[date | None, str]:
        """The date, or the words that stand in its place: `On compromise` is no fault, `2025-02-30` is."""
        text = self._text(Field.NEXT_ROTATION)
        if any(character.isdigit() for character in text):
            day = self._day(Field.NEXT_ROTATION)
            return day, "" if day else text
        return None, text

    def _period(self) -> Duration | None:
        text, header = self._text(Field.PERIOD), self._cell(Field.PERIOD)[1]
        if words.is_nothing(text):
            return None
        try:
            return words.parse_period(text, words.header_unit(header))
        except ValueError as error:
            self._problem(f"{header}: {error}")
            return None

    def _word(self, field: Field) -> str:
        text, header = self._cell(field)
        if words.looks_like_value(text):
            return self._text(field)
        read = words.priority_word if field is Field.PRIORITY else words.status_word
        try:
            return read(text)
        except ValueError as error:
            self._problem(f"{header}: {error}")
            return ""

    def _problem(self, text: str) -> None:
        self._problems.append(f"line {self._row.line}: {text}")
