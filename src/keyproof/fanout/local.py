"""Runs units of work in threads of this process: collectors wait for networks, not for the processor."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
_LOOK_UP = 1.0
"""Seconds: the kernel may give an interrupt to another thread, which wakes no thread that waits for a lock."""


class LocalExecutor:
    """At most `jobs` units at a time, results as they become ready."""

    def __init__(self, jobs: int) -> None:
        self.jobs = max(1, jobs)

    def map_unordered(self, function: Callable[[T], R], units: Iterable[T]) -> Iterator[R]:
        """See ports.Executor. An interrupt drops what has not begun and does not wait for the rest."""
        pool = ThreadPoolExecutor(max_workers=self.jobs, thread_name_prefix="keyproof")
        try:
            pending: set[Future[R]] = {pool.submit(function, unit) for unit in units}
            while pending:
                done, pending = wait(pending, timeout=_LOOK_UP, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
