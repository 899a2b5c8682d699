"""An HTTP proxy on loopback that hands requests on to a real server, and breaks those it is told to.

Whatever a collector sends can be seen in `FaultProxy.seen`: the proof of what it asked for, and what it did not.
"""

import json
import socket
import ssl
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it reached the proxy."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def action(self) -> str:
        """The AWS action called, e.g. `ListSecrets`; empty for other protocols."""
        if target := self.headers.get("x-amz-target", ""):
            return target.rpartition(".")[2]
        return parse_qs(self.body.decode("latin-1")).get("Action", [""])[0]

    @property
    def region(self) -> str:
        """The AWS region the request is signed for; empty for other protocols."""
        credential = self.headers.get("authorization", "").partition("Credential=")[2].partition(",")[0]
        return credential.split("/")[2] if credential.count("/") >= 4 else ""

    @property
    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Answer so, without asking the server behind."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncate:
    """Ask the server behind, but send only `keep` bytes of the body."""

    keep: int
    honest: bool = False
    """Whether Content-Length admits what is missing, so that only a parser can notice; else the connection ends."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Reset the connection without an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """Hold the request until the test is over or the client has gone, then reset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """Ask the server behind and change the body of its answer."""

    change: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Make:
    """Answer as `answer` makes it of the request, without asking the server behind."""

    answer: Callable[[Request], Answer]


Behaviour = Answer | Make | Truncate | Reset | Slow | Rewrite


@dataclass(slots=True, kw_only=True)
class Fault:
    """What goes wrong, for which requests and how often."""

    then: Behaviour
    action: str = ""
    """Empty for every action."""
    region: str = ""
    """Empty for every region."""
    when: Callable[[Request], bool] = lambda _: True
    times: int | None = None
    """How many requests it breaks; None for all."""

    def concerns(self, request: Request) -> bool:
        """Whether it breaks `request`."""
        return (
            (not self.action or self.action == request.action)
            and (not self.region or self.region == request.region)
            and self.when(request)
        )


@dataclass(slots=True, kw_only=True)
class FaultProxy:
    """A running proxy: where it is, what it breaks, and what it has seen."""

    upstream: str
    address: str = ""
    faults: list[Fault] = field(default_factory=list)
    seen: list[Request] = field(default_factory=list)
    broken: int = 0
    """How many requests were broken."""
    lock: Lock = field(default_factory=Lock)

    def add(self, *faults: Fault) -> None:
        """Break requests from now on; of several faults the first that concerns a request wins."""
        with self.lock:
            self.faults.extend(faults)

    def put_first(self, fault: Fault) -> None:
        """Break requests from now on, also those that another fault concerns."""
        with self.lock:
            self.faults.insert(0, fault)

    def actions(self, region: str = "") -> Sequence[str]:
        """The AWS actions seen, in order of arrival."""
        return [request.action for request in self.seen if region in {"", request.region}]

    def take(self, request: Request) -> Behaviour | None:
        """Note `request` and say how to break it; None to hand it on."""
        with self.lock:
            self.seen.append(request)
            for fault in self.faults:
                if fault.times != 0 and fault.concerns(request):
                    fault.times = None if fault.times is None else fault.times - 1
                    self.broken += 1
                    return fault.then
        return None


@contextmanager
def fault_proxy(upstream: str, *faults: Fault) -> Iterator[FaultProxy]:
    """Run a proxy for `upstream` (`http://host:port`, or with https) on a free port of loopback while the block runs."""
    proxy = FaultProxy(upstream=upstream, faults=list(faults))
    server = _Server(proxy)
    proxy.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, proxy: FaultProxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the body waits for the acknowledgement of the head

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            method=self.command,
            path=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )
        behaviour = self.server.proxy.take(request)
        if isinstance(behaviour, Make):
            behaviour = behaviour.answer(request)
        match behaviour:
            case Answer():
                self.reply(behaviour.status, behaviour.headers, behaviour.body)
            case Reset():
                self.reset()
            case Slow():
                self.rfile.read(1)  # returns once the client gives up
                self.reset()
            case _:
                self.hand_on(request, behaviour)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_LIST = do_SCAN = do_GET  # noqa: N815 (names the base class looks for)

    def hand_on(self, request: Request, behaviour: Truncate | Rewrite | None) -> None:
        target = urlsplit(self.server.proxy.upstream)
        host, port = target.hostname or "127.0.0.1", target.port
        tls = ssl._create_unverified_context() if target.scheme == "https" else None
        connection = HTTPSConnection(host, port, context=tls) if tls else HTTPConnection(host, port)
        try:
            kept = {name: value for name, value in request.headers.items() if name not in _HOP_BY_HOP}
            connection.request(request.method, request.path, body=request.body, headers=kept)
            response = connection.getresponse()
            status, headers, body = response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()
        match behaviour:
            case Rewrite():
                self.reply(status, headers, behaviour.change(body))
            case Truncate():
                cut = body[: behaviour.keep]
                self.reply(status, headers, cut, length=len(cut if behaviour.honest else body))
                self.close_connection = not behaviour.honest
            case None:
                self.reply(status, headers, body)

    def reply(
        self, status: int, headers: Mapping[str, str], body: bytes, *, length: int | None = None
    ) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in {*_HOP_BY_HOP, "content-length", "x-amz-crc32"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def reset(self) -> None:
        """Close with a TCP reset instead of an orderly end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_: object) -> None:
        """Silent: the tests look at `seen`."""
