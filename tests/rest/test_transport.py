"""The laws of the transport, for whatever servers answer."""

import json
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.errors import AccessDeniedError, BackendUnreachableError, CollectError
from keyproof.ports import Surroundings
from keyproof.rest.cloud import CloudClient
from keyproof.rest.config import RestConfig
from keyproof.rest.connection import Connections, Received
from keyproof.rest.refusals import RefusedError
from keyproof.rest.transport import Request, Token, Transport
from keyproof.value_operations import ValueOperationError, cloud_value
from tests.fakes.ports import FixedClock

_TLS = ssl.create_default_context()
READ = Request(method="POST", url="https://store.example/a?b=1", purpose="list", body=b"question")
_WAITS = st.one_of(
    st.none(),
    st.integers(min_value=0, max_value=120).map(str),
    st.sampled_from(["soon", "", "Wed, 01 Oct 2025 00:00:09 GMT", "-1", "9" * 5000]),
)
_BUSY = st.builds(
    lambda status, wait: Received(
        status=status, headers={"retry-after": wait} if wait is not None else {}, raw=b"{}"
    ),
    st.sampled_from([429, 500, 502, 503, 504]),
    _WAITS,
)
_ENDS = st.sampled_from([200, 401, 403, 404, 418, 301]).map(
    lambda status: Received(status=status, headers={}, raw=b"{}")
)
_EXPIRED = st.just(Received(status=401, headers={}, raw=b"{}"))


@dataclass(slots=True, kw_only=True)
class Played(Connections):
    """No socket: gives the answers it was given, the last one for ever, and keeps what it was asked."""

    answers: Sequence[Received]
    seen: list[tuple[str, str, dict[str, str], bytes | None]] = field(default_factory=list)

    def exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Received:
        self.seen.append((method, url, dict(headers), body))
        return self.answers[min(len(self.seen), len(self.answers)) - 1]


def _meaning(refusal: RefusedError) -> AccessDeniedError:
    return AccessDeniedError(str(refusal), scope="all")


def _transport(
    *answers: Received, naps: list[float] | None = None, token: Token | None = None, max_wait: float = 60.0
) -> tuple[Transport, Played]:
    slept: list[float] = naps if naps is not None else []
    here = Surroundings(root=Path("/"), environ={}, clock=FixedClock(), sleep=slept.append)
    played = Played(tls=_TLS, timeout=1, environ={}, answers=answers)
    return Transport(
        scope="all",
        surroundings=here,
        connections=played,
        stated={READ.purpose},
        denied=lambda request: cloud_value(request.method, request.url),
        meaning=_meaning,
        token=token,
        max_wait=max_wait,
    ), played


@given(st.lists(_BUSY, max_size=20), _ENDS, st.floats(min_value=0, max_value=300))
def test_a_budget_is_never_exceeded(busy: list[Received], end: Received, max_wait: float) -> None:
    naps: list[float] = []
    transport, played = _transport(*busy, end, naps=naps, max_wait=max_wait)
    with suppress(CollectError):
        transport.send(READ)
    assert sum(naps) <= max_wait
    assert len(played.seen) == len(naps) + 1, "every wait is for one more request, and none is without"


@given(st.lists(_BUSY | _EXPIRED, max_size=12), _ENDS, st.booleans())
def test_a_retry_never_sends_a_different_request(before: list[Received], end: Received, renews: bool) -> None:
    tokens: list[bool] = []

    def token(_: str, renew: bool) -> str:
        tokens.append(renew)
        return f"token-{renew}"

    transport, played = _transport(*before, end, token=token if renews else None, max_wait=1e9)
    with suppress(CollectError):
        transport.send(READ)
    sent = [
        (method, url, {**headers, "Authorization": ""}, body) for method, url, headers, body in played.seen
    ]
    assert all(one == sent[0] for one in sent)
    assert sent[0][:2] == (READ.method, READ.url)
    assert sent[0][3] == READ.body
    assert len(tokens) == (len(played.seen) if renews else 0)
    renewed = [number for number, renew in enumerate(tokens) if renew]
    assert all(played.answers[number - 1].status == 401 for number in renewed), (
        "only what was refused is renewed"
    )


def test_a_token_that_stays_refused_is_renewed_once() -> None:
    refusal = Received(status=401, headers={}, raw=b"{}")
    transport, played = _transport(refusal, token=lambda _, renew: f"token-{renew}")
    with pytest.raises(AccessDeniedError):
        transport.send(READ)
    assert [headers["Authorization"] for _, _, headers, _ in played.seen] == [
        "Bearer token-False",
        "Bearer token-True",
    ]


_DENIED = [
    ("GET", "/secrets/db"),
    ("GET", "/secrets/db/0123456789abcdef"),
    ("POST", "/keys/k/1/decrypt"),
    ("POST", "/secrets/db/backup"),
    ("GET", "/v1/projects/p/secrets/s/versions/latest:access"),
    ("POST", "/v1/projects/-/serviceAccounts/a@p.iam:generateAccessToken"),
]


@pytest.fixture(scope="module")
def cloud() -> CloudClient:
    def token(url: str, _: bool) -> str:
        raise AssertionError(f"{url} is about to be asked")

    here = Surroundings(root=Path("/"), environ={}, clock=FixedClock(), sleep=lambda _: None)
    return CloudClient(RestConfig(), here, scope="all", token=token, meaning=_meaning, stated={"list"})


@given(st.sampled_from(_DENIED), st.data(), st.sampled_from(["", "?api-version=7.4", "?a=/versions"]))
def test_a_denied_operation_is_never_sent_however_it_is_written(
    cloud: CloudClient, denied: tuple[str, str], data: st.DataObject, query: str
) -> None:
    method, path = denied
    hidden = data.draw(st.sets(st.integers(min_value=1, max_value=len(path) - 1)))
    written = "".join(
        f"%{ord(char):02x}" if at in hidden else quote(char, safe="/:@") for at, char in enumerate(path)
    )
    url = f"http://127.0.0.1:9{written}{query}"
    ask = cloud.get if method == "GET" else lambda url, *, need: cloud.post(url, {}, need=need)
    with pytest.raises(ValueOperationError):
        ask(url, need="list")
    assert cloud.counts.total() == 0


@given(st.text())
def test_what_is_not_stated_is_never_sent(purpose: str) -> None:
    transport, played = _transport(Received(status=200, headers={}, raw=b"{}"))
    request = Request(method="GET", url="https://store.example/a", purpose=purpose)
    if purpose == READ.purpose:
        transport.send(request)
    else:
        with pytest.raises(ValueOperationError):
            transport.send(request)
    assert len(played.seen) == (purpose == READ.purpose)


@given(
    st.sampled_from([200, 304, 400, 429, 500, 501]),
    st.binary()
    | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(
        lambda value: json.dumps(value).encode()
    ),
)
def test_any_answer_is_an_answer_or_an_error_with_a_name(status: int, raw: bytes) -> None:
    transport, _ = _transport(Received(status=status, headers={}, raw=raw), max_wait=0)
    try:
        answer = transport.send(READ)
    except BackendUnreachableError as error:
        assert "stays busy" in error.message  # noqa: PT017 (which error it is depends on the status)
        assert status in {429, 500}
    except CollectError:
        assert status in {304, 400, 501}
    else:
        assert (status, answer.raw) == (200, raw)
