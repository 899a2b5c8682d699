"""An HTTP(S) server on loopback that plays a provider's API, notes every request, and misbehaves when told to."""

import json
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request the server got."""

    method: str
    target: str
    """Path and query as they were sent."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = b""

    @property
    def sent(self) -> str:
        """The path as it was sent."""
        return urlsplit(self.target).path

    @property
    def path(self) -> str:
        """Decoded, without the query."""
        return unquote(self.sent)

    @property
    def parts(self) -> tuple[str, ...]:
        """The path, split and decoded."""
        return tuple(unquote(part) for part in self.sent.strip("/").split("/"))

    @property
    def query(self) -> dict[str, str]:
        """Decoded."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def token(self) -> str:
        """The bearer token, or what stands for it."""
        return self.headers.get("authorization", "").removeprefix("Bearer ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The answer."""

    status: int = 200
    body: Any = None
    """Sent as JSON; bytes as they are."""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripted:
    """What is answered instead, once, to a request whose path and query hold `path`."""

    path: str
    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    """Send only so many bytes of the body and close."""
    silent: bool = False
    """Answer nothing until the test is over."""


Answering = Callable[[Asked], Said]


@dataclass(slots=True, kw_only=True)
class RestServer:
    """The running server."""

    address: str
    answering: Answering
    authorities: str = ""
    """The PEM file to trust, for HTTPS."""
    asked: list[Asked] = field(default_factory=list)
    scripted: list[Scripted] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    log: bool = True
    """Whether `asked` grows."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def noted(self, asked: Asked) -> Scripted | None:
        """Note a request; what is scripted for it, if anything."""
        target = unquote(asked.target)
        with self.lock:
            if self.log:
                self.asked.append(asked)
            found = next((one for one in self.scripted if one.path in target), None)
            if found is not None:
                self.scripted.remove(found)
            return found


@contextmanager
def rest_server(answering: Answering, *, tls: ssl.SSLContext | None = None) -> Iterator[RestServer]:
    """Serve on a free port of loopback while the block runs."""
    running = RestServer(address="", answering=answering)
    server = _Server(running)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    running.address = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def page_of(items: list[Any], asked: Asked, *, base: str = "") -> tuple[list[Any], dict[str, str]]:
    """One page by `per_page` and `page`, and the Link header that leads on, as GitHub and GitLab write it."""
    size, number = int(asked.query.get("per_page", "30")), int(asked.query.get("page", "1"))
    last = -(-len(items) // size)
    links = [f'<{base}{asked.sent}?per_page={size}&page=1>; rel="first"']
    if number < last:
        links.insert(0, f'<{base}{asked.sent}?per_page={size}&page={number + 1}>; rel="next"')
    return items[(number - 1) * size : number * size], {"Link": ", ".join(links)}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, running: RestServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.running = running

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what some tests are about; anything else is a fault of a test."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the body waits for the acknowledgement of the head

    def do_GET(self) -> None:
        asked = Asked(
            method=self.command,
            target=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        script = self.server.running.noted(asked)
        if script is None:
            said = self.server.running.answering(asked)
            raw = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
            self._send(said.status, b"" if said.status == 304 else raw, said.headers)
        elif script.silent:
            self.server.running.over.wait()
            self.close_connection = True
        else:
            self._send(script.status, script.body[: script.cut], script.headers, length=len(script.body))
            self.close_connection = script.cut is not None

    do_POST = do_GET  # noqa: N815 (a name the base class looks for)

    def _send(
        self, status: int, body: bytes, headers: Mapping[str, str], *, length: int | None = None
    ) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent: the tests look at `asked`."""
