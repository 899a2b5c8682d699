"""Judges values known as secrets only by their name: what is a literal, and how likely a live one."""

import re
from collections import Counter
from functools import lru_cache
from itertools import pairwise

from keyproof.domain.leak import LeakConfidence
from keyproof.leaks.detection import model
from keyproof.leaks.detection.features import Assignment
from keyproof.leaks.detection.placeholders import is_filler, is_wordy, looks_random
from keyproof.leaks.detection.references import (
    NO_SECRET_NAME,
    is_address,
    is_code,
    is_path,
    is_reference,
    words_apart,
)

LEAST = 0.4
"""Probability from which a value is worth telling; whether it is a likely secret rules decide (`_looks_live`)."""
_TELLING_NAME = re.compile(
    rb"(?:pass(?:word|wd|phrase|code)?|pwd|passwrd|secret|token|(?:api|access|auth|account|encryption|signing|private"
    rb"|master|client|session|service)_?key|credentials?|identified (?:by|as))s?(?![a-z])"
)
"""A name under which even a placeholder is worth counting; the telling word must end where it ends."""
_SECRET_NAME = re.compile(
    rb"(?:pass(?:w|word|wd|wrd|phrase|code)?|pwd|pswd|secret|token|key|cred(?:ential)?|auth(?:entication|orization)?|salt"
    rb"|nonce|otp|psk|cookie|session_?id|identified (?:by|as))s?(?![a-z])"
)
"""A name worth judging the value for: the word ends where it ends, so no author, compass or secretary."""
_CHOSEN = re.compile(
    rb"[A-Za-z]{3,20}[^A-Za-z0-9\s]?\d{2,8}[^A-Za-z0-9\s]{0,2}"
    rb"|(?![$%])(?=[!-~]{0,40}\d)(?=[!-~]{0,40}[A-Za-z])(?=[!-~]{0,40}[!@#%^&*?+])[!-~]{6,40}"
)
"""What people make of a word to satisfy a password policy. The model saw none: in its corpus they were made random."""
_PASSWORD_NAME = re.compile(rb"(?i)pass|identified|pwd|contrase|senha|kennwort|passwort|mot_?de_?passe")
_UUID = re.compile(rb"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_RUN = re.compile(rb"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_CLASSES = (
    re.compile(rb"[a-z]"),
    re.compile(rb"[A-Z]"),
    re.compile(rb"[0-9]"),
    re.compile(rb"[^A-Za-z0-9\s]"),
)
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_BEFORE, _AFTER = 300, 100
"""Bytes of the line before and after a value that its judgement sees."""
_NO_LITERAL = re.compile(
    rb"[\x00-\x08\x0e-\x1f\x7f]|^[\s),;:.]|^[^{[\d][^ ]* [^ ]* "
    rb"|^[A-Za-z\x80-\xff]{2,} [A-Za-z\x80-\xff]{2,}[.:!?]$|%[sdr](?![A-Za-z0-9])"
)
"""Control characters, code between two strings, a sentence, a place to fill in."""
_PHRASE = re.compile(rb"[^\d ]+ [^\d ]+")
"""Two words: what a person reads, hardly what a program checks."""
_NUMBER = re.compile(rb"0[xX][0-9A-Fa-f]{1,16}")
_SHORT_NUMBER = 5
_BYTES = re.compile(rb"(?:(?:0[xX][0-9A-Fa-f]{1,2}|\d{1,3}),\s{0,4}){8,}(?:0[xX][0-9A-Fa-f]{1,2}|\d{1,3})?")
_LEAST_BYTES = 8
"""Different ones that bytes written as numbers must have to be no pattern; the model saw too few to tell them."""
_LOOKED_UP = re.compile(rb"(?i)env(?:iron)?(?:\.get|\.fetch)?[(\[]{1,2}\s?[\"']$|\.get\([\"']$")
"""What stands before the name of an environment variable."""
_UNLIKELY = f"the model finds it less likely than {LEAST}"
_KNOWN = 0.8
_LONG_NAME = 14
_SHORTEST_TOKEN = 12
_SHORTEST_PASSWORD = 8


def assignment(found: re.Match[bytes]) -> Assignment:
    """What the pattern of a generic detector matched, with the part of its line that the judgement may see."""
    text, (start, end) = found.string, found.span("secret")
    low = text.rfind(b"\n", max(0, start - _BEFORE), start) + 1 or max(0, start - _BEFORE)
    newline = text.find(b"\n", end, end + _AFTER)
    return Assignment(
        name=found["name"] if "name" in found.re.groupindex else b"password",
        value=found["secret"],
        before=text[low:start],
        after=text[end : newline if newline >= 0 else end + _AFTER].rstrip(b"\r"),
        quoted=text[start - 1 : start] in {b'"', b"'", b"`", b">"},
    )


@lru_cache(maxsize=1 << 15)
def judge(one: Assignment) -> tuple[LeakConfidence | None, str]:
    """How likely an assignment gives a secret away, and why; None when its value is no literal secret at all.

    A reference to a value kept elsewhere (template, call, path, variable) is not a secret, so it is no
    match; a value made to be shown is one, and is `EXAMPLE`. Kept for lines that come again in a history.
    """
    if reason := unfit(one):
        return None, reason
    numbers = _bytes(one.value)
    if is_filler(one.value) or (numbers and _is_pattern(numbers)):
        return (LeakConfidence.EXAMPLE if _tells(one.name) else None), "the value is a placeholder"
    weights = model.load()
    if _is_prose(one.value, weights.language.words):
        return None, "the value is made of words"
    chosen = _CHOSEN.fullmatch(one.value) and _PASSWORD_NAME.search(one.name) and _tells(one.name)
    if not chosen and not numbers and weights.probability(one) < LEAST:
        return None, _UNLIKELY
    if _looks_live(one):
        return LeakConfidence.LIKELY, "it looks like a live one to a person, too"
    return LeakConfidence.POSSIBLE, "it need not be a live one: it is short, plain or under a general name"


def weighed(one: Assignment) -> float | None:
    """The probability that the model gives it; None where rules decided alone."""
    confidence, why = judge(one)
    by_model = confidence in {LeakConfidence.LIKELY, LeakConfidence.POSSIBLE} or why == _UNLIKELY
    return model.load().probability(one) if by_model else None


def unfit(one: Assignment) -> str:
    """Why this cannot be a literal secret under its name; empty when it can."""
    name = words_apart(one.name)
    if not _SECRET_NAME.search(name) or NO_SECRET_NAME.search(name):
        return "the name is not one of a secret"
    if _NO_LITERAL.search(one.value):
        return "the value is a sentence, a template, or what stands between two texts"
    if is_reference(one.value) or _LOOKED_UP.search(one.before[-40:]):
        return "the value refers to one that is kept elsewhere"
    if is_address(one.value) or one.before.endswith(b"/" + one.name + b":"):
        return "the value is an address, a version or the tag of an image"
    if one.name.lower() == one.value.lower() or (not one.quoted and (is_code(one.value) or _is_number(one))):
        return "the value is a name, a number or code"
    return ""


def _is_number(one: Assignment) -> bool:
    """Whether an unquoted value is a constant or a time: hexadecimal, short, or given to no password in lower case."""
    if not one.value.isdigit():
        return bool(_NUMBER.fullmatch(one.value))
    name = words_apart(one.name)
    last = any(found.end() == len(name) for found in _SECRET_NAME.finditer(name))
    constant = one.before.endswith(b" = ") and not one.name.islower()
    return not last or constant or len(one.value) <= _SHORT_NUMBER


def _bytes(value: bytes) -> list[int]:
    """What a value written as the numbers of its bytes holds; nothing when it is written otherwise."""
    if not _BYTES.fullmatch(value):
        return []
    parts = [part.strip().lower() for part in value.split(b",")]
    return [int(part, 16 if part.startswith(b"0x") else 10) for part in parts if part]


def _is_pattern(numbers: list[int]) -> bool:
    """Whether bytes count, repeat or are nearly all the same: nobody's key."""
    steps = Counter(after - before for before, after in pairwise(numbers))
    return len(set(numbers)) < _LEAST_BYTES or max(steps.values()) > len(numbers) / 3


def _tells(name: bytes) -> bool:
    return bool(_TELLING_NAME.search(words_apart(name)))


def _is_prose(value: bytes, words: frozenset[bytes]) -> bool:
    """Whether the letters of a value without digits are words; spares most values the model."""
    if any(48 <= byte <= 57 for byte in value):
        return False
    runs = [run.lower() for run in _RUN.findall(value)]
    known = sum(len(run) for run in runs if len(run) < 3 or run in words)
    return known >= _KNOWN * sum(map(len, runs))


def _looks_live(one: Assignment) -> bool:
    """Whether a person who reads the line would call it a real one: what the gate needs to be quiet.

    The model learned from values made random; so a short pronounceable one does not count as sure here.
    """
    value = one.value
    if not _tells(one.name) or is_wordy(value) or _UUID.fullmatch(value) or _PHRASE.fullmatch(value):
        return False
    if is_path(value) and (len(value) < _LONG_NAME or not looks_random(value)):
        return False
    if _BINARY.search(one.before[-64:] + one.after[:64]):
        return False  # in a binary file a name and a value often meet by chance
    classes = sum(bool(kind.search(value)) for kind in _CLASSES)
    if _PASSWORD_NAME.search(one.name):
        return len(value) >= _SHORTEST_PASSWORD and (classes >= 3 or (classes == 2 and looks_random(value)))
    return len(value) >= _SHORTEST_TOKEN and classes >= 2 and looks_random(value)
