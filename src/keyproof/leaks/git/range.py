"""A range of commits as people and hooks write it."""

from dataclasses import dataclass
from typing import Self

from keyproof.errors import ConfigError, Problem


@dataclass(frozen=True, slots=True)
class Range:
    """`start..end` as git writes it; a side left out is HEAD.

    A start of zeros, as hooks and CI systems give for a new branch, is the beginning of the history; in a
    pre-receive hook it is everything the repository already has.
    """

    start: str
    end: str
    known_to: str = ""
    """A remote whose branches, as they were last fetched or pushed, are left out as well; then a start that is
    not stored here, as when others pushed in between, is no fault."""

    @classmethod
    def parse(cls, text: str, *, known_to: str = "") -> Self:
        """Read `A..B`. Raises ConfigError."""
        start, dots, end = text.partition("..")
        sides = (start or "HEAD", end or "HEAD")
        wrong = end.startswith(".") or any(side.startswith("-") or "\0" in side for side in sides)
        if not dots or wrong:
            message = f"{text!r} is not a range of commits"
            raise ConfigError.of(
                [Problem(path="--range", message=message, hint="write it as A..B, for example main..HEAD")]
            )
        return cls(*sides, known_to)

    def __str__(self) -> str:
        return f"{self.start}..{self.end}"
