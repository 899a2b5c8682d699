"""WCAG 2.2 AA of the HTML reports by axe-core, in light and dark, with the script and without."""

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser

from keyproof.reporters.html import HtmlReporter
from tests.fakes import assessments

pytestmark = pytest.mark.browser
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def violations(browser: Browser, path: Path, **context: Any) -> list[str]:
    opened = browser.new_context(offline=True, bypass_csp=True, **context)
    page = opened.new_page()
    page.goto(path.as_uri())
    page.evaluate("for (const box of document.querySelectorAll('details')) box.open = true")
    found = Axe().run(page, options=RULES).response["violations"]
    opened.close()
    return [
        f"{one['id']}: {node['target']} {node['html'][:160]}" for one in found for node in one["nodes"][:3]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_everything_is_accessible(browser: Browser, report: Path, scheme: str, width: int) -> None:
    found = violations(browser, report, color_scheme=scheme, viewport={"width": width, "height": 900})
    assert found == []


def test_windows_are_accessible(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(HtmlReporter().render(assessments.big(400)), encoding="utf-8")
    assert violations(browser, path) == []
