"""The JSON result: every fact of an assessment in the published format, sorted."""

from typing import ClassVar

from keyproof.domain.assessment import Assessment
from keyproof.report.result_of import result_of


class JsonReporter:
    """The whole result as one JSON document, schema `keyproof.assessment/v1`.

    The same assessment gives the same bytes; of two equal runs only `run.started` and `run.finished` differ.
    """

    format: ClassVar[str] = "json"
    filename: ClassVar[str] = "keyproof.json"

    def render(self, assessment: Assessment) -> str:
        """The document, indented, with a newline at its end."""
        return result_of(assessment).model_dump_json(by_alias=True, indent=2) + "\n"
