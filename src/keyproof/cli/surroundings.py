"""The real world, handed to everything below: clock, environment, sleeping."""

import os
import time
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path

from keyproof.ports import Surroundings


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """The current time, UTC."""
        return datetime.now(UTC)


def surroundings(root: Path) -> Surroundings:
    """The surroundings of a run whose relative paths start at `root`."""
    return Surroundings(root=root, environ=dict(os.environ), clock=SystemClock(), sleep=time.sleep)


def version() -> str:
    """The installed version of keyproof."""
    return installed_version("keyproof")


def moment(as_of: str | None) -> datetime:
    """The moment to judge by: `as_of` as a date (its first second) or RFC 3339 time in UTC, else now.

    Raises ValueError when it is neither.
    """
    if as_of is None:
        return SystemClock().now().replace(microsecond=0)
    parsed = datetime.fromisoformat(as_of)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
