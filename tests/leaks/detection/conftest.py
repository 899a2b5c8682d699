"""Scanners over the shipped detectors, built once."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from keyproof import resources
from keyproof.leaks.detection.compiled import open_scanner
from keyproof.leaks.detection.detector import Detector
from keyproof.leaks.detection.detectors import load, rule_files
from keyproof.leaks.detection.engine import RegexEngine
from keyproof.leaks.detection.scanner import Scanner


@pytest.fixture(scope="session")
def rules() -> Path:
    """The folder of shipped detector files."""
    return resources.policies() / "detectors"


@pytest.fixture(scope="session")
def detectors(rules: Path) -> Sequence[Detector]:
    return load(rule_files(rules))


@pytest.fixture(scope="session")
def scanner(rules: Path) -> Scanner:
    return open_scanner(rules)


@pytest.fixture(scope="session")
def regex_scanner(detectors: Sequence[Detector]) -> Scanner:
    """The same detectors without Hyperscan."""
    return Scanner(detectors, RegexEngine([one.prefilter for one in detectors]), digest="")


@pytest.fixture(scope="session")
def foreign_scanner(rules: Path) -> Scanner:
    """With detect-secrets' plugins."""
    return open_scanner(rules, detect_secrets=True)
