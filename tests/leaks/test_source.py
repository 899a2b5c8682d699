"""Sources from end to end: what goes in is a path, what comes out is sealed and accounted for."""

import os
from pathlib import Path

import pytest

from keyproof.domain.leak import LeakConfidence
from keyproof.errors import NotARepositoryError
from keyproof.leaks.detection.allow import judge
from keyproof.leaks.detection.compiled import open_scanner
from keyproof.leaks.folder import FolderLeakSource
from keyproof.leaks.git.range import Range
from keyproof.leaks.seal import Sealer
from keyproof.leaks.source import GitLeakSource, Mode
from keyproof.ports import LeakSource
from keyproof.resources import policies
from tests.fakes.repositories import GitRepository
from tests.leaks.git.searching import (
    SEALER,
    TokenScanner,
    Watch,
    found,
    leak,
    occurrence,
    paths,
    search,
    search_folder,
)

A, B = "tok_aaaaaaaa", "tok_bbbbbbbb"


def test_the_shipped_detectors_find_what_a_history_hides(tmp_path: Path) -> None:
    scanner = open_scanner(policies() / "detectors")
    value = "AK" + "IA" + "Q3EGRZ7KXW5TJMVN"
    repository = GitRepository.create(tmp_path / "r")
    first = repository.commit({"app.env": f"first\r\n{value}\r\n".encode("utf-16")})
    repository.commit({"app.env": "clean"})
    source = GitLeakSource(
        name="app",
        path=repository.path,
        mode=Mode.HISTORY,
        scanner=scanner,
        sealer=Sealer(key=b"k" * 32, detectors=scanner.detectors, judge=judge),
        environ=repository.environ,
    )
    scan = source.scan(Watch())
    (only,) = scan.leaks
    (place,) = only.occurrences
    assert (only.detector, only.allowed, scan.coverage.complete) == ("aws-access-key-id", None, True)
    assert (place.path, place.line, place.commit, place.in_head) == ("app.env", 2, first, False)
    assert value[4:] not in repr(scan)


def test_both_sources_are_leak_sources(tmp_path: Path) -> None:
    sources: list[LeakSource] = [
        GitLeakSource(
            name="app", path=tmp_path, mode=Mode.HISTORY, scanner=TokenScanner(), sealer=SEALER, environ={}
        ),
        FolderLeakSource(name="app", path=tmp_path, scanner=TokenScanner(), sealer=SEALER),
    ]
    assert [source.name for source in sources] == ["app", "app"]


def test_no_mode_lets_plaintext_out(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    repository.commit({"f": A}, message=f"say {B}")
    repository.add({"staged": "tok_cccccccc"})
    for mode in (Mode.HISTORY, Mode.STAGED, Range.parse(f"{'0' * 40}..HEAD")):
        scan = search(repository, mode)
        assert scan.leaks
        assert "tok_" + "aaaa" not in repr(scan)
        assert all(token[4:] not in repr(scan) for token in (A, B, "tok_cccccccc"))


def test_the_same_secret_has_the_same_id_wherever_it_is_found(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    repository.add({"f": A})
    staged = leak(search(repository, Mode.STAGED), A).id
    repository.commit()
    assert leak(search(repository), A).id == staged == f"leak://app/{SEALER.fingerprint(A.encode())}"


def test_a_marker_in_head_accepts_the_versions_before_it(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    repository.commit({"f": A, "g": B})
    assert leak(search(repository), A).allowed is None
    repository.commit({"f": f"{A}  # fine", "g": f"{B} # fine\n{B}"})
    scan = search(repository)
    assert (leak(scan, A).allowed, leak(scan, B).allowed) == ("fine", None)


def test_a_marker_that_head_no_longer_has_accepts_nothing(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    repository.commit({"f": f"{A} # fine"})
    repository.commit({"f": A})
    assert leak(search(repository), A).allowed is None


def test_a_secret_gone_from_head_is_accepted_only_when_every_version_was(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    repository.commit({"f": f"{A} # fine\n", "g": f"{B} # fine"})
    repository.commit({"f": A})
    repository.commit({}, remove=["f", "g"])
    scan = search(repository)
    assert (leak(scan, A).allowed, leak(scan, B).allowed) == (None, "fine")


def test_one_path_outside_the_examples_is_enough_to_be_taken_seriously(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    repository.commit({"examples/f": f"{A}\n{B}", "src/f": B})
    scan = search(repository)
    assert (leak(scan, A).confidence, leak(scan, B).confidence) == (
        LeakConfidence.EXAMPLE,
        LeakConfidence.LIKELY,
    )


def test_leaks_are_sorted_by_id(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    repository.commit({"f": "\n".join(f"tok_{number:08d}" for number in range(20))})
    ids = [one.id for one in search(repository).leaks]
    assert (len(ids), ids) == (20, sorted(ids))


def test_two_scans_agree(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    repository.commit({"f": A, "g": f"{A}\n{B}"})
    repository.blob(f"{B} again".encode())
    repository.write("loose", B)
    assert search(repository) == search(repository)


def test_files_of_a_folder_are_searched_and_git_is_not(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r")
    repository.commit({"f": A, "d/g": "clean"})
    repository.write("f", "clean")
    repository.write(".gitignore", "ignored")
    repository.write("ignored", f"\n{B}")
    (repository.path / "link").symlink_to("ignored")
    scan = search_folder(repository.path)
    place = occurrence(scan, B)
    assert not found(scan, A)
    assert (place.path, place.line, place.where, place.blob, place.commit) == (
        "ignored", 2, "worktree", None, None,
    )  # fmt: skip
    assert (scan.coverage.mode, scan.coverage.blobs_scanned, scan.coverage.complete) == ("worktree", 4, True)
    assert scan.coverage.blobs_skipped == {"excluded": 1}


def test_a_folder_without_git_and_a_single_file_are_searched(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_text(A)
    (tmp_path / "d" / "g").write_text(B)
    assert (paths(search_folder(tmp_path), A), found(search_folder(tmp_path), A, B)) == (["d/f"], {A, B})
    only = search_folder(tmp_path / "d" / "f")
    assert (paths(only, A), found(only, A, B)) == (["f"], {A})


def test_a_path_that_is_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotARepositoryError):
        search_folder(tmp_path / "nothing")


def test_large_and_unreadable_files_of_a_folder_are_gaps(tmp_path: Path) -> None:
    (tmp_path / "large").write_text("x" * 30)
    (tmp_path / "small").write_text(A)
    coverage = search_folder(tmp_path, largest=20).coverage
    assert (coverage.blobs_skipped, coverage.complete) == ({"size": 1}, False)
    if os.geteuid() != 0:
        (tmp_path / "small").chmod(0)
        assert search_folder(tmp_path).coverage.blobs_skipped == {"unreadable": 1}


def test_progress_over_files_ends_at_its_total(tmp_path: Path) -> None:
    for number in range(130):
        (tmp_path / f"{number}").write_text("x")
    watch = Watch()
    search_folder(tmp_path, watch=watch)
    assert (watch.totals, watch.done) == ([130], 130)
