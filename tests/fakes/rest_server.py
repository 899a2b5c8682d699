"""An HTTP(S) server on loopback that plays a provider's API, logs every request, and misbehaves when told to."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.fakes.certificates import make


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request the server got."""

    method: str
    path: str
    """Decoded, without the query."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = b""
    sent: str = ""
    """The path as it was sent."""

    @property
    def bearer(self) -> str:
        """The token sent."""
        return self.headers.get("authorization", "").removeprefix("Bearer ")


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


Answer = tuple[int, Any] | tuple[int, Any, Mapping[str, str]]
Respond = Callable[[Asked], Answer]


@dataclass(slots=True, kw_only=True)
class RestServer:
    """The running server."""

    address: str
    respond: Respond
    authorities: str = ""
    """The PEM file to trust, for HTTPS."""
    asked: list[Asked] = field(default_factory=list)
    scripted: list[Scripted] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    log: bool = True
    """Whether `asked` grows."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, target: str) -> Scripted | None:
        """The next thing scripted for `target`."""
        with self.lock:
            found = next((one for one in self.scripted if one.path in target), None)
            if found is not None:
                self.scripted.remove(found)
            return found


@contextmanager
def rest_server(respond: Respond, *, tls: Path | None = None) -> Iterator[RestServer]:
    """Serve on a free port while the block runs; `tls` is a folder for a certificate to be made in."""
    running = RestServer(address="", respond=respond)
    server = _Server(running)
    scheme = "http"
    if tls is not None:
        certificate, key = make("localhost").write(tls, "server")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme, running.authorities = "https", str(certificate)
    running.address = f"{scheme}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, running: RestServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.running = running

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the body waits for the acknowledgement of the head

    def do_GET(self) -> None:
        running, parts = self.server.running, urlsplit(self.path)
        asked = Asked(
            method=self.command,
            path=unquote(parts.path),
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
            sent=parts.path,
        )
        with running.lock:
            running.asked += [asked] if running.log else []
        script = running.take(unquote(self.path))
        if script is not None and script.silent:
            running.over.wait()
            self.close_connection = True
        elif script is not None:
            self._send(script.status, script.body[: script.cut], script.headers, length=len(script.body))
            self.close_connection = script.cut is not None
        else:
            status, body, *headers = running.respond(asked)
            self._send(status, json.dumps(body).encode(), headers[0] if headers else {})

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
