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


def judged(policy: Policy) -> list[list[tuple[str, str]]]:
    """For every pack its rules with the pack that judges each."""
    return [[(rule.id, rule.judged_in or pack.id) for rule in pack.rules] for pack in policy.packs]


def test_a_pack_and_its_base_share_their_rules(tmp_path: Path) -> None:
    write(tmp_path, "base", "rules:\n" + RULE % "")
    other = "  - {id: own, title: Own, check: expires, select: {name: '*'}}\n"
    write(tmp_path, "house", "extends: [./base.yaml]\nrules:\n" + other)
    policy = load(tmp_path, "base", "house")
    assert judged(policy) == [[("age", "base")], [("age", "base"), ("own", "house")]]
    assert policy.packs[0].rules[0].also_in == ("house",)


def test_a_rule_about_the_document_is_each_packs_own(tmp_path: Path) -> None:
    review = "  - {id: review, title: Review, check: policy-review, with: {every: 90d}}\n"
    write(tmp_path, "base", "rules:\n" + review)
    write(tmp_path, "house", "extends: [./base.yaml]\nrules:\n" + RULE % "")
    assert judged(load(tmp_path, "base", "house"))[1] == [("review", "house"), ("age", "house")]


def test_what_an_overlay_changed_is_another_requirement(tmp_path: Path) -> None:
    write(tmp_path, "base", "rules:\n" + RULE % "")
    write(tmp_path, "house", "extends: [./base.yaml]\nrules:\n" + (RULE % "").replace("90d", "30d"))
    assert judged(load(tmp_path, "base", "house")) == [[("age", "base")], [("age", "house")]]


def test_the_same_words_of_two_organisations_stay_two_rules(tmp_path: Path) -> None:
    write(tmp_path, "one", "rules:\n" + RULE % "")
    write(tmp_path, "two", "rules:\n" + RULE % "")
    assert judged(load(tmp_path, "one", "two")) == [[("age", "one")], [("age", "two")]]


def test_the_same_line_with_another_meaning_stays_two_rules(tmp_path: Path) -> None:
    write(tmp_path, "base", "rules:\n" + RULE % "")
    classes = "classes: [{id: db, title: Database, match: {name: '*'}}]\n"
    write(tmp_path, "house", f"extends: [./base.yaml]\n{classes}")
    assert judged(load(tmp_path, "base", "house"))[1][0] == ("age", "house")
