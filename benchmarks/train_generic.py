"""Learns the weights of `policies/detectors/generic.model.json` from labelled lines.

    python benchmarks/train_generic.py CORPUS --repositories FILE [--cross-validate FOLDER] [--write]

CORPUS is laid as Samsung/CredData lays it (`data/<repository>/…`, `meta/<repository>.csv`); only the repositories
whose ids FILE lists are read. Needs scikit-learn; nothing of the corpus is kept but words that stand in at least
six repositories, how often letters follow each other in them, and the thresholds of the trees.

The values of the corpus are random look-alikes of real ones, so the model calls every short random word a secret;
`generic.judge` asks more of a likely one than the model does.
"""

import argparse
import bisect
import csv
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GroupKFold

from keyproof import resources
from keyproof.leaks.detection import decoders, generic, model, scanner
from keyproof.leaks.detection.detector import DetectorKind
from keyproof.leaks.detection.detectors import load, rule_files
from keyproof.leaks.detection.engine import HyperscanEngine, compile_database
from keyproof.leaks.detection.features import Assignment, Language, numbers

_WORD = re.compile(rb"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_COMMON = 6
"""Repositories a word must stand in to be shipped."""
_COUNTED = 3
"""Repositories a word must stand in for its letters to count."""
_RAREST = -9.0
_UNLABELLED = 0.5
"""Weight of a candidate nobody labelled; it counts as no secret."""
_FOLDS = 6


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Candidate:
    """A value the generic detectors propose, with what the labels say of it."""

    repository: str
    path: str
    line: int
    assignment: Assignment
    label: int | None
    """1 a secret, 0 none, -1 not labelled, None on the line of a secret but not the secret."""


def main() -> None:
    """Cross-validate by repository, or write the model learned from everything listed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--repositories", type=Path, required=True)
    parser.add_argument("--cross-validate", type=Path, metavar="FOLDER")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    listed = {
        line.split()[0]
        for line in options.repositories.read_text().splitlines()
        if line.strip() and not line.startswith("#")
    }
    paths = [path for path in sorted((options.corpus / "data").rglob("*")) if path.is_file()]
    paths = [path for path in paths if path.relative_to(options.corpus).parts[1] in listed]
    candidates = list(_candidates(options.corpus, paths))
    print(f"{len(candidates)} candidates of {len(listed)} repositories", Counter(c.label for c in candidates))
    language = _language(options.corpus, paths)
    table = _table(candidates, language)
    if options.cross_validate:
        _cross_validate(candidates, table, language, options.cross_validate)
    if options.write:
        _write(model.path(), _fit(table, candidates, range(len(candidates))), language)


def _candidates(corpus: Path, paths: Iterable[Path]) -> Iterator[Candidate]:
    detectors = [
        one
        for one in load(rule_files(resources.policies() / "detectors"))
        if one.kind is DetectorKind.GENERIC
    ]
    engine = HyperscanEngine.load(compile_database([one.prefilter for one in detectors]))
    labels = _labels(corpus)
    for path in paths:
        name = str(path.relative_to(corpus))
        if any(part.startswith(("LICENSE", "COPYING")) for part in name.upper().split("/")[2:]):
            continue
        text = decoders.to_utf8(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
        starts = [0, *(match.end() for match in re.finditer(b"\n", text))]
        seen = set()
        for found in scanner.proposals(text, detectors, engine):
            start, assignment = found.start("secret"), generic.assignment(found)
            key = (start, assignment.value)
            if key in seen or generic.unfit(assignment):
                continue
            seen.add(key)
            line = bisect.bisect_right(starts, start)
            yield Candidate(
                repository=name.split("/")[1],
                path=name,
                line=line,
                assignment=assignment,
                label=_label(
                    labels.get(name, ()), line, text[starts[line - 1] :].split(b"\n", 1)[0], assignment
                ),
            )


def _labels(corpus: Path) -> Mapping[str, list[dict[str, str]]]:
    rows = defaultdict(list)
    for path in sorted((corpus / "meta").glob("*.csv")):
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                rows[row["FilePath"]].append(row)
    return rows


def _label(rows: Iterable[dict[str, str]], line: int, text: bytes, assignment: Assignment) -> int | None:
    here = [row for row in rows if int(row["LineStart"]) <= line <= int(row["LineEnd"])]
    true = [row for row in here if row["GroundTruth"] == "T"]
    if not true:
        return 0 if here else -1
    characters = text.decode("utf-8", "replace")
    value = assignment.value.decode("utf-8", "replace")
    for row in true:
        start, end = int(row["ValueStart"] or -1), int(row["ValueEnd"] or -1)
        named = characters[start : end if end > start else None].strip()
        if row["LineStart"] != row["LineEnd"] or start < 0 or (named and (value in named or named in value)):
            return 1
    return None


def _language(corpus: Path, paths: Iterable[Path]) -> Language:
    found: dict[bytes, set[str]] = defaultdict(set)
    for path in paths:
        for word in {word.lower() for word in _WORD.findall(path.read_bytes()) if 3 <= len(word) <= 20}:
            found[word].add(path.relative_to(corpus).parts[1])
    triples: dict[bytes, float] = defaultdict(float)
    pairs: dict[bytes, float] = defaultdict(float)
    for word, repositories in sorted(found.items()):
        if len(repositories) >= _COUNTED:
            framed = b"^" + word + b"$"
            for at in range(len(framed) - 2):
                triples[framed[at : at + 3]] += 1 + math.log(len(repositories))
                pairs[framed[at : at + 2]] += 1 + math.log(len(repositories))
    costs = {
        triple: max(_RAREST, round(math.log2((count + 0.05) / (pairs[triple[:2]] + 0.05 * 28)) * 4) / 4)
        for triple, count in triples.items()
    }
    words = frozenset(word for word, where in found.items() if len(where) >= _COMMON and len(word) >= 4)
    return Language(words=words, triples=costs, rarest=_RAREST)


def _table(candidates: Iterable[Candidate], language: Language) -> Any:
    return np.array([numbers(one.assignment, language) for one in candidates], dtype=float)


def _fit(table: Any, candidates: list[Candidate], chosen: Iterable[int]) -> Any:
    rows = [index for index in chosen if candidates[index].label is not None]
    sizes = Counter(candidates[index].repository for index in rows)
    weights = np.array(
        [
            (_UNLABELLED if candidates[index].label == -1 else 1.0)
            * sizes[candidates[index].repository] ** -0.3
            for index in rows
        ]
    )
    return HistGradientBoostingClassifier(
        max_iter=100,
        learning_rate=0.12,
        max_leaf_nodes=15,
        min_samples_leaf=25,
        l2_regularization=2,
        random_state=0,
        early_stopping=False,
    ).fit(
        table[rows], [candidates[index].label == 1 for index in rows], sample_weight=weights / weights.mean()
    )


def _cross_validate(candidates: list[Candidate], table: Any, language: Language, folder: Path) -> None:
    """Write one model for each part of the repositories, learned from all the others, for `accuracy.py --folds`."""
    folder.mkdir(parents=True, exist_ok=True)
    groups = [one.repository for one in candidates]
    for number, (learned, judged) in enumerate(GroupKFold(_FOLDS).split(table, groups=groups)):
        judges = sorted({groups[index] for index in judged})
        _write(folder / f"fold-{number}.json", _fit(table, candidates, learned), language, judges)


def _write(path: Path, fitted: Any, language: Language, judges: Iterable[str] = ()) -> None:
    costs: dict[str, dict[str, int]] = defaultdict(dict)
    for triple, cost in sorted(language.triples.items()):
        costs[triple[:2].decode()][triple[2:].decode()] = round(cost * 4)
    path.write_text(
        json.dumps(
            {
                "about": "Written by benchmarks/train_generic.py from the labels of Samsung/CredData; see docs/accuracy.md.",
                **({"judges": list(judges)} if judges else {}),
                "words": " ".join(sorted(word.decode() for word in language.words)),
                "rarest": language.rarest,
                "triples": costs,
                "base": round(float(fitted._baseline_prediction.item()), 4),  # noqa: SLF001 (no public name)
                "trees": [_tree(stage[0].nodes, 0) for stage in fitted._predictors],  # noqa: SLF001 (no public name)
            },
            separators=(",", ":"),
        )
        + "\n"
    )


def _tree(nodes: Any, at: int) -> Any:
    node = nodes[at]
    if node["is_leaf"]:
        return round(float(node["value"]), 4)
    threshold = float(f"{node['num_threshold']:.6g}")
    left, right = _tree(nodes, node["left"]), _tree(nodes, node["right"])
    shares = nodes[node["left"]]["count"], nodes[node["right"]]["count"]
    mean = (model._mean(left) * shares[0] + model._mean(right) * shares[1]) / sum(shares)  # noqa: SLF001 (same trees)
    return [int(node["feature_idx"]), threshold, left, right, round(float(mean), 4)]


if __name__ == "__main__":
    main()
