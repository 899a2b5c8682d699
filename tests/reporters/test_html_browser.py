"""The HTML report in a real browser, without a network."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from keyproof.domain.verdict import Outcome
from keyproof.reporters.html import HtmlReporter
from tests.fakes import assessments
from tests.reporters.test_every_reporter import HOSTILE, hostile

pytestmark = pytest.mark.browser


class Opened:
    """A page with everything it complained of and asked for."""

    def __init__(self, browser: Browser, path: Path, *, script: bool = True, fragment: str = "") -> None:
        self.context = browser.new_context(
            java_script_enabled=script, offline=True, viewport={"width": 1440, "height": 900}
        )
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri() + fragment)

    def shown(self, section: str) -> int:
        return self.page.locator(f"#{section} table[data-grid] tbody").count()


@pytest.fixture
def opened(browser: Browser, report: Path) -> Iterator[Opened]:
    one = Opened(browser, report)
    yield one
    one.context.close()


def test_it_opens_offline_without_a_complaint(opened: Opened, report: Path) -> None:
    assert opened.complaints == []
    assert opened.requests == [report.as_uri()]


def test_filters_narrow_the_population_and_give_it_back(opened: Opened) -> None:
    everything = opened.shown("population")
    population = opened.page.locator("#population")
    population.get_by_label("Result").select_option("not-evaluated")
    expect(population.locator("output")).to_have_text("3 of 23 subjects")
    assert opened.shown("population") == 3
    population.get_by_label("Search").fill("redis")
    expect(population.locator("output")).to_have_text("1 of 23 subjects")
    assert opened.shown("population") == 1
    population.get_by_role("button", name="Show all").click()
    assert opened.shown("population") == everything == len(assessments.golden().subjects)


def test_a_group_without_a_match_disappears(opened: Opened) -> None:
    opened.page.locator("#exceptions").get_by_label("Framework").select_option("soc2")
    opened.page.locator("#exceptions").get_by_label("Search").fill("legacy-ftp")
    expect(opened.page.locator("#exceptions .rule:not([hidden])")).to_have_count(2)


def test_sorting_follows_the_column(opened: Opened) -> None:
    names = opened.page.locator("#population tbody tr:first-child td:nth-child(2)")
    before = names.all_text_contents()
    head = opened.page.locator("#population").get_by_role("button", name="Subject")
    head.click()
    assert opened.page.locator("#population th[aria-sort=ascending]").count() == 1
    assert names.all_text_contents() != before
    head.click()
    head.click()
    assert names.all_text_contents() == before


def test_a_number_leads_to_its_rows(opened: Opened) -> None:
    opened.page.locator("#verdict .counts .manual a").click()
    assert opened.shown("population") == 1
    assert opened.page.url.endswith("#population")


def test_a_deep_link_opens_its_row(browser: Browser, report: Path) -> None:
    golden = assessments.golden()
    finding = next(
        f for f in golden.findings if f.rule == "owner-stated" and f.subject == assessments.LONG.id
    )
    one = Opened(browser, report, fragment=f"#finding-{finding.id}")
    target = one.page.locator(f"#finding-{finding.id}")
    assert target.is_visible()
    one.context.close()


def test_without_scripts_everything_is_there(browser: Browser, report: Path) -> None:
    one = Opened(browser, report, script=False)
    golden = assessments.golden()
    assert one.page.locator(".filters").count() == 0
    rows = one.page.locator("#population tbody")
    assert rows.count() == len(golden.subjects)
    for row in rows.all():
        row.scroll_into_view_if_needed()
        assert row.is_visible()
    one.page.locator("#population details summary").first.click()
    assert one.page.locator("#population details .findings").first.is_visible()
    one.context.close()


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_no_page_scrolls_sideways(opened: Opened, width: int) -> None:
    opened.page.set_viewport_size({"width": width, "height": 900})
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_many_rows_stay_usable(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "big.html"
    path.write_text(HtmlReporter().render(assessments.big(2_000)), encoding="utf-8")
    one = Opened(browser, path)
    population = one.page.locator("#population")
    assert one.shown("population") == 50
    assert "Rows 1 to 50 of 2,000" in population.locator(".pager").inner_text()
    population.get_by_role("button", name="Next").click()
    assert "Rows 51 to 100 of 2,000" in population.locator(".pager").inner_text()
    population.get_by_label("Search").fill("service-0042")
    expect(population.locator("output")).to_have_text("1 of 2,000 subjects")
    assert one.shown("population") == 1
    assert one.complaints == []
    one.context.close()


TEXTS = """() => [...document.querySelectorAll('table[data-grid]')].map(
  (table) => [...table.tBodies].map((body) => [body.id, body.textContent.replace(/\\s+/g, ' ').trim()]))"""
PICTURES = "() => [...document.querySelectorAll('table[data-grid] .age-bar')].map((svg) => svg.outerHTML)"


def test_the_script_shows_what_stands_there_without_it(browser: Browser, report: Path) -> None:
    scripted, plain = Opened(browser, report), Opened(browser, report, script=False)
    for page in (scripted.page, plain.page):
        page.wait_for_load_state()
    with_script, without = (one.page.evaluate(TEXTS) for one in (scripted, plain))
    for left, right in zip(with_script, without, strict=True):
        assert [(key, "".join(text.split())) for key, text in left] == [
            (key, "".join(text.split())) for key, text in right
        ]
    assert scripted.page.evaluate(PICTURES) == plain.page.evaluate(PICTURES)
    scripted.context.close()
    plain.context.close()


def test_a_link_turns_to_the_window_that_holds_its_row(browser: Browser, tmp_path: Path) -> None:
    whole = assessments.big(400)
    path = tmp_path / "report.html"
    path.write_text(HtmlReporter().render(whole), encoding="utf-8")
    finding = next(f for f in reversed(whole.findings) if f.outcome is Outcome.PASS)
    one = Opened(browser, path, fragment=f"#finding-{finding.id}")
    expect(one.page.locator(f"#finding-{finding.id}")).to_be_visible()
    one.context.close()


def test_paper_holds_more_than_the_window(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(HtmlReporter().render(assessments.big(400)), encoding="utf-8")
    one = Opened(browser, path)
    one.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert one.shown("population") == 400
    one.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert one.shown("population") == 50
    one.context.close()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_stay_text_when_the_script_shows_them(
    browser: Browser, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "report.html"
    path.write_text(HtmlReporter().render(hostile(assessments.golden(), text)), encoding="utf-8")
    one = Opened(browser, path)
    one.page.evaluate("for (const box of document.querySelectorAll('details')) box.open = true")
    assert one.complaints == []
    assert one.requests == [path.as_uri()]
    assert one.page.locator("script").count() == 2
    assert one.page.locator("img, iframe, object, embed, form, main a:not([href^='#'])").count() == 0
    assert one.shown("population") == len(assessments.golden().subjects)
    one.context.close()
