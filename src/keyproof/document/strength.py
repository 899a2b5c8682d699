"""How strong a policy document wants values and keys to be."""

import re
from collections.abc import Iterator

from keyproof.document.facts import Place, Strong
from keyproof.document.outline import Form, Outline, Statement
from keyproof.document.subjects import is_variable, subjects, topic

_LEAST = (
    r"(?:minimum|min\.?|at least|no less than|>=?|\N{GREATER-THAN OR EQUAL TO})\s*(?:length\s*)?(?:of\s+)?"
)
_BITS = re.compile(rf"{_LEAST}(\d{{2,5}})[- ]bits?\b", re.IGNORECASE)
_LENGTH = re.compile(rf"{_LEAST}(\d{{1,4}})[- ](?:characters?|chars?)\b", re.IGNORECASE)
_CLASSES = (r"upper[- ]?case|capital", r"lower[- ]?case", r"numbers?|digits?", r"symbols?|special")
_PREFIX = re.compile(r"\bprefix\b.*?\b([a-z][a-z0-9]{1,12}_(?:[a-z0-9]{1,12}_)*)", re.IGNORECASE)
_KEY = re.compile(r"\b(AES|RSA)[- ]?(\d{3,5})\b", re.IGNORECASE)
_WANTED = re.compile(r"\b(?:use|must|shall|should|strong|minimum|at least|algorithms?|only)\b", re.IGNORECASE)
_NAMELIKE = re.compile(r"(?:keys?|secrets?|passwords?|credentials?|tokens?|passphrases?)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"(?P<who>[^.;:]{2,60}?)\s+(?:must|shall|should|have to|need to)\b", re.IGNORECASE)


def strong(outline: Outline) -> Iterator[Strong]:
    """Demands on bits, length, kinds of characters, prefixes and key lengths, each with what it is about."""
    for statement in outline.statements:
        if statement.form in {Form.ITEM, Form.TEXT}:
            yield from _demand(outline, statement)


def _demand(outline: Outline, statement: Statement) -> Iterator[Strong]:
    text = statement.text
    found = {"bits": _number(_BITS, text), "length": _number(_LENGTH, text)}
    mixed = sum(bool(re.search(pattern, text, re.IGNORECASE)) for pattern in _CLASSES)
    found["character-classes"] = mixed if mixed > 1 else 0
    demands = {name: number for name, number in found.items() if number}
    prefix = _PREFIX.search(text)
    keys = {name.lower(): int(bits) for name, bits in _KEY.findall(text)} if _WANTED.search(text) else {}
    if demands or prefix or keys:
        yield Strong(
            place=Place(path=outline.path, line=statement.line),
            subject=_subject(statement),
            demands=demands,
            prefix=prefix[1] if prefix else "",
            keys=keys,
        )


def _number(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.search(text)
    return int(found[1]) if found else 0


def _subject(statement: Statement) -> tuple[str, ...]:
    """The variable or phrase before the demand, else the nearest heading that names secrets."""
    named = statement.text.partition(":")[0].strip()
    if statement.label and (is_variable(named) or _telling(named)):
        return (named,)
    said = _SENTENCE.match(statement.text)
    if said and _telling(said["who"]):
        return subjects(said["who"])
    heading = next((head.text for head in reversed(statement.headings) if head.level > 1), "")
    return subjects(heading) if _telling(heading) else ()


def _telling(text: str) -> bool:
    return bool(_NAMELIKE.search(text) and topic(text) and len(text.split()) <= 6)
