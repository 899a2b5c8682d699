"""The same run gives the same bytes on another machine: another time zone, language, hash seed, home, folder and umask."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from keyproof.store import snapshot
from keyproof.store.ledger import Ledger
from keyproof.store.sqlite import SqliteDatabase
from keyproof.wiring.catalog import REPORTERS
from tests.fakes import assessments
from tests.fakes.recordings import recording, snapshot_of

CONFIGURATION = """\
version: 1
organisation: Larkfield Payments Ltd
frameworks: [soc2, pci-dss-4.0.1, iso27001-2022]
policies: [baseline, soc2, pci-dss-4.0.1, leaks]
environments: {production: ["*/production/*"], staging: ["*/staging/*"]}
"""
HERE = {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0", "COLUMNS": "80"}
ELSEWHERE: Mapping[str, Mapping[str, str]] = {
    "Kiritimati": {"TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "1", "COLUMNS": "20"},
    "a plain C locale": {"TZ": "America/St_Johns", "LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0",
                         "PYTHONCOERCECLOCALE": "0", "PYTHONHASHSEED": "4294967295", "NO_COLOR": "1", "CI": "1"},
}  # fmt: skip
OTHER_PYTHON = os.environ.get("KEYPROOF_OTHER_PYTHON", "")
"""An interpreter of another version that has keyproof installed."""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one recorded run of every outcome, and with the snapshot it judged."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "keyproof.yaml").write_text(CONFIGURATION, encoding="utf-8")
    golden = assessments.golden()
    ledger = Ledger(SqliteDatabase(folder / ".keyproof" / "runs.db"))
    ledger.save(recording(golden))
    ledger.close()
    (folder / "snapshot.json").write_text(snapshot.dump(snapshot_of(golden)), encoding="utf-8")
    return folder


def everything(
    project: Path, home: Path, environ: Mapping[str, str], *, python: str = sys.executable, umask: int = 0o022
) -> dict[str, bytes]:
    """What a machine like this makes of the recorded run, in every format, and of judging the snapshot anew."""
    home.mkdir()
    reports = [option for name in REPORTERS for option in ("--format", f"{name}={home / name}")]
    judged = ["--no-store", "--as-of", "2026-03-16T09:30:00Z", "--format", f"json={home / 'judged'}"]
    config = ["--config", str(project / "keyproof.yaml"), "--quiet"]
    for arguments in (
        ["report", "1", *config, *reports],
        ["evaluate", str(project / "snapshot.json"), *config, *judged],
    ):
        done = subprocess.run(
            [python, "-m", "keyproof", *arguments],
            cwd=home,
            env={"PATH": os.environ["PATH"], "HOME": str(home), "KEYPROOF_KEY": "k" * 40, **environ},
            umask=umask,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1, done.stderr
    made = {path.name: path.read_bytes() for path in home.iterdir() if path.is_file()}
    again = json.loads(made.pop("judged"))
    assert again["findings"]
    again["run"]["finished"] = ""  # when it was judged, which is another time each time
    return {**made, "judged": json.dumps(again).encode()}


@pytest.fixture(scope="module")
def here(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    found = everything(recorded, tmp_path_factory.mktemp("here") / "home", HERE)
    assert found.keys() == {*REPORTERS, "judged"}
    return found


@pytest.mark.parametrize("machine", ELSEWHERE)
def test_another_machine_gives_the_same_bytes(
    recorded: Path, here: dict[str, bytes], tmp_path: Path, machine: str
) -> None:
    there = everything(recorded, tmp_path / "heimat é", ELSEWHERE[machine], umask=0o077)
    assert there.keys() == here.keys()
    assert [name for name, content in there.items() if content != here[name]] == []


@pytest.mark.skipif(not OTHER_PYTHON, reason="KEYPROOF_OTHER_PYTHON names no other Python that has keyproof")
def test_another_python_gives_the_same_bytes(recorded: Path, here: dict[str, bytes], tmp_path: Path) -> None:
    there = everything(recorded, tmp_path / "home", HERE, python=OTHER_PYTHON)
    assert [name for name, content in there.items() if content != here[name]] == []
