"""A reader of HCL version 1 as far as policies use it, and of the same documents written in JSON."""

import json
import re
from typing import Any

_MAX_DEPTH = 40


class Pairs(list[tuple[str, Any]]):
    """An object's keys and values in order, repeated keys kept; told apart from a list by its type."""


def read_document(text: str) -> Pairs:
    """The top-level keys of a document, JSON when it begins with a brace.

    Raises ValueError, and nothing else, when it is neither.
    """
    if not text.lstrip().startswith("{"):
        return _Hcl(text).document()
    try:
        document: Pairs = json.loads(text, object_pairs_hook=Pairs)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return document


_SKIP = re.compile(r"(?:\s+|#[^\n]*|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_WORD = re.compile(r"[^\W\d][\w.-]*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_HEREDOC = re.compile(r"<<(-?)([^\W\d]\w*)\r?\n(.*?)^[ \t]*\2[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|([0-7]{3})|(.))", re.DOTALL)
_PLAIN_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


class _Hcl:
    """A reader of HCL version 1, as far as policies use it (https://github.com/hashicorp/hcl/tree/hcl1)."""

    def __init__(self, text: str) -> None:
        self.text = text.removeprefix("\ufeff")
        self.at = 0
        self.depth = 0

    def document(self) -> Pairs:
        """Every top-level key with its value."""
        return self._object("")

    def _object(self, end: str) -> Pairs:
        pairs = Pairs()
        while not self._take(end):
            pairs.append(self._item())
            self._take(",")
        return pairs

    def _item(self) -> tuple[str, Any]:
        keys = [self._key()]
        while not self._sees("{") and not self._take("="):
            keys.append(self._key())
        value = self._value()
        for key in reversed(keys[1:]):
            value = Pairs([(key, value)])
        return keys[0], value

    def _key(self) -> str:
        if self._sees('"'):
            return self._string()
        return self._match(_WORD, "a key")[0]

    def _value(self) -> Any:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise self._error("nested too deeply")
        try:
            return self._inner_value()
        finally:
            self.depth -= 1

    def _inner_value(self) -> Any:
        if self._take("{"):
            return self._object("}")
        if self._take("["):
            return self._list()
        if self._sees('"'):
            return self._string()
        if self._sees("<<"):
            return self._match(_HEREDOC, "a heredoc")[3]
        if (number := _NUMBER.match(self.text, self.at)) is not None:
            self.at = number.end()
            return float(number[0])
        word = self._match(_WORD, "a value")[0]
        if word not in {"true", "false"}:
            raise self._error(f"{word!r} is no value")
        return word == "true"

    def _list(self) -> list[Any]:
        values: list[Any] = []
        while not self._take("]"):
            values.append(self._value())
            if not self._take(",") and not self._sees("]"):
                raise self._error("expected ',' or ']'")
        return values

    def _string(self) -> str:
        return _ESCAPE.sub(self._unescaped, self._match(_STRING, "a closed string")[1])

    def _unescaped(self, match: re.Match[str]) -> str:
        code = match[1] or match[2] or match[3]
        if code or match[4]:
            number = int(code, 16) if code else int(match[4], 8)
            if number > 0x10FFFF:
                raise self._error("no such character")
            return chr(number)
        if match[5] in '"\\':
            return match[5]
        if match[5] not in _PLAIN_ESCAPES:
            raise self._error(f"unknown escape \\{match[5]}")
        return _PLAIN_ESCAPES[match[5]]

    def _sees(self, text: str) -> bool:
        skipped = _SKIP.match(self.text, self.at)
        assert skipped is not None
        self.at = skipped.end()
        return self.text.startswith(text, self.at)

    def _take(self, text: str) -> bool:
        """Whether `text` comes next, stepping over it; the empty text stands for the end."""
        if not self._sees(text):
            return False
        if not text:
            return self.at == len(self.text)
        self.at += len(text)
        return True

    def _match(self, pattern: re.Pattern[str], what: str) -> re.Match[str]:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise self._error(f"expected {what}")
        self.at = match.end()
        return match

    def _error(self, message: str) -> ValueError:
        return ValueError(f"line {self.text.count(chr(10), 0, self.at) + 1}: {message}")
