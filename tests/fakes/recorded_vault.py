"""A loopback server that gives recorded answers of HashiCorp Vault, for what OpenBao does otherwise."""

import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self
from urllib.parse import unquote, urlsplit

Recording = Mapping[str, tuple[int, Mapping[str, Any]]]
"""`VERB path` → status and body; with a namespace in front of the path it goes before the plain one."""


class RecordedVault(ThreadingHTTPServer):
    """Serves a recording; what it does not hold is answered as Vault answers an unserved path."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)
        self._thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def host(self) -> str:
        """Host and port, as in subject ids."""
        return f"127.0.0.1:{self.server_port}"

    @property
    def address(self) -> str:
        """URL of the server."""
        return f"http://{self.host}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: RecordedVault
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path).removeprefix("/v1/").rstrip("/")
        asked = f"{self.command} {path}"
        here = f"{self.command} {self.headers.get('X-Vault-Namespace', '')}{path}"
        self.server.asked.append(here)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        unserved = (404, {"errors": ["1 error occurred:\n\t* unsupported path\n\n"]})
        status, content = self.server.recording.get(here, self.server.recording.get(asked, unserved))
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_LIST = do_POST = _answer  # noqa: N815 (the names http.server looks for)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's own name)
        """Nothing."""
