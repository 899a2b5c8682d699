"""Connections to HTTP servers: TLS, proxies, and answers that came whole and are of a bounded size."""

import base64
import http.client
import ssl
import threading
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from keyproof.errors import CollectError
from keyproof.ports import Surroundings
from keyproof.rest.config import RestConfig

LARGEST = 64 * 1024 * 1024
"""Bytes of one answer; every listing comes in pages far below."""
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


class TooLongError(Exception):
    """An answer goes on after `LARGEST` bytes; its connection is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What a server sent back, whatever it says."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    raw: bytes


@dataclass(slots=True, kw_only=True)
class Connections:
    """The connections to all servers asked for one scope; every thread has its own."""

    tls: ssl.SSLContext
    timeout: float
    """Seconds to wait for a server."""
    environ: Mapping[str, str]
    """Names the proxy, as other programs have it: https_proxy, no_proxy …"""
    proxy: str = ""
    """`http://HOST:PORT`; goes before the environment's."""
    shown_name: str = ""
    """The name that certificates have to show where it is not the host."""
    _local: threading.local = field(default_factory=threading.local)
    _open: list[http.client.HTTPConnection] = field(default_factory=list)

    def exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Received:
        """Send one request and read the whole answer; redirections are answers like any other.

        Raises OSError and http.client.HTTPException (both close the connection), and TooLongError.
        """
        parts = urlsplit(url)
        try:
            return self._exchange(self._connection(parts), method, parts, dict(headers), body)
        except (OSError, http.client.HTTPException, TooLongError):
            failed = self._known().pop(_origin(parts), None)
            if failed is not None:
                failed.close()
            raise

    def trust(self, tls: ssl.SSLContext) -> None:
        """Show and trust other certificates from now on, in this thread."""
        self.tls = tls
        for connection in self._known().values():
            connection.close()
        self._known().clear()

    def close(self) -> None:
        """Let go of the sockets of all threads."""
        for connection in self._open:
            connection.close()

    @staticmethod
    def _exchange(
        connection: http.client.HTTPConnection,
        method: str,
        parts: SplitResult,
        headers: dict[str, str],
        body: bytes | None,
    ) -> Received:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        fresh = connection.sock is None
        try:
            connection.request(method, target, body=body, headers=headers)
            response = connection.getresponse()
        except (ConnectionError, http.client.BadStatusLine):
            connection.close()
            if fresh:
                raise
            # The server may close a connection that was idle: that is no failure of this request.
            connection.request(method, target, body=body, headers=headers)
            response = connection.getresponse()
        with response:
            raw = response.read(LARGEST + 1)
        if len(raw) > LARGEST:
            raise TooLongError(f"answers with more than {LARGEST} bytes")
        if response.length:  # reading a part does not notice that the rest never came
            raise http.client.IncompleteRead(raw, response.length)
        said: dict[str, str] = {}
        for name, value in response.getheaders():  # several of one name are one list (RFC 9110, 5.3)
            known = said.get(name.lower())
            said[name.lower()] = value if known is None else f"{known}, {value}"
        return Received(status=response.status, headers=said, raw=raw)

    def _connection(self, parts: SplitResult) -> http.client.HTTPConnection:
        known, key = self._known(), _origin(parts)
        if key not in known:
            known[key] = self._connect(parts)
            self._open.append(known[key])
        return known[key]

    def _known(self) -> dict[str, http.client.HTTPConnection]:
        """The connections of this thread."""
        if not hasattr(self._local, "known"):
            self._local.known = {}
        known: dict[str, http.client.HTTPConnection] = self._local.known
        return known

    def _connect(self, parts: SplitResult) -> http.client.HTTPConnection:
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        proxy = _Proxy.at(self.proxy or _proxy_of(parts, self.environ))
        at = (proxy.host, proxy.port) if proxy else (host, port)
        if parts.scheme == "https":
            connection: http.client.HTTPConnection = _Secured(
                *at, timeout=self.timeout, context=self.tls, name=self.shown_name or host
            )
        else:
            connection = http.client.HTTPConnection(*at, timeout=self.timeout)
        if proxy:
            connection.set_tunnel(host, port, headers=proxy.headers)
        return connection


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proxy:
    host: str
    port: int
    headers: dict[str, str] = field(repr=False)
    """What lets this program in."""

    @classmethod
    def at(cls, address: str) -> "_Proxy | None":
        """The proxy at `http://[USER:PASSWORD@]HOST[:PORT]`, where many leave `http://` out. Raises OSError."""
        if not address:
            return None
        try:
            parts = urlsplit(address if "://" in address else f"http://{address}")
            port = parts.port or 3128
        except ValueError:
            raise OSError("the address of the proxy is none") from None
        headers = {}
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers["Proxy-Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return cls(host=parts.hostname or "", port=port, headers=headers)


class _Secured(http.client.HTTPSConnection):
    """A connection to a server whose certificate may bear another name than its host."""

    def __init__(self, host: str, port: int, *, timeout: float, context: ssl.SSLContext, name: str) -> None:
        super().__init__(host, port, timeout=timeout, context=context)
        self._tls, self._name = context, name

    def connect(self) -> None:
        """As the standard library's, but for the name."""
        http.client.HTTPConnection.connect(self)
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._name)


def connections_of(config: RestConfig, surroundings: Surroundings, *, scope: str) -> Connections:
    """Connections as a source's options have them. Raises CollectError for a file of authorities that is none."""
    path = str(surroundings.root / config.ca_cert) if config.ca_cert else None
    try:
        tls = ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError):
        what = f"the authorities in {path} cannot be used"
        raise CollectError(what, scope=scope, hint="correct ca-cert") from None
    return Connections(tls=tls, timeout=config.timeout, environ=surroundings.environ)


def origin(url: str) -> str:
    """Scheme, host and port of a URL: whom a request goes to."""
    return _origin(urlsplit(url))


def secure(url: str) -> bool:
    """Whether nobody between here and the server can read along: TLS, or the server is this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in _HERE


def _origin(parts: SplitResult) -> str:
    # Key Vault names the port in the links to its next pages, and nowhere else.
    usual = ":443" if parts.scheme == "https" else ":80"
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(usual)}"


def _proxy_of(parts: SplitResult, environ: Mapping[str, str]) -> str:
    """The proxy the environment names for this address; empty where that is excepted or on this machine."""
    excepted = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    bypass: Any = getattr(urllib.request, "proxy_bypass_environment")  # noqa: B009 (typeshed does not list it)
    if parts.hostname in _HERE or bypass(parts.netloc, {"no": excepted}):
        return ""
    name = f"{parts.scheme}_proxy"
    return environ.get(name) or environ.get(name.upper()) or ""
