"""What each detector costs: megabytes a second alone and in the union, over given files or a generated text.

    python benchmarks/detectors.py [FILE…] [--detector ID…] [--megabytes N]

Figures are ratios of one machine at one moment; a detector far below the rest is one to anchor better.
"""

import argparse
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from keyproof import resources
from keyproof.leaks.detection.detector import Detector
from keyproof.leaks.detection.detectors import load, rule_files
from keyproof.leaks.detection.engine import HyperscanEngine, compile_database
from keyproof.leaks.detection.scanner import Scanner

_PIECE = 1 << 20
_WORDS = """def return self value = None if not in for import from class config path name
    data result const let function await new this user id url https://host/path # comment the a of to 0x1f 42""".split()  # noqa: SIM905 (words read better as words)


def main() -> None:
    """Print one line a detector, slowest first, then the union with and without judgement of hits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--detector", nargs="*", default=None)
    parser.add_argument("--megabytes", type=int, default=32)
    options = parser.parse_args()
    pieces = list(_pieces(options.files, options.megabytes * _PIECE))
    size = sum(map(len, pieces))
    detectors = load(rule_files(resources.policies() / "detectors"))
    chosen = [one for one in detectors if options.detector is None or one.id in options.detector]
    rows = sorted(_alone(detector, pieces) for detector in chosen)
    for speed, hits, name in rows:
        print(f"{speed:9.0f} MB/s {hits:9d} hits  {name}")
    engine = _engine(detectors)
    hits = sum(len(engine.hits(piece)) for piece in pieces)
    print(
        f"{_speed(engine.hits, pieces):9.0f} MB/s {hits:9d} hits  union of {len(detectors)}, prefilters only"
    )
    scanner = Scanner(detectors, engine, digest="")
    found = sum(len(scanner.scan(piece)) for piece in pieces)
    print(
        f"{_speed(scanner.scan, pieces):9.0f} MB/s {found:9d} found union, hits judged, {size / 1e6:.0f} MB"
    )


def _alone(detector: Detector, pieces: Sequence[bytes]) -> tuple[float, int, str]:
    engine = _engine([detector])
    hits = sum(len(engine.hits(piece)) for piece in pieces)
    return _speed(engine.hits, pieces), hits, detector.id


def _engine(detectors: Sequence[Detector]) -> HyperscanEngine:
    return HyperscanEngine.load(compile_database([detector.prefilter for detector in detectors]))


def _speed(work: Callable[[bytes], object], pieces: Sequence[bytes]) -> float:
    begin = time.perf_counter()
    for piece in pieces:
        work(piece)
    return sum(map(len, pieces)) / 1e6 / (time.perf_counter() - begin)


def _pieces(files: Sequence[Path], size: int) -> Iterator[bytes]:
    """The files in pieces of a megabyte, up to `size` bytes; without files a text like source code."""
    if files:
        left = size
        for path in files:
            with path.open("rb") as file:
                while left > 0 and (piece := file.read(min(_PIECE, left))):
                    left -= len(piece)
                    yield piece
        return
    choice = random.Random(0).choice
    lines = [" ".join(choice(_WORDS) for _ in range(9)) for _ in range(_PIECE // 50)]
    lines[::200] = ['password = token_of(key, "secret")'] * len(lines[::200])
    piece = "\n".join(lines).encode()
    for _ in range(max(1, size // len(piece))):
        yield piece


if __name__ == "__main__":
    main()
