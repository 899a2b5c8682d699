"""The cache of clean blobs: it may forget, it never invents."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.ports import CleanBlobs
from keyproof.store.clean_blobs import CleanBlobFiles

KEY = b"k" * 32
ENGINE = b"engine 1"
REPOSITORY = "/srv/app/.git"


def cache(folder: Path, key: bytes = KEY) -> CleanBlobFiles:
    return CleanBlobFiles(folder=folder, key=key)


def ids_of(packed: bytes, width: int = 20) -> list[bytes]:
    return [packed[at : at + width] for at in range(0, len(packed), width)]


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*.ids"))


def test_it_is_the_port(tmp_path: Path) -> None:
    port: CleanBlobs = cache(tmp_path)
    assert port.known(ENGINE, REPOSITORY, width=20) == b""
    assert port.notes == ()


@given(
    batches=st.lists(st.lists(st.binary(min_size=20, max_size=20), max_size=6), max_size=24),
)
def test_it_knows_exactly_what_was_added(
    batches: list[list[bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    kept = cache(tmp_path_factory.mktemp("clean"))
    for batch in batches:
        kept.add(ENGINE, REPOSITORY, width=20, ids=b"".join(batch))
    assert ids_of(kept.known(ENGINE, REPOSITORY, width=20)) == sorted(
        {one for batch in batches for one in batch}
    )
    assert kept.notes == ()


def test_the_number_of_files_is_bounded(tmp_path: Path) -> None:
    for number in range(100):
        cache(tmp_path).add(ENGINE, REPOSITORY, width=20, ids=number.to_bytes(20))
    assert len(segments(tmp_path)) <= 8
    assert len(ids_of(cache(tmp_path).known(ENGINE, REPOSITORY, width=20))) == 100


@pytest.mark.parametrize(
    ("engine", "repository", "width"),
    [(b"engine 2", REPOSITORY, 20), (ENGINE, "/srv/other/.git", 20), (ENGINE, REPOSITORY, 32)],
)
def test_another_engine_repository_or_format_knows_nothing(
    tmp_path: Path, engine: bytes, repository: str, width: int
) -> None:
    cache(tmp_path).add(ENGINE, REPOSITORY, width=20, ids=bytes(160))
    assert cache(tmp_path).known(engine, repository, width=width) == b""
    assert cache(tmp_path).notes == ()


def test_any_changed_byte_discards_the_file_and_says_so(tmp_path: Path) -> None:
    cache(tmp_path).add(ENGINE, REPOSITORY, width=20, ids=b"a" * 20 + b"b" * 20)
    (path,) = segments(tmp_path)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        opened = cache(tmp_path)
        assert opened.known(ENGINE, REPOSITORY, width=20) == b""
        assert "was discarded" in opened.notes[0]
        assert not path.exists()


@pytest.mark.parametrize("length", [0, 1, 15, 16, 47, 48, 60, 87])
def test_a_cut_file_is_discarded(tmp_path: Path, length: int) -> None:
    cache(tmp_path).add(ENGINE, REPOSITORY, width=20, ids=b"a" * 20 + b"b" * 20)
    (path,) = segments(tmp_path)
    path.write_bytes(path.read_bytes()[:length])
    opened = cache(tmp_path)
    assert opened.known(ENGINE, REPOSITORY, width=20) == b""
    assert opened.notes


def test_a_file_of_another_key_or_another_place_is_not_believed(tmp_path: Path) -> None:
    cache(tmp_path, b"x" * 32).add(ENGINE, REPOSITORY, width=20, ids=b"a" * 20)
    (planted,) = segments(tmp_path)
    cache(tmp_path).add(ENGINE, "/srv/other/.git", width=20, ids=b"b" * 20)
    other = next(path for path in segments(tmp_path) if path.parent != planted.parent)
    (planted.parent / other.name).write_bytes(other.read_bytes())
    opened = cache(tmp_path)
    assert opened.known(ENGINE, REPOSITORY, width=20) == b""
    assert len(opened.notes) == 2


def test_a_file_others_can_write_is_not_believed(tmp_path: Path) -> None:
    cache(tmp_path).add(ENGINE, REPOSITORY, width=20, ids=b"a" * 20)
    segments(tmp_path)[0].chmod(0o666)
    opened = cache(tmp_path)
    assert opened.known(ENGINE, REPOSITORY, width=20) == b""
    assert "can be changed by others" in opened.notes[0]


def test_only_this_user_can_look(tmp_path: Path) -> None:
    cache(tmp_path / "clean").add(ENGINE, REPOSITORY, width=20, ids=b"a" * 20)
    assert segments(tmp_path / "clean")[0].parent.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "clean").write_text("a file where the folder should be")
    opened = cache(tmp_path / "clean")
    opened.add(ENGINE, REPOSITORY, width=20, ids=b"a" * 20)
    assert opened.known(ENGINE, REPOSITORY, width=20) == b""
    assert opened.notes[0].startswith("what is clean could not be kept")


def test_ids_of_another_width_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="21 bytes are no ids of 20 bytes"):
        cache(tmp_path).add(ENGINE, REPOSITORY, width=20, ids=b"a" * 21)


def test_old_engines_are_forgotten_and_the_newest_kept(tmp_path: Path) -> None:
    for number in range(6):
        engine = f"engine {number}".encode()
        cache(tmp_path).add(engine, REPOSITORY, width=20, ids=b"a" * 20)
        for path in segments(tmp_path):  # a clock too coarse to tell them apart must not decide
            stamp = path.stat().st_mtime_ns - 10**9
            os.utime(path, ns=(stamp, stamp))
    opened = cache(tmp_path)
    known = [bool(opened.known(f"engine {number}".encode(), REPOSITORY, width=20)) for number in range(6)]
    assert known == [False, False, False, True, True, True]


def test_what_a_killed_writer_left_goes_away(tmp_path: Path) -> None:
    opened = cache(tmp_path)
    opened.add(ENGINE, REPOSITORY, width=20, ids=b"a" * 20)
    place = segments(tmp_path)[0].parent
    old, fresh = place / "tmp-old", place / "tmp-fresh"
    for path in (old, fresh):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    opened.add(ENGINE, REPOSITORY, width=20, ids=b"b" * 20)
    assert (old.exists(), fresh.exists()) == (False, True)


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    def write(number: int) -> tuple[str, ...]:
        kept = cache(tmp_path)
        for step in range(20):
            kept.add(ENGINE, REPOSITORY, width=20, ids=(100 * number + step).to_bytes(20))
        return kept.notes

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(write, range(4))) == {()}
    known = set(ids_of(cache(tmp_path).known(ENGINE, REPOSITORY, width=20)))
    assert known == {(100 * number + step).to_bytes(20) for number in range(4) for step in range(20)}


_WRITER = """
import sys
from pathlib import Path
from keyproof.store.clean_blobs import CleanBlobFiles
kept = CleanBlobFiles(folder=Path(sys.argv[1]), key=b"k" * 32)
for number in range(10**6):
    kept.add(b"engine 1", "/srv/app/.git", width=20, ids=b"".join(n.to_bytes(20) for n in range(number, number + 500)))
    print(number, flush=True)
"""


def test_a_killed_writer_leaves_nothing_half(tmp_path: Path) -> None:
    for most in (1, 4, 9):
        with subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            for _ in range(most):
                writer.stdout.readline()
            os.kill(writer.pid, signal.SIGKILL)
        opened = cache(tmp_path)
        known = ids_of(opened.known(ENGINE, REPOSITORY, width=20))
        assert set(known) >= {number.to_bytes(20) for number in range(500 + most - 1)}
        assert known == sorted(set(known))
        assert opened.notes == ()


def test_repositories_that_were_long_not_searched_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyproof.store.clean_blobs._MOST_REPOSITORIES", 2)
    for number in range(4):
        cache(tmp_path).add(ENGINE, f"/srv/{number}", width=20, ids=b"a" * 20)
        for place in tmp_path.iterdir():
            stamp = place.stat().st_mtime_ns - 10**9
            os.utime(place, ns=(stamp, stamp))
    known = [bool(cache(tmp_path).known(ENGINE, f"/srv/{number}", width=20)) for number in range(4)]
    assert known == [False, False, True, True]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_segment_that_cannot_be_read_costs_only_time(tmp_path: Path) -> None:
    cache(tmp_path).add(ENGINE, REPOSITORY, width=20, ids=b"a" * 20)
    (path,) = segments(tmp_path)
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    opened = cache(tmp_path)
    assert opened.known(ENGINE, REPOSITORY, width=20) == b""
    assert opened.notes[0].startswith("what is clean could not be read")


def test_a_segment_that_another_writer_merged_meanwhile_is_read_from_the_merged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = cache(tmp_path)
    opened.add(ENGINE, REPOSITORY, width=20, ids=b"a" * 20)
    opened.add(ENGINE, REPOSITORY, width=20, ids=b"b" * 20)
    read = opened._read
    first = True

    def merging(path: Path, engine: bytes, repository: str, width: int) -> bytes:
        nonlocal first
        if first:
            first = False
            for one in segments(tmp_path):
                one.unlink()
            cache(tmp_path).add(ENGINE, REPOSITORY, width=20, ids=b"a" * 20 + b"b" * 20)
        return read(path, engine, repository, width)

    monkeypatch.setattr(opened, "_read", merging)
    assert opened.known(ENGINE, REPOSITORY, width=20) == b"a" * 20 + b"b" * 20
    assert opened.notes == ()


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Path, __: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    opened = cache(tmp_path)
    opened.add(ENGINE, REPOSITORY, width=20, ids=b"a" * 20)
    assert opened.notes == (f"what is clean could not be kept in {tmp_path}: No space left on device",)
    assert list(tmp_path.glob("*/*")) == []
