"""The one place where an error becomes text on stderr and an exit code."""

import os
import sys
from collections.abc import Callable

from keyproof.cli.exit import ExitCode
from keyproof.errors import CollectError, DocumentError, HistoryError, KeyproofError, NotARepositoryError

_MOST_PROBLEMS = 50


def guarded(command: Callable[[], int]) -> int:
    """Run `command` and return its exit code; no exception passes."""
    try:
        return command()
    except KeyproofError as error:
        print(describe(error), file=sys.stderr)
        incomplete = isinstance(error, CollectError | HistoryError) and not isinstance(
            error, NotARepositoryError
        )
        return ExitCode.INCOMPLETE if incomplete else ExitCode.INVALID
    except KeyboardInterrupt:
        print("keyproof: interrupted", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`| head`): not an error of ours, nothing more to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except Exception as error:  # noqa: BLE001 (the boundary: everything unexpected ends here)
        print(_bug_report(error), file=sys.stderr)
        return ExitCode.BUG


def describe(error: KeyproofError) -> str:
    """The error as a person reads it: what, where, and the next step."""
    lines = [f"keyproof: {error.message}"]
    if isinstance(error, DocumentError):
        lines += [f"  {problem}" for problem in error.problems[:_MOST_PROBLEMS]]
        if more := len(error.problems) - _MOST_PROBLEMS:
            lines += [f"  and {more} more"] if more > 0 else []
    if error.hint:
        lines.append(f"  next: {error.hint}")
    return "\n".join(lines)


def _bug_report(error: Exception) -> str:
    """What to paste into a bug report; the exception's own text is left out, for it could quote data."""
    import platform  # noqa: PLC0415 (a hook that works never comes here)
    import traceback  # noqa: PLC0415

    frames = traceback.extract_tb(error.__traceback__)
    places = [
        f"  {frame.filename.rpartition('keyproof/')[2]}:{frame.lineno} in {frame.name}" for frame in frames
    ]
    return "\n".join(
        [
            "keyproof: this is a bug in keyproof; nothing was judged. Please report these lines:",
            f"  {type(error).__name__} on Python {platform.python_version()}, {platform.system()}",
            *places[-15:],
        ]
    )
