"""Reports of other scanners: their places are read, their secrets are not."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.domain.foreign import ForeignFinding
from keyproof.errors import ConfigError
from keyproof.leaks.foreign_report import TOOLS, read_report

SECRET = "the value itself"
COMMIT = "c0ffee" * 6 + "c0ff"
GITLEAKS = json.dumps(
    [
        {"RuleID": "aws-access-token", "StartLine": 3, "EndLine": 3, "File": "src/a.py", "Commit": COMMIT, "Secret": SECRET, "Match": SECRET},
        {"RuleID": "aws-access-token", "StartLine": 3, "EndLine": 3, "File": "src/a.py", "Commit": COMMIT, "Secret": SECRET, "Match": SECRET},
        {"RuleID": "generic-api-key", "StartLine": 1, "EndLine": 2, "File": "b.py", "Secret": SECRET},
    ]
)  # fmt: skip
TRUFFLEHOG = "\n".join(
    json.dumps(one)
    for one in (
        {"level": "info-0", "msg": "running source"},
        {"SourceMetadata": {"Data": {"Git": {"commit": COMMIT, "file": "src/a.py", "line": 3}}}, "DetectorName": "AWS", "Raw": SECRET},
        {"SourceMetadata": {"Data": {"Filesystem": {"file": "ROOT/b.py"}}}, "DetectorName": "Custom", "Raw": SECRET},
    )
)  # fmt: skip
DETECT_SECRETS = json.dumps(
    {"version": "1.5.0", "results": {"src/a.py": [{"type": "AWS Access Key", "line_number": 3, "hashed_secret": "x"}]}}
)  # fmt: skip
SARIF = json.dumps(
    {
        "runs": [
            {
                "results": [
                    {
                        "ruleId": "aws",
                        "message": {"text": SECRET},
                        "partialFingerprints": {"commitSha": COMMIT},
                        "locations": [
                            {"physicalLocation": {"artifactLocation": {"uri": "src/a%20b.py"}, "region": {"startLine": 3}}}
                        ],
                    },
                    {"ruleId": "aws", "locations": [{"physicalLocation": {"artifactLocation": {"uri": "file:///ROOT/b.py"}}}]},
                ]
            }
        ]
    }
)  # fmt: skip
A = {"path": "src/a.py", "line": 3, "commit": COMMIT}


def place(**given: Any) -> ForeignFinding:
    return ForeignFinding(**given)


@pytest.mark.parametrize(
    ("tool", "text", "expected"),
    [
        ("gitleaks", GITLEAKS, [place(path="b.py", line=1, rule="generic-api-key"), place(**A, rule="aws-access-token")]),
        ("gitleaks", "null", []),
        ("trufflehog", TRUFFLEHOG, [place(path="b.py", line=0, rule="Custom"), place(**A, rule="AWS")]),
        ("trufflehog", "", []),
        ("detect-secrets", DETECT_SECRETS, [place(path="src/a.py", line=3, rule="AWS Access Key")]),
        ("sarif", SARIF, [place(path="b.py", line=0, rule="aws"), place(path="src/a b.py", line=3, commit=COMMIT, rule="aws")]),
    ],
)  # fmt: skip
def test_places_are_read(tmp_path: Path, tool: str, text: str, expected: list[ForeignFinding]) -> None:
    (tmp_path / "report").write_text(
        text.replace("ROOT", str(tmp_path).lstrip("/") if "file:///" in text else str(tmp_path))
    )
    found = read_report(tool, tmp_path / "report", root=tmp_path)
    assert list(found) == expected
    assert SECRET not in repr(found)


def test_every_tool_is_tried() -> None:
    assert set(TOOLS) == {"gitleaks", "trufflehog", "detect-secrets", "sarif"}


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("text", ["{", "[1]", '{"a": 1}', '[{"Secret": "the value itself"}]', "nothing"])
def test_another_file_is_refused_without_quoting_it(tmp_path: Path, tool: str, text: str) -> None:
    (tmp_path / "report").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_report(tool, tmp_path / "report", root=tmp_path)
    assert f"is no report of {tool}" in str(caught.value.problems[0])
    assert "the value" not in str(caught.value.problems[0])


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_report("gitleaks", tmp_path / "none.json", root=tmp_path)
    assert "No such file" in str(caught.value.problems[0])


@given(text=st.text())
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("report")
    (folder / "report").write_text(text.encode("utf-8", "replace").decode(), encoding="utf-8")
    for tool in TOOLS:
        try:
            found = read_report(tool, folder / "report", root=folder)
        except ConfigError:
            continue
        assert found == ()
