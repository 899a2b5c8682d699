"""The learned weights that judge a value by its description: boosted decision trees, and what words look like."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from keyproof import resources
from keyproof.leaks.detection.features import NAMES, Assignment, Language, numbers

Tree = Any
"""A number, or `[index of the description, threshold, tree if at most, tree if more, mean]`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """How sure a value is a secret; the same on every machine."""

    language: Language
    base: float
    trees: Sequence[Tree]

    def probability(self, one: Assignment) -> float:
        """Between 0 and 1."""
        described = numbers(one, self.language)
        total = self.base
        for tree in self.trees:
            node = tree
            while node.__class__ is list:
                node = node[2] if described[node[0]] <= node[1] else node[3]
            total += node
        return 1 / (1 + math.exp(-total))

    def reasons(self, one: Assignment, count: int = 5) -> tuple[tuple[str, float], ...]:
        """What moved the judgement most, with how far in log odds; positive speaks for a secret."""
        described = numbers(one, self.language)
        moved: Counter[int] = Counter()
        for tree in self.trees:
            node = tree
            while node.__class__ is list:
                after = node[2] if described[node[0]] <= node[1] else node[3]
                moved[node[0]] += _mean(after) - node[4]
                node = after
        strongest = sorted(moved, key=lambda index: (-abs(moved[index]), index))[:count]
        return tuple((NAMES[index], round(moved[index], 2)) for index in strongest)


def _mean(tree: Tree) -> float:
    return float(tree[4] if tree.__class__ is list else tree)


def path() -> Path:
    """The file of weights, a part of the detectors."""
    return resources.policies() / "detectors" / "generic.model.json"


@lru_cache(maxsize=1)
def load() -> Model:
    """The shipped model, read when the first value has to be judged."""
    return read(path())


def read(file: Path) -> Model:
    """A model as `benchmarks/train_generic.py` writes it."""
    kept = json.loads(file.read_bytes())
    triples = {
        before.encode() + letter.encode(): cost / 4
        for before, costs in kept["triples"].items()
        for letter, cost in costs.items()
    }
    words = frozenset(word.encode() for word in kept["words"].split())
    language = Language(words=words, triples=triples, rarest=kept["rarest"])
    return Model(language=language, base=kept["base"], trees=kept["trees"])
