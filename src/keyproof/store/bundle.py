"""The evidence bundle: one archive in which no byte can change unseen, for an auditor to keep.

`manifest.json` names every file with the sha256 of its content, `manifest.sha256` repeats the manifest's, and a
signature covers it: the same evidence gives the same manifest everywhere. The zip that holds them is compressed, which
another version of zlib does in other bytes, so it is no part of what is signed. That it was not touched is told by
`packed.sha256`, the digests of the files as they stand in it, and by packing these again: what lies between them cannot
differ either. `ledger.jsonl` holds the chain of runs up to this one, so that a reader can follow it without the ledger.
"""

import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from keyproof.errors import StoreError
from keyproof.store import archive
from keyproof.store.archive import Member
from keyproof.store.record import NONE_BEFORE, digest_of
from keyproof.store.signing import SIGNATURE_LENGTH, PublicKey, SigningKey

SCHEMA = "keyproof.bundle/v1"
_MANIFEST, _CHECKSUM = "manifest.json", "manifest.sha256"
_SIGNATURE, _PUBLIC_KEY = "manifest.sig", "manifest.pub"
_LEDGER, _RECORD = "ledger.jsonl", "record/"
_PACKED = "packed.sha256"
_SEAL = frozenset({_MANIFEST, _CHECKSUM, _SIGNATURE, _PUBLIC_KEY, _PACKED})
"""What stands in the archive as it is, and in no manifest."""
_LONGEST_CHAIN = 1 << 28
"""Bytes of the only file that is read whole: some 100,000 runs."""
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError,
           KeyError, TypeError, AttributeError, OverflowError, StoreError)  # fmt: skip
"""What reading a damaged archive ends in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The runs up to the one a bundle is about."""

    heads: Sequence[tuple[str, str]]
    """Text and digest of each, oldest first; the last is the bundle's own."""

    @property
    def text(self) -> bytes:
        """One JSON object a line: a head's digest and its text exactly as it was chained."""
        lines = (json.dumps({"digest": digest, "head": head}) + "\n" for head, digest in self.heads)
        return "".join(lines).encode("ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What is put into a bundle."""

    chain: Chain
    record: Mapping[str, bytes]
    """The parts of the run as the ledger keeps them."""
    files: Mapping[str, bytes]
    """Path in the archive → everything else."""
    facts: Mapping[str, Any]
    """What the manifest says besides, ready for JSON."""
    previous: str | None
    """sha256 of the manifest of the bundle before; None for the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What `verify` found."""

    problems: tuple[str, ...]
    """Each a sentence; empty when nothing was changed."""
    manifest: Mapping[str, Any]
    manifest_digest: str
    signer: PublicKey | None
    """Whose signature it bears; None for a bundle that is not signed."""
    files: int


def pack(contents: Contents, key: SigningKey | None = None) -> bytes:
    """The archive; the same contents and key give the same manifest, and with the same zlib the same bytes."""
    files = {
        **contents.files,
        **{f"{_RECORD}{name}.json": part for name, part in contents.record.items()},
        _LEDGER: contents.chain.text,
    }
    manifest = {
        "schema": SCHEMA,
        **contents.facts,
        "run_digest": contents.chain.heads[-1][1],
        "previous_bundle": contents.previous,
        "files": [
            {"path": path, "bytes": len(files[path]), "sha256": sha256(files[path]).hexdigest()}
            for path in sorted(files)
        ],
    }
    text = (json.dumps(manifest, indent=1) + "\n").encode()
    seal = {_MANIFEST: text, _CHECKSUM: f"{sha256(text).hexdigest()}  {_MANIFEST}\n".encode()}
    if key is not None:
        seal |= {_SIGNATURE: key.sign(text), _PUBLIC_KEY: key.public.pem}
    return _archive(seal, files)


def _archive(seal: Mapping[str, bytes], files: Mapping[str, bytes]) -> bytes:
    packed = [Member.deflated(path, content) for path, content in files.items()]
    whole = {**seal, _PACKED: _digests(packed)}
    return archive.write([*packed, *(Member.stored(path, content) for path, content in whole.items())])


def _digests(packed: Iterable[Member]) -> bytes:
    """One line a file as `sha256sum` writes it, but of the file as it stands in the archive."""
    lines = (
        f"{sha256(member.stream).hexdigest()}  {member.path}\n"
        for member in sorted(packed, key=lambda member: member.path)
    )
    return "".join(lines).encode()


def manifest_digest(path: Path) -> str:
    """sha256, hex, of a bundle's manifest: what the next bundle names. Raises StoreError unless it is whole."""
    verdict = verify(_read(path))
    if verdict.problems:
        raise StoreError(f"{path}: {verdict.problems[0]}", hint=f"run: keyproof runs verify {path}")
    return verdict.manifest_digest


def verify_file(path: Path, trusted: PublicKey | None = None) -> Verdict:
    """See `verify`. Raises StoreError when the file cannot be read."""
    return verify(_read(path), trusted)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as cause:
        raise StoreError(f"{path} cannot be read: {cause.strerror}") from None


def verify(content: bytes, trusted: PublicKey | None = None) -> Verdict:
    """Check every byte of a bundle, without network or ledger; with `trusted` also that this key signed it.

    Raises StoreError when it is signed and the `signing` extra is missing.
    """
    try:
        packed = {member.path: member for member in archive.read(content)}
        seal = {path: packed.pop(path).stream for path in sorted(_SEAL & packed.keys())}
        manifest = json.loads(seal[_MANIFEST])
        stated = {file["path"]: (file["bytes"], file["sha256"]) for file in manifest["files"]}
        signer = PublicKey.parse(seal[_PUBLIC_KEY]) if _PUBLIC_KEY in seal else None
        found = {path: _digest_of(member) for path, member in packed.items()}
    except _BROKEN:
        problem = "it is no evidence bundle, or its structure is damaged"
        return Verdict(problems=(problem,), manifest={}, manifest_digest="", signer=None, files=0)
    problems = [
        *_broken_packing(seal, packed),
        *_broken_files(found, stated),
        *_broken_seal(seal, signer, trusted),
        *_broken_chain(packed.get(_LEDGER), found, manifest),
    ]
    return Verdict(
        problems=tuple(problems),
        manifest=manifest,
        manifest_digest=sha256(seal[_MANIFEST]).hexdigest(),
        signer=signer,
        files=len(stated),
    )


def _digest_of(member: Member) -> tuple[int, str]:
    """Length and sha256 of the content, read a piece at a time: it could fill the memory."""
    digest = sha256()
    for chunk in member.chunks():
        digest.update(chunk)
    return member.size, digest.hexdigest()


def _broken_packing(seal: Mapping[str, bytes], packed: Mapping[str, Member]) -> Iterator[str]:
    if seal.get(_PACKED) != _digests(packed.values()) or not all(one.compressed for one in packed.values()):
        yield f"the archive was packed again or changed: {_PACKED} does not fit"


def _broken_files(
    found: Mapping[str, tuple[int, str]], stated: Mapping[str, tuple[int, str]]
) -> Iterator[str]:
    for path in sorted(found.keys() - stated.keys()):
        yield f"{path} is not in the manifest"
    for path, content in sorted(stated.items()):
        if path not in found:
            yield f"{path} is missing"
        elif found[path] != content:
            yield f"{path} was changed"


def _broken_seal(
    seal: Mapping[str, bytes], signer: PublicKey | None, trusted: PublicKey | None
) -> Iterator[str]:
    manifest = seal[_MANIFEST]
    if seal.get(_CHECKSUM) != f"{sha256(manifest).hexdigest()}  {_MANIFEST}\n".encode():
        yield f"{_MANIFEST} was changed: {_CHECKSUM} does not fit"
    signature = seal.get(_SIGNATURE)
    if (signature is None) != (signer is None):
        yield "half of the signature is missing"
    elif signature is not None and signer is not None and not _signed(signer, manifest, signature):
        yield "the signature does not fit"
    if trusted is not None and signer != trusted:
        yield "it is not signed with the key given" if signer else "it is not signed"


def _signed(signer: PublicKey, manifest: bytes, signature: bytes) -> bool:
    try:
        return len(signature) == SIGNATURE_LENGTH and signer.signed(manifest, signature)
    except ValueError:  # no point of the curve
        return False


def _broken_chain(
    ledger: Member | None, found: Mapping[str, tuple[int, str]], manifest: Mapping[str, Any]
) -> Iterator[str]:
    """Whether the runs follow each other up to the bundle's, and its parts are the ones it names."""
    try:
        if ledger is None or ledger.size > _LONGEST_CHAIN:
            raise ValueError("it has no chain that could be read")
        heads = [json.loads(line) for line in b"".join(ledger.chunks()).splitlines()]
        previous = NONE_BEFORE
        for number, line in enumerate(heads, start=1):
            head = json.loads(line["head"])
            follows = (head["number"], head["previous"]) == (number, previous)
            if not follows or digest_of(line["head"].encode(), previous) != line["digest"]:
                yield f"the chain of runs is broken at run {number}"
                return
            previous = line["digest"]
        if not heads or previous != manifest["run_digest"]:
            yield "the chain of runs does not end with the run of the manifest"
            return
        for name, digest in sorted(head["parts"].items()):
            if found.get(f"{_RECORD}{name}.json", (0, ""))[1] != digest:
                yield f"{_RECORD}{name}.json is not what the run recorded"
    except _BROKEN:
        yield "the chain of runs cannot be read"
