"""What a name in a policy document is about: its topic, its kinds, and the globs that meet it in a backend."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from keyproof.inventory.names import loose, stands_for_all
from keyproof.inventory.words import looks_like_value, without_emoji

_KINDS = frozenset({"secret", "key", "password", "credential", "token", "api", "url", "string", "connection"})
_FILLERS = _KINDS | frozenset(
    [
        "all",
        "the",
        "a",
        "an",
        "of",
        "for",
        "our",
        "your",
        "and",
        "or",
        "type",
        "other",
        "any",
        "external",
        "service",
        "account",
        "application",
        "app",
        "main",
        "master",
        "user",
        "access",
        "new",
        "old",
        "rotation",
    ]
)
_ARTICLES = frozenset(["all", "the", "a", "an", "of", "for", "our", "your", "and", "or", "any", "other"])
_ASIDE = frozenset({"signing", "data"})
_SYNONYMS = {
    "postgres": "database", "postgre": "database", "postgresql": "database", "mysql": "database", "mariadb": "database",
    "mongodb": "database", "sql": "database", "passphrase": "password", "json": "", "jwts": "jwt",
}  # fmt: skip
_SPLIT = re.compile(r"\s*(?:,|;|&|\+|\s/\s|/(?=[A-Z])|\band\b|\bor\b)\s*", re.IGNORECASE)
_BRACKETS = re.compile(r"\(([^()]*)\)")
_ARTICLE = re.compile(r"^(?:the|our|your|an?|each|every)\s+(?!secret|credential)", re.IGNORECASE)
_AND_SO_ON = re.compile(r"\b(?:etc|e\.g|i\.e|such as|including|incl)\b\.?:?", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_IDENTIFIER = re.compile(
    r"(?:[A-Z0-9]+_)*(?:ACCESS_KEY_ID|KMS_KEY_ID|KEY_ID|CLIENT_ID|TENANT_ID|PUBLISHABLE_KEY|PUBLIC_KEY)"
)
_LONGEST = 80


@lru_cache(maxsize=65_536)
def topic(name: str) -> str:
    """What tells `name` apart from other secrets, in one form: `jwt` for `JWT_SECRET` and `JWT signing keys`.

    A name that only states a kind has that kind as its topic: `api-key`, `password`; empty when it says nothing.
    """
    words = {_SYNONYMS.get(word, word) for word in loose(name)} - {""}
    telling = {word for word in words - _FILLERS if not word.isdigit()}
    found = telling - _ASIDE or telling or words - _KINDS - _ARTICLES
    if found:
        return "-".join(sorted(found))
    return "" if is_variable(name) else _kind(words)


def _kind(words: set[str]) -> str:
    if "api" in words:
        return "api-key"
    return next((kind for kind in ("password", "token") if kind in words), "")


def is_kind(name: str) -> bool:
    """Whether `name` means a kind of secret (`API keys`, `Passwords`), not a certain one."""
    return topic(name) in {"api-key", "password", "token"} and not is_variable(name)


def of_kind(kind: str, name: str) -> bool:
    """Whether `name` is one of the secrets that the kind `kind` means: an OpenAI API key is an API key."""
    words, wanted = {_SYNONYMS.get(word, word) for word in loose(name)}, topic(kind)
    return wanted == "everything" or {"api-key": "api"}.get(wanted, wanted) in words


def means_everything(name: str) -> bool:
    """Whether `name` stands for every secret."""
    return stands_for_all(re.sub(r"^each\b", "every", name, flags=re.IGNORECASE))


def is_identifier(name: str) -> bool:
    """Whether a variable of this name holds a public identifier or key, not a secret."""
    return _IDENTIFIER.fullmatch(name.strip()) is not None


def is_variable(text: str) -> bool:
    """Whether `text` is the name of an environment variable, like `JWT_SECRET`."""
    return _VARIABLE.fullmatch(text.strip()) is not None


def variables(text: str) -> tuple[str, ...]:
    """Names of environment variables in `text`, in its order."""
    return tuple(dict.fromkeys(_VARIABLE.findall(text)))


def subjects(text: str) -> tuple[str, ...]:
    """The names a phrase lists: `CRM & Platform API Keys`, `API Key (OpenAI, Stripe, etc.)`, `A_KEY / B_KEY`."""
    inner = [part for found in _BRACKETS.findall(text) for part in _SPLIT.split(found)]
    outer = _SPLIT.split(_BRACKETS.sub(" ", text))
    return tuple(dict.fromkeys(_clean([*outer, *inner])))


def _clean(parts: Iterable[str]) -> Iterator[str]:
    for part in parts:
        name = _ARTICLE.sub("", without_emoji(_AND_SO_ON.sub(" ", part)).strip(" .:*_`'\"-"))
        if name and len(name) <= _LONGEST and any(map(str.isalpha, name)) and not looks_like_value(name):
            yield name


def slug(name: str, *, otherwise: str) -> str:
    """`name` as a kebab-case id; `otherwise` when no letter of it can stand in one."""
    words = re.findall(r"[a-z0-9]+", name.casefold())
    found = "-".join(words)[:60].strip("-")
    return found if re.search(r"[a-z]", found) else otherwise


def globs(name: str) -> tuple[str, ...]:
    """Patterns that meet `name` as people write it in tables, variables and backends, the exact one first."""
    words = re.findall(r"[^\W_]+", without_emoji(name).casefold())
    singular = [_stem(word) for word in words]
    found = [re.sub(r"[*?\[\]]", "?", " ".join(name.split()))]
    if words and not is_variable(name):
        found.append("*" + "?".join(singular) + "*")
        head = list(singular)
        while head and (
            head[-1] in _KINDS or (head[-1] in {"service", "account", "webhook"} and len(head) > 1)
        ):
            head.pop()
        if head and not is_kind(" ".join(head)) and not set(head) <= _FILLERS:
            found.append("*" + "?".join(head) + "*")
            found += ["*postgres*"] if head == ["database"] else []
    return tuple(dict.fromkeys(found))


def _stem(word: str) -> str:
    return (
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
    )
