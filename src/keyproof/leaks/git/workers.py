"""Splits numbered work over forked processes that answer through pipes; one that dies leaves its work undone."""

import gc
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

R = TypeVar("R")

MOST = 4096
"""Pieces of work: their numbers wait in a pipe, which holds so many without a reader."""
_NUMBER = 4


def can_fork() -> bool:
    """Whether processes are forked here: elsewhere starting them costs more than it gains, or is not safe."""
    return sys.platform == "linux"


def share_out(
    pieces: int, jobs: int, work: Callable[[int], R], meanwhile: Iterable[None] = ()
) -> Iterator[R]:
    """Run `work` for every number below `pieces` (at most MOST) in `jobs` processes; results as they come.

    `meanwhile` is run to its end in this process, so its steps should be short.

    Only results cross between processes. Of a process that dies the rest is taken by the others, but the
    piece it was at has no result.
    """
    assert pieces <= MOST
    context = get_context("fork")
    source, sink = os.pipe()
    os.write(sink, b"".join(number.to_bytes(_NUMBER) for number in range(pieces)))
    os.close(sink)
    started: list[tuple[BaseProcess, Connection]] = []
    try:
        for _ in range(jobs):
            receiver, sender = context.Pipe(duplex=False)
            process: BaseProcess = context.Process(target=_labour, args=(source, sender, work), daemon=True)
            with warnings.catch_warnings():
                # Python 3.12 warns of forking beside threads: ours only wait for git, and a child computes and ends.
                warnings.simplefilter("ignore", DeprecationWarning)
                process.start()
            sender.close()
            started.append((process, receiver))
        yield from _results([receiver for _, receiver in started], meanwhile)
    finally:
        os.close(source)
        for process, receiver in started:
            receiver.close()
            process.terminate()
            process.join()


def _results(receivers: list[Connection], meanwhile: Iterable[None]) -> Iterator[Any]:
    waiting = list(receivers)
    for _ in meanwhile:
        yield from _received(waiting, 0)
    while waiting:
        yield from _received(waiting, None)


def _received(waiting: list[Connection], seconds: float | None) -> Iterator[Any]:
    """What has come, or comes within so many seconds; processes that ended are no longer waited for."""
    for ready in wait(waiting, seconds):
        assert isinstance(ready, Connection)
        try:
            yield ready.recv()
        except (EOFError, OSError):
            waiting.remove(ready)


def _labour(source: int, sender: Connection, work: Callable[[int], R]) -> None:
    gc.disable()  # a process this short has nothing to gain from looking for cycles
    while number := os.read(source, _NUMBER):
        sender.send(work(int.from_bytes(number)))
    sender.close()
