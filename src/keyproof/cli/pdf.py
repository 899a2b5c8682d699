"""The HTML report as PDF, by a browser or by WeasyPrint, whichever is on this machine."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from keyproof.errors import OutputError

FORMAT, FILENAME = "pdf", "keyproof.pdf"
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
)
"""Programs that print a page to PDF, all with the options of Chromium."""
_PATIENCE = 600.0
"""Seconds a browser may take; 1,000 rows of each table take a few."""


def pdf_of(html: str, environ: Mapping[str, str]) -> bytes:
    """The printed page. Raises OutputError when nothing here can print it, or the program fails.

    `CHROME_PATH` names the browser. A PDF holds the time it was made: unlike the other formats, two of the same
    assessment differ in some bytes.
    """
    if browser := _browser(environ):
        return _printed(browser, html)
    if find_spec("weasyprint"):
        return _set(html)
    raise OutputError(
        "a PDF needs a browser or WeasyPrint, and neither is here",
        hint="install Chromium (CHROME_PATH names it) or run: pip install weasyprint; or print keyproof.html",
    )


def _browser(environ: Mapping[str, str]) -> str | None:
    if given := environ.get("CHROME_PATH"):
        return given
    return next((found for name in BROWSERS if (found := shutil.which(name, path=environ.get("PATH")))), None)


def _printed(browser: str, html: str) -> bytes:
    """By a headless browser with a profile of its own, which loads nothing but the page."""
    with tempfile.TemporaryDirectory() as folder:
        page, result = Path(folder, "report.html"), Path(folder, "report.pdf")
        page.write_text(html, encoding="utf-8")
        options = [
            "--headless",
            "--disable-gpu",
            "--disable-background-networking",
            "--no-first-run",
            "--no-pdf-header-footer",
            f"--user-data-dir={Path(folder, 'profile')}",
            f"--print-to-pdf={result}",
        ]
        if os.geteuid() == 0:
            options.append("--no-sandbox")  # Chromium refuses to start its sandbox as root
        try:
            subprocess.run(  # noqa: S603 (a browser the user has installed, on our own page)
                [browser, *options, page.as_uri()],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PATIENCE,
                check=True,
            )
            return result.read_bytes()
        except (OSError, subprocess.SubprocessError) as error:
            hint = "CHROME_PATH names another browser; or print keyproof.html yourself"
            raise OutputError(f"{browser} made no PDF: {type(error).__name__}", hint=hint) from None


_WITHOUT_PICTURES = "svg, .legend { display: none !important; } .dates { display: block !important; }"
"""WeasyPrint draws SVG without the page's style: bars that should be hollow would be full. The words say the same."""


def _set(html: str) -> bytes:
    """By WeasyPrint, which runs no script: of a large population the first rows, as the page says."""
    from weasyprint import CSS, HTML  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 (optional)

    printed: bytes = HTML(string=html).write_pdf(stylesheets=[CSS(string=_WITHOUT_PICTURES)])
    return printed
