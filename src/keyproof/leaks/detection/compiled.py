"""Keeps parsed detectors and their compiled database, so that a hook starts in milliseconds."""

import contextlib
import dataclasses
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keyproof.domain.leak import LeakConfidence
from keyproof.leaks.detection.detector import Detector, DetectorKind, Prefilter, anchors
from keyproof.leaks.detection.engine import (
    Engine,
    HyperscanEngine,
    RegexEngine,
    compile_database,
    hyperscan_version,
)
from keyproof.leaks.detection.scanner import Scanner
from keyproof.leaks.detection.version import ENGINE_VERSION


def open_scanner(
    folder: Path,
    *,
    cache: Path | None = None,
    extra: Sequence[Path] = (),
    rules: Sequence[Path] = (),
    detect_secrets: bool = False,
) -> Scanner:
    """A scanner over the detector files of `folder` and the files of `extra`, with detect-secrets' plugins if asked.

    `rules` are rule files of other tools (see foreign_rules); what is refused of them is not looked for. `cache` is a folder only this user can write: what was compiled once is read from it. Raises PolicyError.
    """
    files = (*sorted(folder.glob("*.yaml"), key=str), *extra)
    digest = _digest((*files, *folder.glob("*.json"), *rules), _foreign_version() if detect_secrets else "")
    kept = _restore(cache, digest)
    if kept is None:
        detectors = _load(files, rules, detect_secrets=detect_secrets)
        database = _compile(detectors)
        _keep(cache, digest, detectors, database)
        kept = detectors, _engine(detectors, database)
    return Scanner(*kept, digest=digest)


def _load(files: Sequence[Path], rules: Sequence[Path], *, detect_secrets: bool) -> tuple[Detector, ...]:
    """YAML, pydantic and detect-secrets are needed only when nothing was kept."""
    from keyproof.leaks.detection.detectors import load  # noqa: PLC0415

    detectors = load(files)
    if rules:
        from keyproof.leaks.detection import foreign_rules  # noqa: PLC0415

        detectors += tuple(rule.detector for rule in foreign_rules.read_all(rules) if rule.detector)
    if detect_secrets:
        from keyproof.leaks.detection import foreign  # noqa: PLC0415

        detectors += foreign.detectors()
    return detectors


def _foreign_version() -> str:
    from keyproof.leaks.detection import foreign  # noqa: PLC0415

    return foreign.installed_version()


def _digest(files: Sequence[Path], library: str) -> str:
    """Of everything a compiled set depends on."""
    state = hashlib.sha256()
    version = f"{ENGINE_VERSION} {hyperscan_version()} {library} {sys.version_info[:2]} {sys.platform}"
    for part in (version.encode(), *(path.read_bytes() for path in files)):
        state.update(len(part).to_bytes(8))
        state.update(part)
    return state.hexdigest()


def _compile(detectors: Sequence[Detector]) -> bytes:
    try:
        return compile_database(prefilters(detectors))
    except ImportError:
        return b""


def prefilters(detectors: Sequence[Detector]) -> list[Prefilter]:
    """Those of the detectors, of their anchors, then of the encodings they are looked for in."""
    from keyproof.leaks.decoding.encoded import expressions  # noqa: PLC0415 (needed when nothing was kept, too)
    from keyproof.leaks.detection.prefilter import texts  # noqa: PLC0415

    ours = [detector.prefilter for detector in detectors if detector.kind is not DetectorKind.FOREIGN]
    encoded = expressions(text for prefilter in ours for text in texts(prefilter))
    return [
        *(detector.prefilter for detector in detectors),
        *(anchor.prefilter() for anchor in anchors(detectors) if anchor.text),
        *(Prefilter(expression=one.pattern, caseless=one.caseless, literals=one.literals) for one in encoded),
    ]


def _engine(detectors: Sequence[Detector], database: bytes) -> Engine:
    if not database:
        return RegexEngine(prefilters(detectors))
    return HyperscanEngine.load(database)


def _restore(cache: Path | None, digest: str) -> tuple[tuple[Detector, ...], Engine] | None:
    """What was kept under `digest`, or None."""
    if cache is None:
        return None
    try:
        head, _, database = (cache / f"{digest}.detectors").read_bytes().partition(b"\n")
        kept = json.loads(head)
        if hashlib.sha256(database).hexdigest() != kept["database"]:
            return None
        detectors = tuple(_from_plain(plain) for plain in kept["detectors"])
        return (detectors, _engine(detectors, database)) if detectors else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(cache: Path | None, digest: str, detectors: Sequence[Detector], database: bytes) -> None:
    """Write atomically; a cache that cannot be written only costs time."""
    if cache is None:
        return
    import tempfile  # noqa: PLC0415 (a hook writes this once and reads it ever after)

    head = {
        "database": hashlib.sha256(database).hexdigest(),
        "detectors": [_to_plain(detector) for detector in detectors],
    }
    with contextlib.suppress(OSError):
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=cache, delete=False) as file:
            file.write(json.dumps(head).encode() + b"\n" + database)
        os.replace(file.name, cache / f"{digest}.detectors")  # noqa: PTH105 (Path.replace says the same)


def _to_plain(detector: Detector) -> dict[str, Any]:
    return dataclasses.asdict(detector) | {"documented": sorted(detector.documented)}


def _from_plain(plain: dict[str, Any]) -> Detector:
    prefilter = plain["prefilter"]
    return Detector(
        **plain
        | {
            "confidence": LeakConfidence(plain["confidence"]),
            "kind": DetectorKind(plain["kind"]),
            "documented": frozenset(plain["documented"]),
            "prefilter": Prefilter(**prefilter | {"literals": tuple(prefilter["literals"])}),
        }
    )
