"""Overlays: what is replaced, merged and switched off, and which circles are refused."""

from pathlib import Path

from inline_snapshot import snapshot

from keyproof.domain.secret import SecretMetadata
from tests.policy.stand_ins import HEAD, RULE, load, problems, write

BASE = HEAD.replace("house", "base")


def _secret(name: str) -> SecretMetadata:
    return SecretMetadata(id=f"test://{name}", name=name, source="test", backend="test", scope="test")


def test_a_rule_is_replaced_by_id_and_keeps_its_position(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "base.yaml": BASE + RULE + "  - {id: leaks, title: Leaks, check: no-leak}\n",
            "house.yaml": HEAD + "extends: ./base.yaml\n" + RULE.replace("90d", "30d"),
        },
    )
    (pack,) = load(tmp_path).packs
    assert [(rule.id, rule.pack, str(rule.place)) for rule in pack.rules] == snapshot(
        [
            ("rotation", "house", "SourceLine(path='house.yaml', line=6, commit='')"),
            ("leaks", "house", "SourceLine(path='base.yaml', line=6, commit='')"),
        ]
    )


def test_later_overlays_win_over_earlier_ones(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "one.yaml": HEAD.replace("house", "one") + RULE.replace("90d", "10d"),
            "two.yaml": HEAD.replace("house", "two") + RULE.replace("90d", "20d"),
            "house.yaml": HEAD + "extends: [one.yaml, two.yaml]\n",
        },
    )
    (rule,) = load(tmp_path).packs[0].rules
    assert rule.check.rotation_period is not None
    assert rule.check.rotation_period.text == "20d"


def test_paths_in_extends_start_at_the_file_that_holds_them(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "shared/deep/base.yaml": BASE + RULE,
            "shared/middle.yaml": HEAD.replace("house", "middle") + "extends: deep/base.yaml\n",
            "packs/house.yaml": HEAD + "extends: ../shared/middle.yaml\n",
        },
    )
    (pack,) = load(tmp_path, ["packs/house.yaml"]).packs
    assert [rule.place.path for rule in pack.rules if rule.place] == ["shared/deep/base.yaml"]


def test_a_rule_is_disabled_with_a_reason_that_is_kept(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "base.yaml": BASE + RULE + "  - {id: leaks, title: Leaks, check: no-leak}\n",
            "house.yaml": HEAD + "extends: base.yaml\ndisable: {rotation: Keys are issued per call.}\n",
        },
    )
    (pack,) = load(tmp_path).packs
    assert [rule.id for rule in pack.rules] == ["leaks"]
    assert pack.disabled == {"rotation": "Keys are issued per call."}


def test_disabling_everything_leaves_an_empty_pack(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "base.yaml": BASE + RULE,
            "house.yaml": HEAD + "extends: base.yaml\ndisable: {rotation: None of ours rotate.}\n",
        },
    )
    assert problems(tmp_path) == snapshot(
        "house.yaml:1:1: the pack has no rules; add a rule, or extend a pack"
    )


def test_faulty_disabling_is_refused(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "base.yaml": BASE + RULE,
            "house.yaml": HEAD
            + "extends: base.yaml\ndisable:\n  rotaton: Misspelt.\n  own: Written below.\n"
            + "rules:\n  - {id: own, title: Own, check: no-leak}\n",
            "silent.yaml": HEAD.replace("house", "silent") + 'extends: base.yaml\ndisable:\n  rotation: ""\n',
        },
    )
    assert problems(tmp_path, ["house.yaml", "silent.yaml"]) == snapshot("""\
house.yaml:6:3: no extended pack has a rule 'rotaton'; did you mean 'rotation'?
house.yaml:7:3: the rule 'own' stands in this very file; remove the rule instead
silent.yaml:6:13: 'rotation' must not be empty; found ''\
""")


def test_circles_are_refused_naming_the_chain(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.yaml": HEAD.replace("house", "a") + "extends: [b.yaml]\n" + RULE,
            "b.yaml": HEAD.replace("house", "b") + "extends:\n  - c.yaml\n" + RULE,
            "c.yaml": HEAD.replace("house", "c") + "extends: b.yaml\n" + RULE,
            "self.yaml": HEAD.replace("house", "self") + "extends: self.yaml\n" + RULE,
        },
    )
    assert problems(tmp_path, ["a.yaml", "self.yaml"]) == snapshot("""\
c.yaml:4:10: the pack extends itself: b.yaml -> c.yaml -> b.yaml; remove one of these references
self.yaml:4:10: the pack extends itself: self.yaml -> self.yaml; remove one of these references\
""")


def test_a_pack_that_is_not_there_cannot_be_extended(tmp_path: Path) -> None:
    write(tmp_path, {"house.yaml": HEAD + "extends: [basline, missing.yaml]\n" + RULE})
    assert problems(tmp_path) == snapshot("""\
house.yaml:4:11: there is no pack 'basline' to extend; did you mean 'baseline'?
house.yaml:4:20: there is no pack 'missing.yaml' to extend; check the path\
""")


def test_a_broken_base_causes_no_second_fault_in_the_overlay(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "base.yaml": BASE
            + "parameters: {period: {type: time, default: 90d}}\n"
            + "classes: [{id: jwt}]\nrules: [{id: rotation}]\n",
            "house.yaml": HEAD
            + "extends: base.yaml\ndisable: {rotation: Not ours.}\nrules:\n"
            + "  - {id: a, title: A, check: max-age, select: {class: jwt}, with: {period: 90d}}\n",
        },
    )
    assert problems(tmp_path) == snapshot("""\
base.yaml:4:29: 'time' is not allowed here; known here: duration, integer, string, boolean
base.yaml:5:11: the key 'match' is missing; add 'match:'
base.yaml:6:9: the key 'check' is missing; add 'check:'
base.yaml:6:9: the key 'title' is missing; add 'title:'\
""")


def test_classes_of_the_overlay_are_tried_before_inherited_ones(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "base.yaml": BASE
            + 'classes: [{id: key, match: {name: "*key*"}}, {id: jwt, match: {name: "*jwt*"}}]\n'
            + RULE,
            "house.yaml": HEAD
            + "extends: base.yaml\n"
            + 'classes: [{id: crm-key, match: {name: "crm*"}}, {id: jwt, match: {name: "*token*"}}]\n',
        },
    )
    (pack,) = load(tmp_path).packs
    names = ["crm-key", "other-key", "session-jwt", "token-key", "plain"]
    found = {name: pack.class_of(_secret(name)) for name in names}
    assert {name: entry.id if entry else None for name, entry in found.items()} == snapshot(
        {"crm-key": "crm-key", "other-key": "key", "session-jwt": None, "token-key": "jwt", "plain": None}
    )


def test_roles_are_replaced_by_name(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "base.yaml": BASE + 'roles: {developer: "*:role/dev", devops: "*:role/ops"}\n' + RULE,
            "house.yaml": HEAD + 'extends: base.yaml\nroles: {developer: ["*:user/dev-*"]}\n',
        },
    )
    assert load(tmp_path).packs[0].roles == {"developer": ("*:user/dev-*",), "devops": ("*:role/ops",)}
