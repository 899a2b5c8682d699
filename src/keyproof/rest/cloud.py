"""Asking the APIs of a cloud: several servers, tokens that end, pages that name the next one, several threads."""

import http.client
import json
import ssl
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, unquote, urlencode, urlsplit

from keyproof.errors import AccessDeniedError, BackendProtocolError, BackendUnreachableError, CollectError
from keyproof.ports import Surroundings
from keyproof.retry import RetryBudget, ThrottledError
from keyproof.value_operations import ValueOperationError, cloud_value

USER_AGENT = "keyproof"
PARALLEL = 8
"""How many objects of a page are read at a time."""
_BUSY = frozenset({429, 500, 502, 503, 504})
_PAGES = 100_000
"""More pages than any listing has: an end for those whose every page names another one."""

_HERE = frozenset({"localhost", "127.0.0.1", "::1"})

Body = Mapping[str, Any]


class LockedOutError(AccessDeniedError):
    """Neither the credentials nor this machine's address get anything from this server."""


class RefusedError(Exception):
    """The server answered with a 4xx that waiting does not cure; the provider's module says what it means."""

    def __init__(self, status: int, body: Body, need: str) -> None:
        super().__init__(f"{status} for {need}")
        self.status = status
        self.body = body
        self.need = need


@dataclass(slots=True, kw_only=True)
class CloudClient:
    """Requests of one identity for one scope; may be shared by threads, each has its own connections."""

    scope: str
    surroundings: Surroundings
    token: Callable[[str, bool], str]
    """The bearer token for a URL; the flag asks for a new one, as the server refused the last."""
    headers: Mapping[str, str] = field(default_factory=dict)
    authorities: str = ""
    """A PEM file of authorities to trust instead of the system's."""
    timeout: float = 30.0
    """Seconds per request."""
    max_wait: float = 60.0
    """Seconds one request may wait in all while the server is busy."""
    counts: Counter[str] = field(default_factory=Counter)
    """The right a request needs → requests made."""
    _local: threading.local = field(default_factory=threading.local)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: list[http.client.HTTPConnection] = field(default_factory=list)

    def get(self, url: str, *, need: str, **params: str | int) -> Body:
        """The object at `url`. Raises RefusedError, BackendUnreachableError, BackendProtocolError."""
        return self._call("GET", _with(url, params), need=need)

    def post(self, url: str, body: Body, *, need: str) -> Body:
        """What the server answers to `body`; for the few reads that are no GET. Raises as `get`."""
        return self._call("POST", url, need=need, payload=json.dumps(body).encode())

    def pages(
        self,
        url: str,
        *,
        need: str,
        following: Callable[[Body], Mapping[str, str] | str],
        **params: str | int,
    ) -> Iterator[Body]:
        """Every page of a listing. `following` tells the parameters or the URL of the next one; empty at the end.

        Raises as `get`, and BackendProtocolError for a listing that turns in a circle or leads to another server.
        """
        target, seen = _with(url, params), set[str]()
        while target:
            if target in seen or len(seen) >= _PAGES:
                raise self.strange(url, "lists the same page again and again", need)
            seen.add(target)
            body = self.get(target, need=need)
            yield body
            after = following(body)
            if isinstance(after, str):
                if after and _origin(urlsplit(after)) != _origin(urlsplit(url)):
                    raise self.strange(url, "sends the next page to another server", need)
                target = after
            else:
                target = _with(url, {**params, **after}) if after else ""

    def close(self) -> None:
        """Let go of the sockets."""
        for connection in self._open:
            connection.close()

    def strange(self, url: str, what: str, need: str) -> BackendProtocolError:
        """The error for an answer that cannot be understood."""
        return BackendProtocolError(f"{_server(url)} {what} ({need})", scope=self.scope)

    def _call(self, method: str, url: str, *, need: str, payload: bytes | None = None) -> Body:
        if cloud_value(method, unquote(urlsplit(url).path)):
            raise ValueOperationError(url)
        budget = RetryBudget(sleep=self.surroundings.sleep, total=self.max_wait)
        try:
            return budget.call(lambda: self._authorised(method, url, need, payload))
        except ThrottledError as error:
            hint = "scan at a quieter hour, or raise max-wait"
            message = f"{_server(url)} stays busy: {error}"
            raise BackendUnreachableError(message, scope=self.scope, hint=hint) from None

    def _authorised(self, method: str, url: str, need: str, payload: bytes | None) -> Body:
        try:
            return self._ask(method, url, need, payload, renew=False)
        except RefusedError as refusal:
            if refusal.status != 401:
                raise
        return self._ask(method, url, need, payload, renew=True)  # a token may end in the middle of a run

    def _ask(self, method: str, url: str, need: str, payload: bytes | None, *, renew: bool) -> Body:
        headers = {
            **self.headers,
            "Authorization": f"Bearer {self.token(url, renew)}",
            "Accept": "application/json",
        }
        headers["User-Agent"] = USER_AGENT
        if payload is not None:
            headers["Content-Type"] = "application/json"
        with self._lock:
            self.counts[need] += 1
        try:
            response, raw = self._exchange(method, url, headers, payload)
        except (OSError, http.client.HTTPException) as error:
            self._drop(url)
            raise self._unreachable(url, error) from None
        body = _object(raw)
        if response.status in _BUSY:
            raise ThrottledError(f"{response.status}, {words(body or {})}", after=self._wait(response))
        if 400 <= response.status < 500:
            raise RefusedError(response.status, body or {}, need)
        if response.status != 200 or body is None:
            raise self.strange(url, f"answers {response.status} with something that is no JSON object", need)
        return body

    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], payload: bytes | None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection = self._connection(parts)
        fresh = connection.sock is None
        try:
            connection.request(method, target, body=payload, headers=dict(headers))
            response = connection.getresponse()
        except (ConnectionError, http.client.BadStatusLine):
            connection.close()
            if fresh:
                raise
            # The server may close a connection that was idle: that is no failure of this request.
            connection.request(method, target, body=payload, headers=dict(headers))
            response = connection.getresponse()
        return response, response.read()

    def _connection(self, parts: SplitResult) -> http.client.HTTPConnection:
        known, key = self._known(), _origin(parts)
        if key not in known:
            known[key] = self._connect(parts)
            with self._lock:
                self._open.append(known[key])
        return known[key]

    def _known(self) -> dict[tuple[str, str], http.client.HTTPConnection]:
        """The connections of this thread."""
        if not hasattr(self._local, "known"):
            self._local.known = {}
        known: dict[tuple[str, str], http.client.HTTPConnection] = self._local.known
        return known

    def _connect(self, parts: SplitResult) -> http.client.HTTPConnection:
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        if parts.scheme != "https" and host not in _HERE:
            what = f"{_server(parts.geturl())} is asked without TLS, so it gets no token"
            raise CollectError(what, scope=self.scope, hint="write its address with https")
        proxy = _proxy(parts, self.surroundings.environ)
        at = (proxy.hostname or "", proxy.port or 3128) if proxy else (host, port)
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=self.authorities or None)
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                *at, timeout=self.timeout, context=context
            )
        else:
            connection = http.client.HTTPConnection(*at, timeout=self.timeout)
        if proxy:
            connection.set_tunnel(host, port)
        return connection

    def _drop(self, url: str) -> None:
        connection = self._known().pop(_origin(urlsplit(url)), None)
        if connection is not None:
            connection.close()

    def _wait(self, response: http.client.HTTPResponse) -> float | None:
        """The seconds that Retry-After asks for, as a number or as a date (RFC 9110, 10.2.3)."""
        said = response.headers.get("Retry-After") or ""
        if said.isdecimal():
            return float(said)
        with suppress(ValueError, TypeError):
            return max(0.0, (parsedate_to_datetime(said) - self.surroundings.clock.now()).total_seconds())
        return None

    def _unreachable(self, url: str, error: Exception) -> BackendUnreachableError:
        hint = "check the address and the network"
        if isinstance(error, ssl.SSLCertVerificationError):
            what = f"shows a certificate that is not trusted ({error.verify_message})"
            hint = "name the file with its authority in ca-cert"
        elif isinstance(error, ssl.SSLError):
            what = "does not agree on TLS"
        elif isinstance(error, TimeoutError):
            what, hint = "does not answer in time", f"{hint}, or raise timeout"
        elif isinstance(error, http.client.HTTPException):
            what = "breaks off in the middle of an answer"
        else:
            what = "cannot be reached"
        return BackendUnreachableError(f"{_server(url)} {what}", scope=self.scope, hint=hint)


def words(body: Body) -> str:
    """What an error says, in the shapes of Azure and Google."""
    error = body.get("error")
    said = error.get("message") if isinstance(error, Mapping) else error or body.get("message")
    return " ".join(str(said or "no reason given").split())[:300]


def _with(url: str, params: Mapping[str, str | int]) -> str:
    given = urlencode({name: value for name, value in params.items() if value != ""})
    return f"{url}{'&' if '?' in url else '?'}{given}" if given else url


def _origin(parts: SplitResult) -> tuple[str, str]:
    return parts.scheme, parts.netloc.lower()


def _server(url: str) -> str:
    return "://".join(_origin(urlsplit(url)))


def _object(raw: bytes) -> Body | None:
    try:
        found = json.loads(raw)
    except ValueError:
        return None
    return found if isinstance(found, Mapping) else None


def _proxy(parts: SplitResult, environ: Mapping[str, str]) -> SplitResult | None:
    """The proxy the environment names for this address, unless it is excepted or on this machine."""
    excepted = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    bypass: Any = getattr(urllib.request, "proxy_bypass_environment")  # noqa: B009 (typeshed does not list it)
    if parts.hostname in _HERE or bypass(parts.netloc, {"no": excepted}):
        return None
    name = f"{parts.scheme}_proxy"
    proxy = environ.get(name) or environ.get(name.upper())
    return urlsplit(proxy) if proxy else None
