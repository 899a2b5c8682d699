"""Doubts about a legal policy, each with its place and what to do."""

from dataclasses import replace
from pathlib import Path
from textwrap import dedent

from inline_snapshot import snapshot

from keyproof.domain.policy import ControlMapping, Strength
from keyproof.policy.lint import lint
from keyproof.policy.loader import load_policy
from keyproof.policy.witness import plainest
from keyproof.wiring.catalog import CHECKS as REAL_CHECKS
from tests.policy.stand_ins import HEAD, RULE, load, write

KEPT = "owner: DevOps, reviewed: 2026-01-01, review-every: quarterly"


def _lint(
    root: Path, *, environments: tuple[str, ...] = (), waivers: tuple[str, ...] = (), **packs: str
) -> str:
    files = {
        f"{name}.yaml": HEAD.replace("id: house", f"id: {name}, {KEPT}") + dedent(body)
        for name, body in packs.items()
    }
    write(root, files)
    policy = load(root, sorted(files), waivers=waivers)
    return "\n".join(map(str, lint(policy, environments=environments)))


def test_a_tidy_pack_raises_no_doubt(tmp_path: Path) -> None:
    assert (
        _lint(
            tmp_path,
            house="""\
            classes: [{id: jwt, match: {name: "*jwt*"}}]
            rules:
              - {id: a, title: A, check: max-age, select: {class: jwt, environment: production}, with: {period: 90d, alerts: {30d: warning, 0d: emergency}}}
            """,
            environments=("production", "staging"),
        )
        == ""
    )


def test_upkeep(tmp_path: Path) -> None:
    rules = "rules: [{id: a, title: A, check: no-leak}]\n"
    head = HEAD.replace("id: house", "id: other, owner: A, reviewed: 2026-01-01, review-every: bi-annually")
    write(tmp_path, {"house.yaml": HEAD + rules, "other.yaml": head + rules})
    assert "\n".join(map(str, lint(load(tmp_path, ["house.yaml", "other.yaml"])))) == snapshot("""\
house.yaml:3: the pack 'house' has no owner; add 'owner:' under metadata
house.yaml:3: the pack 'house' has no review-every; add 'review-every:' under metadata
house.yaml:3: the pack 'house' has no reviewed; add 'reviewed:' under metadata
other.yaml:3: 'bi-annually' can mean twice a year or every two years; read as 182 days; write the number of days\
""")


def test_words_that_can_mean_two_things(tmp_path: Path) -> None:
    found = _lint(tmp_path, house="rules: [{id: a, title: A, check: max-age, with: {period: bi-annually}}]\n")
    assert found == snapshot(
        "house.yaml:4: rule 'a': 'bi-annually' can mean twice a year or every two years; read as 182 days; write the number of days"
    )


def test_rungs_that_would_stand_most_of_the_time(tmp_path: Path) -> None:
    found = _lint(
        tmp_path,
        house="""\
        rules:
          - {id: a, title: A, check: max-age, with: {period: monthly, alerts: {30d: warning, 7d: critical, 0d: emergency}}}
          - {id: b, title: B, check: max-age, with: {period: on compromise, alerts: {30d: warning}}}
        """,
    )
    assert found == snapshot(
        "house.yaml:5: rule 'a' alerts 30d ahead, more than a third of its period, monthly; it is read as 10 days; write 10d or less"
    )


def test_full_claims_that_state_no_precondition(tmp_path: Path) -> None:
    write(tmp_path, {"house.yaml": HEAD.replace("id: house", f"id: house, {KEPT}") + RULE})
    policy = load(tmp_path)
    (pack,) = policy.packs
    bold = ControlMapping(id="made-up:1", strength=Strength.FULL)
    careful = ControlMapping(id="made-up:2", strength=Strength.FULL, preconditions="All are selected.")
    rules = tuple(replace(rule, controls=(bold, careful)) for rule in pack.rules)
    found = lint(replace(policy, packs=(replace(pack, rules=rules),)))
    assert "\n".join(map(str, found)) == snapshot(
        "house.yaml:5: rule 'rotation' claims all of made-up:1 without any precondition; state what must hold, or write 'partial'"
    )


def test_classes_that_no_rule_names(tmp_path: Path) -> None:
    found = _lint(
        tmp_path,
        house="""\
        classes: [{id: jwt, match: {name: "*jwt*"}}, {id: openai-key, match: {name: "*openai*"}}]
        rules:
          - {id: a, title: A, check: max-age, select: {class: openai-*}, with: {period: 90d}}
          - {id: b, title: B, check: no-leak, select: {not: {class: jwt}}}
        """,
    )
    assert found == snapshot(
        "house.yaml:3: no rule of the pack 'house' selects the class 'jwt'; add a rule with its period, or remove the class"
    )


def test_contradictory_periods_name_both_sources(tmp_path: Path) -> None:
    classes = 'classes: [{id: jwt, match: {name: "*jwt*"}}, {id: key, match: {name: "*key*"}}]\n'
    rule = "  - {{id: {id}, title: T, check: max-age, select: {{class: {c}{more}}}, with: {{period: {period}}}}}\n"
    found = _lint(
        tmp_path,
        one=classes
        + "rules:\n"
        + rule.format(id="jwt", c="jwt", more="", period="180d")
        + rule.format(id="key", c="key", more=", environment: production", period="90d"),
        two=classes
        + "rules:\n"
        + rule.format(id="all", c="[jwt, key]", more=", environment: staging", period="30d"),
        three=classes
        + "rules:\n"
        + rule.format(id="same", c="'*'", more=", environment: prod*", period="quarterly"),
    )
    assert found == snapshot("""\
one.yaml:6: the period of 'jwt' is 180d by 'one/jwt' but 30d by 'two/all' (two.yaml:6); keep one period; until then both are judged
one.yaml:6: the period of 'jwt' is 180d by 'one/jwt' but quarterly by 'three/same' (three.yaml:6); keep one period; until then both are judged\
""")


def test_environments_that_nothing_can_have(tmp_path: Path) -> None:
    body = "rules: [{id: a, title: A, check: no-leak, select: {environment: [prodution, stag*]}}]\n"
    assert _lint(tmp_path, house=body, environments=("production", "staging")) == snapshot(
        "house.yaml:4: rule 'a' selects the environment 'prodution', which nothing can have; did you mean 'production'?"
    )
    assert _lint(tmp_path, house=body) == ""


def test_the_plainest_name_of_a_class_belongs_to_it(tmp_path: Path) -> None:
    found = _lint(
        tmp_path,
        house="""\
        classes:
          - {id: password, match: {name: "*password*"}}
          - {id: database, match: {any: [{name: ["*db*", "*postgres?password*"]}, {tag: {type: db}}]}}
          - {id: jwt, match: {name: "*jwt*", tag: {type: password}}}
        rules:
          - {id: a, title: A, check: max-age, select: {class: [password, database, jwt]}, with: {period: 90d}}
        """,
    )
    assert found == snapshot(
        "house.yaml:6: the class 'database' overlaps 'password', which is tried first: the name 'postgresxpassword' becomes 'password'; put 'database' above 'password', or narrow the patterns"
    )


def test_the_narrower_class_first_is_how_classes_are_meant(tmp_path: Path) -> None:
    found = _lint(
        tmp_path,
        house="""\
        classes:
          - {id: database, match: {name: "*postgres*password*"}}
          - {id: password, match: {name: "*password*"}}
        rules:
          - {id: a, title: A, check: max-age, select: {class: [password, database]}, with: {period: 90d}}
        """,
    )
    assert found == ""


def test_parameters_that_no_rule_uses(tmp_path: Path) -> None:
    base = HEAD.replace("id: house", f"id: base, {KEPT}") + dedent("""\
        parameters:
          period: {type: duration, default: 90d}
          spare: {type: duration, default: 7d}
        rules:
          - {id: a, title: A, check: max-age, with: {period: "${period}"}}
        """)
    over = HEAD.replace("id: house", f"id: over, {KEPT}") + dedent("""\
        extends: [base.yaml]
        parameters: {period: 30d}
        disable: {a: b replaces it}
        rules:
          - {id: b, title: B, check: max-age, with: {period: 60d}}
        """)
    write(tmp_path, {"base.yaml": base, "over.yaml": over})
    assert "\n".join(map(str, lint(load(tmp_path, ["base.yaml", "over.yaml"])))) == snapshot("""\
base.yaml:6: no rule of the pack 'base' uses the parameter 'spare'; write ${spare} where it is meant, or remove it
over.yaml:5: no rule of the pack 'over' uses the parameter 'period'; write ${period} where it is meant, or remove it\
""")


def test_a_rule_about_the_policy_itself_that_can_never_select_it(tmp_path: Path) -> None:
    pack = HEAD.replace("id: house", f"id: house, {KEPT}") + dedent("""\
        rules:
          - {id: drill, title: A drill, check: attested, select: {environment: production}}
          - {id: review, title: A review, check: policy-review, select: {kind: key}}
          - {id: plan, title: A plan, check: attested, select: {kind: document}}
          - {id: test, title: A test, check: attested}
        """)
    write(tmp_path, {"house.yaml": pack})
    found = lint(load_policy(["house.yaml"], root=tmp_path, checks=REAL_CHECKS))
    assert "\n".join(map(str, found)) == snapshot("""\
house.yaml:5: rule 'drill' selects nothing: attested is about the pack itself, 'House', and its selector wants environment production; leave out 'select'
house.yaml:6: rule 'review' selects nothing: policy-review is about the pack itself, 'House', and its selector wants kind key; leave out 'select'\
""")


def test_plainest_names() -> None:
    assert [plainest(glob) for glob in ("*openai*", "a?b*", "[cd]x[!e]", "*")] == ["openai", "axb", "cxx", ""]
