"""Connections: what an answer has to be to count as one, and what becomes of the socket."""

import base64
import http.client
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from threading import Barrier, Thread

import pytest

from keyproof.rest.connection import Connections, TooLongError, origin, secure

pytestmark = pytest.mark.server

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Name: a\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_TLS = ssl.create_default_context()


@contextmanager
def _played(*visits: Sequence[bytes]) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives each connection its answers, one a request, and then closes it without a word."""
    heard: list[bytes] = []

    def serve() -> None:
        for answers in visits:
            met, _ = listening.accept()
            with met:
                for answer in answers:
                    heard.append(met.recv(10_000))
                    met.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", heard
        thread.join(timeout=10)
        assert not thread.is_alive(), "every connection was made"


def _connections() -> Connections:
    return Connections(tls=_TLS, timeout=10, environ={})


def test_a_connection_that_is_kept_is_used_again() -> None:
    with _played([WHOLE, WHOLE]) as (address, heard), closing(_connections()) as connections:
        first = connections.exchange("GET", f"{address}/a?b=%2F#c", {})
        assert (first.status, first.headers["x-name"], first.raw) == (200, "a", b"{}")
        connections.exchange("POST", f"{address}/b", {"X-A": "1"}, b"body")
    assert heard[0].startswith(b"GET /a?b=%2F HTTP/1.1\r\n")
    assert b"\r\nX-A: 1\r\n" in heard[1]


def test_a_header_that_comes_in_several_lines_is_kept_whole() -> None:
    several = WHOLE.replace(b"X-Name: a", b'Link: <a>; rel="next"\r\nX-Name: a\r\nlink: <b>; rel="last"')
    with _played([several]) as (address, _), closing(_connections()) as connections:
        said = connections.exchange("GET", address, {}).headers
    assert said["link"] == '<a>; rel="next", <b>; rel="last"'


def test_a_connection_that_was_closed_while_idle_is_made_again_with_the_same_request() -> None:
    with _played([WHOLE], [WHOLE]) as (address, heard), closing(_connections()) as connections:
        for _ in range(2):
            assert connections.exchange("GET", f"{address}/a", {}).status == 200
    assert heard[0] == heard[1]


def test_a_connection_that_is_closed_at_once_is_a_failure() -> None:
    with (
        _played([b""]) as (address, heard),
        closing(_connections()) as connections,
        pytest.raises(http.client.RemoteDisconnected),
    ):
        connections.exchange("GET", f"{address}/a", {})
    assert len(heard) == 1


@pytest.mark.parametrize(
    "cut",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n",
        CHUNKED + b"2\r\n{}\r\n",
        CHUNKED + b"9\r\n{}",
        CHUNKED,
        b"nonsense\r\n\r\n",
    ],
    ids=["body", "no body", "no last chunk", "chunk", "no chunk", "no HTTP"],
)
def test_an_answer_that_is_not_whole_is_none_and_the_next_is_asked_anew(cut: bytes) -> None:
    with _played([cut], [WHOLE]) as (address, _), closing(_connections()) as connections:
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            connections.exchange("GET", f"{address}/a", {})
        assert connections.exchange("GET", f"{address}/a", {}).raw == b"{}"


@pytest.mark.parametrize("length", [1000, 1001])
def test_no_more_is_read_than_an_answer_may_have(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyproof.rest.connection.LARGEST", 1000)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (length, b"x" * length)
    with _played([answer]) as (address, _), closing(_connections()) as connections:
        if length <= 1000:
            assert len(connections.exchange("GET", f"{address}/a", {}).raw) == length
        else:
            with pytest.raises(TooLongError, match="more than 1000 bytes"):
                connections.exchange("GET", f"{address}/a", {})


def test_every_thread_has_its_own_connection() -> None:
    together = Barrier(2, timeout=10)
    found: list[bytes] = []

    def ask() -> None:
        together.wait()
        found.append(connections.exchange("GET", f"{address}/a", {}).raw)

    with _played([WHOLE], [WHOLE]) as (address, _), closing(_connections()) as connections:
        threads = [Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [b"{}", b"{}"]


@pytest.mark.parametrize("written", ["http://{}", "{}", "http://ana:p%40ss@{}"])
def test_a_proxy_is_asked_for_a_tunnel_however_it_is_written(written: str) -> None:
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"
    with _played([refusal]) as (address, heard):
        environ = {
            "https_proxy": written.format(address.removeprefix("http://")),
            "no_proxy": "inside.example",
        }
        with (
            closing(Connections(tls=_TLS, timeout=10, environ=environ)) as connections,
            pytest.raises(OSError, match="407"),
        ):
            connections.exchange("GET", "https://outside.example/a", {"Authorization": "Bearer t"})
    assert heard[0].startswith(b"CONNECT outside.example:443 HTTP/1.")
    assert b"Bearer" not in heard[0]
    known = f"Proxy-Authorization: Basic {base64.b64encode(b'ana:p@ss').decode()}".encode()
    assert (known in heard[0]) == ("@" in written)


def test_an_address_that_is_no_proxys_is_none() -> None:
    environ = {"HTTPS_PROXY": "http://proxy.example:port"}
    with (
        closing(Connections(tls=_TLS, timeout=10, environ=environ)) as connections,
        pytest.raises(OSError, match="the address of the proxy is none"),
    ):
        connections.exchange("GET", "https://outside.example/a", {})


@pytest.mark.parametrize(
    ("url", "whom", "private"),
    [
        ("https://Store.example:8443/a?b", "https://store.example:8443", True),
        ("http://store.example/a", "http://store.example", False),
        ("https://shop.vault.azure.net:443/secrets?$skiptoken=a", "https://shop.vault.azure.net", True),
        ("https://shop.vault.azure.net:80/a", "https://shop.vault.azure.net:80", True),
        ("http://127.0.0.1:80/a", "http://127.0.0.1", True),
        ("http://127.0.0.1.example/a", "http://127.0.0.1.example", False),
        ("http://localhost@store.example/", "http://localhost@store.example", False),
    ],
)
def test_whom_a_url_asks_and_who_may_read_along(url: str, whom: str, private: bool) -> None:
    assert (origin(url), secure(url)) == (whom, private)
