"""How large the HTML report is, how long it takes to write, and how long a browser takes to show and to search it.

    python benchmarks/report.py [SECRETS …]

Three findings a secret, about one in nine of them a failure; times are of one run on the machine at hand.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright
from tests.fakes import assessments

from keyproof.reporters.html import HtmlReporter

_SIZES = (500, 10_000, 100_000)
_QUIET = ["--no-sandbox", "--disable-gpu"]


def main(sizes: list[int]) -> None:
    """Print one line a size."""
    print(f"{'secrets':>9} {'findings':>9} {'MB':>7} {'write s':>8} {'open s':>7} {'search s':>9}")
    for size in sizes:
        assessment = assessments.big(size)
        started = time.perf_counter()
        text = HtmlReporter().render(assessment)
        written = time.perf_counter() - started
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "keyproof.html")
            path.write_text(text, encoding="utf-8")
            opened, searched = _in_browser(path, f"service-{size - 1:04d}")
            megabytes = path.stat().st_size / 1e6
        print(
            f"{size:>9,} {len(assessment.findings):>9,} {megabytes:>7.2f} {written:>8.2f} {opened:>7} {searched:>9}"
        )


def _in_browser(path: Path, name: str) -> tuple[str, str]:
    """Seconds until the page is there, and until a search has found `name`; without a browser nothing."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        return "-", "-"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_QUIET)
        page = browser.new_page()
        started = time.perf_counter()
        page.goto(path.as_uri(), timeout=300_000)
        opened = time.perf_counter() - started
        started = time.perf_counter()
        population = page.locator("#population")
        population.get_by_label("Search").fill(name)
        population.get_by_text(name).first.wait_for(timeout=300_000)
        page.wait_for_function("document.querySelectorAll('#population tbody').length === 1", timeout=300_000)
        searched = time.perf_counter() - started
        browser.close()
    return f"{opened:.2f}", f"{searched:.2f}"


if __name__ == "__main__":
    main([int(given) for given in sys.argv[1:]] or list(_SIZES))
