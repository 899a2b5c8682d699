"""SARIF 2.1.0 for GitHub code scanning, which shows a suppressed result as open."""

from typing import ClassVar

from keyproof.domain.assessment import Assessment
from keyproof.report import sarif_log


class SarifGithubReporter:
    """As `sarif`, without the failures that a waiver or a baseline accepts."""

    format: ClassVar[str] = "sarif-github"
    filename: ClassVar[str] = "keyproof.github.sarif"

    def render(self, assessment: Assessment) -> str:
        """The document, indented, with a newline at its end."""
        return sarif_log.render(assessment, passes=False, accepted=False)
