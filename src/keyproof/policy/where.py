"""`where:` of a selector: a JMESPath condition over a subject's metadata as plain data."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, Self, cast

import jmespath
from jmespath.exceptions import EmptyExpressionError, JMESPathError, JMESPathTypeError, ParseError
from jmespath.parser import ParsedResult

from keyproof.domain.duration import Duration
from keyproof.domain.leak import Coverage, Leak
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.subject import Document, Repository, Subject
from keyproof.errors import PolicyError, Problem
from keyproof.strict_yaml import did_you_mean

_BLANKS: tuple[Subject, ...] = (
    SecretMetadata(id="", name="", source="", backend="", scope=""),
    Leak(
        fingerprint="", detector="", title="", secret_class="", repository="", preview="", occurrences=(),
        confidence="possible",  # type: ignore[arg-type]  # the same text as its member, and no import for it
    ),
    Repository(name="", coverage=Coverage(repository="", mode=""), leaks=0),
    Document(pack="", name=""),
)  # fmt: skip
_SYNTAX = "see https://jmespath.org for the syntax"
_GUARD = "guard what may be absent, for example `expires_at && starts_with(expires_at, '2026')`"
_DERIVED = ("id", "kind", "name", "value_date", "introduced_at", "present")
"""Properties that stand beside the fields."""
_NAMES: dict[type[Subject], frozenset[str]] = {
    type(blank): frozenset(
        {
            "class",
            *(item.name for item in fields(blank)),
            *(name for name in _DERIVED if hasattr(blank, name)),
        }
    )
    for blank in _BLANKS
}


class WhereSyntaxError(Exception):
    """The expression cannot be used; `offset` is the 0-based character the fault stands at."""

    def __init__(self, message: str, *, offset: int = 0, hint: str = _SYNTAX) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Where:
    """A condition that holds when the expression's result is true in JMESPath's sense.

    A subject that lacks one of the fields the expression names, as a leak lacks `expires_at`, is not
    what the expression is about: where its absence makes a function fail, the condition does not hold.
    """

    expression: str
    _parsed: ParsedResult
    _fields: frozenset[str]
    """Fields of the subject it reads; empty when it looks at the subject as a whole."""
    _place: Problem
    """Where it stands, for a fault that only a subject shows."""

    @classmethod
    def compile(cls, expression: str, *, place: Problem) -> Self:
        """Parse and try the expression. Raises WhereSyntaxError."""
        try:
            parsed = jmespath.compile(expression)
        except EmptyExpressionError:
            raise WhereSyntaxError("the expression is empty") from None
        except ParseError as cause:
            raise WhereSyntaxError(_first_line(cause), offset=cause.lex_position) from None
        if _negates_too_early(cast(dict[str, Any], parsed.parsed)):
            raise WhereSyntaxError("'!a.b' means '(!a).b', which is never true", hint="write '!(a.b)'")
        names = set(_root_fields(cast(dict[str, Any], parsed.parsed)))  # the stubs' own node type is private
        known = frozenset().union(*_NAMES.values())
        for name in sorted(names - {""}):
            if name not in known:
                raise WhereSyntaxError(
                    f"no subject has a field '{name}'",
                    offset=max(expression.find(name), 0),
                    hint=did_you_mean(name, sorted(known)),
                )
        made = cls(expression, parsed, frozenset() if "" in names else frozenset(names), place)
        made._try()
        return made

    def matches(self, subject: Subject, secret_class: str) -> bool:
        """Whether the condition holds. Raises PolicyError when a function cannot take what it is given."""
        try:
            return self._holds(subject, secret_class)
        except JMESPathError as cause:
            if not self._fields <= _NAMES[type(subject)]:
                return False
            problem = Problem(
                path=self._place.path,
                line=self._place.line,
                column=self._place.column,
                message=f"'where' cannot be applied to {subject.id}: {_first_line(cause)}",
                hint=_GUARD,
            )
            raise PolicyError.of([problem]) from None

    def _holds(self, subject: Subject, secret_class: str) -> bool:
        names = self._fields or _NAMES[type(subject)]
        data = {
            name: _plain(getattr(subject, name, None)) if name != "class" else secret_class for name in names
        }
        result = self._parsed.search(data)
        return not (result is None or result is False or result in ("", [], {}))

    def _try(self) -> None:
        """Find faults that need no real subject: an unknown function, a wrong number of arguments."""
        for blank in _BLANKS:
            if self._fields <= _NAMES[type(blank)]:
                try:
                    self._holds(blank, "")
                except JMESPathError as cause:
                    hint = _GUARD if isinstance(cause, JMESPathTypeError) else _SYNTAX
                    raise WhereSyntaxError(_first_line(cause), hint=hint) from None


def _negates_too_early(node: dict[str, Any]) -> bool:
    """Whether a field is looked up in a negation: JMESPath binds `!` closer than `.`."""
    children = [child for child in node.get("children", ()) if isinstance(child, dict)]
    looks_up = node["type"] in {"subexpression", "index_expression"}
    return (looks_up and children[0]["type"] == "not_expression") or any(map(_negates_too_early, children))


def _first_line(cause: Exception) -> str:
    text = str(cause).splitlines()[0].rstrip(":") if str(cause) else "is not understood"
    return text.replace("Invalid jmespath expression: ", "").replace("Bad jmespath expression: ", "")


def _root_fields(node: dict[str, Any]) -> Iterator[str]:
    """Names looked up on the subject itself; an empty one when the subject is used as a whole."""
    match node["type"]:
        case "field":
            yield node["value"]
        case "current" | "identity":
            yield ""
        case (
            "subexpression" | "index_expression" | "pipe" | "projection" | "flatten"
            | "filter_projection" | "value_projection"
        ):  # fmt: skip
            yield from _root_fields(node["children"][0])  # what follows is looked up in its result
        case "literal" | "expref" | "index" | "slice":
            return
        case _:
            for child in node["children"]:
                yield from _root_fields(child)


def _plain(value: Any) -> Any:  # noqa: PLR0911 (one line a type)
    """`value` as JSON would hold it; times in ISO 8601, spans in seconds, periods as written."""
    match value:
        case Enum():
            return value.value
        case datetime() | date():
            return value.isoformat().replace("+00:00", "Z")
        case timedelta():
            return value.total_seconds()
        case Duration():
            return value.text
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case tuple() | list() | frozenset():
            return [_plain(item) for item in value]
        case _ if is_dataclass(value):
            return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        case _:
            return value
