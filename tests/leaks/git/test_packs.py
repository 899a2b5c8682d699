"""The walk over packs against the plain stream, on real packs of every make."""

import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyproof.leaks.blob import Match
from keyproof.leaks.detection.compiled import open_scanner
from keyproof.leaks.detection.scanner import Scanner
from keyproof.leaks.git import families, walk
from keyproof.leaks.git.blobs import search_blobs
from keyproof.leaks.git.coverage import Tally
from keyproof.leaks.git.families import PackSearch
from keyproof.leaks.git.objects import list_objects
from keyproof.leaks.git.packs import Pack, packs_in
from keyproof.leaks.git.repository import Repository
from keyproof.leaks.sighting import Scan
from keyproof.resources import policies
from tests.fakes.repositories import GitRepository
from tests.leaks.git.searching import TokenScanner, Watch

SCANNER = open_scanner(policies() / "detectors")
LINES = [
    "machine host login ann",
    "  password " + "s3cr3t" + "Zq81xv",
    "password = '" + "qT7" + "vXw2Lm9Rk4'",
    "-----BEGIN " + "RSA PRIVATE KEY-----",
    "MIIEowIBAAKCAQEA1c7Q2v8XkzYp0s4tF",
    "-----END " + "RSA PRIVATE KEY-----",
    "tok_" + "aaaa" + "bbbb",
    "key: tok_",
    "AK" + "IA" + "Q3EGRIZDQ5WKXAPT",
    "plain words of a text",
    "",
]
DOCUMENTS = st.lists(st.sampled_from(LINES), min_size=3, max_size=30)
EDITS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 2), st.lists(st.sampled_from(LINES), max_size=2)), max_size=4
)


@contextmanager
def repository(*options: str) -> Iterator[GitRepository]:
    with tempfile.TemporaryDirectory() as folder:
        yield GitRepository.create(Path(folder) / "bare", "--bare", *options)


def opened(repo: GitRepository) -> Repository:
    return Repository.open(repo.path, repo.environ)


def pack_all(repo: GitRepository, contents: list[bytes], *options: str) -> list[str]:
    """Store blobs and pack them as deltas of each other; their ids."""
    names = [repo.blob(content) for content in contents]
    repo.git(
        "pack-objects", "-q", "--window=50", "--depth=50", *options, "objects/pack/pack",
        feed="".join(f"{name} file\n" for name in names).encode(),
    )  # fmt: skip
    repo.git("prune-packed", "-q")
    return names


def both(
    repo: GitRepository,
    scanner: Scanner | TokenScanner,
    *,
    scan: Scan | None = None,
    jobs: int = 1,
    largest: int = 1 << 20,
) -> tuple[dict[str, tuple[Match, ...]], Tally, PackSearch]:
    """Search both ways, whole blobs with `scan` if it is another, and hold them against each other."""
    scan = scan or scanner.scan
    target = opened(repo)
    listing = list_objects(target)
    plain, fast = (Tally(repository="app", mode="history") for _ in range(2))
    search = PackSearch(look=scanner.look, jobs=jobs)
    expected = search_blobs(target, listing, scan, largest, plain, Watch())
    watch = Watch()
    assert search(target, listing, scan, largest, fast, watch) == expected
    assert fast.coverage() == plain.coverage()
    assert watch.totals == [len(listing.blobs)]
    assert watch.done == len(listing.blobs)
    return expected, fast, search


def versions(
    document: list[str], edits: list[list[tuple[int, int, list[str]]]], prefix: bytes
) -> list[bytes]:
    contents = []
    # Long fixed text makes git store versions as deltas of each other.
    ballast = [f"line {number} of a text that stays" for number in range(40)]
    lines = [*ballast, *document, *ballast]
    for edit in edits:
        for place, cut, added in edit:
            at = 30 + place
            lines = [*lines[:at], *added, *lines[at + cut :]]
        contents.append(prefix + "\n".join(lines).encode())
    return contents


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    DOCUMENTS,
    st.lists(EDITS, min_size=1, max_size=12),
    st.sampled_from([b"", b"", b"\xff\xfe"]),
    st.booleans(),
)
def test_the_walk_finds_what_the_stream_finds(
    document: list[str], edits: list[list[tuple[int, int, list[str]]]], prefix: bytes, offsets: bool
) -> None:
    with repository() as repo:
        option = ["--delta-base-offset"] if offsets else []
        pack_all(repo, versions(document, edits, prefix), *option)
        for scanner in (SCANNER, TokenScanner()):
            both(repo, scanner)


def chain(count: int, token_at: int = -1) -> list[bytes]:
    text = [f"line {number} of a text that stays" for number in range(200)]
    contents = []
    for version in range(count):
        text[version % 200] = f"version {version}"
        if version == token_at:
            text[100] = "tok_" + "cccc" + "dddd"
        contents.append("\n".join(text).encode())
    return contents


@pytest.mark.parametrize("options", [[], ["--delta-base-offset"]])
def test_deltas_are_really_followed(options: list[str]) -> None:
    with repository() as repo:
        pack_all(repo, chain(60, token_at=40), *options)
        scanner = TokenScanner()
        found, _, _ = both(repo, scanner)
        # The stream passes 60 whole versions, the walk one base and small windows but for those with the token.
        assert len(found) > 10
        whole = sum(len(content) > 4000 for content in scanner.searched)
        assert whole < 120 - 20
        (pack,) = packs_in(opened(repo).common_dir / "objects", 20)
        assert sum(base >= 0 for base in pack.bases) > 40
        pack.close()


@pytest.mark.parametrize("jobs", [1, 3])
def test_processes_answer_what_one_does(jobs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(families, "_FEW", 0)
    with repository() as repo:
        pack_all(repo, chain(80, token_at=20))
        repo.blob(b"loose tok_" + b"eeeeffff")
        found, _, _ = both(repo, TokenScanner(), jobs=jobs)
        assert len(found) > 10


def test_a_process_that_dies_leaves_its_blobs_to_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(families, "_FEW", 0)
    monkeypatch.setattr(families._Work, "run", lambda *_: (_ for _ in ()).throw(SystemExit(1)))
    with repository() as repo:
        pack_all(repo, chain(10, token_at=2))
        found, _, _ = both(repo, TokenScanner(), jobs=2)
        assert found


def test_bases_that_are_let_go_are_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "_HELD", 1)
    with repository() as repo:
        pack_all(repo, chain(60, token_at=30), "--depth=4")
        assert both(repo, TokenScanner())[0]


def test_larger_blobs_are_skipped_and_their_children_are_not() -> None:
    with repository() as repo:
        contents = chain(30, token_at=3)
        pack_all(repo, [content + b"x" * (40 * (number % 2)) for number, content in enumerate(contents)])
        limit = sorted(map(len, contents))[15]
        found, tally, _ = both(repo, TokenScanner(), largest=limit)
        assert found
        assert tally.coverage().blobs_skipped["size"] > 0


def test_sha256_is_walked_as_well() -> None:
    with repository("--object-format=sha256") as repo:
        pack_all(repo, chain(30, token_at=3))
        assert both(repo, TokenScanner())[0]


def test_a_blob_in_two_packs_counts_once() -> None:
    with repository() as repo:
        contents = chain(20, token_at=3)
        pack_all(repo, contents)
        names = [repo.blob(content) for content in contents]
        repo.git("pack-objects", "-q", "objects/pack/other", feed="\n".join(names[:15]).encode())
        _, tally, _ = both(repo, TokenScanner())
        assert tally.scanned == 20


def test_alternates_go_through_the_stream() -> None:
    with repository() as repo, repository() as other:
        pack_all(other, chain(20, token_at=3))
        (repo.path / "objects/info/alternates").write_text(f"{other.path}/objects\n")
        assert both(repo, TokenScanner())[0]


@pytest.mark.parametrize("suffix", ["pack", "idx"])
@pytest.mark.parametrize("place", [0.3, 0.6, 0.9])
def test_a_damaged_pack_is_accounted_for_like_the_stream_does(suffix: str, place: float) -> None:
    with repository() as repo:
        pack_all(repo, chain(20, token_at=3))
        repo.blob(b"loose tok_" + b"eeeeffff")
        target = opened(repo)
        listing = list_objects(target)
        (file,) = (repo.path / "objects/pack").glob(f"*.{suffix}")
        raw = bytearray(file.read_bytes())
        raw[int(len(raw) * place)] ^= 0xFF
        file.chmod(0o600)
        file.write_bytes(raw)
        plain, fast = (Tally(repository="app", mode="history") for _ in range(2))
        scanner = TokenScanner()
        expected = search_blobs(target, listing, scanner.scan, 1 << 20, plain, Watch())
        assert (
            PackSearch(look=scanner.look)(target, listing, scanner.scan, 1 << 20, fast, Watch()) == expected
        )
        assert fast.coverage() == replace(plain.coverage(), problems=fast.coverage().problems)


def test_a_record_that_inflates_beyond_its_word_is_refused() -> None:
    with repository() as repo:
        (name,) = pack_all(repo, [b"0" * 10])
        (pack,) = packs_in(repo.path / "objects", 20)
        assert pack.id(0).hex() == name
        assert pack.record(0) == b"0" * 10
        pack.sizes[0] = 9
        with pytest.raises(ValueError, match="another size"):
            pack.record(0)
        pack.close()


@pytest.mark.parametrize("raw", [b"", b"\377tOc\0\0\0\3" + b"\0" * 2000, b"\377tOc\0\0\0\2" + b"\xff" * 1100])
def test_an_index_of_another_kind_is_left_to_git(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "pack-1.idx").write_bytes(raw)
    (tmp_path / "pack" / "pack-1.pack").write_bytes(b"PACK" + zlib.compress(b""))
    with pytest.raises(ValueError, match="index"):
        Pack(tmp_path / "pack" / "pack-1.idx", 20)
    assert list(packs_in(tmp_path, 20)) == []


def test_where_files_cannot_be_read_in_place_git_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pread")
    with repository() as repo:
        pack_all(repo, chain(10, token_at=2))
        assert list(packs_in(repo.path / "objects", 20)) == []
        assert both(repo, TokenScanner())[0]
