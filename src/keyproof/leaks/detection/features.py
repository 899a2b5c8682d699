"""Describes a value and the name it stands under in numbers, for the model that weighs them.

Everything is read from the one line the value stands in, so that a line is judged the same in every file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from keyproof.leaks.detection.placeholders import entropy, is_filler, is_placeholder, looks_random
from keyproof.leaks.detection.references import words_apart

_KEYWORDS: Final = (
    b"pass", b"key", b"secret", b"token", b"auth", b"client", b"consumer", b"user", b"db", b"id",
)  # fmt: skip
_LAST: Final = (
    b"pass", b"pwd", b"secret", b"token", b"key", b"cred", b"auth", b"salt", b"nonce", b"otp", b"api",
    b"access", b"client", b"private", b"public", b"session", b"user", b"test", b"hash", b"id", b"name", b"nkey",
    b"signature", b"cookie", b"confirm", b"consumer", b"oauth", b"refresh", b"db", b"encrypt",
)  # fmt: skip
_SYMBOLS: Final = b"./%$+!"
_SEPARATORS: Final = (b"=>", b":=", b"==", b"!=", b"<-", b"=", b":", b",", b"(", b" ")
_FOLLOWING: Final = (b"", b")", b",", b";", b"+", b".", b"}", b"]", b"&", b" ")
_WORD = re.compile(rb"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_BASE32 = re.compile(rb"[A-Z2-7]+=*\Z")
_NUMBERS = re.compile(rb"[0-9, \nxXa-fA-F]+\Z")
_IDENTIFIER = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*\Z")
_LETTER_RUN = re.compile(rb"[a-z]+")
_PART = re.compile(rb"[a-z0-9]+")
_KIND = bytes(
    0 if 97 <= byte <= 122 else 1 if 65 <= byte <= 90 else 2 if 48 <= byte <= 57 else 4 if byte > 127 else 3
    for byte in range(256)
)
"""Of each byte: lower case, upper case, digit, symbol, not ASCII."""
_MISSING: Final = -1.0


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Assignment:
    """A value, its name and the line they stand in."""

    name: bytes
    value: bytes
    before: bytes
    """The line up to the value."""
    after: bytes
    """The line after it."""
    quoted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """What words look like: learned from text, so that what is no word can be told."""

    words: frozenset[bytes]
    """Lower-case words of four letters and more."""
    triples: Mapping[bytes, float]
    """Logarithm to base 2 of how likely a letter follows two others in words, for the triples that occur."""
    rarest: float
    """The same for a triple that never occurs."""

    def surprise(self, letters: bytes) -> float:
        """Mean bits a letter of a lower-case word costs: about 3 for words, 5 and more for chance."""
        framed = b"^" + letters + b"$"
        triples = self.triples
        total = sum(triples.get(framed[at : at + 3], self.rarest) for at in range(len(framed) - 2))
        return -total / (len(framed) - 2)

    def covered(self, letters: bytes) -> int:
        """How many letters of a lower-case run the longest known words cover, from left to right."""
        at = covered = 0
        while at < len(letters) - 3:
            for length in range(min(14, len(letters) - at), 3, -1):
                if letters[at : at + length] in self.words:
                    covered += length
                    at += length
                    break
            else:
                at += 1
        return covered


def numbers(one: Assignment, language: Language) -> list[float]:
    """The description in a fixed order; `NAMES` says what each number is."""
    return [*_value(one.value), *_wording(one.value, language), *_form(one), *_name(one), *_place(one)]


def _split(text: bytes) -> list[bytes]:
    return [word.lower() for word in _WORD.findall(text)]


def _value(value: bytes) -> list[float]:
    length = len(value)
    kinds = value.translate(_KIND)
    lower, upper, digits, symbols, high = (kinds.count(kind) for kind in range(5))
    bits = entropy(value)
    return [
        length,
        bits,
        bits * length,
        lower / length,
        upper / length,
        digits / length,
        symbols / length,
        high,
        bool(lower) + bool(upper) + bool(digits) + bool(symbols),
        sum(one != other for one, other in pairwise(kinds)) / length,
        len(set(value)) / length,
        value.count(b" "),
    ]


def _wording(value: bytes, language: Language) -> list[float]:
    runs = _split(value)
    letters = sum(map(len, runs))
    if not letters:
        return [0.0, _MISSING, _MISSING, _MISSING, _MISSING, 0.0, 0.0]
    lowered = value.lower()
    whole = _LETTER_RUN.findall(lowered)
    scores = [(language.surprise(run), len(run)) for run in runs]
    long = [score for score, length in scores if length >= 4]
    joined = max(whole, key=len)
    return [
        len(runs),
        sum(score * length for score, length in scores) / letters,
        max(long, default=_MISSING),
        language.surprise(joined),
        sum(language.covered(run) for run in whole) / letters,
        sum(len(run) for run in runs if run in language.words) / letters,
        letters / len(runs),
    ]


def _form(one: Assignment) -> list[float]:
    value = one.value
    lowered = value.lower()
    return [
        bool(_BASE32.match(value)),
        bool(_NUMBERS.match(value)),
        bool(_IDENTIFIER.match(value)),
        is_placeholder(value),
        is_filler(value),
        looks_random(value),
        sum(len(word) for word in _split(one.name) if len(word) > 2 and word in lowered) / len(value),
        *map(value.count, _SYMBOLS),
        _KIND[value[0]],
    ]


def _name(one: Assignment) -> list[float]:
    name = words_apart(one.name)
    parts = _PART.findall(name)
    last = parts[-1] if parts else b""
    return [
        *(word in name for word in _KEYWORDS),
        len(name),
        len(parts),
        next((at for at, word in enumerate(_LAST) if last.startswith(word)), _MISSING),
    ]


def _place(one: Assignment) -> list[float]:
    lead = one.before.rstrip(b"\"'` \\&quot;")
    separator = next((at for at, text in enumerate(_SEPARATORS) if lead.endswith(text)), _MISSING)
    rest = one.after.lstrip(b"\"'`\\")
    following = next((at for at, text in enumerate(_FOLLOWING) if text and rest.startswith(text)), 0)
    line = one.before + one.after
    return [
        one.quoted,
        separator,
        following,
        len(line),
        len(one.before) - len(one.before.lstrip()),
        line.count(b'"') + line.count(b"'"),
        line.count(b"("),
        line.count(b"<"),
        line.rstrip().endswith(b";"),
    ]


NAMES: Final = (
    "length", "entropy", "bits", "lower", "upper", "digits", "symbols", "high", "classes", "changes", "distinct",
    "spaces", "words", "surprise", "most surprising word", "surprise of the longest run", "covered by words",
    "known words", "length of words", "base32", "numbers", "identifier", "placeholder", "filler", "random",
    "shared with the name", *(f"count of {chr(symbol)!r}" for symbol in _SYMBOLS), "first character",
    *(f"name has {word.decode()}" for word in _KEYWORDS), "length of the name", "parts of the name",
    "last part of the name", "quoted", "separator", "following", "length of the line", "indent", "quotes", "calls",
    "angles", "ends a statement",
)  # fmt: skip
"""What each of `numbers` is, for explanations."""
