"""The real world, handed to everything below: clock, environment, sleeping."""

import os
import re
import time
from datetime import UTC, datetime
from pathlib import Path

from keyproof.ports import Surroundings

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})?)?"
)


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """The current time, UTC."""
        return datetime.now(UTC)


class SilentProgress:
    """Progress that nobody watches."""

    def begin(self, label: str, total: int | None) -> None:
        """See ports.Progress."""

    def advance(self, units: int) -> None:
        """See ports.Progress."""


def surroundings(root: Path) -> Surroundings:
    """The surroundings of a run whose relative paths start at `root`."""
    return Surroundings(root=root, environ=dict(os.environ), clock=SystemClock(), sleep=time.sleep)


def version() -> str:
    """The installed version of keyproof."""
    from importlib.metadata import version as installed  # noqa: PLC0415 (slow to import, and the hook never asks)

    return installed("keyproof")


def moment(as_of: str | None) -> datetime:
    """The moment to judge by: `as_of` as a date (its first second) or RFC 3339 time in UTC, else now.

    A time without an offset is UTC. Raises ValueError when it is neither, or lies outside the calendar in UTC.
    """
    if as_of is None:
        return SystemClock().now().replace(microsecond=0)
    if not _MOMENT.fullmatch(as_of):
        raise ValueError(f"{as_of!r} is no date or time")
    parsed = datetime.fromisoformat(as_of.upper())
    try:
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{as_of!r} lies outside the calendar") from None
