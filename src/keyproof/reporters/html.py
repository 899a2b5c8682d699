"""The HTML report: one file that reads like a statement on paper and answers on screen, without a network."""

from typing import ClassVar

from keyproof import resources
from keyproof.domain.assessment import Assessment
from keyproof.report.html_page import foot_of, render_page
from keyproof.report.page import Page


class HtmlReporter:
    """One self-contained file for people: works offline, with scripts off, and on paper.

    Its Content-Security-Policy admits exactly the style and the script inside it, by their sha256.
    """

    format: ClassVar[str] = "html"
    filename: ClassVar[str] = "keyproof.html"

    def render(self, assessment: Assessment) -> str:
        """The document."""
        page = Page(assessment)
        foot = foot_of(page.run.organisation, assessment.today)
        return render_page(
            resources.reports() / "html" / "report.html.j2", foot=foot, script="script.js", page=page
        )
