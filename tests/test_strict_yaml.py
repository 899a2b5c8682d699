"""Strict YAML: every fault has a place and a next step."""

from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from keyproof.errors import ConfigError, Problem
from keyproof.fields import DateField, DurationField, KebabField, StrictModel, StringsField
from keyproof.strict_yaml import parse, read, validate


class Item(StrictModel):
    id: KebabField
    period: DurationField | None = None
    colour: Literal["red", "green"] = "red"
    day: DateField | None = None


class Shelf(StrictModel):
    items: list[Item] = Field(min_length=1)
    names: dict[str, StringsField] = Field(default_factory=dict)


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        validate(parse(text, name="f.yaml", error=ConfigError), Shelf, error=ConfigError)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("items: [{id: a, perod: 3d}]", ["f.yaml:1:17: unknown key 'perod'; did you mean 'period'?"]),
        ("items: [{id: a, colour: gren}]", ["f.yaml:1:25: 'gren' is not allowed here; did you mean 'green'?"]),
        ("items: [{}]", ["f.yaml:1:9: the key 'id' is missing; add 'id:'"]),
        ("items: [{id: a, day: 2025-02-30}]", ["f.yaml:1:22: 2025-02-30 is not a day of the calendar"]),
        ("items: [{id: a, day: 03/04/2025}]", ["f.yaml:1:22: a date is written YYYY-MM-DD; found '03/04/2025'"]),
        ("items: 3", ["f.yaml:1:8: 'items' must be a list; found 3"]),
        ("items: []", ["f.yaml:1:8: 'items' must not be empty; found a list"]),
        (
            "itms: []\nitems:\n - id: a\n   period: 9x\n",
            [
                "f.yaml:1:1: unknown key 'itms'; did you mean 'items'?",
                "f.yaml:4:12: '9x' is not a duration; write for example 90d, 24h, 15min, 3mo, P90D, quarterly or 'on compromise'",
            ],
        ),
        ("a: 1\nb: 2\na: 3\n", ["f.yaml:3:1: the key 'a' stands twice; it first stands on line 1; keep one"]),
        ("a:\n\tb: 1\n", ["f.yaml:2:1: a tab is used to indent; YAML wants spaces"]),
        ("a: !!python/object:os.system x", ["f.yaml:1:4: the tag 'tag:yaml.org,2002:python/object:os.system' is not allowed; write plain YAML"]),
        ("a: &x [*x]", ["f.yaml:1:4: expands without end; remove the recursive or repeated aliases"]),
        ("? [a]\n: 1\n", ["f.yaml:1:3: a key is not plain text; write a word before the colon"]),
    ],
)  # fmt: skip
def test_faults_are_named_with_their_place(text: str, expected: list[str]) -> None:
    assert faults(text) == expected


def test_a_document_of_aliases_that_multiply_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "expands without end" in faults("\n".join(lines))[0]


@pytest.mark.parametrize("depth", [200, 100_000])
def test_nesting_without_end_is_refused(depth: int) -> None:
    assert faults("[" * depth + "]" * depth) == ["f.yaml:1:101: is nested more than 100 deep"]


def test_words_stay_words() -> None:
    data = parse(
        "on: no\nday: 2025-10-05\nn: 012\nyes: true\nx: ~\nf: 1.5\n", name="f", error=ConfigError
    ).data
    assert data == {"on": "no", "day": "2025-10-05", "n": 12, "yes": True, "x": None, "f": 1.5}


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as missing:
        read(tmp_path / "none.yaml", error=ConfigError, name="none.yaml")
    assert str(missing.value.problems[0]).startswith("none.yaml: No such file or directory; check the path")
    (tmp_path / "latin.yaml").write_bytes("a: 1\nb: grün\n".encode("latin-1"))
    with pytest.raises(ConfigError) as latin:
        read(tmp_path / "latin.yaml", error=ConfigError, name="latin.yaml")
    assert str(latin.value.problems[0]) == "latin.yaml:2: is not UTF-8; save the file as UTF-8"


@given(st.text(max_size=200))
def test_any_text_is_data_or_a_document_error(text: str) -> None:
    problems: tuple[Problem, ...] = ()
    document = None
    try:
        document = parse(text, name="f", error=ConfigError)
    except ConfigError as error:
        problems = error.problems
    assert (document is None) == bool(problems)
