"""What a search of a whole history costs: ours compiled, interpreted and by the plain stream, beside Kingfisher.

    python benchmarks/history.py REPOSITORY... [--kingfisher PATH] [--rounds N] [--ways WAY...]

Every run is a process of its own, ours with attribution from start to seal; the ways take turns. Kingfisher
runs with `--no-validate --no-extract-archives --no-base64` and its default threads. Figures are of one
machine at one moment; the ratios are what counts. CPU and memory are those of a run with its child processes;
memory is that of the largest process among them.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_COMPILED = "keyproof.leaks.git.delta"
_OURS = ("compiled", "interpreted", "stream")


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
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _search(options.repositories[0], *options.child)
        return
    ways = options.ways or [*_OURS, *(["kingfisher"] if options.kingfisher else [])]
    with tempfile.TemporaryDirectory() as folder:
        module = _compile(folder) if "compiled" in ways else ""
        for repository in options.repositories:
            runs: dict[str, list[Run]] = {way: [] for way in ways}
            for _ in range(options.rounds):
                for way in ways:
                    command = (
                        _kingfisher(options.kingfisher, repository)
                        if way == "kingfisher"
                        else [sys.executable, __file__, str(repository), "--child", way, module]
                    )
                    runs[way].append(_measure(command, Path(folder)))
            _print(repository, runs)


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


def _search(repository: Path, way: str, module: str) -> None:
    """Search in this process and tell what was covered and found, as a digest."""
    if way == "compiled":
        spec = importlib.util.spec_from_file_location(_COMPILED, module)
        assert spec
        assert spec.loader
        sys.modules[_COMPILED] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[_COMPILED])
    from keyproof.cli.surroundings import surroundings  # noqa: PLC0415 (the compiled module must come first)
    from keyproof.wiring.leaks import Search, leak_source  # noqa: PLC0415

    search = Search(follow_deltas=way != "stream")
    scan = leak_source(repository, search, name="repository", surroundings=surroundings(repository)).scan(
        _Silence()
    )
    places = sum(len(leak.occurrences) for leak in scan.leaks)
    coverage = scan.coverage
    print(
        json.dumps(
            {
                "covered": f"{coverage.blobs_scanned:,} blobs, {coverage.bytes_scanned / 1e6:,.0f} MB",
                "result": f"{len(scan.leaks):,} secrets, {places:,} places, {hash_of(repr(scan))}",
            }
        )
    )


def hash_of(text: str) -> str:
    """A short digest."""
    import hashlib  # noqa: PLC0415

    return hashlib.sha256(text.encode()).hexdigest()[:12]


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
