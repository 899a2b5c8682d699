"""What a search of a whole history costs: ours compiled, interpreted, by the plain stream and a second time, beside Kingfisher.

    python benchmarks/history.py REPOSITORY... [--kingfisher PATH] [--rounds N] [--ways WAY...] [--findings]

Every run is a process of its own, ours with attribution from start to seal; the ways take turns. `second` is a
search after one of the unchanged repository, `after-pull` one after the memory of the whole was lost and only that of
clean blobs is left; the others remember nothing. `--findings` compares what both tell, by the keyed fingerprint
of the value, and names the rules of what only one of them has. Kingfisher
runs with `--no-validate --no-extract-archives --no-base64` and its default threads. Figures are of one
machine at one moment; the ratios are what counts. CPU and memory are those of a run with its child processes;
memory is that of the largest process among them.
"""

import argparse
import hmac
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

_COMPILED = "keyproof.leaks.git.delta_compiled"
_OURS = ("compiled", "interpreted", "stream", "second", "after-pull")
_REMEMBERING = ("second", "after-pull")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one way."""

    wall: float
    cpu: float
    memory: int
    """Bytes of the largest process."""
    covered: str
    result: str
    """What must be the same for all ways of ours."""


def main() -> None:
    """Print a table for every repository."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--kingfisher", type=Path)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--ways", nargs="+", default=None, choices=[*_OURS, "kingfisher"])
    parser.add_argument("--findings", action="store_true")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _search(options.repositories[0], *options.child)
        return
    ways = options.ways or [*_OURS, *(["kingfisher"] if options.kingfisher else [])]
    with tempfile.TemporaryDirectory() as folder:
        module = _compile(folder)
        for repository in options.repositories:
            runs: dict[str, list[Run]] = {way: [] for way in ways}
            for turn in range(options.rounds):
                for way in ways:
                    if way == "kingfisher":
                        runs[way].append(_measure(_kingfisher(options.kingfisher, repository), Path(folder)))
                        continue
                    memory = Path(folder) / f"{way}-{repository.parent.name}-{turn}"
                    command = [sys.executable, __file__, str(repository), "--child", way, module, str(memory)]
                    if way in _REMEMBERING:
                        _measure(command, Path(folder))
                        _forget(way, memory)
                    runs[way].append(_measure(command, Path(folder)))
            _print(repository, runs)
            if options.findings:
                _compare(options.kingfisher, repository, module, Path(folder))


def _forget(way: str, memory: Path) -> None:
    if way == "after-pull":
        shutil.rmtree(memory / "keyproof" / "scans")


def _compile(folder: str) -> str:
    hook = Path(__file__).parent.parent / "hatch_build.py"
    built = subprocess.run([sys.executable, str(hook), folder], check=True, capture_output=True, text=True)
    return built.stdout.strip().splitlines()[-1]


def _kingfisher(program: Path, repository: Path) -> list[str]:
    flags = ["--no-validate", "--no-extract-archives", "--no-base64", "--no-update-check"]
    return [str(program), "scan", str(repository), *flags, "--format", "json"]


def _measure(command: Sequence[str], folder: Path) -> Run:
    output = folder / "output"
    with output.open("wb") as file, (folder / "errors").open("wb") as errors:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=file, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
    text = output.read_text(encoding="utf-8", errors="replace")
    if process.returncode not in {0, 200, 205}:  # Kingfisher's codes for findings
        sys.exit(f"{command[0]} failed with {process.returncode}: {(folder / 'errors').read_text()[-500:]}")
    told = json.loads(text.splitlines()[-1]) if "--child" in command else {}
    return Run(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        memory=usage.ru_maxrss * 1024,
        covered=told.get("covered", _kingfisher_coverage(text + (folder / "errors").read_text())),
        result=told.get("result", ""),
    )


def _kingfisher_coverage(text: str) -> str:
    for line in text.splitlines():
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict) and "bytes_scanned" in document:
            return (
                f"{document.get('blobs_scanned', '?')} blobs, {int(document['bytes_scanned']) / 1e6:,.0f} MB"
            )
    return "not told"


def _search(repository: Path, way: str, module: str, memory: str) -> None:
    """Search in this process and tell what was covered and found, as a digest."""
    if way not in {"interpreted", "stream"}:
        spec = importlib.util.spec_from_file_location(_COMPILED, module)
        assert spec
        assert spec.loader
        sys.modules[_COMPILED] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[_COMPILED])
    from pydantic import TypeAdapter  # noqa: PLC0415

    from keyproof.cli.surroundings import surroundings  # noqa: PLC0415 (the compiled module must come first)
    from keyproof.domain.leak import LeakScan  # noqa: PLC0415
    from keyproof.wiring.leaks import Search, leak_source  # noqa: PLC0415

    world = surroundings(repository)
    if way in _REMEMBERING:
        kept = Path(memory) / "keyproof"
        kept.mkdir(parents=True, exist_ok=True)
        for file in (Path.home() / ".cache" / "keyproof").glob("*.detectors"):
            shutil.copy(file, kept)
        world = replace(world, environ={**world.environ, "XDG_CACHE_HOME": memory})
    search = Search(follow_deltas=way != "stream", remember=way in _REMEMBERING, archives=False)
    scan = leak_source(repository, search, name="repository", surroundings=world).scan(_Silence())
    places = sum(len(leak.occurrences) for leak in scan.leaks)
    coverage = scan.coverage
    told = replace(scan, coverage=replace(coverage, blobs_scanned=0, blobs_cached=0, bytes_scanned=0))
    digest = hash_of(TypeAdapter(LeakScan).dump_json(told))
    print(
        json.dumps(
            {
                "covered": f"{coverage.blobs_scanned:,} blobs, {coverage.bytes_scanned / 1e6:,.0f} MB"
                + (f", {coverage.blobs_cached:,} remembered" if coverage.blobs_cached else ""),
                "result": f"{len(scan.leaks):,} secrets, {places:,} places, {digest}",
                "found": {leak.fingerprint: f"{leak.detector} ({leak.confidence})" for leak in scan.leaks},
            }
        )
    )


def _compare(program: Path, repository: Path, module: str, folder: Path) -> None:
    """Print what both find, and by which rules what only one finds; values stay in this process."""
    from keyproof.cli.surroundings import surroundings  # noqa: PLC0415
    from keyproof.leaks.detection.proofs import armoured_body  # noqa: PLC0415
    from keyproof.leaks.key import load_key  # noqa: PLC0415

    ours = json.loads(
        subprocess.run(
            [sys.executable, __file__, str(repository), "--child", "compiled", module, str(folder)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.splitlines()[-1]
    )["found"]
    key = load_key(surroundings(repository).environ)
    told = subprocess.run(
        _kingfisher(program, repository), check=False, capture_output=True, text=True
    ).stdout
    theirs = {}
    for one in json.loads(told.splitlines()[0])["findings"]:
        value = one["finding"]["snippet"].encode()
        if value.startswith(b"-----BEGIN"):  # of a key in lines we keep what it says, not how it is broken
            value = armoured_body(re.sub(rb"-----[A-Z ]+-----|-----[A-Z ]*$", b"", value))
        theirs[hmac.new(key, value, "sha256").hexdigest()[:16]] = one["rule"]["id"]
    print(f"\nvalues found by both: {len(ours.keys() & theirs.keys())}")
    for name, mine, other in (("ours", ours, theirs), ("kingfisher", theirs, ours)):
        alone = Counter(rule for value, rule in mine.items() if value not in other)
        print(f"only by {name}: {alone.total()}")
        for rule, count in alone.most_common():
            print(f"  {count:5} {rule}")


def hash_of(text: bytes) -> str:
    """A short digest."""
    import hashlib  # noqa: PLC0415

    return hashlib.sha256(text).hexdigest()[:12]


class _Silence:
    def begin(self, label: str, total: int | None) -> None:
        """See ports.Progress."""

    def advance(self, units: int) -> None:
        """See ports.Progress."""


def _print(repository: Path, runs: dict[str, list[Run]]) -> None:
    """The best run of every way; ratios are to the first way."""
    print(f"\n{repository.parent.name if repository.name == 'repo' else repository.name}")
    print(f"{'way':12} {'wall':>8} {'CPU':>8} {'memory':>8} {'wall ratio':>11}  covered; found")
    best = {way: min(tries, key=lambda run: run.wall) for way, tries in runs.items()}
    reference = next(iter(best.values())).wall
    for way, run in best.items():
        print(
            f"{way:12} {run.wall:7.1f}s {run.cpu:7.1f}s {run.memory / 1e6:5.0f} MB {run.wall / reference:10.2f}x  "
            f"{run.covered}; {run.result}",
            flush=True,
        )
    if len({run.result for way, run in best.items() if way in _OURS}) > 1:
        sys.exit("the ways of ours do not agree")


if __name__ == "__main__":
    main()
