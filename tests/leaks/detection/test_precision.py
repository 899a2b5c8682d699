"""On real text nothing is called a secret that is none: the source documents, and this repository."""

import os
import subprocess
from pathlib import Path

import pytest

from keyproof.domain.leak import LeakConfidence
from keyproof.leaks.detection import allow
from keyproof.leaks.detection.scanner import Scanner

_SURE = {LeakConfidence.PROVEN, LeakConfidence.LIKELY}


@pytest.mark.seeds
def test_the_fakes_of_the_source_documents_are_no_likely_leaks(scanner: Scanner, checkout: Path) -> None:
    folder = Path(os.environ.get("KEYPROOF_SEEDS", checkout.parent / "shared" / "seeds"))
    if not folder.is_dir():
        pytest.skip("the source documents are not here; set KEYPROOF_SEEDS")
    matches = [match for path in sorted(folder.iterdir()) for match in scanner.scan(path.read_bytes())]
    assert [match for match in matches if match.confidence in _SURE] == []
    values = {match.secret for match in matches if match.confidence is LeakConfidence.EXAMPLE}
    assert {b"pass", b"secret_NEW_KEY", b"NEW_SECURE_PASSWORD"} <= values


def test_this_repository_holds_no_likely_leak(scanner: Scanner, checkout: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=checkout, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    sure = []
    for name in listed.stdout.decode().split("\0"):
        path = checkout / name
        if name and path.is_file():
            for match in scanner.scan(path.read_bytes()):
                confidence, accepted = allow.judge(match, [name])
                if confidence in _SURE and accepted is None:
                    sure.append(f"{name}:{match.line} {match.detector}")
    assert sure == []
