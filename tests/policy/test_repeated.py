"""Packs with a common base: one requirement, one finding, all its controls."""

from pathlib import Path

from keyproof.domain.policy import Policy
from keyproof.policy.loader import load_policy
from keyproof.wiring.catalog import CHECKS

HEAD = "apiVersion: keyproof/v1\nkind: PolicyPack\nmetadata: {{id: {0}, title: {0}, version: '1', owner: A, reviewed: 2026-01-01}}\n"
RULE = "  - {id: age, title: Age, check: max-age, select: {name: '*'}, with: {period: 90d}, controls: [%s]}\n"


def load(folder: Path, *names: str) -> Policy:
    return load_policy([f"{name}.yaml" for name in names], root=folder, checks=CHECKS)


def write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.yaml").write_text(HEAD.format(name) + text, encoding="utf-8")


def test_a_pack_and_its_base_share_their_rules(tmp_path: Path) -> None:
    write(tmp_path, "base", "rules:\n" + RULE % "{id: 'soc2:CC6.1', strength: supporting}")
    other = "  - {id: own, title: Own, check: expires, select: {name: '*'}}\n"
    write(tmp_path, "house", "extends: [./base.yaml]\nrules:\n" + other)
    base, house = load(tmp_path, "base", "house").packs
    assert [rule.id for rule in base.rules] == ["age"]
    assert [rule.id for rule in house.rules] == ["own"]
    assert house.notes == ("age is judged once, in pack base",)


def test_controls_are_joined_by_the_stronger_claim(tmp_path: Path) -> None:
    write(tmp_path, "one", "rules:\n" + RULE % "{id: 'soc2:CC6.1', strength: supporting}")
    two = "{id: 'soc2:CC6.1', strength: partial}, {id: 'iso27001-2022:A.5.17', strength: partial}"
    write(tmp_path, "two", "rules:\n" + RULE % two)
    policy = load(tmp_path, "one", "two")
    claims = [(claim.id, claim.strength.value) for claim in policy.packs[0].rules[0].controls]
    assert claims == [("soc2:CC6.1", "partial"), ("iso27001-2022:A.5.17", "partial")]
    assert policy.packs[1].rules == ()


def test_the_same_words_with_another_meaning_stay_two_rules(tmp_path: Path) -> None:
    write(tmp_path, "one", "rules:\n" + RULE % "")
    write(tmp_path, "two", "rules:\n" + (RULE % "").replace("90d", "30d"))
    write(tmp_path, "three", "classes: [{id: db, title: Database, match: {name: '*'}}]\nrules:\n" + RULE % "")
    assert [len(pack.rules) for pack in load(tmp_path, "one", "two", "three").packs] == [1, 1, 2]
