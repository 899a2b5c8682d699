"""Logs of one entry a line, as servers write them: what time they cover, and which lines nobody understands."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from keyproof.audit.files import opened, unreadable

_SHOWN = 3
_NONE = (ValueError, KeyError, TypeError, AttributeError)
"""What a line that is no entry of its log raises."""


@dataclass(slots=True)
class LineLog(ABC):
    """What the lines of some files tell; a subclass knows the entries of one kind of server."""

    sink: str
    since: datetime | None = None
    until: datetime | None = None
    """From the first to the last line of the files, whatever they are about; None where no line has a time."""
    lines: int = 0
    unreadable: list[str] = field(default_factory=list)
    """Places of the first lines that are no entries."""
    unreadable_lines: int = 0

    def read(self, path: Path) -> None:
        """Add one file, line by line. Raises LogFileError when it cannot be opened or unpacked."""
        take, number = self.take, 0
        first = last = b""
        try:
            with opened(path) as lines:
                for number, line in enumerate(lines, start=1):
                    try:
                        take(line)
                    except _NONE:
                        self._leave(line, path, number)
                    else:
                        last = line
                        first = first or line
        except (OSError, EOFError) as error:
            raise unreadable(path, error, str(error)) from None
        self.lines += number
        for end in (first, last):
            self._stretch(end)

    @abstractmethod
    def take(self, line: bytes) -> None:
        """Take in one line. Raises ValueError, KeyError, TypeError or AttributeError for what is no entry."""

    @abstractmethod
    def moment(self, line: bytes) -> datetime:
        """When the entry was written, in UTC. Raises as `take`."""

    def _leave(self, line: bytes, path: Path, number: int) -> None:
        if not line.endswith(b"\n"):
            return  # the server is still writing it
        self.unreadable_lines += 1
        if len(self.unreadable) < _SHOWN:
            self.unreadable.append(f"{path.name}:{number}")

    def _stretch(self, line: bytes) -> None:
        """Let the covered time reach to this line."""
        try:
            at = self.moment(line)
        except _NONE:
            return
        self.since = min(self.since or at, at)
        self.until = max(self.until or at, at)
