"""What is legal but doubtful, at its place: how lint says it."""

from collections.abc import Iterable

from keyproof.domain.secret import SourceLine
from keyproof.errors import Problem


def problem_at(place: SourceLine | None, message: str, hint: str) -> Problem:
    """The problem at `place`; of the policy as a whole where there is none."""
    return Problem(
        path=place.path if place else "policy", line=place.line if place else None, message=message, hint=hint
    )


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each once, as the files have them."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda p: (p.path, p.line or 0, p.message)))
