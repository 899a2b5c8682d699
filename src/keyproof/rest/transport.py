"""Sending the questions of one scope: never for a value, patiently, and with every failure named."""

import http.client
import json
import logging
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from keyproof.domain.verdict import Evidence
from keyproof.errors import BackendProtocolError, BackendUnreachableError, CollectError
from keyproof.ports import Surroundings
from keyproof.rest.connection import Connections, Received, TooLongError, origin, secure
from keyproof.rest.refusals import RefusedError, unreachable, words
from keyproof.rest.waiting import is_busy, wait_of
from keyproof.retry import RetryBudget, ThrottledError
from keyproof.value_operations import ValueOperationError, returns_value

_LOG = logging.getLogger(__name__)
USER_AGENT = "keyproof"
"""How requests are marked in the servers' logs."""
JSON = "application/json"
Token = Callable[[str, bool], str]
"""The bearer token for a URL, empty for none; the flag asks for a new one, as the server refused the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question to a server."""

    method: str
    url: str
    purpose: str
    """The operation it performs or the right it takes: what is counted, and named in messages."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Beside those that all requests have; one of the same name goes before."""
    body: bytes | None = None
    asks: str = ""
    """What the body asks, where it holds a question in a language of queries."""
    answers: frozenset[int] = frozenset()
    """Statuses that are answers beside those of success."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said when it did as it was asked."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Any
    """Parsed; None where it is no JSON."""
    raw: bytes = field(repr=False)

    @property
    def found(self) -> bool:
        """Whether the status is one of success."""
        return self.status < 300

    @property
    def text(self) -> str:
        """The whole answer where it is no JSON."""
        return self.raw.decode("utf-8", errors="replace")


@dataclass(slots=True, kw_only=True)
class Transport:
    """Requests of one identity for one scope; may be shared by threads."""

    scope: str
    surroundings: Surroundings
    connections: Connections
    stated: Collection[str]
    """Purposes of requests, as the provider's package lists them: nothing is sent for another one."""
    denied: Callable[[Request], bool]
    """Whether a request would hand over a value: it is not sent."""
    meaning: Callable[[RefusedError], CollectError]
    """What a refusal is in the words of keyproof."""
    name: str = ""
    """What people call the server; empty where there are several."""
    headers: Mapping[str, str] = field(default_factory=dict)
    token: Token | None = None
    """Asked for with every request; None where the headers hold the credentials."""
    tls_only: bool = False
    """Whether nothing is sent to other machines without TLS, whatever their addresses say."""
    max_wait: float = 60.0
    """Seconds one request may wait in all while the server is busy."""
    authorities: str = "name the file of its authority in ca-cert"
    """What to do about a certificate that is not trusted."""
    check: str = ""
    """What to check when an answer cannot be understood."""
    counts: Counter[str] = field(default_factory=Counter)
    """Purpose → requests made."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, request: Request) -> Answer:
        """Ask until the server is not busy; a token it refuses is renewed once.

        Raises what `meaning` makes of a refusal, BackendUnreachableError, BackendProtocolError, and
        ValueOperationError instead of asking for a value or for what is not stated.
        """
        unstated = request.purpose not in self.stated
        if unstated or returns_value(request.purpose) or self.denied(request):
            raise ValueOperationError(request.purpose)
        if self.tls_only and not secure(request.url):
            what = f"{origin(request.url)} is asked without TLS, so it gets no token"
            raise CollectError(what, scope=self.scope, hint="write its address with https")
        budget = RetryBudget(sleep=self.surroundings.sleep, total=self.max_wait)
        try:
            return budget.call(lambda: self._authorised(request))
        except RefusedError as refusal:
            raise self.meaning(refusal) from None
        except ThrottledError as error:
            hint = "scan at a quieter hour, or raise max-wait"
            message = f"{self._server(request.url)} stays busy: {error}"
            raise BackendUnreachableError(message, scope=self.scope, hint=hint) from None

    def strange(self, url: str, what: str, purpose: str) -> BackendProtocolError:
        """The error for an answer that cannot be understood."""
        message = f"{self._server(url)} {what} ({purpose})"
        return BackendProtocolError(message, scope=self.scope, hint=self.check)

    def account(self) -> Evidence:
        """How often was asked for what."""
        counted = ", ".join(f"{what}: {count}" for what, count in sorted(self.counts.items()))
        return Evidence(name="requests", value=counted)

    def close(self) -> None:
        """Let go of the sockets."""
        self.connections.close()

    def _server(self, url: str) -> str:
        return self.name or origin(url)

    def _authorised(self, request: Request) -> Answer:
        try:
            return self._attempt(request, renew=False)
        except RefusedError as refusal:
            if refusal.status != 401 or self.token is None:
                raise
        return self._attempt(request, renew=True)  # a token may end in the middle of a run

    def _attempt(self, request: Request, *, renew: bool) -> Answer:
        headers = {"User-Agent": USER_AGENT, "Accept": JSON, **self.headers, **request.headers}
        if self.token is not None and (token := self.token(request.url, renew)):
            headers["Authorization"] = f"Bearer {token}"
        with self._lock:
            self.counts[request.purpose] += 1
        try:
            received = self.connections.exchange(request.method, request.url, headers, request.body)
        except TooLongError as error:
            raise self.strange(request.url, str(error), request.purpose) from None
        except (OSError, http.client.HTTPException) as error:
            at = origin(request.url)
            server = f"{self.name} at {at}" if self.name else at
            raise unreachable(error, server=server, scope=self.scope, authorities=self.authorities) from None
        path = urlsplit(request.url).path
        _LOG.debug("%s %s %s: %d", self._server(request.url), request.method, path, received.status)
        body = _parsed(received.raw)
        if received.status < 300 or received.status in request.answers:
            return Answer(status=received.status, headers=received.headers, body=body, raw=received.raw)
        raise self._refusal(request, received, body)

    def _refusal(self, request: Request, received: Received, body: Any) -> Exception:
        """What a status other than success means. A redirection is not followed: nobody else gets the token."""
        status, said = received.status, words(body)
        if is_busy(status, received.headers, said):
            after = wait_of(received.headers, self.surroundings.clock.now())
            return ThrottledError(f"{status}, {said}", after=after)
        if 400 <= status < 500:
            given = body if isinstance(body, Mapping) else {}
            return RefusedError(status, given, request.purpose, self._server(request.url))
        if status in {301, 302, 307, 308}:
            place = urlsplit(received.headers.get("location", "")).path or "another place"
            said = f"it has moved to {place}; write its new name"
        return self.strange(request.url, f"answers {status}: {said}", request.purpose)


def with_params(url: str, params: Mapping[str, str | int]) -> str:
    """The URL with more parameters; those that are empty are left out."""
    given = urlencode({name: value for name, value in params.items() if value != ""})
    return f"{url}{'&' if '?' in url else '?'}{given}" if given else url


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None
