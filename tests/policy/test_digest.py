"""Digests: equal for equal meaning, different for different meaning."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyproof.domain.policy import Policy
from tests.policy.stand_ins import HEAD, RULE, load, write

PACK = """\
apiVersion: keyproof/v1
kind: PolicyPack
metadata: {id: house, title: House, version: 1.0.0}
parameters: {period: {type: duration, default: 90d}}
classes:
  - {id: jwt, match: {name: "*jwt*"}, priority: high}
  - {id: key, match: {name: "*key*"}}
roles: {developer: ["*dev*"]}
rules:
  - {id: rotation, title: Rotation, check: max-age, select: {class: jwt}, with: {period: "${period}"}}
  - {id: leaks, title: Leaks, check: no-leak}
"""


def _load(root: Path, text: str, *, waivers: Sequence[str] = ()) -> Policy:
    write(root, {"house.yaml": text})
    return load(root, waivers=waivers)


def test_layout_does_not_matter(tmp_path: Path) -> None:
    lines = PACK.splitlines()
    moved = "\n".join(
        [
            "# a comment",
            *lines[:8],
            "",
            lines[8],
            lines[10],
            lines[9]
            .replace(", select: {class: jwt}", "")
            .replace("title:", "select: {class: [jwt]}, title:"),
        ]
    )
    assert _load(tmp_path, PACK).digest == _load(tmp_path, moved).digest


def test_the_file_s_name_does_not_matter(tmp_path: Path) -> None:
    write(tmp_path, {"house.yaml": PACK, "elsewhere/other.yaml": PACK})
    assert load(tmp_path).digest == load(tmp_path, ["elsewhere/other.yaml"]).digest


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("version: 1.0.0", "version: 1.0.1"),
        ("default: 90d", "default: 60d"),
        ("priority: high", "priority: low"),
        ('"*dev*"', '"*ops*"'),
        ("{class: jwt}", "{class: key}"),
        ("check: no-leak}", "check: no-leak, severity: low}"),
        ("check: no-leak}", "check: no-leak, with: {confidence: [likely]}}"),
        ("title: Leaks", "title: No leaks"),
        ('"*jwt*"', '"*jwt?"'),
    ],
)
def test_every_change_of_meaning_changes_it(tmp_path: Path, before: str, after: str) -> None:
    assert before in PACK
    changed = _load(tmp_path, PACK.replace(before, after))
    original = _load(tmp_path, PACK)
    assert changed.packs[0].digest != original.packs[0].digest
    assert changed.digest != original.digest


def test_the_order_of_classes_matters_since_the_first_wins(tmp_path: Path) -> None:
    lines = PACK.splitlines()
    lines[5], lines[6] = lines[6], lines[5]
    assert _load(tmp_path, PACK).digest != _load(tmp_path, "\n".join(lines)).digest


def test_an_overlay_equal_to_its_base_in_effect_has_the_same_digest(tmp_path: Path) -> None:
    overlay = PACK.partition("parameters")[0] + "extends: base.yaml\n"
    write(tmp_path, {"base.yaml": PACK.replace("id: house", "id: base"), "overlay.yaml": overlay})
    assert load(tmp_path, ["overlay.yaml"]).packs[0].digest == _load(tmp_path, PACK).packs[0].digest


def test_waivers_and_frameworks_are_part_of_the_policy(tmp_path: Path) -> None:
    waiver = (
        "apiVersion: keyproof/v1\nkind: Waivers\nwaivers:\n  - {id: a, rule: leaks, select: {name: x}, reason: r, "
        "requested-by: Ana, approved-by: Ben, from: 2026-01-01, until: 2026-02-01}\n"
    )
    write(tmp_path, {"a.yaml": waiver, "b.yaml": waiver.replace("2026-02-01", "2026-03-01")})
    digests = {
        _load(tmp_path, PACK).digest,
        _load(tmp_path, PACK, waivers=["a.yaml"]).digest,
        _load(tmp_path, PACK, waivers=["b.yaml"]).digest,
        load(tmp_path, frameworks=["soc2"]).digest,
    }
    assert len(digests) == 4


@given(st.permutations([*RULE.splitlines()[1:], "  - {id: a, title: A, check: no-leak}", "  - {id: b, title: B, check: no-leak}"]))  # fmt: skip
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
def test_the_order_of_rules_does_not_matter(tmp_path: Path, rules: list[str]) -> None:
    found = _load(tmp_path, HEAD + "rules:\n" + "\n".join(sorted(rules)) + "\n").digest
    assert _load(tmp_path, HEAD + "rules:\n" + "\n".join(rules) + "\n").digest == found
