"""One self-contained HTML file from a template: everything escaped, nothing loaded, nothing hidden in names."""

from base64 import b64encode
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from keyproof.report.html_words import NOUNS, WORDS
from keyproof.report.overview import State
from keyproof.report.visible import visible


def render_page(template: Path, *, foot: str, script: str = "", **context: Any) -> str:
    """The page that `template` makes of `context`, with a newline at its end; `style.css` stands beside it.

    `foot` stands at the bottom of every printed sheet; `script` is a file beside the template. The page's
    Content-Security-Policy is to admit exactly `style_hash` and `script_hash`.
    """
    folder = template.parent
    style = (folder / "style.css").read_text(encoding="utf-8") + _running_line(foot)
    code = (folder / script).read_text(encoding="utf-8") if script else ""
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    environment.filters |= {"moment": _moment, "long_moment": _long_moment, "number": "{:,}".format}
    environment.globals |= {"State": State, "words": WORDS, "nouns": NOUNS}
    page = environment.from_string(template.read_text(encoding="utf-8")).render(
        style=Markup(style),  # noqa: S704 (our own file, and text escaped for CSS)
        script=Markup(code),  # noqa: S704 (our own file)
        style_hash=_hash(style),
        script_hash=_hash(code),
        **context,
    )
    return f"{page}\n"


def foot_of(organisation: str, today: date) -> str:
    """What stands at the bottom of every printed sheet."""
    return f"{organisation}: secrets compliance, as of {today}"


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


def _running_line(foot: str) -> str:
    """The foot of every printed page, for browsers that know page margin boxes."""
    return f'@media print{{@page{{@bottom-left{{content:"{_css(foot)}"}}}}}}\n'


def _css(text: str) -> str:
    """`text` inside a CSS string: everything but letters, digits and spaces by its number."""
    return "".join(c if c.isascii() and (c.isalnum() or c == " ") else f"\\{ord(c):06x} " for c in text)
