"""The parts of the JSON result, one a line."""

import json
from dataclasses import replace
from typing import Any

from keyproof.reporters.json import JsonReporter
from keyproof.reporters.jsonl import JsonlReporter
from tests.fakes import assessments

PARTS = {
    "scope": "scopes", "subject": "subjects", "finding": "findings", "control": "controls", "waiver": "waivers",
    "baseline": "baseline",
}  # fmt: skip


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_every_part_of_the_result_is_a_line_and_nothing_else() -> None:
    golden = assessments.golden()
    whole = json.loads(JsonReporter().render(golden))
    found = lines(JsonlReporter().render(golden))
    assert {line.pop("run_id") for line in found} == {golden.run.id}
    assert found[0] == {"type": "run", "schema": "keyproof.assessment/v1", **whole["run"]}
    assert found[-1] == {"type": "summary", **whole["summary"]}
    for kind, part in PARTS.items():
        assert [line for line in found if line["type"] == kind] == [
            {"type": kind, **one} for one in whole[part]
        ]
    assert len(found) == 2 + sum(len(whole[part]) for part in PARTS.values())


def test_no_name_ends_a_line() -> None:
    golden = assessments.golden()
    named = replace(golden, run=replace(golden.run, organisation="a\nb\u2028c\x85d\x0be"))
    text = JsonlReporter().render(named)
    assert text.isascii()
    assert lines(text)[0]["organisation"] == "a\nb\u2028c\x85d\x0be"
