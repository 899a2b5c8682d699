"""What a run tells of its own work on stderr: only when it is asked to, and never anything of a value."""

import logging
import os
import sys

from keyproof.errors import ConfigError
from keyproof.report.visible import visible

_LEVELS = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO, "debug": logging.DEBUG}
_ASKED = (logging.WARNING, logging.INFO, logging.DEBUG)
"""By how often -v was given."""


class _Stderr(logging.Handler):
    """Writes to the stderr of the moment, which a progress bar replaces by one that keeps clear of it."""

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        print(self.format(record), file=sys.stderr)


class _Line(logging.Formatter):
    """One line a record, whatever the names in it hold."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter."""
        moment = self.formatTime(record, "%H:%M:%S")
        place = record.name.removeprefix("keyproof.")
        return f"{moment}.{record.msecs:03.0f} {record.levelname.lower()} {place}: {visible(record.getMessage())}"


def show(count: int) -> int:
    """Show what is worth telling: with 1 each scope and each wait, with 2 each question too.

    Without -v the environment variable KEYPROOF_LOG_LEVEL decides. Raises ConfigError for a level that is none.
    """
    told = (os.environ.get("KEYPROOF_LOG_LEVEL") or "warning").lower()
    if told not in _LEVELS:
        raise ConfigError(
            f"KEYPROOF_LOG_LEVEL: '{told}' is no level", hint=f"use one of {', '.join(_LEVELS)}"
        )
    logger = logging.getLogger("keyproof")
    handler = _Stderr()
    handler.setFormatter(_Line())
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(_ASKED[min(count, 2)] if count else _LEVELS[told])
    return count
