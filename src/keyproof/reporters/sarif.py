"""SARIF 2.1.0 (OASIS standard of 27 March 2020) for code scanning services."""

from typing import ClassVar

from keyproof.domain.assessment import Assessment
from keyproof.report import sarif_log


class SarifReporter:
    """One run with a result a finding; what could not be looked at is a notification of the invocation.

    An accepted failure is a suppressed result. `passes` adds what passed or does not apply.
    """

    format: ClassVar[str] = "sarif"
    filename: ClassVar[str] = "keyproof.sarif"

    def __init__(self, *, passes: bool = False) -> None:
        self._passes = passes

    def render(self, assessment: Assessment) -> str:
        """The document, indented, with a newline at its end."""
        return sarif_log.render(assessment, passes=self._passes, accepted=True)
