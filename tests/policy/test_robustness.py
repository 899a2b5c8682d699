"""Whatever stands in a file, loading gives a policy or problems with places, and never anything else."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyproof.domain.policy import Rule
from keyproof.errors import PolicyError, Problem
from tests.policy.stand_ins import HEAD, RULE, load, write

PACK: dict[str, Any] = {
    "apiVersion": "keyproof/v1",
    "kind": "PolicyPack",
    "metadata": {"id": "house", "title": "House", "version": "1.0.0", "reviewed": "2026-01-01", "approved-by": ["A"]},
    "extends": ["base.yaml"],
    "disable": {"other": "Not ours."},
    "parameters": {"period": {"type": "duration", "default": "90d", "max": "180d", "why": "House."}, "base": 3},
    "classes": [{"id": "jwt", "match": {"name": ["*jwt*"]}, "priority": "high"}],
    "roles": {"developer": ["*dev*"]},
    "rules": [
        {
            "id": "a", "title": "A", "check": "max-age", "severity": "high", "remediation": "Do it.",
            "select": {"class": "jwt", "tag": {"a": "b"}, "any": [{"kind": "key"}], "where": "owner == 'a'"},
            "with": {"period": "${period}", "alerts": {"7d": "critical"}, "runs": "${base}"},
            "controls": [{"id": "soc2:CC6.1", "strength": "partial"}],
        }
    ],
}  # fmt: skip
WAIVERS: dict[str, Any] = {
    "apiVersion": "keyproof/v1",
    "kind": "Waivers",
    "waivers": [
        {
            "id": "w", "rule": "a", "select": {"name": "x"}, "reason": "r", "requested-by": "Ana",
            "approved-by": ["Ben"], "from": "2026-01-01", "until": "2026-02-01",
        }
    ],
}  # fmt: skip
BASE = (
    HEAD.replace("house", "base")
    + "parameters: {base: {type: integer, default: 1}}\n"
    + RULE
    + "  - {id: other, title: O, check: no-leak}\n"
)

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=6),
    st.sampled_from(["90d", "${period}", "${", "a.b[?", "*", "base", "2026-02-30", [], {}, [[]], {"a": None}, [None]]),
)  # fmt: skip


def _paths(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in items:
        yield from _paths(child, (*path, key))


def _changed(data: Any, path: tuple[Any, ...], value: Any, how: str) -> Any:
    if not path:
        return value
    copy = deepcopy(data)
    parent = copy
    for key in path[:-1]:
        parent = parent[key]
    if how == "remove":
        del parent[path[-1]]
    elif how == "add" and isinstance(parent[path[-1]], dict):
        parent[path[-1]][str(value)] = value
    elif how == "add" and isinstance(parent[path[-1]], list):
        parent[path[-1]].append(value)
    else:
        parent[path[-1]] = value
    return copy


@st.composite
def mutated(draw: st.DrawFn, original: Any) -> Any:
    """The document with one to three parts replaced, removed or added to."""
    data = original
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(sorted(_paths(data), key=repr)))
        data = _changed(data, path, draw(ODD), draw(st.sampled_from(["replace", "remove", "add"])))
    return data


def _loads_or_tells(root: Path, pack: Any, waivers: Any) -> None:
    write(
        root,
        {"base.yaml": BASE, "house.yaml": yaml.safe_dump(pack), "waivers.yaml": yaml.safe_dump(waivers)},
    )
    rules: tuple[Rule, ...] = ()
    problems: tuple[Problem, ...] = ()
    try:
        rules = load(root, waivers=["waivers.yaml"]).packs[0].rules
    except PolicyError as error:
        problems = error.problems
    assert bool(rules) is not bool(problems)
    assert all(problem.path and problem.message for problem in problems)


def test_the_documents_themselves_are_good(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"base.yaml": BASE, "house.yaml": yaml.safe_dump(PACK), "waivers.yaml": yaml.safe_dump(WAIVERS)},
    )
    policy = load(tmp_path, waivers=["waivers.yaml"])
    assert [rule.id for rule in policy.packs[0].rules] == ["rotation", "a", "unclassified"]


@given(mutated(PACK))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_broken_packs(tmp_path: Path, pack: Any) -> None:
    _loads_or_tells(tmp_path, pack, WAIVERS)


@given(mutated(WAIVERS))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_broken_waivers(tmp_path: Path, waivers: Any) -> None:
    _loads_or_tells(tmp_path, PACK, waivers)


@pytest.mark.parametrize("text", ["", "[]", "a", "\ufeff", "- {", "{a: &x [*x]}", "\x00", "%YAML 9"])
def test_texts_that_are_no_document(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"house.yaml": text})
    with pytest.raises(PolicyError) as caught:
        load(tmp_path)
    assert caught.value.problems
