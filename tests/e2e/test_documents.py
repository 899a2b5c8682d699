"""The first organisation's own document as it is, judged on a day between its rotations."""

import json
import os
from pathlib import Path

import pytest

from tests.e2e.conftest import Run

FOLDER = Path(os.environ.get("KEYPROOF_SEEDS", Path(__file__).parents[3] / "shared" / "seeds"))


@pytest.mark.seeds
def test_the_tracking_table_of_the_first_organisation(keyproof: Run, tmp_path: Path) -> None:
    documents = sorted(FOLDER.glob("000_*.txt")) if FOLDER.is_dir() else []
    if not documents:
        pytest.skip(f"the source documents are not in {FOLDER}; name their folder in KEYPROOF_SEEDS")
    (tmp_path / "secrets.md").write_bytes(documents[0].read_bytes())
    (tmp_path / "keyproof.yaml").write_text(
        "version: 1\norganisation: Content Platform\npolicies: [content-platform]\n"
        "sources: [{id: table, kind: inventory, path: secrets.md, environment: production}]\n",
        encoding="utf-8",
    )
    done = keyproof("scan", "--as-of", "2025-10-05", "--format", "json", "-q")
    assert done.returncode == 1, done.stderr
    findings = json.loads(done.stdout)["findings"]
    ages = {
        finding["subject"].partition("#")[2].replace("%20", " "): finding
        for finding in findings
        if finding["check"] == "max-age" and finding["due"]
    }
    database, jwt = ages["Database Password"], ages["JWT Secret"]
    assert (database["outcome"], database["due"], database["days_overdue"]) == ("fail", "2025-09-29", 6)
    assert (jwt["outcome"], jwt["due"], jwt["days_overdue"]) == ("pass", "2025-11-28", 0)
    drift = {
        finding["subject"].partition("#")[2].replace("%20", " "): finding["reason"]
        for finding in findings
        if finding["check"] == "inventory-drift" and finding["outcome"] == "fail"
    }
    stated_and_due = {
        "Google Service Account": ("2025-12-15", "2025-12-14"),
        "Notion API Key": ("2025-12-01", "2025-11-30"),
        "OpenAI API Key": ("2025-11-10", "2025-11-09"),
        "CRM API Key": ("2025-11-20", "2025-11-18"),
        "Platform API Key": ("2025-11-20", "2025-11-18"),
        "Database Password": ("2025-10-01", "2025-09-29"),
        "JWT Secret": ("2026-06-01", "2025-11-28"),
    }
    for name, (stated, due) in stated_and_due.items():
        assert stated in drift[name], name
        assert due in drift[name], name
    assert "180 days" in drift["JWT Secret"]
