"""What git would say about a file of a work tree, read from its own files without running git."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

_FIXED_FIELDS = 40
"""Bytes of an index entry before the object id: times, device, inode, mode, owner, size."""
_EXTENDED = 0x4000


class IndexUnreadableError(Exception):
    """The index is damaged or of a kind this reader does not know."""


def git_facts(path: Path) -> tuple["WorkTree | None", dict[str, str | int | bool], dict[str, str]]:
    """The work tree, the attributes `gitignored` and `tracked` of the file, and why one could not be found out."""
    attributes: dict[str, str | int | bool] = {}
    unread: dict[str, str] = {}
    reason = "the file lies in no git work tree"
    try:
        tree = WorkTree.holding(path)
    except OSError as error:
        tree, reason = None, f"{error.filename}: {error.strerror}"
    if tree is None:
        return None, attributes, {"gitignored": reason, "tracked": reason}
    below = PurePosixPath(os.path.relpath(path.parent.resolve() / path.name, tree.root)).as_posix()
    try:
        attributes["gitignored"] = tree.ignored(below)
    except OSError as error:
        unread["gitignored"] = f"a .gitignore cannot be read: {error.strerror}"
    try:
        attributes["tracked"] = tree.tracked(below)
    except (IndexUnreadableError, OSError) as error:
        unread["tracked"] = str(error)
    return tree, attributes, unread


@dataclass(frozen=True, kw_only=True)
class WorkTree:
    """A work tree with its git folder; paths asked for are relative to `root`, with `/`."""

    root: Path
    git_folder: Path
    _rules: dict[Path, Sequence["_Rule"]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def holding(cls, path: Path) -> "WorkTree | None":
        """The work tree `path` lies in: the nearest folder upwards that has a `.git`; None without one."""
        nearest = path.parent.resolve()  # a link counts where it lies, not where it points
        for folder in (nearest, *nearest.parents):
            marker = folder / ".git"
            if marker.is_dir():
                return cls(root=folder, git_folder=marker)
            if marker.is_file():
                text = marker.read_text(encoding="utf-8", errors="replace").strip()
                if text.startswith("gitdir:"):
                    return cls(root=folder, git_folder=folder / text.removeprefix("gitdir:").strip())
        return None

    def ignored(self, path: str) -> bool:
        """Whether the .gitignore files and `.git/info/exclude` exclude `path` (gitignore(5)).

        A file below an excluded folder is excluded. Excludes of the machine (core.excludesFile) do not
        count: they protect nobody else's clone. Raises OSError when a .gitignore cannot be read.
        """
        parts = path.split("/")
        return any(
            self._excluded(parts[:depth], folder=depth < len(parts)) for depth in range(1, len(parts) + 1)
        )

    def tracked(self, path: str) -> bool:
        """Whether the index holds `path`. Raises IndexUnreadableError, OSError."""
        return path.encode() in self._index

    def _excluded(self, parts: Sequence[str], *, folder: bool) -> bool:
        """The last matching pattern of the nearest file decides."""
        for depth in range(len(parts) - 1, -1, -1):
            rules = self._rules_of(self.root.joinpath(*parts[:depth], ".gitignore"))
            verdict = _verdict(rules, "/".join(parts[depth:]), folder=folder)
            if verdict is not None:
                return verdict
        rules = self._rules_of(self._common_folder / "info" / "exclude")
        return _verdict(rules, "/".join(parts), folder=folder) or False

    def _rules_of(self, path: Path) -> Sequence["_Rule"]:
        if path not in self._rules:
            text = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            self._rules[path] = tuple(_rules(text.decode("utf-8-sig", errors="surrogateescape")))
        return self._rules[path]

    @cached_property
    def _common_folder(self) -> Path:
        """The folder shared by all work trees of the repository."""
        pointer = self.git_folder / "commondir"
        return (
            self.git_folder / pointer.read_text(encoding="utf-8").strip()
            if pointer.is_file()
            else self.git_folder
        )

    @cached_property
    def _index(self) -> frozenset[bytes]:
        path = self.git_folder / "index"
        if not path.is_file():
            return frozenset()
        try:
            return frozenset(_names(path.read_bytes(), self._hash_size))
        except (IndexError, ValueError) as error:
            raise IndexUnreadableError("the git index is damaged") from error

    @cached_property
    def _hash_size(self) -> int:
        config = self._common_folder / "config"
        text = config.read_text(encoding="utf-8", errors="replace") if config.is_file() else ""
        return 32 if re.search(r"(?im)^\s*objectformat\s*=\s*sha256\s*$", text) else 20


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    negated: bool
    folders_only: bool


def _verdict(rules: Sequence[_Rule], path: str, *, folder: bool) -> bool | None:
    """Whether the last rule that matches excludes `path`; None when none matches."""
    for rule in reversed(rules):
        if (folder or not rule.folders_only) and rule.pattern.fullmatch(path):
            return not rule.negated
    return None


def _rules(text: str) -> Iterator[_Rule]:
    for line in text.split("\n"):
        pattern = _without_trailing_spaces(line.removesuffix("\r"))
        if pattern.startswith("#"):
            continue
        negated = pattern.startswith("!")
        body = pattern[negated:]
        expression = _expression(body.removesuffix("/")) if body else None
        if expression is not None:
            yield _Rule(expression, negated, body.endswith("/"))


def _without_trailing_spaces(line: str) -> str:
    """`line` without the spaces at its end, but for one that a backslash keeps."""
    kept = line.rstrip(" ")
    backslashes = len(kept) - len(kept.rstrip("\\"))
    return kept + " " if len(kept) < len(line) and backslashes % 2 else kept


def _expression(pattern: str) -> re.Pattern[str] | None:
    """The gitignore pattern as a regular expression over the path; None when it can match nothing."""
    parts = ["" if "/" in pattern else "(?:.*/)?"]
    rest = pattern.removeprefix("/")
    at_start = True
    while rest:
        part, length = _next_part(rest, at_start=at_start)
        if part is None:
            return None
        parts.append(part)
        at_start = rest[length - 1] == "/"
        rest = rest[length:]
    return re.compile("".join(parts), re.DOTALL)


def _next_part(rest: str, *, at_start: bool) -> tuple[str | None, int]:
    """The expression for the first part of `rest` and how many characters it takes; None when invalid."""
    if rest[0] == "*":
        stars = len(rest) - len(rest.lstrip("*"))
        if at_start and stars > 1 and rest[stars : stars + 1] == "/":
            return "(?:.*/)?", stars + 1
        return (".*" if at_start and stars > 1 and stars == len(rest) else "[^/]*"), stars
    if rest[0] == "?":
        return "[^/]", 1
    if rest[0] == "[":
        return _bracket(rest)
    if rest[0] == "\\":
        return (re.escape(rest[1]), 2) if len(rest) > 1 else (None, 1)
    return re.escape(rest[0]), 1


_CLASSES = {
    "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "blank": " \\t", "cntrl": "\\x00-\\x1f\\x7f", "digit": "0-9",
    "graph": "!-~", "lower": "a-z", "print": " -~", "punct": "!-/:-@\\[-`{-~", "space": "\\s",
    "upper": "A-Z", "xdigit": "0-9a-fA-F",
}  # fmt: skip
_BRACKET_ITEM = re.compile(r"\[:(?P<name>[a-z]*):\]|(?P<low>\\.|[^\\])(?:-(?P<high>\\.|[^\]\\]))?", re.DOTALL)


def _bracket(rest: str) -> tuple[str | None, int]:
    """A `[…]` set; a slash is never in it, and one without its end makes the whole pattern invalid."""
    position = 1
    negated = rest[1:2] in {"!", "^"}
    position += negated
    items: list[str] = []
    first = position
    while position < len(rest) and (rest[position] != "]" or position == first):
        item = _BRACKET_ITEM.match(rest, position)
        if item is None or (item["name"] is not None and item["name"] not in _CLASSES):
            return None, 1
        items.append(_CLASSES[item["name"]] if item["name"] else _range(item["low"], item["high"]))
        position = item.end()
    if position >= len(rest):
        return None, 1
    inside = "".join(items)
    if negated:
        return f"(?!/)[^{inside}]" if inside else "[^/]", position + 1
    return f"(?!/)[{inside}]" if inside else "(?!)", position + 1


def _range(low: str, high: str | None) -> str:
    first = low[-1]
    last = high[-1] if high else first
    return f"{re.escape(first)}-{re.escape(last)}" if first <= last else ""


def _names(raw: bytes, hash_size: int) -> Iterator[bytes]:
    """Paths in an index of version 2, 3 or 4 (https://git-scm.com/docs/index-format)."""
    version, count = int.from_bytes(raw[4:8]), int.from_bytes(raw[8:12])
    if raw[:4] != b"DIRC" or version not in {2, 3, 4}:
        raise IndexUnreadableError(f"a git index of version {version} is not known")
    position, name = 12, b""
    for _ in range(count):
        begin = position
        position += _FIXED_FIELDS + hash_size
        flags = int.from_bytes(raw[position : position + 2])
        position += 4 if flags & _EXTENDED else 2
        if version == 4:
            cut, position = _offset(raw, position)
            end = raw.index(b"\0", position)
            name = name[: len(name) - cut] + raw[position:end]
            position = end + 1
        else:
            end = raw.index(b"\0", position)
            name = raw[position:end]
            position = begin + (end - begin) // 8 * 8 + 8
        yield name
    while position + 8 <= len(raw) - hash_size:
        if raw[position : position + 4] == b"link":
            raise IndexUnreadableError("a split git index is not read")
        position += 8 + int.from_bytes(raw[position + 4 : position + 8])


def _offset(raw: bytes, position: int) -> tuple[int, int]:
    """A number in the variable width encoding of pack offsets, and the position behind it."""
    value = raw[position] & 0x7F
    while raw[position] & 0x80:
        position += 1
        value = ((value + 1) << 7) | (raw[position] & 0x7F)
    return value, position + 1
