"""The keys of a .env file: values are discarded on the line where they are read."""

import re
import stat
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 5_000_000

_ASSIGNMENT = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*(?:=|:[ \t])[ \t]*")
_SINGLE_REFERENCE = re.compile(
    r"(?:op|vault|ref\+[a-z0-9]+|secretref\+[a-z0-9]+|awssm|aws-sm|awsssm|aws-ssm|ssm|gsm|gcpsm|sm|azurekv|akv"
    r"|doppler|infisical|bws|keychain|keyring|pass|sops)://\S+|vault:\S+#\S+|gcp:secretmanager:\S+"
)
_EXPANSION = re.compile(r"\$[A-Za-z_]\w*|\$\{[A-Za-z_]\w*(?::?-|:?\?[^}]*)?\}|\$\(.+\)", re.DOTALL)
_URL_PASSWORD = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@?#]*:[^/\s@]+@", re.IGNORECASE)
_PEM_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]+-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]+-----")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY")
_CLOSED_BY_COMMENT = re.compile(r"[ \t]*(?:#.*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class DotenvKey:
    """One assignment, without its value and without anything that narrows the value down."""

    key: str
    line: int
    """1-based line of the key."""
    empty: bool = False
    reference: bool = False
    """Whether the value only names where the secret is: `${OTHER}`, `op://…`, `vault://…`."""
    encrypted: bool = False
    """Whether the value is ciphertext of dotenvx (`encrypted:…`)."""
    holds_password: bool = False
    """Whether the value is a URL with a password or a private key, whatever the key is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DotenvKeys:
    """The keys of one file in its order."""

    keys: tuple[DotenvKey, ...]
    unread: tuple[tuple[int, str], ...] = ()
    """1-based line and reason of what could not be understood."""


def read_keys(path: Path) -> DotenvKeys:
    """The keys of the .env file at `path`; no value leaves this function, not in an error either.

    Quoting follows the common dialect (https://hexdocs.pm/dotenvy/dotenv-file-format.html): `export`,
    comments, single, double and back quotes over several lines; unquoted PEM blocks are followed to their
    end. Raises OSError when the file cannot be read or is no regular file, ValueError when it is too large.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(0, "is not a regular file")
    if found.st_size > MAX_BYTES:
        raise ValueError(f"is larger than {MAX_BYTES:,} bytes")
    raw = path.read_bytes()
    encoding = "utf-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    text = re.sub(r"\r\n?", "\n", raw.decode(encoding, errors="replace"))
    keys: list[DotenvKey] = []
    unread: list[tuple[int, str]] = []
    position = counted = 0
    line = 1
    while position < len(text):
        line += text.count("\n", counted, position)
        counted = position
        end = _line_end(text, position)
        assignment = _ASSIGNMENT.match(text, position, end)
        if assignment is None:
            position = end + 1
            continue
        value, position, fault = _value(text, assignment.end(), end)
        keys.append(
            DotenvKey(
                key=assignment[1],
                line=line,
                empty=not value,
                reference=_is_reference(value, quote=text[assignment.end() : assignment.end() + 1]),
                encrypted=value.startswith("encrypted:"),
                holds_password=bool(_URL_PASSWORD.match(value) or _PRIVATE_KEY.search(value)),
            )
        )
        if fault:
            unread.append((line, fault))
    return DotenvKeys(keys=tuple(keys), unread=tuple(unread))


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _value(text: str, start: int, end: int) -> tuple[str, int, str]:
    """The value that starts at `start`, where the next line begins, and what is wrong with it."""
    quote = text[start : start + 1]
    if quote in {"'", '"', "`"}:
        return _quoted(text, start, quote)
    value = re.split(r"(?:^|[ \t])#", text[start:end], maxsplit=1)[0].strip()
    if _PEM_BEGIN.match(value) and not _PEM_END.search(value):
        closing = _PEM_END.search(text, end)
        if closing is None:
            return value, len(text), "a PEM block without its END line: the rest of the file was not read"
        return value, _line_end(text, closing.end()) + 1, ""
    return value, end + 1, ""


def _quoted(text: str, start: int, quote: str) -> tuple[str, int, str]:
    position = start + 1
    while position < len(text) and text[position] != quote:
        position += 2 if text[position] == "\\" else 1
    if position >= len(text):
        return text[start + 1 :], len(text), "a quote that never closes: the rest of the file was not read"
    end = _line_end(text, position)
    trailing = text[position + 1 : end]
    fault = "" if _CLOSED_BY_COMMENT.fullmatch(trailing) else "text after the closing quote"
    return text[start + 1 : position], end + 1, fault


def _is_reference(value: str, *, quote: str) -> bool:
    expanded = quote != "'" and _EXPANSION.fullmatch(value) is not None
    return expanded or _SINGLE_REFERENCE.fullmatch(value) is not None


_SECRET_WORDS = frozenset(
    {"password", "passwords", "passwd", "pwd", "pass", "passphrase", "secret", "secrets", "token", "tokens"}
    | {"pat", "credential", "credentials", "creds", "dsn", "webhook", "salt", "pepper", "apikey", "secretkey"}
    | {"privatekey", "accesskey", "authtoken", "accesstoken", "apitoken", "clientsecret"}
)
_KEY_WORDS = frozenset({"key", "keys"})
_PUBLIC_WORDS = frozenset({"public", "publishable", "pub"})
_NUMBER_WORDS = frozenset({"max", "min", "num"})
_ABOUT_WORDS = frozenset(
    {"id", "ids", "path", "file", "dir", "name", "arn", "prefix", "header", "algorithm", "alg", "type"}
    | {"version", "region", "expiry", "expires", "expiration", "ttl", "timeout", "length", "size", "rounds"}
    | {"issuer", "audience", "enabled", "required", "count", "limit", "days", "hours", "minutes", "seconds"}
    | {"host", "port", "user", "username", "endpoint", "uri", "scope", "format", "encoding", "in"}
)


def names_secret(key: str) -> bool:
    """Whether a variable's name says that its value is secret.

    `JWT_SECRET` and `API_KEY` do; `STRIPE_PUBLISHABLE_KEY`, `AWS_ACCESS_KEY_ID`, `TOKEN_TTL` and
    `SSH_KEY_PATH` speak about one.
    """
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", key)
    words = re.findall(r"[a-z0-9]+", spaced.casefold())
    if words[-1:] == ["url"]:
        return "webhook" in words
    if not words or words[-1] in _ABOUT_WORDS or _NUMBER_WORDS.intersection(words):
        return False
    if _SECRET_WORDS.intersection(words) or words[-1] == "auth":
        return True
    return bool(_KEY_WORDS.intersection(words)) and not _PUBLIC_WORDS.intersection(words)
