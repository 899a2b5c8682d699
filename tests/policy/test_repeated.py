"""Packs with a common base: one requirement, one finding."""

from pathlib import Path

from keyproof.domain.policy import Policy
from keyproof.policy.loader import load_policy
from keyproof.wiring.catalog import CHECKS

HEAD = "apiVersion: keyproof/v1\nkind: PolicyPack\nmetadata: {{id: {0}, title: {0}, version: 1.0.0, owner: A, reviewed: 2026-01-01}}\n"
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


def test_what_an_overlay_changed_is_another_requirement(tmp_path: Path) -> None:
    write(tmp_path, "base", "rules:\n" + RULE % "")
    write(tmp_path, "house", "extends: [./base.yaml]\nrules:\n" + (RULE % "").replace("90d", "30d"))
    assert [len(pack.rules) for pack in load(tmp_path, "base", "house").packs] == [1, 1]


def test_the_same_words_of_two_organisations_stay_two_rules(tmp_path: Path) -> None:
    write(tmp_path, "one", "rules:\n" + RULE % "")
    write(tmp_path, "two", "rules:\n" + RULE % "")
    assert [len(pack.rules) for pack in load(tmp_path, "one", "two").packs] == [1, 1]


def test_the_same_line_with_another_meaning_stays_two_rules(tmp_path: Path) -> None:
    write(tmp_path, "base", "rules:\n" + RULE % "")
    classes = "classes: [{id: db, title: Database, match: {name: '*'}}]\n"
    write(tmp_path, "house", f"extends: [./base.yaml]\n{classes}")
    base, house = load(tmp_path, "base", "house").packs
    assert [len(base.rules), len(house.rules)] == [1, 2]
