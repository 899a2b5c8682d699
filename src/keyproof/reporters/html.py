"""The HTML report: one file that reads like a statement on paper and answers on screen, without a network."""

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, ClassVar

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from keyproof import resources
from keyproof.domain.assessment import Assessment
from keyproof.report.overview import State
from keyproof.report.page import Page
from keyproof.report.visible import visible

_WORDS = {
    State.FAIL: "Exception",
    State.WAIVED: "Accepted",
    State.NOT_EVALUATED: "Not evaluated",
    State.MANUAL: "Attested",
    State.PASS: "No exception",
    State.NOT_APPLICABLE: "Does not apply",
}
_NOUNS = {
    State.FAIL: ("exception", "exceptions"),
    State.WAIVED: ("accepted exception", "accepted exceptions"),
    State.NOT_EVALUATED: ("not evaluated", "not evaluated"),
    State.MANUAL: ("attested, not tested", "attested, not tested"),
    State.PASS: ("no exception found", "no exception found"),
    State.NOT_APPLICABLE: ("does not apply", "do not apply"),
}


class HtmlReporter:
    """One self-contained file for people: works offline, with scripts off, and on paper.

    Its Content-Security-Policy admits exactly the style and the script inside it, by their sha256.
    """

    format: ClassVar[str] = "html"
    filename: ClassVar[str] = "keyproof.html"

    def render(self, assessment: Assessment) -> str:
        """The document."""
        folder = resources.reports() / "html"
        page = Page(assessment)
        style = (folder / "style.css").read_text(encoding="utf-8") + _running_line(page)
        script = (folder / "script.js").read_text(encoding="utf-8")
        environment = Environment(
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_visible,
        )
        environment.filters |= {"moment": _moment, "long_moment": _long_moment, "number": "{:,}".format}
        environment.globals |= {"State": State, "words": _WORDS, "nouns": _NOUNS}
        template = environment.from_string((folder / "report.html.j2").read_text(encoding="utf-8"))
        return (
            template.render(
                page=page,
                style=Markup(style),  # noqa: S704 (our own file, and text escaped for CSS)
                script=Markup(script),  # noqa: S704 (our own file)
                style_hash=_hash(style),
                script_hash=_hash(script),
            )
            + "\n"
        )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _long_moment(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return f"{utc.day} {utc:%B %Y, %H:%M} UTC"


def _visible(value: Any) -> Any:
    """What the template writes: our own markup as it is, anything else with nothing hidden in it."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _running_line(page: Page) -> str:
    """The foot of every printed page, for browsers that know page margin boxes."""
    left = f"{page.run.organisation}: secrets compliance, as of {page.assessment.today}"
    return f'@media print{{@page{{@bottom-left{{content:"{_css(left)}"}}}}}}\n'


def _css(text: str) -> str:
    """`text` inside a CSS string: everything but letters, digits and spaces by its number."""
    return "".join(c if c.isascii() and (c.isalnum() or c == " ") else f"\\{ord(c):06x} " for c in text)
