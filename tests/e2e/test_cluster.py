"""`keyproof scan --executor dask` gives what a scan here gives, gaps included."""

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import Run

pytestmark = pytest.mark.server
CONFIGURATION = """\
version: 1
organisation: Example Ltd
policies: [baseline]
sources:
  - {id: table, kind: inventory, path: secrets.csv}
  - {id: files, kind: dotenv, path: service}
  - {id: bao, kind: vault, address: "http://127.0.0.1:1"}
store: "off"
"""


def test_a_cluster_gives_what_this_process_gives(keyproof: Run, tmp_path: Path) -> None:
    (tmp_path / "keyproof.yaml").write_text(CONFIGURATION, encoding="utf-8")
    rows = "".join(f"Key {number},2025-0{number}-01\n" for number in range(1, 10))
    (tmp_path / "secrets.csv").write_text(f"Secret,Last Rotated\n{rows}", encoding="utf-8")
    (tmp_path / "service").mkdir()
    (tmp_path / "service/.env").write_text("API_KEY=x\n", encoding="utf-8")
    arguments = ("scan", "--as-of", "2025-10-05", "--format", "json", "-q")
    here = keyproof(*arguments, cwd=tmp_path, VAULT_TOKEN="t")
    there = keyproof(*arguments, "--executor", "dask", "--jobs", "2", cwd=tmp_path, VAULT_TOKEN="t")
    assert (here.returncode, there.returncode) == (1, 1), there.stderr
    ours, theirs = json.loads(here.stdout), json.loads(there.stdout)
    assert {scope["status"] for scope in theirs["scopes"]} == {"ok", "unreachable"}
    for part in ("sources", "scopes", "subjects", "findings", "summary"):
        assert theirs[part] == ours[part], part


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "scheduler"])
def test_a_scheduler_that_does_not_answer_is_named(keyproof: Run, tmp_path: Path, address: str) -> None:
    (tmp_path / "keyproof.yaml").write_text(CONFIGURATION, encoding="utf-8")
    environ = {"DASK_SCHEDULER_ADDRESS": address, "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s"}
    refused = keyproof("scan", "--executor", "dask", "-q", cwd=tmp_path, **environ)
    assert refused.returncode == 2
    assert f"no scheduler answers at {address}" in refused.stderr
    assert "next: check DASK_SCHEDULER_ADDRESS" in refused.stderr
