"""Units on a real Dask cluster of one more process."""

import os
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path

import dask
import distributed  # noqa: F401 (its settings must be there before one is changed for a while)
import pytest

from keyproof.cli.surroundings import surroundings
from keyproof.config import load
from keyproof.domain.secret import SecretMetadata
from keyproof.errors import AccessDeniedError, CollectError, ConfigError
from keyproof.fanout.dask import DaskExecutor
from keyproof.wiring.compose import compose_sources
from keyproof.wiring.referred import referred

pytestmark = pytest.mark.server
CONFIGURATION = """\
version: 1
organisation: Example Ltd
policies: [baseline]
sources: [{id: table, kind: inventory, path: secrets.csv}]
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[DaskExecutor]:
    with DaskExecutor(8) as executor:
        yield executor


def squared(number: int) -> tuple[int, int]:
    return number * number, os.getpid()


def refused(scope: str) -> CollectError:
    return AccessDeniedError("no right", scope=scope, hint="ask for it")


def broken(_: int) -> None:
    raise ConfigError("not usable", hint="mend it")


def test_every_unit_gives_one_result_in_another_process(cluster: DaskExecutor) -> None:
    found = list(cluster.map_unordered(squared, range(40)))
    assert sorted(number for number, _ in found) == [number * number for number in range(40)]
    assert os.getpid() not in {process for _, process in found}


def test_errors_come_back_as_they_were(cluster: DaskExecutor) -> None:
    (error,) = cluster.map_unordered(refused, ["eu-west-1"])
    assert isinstance(error, AccessDeniedError)
    assert (error.message, error.scope, error.hint) == ("no right", "eu-west-1", "ask for it")
    with pytest.raises(ConfigError, match="not usable"):
        list(cluster.map_unordered(broken, [1]))


def test_a_scheduler_that_does_not_answer_is_named() -> None:
    with (
        dask.config.set(
            {"scheduler-address": "tcp://127.0.0.1:1", "distributed.comm.timeouts.connect": "1s"}
        ),
        pytest.raises(ConfigError, match=r"no scheduler answers at tcp://127\.0\.0\.1:1"),
        DaskExecutor(1),
    ):
        pass


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
    (source,) = referred(compose_sources(settings, surroundings(tmp_path)), file, surroundings)
    sent = pickle.dumps(source)
    assert b"kept-here" not in sent
    arrived = pickle.loads(sent)
    (scope,) = arrived.collector.scopes()
    secrets = [one for one in arrived.collector.collect(scope) if isinstance(one, SecretMetadata)]
    assert [secret.name for secret in secrets] == ["A Password"]
