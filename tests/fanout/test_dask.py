"""What travels to a Dask cluster and back; a real one runs in tests/e2e/test_cluster.py, in a process of its own."""

import pickle
import sys
from concurrent.futures import CancelledError
from pathlib import Path
from types import SimpleNamespace

import distributed
import pytest

from keyproof.app.collect import Source
from keyproof.cli.surroundings import surroundings
from keyproof.config import load
from keyproof.domain.secret import SecretMetadata
from keyproof.errors import AccessDeniedError, CollectError, ConfigError
from keyproof.fanout.dask import DaskExecutor
from keyproof.wiring.compose import compose_sources
from keyproof.wiring.referred import referred

CONFIGURATION = """\
version: 1
organisation: Example Ltd
policies: [baseline]
sources: [{id: table, kind: inventory, path: secrets.csv}]
"""


def test_errors_come_back_as_they_were() -> None:
    error = pickle.loads(pickle.dumps(AccessDeniedError("no right", scope="eu-west-1", hint="ask for it")))
    assert isinstance(error, AccessDeniedError)
    assert (error.message, error.scope, error.hint) == ("no right", "eu-west-1", "ask for it")


class _Lost:
    """A future as Dask leaves it when the scheduler is gone."""

    def result(self) -> None:
        raise CancelledError("scheduler-connection-lost")


def test_a_scheduler_that_ends_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "as_completed", iter)
    executor = DaskExecutor(1)
    executor._client = SimpleNamespace(
        map=lambda *_, **__: [_Lost()],
        cancel=lambda _: None,
    )
    with pytest.raises(CollectError, match="the scheduler ended: scheduler-connection-lost"):
        list(executor.map_unordered(str, [1]))


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError) as refused, DaskExecutor(1):
        pass
    assert 'pip install "keyproof[dask]"' in refused.value.hint


def test_a_source_travels_without_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "kept-" + "here")
    file = tmp_path / "keyproof.yaml"
    file.write_text(CONFIGURATION, encoding="utf-8")
    (tmp_path / "secrets.csv").write_text("Secret,Last Rotated\nA Password,2025-09-01\n", encoding="utf-8")
    settings = load(file, {})
    (source,) = referred(compose_sources(settings, surroundings(tmp_path)), settings, surroundings)
    sent = pickle.dumps(source)
    assert b"kept-here" not in sent
    arrived = pickle.loads(sent)
    (scope,) = arrived.collector.scopes()
    secrets = [one for one in arrived.collector.collect(scope) if isinstance(one, SecretMetadata)]
    assert [secret.name for secret in secrets] == ["A Password"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "keyproof.yaml"
    file.write_text(CONFIGURATION, encoding="utf-8")
    for name, secret in (("secrets.csv", "Old"), ("others.csv", "New")):
        (tmp_path / name).write_text(f"Secret,Last Rotated\n{secret},2025-09-01\n", encoding="utf-8")
    return file


def source_of(file: Path) -> Source:
    settings = load(file, {})
    (source,) = referred(compose_sources(settings, surroundings(file.parent)), settings, surroundings)
    return source


def test_a_worker_that_lives_on_reads_the_file_of_each_run(table: Path) -> None:
    assert list(source_of(table).collector.scopes()) == ["secrets.csv"]
    table.write_text(CONFIGURATION.replace("secrets.csv", "others.csv"), encoding="utf-8")
    assert list(source_of(table).collector.scopes()) == ["others.csv"]


def test_a_worker_with_another_file_refuses(table: Path) -> None:
    source = source_of(table)
    table.write_text(CONFIGURATION.replace("secrets.csv", "others.csv"), encoding="utf-8")
    with pytest.raises(CollectError, match="is another one on a worker"):
        source.collector.scopes()
