"""Commits and annotated tags read from their bytes, and the graph the commits form."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

_HEADER = re.compile(rb"([a-z0-9-]+) (.*(?:\n .*)*)\n?")
_PLAIN = re.compile(
    rb"tree ((?:[0-9a-f]{24})?[0-9a-f]{40})\n((?:parent (?:[0-9a-f]{24})?[0-9a-f]{40}\n)*)"
    rb"author ([^<>\n]*)<([^<>\n]*)> (\d{1,15}) [+-]\d{4}\n(?=committer )"
)
_ID = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})")
_SECONDS = re.compile(rb"-?\d{1,15}")


class Person(NamedTuple):
    """Who, and when in seconds since 1970; None when the object does not say so intelligibly."""

    name: str
    email: str
    seconds: int | None


class Commit(NamedTuple):
    """What a commit object says; nothing it lacks raises."""

    id: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    message: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """What an annotated tag object says."""

    id: str
    name: str
    target: str
    """Id of the object it is on."""
    target_type: str
    tagger: Person
    message: bytes


def parse_commit(name: str, content: bytes) -> Commit:
    """Read a commit object; malformed parts are read as empty."""
    return _parse_plain(name, content) or _parse_any(name, content)


def _parse_plain(name: str, content: bytes) -> Commit | None:
    """Nearly every commit is written like this; the same in a third of the time."""
    found = _PLAIN.match(content)
    end = content.find(b"\n\n", found.end() - 1) if found else -1
    if not found or end < 0 or content.find(b"\nparent ", found.end() - 1, end) >= 0:
        return None
    tree, parents, author, email, seconds = found.groups()
    try:
        person = Person(name=author.strip().decode(), email=email.strip().decode(), seconds=int(seconds))
    except UnicodeDecodeError:
        return None
    return Commit(
        id=name,
        tree=tree.decode(),
        parents=tuple(parents.decode().split()[1::2]) if parents else (),
        author=person,
        message=content[end + 2 :],
    )


def _parse_any(name: str, content: bytes) -> Commit:
    headers, message = _split(content)
    charset = _first(headers, b"encoding")
    return Commit(
        id=name,
        tree=_id(_first(headers, b"tree")),
        parents=tuple(_id(value.decode("ascii", "replace")) for key, value in headers if key == b"parent"),
        author=_person(next((value for key, value in headers if key == b"author"), b""), charset),
        message=message,
    )


def parse_tag(name: str, content: bytes) -> Tag:
    """Read an annotated tag object; malformed parts are read as empty."""
    headers, message = _split(content)
    return Tag(
        id=name,
        name=_first(headers, b"tag"),
        target=_id(_first(headers, b"object")),
        target_type=_first(headers, b"type"),
        tagger=_person(next((value for key, value in headers if key == b"tagger"), b""), ""),
        message=message,
    )


def moment(seconds: int | None) -> datetime | None:
    """UTC time of `seconds` since 1970; None when there is none or no calendar holds it."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _split(content: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    head, _, message = content.partition(b"\n\n")
    return _HEADER.findall(head), message


def _first(headers: list[tuple[bytes, bytes]], wanted: bytes) -> str:
    return next((value.decode("utf-8", "backslashreplace") for key, value in headers if key == wanted), "")


def _id(text: str) -> str:
    return text if _ID.fullmatch(text) else ""


def _person(line: bytes, charset: str) -> Person:
    name, _, rest = line.partition(b"<")
    email, _, date = rest.rpartition(b">")
    seconds = (date.split() or [b""])[0]
    return Person(
        name=_text(name.strip(), charset),
        email=_text(email.strip(), charset),
        seconds=int(seconds) if _SECONDS.fullmatch(seconds) else None,
    )


def _text(value: bytes, charset: str) -> str:
    """As UTF-8, else as the commit states, else byte by byte: a name never stops a scan."""
    for codec in ("utf-8", charset or "utf-8"):
        try:
            return value.decode(codec)
        except (UnicodeDecodeError, LookupError):
            continue
    return value.decode("latin-1")


class CommitGraph:
    """Commits by number, in the order they were added; parents that are not stored are left out and noted."""

    def __init__(self, commits: Iterable[Commit], *, shallow: frozenset[str] = frozenset()) -> None:
        """`shallow` are the commits whose parents a shallow clone cut off: those are not missed."""
        people: dict[tuple[str, str], tuple[str, str]] = {}
        self.ids: list[str] = []
        self.number: dict[str, int] = {}
        self.trees: list[str] = []
        self.authors: list[tuple[str, str]] = []
        """Name and email."""
        self.seconds: list[int | None] = []
        """Author date since 1970."""
        named: list[tuple[str, ...]] = []
        for commit in commits:
            self.number[commit.id] = len(self.ids)
            self.ids.append(commit.id)
            self.trees.append(commit.tree)
            author = (commit.author.name, commit.author.email)
            self.authors.append(people.setdefault(author, author))
            self.seconds.append(commit.author.seconds)
            named.append(commit.parents)
        self.parents: list[tuple[int, ...]] = []
        self.lost: list[tuple[int, str]] = []
        """Commits that have a parent which should be stored and is not, with the parent."""
        for number, parents in enumerate(named):
            self.parents.append(tuple(self.number[one] for one in parents if one in self.number))
            if self.ids[number] not in shallow:
                self.lost += [(number, one) for one in parents if one not in self.number]

    def __len__(self) -> int:
        return len(self.ids)

    def ancestors(self, tips: Iterable[int]) -> set[int]:
        """`tips` and every commit they descend from."""
        reached: set[int] = set()
        waiting = list(tips)
        while waiting:
            number = waiting.pop()
            if number not in reached:
                reached.add(number)
                waiting.extend(self.parents[number])
        return reached

    def children_first(self) -> list[int]:
        """Every commit after all its children; a forged cycle is left out."""
        awaited = [0] * len(self)
        for parents in self.parents:
            for parent in set(parents):
                awaited[parent] += 1
        order = [number for number, children in enumerate(awaited) if not children]
        for number in order:  # grows while it is read
            for parent in set(self.parents[number]):
                awaited[parent] -= 1
                if not awaited[parent]:
                    order.append(parent)
        return order
