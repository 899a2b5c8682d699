"""Logs of one entry a line."""

import gzip
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.audit.files import LogFileError
from keyproof.audit.lines import LineLog

START = datetime(2025, 10, 1, tzinfo=UTC)


@dataclass(slots=True)
class Minutes(LineLog):
    """A log whose entries are minutes after START."""

    taken: list[int] = field(default_factory=list)

    def take(self, line: bytes) -> None:
        self.taken.append(int(line))

    def moment(self, line: bytes) -> datetime:
        return START + timedelta(minutes=int(line))


def _read(folder: Path, *files: bytes) -> Minutes:
    log = Minutes("log")
    for number, raw in enumerate(files):
        path = folder / f"{number}.log"
        path.write_bytes(raw)
        log.read(path)
    return log


@given(st.lists(st.lists(st.integers(0, 9999), min_size=1)))
def test_the_covered_time_reaches_over_the_ends_of_all_files(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[int]]
) -> None:
    lines = ["".join(f"{minute}\n" for minute in file).encode() for file in files]
    log = _read(tmp_path_factory.mktemp("log"), *lines)
    assert log.taken == [minute for file in files for minute in file]
    assert log.lines == len(log.taken)
    ends = [START + timedelta(minutes=minute) for file in files for minute in (file[0], file[-1])]
    assert (log.since, log.until) == (min(ends, default=None), max(ends, default=None))


def test_lines_that_are_no_entries_are_counted_and_the_first_are_named(tmp_path: Path) -> None:
    log = _read(tmp_path, b"1\ntext\n\n3\n", b"text\ntext\n5\n")
    assert (log.lines, log.unreadable_lines) == (7, 4)
    assert log.unreadable == ["0.log:2", "0.log:3", "1.log:1"]
    assert (log.since, log.until) == (START + timedelta(minutes=1), START + timedelta(minutes=5))


def test_a_line_that_is_being_written_is_left_for_the_next_scan(tmp_path: Path) -> None:
    log = _read(tmp_path, b"1\n2\nhal")
    assert (log.taken, log.unreadable_lines, log.until) == ([1, 2], 0, START + timedelta(minutes=2))


def test_a_file_that_cannot_be_opened_or_unpacked_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LogFileError, match="No such file"):
        Minutes("log").read(tmp_path / "gone")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"1\n" * 900)[:20])
    with pytest.raises(LogFileError, match=r"cut\.gz: "):
        Minutes("log").read(tmp_path / "cut.gz")
