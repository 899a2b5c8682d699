"""What each format says about how the findings came out, read as its consumers read it."""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from io import StringIO
from typing import Any

from lxml import etree, html
from markdown_it import MarkdownIt
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as exposition

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
    return html.document_fromstring(text.encode(), parser=html.HTMLParser(encoding="utf-8"))


def from_html(text: str) -> Counts:
    """What the script shows, which must agree with the rows that stand there without it and with the first screen."""
    page = page_of(text)
    data = json.loads(page.xpath("string(//script[@id='data'])"))
    found = Counter(data["states"][state][0] for state in data["findings"]["state"])
    if not page.xpath("//*[@class='unscripted']"):
        assert _standing(page) == found
    for item in page.xpath("//div[@id='verdict']//ul[@class='counts']/li"):
        assert int(item.xpath("string(.//b)").replace(",", "")) == found[item.get("class").split()[0]]
    return +found


def _standing(page: Any) -> Counts:
    rows = page.xpath("//section[@id='exceptions']//tbody/tr[1]/td[1]/span/@class")
    found = Counter(classes.split()[-1] for classes in rows)
    found["not-evaluated"] += len(page.xpath("//section[@id='scopes']//tbody[starts-with(@id, 'finding-')]"))
    for classes in page.xpath("//section[@id='population']//ul[@class='findings']/li/span[1]/@class"):
        state = classes.split()[-1]
        if state in {"pass", "manual", "not-applicable"}:
            found[state] += 1
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
    sentence = re.search(r"findings?: (.*?)\.\s", " ".join(text.split()) + " ")
    return from_sentence(sentence[1]) if sentence else {}


def from_jsonl(text: str) -> Counts:
    """The lines of findings, which must agree with the summary on the last line."""
    lines = [json.loads(line) for line in text.splitlines()]
    assert [lines[0]["type"], lines[-1]["type"]] == ["run", "summary"]
    findings = [line for line in lines if line["type"] == "finding"]
    return from_json(json.dumps({"findings": findings, "summary": lines[-1]}))


def from_markdown(text: str) -> Counts:
    """The first table, read as a page shows it."""
    (table, *_) = page_of(MarkdownIt("gfm-like", {"linkify": False}).render(text)).xpath("//table")
    words = {
        "Failing": "fail", "Accepted": "waived", "Not evaluated": "not-evaluated", "Attested": "manual",
        "Without exception": "pass", "Not applicable": "not-applicable",
    }  # fmt: skip
    rows = [[cell.text_content() for cell in row.iter("td")] for row in table.xpath(".//tbody/tr")]
    return +Counter({words[name]: int(number.replace(",", "")) for name, number in rows})


def from_sentence(text: str) -> Counts:
    """A phrase such as `10 failing, 3 accepted`."""
    words = {
        "failing": "fail", "accepted": "waived", "not evaluated": "not-evaluated", "attested": "manual",
        "without exception": "pass", "not applicable": "not-applicable",
    }  # fmt: skip
    told = re.findall(r"([\d,]+) (" + "|".join(words) + r")\b", text)
    return {words[word]: int(number.replace(",", "")) for number, word in told}


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Level, properties and message of every workflow command, read as the runner reads them."""
    found = []
    for line in text.splitlines():
        head = re.fullmatch(r"::(\w+)(?: (.*?))?::(.*)", line)
        assert head, line
        given = dict(pair.split("=", 1) for pair in (head[2] or "").split(",") if pair)
        decoded = {
            name: _decoded(value.replace("%3A", ":").replace("%2C", ",")) for name, value in given.items()
        }
        found.append((head[1], decoded, _decoded(head[3])))
    return found


def _decoded(text: str) -> str:
    return text.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")


def from_github(text: str) -> Counts:
    """The commands of failures and open questions, which must agree with the last one."""
    found = commands(text)
    stated = from_sentence(found[-1][2].partition("Findings: ")[2])
    assert stated.get("fail", 0) == sum("file" in given for _, given, _ in found)
    unjudged = sum(given["title"].startswith("Not evaluated") for _, given, _ in found)
    assert stated.get("not-evaluated", 0) == unjudged
    return stated


def from_gitlab(text: str) -> Counts:
    """The message that counts what the format cannot hold."""
    return from_sentence(json.loads(text)["scan"]["messages"][0]["value"])


def from_gitlab_code_quality(text: str) -> Counts:
    """Failures and open questions; the format knows nothing else."""
    return Counter("not-evaluated" if entry["severity"] == "info" else "fail" for entry in json.loads(text))


def from_prometheus(text: str) -> Counts:
    """The gauge of findings, read by Prometheus' own client in both formats."""
    older, newer = (
        {sample.labels["state"]: int(sample.value) for family in read(text) for sample in family.samples if sample.name == "keyproof_findings"}
        for read in (exposition, openmetrics)
    )  # fmt: skip
    assert older == newer
    return +Counter(older)


def from_ocsf(text: str) -> Counts:
    """The statuses of the events, which must agree with the result they state."""
    found: Counter[str] = Counter()
    compliance = {
        "Pass": "pass",
        "Fail": "fail",
        "Warning": "not-evaluated",
        "Attested": "manual",
        "Not Applicable": "not-applicable",
    }
    for event in json.loads(text):
        state = "waived" if event["status"] == "Suppressed" else compliance[event["compliance"]["status"]]
        assert state == event["unmapped"]["result"]
        found[state] += 1
    return found


def from_oscal(text: str) -> Counts:
    """The observations, which must agree with the counts of the result and with the accepted risks."""
    (result,) = json.loads(text)["assessment-results"]["results"]
    found = Counter(_props(one)["result"] for one in result.get("observations", ()))
    del found["gap"]
    stated = _props(result)
    assert {state: int(stated[f"findings-{state}"]) for state in found} == found
    assert found["waived"] == len(result.get("risks", ()))
    return +found


def _props(part: Any) -> dict[str, str]:
    return {prop["name"]: prop["value"] for prop in part.get("props", ())}


READERS: Mapping[str, Callable[[str], Counts]] = {
    "csv": from_csv,
    "github": from_github,
    "gitlab": from_gitlab,
    "gitlab-code-quality": from_gitlab_code_quality,
    "html": from_html,
    "json": from_json,
    "jsonl": from_jsonl,
    "junit": from_junit,
    "markdown": from_markdown,
    "ocsf": from_ocsf,
    "oscal": from_oscal,
    "prometheus": from_prometheus,
    "sarif": from_sarif,
    "sarif-github": from_sarif,
    "text": from_text,
}
HOLDS: Mapping[str, set[str]] = {"gitlab-code-quality": {"fail", "not-evaluated"}}
"""Format → the states it can say anything about, where that is not all of them."""


def read(name: str, text: str, *, expected: Counts) -> tuple[Counts, Counts]:
    """What the format `name` says, and what of `expected` it can say."""
    held = HOLDS.get(name, set(expected))
    return dict(READERS[name](text)), {state: number for state, number in expected.items() if state in held}
