"""`keyproof waiver add`, and one waiver as the gate and every report see it."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from keyproof.policy.waivers import check_entry
from tests.cli.conftest import POLICY, TABLE, Keyproof
from tests.reporters.reading import READERS, page_of, read

ADD = (
    "waiver", "add", "waivers.yaml", "--id", "db-freeze", "--rule", "age", "--select", "name=*database*",
    "--reason", 'The "old" host: ends # soon', "--requested-by", "Ana", "--approved-by", "Ben",
    "--from", "2025-12-01", "--until", "2025-12-20",
)  # fmt: skip
HEAD = "apiVersion: keyproof/v1\nkind: Waivers\n"
ENTRY = "{id: a, rule: age, select: {name: x}, reason: r, requested-by: A, approved-by: [B], from: 2025-12-01, until: 2025-12-02}"


def configured(project: Path, severity: str = "high") -> None:
    """Two passwords overdue, one waived."""
    config = project / "keyproof.yaml"
    config.write_text(config.read_text("utf-8") + "waivers: [waivers.yaml]\n", encoding="utf-8")
    policy = POLICY.replace("with: {period: 90d}", f"with: {{period: 90d}}, severity: {severity}")
    (project / "policy.yaml").write_text(policy.replace("*password*", "*database*"), encoding="utf-8")


def test_a_new_file_is_made(project: Path, keyproof: Keyproof) -> None:
    result = keyproof(*ADD)
    assert (result.code, result.out) == (
        0,
        "waivers.yaml: added db-freeze, in force from 2025-12-01 to 2025-12-20\n",
    )
    configured(project)
    assert keyproof("waiver", "list", "--as-of", "2025-12-10").out.startswith("db-freeze")


@pytest.mark.parametrize(
    "body",
    [
        f"# ours\nwaivers:\n  # the first\n  - {ENTRY}  # kept\n# the end",
        f"waivers:\n- {ENTRY}\n\n\n",
        f"waivers:\n    -   {ENTRY}\n",
        "waivers: []  # none yet\n",
        "waivers: []\n",
    ],
)
def test_what_stands_there_stays(project: Path, keyproof: Keyproof, body: str) -> None:
    path = project / "waivers.yaml"
    path.write_text(HEAD + body, encoding="utf-8")
    result = keyproof(*ADD)
    assert (result.code, result.err) == (0, "")
    text = path.read_text("utf-8")
    check_entry(text, path=path)
    assert text.startswith(HEAD + body.replace(" []", "").rstrip("\n"))
    assert text.count("id:") == body.count("id:") + 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (f"waivers: [{ENTRY}]\n", "nothing can be added at its end"),
        (f"waivers:\n  - {ENTRY}\nquorum: {{critical: 3}}\n", "nothing can be added at its end"),
        (f"waivers:\n  - {ENTRY.replace('id: a', 'id: db-freeze')}\n", "stands twice"),
        ("- 1\n", "is not"),
        ("waivers: [\n", "is not YAML"),
    ],
)
def test_what_cannot_be_added_to_is_left_alone(
    project: Path, keyproof: Keyproof, body: str, words: str
) -> None:
    path = project / "waivers.yaml"
    path.write_text(HEAD + body, encoding="utf-8")
    result = keyproof(*ADD)
    assert result.code == 2
    assert words in result.err
    assert "waivers.yaml:" in result.err
    assert path.read_text("utf-8") == HEAD + body


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (("--approved-by", "ana"), "approves what"),
        (("--until", "2026-12-20"), "longer than any failure may be waived"),
        (("--until", "2025-11-20"), "before it begins"),
        (("--until", "soon"), "a date is written"),
        (("--control", "soc2:CC6.1"), "exactly one of 'rule' and 'control'"),
        (("--select", "name"), "is not KEY=GLOB"),
        (("--select", "nam=x"), "did you mean 'name'?"),
        (("--fingerprint", "0123456789abcdef"), "exactly one of 'select' and 'fingerprint'"),
    ],
)
def test_nothing_invalid_is_written(
    project: Path, keyproof: Keyproof, changes: Sequence[str], words: str
) -> None:
    result = keyproof(*ADD, *changes)
    assert (result.code, words in result.err) == (2, True), result.err
    assert not (project / "waivers.yaml").exists()


@pytest.mark.parametrize(
    ("day", "severity", "approvers", "state", "said"),
    [
        ("2025-11-30", "high", 1, "pending", "begins in 1 day, on 2025-12-01"),
        ("2025-12-01", "high", 1, "active", ""),
        ("2025-12-20", "high", 1, "expiring", "ends today, on 2025-12-20"),
        ("2025-12-21", "high", 1, "expired", "ended on 2025-12-20, 1 day ago"),
        ("2025-12-05", "critical", 1, "malformed", "a critical failure needs 2 approvers, and it has 1"),
        ("2025-12-05", "critical", 2, "active", ""),
        ("2025-12-05", "long", 1, "malformed", "a high failure is accepted for 10d at most"),
        ("2025-12-05", "in-order", 1, "unused", "is not needed"),
    ],
)
def test_gate_and_every_report_agree_on_a_waiver(
    project: Path, keyproof: Keyproof, day: str, severity: str, approvers: int, state: str, said: str
) -> None:
    configured(project, severity if severity in {"critical", "high"} else "high")
    if severity == "long":
        (project / "waivers.yaml").write_text(HEAD + "longest: {high: 10d}\nwaivers: []\n", encoding="utf-8")
    if severity == "in-order":
        (project / "secrets.md").write_text(TABLE.replace("2025-07-01", "2025-12-01"), encoding="utf-8")
    assert keyproof(*ADD, *(("--approved-by", "Cleo") if approvers > 1 else ())).code == 0
    result = keyproof(
        "scan", "--as-of", day, "--no-progress", "--rule", "age",
        *(f"--format={name}={name}" for name in READERS),
    )  # fmt: skip
    texts = {name: (project / name).read_bytes().decode() for name in READERS}
    expected = "pass" if state == "unused" else "waived" if state in {"active", "expiring"} else "fail"
    assert result.code == int(expected == "fail")
    for name in READERS:
        found, held = read(name, texts[name], expected={expected: 1})
        assert found == held, name
    report = json.loads(texts["json"])
    (waiver,), (finding,) = report["waivers"], report["findings"]
    assert (waiver["state"], bool(waiver["findings"])) == (state, expected == "waived")
    assert (finding["waiver"] == "db-freeze") is (expected == "waived")
    page = page_of(texts["html"])
    row = page.get_element_by_id("waiver-db-freeze")
    told = " ".join(row.xpath("string(.//td[@data-label='State'])").split())
    assert row.get("data-state") == state
    assert told.startswith(state)
    assert said in told
    accepts = row.xpath(".//td[@data-label='Accepts']/a/@href")
    assert accepts == ([f"#finding-{finding['id']}"] if expected == "waived" else [])
    by = page.xpath("//section[@id='exceptions']//p[@class='accepted']/a/@href")
    assert by == (["#waiver-db-freeze"] if expected == "waived" else [])
    assert state == "pending" or said in " ".join(texts["text"].split())
    for name in ("junit", "sarif", "ocsf", "oscal"):
        assert ("db-freeze" in texts[name]) is (expected == "waived"), name


def test_a_waiver_that_may_not_accept_says_why(project: Path, keyproof: Keyproof) -> None:
    configured(project, "critical")
    assert keyproof(*ADD).code == 0
    out = " ".join(keyproof("scan", "--as-of", "2025-12-05", "--no-progress").out.split())
    assert "Waivers to look after (1)" in out
    assert "a critical failure needs 2 approvers, and it has 1" in out


def test_a_file_may_ask_for_more_or_less(project: Path, keyproof: Keyproof) -> None:
    configured(project, "critical")
    (project / "waivers.yaml").write_text(
        HEAD + "quorum: {critical: 1}\nlongest: {critical: 10d}\nwaivers: []\n", encoding="utf-8"
    )
    assert keyproof(*ADD).code == 0
    scan = ("scan", "--as-of", "2025-12-05", "--no-progress")
    refused = keyproof(*scan)
    assert (refused.code, "accepted for 10d at most" in " ".join(refused.out.split())) == (1, True)
    path = project / "waivers.yaml"
    path.write_text(path.read_text("utf-8").replace("critical: 10d", "critical: 19d"), encoding="utf-8")
    assert keyproof(*scan).code == 0


@pytest.mark.parametrize(
    "head",
    ["quorum: {critical: 0}", "quorum: {worst: 1}", "longest: {low: on compromise}", "quorum: {low: '2'}"],
)
def test_malformed_limits_are_refused_with_their_line(project: Path, keyproof: Keyproof, head: str) -> None:
    configured(project)
    (project / "waivers.yaml").write_text(f"{HEAD}{head}\nwaivers: []\n", encoding="utf-8")
    result = keyproof("scan", "--no-progress")
    assert (result.code, "waivers.yaml:3:" in result.err) == (2, True), result.err


def test_a_quorum_for_every_failure_is_asked_of_every_waiver(project: Path, keyproof: Keyproof) -> None:
    configured(project)
    quorum = "quorum: {critical: 2, high: 2, medium: 2, low: 2}\n"
    (project / "waivers.yaml").write_text(f"{HEAD}{quorum}waivers:\n  - {ENTRY}\n", encoding="utf-8")
    result = keyproof("scan", "--no-progress")
    assert (result.code, "every failure needs 2" in result.err) == (2, True)
