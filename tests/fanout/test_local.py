"""Threads: every unit once, errors and interrupts raised where the results are read."""

import threading

import pytest

from keyproof.fanout.local import LocalExecutor


def test_every_unit_gives_its_result_once() -> None:
    assert sorted(LocalExecutor(4).map_unordered(lambda n: n * n, range(50))) == [n * n for n in range(50)]


def test_units_run_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=10)
    assert len(list(LocalExecutor(3).map_unordered(lambda _: meeting.wait(), range(3)))) == 3


def test_an_error_is_raised_and_what_has_not_begun_is_dropped() -> None:
    begun: list[int] = []
    over = threading.Event()

    def work(unit: int) -> int:
        begun.append(unit)
        if unit == 0:
            raise KeyboardInterrupt
        over.wait(10)
        return unit

    try:
        with pytest.raises(KeyboardInterrupt):
            list(LocalExecutor(1).map_unordered(work, range(1000)))
    finally:
        over.set()
    assert len(begun) <= 2
