"""The words of inventory tables: what a header means, and what a cell says as a date, status or priority."""

import re
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import pairwise

from keyproof.domain.duration import Duration, parse_duration


class Field(StrEnum):
    """What a column of an inventory tells about a secret; the values are the words of the configuration."""

    NAME = "name"
    SECRET_TYPE = "secret_type"  # noqa: S105 (a column, not a value)
    """Names a kind of secret, and the secret itself where no other column does."""
    SERVICE = "service"
    TYPE = "type"
    ENVIRONMENT = "environment"
    OWNER = "owner"
    LAST_ROTATED = "last_rotated"
    NEXT_ROTATION = "next_rotation"
    PERIOD = "period"
    PRIORITY = "priority"
    STATUS = "status"
    STORAGE = "storage"
    EXAMPLE = "example"


_HEADERS: dict[Field, str] = {
    Field.NAME: "secret|secret name|secrets|secret id|credential|credentials|credential name|variable|"
    "variable name|environment variable|env var|env variable|api key|key name|token|token name|name|key|id",
    Field.SECRET_TYPE: "secret type|type of secret|secret kind|secret category|kind of secret",
    Field.SERVICE: "service|service name|provider|vendor|system|application",
    Field.TYPE: "type|kind|category|class|credential type|key type",
    Field.ENVIRONMENT: "environment|env|environments|stage",
    Field.OWNER: "owner|owners|owned by|owner team|owning team|secret owner|team|responsible|custodian",
    Field.LAST_ROTATED: "last rotated|last rotation|last rotation date|last rotated date|last rotated on|"
    "last rotated at|rotated|rotated on|rotated at|date rotated|last changed|last change",
    Field.NEXT_ROTATION: "next rotation|next rotation date|next rotation due|next rotated|next due|next|due|"
    "due date|rotation due|rotation due date|rotate by",
    Field.PERIOD: "rotation frequency|rotation period|rotation interval|rotation cadence|rotation schedule|"
    "rotation policy|rotation|rotate every|rotated every|frequency|period|cadence|max age|maximum age",
    Field.PRIORITY: "priority|criticality|importance",
    Field.STATUS: "status|state|rotation status",
    Field.STORAGE: "storage|storage method|storage location|stored in|stored at|where stored|location|store",
    Field.EXAMPLE: "example|examples|example name|example variable",
}
_MEANINGS = {word: field for field, words in _HEADERS.items() for word in words.split("|")}
_STRENGTH = {word: rank for rank, word in enumerate(_HEADERS[Field.NAME].split("|"))}
_WEAK_NAMES = frozenset({"name", "key", "id", "key name", "variable", "variable name"}) | {
    "environment variable",
    "env variable",
    "env var",
}
_UNITS = frozenset({"days", "weeks", "months", "years", "hours"})

_NOTHING = frozenset(
    {"", "-", "--", "---", "\N{EN DASH}", "\N{EM DASH}", "?", "n/a", "na", "none", "null", "never", "unknown"}
    | {"tbd", "tba", "not yet", "not rotated", "never rotated"}
)
_STATUSES = {
    "current": "current", "ok": "current", "up to date": "current", "valid": "current",
    "due soon": "due-soon", "expiring soon": "due-soon", "expiring": "due-soon", "upcoming": "due-soon",
    "overdue": "overdue", "past due": "overdue", "late": "overdue", "expired": "overdue",
}  # fmt: skip
_PRIORITIES = frozenset({"critical", "high", "medium", "low"})
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH_NAMES = {
    name[:length]: number
    for number, name in enumerate(
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ],
        1,
    )
    for length in (3, len(name))
} | {"sept": 9}

_ISO_DAY = re.compile(r"(\d{4})([-/])(\d{2})\2(\d{2})")
_ISO_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})?")
_DAY_FIRST = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[ -]([a-z]{3,9})\.?,?[ -](\d{4})", re.IGNORECASE)
_MONTH_FIRST = re.compile(r"([a-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})", re.IGNORECASE)
_NUMERIC = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})")
_BRACKETED = re.compile(r"([^()]+?) ?\(([^()]+)\)")
_MODIFIERS = frozenset("\N{VARIATION SELECTOR-16}\N{COMBINING ENCLOSING KEYCAP}") | {
    chr(tone) for tone in range(0x1F3FB, 0x1F400)
}
_EVERYWHERE = re.compile(r"\*|(?:all|any|every|both)(?: environments?)?")
_SHORTCODE = re.compile(r"(?<!\w):[0-9_+-]*[a-z][a-z0-9_+-]*:(?!\w)")


def header_words(header: str) -> str:
    """`header` in the form of the synonyms: lower case words, without emoji and the unit in brackets."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", without_emoji(header))
    words = re.findall(r"[^\W_]+", re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", spaced).casefold())
    if len(words) > 1 and words[-1] in _UNITS:
        words.pop()
    return " ".join(words)


def header_unit(header: str) -> str:
    """The unit of time a header states, e.g. `days` of `Rotation (days)`; empty when none."""
    words = re.findall(r"[^\W_]+", header.casefold())
    return words[-1] if words and words[-1] in _UNITS else ""


def header_field(header: str) -> Field | None:
    """What a column under `header` tells, or None when it is not one of the words known."""
    return _MEANINGS.get(header_words(header))


def name_rank(header: str) -> int:
    """How well `header` says that its column names a secret; lower is better."""
    return _STRENGTH.get(header_words(header), len(_STRENGTH))


def is_weak_name(header: str) -> bool:
    """Whether `header` names things in general, not secrets (`Name`, `Variable`)."""
    return header_words(header) in _WEAK_NAMES


def without_emoji(text: str) -> str:
    """`text` without pictures, their modifiers and `:shortcodes:`, its white space collapsed."""
    kept = (
        character
        for character in _SHORTCODE.sub(" ", text)
        if unicodedata.category(character) not in {"So", "Cf", "Co", "Cs"} and character not in _MODIFIERS
    )
    return " ".join("".join(kept).split())


def is_nothing(text: str) -> bool:
    """Whether a cell says in words that there is nothing to say: empty, `-`, `n/a`, `never`, `TBD`."""
    return without_emoji(text).casefold() in _NOTHING


def parse_day(text: str) -> date:
    """Read a calendar date: ISO 8601, `2025/09/15`, `15 Sep 2025` or `Sep 15, 2025`.

    A moment with an offset gives its UTC date. Raises ValueError, also for dates that can be read in two
    ways: a date is never guessed.
    """
    year, month, day = _year_month_day(text)
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"'{text}' is not a day of the calendar; write it as YYYY-MM-DD") from None


def _year_month_day(text: str) -> tuple[int, int, int]:
    if found := _ISO_DAY.fullmatch(text):
        return int(found[1]), int(found[3]), int(found[4])
    if found := _DAY_FIRST.fullmatch(text):
        month = _MONTH_NAMES.get(found[2].lower(), 0)
        if month:
            return int(found[3]), month, int(found[1])
    if found := _MONTH_FIRST.fullmatch(text):
        month = _MONTH_NAMES.get(found[1].lower(), 0)
        if month:
            return int(found[3]), month, int(found[2])
    if _ISO_MOMENT.fullmatch(text):
        return _utc_day(text)
    if found := _NUMERIC.fullmatch(text):
        raise ValueError(_two_readings(text, int(found[1]), int(found[2])))
    raise ValueError(f"'{text}' is not a date; write it as YYYY-MM-DD")


def _utc_day(text: str) -> tuple[int, int, int]:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'{text}' is not a day of the calendar; write it as YYYY-MM-DD") from None
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return moment.year, moment.month, moment.day


def _two_readings(text: str, first: int, second: int) -> str:
    if 1 <= first <= 12 and 1 <= second <= 12 and first != second:
        readings = f"{first} {_MONTHS[second - 1].title()} or {second} {_MONTHS[first - 1].title()}"
        return f"'{text}' can mean {readings}; write it as YYYY-MM-DD"
    return f"'{text}' does not say which number is the month; write it as YYYY-MM-DD"


def parse_period(text: str, unit: str = "") -> Duration:
    """Read a period; a bare number takes the `unit` its header states. Raises ValueError.

    `Quarterly (90 days)` says one thing twice; words in brackets that say another are an error.
    """
    twice = _BRACKETED.fullmatch(text)
    if twice is not None:
        first, second = parse_duration(twice[1]), parse_duration(twice[2])
        if replace(first, text="", note="") != replace(second, text="", note=""):
            raise ValueError(f"'{text}' states two periods; write one")
        return first
    return parse_duration(f"{text} {unit}" if unit and text.isdigit() else text)


def status_word(text: str) -> str:
    """`current`, `due-soon`, `overdue`, or the word as written without emoji; empty for an empty cell.

    Raises ValueError when the cell holds emoji alone: what they stand for is not written anywhere.
    """
    word = _word(text, "Current, Due soon or Overdue")
    return _STATUSES.get(" ".join(re.findall(r"[^\W_]+", word.casefold())), word)


def priority_word(text: str) -> str:
    """`critical`, `high`, `medium` or `low`; empty for an empty cell. Raises ValueError for any other word."""
    word = _word(text, "Critical, High, Medium or Low").casefold()
    if word in _NOTHING:
        return ""
    if word not in _PRIORITIES:
        raise ValueError(f"'{word}' is none of critical, high, medium, low")
    return word


def _word(text: str, choice: str) -> str:
    word = without_emoji(text)
    if text.strip() and not word:
        raise ValueError(f"holds a sign but no word; write {choice} beside it")
    return word if any(map(str.isalnum, word)) else ""


def environments(text: str) -> tuple[str, ...]:
    """The environments a cell lists, lower case, in its order: `Production, Staging` are two, `All` none."""
    parts = re.split(r"\s*(?:[,;/&+]|\band\b)\s*", without_emoji(text).lower())
    return tuple(dict.fromkeys(p for p in parts if p not in _NOTHING and not _EVERYWHERE.fullmatch(p)))


_USERINFO = re.compile(r"://[^/\s:@]*:[^/\s@]+@")
_PIECE = re.compile(r"[A-Za-z0-9+=]{16,}")
_HEX = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}")


def looks_like_value(text: str) -> bool:
    """Whether `text` is shaped like a credential itself, not like words about one.

    True for a URL with a password, a private key block, 32 or more hex digits, and a run of 16 or more
    characters that changes between digits, upper and lower case far more often than words do: such a cell
    must not travel into a report.
    """
    if _USERINFO.search(text) or "PRIVATE KEY-----" in text:
        return True
    return any(_HEX.fullmatch(piece) or _is_random(piece) for piece in _PIECE.findall(text))


def _is_random(piece: str) -> bool:
    """Random letters and digits change class at nearly every second step, CamelCase at every fourth."""
    kinds = ["0" if char.isdigit() else "a" if char.islower() else "A" for char in piece]
    changes = sum(one != two and (one, two) != ("A", "a") for one, two in pairwise(kinds))
    return "0" in kinds and changes >= 0.3 * len(piece)
