"""What each format says about how the findings came out, read as its consumers read it."""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from io import StringIO
from typing import Any

from lxml import etree, html

Counts = Mapping[str, int]
"""State, as `overview.State` names it, → findings; states without any are left out."""


def from_json(text: str) -> Counts:
    """The findings one by one, which must agree with the summary beside them."""
    document = json.loads(text)
    found = Counter(
        "waived" if finding["waiver"] or finding["baseline"] else finding["outcome"]
        for finding in document["findings"]
    )
    summary = {state.replace("-", "_"): number for state, number in found.items()}
    stated = {name: document["summary"][name] for name in summary}
    assert stated == summary
    return found


def from_junit(text: str) -> Counts:
    """One case a finding; the cases of the suite `scopes` are no findings."""
    root = etree.fromstring(text.encode())
    return Counter(
        _junit(case) for suite in root if suite.get("name") != "scopes" for case in suite.iter("testcase")
    )


def _junit(case: Any) -> str:
    told = case.find("skipped")
    if told is None:
        return (
            "fail"
            if case.find("failure") is not None
            else "not-evaluated"
            if case.find("error") is not None
            else "pass"
        )
    words = {"accepted by": "waived", "attested": "manual", "does not apply": "not-applicable"}
    return next(state for start, state in words.items() if told.get("message").startswith(start))


def page_of(text: str) -> Any:
    """The parsed HTML report; lxml's types would ask what every path gives."""
    return html.document_fromstring(text.encode())


def from_html(text: str) -> Counts:
    """The rows themselves, which must agree with the numbers of the first screen."""
    page = page_of(text)
    found: Counter[str] = Counter(page.xpath("//section[@id='exceptions']//tbody/@data-outcome"))
    found["not-evaluated"] += len(page.xpath("//section[@id='scopes']//tbody[starts-with(@id, 'finding-')]"))
    for classes in page.xpath("//section[@id='population']//ul[@class='findings']/li/span[1]/@class"):
        state = classes.split()[-1]
        if state in {"pass", "manual", "not-applicable"}:
            found[state] += 1
    for item in page.xpath("//div[@id='verdict']//ul[@class='counts']/li"):
        assert int(item.xpath("string(.//b)").replace(",", "")) == found[item.get("class").split()[0]]
    return +found


def from_sarif(text: str) -> Counts:
    """The results, and for what is left out of them the counts of the run."""
    (run,) = json.loads(text)["runs"]
    found = Counter(
        "waived" if result["suppressions"] else result["properties"]["outcome"] for result in run["results"]
    )
    stated = run["properties"]["counts"]
    assert found == {state: stated[state] for state in found}
    return {state: number for state, number in stated.items() if number}


def from_csv(text: str) -> Counts:
    """One row a finding."""
    return Counter(row["result"] for row in csv.DictReader(StringIO(text)))


def from_text(text: str) -> Counts:
    """The sentence that counts them."""
    words = {
        "failing": "fail", "accepted": "waived", "not evaluated": "not-evaluated", "attested": "manual",
        "without exception": "pass", "not applicable": "not-applicable",
    }  # fmt: skip
    sentence = re.search(r"findings?: (.*?)\.\s", " ".join(text.split()) + " ")
    told = re.findall(r"([\d,]+) (" + "|".join(words) + ")", sentence[1]) if sentence else []
    return {words[word]: int(number.replace(",", "")) for number, word in told}


READERS: Mapping[str, Callable[[str], Counts]] = {
    "csv": from_csv,
    "html": from_html,
    "json": from_json,
    "junit": from_junit,
    "sarif": from_sarif,
    "text": from_text,
}
