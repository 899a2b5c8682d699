"""What holds for the whole suite: no test reads the user's configuration, and CI skips no server."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# A deadline measures the machine, not the code.
settings.register_profile("suite", deadline=None, max_examples=60)  # the suite has to end within ten minutes
settings.load_profile("suite")

_MUST_RUN = {"server", "browser", "outside"}
_skipped: list[str] = []


@pytest.fixture(autouse=True, scope="session")
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A home of the suite's own, so that a stray write or read of the user's is impossible."""
    home = tmp_path_factory.mktemp("home")
    replaced = {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    before = {name: os.environ.get(name) for name in replaced}
    os.environ.update(replaced)
    yield
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of this checkout."""
    return Path(__file__).parents[1]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note every skipped test that needs a server, a browser or another program of others."""
    if report.skipped and not _MUST_RUN.isdisjoint(report.keywords):
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With KEYPROOF_NO_SKIP a skipped one of them fails the run."""
    if os.environ.get("KEYPROOF_NO_SKIP") and _skipped and session.exitstatus == 0:
        print("\nKEYPROOF_NO_SKIP: these tests were skipped:", *_skipped, sep="\n  ")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
