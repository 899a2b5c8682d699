"""A small project without any server, and the program run in this process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from keyproof.cli.main import invoke

CONFIGURATION = """\
version: 1
organisation: Example Ltd
policies: [./policy.yaml]
sources: [{id: table, kind: inventory, path: secrets.md}]
"""
POLICY = """\
apiVersion: keyproof/v1
kind: PolicyPack
metadata: {id: house, title: House, version: 1.0.0, owner: Security, reviewed: 2025-09-01, review-every: quarterly}
rules:
  - {id: age, title: Passwords rotate every 90 days, check: max-age, select: {name: "*password*"}, with: {period: 90d}}
"""
TABLE = """\
| Secret | Last Rotated | Owner |
|---|---|---|
| Database Password | 2025-07-01 | DBA |
| Redis Password | 2025-09-01 | DevOps |
"""


@dataclass(frozen=True)
class Result:
    """What a person sees."""

    code: int
    out: str
    err: str


Keyproof = Callable[..., Result]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with keyproof.yaml, a policy and an inventory; the current folder of the test."""
    (tmp_path / "keyproof.yaml").write_text(CONFIGURATION, encoding="utf-8")
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "secrets.md").write_text(TABLE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEYPROOF_KEY", "a key of the test suite, long enough to be one")
    return tmp_path


@pytest.fixture
def keyproof(capfd: pytest.CaptureFixture[str]) -> Keyproof:
    """Run one command line."""

    def run(*arguments: str) -> Result:
        capfd.readouterr()
        code = invoke(list(arguments))
        out, err = capfd.readouterr()
        return Result(code, out, err)

    return run
