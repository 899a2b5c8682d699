"""The secrets of a swarm, by an engine's socket."""

import json
import socket
import socketserver
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from keyproof.collectors.docker_swarm import DockerSwarmCollector
from keyproof.docker.engine import Engine
from keyproof.domain.assessment import Collected
from keyproof.domain.secret import Basis, Confidence, Encryption, SecretMetadata
from keyproof.errors import AccessDeniedError, BackendProtocolError, BackendUnreachableError, CollectError
from keyproof.ports import Surroundings
from keyproof.value_operations import ValueOperationError
from tests.fakes.ports import FixedClock

SECRETS = [
    {
        "ID": "blt1",
        "Version": {"Index": 10},
        "CreatedAt": "2025-07-20T13:55:28.678958722Z",
        "UpdatedAt": "2025-09-20T13:55:28.678958722Z",
        "Spec": {"Name": "app/db", "Labels": {"owner": "data", "environment": "production"}},
    },
    {
        "ID": "blt2",
        "CreatedAt": "2025-07-20T13:55:28Z",
        "Spec": {"Name": "outside", "Driver": {"Name": "vault"}},
    },
]


class _Handler(BaseHTTPRequestHandler):
    answers: ClassVar[dict[str, tuple[int, Any]]] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        status, body = type(self).answers[self.path]
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def address_string(self) -> str:
        return "socket"

    def log_message(self, *_: object) -> None:
        """Nothing."""


class _Server(socketserver.UnixStreamServer):
    """HTTP on a socket in the file system."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Path]:
    _Handler.answers = {
        "/info": (200, {"ServerVersion": "28.2", "Swarm": {"Cluster": {"ID": "c1"}}}),
        "/secrets": (200, SECRETS),
    }
    _Handler.asked = []
    path = tmp_path / "docker.sock"
    with _Server(str(path), _Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield path
        server.shutdown()
        thread.join()


def _all(host: str, **config: Any) -> list[Collected]:
    here = Surroundings(
        root=Path("/"), environ={"DOCKER_HOST": host}, clock=FixedClock(), sleep=lambda _: None
    )
    collector = DockerSwarmCollector("swarm", DockerSwarmCollector.Config.model_validate(config), here)
    assert collector.scopes() == ["secrets"]
    return list(collector.collect("secrets"))


def _secrets(items: list[Collected]) -> dict[str, SecretMetadata]:
    return {item.name: item for item in items if isinstance(item, SecretMetadata)}


def test_a_swarms_secret_is_as_old_as_it_is(engine: Path) -> None:
    found = _secrets(_all(f"unix://{engine}"))
    db = found["app/db"]
    assert db.id == "docker-swarm://c1/app%2Fdb"
    assert (db.owner, db.environment) == ("data", "production")
    (fact,) = db.facts
    assert fact.at == datetime(2025, 7, 20, 13, 55, 28, 678958, UTC)
    assert (fact.basis, fact.confidence) == (Basis.VERSION_CREATED, Confidence.EXACT)
    assert db.encryption == Encryption(encrypted=True, key="raft log")
    outside = found["outside"]
    assert (outside.facts, outside.encryption, outside.attributes["driver"]) == ((), None, "vault")
    assert _Handler.asked == ["/info", "/secrets"]


def test_an_engine_on_the_network_and_a_swarm_with_a_name() -> None:
    _Handler.answers = {"/info": (200, {}), "/secrets": (200, SECRETS)}
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        found = _secrets(_all(f"tcp://127.0.0.1:{server.server_port}", swarm="prod"))
        server.shutdown()
        thread.join()
    assert found["outside"].id == "docker-swarm://prod/outside"


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (
            (503, {"message": "This node is not a swarm manager."}),
            BackendUnreachableError,
            "no manager of a swarm",
        ),
        ((403, {"message": "plugin"}), AccessDeniedError, "refuses /secrets: plugin"),
        ((500, []), BackendProtocolError, "answers 500"),
        ((200, b"<html>"), BackendProtocolError, "no JSON"),
        ((200, [{"Spec": {}}]), BackendProtocolError, "unknown shape"),
        ((200, [{"CreatedAt": "x", "Spec": {"Name": "a"}}]), BackendProtocolError, "unknown shape"),
    ],
)
def test_failures_have_names(
    engine: Path, answer: tuple[int, Any], error: type[CollectError], words: str
) -> None:
    _Handler.answers["/secrets"] = answer
    with pytest.raises(error, match=words):
        _all(f"unix://{engine}")


def test_engines_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(BackendUnreachableError, match="No such file"):
        _all(f"unix://{tmp_path}/none.sock")
    with pytest.raises(CollectError, match="no address of an engine"):
        _all("ssh://host")
    with pytest.raises(CollectError, match="cannot be used"):
        _all("tcp://127.0.0.1:1", certificates=str(tmp_path))


def test_what_holds_join_tokens_is_never_asked_for() -> None:
    engine = Engine("tcp://127.0.0.1:9", certificates="", timeout=1, scope="secrets")
    for path in ("/swarm", "/swarm/unlockkey", "/services", "/containers/x/json"):
        with pytest.raises(ValueOperationError):
            engine.get(path)


def test_an_engine_that_is_silent_does_not_answer_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        engine = Engine(host, certificates="", timeout=0.1, scope="secrets")
        with pytest.raises(BackendUnreachableError, match="does not answer in time"):
            engine.get("/info")
        engine.close()
