"""Derives from a detector's pattern a simpler one that matches wherever it does.

Lookarounds, anchors and boundaries go, optional ends are cut, and so are the parts beyond a back reference. What remains is what Hyperscan can run over every byte; the pattern itself decides.
"""

import re
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from keyproof.leaks.detection.detector import Prefilter

# The standard library's own parser; private by name, so a test compares its results to real matching.
_parser: Any = import_module("re._parser")
_opcodes: Any = import_module("re._constants")

_UNBOUNDED_FROM = 64
"""A repeat with a higher bound is left open: counting states is what makes an automaton slow."""
_CATEGORIES = {
    _opcodes.CATEGORY_DIGIT: r"\d",
    _opcodes.CATEGORY_NOT_DIGIT: r"\D",
    _opcodes.CATEGORY_SPACE: r"\s",
    _opcodes.CATEGORY_NOT_SPACE: r"\S",
    _opcodes.CATEGORY_WORD: r"\w",
    _opcodes.CATEGORY_NOT_WORD: r"\W",
}
_REPEATS = (_opcodes.MAX_REPEAT, _opcodes.MIN_REPEAT, _opcodes.POSSESSIVE_REPEAT)
_SINGLE = (_opcodes.IN, _opcodes.NOT_LITERAL, _opcodes.ANY)
_SKIPPED = (_opcodes.AT, _opcodes.ASSERT, _opcodes.ASSERT_NOT)


def width(pattern: str) -> int:
    """The longest match of `pattern` in bytes. Raises re.error when it is no regular expression."""
    return int(_parser.parse(pattern.encode()).getwidth()[1])


def derive(pattern: str, flags: int = 0) -> Prefilter:
    """The prefilter of `pattern` under the `flags` of `re`. Raises re.error when there is none."""
    parsed = _parser.parse(pattern.encode(), flags & (re.IGNORECASE | re.VERBOSE))
    items = _cut(_cut(_reference_free(parsed), 0), -1)
    caseless = bool(parsed.state.flags & re.IGNORECASE)
    expression = _sequence(items)
    if not expression:
        raise re.error("matches the empty text", pattern)
    literals = dict.fromkeys(text.lower() for text in _literals(items))
    return Prefilter(expression=expression, caseless=caseless, literals=tuple(literals))


def texts(prefilter: Prefilter) -> tuple[str, ...]:
    """Its literals as they are written; none when their case is open."""
    return () if prefilter.caseless else _literals(list(_parser.parse(prefilter.expression.encode())))


def _reference_free(sequence: Sequence[Any]) -> list[Any]:
    """The best part without a back reference, which no automaton can follow: a part matches wherever the whole does."""
    parts: list[list[Any]] = [[]]
    for item in sequence:
        if _refers(item):
            parts.append([])
        else:
            parts[-1].append(item)
    return max(parts, key=lambda part: _shortest(_literals(part)))


def _refers(part: Any) -> bool:
    """Whether a back reference stands anywhere in `part`."""
    if isinstance(part, list | tuple | _parser.SubPattern):
        return any(_refers(inner) for inner in part)
    return part is _opcodes.GROUPREF


def _cut(sequence: Sequence[Any], end: int) -> list[Any]:
    """`sequence` without what is optional at its `end` (0 or -1): a search finds the rest all the same."""
    items = list(sequence)
    while items:
        if end == -1 and len(items) > 1 and _any_length(items[-2]) and items[-1][0] in _SINGLE:
            del items[-1]  # `x*y` at the end would hit at every y
            continue
        code, value = items[end]
        shorter = _shorter(code, value, end)
        if shorter is not None:
            items[end] = shorter
            break
        del items[end]
    return items


def _any_length(item: Any) -> bool:
    code, value = item
    return code in _REPEATS and value[0] == 0 and value[1] > _UNBOUNDED_FROM


def _shorter(code: Any, value: Any, end: int) -> Any:
    """The least of an item that must stand at an end; None when it may be empty."""
    if code in _SKIPPED:
        return None
    if code in _REPEATS:
        low, _high, body = value
        inner = _cut(body, end)
        return (code, (low, low, inner if low == 1 else body)) if low and inner else None
    if code is _opcodes.SUBPATTERN:
        number, added, removed, body = value
        inner = _cut(body, end)
        return (code, (number, added, removed, inner)) if inner else None
    if code is _opcodes.BRANCH:
        branches = [_cut(branch, end) for branch in value[1]]
        return (code, (value[0], branches)) if all(branches) else None
    return (code, value)


def _sequence(items: Sequence[Any]) -> str:
    return "".join(_item(code, value) for code, value in items)


def _item(code: Any, value: Any) -> str:
    if code in _SINGLE:
        return _single(code, value)
    if code is _opcodes.LITERAL:
        return _byte(value)
    if code in _REPEATS:
        return _repeat(*value)
    return "" if code in _SKIPPED else _group(code, value)


def _single(code: Any, value: Any) -> str:
    if code is _opcodes.IN:
        return _members(value)
    return "." if code is _opcodes.ANY else f"[^{_byte(value)}]"


def _group(code: Any, value: Any) -> str:
    if code is _opcodes.BRANCH:
        return f"(?:{'|'.join(_sequence(branch) for branch in value[1])})"
    if code is _opcodes.ATOMIC_GROUP:
        return f"(?:{_sequence(value)})"
    if code is _opcodes.SUBPATTERN:
        _number, added, removed, body = value
        inner = _sequence(body)
        flags = ("i" if added & re.IGNORECASE else "") + ("-i" if removed & re.IGNORECASE else "")
        return f"(?{flags}:{inner})" if inner else ""
    raise re.error(f"{code} in the middle of a pattern cannot be simplified")


def _repeat(low: int, high: int, body: Sequence[Any]) -> str:
    inner = _sequence(body)
    if not inner:
        return ""
    if len(body) != 1 or body[0][0] in _REPEATS:
        inner = f"(?:{inner})"
    if low == high:
        return inner if low == 1 else f"{inner}{{{low}}}"
    if (low, high) == (0, 1):
        return f"{inner}?"
    return f"{inner}{{{low},{'' if high > _UNBOUNDED_FROM else high}}}"


def _byte(value: int) -> str:
    character = chr(value)
    return character if character.isascii() and character.isalnum() else f"\\x{value:02x}"


def _members(items: Sequence[Any]) -> str:
    negated = bool(items) and items[0][0] is _opcodes.NEGATE
    written = ""
    for code, value in items[1:] if negated else items:
        if code is _opcodes.LITERAL:
            written += _byte(value)
        elif code is _opcodes.RANGE:
            written += f"{_byte(value[0])}-{_byte(value[1])}"
        else:
            written += _CATEGORIES[value]
    return f"[{'^' if negated else ''}{written}]"


def _literals(items: Sequence[Any], before: str = "") -> tuple[str, ...]:
    """The texts one of which every match holds: of all such sets the one whose shortest is longest."""
    best: tuple[str, ...] = ()
    run = before
    for code, value in [*items, (None, None)]:
        if code is _opcodes.LITERAL:
            run += chr(value)
            continue
        best = _longer(best, (run,) if run else ())
        if code is _opcodes.BRANCH:
            choices = [_literals(branch, run) for branch in value[1]]
            if all(choices):
                best = _longer(best, tuple(dict.fromkeys(text for choice in choices for text in choice)))
        elif code is _opcodes.SUBPATTERN:
            best = _longer(best, _literals(value[3], run))
        elif code in _REPEATS and value[0] > 0:
            best = _longer(best, _literals(value[2]))
        run = ""
    return best


def _longer(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return max(one, other, key=_shortest)


def _shortest(texts: tuple[str, ...]) -> int:
    return min(map(len, texts), default=0)
