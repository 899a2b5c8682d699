"""Where a value comes from: the line named is the line that says it."""

from pathlib import Path

import pytest

from keyproof import resources
from keyproof.domain.origin import Origin
from keyproof.policy.files import shipped_packs
from keyproof.policy.loader import load_policy
from keyproof.wiring.catalog import CHECKS as REAL_CHECKS
from tests.policy.stand_ins import HEAD, load_house, write


def _shown(origins: tuple[Origin, ...]) -> list[tuple[str, str, str]]:
    return [
        (origin.key, origin.value, f"{origin.place.path}:{origin.place.line}" if origin.place else "default")
        for origin in origins
    ]


def test_each_value_has_its_line_and_defaults_have_none(tmp_path: Path) -> None:
    policy = load_house(
        tmp_path,
        """\
        parameters: {days: {type: duration, default: 30d}, rung: {type: string, default: loud}}
        rules:
          - id: a
            title: A
            check: max-age
            select:
              environment: production
            with:
              period: ${days}
              alerts:
                7d: very-${rung}-${rung}
        """,
    )
    (rule,) = policy.packs[0].rules
    assert _shown(rule.origins) == [
        ("check", "max-age", "house.yaml:8"),
        ("select", "environment production", "house.yaml:9"),
        ("with.period", "30d", "house.yaml:12"),
        ("with.alerts.7d", "very-loud-loud", "house.yaml:14"),
        ("with.runs", "0", "default"),
    ]
    assert [origin.parameters for origin in rule.origins] == [(), (), ("days",), ("rung",), ()]


def test_every_overlay_of_a_parameter_and_a_rule_is_kept(tmp_path: Path) -> None:
    rule = "rules: [{id: a, title: A, check: max-age, with: {period: '${days}'}}]\n"
    write(
        tmp_path,
        {
            "base.yaml": HEAD.replace("house", "base")
            + "parameters: {days: {type: duration, default: 90d}}\n"
            + rule,
            "middle.yaml": HEAD.replace("house", "middle") + "extends: base.yaml\nparameters: {days: 60d}\n",
            "house.yaml": HEAD + "extends: middle.yaml\nparameters: {days: 30d}\n" + rule,
        },
    )
    policy = load_policy(["house.yaml"], root=tmp_path, checks=REAL_CHECKS)
    (pack,) = policy.packs
    (parameter,) = pack.parameters
    assert [(step.value, step.place.path, step.place.line) for step in parameter.steps] == [
        ("90d", "base.yaml", 4),
        ("60d", "middle.yaml", 5),
        ("30d", "house.yaml", 5),
    ]
    assert parameter.used_by == ("a",)
    assert [(place.path, place.line) for place in pack.rules[0].replaces] == [("base.yaml", 5)]


@pytest.mark.parametrize("name", sorted(shipped_packs()))
def test_the_lines_named_say_what_is_named(name: str, tmp_path: Path) -> None:
    policy = load_policy([name], root=tmp_path, checks=REAL_CHECKS)
    for rule in policy.packs[0].rules:
        for origin in rule.origins:
            if origin.place:
                file = resources.policies() / origin.place.path.removeprefix("policies/")
                line = file.read_text(encoding="utf-8").splitlines()[origin.place.line - 1]
                last = origin.key.rpartition(".")[2]
                assert last.isdigit() or last in line or line.lstrip().startswith("-"), (rule.id, origin)


def test_origins_change_no_digest(tmp_path: Path) -> None:
    body = "rules: [{id: a, title: A, check: max-age, with: {period: 90d}}]\n"
    plain = load_house(tmp_path, body).packs[0].digest
    assert load_house(tmp_path, "# a comment moves every line\n" + body).packs[0].digest == plain
