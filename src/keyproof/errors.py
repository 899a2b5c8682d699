"""Every error keyproof raises on purpose: which phase failed, with data, knowing no terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong in a document a person wrote, with the place and what to write instead."""

    path: str
    line: int | None = None
    """1-based; None when the problem belongs to the whole file."""
    column: int | None = None
    """1-based."""
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)
        return f"{place}: {self.message}" + (f"; {self.hint}" if self.hint else "")


class KeyproofError(Exception):
    """An expected failure: what happened in the user's words, and what the user can do next."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        """Lets an error come back from another process whatever its constructor asks for."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[KeyproofError], args: tuple[Any, ...], state: Mapping[str, Any]) -> KeyproofError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class DocumentError(KeyproofError):
    """A document a person wrote is invalid; carries every problem found in it, not only the first."""

    def __init__(self, message: str, *, problems: Sequence[Problem] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> Self:
        """Build the error for `problems`, headed by their number and file."""
        paths = sorted({problem.path for problem in problems})
        noun = "problem" if len(problems) == 1 else "problems"
        return cls(f"{len(problems)} {noun} in {', '.join(paths)}", problems=problems)


class ConfigError(DocumentError):
    """keyproof.yaml, a command line option or the environment is unusable."""


class PolicyError(DocumentError):
    """A policy pack, control catalogue, detector file or waiver file is unusable."""


class CollectError(KeyproofError):
    """A scope of a secret backend could not be read; becomes a visible gap, never a pass."""

    def __init__(self, message: str, *, scope: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.scope = scope


class AccessDeniedError(CollectError):
    """The identity used may not read this scope, or its credentials expired."""


class BackendUnreachableError(CollectError):
    """The backend does not answer, is sealed, or keeps throttling beyond the retry budget."""


class BackendProtocolError(CollectError):
    """The backend answered with something that cannot be understood."""


class MissingExtraError(CollectError):
    """The library for this backend is not installed."""

    def __init__(self, *, scope: str, extra: str) -> None:
        super().__init__(
            f"the '{extra}' extra is not installed", scope=scope, hint=f'run: pip install "keyproof[{extra}]"'
        )


class HistoryError(KeyproofError):
    """A git repository could not be read."""


class NotARepositoryError(HistoryError):
    """The path is not a git repository."""


class GitFailedError(HistoryError):
    """git ended with an error; carries its last words."""


class OutputError(KeyproofError):
    """A report or snapshot could not be written."""


class StoreError(KeyproofError):
    """The run ledger could not be opened, read or written; what was recorded before is as it was."""
