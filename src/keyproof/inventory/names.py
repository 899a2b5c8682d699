"""When two names of an inventory mean the same secret: exactly, or but for plurals and words like `key`."""

import re
from functools import lru_cache

from keyproof.inventory.words import without_emoji

_FILLERS = frozenset({"secret", "key", "password", "credential", "token"})
_SHORT = {
    "db": "database",
    "pwd": "password",
    "passwd": "password",
    "cred": "credential",
    "creds": "credential",
}
_ALL = frozenset({"all", "any", "every", "other", "others", "remaining", "everything", "total"})
_CONNECTIVES = frozenset({"other", "else", "of", "the", "and"})


@lru_cache(maxsize=65_536)
def exact(name: str) -> str:
    """The letters and digits of `name`, lower case: `JWT Secret`, `jwt-secret` and `JWT_SECRET` are equal."""
    letters = re.sub(r"[\W_]+", "", without_emoji(name).casefold())
    return letters or " ".join(name.split())


@lru_cache(maxsize=65_536)
def loose(name: str) -> frozenset[str]:
    """The words of `name` in the singular, common abbreviations spelt out."""
    words = re.findall(r"[^\W_]+", without_emoji(name).casefold())
    return frozenset(_SHORT.get(word, _singular(word)) for word in words)


def core(name: str) -> frozenset[str]:
    """The words of `name` that tell it from others: names that may be the same have the same core."""
    return loose(name) - _FILLERS


def may_be_same(one: str, two: str) -> bool:
    """Whether one name is the other but for plurals, abbreviations and extra words like `key` or `secret`.

    `JWT Secret` may be `JWT Secret Key`; `Database Password` is not `Database Key`, since neither contains
    the other. Symmetric. A likeness, not a proof: callers must refuse it when it fits several names.
    """
    first, second = loose(one), loose(two)
    shared = first & second
    return bool(shared - _FILLERS) and (first | second) - shared <= _FILLERS and shared in (first, second)


def stands_for_all(name: str) -> bool:
    """Whether `name` means every secret (`All secrets`, `Any other key`), not one of them."""
    words = re.findall(r"\w+", without_emoji(name).casefold())
    rest = {_singular(word) for word in words[1:]}
    return bool(words) and words[0] in _ALL and rest <= _FILLERS | _CONNECTIVES | {"api"}


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
