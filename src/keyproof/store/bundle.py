"""The evidence bundle: one archive in which no byte can change unseen, for an auditor to keep.

A zip without compression, its members in order and its dates fixed, so that the same evidence gives the same bytes
and every byte can be checked by packing the members again: what lies between them cannot differ either.
`manifest.json` names every member with its sha256, `manifest.sha256` repeats the manifest's, and a signature covers
it. `ledger.jsonl` holds the chain of runs up to this one, so that a reader can follow it without the ledger.
"""

import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from keyproof.errors import StoreError
from keyproof.store.record import NONE_BEFORE, digest_of
from keyproof.store.signing import SIGNATURE_LENGTH, PublicKey, SigningKey

SCHEMA = "keyproof.bundle/v1"
_MANIFEST, _CHECKSUM = "manifest.json", "manifest.sha256"
_SIGNATURE, _PUBLIC_KEY = "manifest.sig", "manifest.pub"
_LEDGER, _RECORD = "ledger.jsonl", "record/"
_SEAL = frozenset({_MANIFEST, _CHECKSUM, _SIGNATURE, _PUBLIC_KEY})
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest date a zip can hold."""
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError,
           KeyError, TypeError, AttributeError, OverflowError)  # fmt: skip
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
    """The archive; the same contents and key always give the same bytes."""
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
    return _archive({**seal, **files})


def _archive(members: Mapping[str, bytes]) -> bytes:
    """Members in order of their paths, nothing compressed, every date and right the same."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(members):
            info = zipfile.ZipInfo(path, _EPOCH)
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            archive.writestr(info, members[path])
    return stream.getvalue()


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
        members = _members(content)
        manifest = json.loads(members[_MANIFEST])
        stated = {file["path"]: (file["bytes"], file["sha256"]) for file in manifest["files"]}
        signer = PublicKey.parse(members[_PUBLIC_KEY]) if _PUBLIC_KEY in members else None
    except _BROKEN:
        problem = "it is no evidence bundle, or its structure is damaged"
        return Verdict(problems=(problem,), manifest={}, manifest_digest="", signer=None, files=0)
    problems = [
        *_broken_structure(content, members),
        *_broken_files(members, stated),
        *_broken_seal(members, signer, trusted),
        *_broken_chain(members, manifest),
    ]
    return Verdict(
        problems=tuple(problems),
        manifest=manifest,
        manifest_digest=sha256(members[_MANIFEST]).hexdigest(),
        signer=signer,
        files=len(stated),
    )


def _members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for info in archive.infolist():
            if info.compress_type != zipfile.ZIP_STORED or info.file_size > len(content):
                raise ValueError("a member is packed as no bundle packs it")  # it could fill the memory
        return {info.filename: archive.read(info) for info in archive.infolist()}


def _broken_structure(content: bytes, members: Mapping[str, bytes]) -> Iterator[str]:
    if _archive(members) != content:
        yield "the archive was packed again or changed between its files"


def _broken_files(members: Mapping[str, bytes], stated: Mapping[str, tuple[int, str]]) -> Iterator[str]:
    for path in sorted(members.keys() - _SEAL - stated.keys()):
        yield f"{path} is not in the manifest"
    for path, (length, digest) in sorted(stated.items()):
        if path not in members:
            yield f"{path} is missing"
        elif (len(members[path]), sha256(members[path]).hexdigest()) != (length, digest):
            yield f"{path} was changed"


def _broken_seal(
    members: Mapping[str, bytes], signer: PublicKey | None, trusted: PublicKey | None
) -> Iterator[str]:
    manifest = members[_MANIFEST]
    if members.get(_CHECKSUM) != f"{sha256(manifest).hexdigest()}  {_MANIFEST}\n".encode():
        yield f"{_MANIFEST} was changed: {_CHECKSUM} does not fit"
    signature = members.get(_SIGNATURE)
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


def _broken_chain(members: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Iterator[str]:
    """Whether the runs follow each other up to the bundle's, and its parts are the ones it names."""
    try:
        heads = [json.loads(line) for line in members[_LEDGER].splitlines()]
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
            if sha256(members.get(f"{_RECORD}{name}.json", b"")).hexdigest() != digest:
                yield f"{_RECORD}{name}.json is not what the run recorded"
    except _BROKEN:
        yield "the chain of runs cannot be read"
