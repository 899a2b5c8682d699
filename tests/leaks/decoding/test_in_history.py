"""Archives in a repository: found by every way of searching, attributed, and accounted for."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyproof.leaks.decoding.deep import DeepScan
from keyproof.leaks.source import Mode
from tests.fakes.repositories import GitRepository
from tests.leaks.decoding import packed
from tests.leaks.git.searching import TokenScanner, found, occurrence, search, search_folder
from tests.leaks.git.test_packs import both, pack_all, repository

A, B = "tok_" + "aaaa" + "aaaa", "tok_" + "bbbb" + "bbbb"


def test_a_packed_secret_is_attributed_like_any_other(tmp_path: Path) -> None:
    repo = GitRepository.create(tmp_path / "r")
    commit = repo.commit({"dist/app.zip": packed.zipped({"conf/.env": f"x\nkey={A}\n".encode()})})
    repo.commit({"dist/app.zip": packed.zipped({"conf/.env": b"x\n"})})
    scan = search(repo)
    place = occurrence(scan, A)
    assert (place.path, place.line, place.column) == ("dist/app.zip!/conf/.env", 2, 5)
    assert (place.commit, place.in_head, place.decoded) == (commit, False, ("zip",))
    assert place.removed_at is not None
    assert scan.coverage.complete


def test_in_the_index_and_in_the_work_tree(tmp_path: Path) -> None:
    repo = GitRepository.create(tmp_path / "r")
    repo.commit({"f": "f"})
    repo.add({"staged.gz": packed.COMPRESSORS["gzip"](A.encode())})
    repo.write("lying.tar", packed.tarred({"a": B.encode()}))
    scan = search(repo)
    assert (occurrence(scan, A).where, occurrence(scan, A).path) == ("index", "staged.gz")
    assert (occurrence(scan, B).where, occurrence(scan, B).path) == ("worktree", "lying.tar!/a")
    assert found(search(repo, Mode.STAGED), A, B) == {A}
    assert occurrence(search_folder(repo.path), B).path == "lying.tar!/a"


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_what_stays_closed_is_counted_and_named_and_no_gap(tmp_path: Path, object_format: str) -> None:
    repo = GitRepository.create(tmp_path / "r", f"--object-format={object_format}")
    made = bytearray(packed.zipped({"a": A.encode(), "b": B.encode()}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        made[made.index(mark) + at] |= 1
    repo.commit({"secret.zip": bytes(made)})
    blob = repo.git("rev-parse", "HEAD:secret.zip")
    coverage = search(repo).coverage
    assert (coverage.blobs_skipped, coverage.complete) == ({"closed": 1}, True)
    assert coverage.notes == (f"1 content (encrypted in {blob}!/a) stayed closed; look there by hand",)


TEXTS = st.lists(st.sampled_from(["plain\n", f"a {A}\n", f"b {B}\n", "more\n"]), min_size=1, max_size=5)
FORMS = st.sampled_from(["text", "zip", "zip", "notebook"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(FORMS, TEXTS), min_size=2, max_size=8))
def test_the_walk_over_packs_leaves_nothing_packed_behind(versions: list[tuple[str, list[str]]]) -> None:
    """Forms that make deltas of each other, so that archives and texts are each other's bases."""
    with repository() as repo:
        pack_all(repo, [packing(form, "".join(lines)) for form, lines in versions])
        closed: list[str] = []
        scanner = TokenScanner()
        deep = DeepScan(scanner.scan, lambda *what: closed.append(str(what)))
        expected, _, _ = both(repo, scanner, scan=deep)
        assert not closed
        shown = {match.secret.decode() for matches in expected.values() for match in matches}
        assert shown == {
            token for token in (A, B) if any(token in line for _, lines in versions for line in lines)
        }


def packing(form: str, text: str) -> bytes:
    ballast = "".join(f"line {number} of a text that stays\n" for number in range(60))
    if form == "zip":
        # git makes the larger one the base: without a secret in it the base says nothing of its children.
        more = "" if "tok_" in text else "".join(f"{number} more\n" for number in range(20))
        kept = packed.zipped({"a": (ballast + more).encode()}, packed.STORED)
        return packed.zipped({"b": text.encode()}, prefix=kept)
    return packed.notebook(ballast + text) if form == "notebook" else (ballast + text).encode()
