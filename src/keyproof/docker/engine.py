"""Asking a Docker engine over its socket: GET requests, each answer a JSON document."""

import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from keyproof.errors import AccessDeniedError, BackendProtocolError, BackendUnreachableError, CollectError
from keyproof.value_operations import ValueOperationError, returns_value

DEFAULT = "unix:///var/run/docker.sock"
_HINT = "check the address of the engine (host, or DOCKER_HOST) and whether it runs"


class Engine:
    """One engine: `unix:///PATH`, `tcp://HOST:PORT`, the latter with the certificates of a folder."""

    def __init__(self, host: str, *, certificates: str, timeout: float, scope: str) -> None:
        """Prepare, without asking anything yet. Raises CollectError."""
        self._scope, self.host = scope, host
        parts = urlsplit(host)
        if parts.scheme == "unix":
            self._http: http.client.HTTPConnection = _Socket(parts.path, timeout)
        elif parts.scheme in {"tcp", "http", "https"} and parts.hostname:
            context = _context(certificates, scope) if certificates or parts.scheme == "https" else None
            port = parts.port or (2376 if context else 2375)
            if context:
                self._http = http.client.HTTPSConnection(
                    parts.hostname, port, timeout=timeout, context=context
                )
            else:
                self._http = http.client.HTTPConnection(parts.hostname, port, timeout=timeout)
        else:
            message = f"{host!r} is no address of an engine"
            raise CollectError(message, scope=scope, hint="write unix:///PATH or tcp://HOST:PORT")

    def close(self) -> None:
        """Let go of the socket."""
        self._http.close()

    def get(self, path: str) -> Any:
        """Ask for `path`. Raises AccessDeniedError, BackendUnreachableError, BackendProtocolError."""
        if returns_value(f"GET {path}"):
            raise ValueOperationError(path)
        try:
            self._http.request("GET", path, headers={"Host": "docker", "User-Agent": "keyproof"})
            response = self._http.getresponse()
            raw = response.read()
        except PermissionError:
            hint = "let this user use the engine's socket"
            raise AccessDeniedError(f"{self.host} may not be opened", scope=self._scope, hint=hint) from None
        except (OSError, http.client.HTTPException) as error:
            late = isinstance(error, TimeoutError)
            why = (
                "it does not answer in time" if late else getattr(error, "strerror", None) or "it breaks off"
            )
            message = f"{self.host} cannot be reached: {why}"
            raise BackendUnreachableError(message, scope=self._scope, hint=_HINT) from None
        return self._understood(response.status, raw, path)

    def _understood(self, status: int, raw: bytes, path: str) -> Any:
        try:
            found = json.loads(raw)
        except ValueError:
            message = f"{self.host} answers {path} with something that is no JSON"
            raise BackendProtocolError(message, scope=self._scope, hint=_HINT) from None
        if status < 300:
            return found
        said = " ".join(str(found.get("message") if isinstance(found, Mapping) else "").split())[:300]
        if status in {401, 403}:
            hint = "let the engine's authorisation allow GET /secrets"
            raise AccessDeniedError(f"{self.host} refuses {path}: {said}", scope=self._scope, hint=hint)
        if status == 503:  # https://docs.docker.com/reference/api/engine/version/v1.47/#tag/Secret
            hint = "ask a manager of the swarm"
            message = f"{self.host} is no manager of a swarm: {said}"
            raise BackendUnreachableError(message, scope=self._scope, hint=hint)
        message = f"{self.host} answers {status} to {path}: {said}"
        raise BackendProtocolError(message, scope=self._scope, hint=_HINT)


class _Socket(http.client.HTTPConnection):
    """HTTP over a socket in the file system."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("docker", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Open the socket instead of a port."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _context(folder: str, scope: str) -> ssl.SSLContext:
    """The certificates as Docker's own client names them: ca.pem, cert.pem, key.pem."""
    here = Path(folder)
    try:
        context = ssl.create_default_context(cafile=str(here / "ca.pem") if folder else None)
        if folder and (here / "cert.pem").is_file():
            context.load_cert_chain(here / "cert.pem", here / "key.pem")
    except (OSError, ssl.SSLError):
        hint = "correct certificates, or DOCKER_CERT_PATH"
        message = f"the certificates in {folder} cannot be used"
        raise CollectError(message, scope=scope, hint=hint) from None
    return context
