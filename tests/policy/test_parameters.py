"""Parameters: declared once, set by overlays within bounds, filled into rules."""

from pathlib import Path

from inline_snapshot import snapshot

from tests.policy.stand_ins import HEAD, MaxAge, load, load_house, problems, problems_of_house, write

BASE = HEAD.replace("house", "base") + (
    "parameters:\n"
    "  period: {type: duration, default: 90d, min: 1d, max: 180d, why: House policy.}\n"
    "  runs: {type: integer, default: 3, max: 5}\n"
    "rules:\n"
    '  - {id: rotation, title: Rotation, check: max-age, with: {period: "${period}", runs: "${runs}"}}\n'
)


def _check(root: Path) -> MaxAge:
    (rule,) = load(root).packs[0].rules
    assert isinstance(rule.check, MaxAge)
    return rule.check


def test_defaults_fill_in_with_their_type(tmp_path: Path) -> None:
    write(tmp_path, {"house.yaml": BASE})
    check = _check(tmp_path)
    assert (check.period.text, check.runs) == ("90d", 3)


def test_a_reference_inside_a_text_is_put_in_as_text(tmp_path: Path) -> None:
    (pack,) = load_house(
        tmp_path,
        """\
        parameters: {days: {type: integer, default: 45}}
        rules: [{id: rotation, title: Rotation, check: max-age, with: {period: "${days} days"}}]
        """,
    ).packs
    assert pack.rules[0].check.rotation_period is not None
    assert pack.rules[0].check.rotation_period.span.days == 45


def test_an_overlay_sets_a_value_in_short_or_in_full(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "base.yaml": BASE,
            "house.yaml": HEAD
            + "extends: base.yaml\nparameters: {period: 30d, runs: {default: 5, why: Audit.}}\n",
        },
    )
    check = _check(tmp_path)
    assert (check.period.text, check.runs) == ("30d", 5)


def test_an_overlay_stays_within_bounds(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "base.yaml": BASE,
            "house.yaml": HEAD + "extends: base.yaml\nparameters:\n  period: 365d\n  runs: 6\n",
            "event.yaml": HEAD.replace("house", "event")
            + "extends: base.yaml\nparameters: {period: on compromise}\n",
            "short.yaml": HEAD.replace("house", "short") + "extends: base.yaml\nparameters: {period: 1h}\n",
            "wide.yaml": HEAD.replace("house", "wide")
            + "extends: base.yaml\nparameters: {period: {default: 200d, max: 365d}}\n",
        },
    )
    assert problems(tmp_path, ["house.yaml", "event.yaml", "short.yaml", "wide.yaml"]) == snapshot("""\
event.yaml:5:22: the parameter 'period' is on compromise, above its max 180d; write 180d or less
house.yaml:6:11: the parameter 'period' is 365d, above its max 180d; write 180d or less
house.yaml:7:9: the parameter 'runs' is 6, above its max 5; write 5 or less
short.yaml:5:22: the parameter 'period' is 1h, below its min 1d; write 1d or more
wide.yaml:5:43: the parameter 'period' cannot widen its max from 180d to 365d; an overlay may only narrow it; the max stays 180d\
""")


def test_narrowed_bounds_hold_for_the_next_overlay(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "base.yaml": BASE,
            "middle.yaml": HEAD.replace("house", "middle")
            + "extends: base.yaml\nparameters: {period: {default: 60d, max: 60d}}\n",
            "house.yaml": HEAD + "extends: middle.yaml\nparameters: {period: 90d}\n",
        },
    )
    assert problems(tmp_path) == snapshot(
        "house.yaml:5:22: the parameter 'period' is 90d, above its max 60d; write 60d or less"
    )


def test_faulty_declarations_are_refused(tmp_path: Path) -> None:
    assert problems_of_house(
        tmp_path,
        """\
            parameters:
              untyped: 90d
              wordy: {type: duration, default: soon}
              number: {type: integer, default: "3"}
              truth: {type: integer, default: true}
              bounded: {type: string, default: a, max: z}
              outside: {type: duration, default: 90d, max: 30d}
              bare: {type: duration}
            rules: [{id: leaks, title: Leaks, check: no-leak}]
            """,
    ) == snapshot("""\
house.yaml:5:3: the parameter 'untyped' is not declared; add type, default and why to declare it
house.yaml:6:36: 'soon' is not a duration; write for example 90d, 24h, 15min, 3mo, P90D, quarterly or 'on compromise'
house.yaml:7:36: default: "3" is not a whole number; write digits without quotes
house.yaml:8:35: default: true is not a whole number; write digits without quotes
house.yaml:9:44: a parameter of type string has no max; remove it
house.yaml:10:38: the parameter 'outside' is 90d, above its max 30d; write 30d or less
house.yaml:11:9: the parameter 'bare' has no default; add 'default:'\
""")


def test_unknown_references_are_refused_once(tmp_path: Path) -> None:
    assert problems_of_house(
        tmp_path,
        """\
            parameters: {period: {type: duration, default: 90d}, broken: {type: duration, default: soon}}
            rules:
              - {id: a, title: A, check: max-age, with: {period: "${perod}"}}
              - {id: b, title: B, check: max-age, with: {period: "${broken}"}}
              - {id: c, title: C, check: max-age, with: {period: "${period}", alerts: {"7d": "${other}"}}}
            """,
    ) == snapshot("""\
house.yaml:4:88: 'soon' is not a duration; write for example 90d, 24h, 15min, 3mo, P90D, quarterly or 'on compromise'
house.yaml:6:54: there is no parameter 'perod'; did you mean 'period'?
house.yaml:8:82: there is no parameter 'other'; known here: period\
""")


def test_another_type_in_an_overlay_is_refused(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "base.yaml": BASE,
            "house.yaml": HEAD
            + "extends: base.yaml\nparameters:\n  period: {type: integer, default: 3}\n  perod: 3d\n",
        },
    )
    assert problems(tmp_path) == snapshot("""\
house.yaml:6:18: the parameter 'period' has the type duration; leave the type out
house.yaml:7:3: the parameter 'perod' is not declared; did you mean 'period'?\
""")
