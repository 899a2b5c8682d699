"""The evidence bundle: deterministic, and no byte of it can change unseen."""

import io
import json
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.errors import StoreError
from keyproof.store import archive, bundle
from keyproof.store.archive import Member
from keyproof.store.bundle import Chain, Contents
from keyproof.store.record import NONE_BEFORE, chained
from keyproof.store.signing import SigningKey, make_key

PARTS = {"snapshot": b'{"s":1}', "findings": b"[]"}


def chain(runs: int = 2) -> Chain:
    heads, previous = [], NONE_BEFORE
    parts = {name: sha256(part).hexdigest() for name, part in PARTS.items()}
    for number in range(1, runs + 1):
        text, previous = chained({"parts": parts}, number=number, previous=previous)
        heads.append((text.decode(), previous))
    return Chain(heads=heads)


def contents(**more: object) -> Contents:
    given = {
        "chain": chain(), "record": PARTS, "files": {"README.txt": b"hello", "reports/a.json": b"{}"},
        "facts": {"run": {"number": 2}}, "previous": None, **more,
    }  # fmt: skip
    return Contents(**given)  # type: ignore[arg-type]  # fields by name


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    path = tmp_path_factory.mktemp("keys") / "private"
    make_key(path)
    return SigningKey.load(path)


def repacked(content: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """The bundle with changed members, packed as we pack."""
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        members = {name: found.read(name) for name in found.namelist()}
    change(members)
    seal = {path: members.pop(path) for path in sorted(bundle._SEAL & members.keys())}
    return bundle._archive(seal, members)


@pytest.mark.parametrize("signed", [True, False])
def test_a_bundle_that_nobody_touched_is_whole(key: SigningKey, signed: bool) -> None:
    content = bundle.pack(contents(), key if signed else None)
    assert content == bundle.pack(contents(), key if signed else None)
    verdict = bundle.verify(content, key.public if signed else None)
    assert verdict.problems == ()
    assert (verdict.files, verdict.signer) == (5, key.public if signed else None)


@pytest.mark.parametrize("signed", [True, False])
def test_every_single_byte_counts(key: SigningKey, signed: bool) -> None:
    content = bundle.pack(contents(chain=chain(1), files={"a": b"x"}), key if signed else None)
    unseen = [
        place
        for place in range(len(content))
        if not bundle.verify(
            content[:place] + bytes([content[place] ^ 1 << place % 8]) + content[place + 1 :]
        ).problems
    ]
    assert unseen == []


@given(data=st.data())
def test_any_other_bytes_are_seen(key: SigningKey, data: st.DataObject) -> None:
    content = bundle.pack(contents(), key)
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 40)))
    put = data.draw(st.binary(max_size=40))
    changed = content[:start] + put + content[end:]
    assert bool(bundle.verify(changed).problems) == (changed != content)


@given(st.binary(max_size=400))
def test_what_is_no_bundle_is_told(content: bytes) -> None:
    assert bundle.verify(content).problems == ("it is no evidence bundle, or its structure is damaged",)


def _set(path: str, content: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda members: members.__setitem__(path, content)


def _manifest(**changes: object) -> Callable[[dict[str, bytes]], None]:
    """A forger who packs the manifest and its checksum anew."""

    def change(members: dict[str, bytes]) -> None:
        text = json.dumps({**json.loads(members["manifest.json"]), **changes}).encode()
        members["manifest.json"] = text
        members["manifest.sha256"] = f"{sha256(text).hexdigest()}  manifest.json\n".encode()

    return change


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (_set("reports/a.json", b"[]"), "reports/a.json was changed"),
        (_set("reports/b.json", b"{}"), "reports/b.json is not in the manifest"),
        (lambda members: members.pop("README.txt"), "README.txt is missing"),
        (_set("manifest.sha256", b"0"), "manifest.json was changed: manifest.sha256 does not fit"),
        (_manifest(run={"number": 9}), "the signature does not fit"),
        (_manifest(run_digest="0" * 64), "the chain of runs does not end with the run of the manifest"),
        (lambda members: members.pop("manifest.sig"), "half of the signature is missing"),
        (lambda members: members.pop("manifest.pub"), "half of the signature is missing"),
        (_set("manifest.sig", b"short"), "the signature does not fit"),
        (_set("record/findings.json", b"{}"), "record/findings.json is not what the run recorded"),
        (_set("ledger.jsonl", b"{}\n"), "the chain of runs cannot be read"),
        (_set("ledger.jsonl", chain(3).text), "the chain of runs does not end with the run of the manifest"),
        (_set("ledger.jsonl", b"".join(chain(3).text.splitlines(keepends=True)[1:])), "the chain of runs is broken at run 1"),
    ],
)  # fmt: skip
def test_what_was_changed_is_named(
    key: SigningKey, change: Callable[[dict[str, bytes]], None], problem: str
) -> None:
    content = repacked(bundle.pack(contents(), key), change)
    assert problem in bundle.verify(content).problems


def test_another_key_is_told(key: SigningKey, tmp_path: Path) -> None:
    other = make_key(tmp_path / "other")
    content = bundle.pack(contents(), key)
    assert bundle.verify(content, other).problems == ("it is not signed with the key given",)
    assert bundle.verify(bundle.pack(contents()), other).problems == ("it is not signed",)


def _compressed_again(content: bytes, level: int) -> bytes:
    """The same files as another zlib would compress them."""

    def anew(member: Member) -> Member:
        packer = zlib.compressobj(level, zlib.DEFLATED, -15)
        stream = packer.compress(b"".join(member.chunks())) + packer.flush()
        return replace(member, stream=stream) if member.compressed else member

    return archive.write(anew(member) for member in archive.read(content))


def test_files_packed_in_another_way_are_told_whatever_they_hold(key: SigningKey) -> None:
    content = bundle.pack(contents(files={"a": b"keyproof " * 1000}), key)
    told = ("the archive was packed again or changed: packed.sha256 does not fit",)
    assert bundle.verify(_compressed_again(content, 0)).problems == told
    as_they_are = (
        replace(member, compressed=False, stream=b"".join(member.chunks()))
        for member in archive.read(content)
    )
    assert bundle.verify(archive.write(as_they_are)).problems == told
    assert bundle.verify(_compressed_again(content, 6)).problems == ()


def test_what_grows_beyond_its_size_is_not_read_to_its_end() -> None:
    bomb = replace(Member.deflated("ledger.jsonl", bytes(200_000_000)), size=10)
    assert sum(map(len, _read(bomb))) <= 1 << 20
    content = bundle.pack(contents())
    others = [member for member in archive.read(content) if member.path != bomb.path]
    assert bundle.verify(archive.write([*others, bomb])).problems == (
        "it is no evidence bundle, or its structure is damaged",
    )


def _read(member: Member) -> list[bytes]:
    found: list[bytes] = []
    with pytest.raises(ValueError, match="not what it claims"):
        found.extend(member.chunks())
    return found


def test_the_manifest_is_the_same_whatever_compressed_the_files(key: SigningKey) -> None:
    content = bundle.pack(contents(), key)
    before, after = (bundle.verify(one) for one in (content, _compressed_again(content, 1)))
    assert before.manifest_digest == after.manifest_digest


def test_a_bundle_is_a_zip_like_any_other(key: SigningKey) -> None:
    text = b"the same words over and over, " * 1000
    content = bundle.pack(contents(files={"reports/über.txt": text}), key)
    assert len(content) < len(text) // 4
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        assert found.testzip() is None
        assert found.read("reports/über.txt") == text
        assert {info.date_time for info in found.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_bundle_names_the_one_before(tmp_path: Path) -> None:
    first = tmp_path / "first.zip"
    first.write_bytes(bundle.pack(contents()))
    digest = bundle.manifest_digest(first)
    second = bundle.verify(bundle.pack(contents(previous=digest)))
    assert second.manifest["previous_bundle"] == digest == bundle.verify_file(first).manifest_digest
    first.write_bytes(b"x" + first.read_bytes())
    with pytest.raises(StoreError, match=r"first\.zip"):
        bundle.manifest_digest(first)
    with pytest.raises(StoreError, match="cannot be read: No such file"):
        bundle.verify_file(tmp_path / "none.zip")
