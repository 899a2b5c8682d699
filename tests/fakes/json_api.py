"""An HTTP server on loopback for made-up REST interfaces; `fault_proxy` in front of it breaks things."""

import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, taken apart."""

    method: str
    parts: tuple[str, ...]
    """The path, split and decoded."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    target: str
    """Path and query as they were sent."""

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


Answering = Callable[[Asked], Said]


@contextmanager
def json_api(answering: Answering, *, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve on a free port of loopback while the block runs; gives the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(answering))
    server.daemon_threads = True
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http{'s' * bool(context)}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def page_of(items: list[Any], asked: Asked, *, base: str = "") -> tuple[list[Any], dict[str, str]]:
    """One page by `per_page` and `page`, and the Link header that leads on, as GitHub and GitLab write it."""
    size, number = int(asked.query.get("per_page", "30")), int(asked.query.get("page", "1"))
    last = -(-len(items) // size)
    path = urlsplit(asked.target).path
    links = [f'<{base}{path}?per_page={size}&page=1>; rel="first"']
    if number < last:
        links.insert(0, f'<{base}{path}?per_page={size}&page={number + 1}>; rel="next"')
    return items[(number - 1) * size : number * size], {"Link": ", ".join(links)}


def _handler(answering: Answering) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else the body waits for the acknowledgement of the head

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = Asked(
                method=self.command,
                parts=tuple(unquote(part) for part in parts.path.strip("/").split("/")),
                query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
                target=self.path,
            )
            said = answering(asked)
            raw = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
            self.send_response_only(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(0 if said.status == 304 else len(raw)))
            self.end_headers()
            if said.status != 304:
                self.wfile.write(raw)

        do_POST = do_GET  # noqa: N815 (a name the base class looks for)

        def log_message(self, *_: object) -> None:
            """Silent."""

    return Handler
