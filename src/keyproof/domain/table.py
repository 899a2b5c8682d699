"""The subjects a pack judges side by side, so that a condition is decided once for every value it meets."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar, cast, runtime_checkable

from keyproof.domain.leak import Leak
from keyproof.domain.policy import Selector
from keyproof.domain.secret import SubjectKind
from keyproof.domain.subject import Subject

Rows = Sequence[int]
"""Positions of subjects in a table, ascending."""

_Column = TypeVar("_Column")


class SubjectTable:
    """Subjects and the class their pack places each in, with columns that are made when first asked for."""

    __slots__ = ("_columns", "classes", "subjects")

    def __init__(self, subjects: Sequence[Subject], classes: Sequence[str]) -> None:
        self.subjects = subjects
        self.classes = classes
        """Class by row; empty for none."""
        self._columns: dict[str, Any] = {}

    def column(self, attribute: str) -> Sequence[Any]:
        """The attribute by row; None for a subject that has no such attribute."""
        return self._made(attribute, lambda: [getattr(subject, attribute, None) for subject in self.subjects])

    def folded(self, attribute: str) -> Sequence[str]:
        """The text of an attribute that every subject has, in lower case, by row."""
        return self._made(f"folded {attribute}", lambda: [text.lower() for text in self.column(attribute)])

    def classes_with_leaks(self) -> Sequence[str]:
        """Class by row; a leak that has none brings its detector's."""
        return self._made(
            "class",
            lambda: [
                found or (subject.secret_class if isinstance(subject, Leak) else "")
                for found, subject in zip(self.classes, self.subjects, strict=True)
            ],
        )

    def tag_spellings(self) -> Mapping[str, Sequence[str]]:
        """Tag key in lower case → how the subjects write it."""
        return self._made("tag spellings", self._spell)

    def tag(self, spelling: str) -> Sequence[str | None]:
        """The value of the tag that is written so, by row."""
        return self._made(f"tag {spelling}", lambda: [tags.get(spelling) for tags in self.column("tags")])

    def selected(self, selector: Selector, kinds: frozenset[SubjectKind]) -> Rows:
        """Rows of the subjects of these kinds that `selector` matches; it is asked once."""
        key = f"selected {id(selector)} {sorted(kinds)}"
        made = self._made(key, lambda: (selector, select(selector, self, self._of_kinds(kinds))))
        return made[1]  # beside the selector itself, so that no other gets its identity

    def _of_kinds(self, kinds: frozenset[SubjectKind]) -> Rows:
        of_row = self.column("kind")
        return self._made(
            f"of {sorted(kinds)}", lambda: [row for row, kind in enumerate(of_row) if kind in kinds]
        )

    def _spell(self) -> Mapping[str, Sequence[str]]:
        spellings: dict[str, list[str]] = {}
        for key in sorted(set().union(*self.column("tags"))):
            spellings.setdefault(key.lower(), []).append(key)
        return spellings

    def _made(self, name: str, make: Callable[[], _Column]) -> _Column:
        if name not in self._columns:
            self._columns[name] = make()
        return cast(_Column, self._columns[name])


@runtime_checkable
class RowSelector(Selector, Protocol):
    """A selector that decides many subjects at once; it selects those that its `matches` would."""

    def select(self, table: SubjectTable, rows: Rows) -> list[int]:
        """Those of `rows` that match, in their order."""
        ...


def select(selector: Selector, table: SubjectTable, rows: Rows) -> list[int]:
    """Those of `rows` that `selector` matches, in their order."""
    if isinstance(selector, RowSelector):
        return selector.select(table, rows)
    matches, subjects, classes = selector.matches, table.subjects, table.classes
    return [row for row in rows if matches(subjects[row], classes[row])]
