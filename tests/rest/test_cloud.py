"""The client for the interfaces of clouds: what it refuses to send, and how it waits and finds its way."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keyproof.errors import AccessDeniedError, BackendProtocolError, CollectError
from keyproof.ports import Surroundings
from keyproof.rest.cloud import CloudClient
from keyproof.rest.config import RestConfig
from keyproof.rest.refusals import RefusedError
from keyproof.value_operations import ValueOperationError
from tests.fakes.ports import FixedClock
from tests.fakes.rest_server import Asked, Said, Scripted, rest_server

pytestmark = pytest.mark.server


Make = Callable[..., CloudClient]


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes clients, and closes them when the test is over."""
    made: list[CloudClient] = []

    def one(
        *, environ: Mapping[str, str] | None = None, sleep: Callable[[float], None] = lambda _: None
    ) -> CloudClient:
        clock = FixedClock(datetime(2025, 10, 1, tzinfo=UTC))
        here = Surroundings(root=Path("/"), environ=environ or {}, clock=clock, sleep=sleep)
        made.append(
            CloudClient(
                RestConfig(timeout=2),
                here,
                scope="here",
                token=lambda _, renew: f"token-{renew}",
                meaning=_meaning,
                stated={"a right", "another"},
            )
        )
        return made[-1]

    yield one
    for client in made:
        client.close()


def _meaning(refusal: RefusedError) -> CollectError:
    return AccessDeniedError(f"{refusal.server} says {refusal.status} to {refusal.need}", scope="here")


def _echo(asked: Asked) -> Said:
    return Said(body={"path": asked.path, "token": asked.token, "said": asked.body.decode(), **asked.query})


def test_a_request_for_a_value_is_not_sent(make: Make) -> None:
    with rest_server(_echo) as server:
        for path in ("/secrets/db", "/v1/projects/p/secrets/s/versions/1%3Aaccess"):
            with pytest.raises(ValueOperationError):
                make().get(f"{server.address}{path}", need="a right")
        with pytest.raises(ValueOperationError):
            make().post(f"{server.address}/keys/k/1/decrypt", {}, need="a right")
        assert server.asked == []


def test_a_token_is_sent_over_tls_only(make: Make) -> None:
    with pytest.raises(CollectError, match="without TLS"):
        make().get("http://vault.example/secrets", need="a right")


def test_parameters_and_bodies_arrive(make: Make) -> None:
    with rest_server(_echo) as server:
        client = make()
        got = client.get(f"{server.address}/a?b=1", need="a right", c="ü&", empty="")
        assert got == {"path": "/a", "token": "token-False", "said": "", "b": "1", "c": "ü&"}
        assert client.post(f"{server.address}/a", {"x": 1}, need="another")["said"] == '{"x": 1}'
        assert client.counts == {"a right": 1, "another": 1}


def test_a_refused_token_is_renewed_once(make: Make) -> None:
    with rest_server(_echo) as server:
        server.scripted.append(Scripted(path="/a", status=401))
        assert make().get(f"{server.address}/a", need="a right")["token"] == "token-True"
        server.scripted += [Scripted(path="/a", status=401)] * 2
        with pytest.raises(AccessDeniedError, match=f"{server.address} says 401 to a right"):
            make().get(f"{server.address}/a", need="a right")


def test_a_redirection_is_not_followed(make: Make) -> None:
    with rest_server(_echo) as server:
        server.scripted.append(Scripted(path="/a", status=302, headers={"Location": f"{server.address}/b"}))
        with pytest.raises(BackendProtocolError, match="answers 302"):
            make().get(f"{server.address}/a", need="a right")
        assert [one.path for one in server.asked] == ["/a"]
