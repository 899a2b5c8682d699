"""How well leaks are found, on labelled lines: ours, and other scanners over the same files in the same run.

    python benchmarks/accuracy.py CORPUS --repositories FILE [--folds FOLDER]
        [--kingfisher PROGRAM] [--detect-secrets PROGRAM] [--credsweeper PROGRAM]
    python benchmarks/accuracy.py --projects FOLDER…

CORPUS is laid as Samsung/CredData lays it (`data/<repository>/…`, `meta/<repository>.csv`); only the repositories
whose ids FILE lists count. A labelled place is true when one of its rows is; a finding hits the places its lines
overlap, each place counts once, and findings in licence files do not count. A finding that hits no labelled place
is left out of the precision and counts as false in the strict one. Identifiers (UUIDs, bucket names) are no
secrets: they are reported apart and left out of the total.

`--folds` takes what `train_generic.py --cross-validate` wrote: each value is then judged by a model that saw nothing
of its repository. Without it the shipped model is scored, which was trained on these labels.

`--projects` counts what would fail a run over the files of well-kept projects, and names each place.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from keyproof import resources
from keyproof.domain.leak import LeakConfidence
from keyproof.leaks.detection import allow, generic, model
from keyproof.leaks.detection.compiled import open_scanner
from keyproof.leaks.detection.features import Assignment
from keyproof.leaks.detection.scanner import Scanner

_IDENTIFIERS = {"UUID", "AWS S3 Bucket", "Firebase Domain", "Tencent WeChat API App ID"}
_NAMED = {
    "API", "Auth", "Credential", "Key", "Nonce", "Password", "Salt", "Secret", "Token", "Other", "SQL Password",
    "CMD ConvertTo-SecureString", "CMD Password", "CMD Secret", "CMD Token", "OTP / 2FA Secret", "Dropbox App secret",
}  # fmt: skip
"""Categories of values known only by their name; what is in neither set has a form of its own."""
_GROUPS = ("named value", "recognisable form", "identifier")
_TIERS = (
    ("proven", {LeakConfidence.PROVEN}),
    ("likely (default)", {LeakConfidence.PROVEN, LeakConfidence.LIKELY}),
    ("possible", {LeakConfidence.PROVEN, LeakConfidence.LIKELY, LeakConfidence.POSSIBLE}),
)
"""Each with the surer ones."""


@dataclass(slots=True, eq=False)
class Place:
    """One labelled place."""

    start: int
    end: int
    true: bool = False
    categories: dict[bool, set[str]] = field(default_factory=lambda: {True: set(), False: set()})

    @property
    def group(self) -> str:
        """What kind of value stands there."""
        decisive = self.categories[self.true]
        if decisive - _IDENTIFIERS - _NAMED:
            return "recognisable form"
        return "named value" if decisive - _IDENTIFIERS else "identifier"


@dataclass(frozen=True, slots=True)
class Finding:
    """Lines a scanner reported."""

    path: str
    start: int
    end: int
    confidence: LeakConfidence | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """What one scanner reported and what it cost."""

    name: str
    findings: Sequence[Finding]
    seconds: float = 0
    """Processor time."""
    megabytes: float = 0
    """Resident memory at most."""


Labels = Mapping[str, Sequence[Place]]


def main() -> None:
    """Print a table of scanners, and the precision and recall of ours by what the model gives."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--repositories", type=Path)
    parser.add_argument("--projects", type=Path, nargs="*", default=())
    parser.add_argument("--folds", type=Path)
    for tool in _TOOLS:
        parser.add_argument(f"--{tool}", metavar="PROGRAM")
    options = parser.parse_args()
    for project in options.projects:
        _alarms(project)
    if options.corpus:
        _compare(options)


def _compare(options: argparse.Namespace) -> None:
    corpus = options.corpus.resolve()
    lines = options.repositories.read_text().splitlines()
    listed = {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}
    labels = _labels(corpus, listed)
    files = {
        str(path.relative_to(corpus)): path.read_bytes()
        for path in sorted((corpus / "data").rglob("*"))
        if path.is_file() and path.relative_to(corpus).parts[1] in listed
    }
    print(f"{len(files)} files, {sum(map(len, files.values())) / 1e6:.1f} MB, {len(listed)} repositories")
    _head()
    run = _ours(files, options.folds)
    for name, kept in _TIERS:
        chosen = [finding for finding in run.findings if finding.confidence in kept]
        _print(Run(f"keyproof, {name}", chosen, run.seconds, run.megabytes), labels)
    for tool in _TOOLS:
        program = vars(options)[tool.replace("-", "_")]
        if program:
            _print(_other(tool, program, corpus), labels)
    print("\nby the probability from which a value is reported (no other change):")
    _head()
    for least in (0.99, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05):
        generic.LEAST = least
        chosen = [one for one in _ours(files, options.folds).findings if one.confidence in _TIERS[-1][1]]
        _print(Run(f"keyproof, from {least}", chosen), labels, groups=False)


def _labels(corpus: Path, listed: set[str]) -> Labels:
    places: dict[str, dict[tuple[int, int], Place]] = defaultdict(dict)
    for path in sorted((corpus / "meta").glob("*.csv")):
        if path.stem not in listed:
            continue
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                key = int(row["LineStart"]), int(row["LineEnd"])
                place = places[row["FilePath"]].setdefault(key, Place(*key))
                true = row["GroundTruth"] == "T"
                place.true = place.true or true
                place.categories[true].update(row["Category"].split(":"))
    return {path: list(by_lines.values()) for path, by_lines in places.items()}


def _ours(files: Mapping[str, bytes], folds: Path | None) -> Run:
    """The shipped detectors over every file, each judged under its path."""
    scanner = open_scanner(resources.policies() / "detectors")
    begin, findings = time.process_time(), list[Finding]()
    for judged, weights in _models(folds):
        model.load = lambda weights=weights: weights  # type: ignore[assignment]
        generic.judge.cache_clear()
        for name, content in files.items():
            if judged is None or name.split("/")[1] in judged:
                findings += _findings(scanner, name, content)
    return Run("keyproof", findings, time.process_time() - begin, _peak(os.getpid()))


def _findings(scanner: Scanner, name: str, content: bytes) -> Iterator[Finding]:
    for match in scanner.scan(content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")):
        confidence, _ = allow.judge(match, [name.split("/", 2)[2]])
        yield Finding(name, match.line, match.end_line, confidence)


def _alarms(project: Path) -> None:
    """Print how many findings would fail a run over the files of a folder, and where they are."""
    scanner = open_scanner(resources.policies() / "detectors")
    lines, places = 0, list[str]()
    for path in sorted(path for path in project.rglob("*") if path.is_file() and not path.is_symlink()):
        content, name = path.read_bytes(), str(path.relative_to(project))
        lines += content.count(b"\n")
        for match in scanner.scan(content):
            confidence, accepted = allow.judge(match, [name])
            if confidence in _TIERS[1][1] and accepted is None:
                places.append(f"   {name}:{match.line} {match.detector} ({confidence})")
    rate = 10_000 * len(places) / max(1, lines)
    print(
        f"{project.name}: {lines} lines, {len(places)} findings, {rate:.2f} in 10,000 lines",
        *places,
        sep="\n",
    )


def _models(folds: Path | None) -> Iterator[tuple[set[str] | None, model.Model]]:
    """Models with the repositories each may judge; None is all."""
    if folds is None:
        yield None, _remembering(model.path())
        return
    for path in sorted(folds.glob("*.json")):
        yield set(json.loads(path.read_bytes())["judges"]), _remembering(path)


@lru_cache
def _remembering(path: Path) -> Any:
    """A model that computes each probability once, however often the corpus is searched."""
    weights = model.read(path)

    class Remembering:
        language = weights.language
        probability: Callable[[Assignment], float] = staticmethod(
            lru_cache(maxsize=None)(weights.probability)
        )

    return Remembering()


def _other(tool: str, program: str, corpus: Path) -> Run:
    """One run of another scanner, in the corpus, with nothing verified over the network."""
    arguments, parse = _TOOLS[tool]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [program, *(part.format(report=report) for part in arguments)]
        with (Path(folder) / "output").open("wb") as output:
            process = subprocess.Popen(command, cwd=corpus, stdout=output, stderr=subprocess.DEVNULL)
            _, _, usage = os.wait4(process.pid, 0)
        text = (report if report.exists() else Path(folder) / "output").read_text()
    findings = [Finding(path, start, end) for path, start, end in parse(text)]
    return Run(tool, findings, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _kingfisher(text: str) -> Iterator[tuple[str, int, int]]:
    for line in text.splitlines():
        found = json.loads(line).get("finding") if line.startswith("{") else None
        if found:
            yield found["path"].removeprefix("./"), found["line"], found["line"]


def _detect_secrets(text: str) -> Iterator[tuple[str, int, int]]:
    for path, items in json.loads(text)["results"].items():
        for item in items:
            yield path, item["line_number"], item["line_number"]


def _credsweeper(text: str) -> Iterator[tuple[str, int, int]]:
    for item in json.loads(text):
        lines = sorted({part["line_num"] for part in item["line_data_list"]})
        path = item["line_data_list"][0]["path"].removeprefix("./")
        if lines[-1] - lines[0] < len(lines):
            yield path, lines[0], lines[-1]
        else:
            yield from ((path, line, line) for line in lines)


_TOOLS: Mapping[str, tuple[Sequence[str], Callable[[str], Iterator[tuple[str, int, int]]]]] = {
    "kingfisher": (
        "scan data --format jsonl --no-dedup --no-validate --git-history none --output {report}".split(),  # noqa: SIM905 (a command line)
        _kingfisher,
    ),
    "detect-secrets": ("scan --all-files --no-verify data".split(), _detect_secrets),  # noqa: SIM905 (a command line)
    "credsweeper": ("--path data --save-json {report}".split(), _credsweeper),  # noqa: SIM905 (a command line)
}


def _head() -> None:
    print(f"{'':32}{'P':>7}{'R':>7}{'F1':>7}{'P strict':>10}{'F1 strict':>10}{'CPU s':>9}{'MB':>7}")


def _print(run: Run, labels: Labels, *, groups: bool = True) -> None:
    hit, wrong = set[Place](), set[Place]()
    unlabelled = set[tuple[str, int]]()
    for one in run.findings:
        if any(part.startswith(("LICENSE", "COPYING")) for part in one.path.upper().split("/")[2:]):
            continue
        places = [
            place for place in labels.get(one.path, ()) if place.start <= one.end and one.start <= place.end
        ]
        true = [place for place in places if place.true]
        hit.update(true)
        wrong.update(places if not true else ())
        if not places:
            unlabelled.add((one.path, one.start))
    cost = f"{run.seconds:9.1f}{run.megabytes:7.0f}" if run.seconds else ""
    everything = [place for places in labels.values() for place in places]
    counted = [place for place in everything if place.group != "identifier"]
    _row(run.name, counted, hit, wrong, len(unlabelled), cost)
    for group in _GROUPS if groups else ():
        _row(f"   {group}", [place for place in everything if place.group == group], hit, wrong, None, "")


def _row(
    name: str, places: Sequence[Place], hit: set[Place], wrong: set[Place], unlabelled: int | None, cost: str
) -> None:
    true = [place for place in places if place.true]
    right, false = sum(place in hit for place in true), sum(place in wrong for place in places)
    recall = right / len(true)
    cells = [_ratio(right, false), recall, _f1(_ratio(right, false), recall)]
    text = "".join(f"{cell:7.3f}" for cell in cells)
    if unlabelled is not None:
        strict = _ratio(right, false + unlabelled)
        text += f"{strict:10.3f}{_f1(strict, recall):10.3f}"
    print(
        f"{name:32}{text}{cost}   {right} right, {false} wrong, {len(true) - right} missed, {unlabelled or 0} unlabelled"
    )


def _ratio(right: int, wrong: int) -> float:
    return right / (right + wrong) if right else 0.0


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision and recall else 0.0


def _peak(process: int) -> float:
    """Megabytes of memory a running process has had resident at most (Linux)."""
    text = Path(f"/proc/{process}/status").read_text() if sys.platform == "linux" else ""
    return next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmHWM")), 0.0)


if __name__ == "__main__":
    main()
