"""What other scanners list in repositories made of leaks, line by line, and what became of each line here.

    python benchmarks/known_leaks.py FOLDER… [--kingfisher PROGRAM] [--detect-secrets PROGRAM]

Prints Markdown. The reasons are those of `keyproof leaks --explain`, so nothing in the table holds a value.
"""

import argparse
import subprocess
from collections.abc import Iterator
from pathlib import Path

from accuracy import _detect_secrets, _kingfisher

from keyproof import resources
from keyproof.leaks.acceptance import Acceptance
from keyproof.leaks.detection.compiled import open_scanner
from keyproof.leaks.detection.detector import DetectorKind
from keyproof.leaks.detection.scanner import Scanner
from keyproof.leaks.explanation import Explanation, explain
from keyproof.leaks.place import Place

_COMMANDS = {
    "kingfisher": (
        "scan . --format jsonl --no-dedup --no-validate --git-history none".split(),  # noqa: SIM905 (a command line)
        _kingfisher,
    ),
    "detect-secrets": ("scan --all-files --no-verify .".split(), _detect_secrets),  # noqa: SIM905 (a command line)
}


def main() -> None:
    """Print one table a folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="+")
    for tool in _COMMANDS:
        parser.add_argument(f"--{tool}", metavar="PROGRAM")
    options = parser.parse_args()
    scanner = open_scanner(resources.policies() / "detectors")
    for folder in options.folders:
        listed: dict[tuple[str, int], set[str]] = {}
        for tool in _COMMANDS:
            if program := vars(options)[tool.replace("-", "_")]:
                for place in _listed(tool, program, folder):
                    listed.setdefault(place, set()).add(tool)
        _print(folder, listed, scanner)


def _listed(tool: str, program: str, folder: Path) -> Iterator[tuple[str, int]]:
    arguments, parse = _COMMANDS[tool]
    found = subprocess.run([program, *arguments], cwd=folder, capture_output=True, check=False, text=True)
    yield from ((path, start) for path, start, _ in parse(found.stdout))


def _print(folder: Path, listed: dict[tuple[str, int], set[str]], scanner: Scanner) -> None:
    told = {place: _told(folder, place, scanner) for place in listed}
    print(f"\n## {folder.name}\n")
    for tool in _COMMANDS:
        lines = [place for place, tools in listed.items() if tool in tools]
        print(f"Of {len(lines)} lines of {tool} {sum(bool(told[place][0]) for place in lines)} are told.")
    print()
    print("| place | listed by | here |\n|---|---|---|")
    for (path, line), tools in sorted(listed.items()):
        telling, why = told[path, line]
        print(f"| `{path}:{line}` | {', '.join(sorted(tools))} | {telling or f'not told: {why}'} |")


def _told(folder: Path, place: tuple[str, int], scanner: Scanner) -> tuple[str, str]:
    """What it is told as, and why it is not: of several reasons that of the most specific detector."""
    path, line = place
    read = Place.read(f"{path}:{line}", folder, {})
    found = explain(read, scanner, Acceptance(folder))
    telling = [f"{one.detector}, {one.confidence}" for one in found if one.confidence]
    if telling:
        return "; ".join(telling), ""
    ours = [one for one in found if _kind(one, scanner) is not DetectorKind.GENERIC] or list(found)
    return "", ours[0].reasons[
        0
    ] if ours else "no form of a provider, and no value under the name of a secret"


def _kind(one: Explanation, scanner: Scanner) -> DetectorKind:
    return scanner.detectors[one.detector].kind


if __name__ == "__main__":
    main()
