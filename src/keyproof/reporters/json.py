"""The JSON result: every fact of an assessment in the published format, sorted."""

from typing import ClassVar

from pydantic_core import PydanticSerializationError

from keyproof.domain.assessment import Assessment
from keyproof.report.json_text import json_text
from keyproof.report.result_of import result_of


class JsonReporter:
    """The whole result as one JSON document, schema `keyproof.assessment/v1`.

    The same assessment gives the same bytes; of two equal runs only `run.started` and `run.finished` differ.
    """

    format: ClassVar[str] = "json"
    filename: ClassVar[str] = "keyproof.json"

    def render(self, assessment: Assessment) -> str:
        """The document, indented, with a newline at its end."""
        result = result_of(assessment)
        try:
            return result.model_dump_json(by_alias=True, indent=2) + "\n"
        except PydanticSerializationError:  # a name holds half a surrogate pair
            return json_text(result.model_dump(mode="json", by_alias=True))
