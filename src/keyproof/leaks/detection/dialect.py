"""Rewrites regular expressions of RE2 and of Rust's `regex` for Python's `re` over bytes."""

import re
from dataclasses import dataclass, field

_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "digit": "0-9",
    "lower": "a-z",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t-\r ",
    "upper": "A-Z",
    "word": r"0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_FLAGS = re.compile(r"\(\?([a-zA-Z]*)(-[a-zA-Z]+)?([:)])")
_NAMED = re.compile(r"\(\?P?<([A-Za-z_]\w*)>")
_CODE_POINT = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_ESCAPES = {"z": r"\Z", "A": r"\A", "h": r"[ \t]"}
_UNKNOWN = {"U": "swapped greediness", "u": "Unicode switched off"}


@dataclass(slots=True)
class _Scope:
    """A group that is open, or the whole pattern."""

    verbose: bool
    """Whether blanks count for nothing outside of it."""
    switches: list[str] = field(default_factory=list)
    """The flags switched within it, as the groups they were written as."""


@dataclass(slots=True)
class Rewriter:
    """Rewrites one pattern; `secret` is the capturing group to name so, by number from 1, or by name."""

    pattern: str
    secret: int | str = 0
    groups: int = 0
    names: list[str] = field(default_factory=list)
    _at: int = 0
    _out: list[str] = field(default_factory=list)
    _scopes: list[_Scope] = field(default_factory=lambda: [_Scope(verbose=False)])
    _verbose: bool = False

    def rewrite(self) -> str:
        """The same expression for `re`. Raises ValueError with what cannot be said there."""
        while self._at < len(self.pattern):
            self._step(self.pattern[self._at])
        if len(self._scopes) > 1:
            raise ValueError("a bracket is not closed")
        return "".join(self._out) + ")" * len(self._scopes[0].switches)

    def _step(self, character: str) -> None:
        if character == "\\":
            self._escape()
        elif character == "[":
            self._class()
        elif character == "(":
            self._open()
        elif character == ")":
            self._close()
        elif character == "|":
            switches = self._scopes[-1].switches
            self._take(1, ")" * len(switches) + "|" + "".join(switches))
        elif self._verbose and character.isspace():
            self._at += 1
        elif self._verbose and character == "#":
            end = self.pattern.find("\n", self._at)
            self._at = len(self.pattern) if end < 0 else end
        else:
            self._take(1, character)

    def _take(self, count: int, text: str) -> None:
        self._out.append(text)
        self._at += count

    def _escape(self) -> None:
        point = _CODE_POINT.match(self.pattern, self._at)
        if point:
            self._take(len(point[0]), re.escape(chr(int(point[1], 16))))
            return
        letter = self.pattern[self._at + 1 : self._at + 2]
        if letter in {"p", "P", "C", "Q", "E", "R", "X", "K", "G"}:
            raise ValueError(f"\\{letter} has no counterpart")
        if letter.isspace() or letter in {
            "#",
            "-",
            "/",
            '"',
            "'",
            "`",
            "<",
            ">",
            "=",
            ":",
            ",",
            ";",
            "@",
            "!",
            "%",
            "&",
            "~",
        }:
            self._take(2, f"\\x{ord(letter):02x}")
            return
        self._take(2, _ESCAPES.get(letter, "\\" + letter))

    def _class(self) -> None:
        """A bracketed class: POSIX names written out, blanks dropped where they do not count."""
        at, written = self._at + 1, "["
        if self.pattern[at : at + 1] == "^":
            at, written = at + 1, "[^"
        first = True
        while at < len(self.pattern) and (first or self.pattern[at] != "]"):
            character, first = self.pattern[at], False
            posix = re.match(r"\[:(\^?)(\w+):\]", self.pattern[at:])
            if posix:
                if posix[1] or posix[2] not in _POSIX:
                    raise ValueError(f"the class {posix[0]} has no counterpart")
                written += _POSIX[posix[2]]
                at += len(posix[0])
            elif character == "\\":
                letter = self.pattern[at + 1 : at + 2]
                if letter in {"p", "P"}:
                    raise ValueError(f"\\{letter} has no counterpart")
                point = _CODE_POINT.match(self.pattern, at)
                written += f"\\x{int(point[1], 16) & 0xFF:02x}" if point else "\\" + letter
                at += len(point[0]) if point else 2
            elif character == "[":
                raise ValueError("a class within a class has no counterpart")
            elif self.pattern[at : at + 2] in {"&&", "--", "~~"}:
                raise ValueError("set operations in a class have no counterpart")
            else:
                written += "" if self._verbose and character.isspace() else character
                at += 1
        if at >= len(self.pattern):
            raise ValueError("a class is not closed")
        self._out.append(written + "]")
        self._at = at + 1

    def _open(self) -> None:
        flags = _FLAGS.match(self.pattern, self._at)
        named = _NAMED.match(self.pattern, self._at)
        if flags:
            self._flags(flags)
        elif named:
            self._capture(len(named[0]), named[1])
        elif self.pattern.startswith("(?", self._at):
            if self.pattern.startswith("(?#", self._at):
                self._at = self.pattern.index(")", self._at) + 1
                return
            kind = re.match(r"\(\?(?:<?[=!]|>)", self.pattern[self._at :])
            if not kind:
                raise ValueError(f"the group {self.pattern[self._at : self._at + 4]}… is unknown")
            self._scopes.append(_Scope(verbose=self._verbose))
            self._take(len(kind[0]), kind[0])
        else:
            self._capture(1, "")

    def _capture(self, length: int, name: str) -> None:
        self.groups += 1
        self.names.append(name)
        chosen = self.secret in (self.groups, name) if name else self.secret == self.groups
        self._scopes.append(_Scope(verbose=self._verbose))
        self._take(length, "(?P<secret>" if chosen else "(")

    def _flags(self, match: re.Match[str]) -> None:
        """`(?i)` holds to the end of its group, which `re` only says as `(?i:…)`."""
        on, off = match[1], (match[2] or "").lstrip("-")
        for letter in on:
            if letter in _UNKNOWN:
                raise ValueError(f"the flag {letter} ({_UNKNOWN[letter]}) has no counterpart")
        verbose = ("x" in on or self._verbose) and "x" not in off
        kept_on = "".join(letter for letter in "ims" if letter in on)
        kept_off = "".join(letter for letter in "ims" if letter in off)
        switch = kept_on + (f"-{kept_off}" if kept_off else "")
        opened = f"(?{switch}:" if switch else "(?:"
        if match[3] == ":":
            self._scopes.append(_Scope(verbose=self._verbose))
            self._verbose = verbose
            self._take(len(match[0]), opened)
            return
        self._verbose = verbose
        if not switch:
            self._at += len(match[0])
            return
        self._scopes[-1].switches.append(opened)
        self._take(len(match[0]), opened)

    def _close(self) -> None:
        if len(self._scopes) == 1:
            raise ValueError("a bracket is closed that was not opened")
        scope = self._scopes.pop()
        self._verbose = scope.verbose
        self._take(1, ")" * (len(scope.switches) + 1))


def count_groups(pattern: str) -> tuple[int, list[str]]:
    """How many groups of `pattern` capture, and their names (empty where they have none). Raises ValueError."""
    rewriter = Rewriter(pattern)
    rewriter.rewrite()
    return rewriter.groups, rewriter.names
