"""The JSON result line by line, for log stores and for tools that read a stream."""

import json
from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import BaseModel

from keyproof.domain.assessment import Assessment
from keyproof.report.result import SCHEMA
from keyproof.report.result_of import result_of

_KINDS = {
    "scopes": "scope",
    "subjects": "subject",
    "findings": "finding",
    "controls": "control",
    "waivers": "waiver",
    "baseline": "baseline",
}
"""Part of the result → what a line of it is called, in the order of the lines."""


class JsonlReporter:
    """One object a line: the parts of `keyproof.assessment/v1`, each with its `type` and the id of the run.

    The first line is the run, the last its summary: a file without one was cut off.
    """

    format: ClassVar[str] = "jsonl"
    filename: ClassVar[str] = "keyproof.jsonl"

    def render(self, assessment: Assessment) -> str:
        """The lines, each ended by a line feed."""
        # in ASCII: some readers end a line at U+2028 or U+0085 too, which JSON allows inside a text
        return "".join(f"{json.dumps(line)}\n" for line in _lines(assessment))


def _lines(assessment: Assessment) -> Iterator[dict[str, Any]]:
    whole = result_of(assessment)
    run = whole.run.id
    yield {"type": "run", "run_id": run, "schema": SCHEMA, **_plain(whole.run)}
    for part, kind in _KINDS.items():
        for item in getattr(whole, part):
            yield {"type": kind, "run_id": run, **_plain(item)}
    yield {"type": "summary", "run_id": run, **_plain(whole.summary)}


def _plain(part: BaseModel) -> dict[str, Any]:
    return part.model_dump(mode="json", by_alias=True)
