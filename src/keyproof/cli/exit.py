"""The exit codes, the same for every command and every format."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a calling script may rely on."""

    OK = 0
    """Nothing failed at or above --fail-on, and everything in scope was evaluated."""
    FAILED = 1
    """At least one finding fails."""
    INVALID = 2
    """Usage, configuration, a policy or a waiver file is invalid."""
    INCOMPLETE = 3
    """No failure seen, but something could not be evaluated."""
    BUG = 70
    """An error in keyproof itself."""
    INTERRUPTED = 130
    """Stopped by the user; what was read so far is kept."""
