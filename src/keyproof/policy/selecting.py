"""From the selector of a file to the selector of the domain, with every fault at its place."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from keyproof.domain.policy import Selector
from keyproof.domain.secret import SubjectKind
from keyproof.errors import Problem
from keyproof.policy.documents import UNCLASSIFIED, SelectorDocument
from keyproof.policy.globs import Globs
from keyproof.policy.selector import (
    AllOf,
    AnyOf,
    ByAttribute,
    ByClass,
    ByMetadata,
    ByName,
    ByPriority,
    ByTag,
    Everything,
    Not,
)
from keyproof.policy.where import Where, WhereSyntaxError
from keyproof.strict_yaml import Key, YamlDocument, did_you_mean

PRIORITIES = ("critical", "high", "medium", "low")
_ATTRIBUTES = ("environment", "source", "backend", "kind", "owner", "type", "detector")


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectorCompiler:
    """Compiles the selectors of one file, adding what is wrong to `problems`."""

    document: YamlDocument
    classes: Collection[str] | None
    """Known classes; None while they are not all known, so that none can be called unknown."""
    problems: list[Problem]
    priority_of_class: Mapping[str, str] = field(default_factory=dict)
    in_class: bool = False
    """Whether the selector itself decides a class, and so cannot ask for one."""

    def compile(self, model: SelectorDocument | None, key: Key) -> Selector:
        """The selector written at `key`; None selects everything the check can judge."""
        if model is None:
            return Everything()
        parts = tuple(self._parts(model, key))
        return parts[0] if len(parts) == 1 else AllOf(parts)

    def _parts(self, model: SelectorDocument, key: Key) -> Iterator[Selector]:
        """Cheap conditions first."""
        if model.class_:
            self._check_classes(model.class_, (*key, "class"))
            yield ByClass(Globs.compile(model.class_))
        for attribute in _ATTRIBUTES:
            if patterns := getattr(model, attribute):
                yield ByAttribute(attribute, Globs.compile(patterns))
        self._check_words(model.kind, [kind.value for kind in SubjectKind], "kind of subject", (*key, "kind"))
        if model.priority:
            self._check_words(model.priority, PRIORITIES, "priority", (*key, "priority"))
            yield ByPriority(Globs.compile(model.priority), self.priority_of_class)
        if model.name:
            about_ids = [pattern for pattern in model.name if "://" in pattern or "#" in pattern]
            yield ByName(Globs.compile(model.name), Globs.compile(about_ids) if about_ids else None)
        for tag, patterns in model.tag.items():
            yield ByTag(tag, Globs.compile(patterns))
        yield from self._combined(model, key)
        if model.where:
            yield from self._where(model.where, (*key, "where"))

    def _combined(self, model: SelectorDocument, key: Key) -> Iterator[Selector]:
        if model.all_:
            yield AllOf(tuple(self.compile(part, (*key, "all", i)) for i, part in enumerate(model.all_)))
        if model.any_:
            yield AnyOf(tuple(self.compile(part, (*key, "any", i)) for i, part in enumerate(model.any_)))
        if model.not_ is not None:
            yield Not(self.compile(model.not_, (*key, "not")))

    def _where(self, expression: str, key: Key) -> Iterator[Selector]:
        try:
            yield ByMetadata(Where.compile(expression, place=self.document.problem(key, "")))
        except WhereSyntaxError as cause:
            line, column = self._inside(key, cause.offset)
            self.problems.append(
                Problem(
                    path=self.document.path,
                    line=line,
                    column=column,
                    message=f"'where' is not usable JMESPath: {cause.message}",
                    hint=cause.hint,
                )
            )

    def _inside(self, key: Key, offset: int) -> tuple[int, int]:
        """The place of the character at `offset` of a scalar written on one line; else of the scalar."""
        line, column = self.document.place(key)
        first = self.document.text.splitlines()[line - 1][column - 1 : column]
        if first in {"|", ">"}:
            return line, column
        return line, column + offset + (first in {"'", '"'})

    def _check_classes(self, patterns: tuple[str, ...], key: Key) -> None:
        if self.in_class:
            hint = "match by name, tag, backend or another key"
            self.problems.append(self.document.problem(key, "a class cannot be matched by class", hint))
        elif self.classes is not None:
            self._check_words(patterns, [*self.classes, UNCLASSIFIED], "class", key)

    def _check_words(self, patterns: tuple[str, ...], known: Collection[str], noun: str, key: Key) -> None:
        for index, pattern in enumerate(patterns):
            if not any(map(Globs.compile([pattern]).matches, known)):
                at = (*key, index) if (*key, index) in self.document.marks else key
                self.problems.append(
                    self.document.problem(
                        at, f"there is no {noun} '{pattern}'", did_you_mean(pattern, sorted(set(known)))
                    )
                )
