"""Finds objects that the history refers to and that are not stored, while other work goes on."""

from threading import Thread
from types import TracebackType
from typing import Self

from keyproof.leaks.git.repository import Repository


class Connectivity:
    """A walk of git's over everything reachable, in the background of its `with` block."""

    def __init__(self, repository: Repository) -> None:
        entrances = ("--all", "--reflog", "--indexed-objects")
        self._process = repository.start(
            "rev-list", "--objects", "--no-object-names", "--missing=print", *entrances
        )
        self._missing: set[str] = set()
        self._thread = Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._thread.join()
        self._process.__exit__(kind, error, trace)

    def missing(self) -> set[str]:
        """Ids of the objects that are referred to and not stored. Raises GitFailedError."""
        self._thread.join()
        self._process.finish(accept=(0, 129))  # 129: its usage, when there is nothing to start from
        return self._missing

    def _listen(self) -> None:
        for line in self._process.output:
            if line.startswith(b"?"):
                self._missing.add(line[1:].strip().decode("ascii", "replace"))
