"""Asking a server for JSON over HTTP: only operations that were stated, page by page, never for a value."""

import http.client
import json
import re
import ssl
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Self
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendProtocolError, BackendUnreachableError, CollectError
from keyproof.ports import Surroundings
from keyproof.rest.config import RestConfig
from keyproof.retry import RetryBudget, ThrottledError
from keyproof.value_operations import ValueOperationError, returns_value

USER_AGENT = "keyproof"
_BUSY = frozenset({429, 500, 502, 503, 504})
_LARGEST = 64 * 1024 * 1024
"""Bytes of one answer; every listing here comes in pages far below."""
_REMEMBERED = 256
"""Answers kept by their ETag."""
_NEXT = re.compile(r'<([^<>]*)>\s*;[^,]*\brel="?next"?')


class CredentialsRefusedError(AccessDeniedError):
    """The server does not know the credentials, or no longer: nothing else can be read either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server, and all that may be asked of it."""

    name: str
    """As people call it, e.g. `GitHub`."""
    address: str
    operations: Mapping[str, str]
    """Method and path, e.g. `GET /orgs/{org}/actions/secrets` → the right it takes, in the server's own words."""
    renewal: str
    """What to do when the credentials are refused."""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server said when it did as it was asked."""

    body: Any
    headers: Mapping[str, str]
    """Names in lower case."""


class RestClient:
    """One connection to one server; not to be shared between threads."""

    def __init__(
        self,
        server: Server,
        config: RestConfig,
        surroundings: Surroundings,
        *,
        scope: str,
        remembered: dict[str, tuple[str, Any]] | None = None,
    ) -> None:
        """Prepare, without asking anything yet; `remembered` keeps answers by ETag, also for later clients.

        Raises CollectError for a file of authorities that is none.
        """
        self.server, self._scope = server, scope
        self._clock = surroundings.clock
        self._budget = RetryBudget(sleep=surroundings.sleep, total=config.max_wait)
        self._remembered = remembered
        self._headers = {"User-Agent": USER_AGENT, "Accept": "application/json", **server.headers}
        parts = urlsplit(server.address)
        self._prefix = parts.path.rstrip("/")
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        proxy = _proxy(parts.scheme, parts.netloc, host, surroundings.environ)
        at = (proxy.hostname or "", proxy.port or 3128) if proxy else (host, port)
        if parts.scheme == "https":
            path = str(surroundings.root / config.ca_cert) if config.ca_cert else None
            self._http: http.client.HTTPConnection = http.client.HTTPSConnection(
                *at, timeout=config.timeout, context=_context(path, scope)
            )
        else:
            self._http = http.client.HTTPConnection(*at, timeout=config.timeout)
        if proxy:
            self._http.set_tunnel(host, port)
        self.counts: Counter[str] = Counter()
        """Operation → requests made."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ask(
        self,
        operation: str,
        parts: Mapping[str, str] | None = None,
        *,
        query: Mapping[str, str | int] | None = None,
        json_body: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        text: str = "",
    ) -> Answer:
        """Perform an operation of the server, in whose path `{names}` stand for `parts`.

        What follows a `?` in the operation is always sent. `json_body`, a `form` or a `text` goes with a POST.
        Raises AccessDeniedError (also for 404: servers hide what one may not see), CredentialsRefusedError,
        BackendUnreachableError, BackendProtocolError.
        """
        if operation not in self.server.operations or returns_value(operation):
            raise ValueOperationError(operation)
        if json_body is not None and returns_value(str(json_body.get("query"))):
            raise ValueOperationError(f"a question by {operation}")
        plain, _, fixed = operation.partition(" ")[2].partition("?")
        target = self._prefix + plain.format(
            **{name: quote(part, safe="") for name, part in (parts or {}).items()}
        )
        asked = "&".join(filter(None, (fixed, urlencode(query or {}))))
        target += f"?{asked}" if asked else ""
        sent = (text.encode(), "text/plain")
        if json_body is not None:
            sent = (json.dumps(json_body).encode(), "application/json")
        elif form is not None:
            sent = (urlencode(form).encode(), "application/x-www-form-urlencoded")
        try:
            return self._budget.call(lambda: self._perform(operation, target, sent))
        except ThrottledError as error:
            hint = "scan at a quieter hour, or raise max-wait"
            message = f"{self.server.name} stays busy: {error}"
            raise BackendUnreachableError(message, scope=self._scope, hint=hint) from None

    def pages(
        self,
        operation: str,
        parts: Mapping[str, str] | None = None,
        *,
        query: Mapping[str, str | int] | None = None,
    ) -> Iterator[Any]:
        """The body of every page of a listing, as the server's `Link` headers join them (RFC 8288)."""
        asked: Mapping[str, str | int] = query or {}
        seen: set[str] = set()
        while True:
            answer = self.ask(operation, parts, query=asked)
            yield answer.body
            found = _NEXT.search(answer.headers.get("link", ""))
            if found is None:
                return
            # Only the question is taken from the link: neither another host nor another path gets the token.
            link = urlsplit(found[1]).query
            if link in seen:
                raise self.strange("lists the same page again and again", operation)
            seen.add(link)
            asked = dict(parse_qsl(link, keep_blank_values=True))

    def strange(self, what: str, operation: str) -> BackendProtocolError:
        """The error for an answer that cannot be understood."""
        hint = f"check that {self.server.address} is the address of {self.server.name}, and its version"
        return BackendProtocolError(f"{self.server.name} {what} ({operation})", scope=self._scope, hint=hint)

    def account(self) -> Iterator[Evidence]:
        """Where was asked, and how often what."""
        yield Evidence(name="endpoint", value=self.server.address)
        counted = ", ".join(f"{what}: {count}" for what, count in sorted(self.counts.items()))
        yield Evidence(name="requests", value=counted)

    def _perform(self, operation: str, target: str, sent: tuple[bytes, str]) -> Answer:
        self.counts[operation] += 1
        known = self._remembered.get(target) if self._remembered is not None else None
        headers = {**self._headers, **({"If-None-Match": known[0]} if known else {})}
        try:
            response, raw = self._exchange(operation.partition(" ")[0], target, headers, sent)
        except (OSError, http.client.HTTPException) as error:
            self._http.close()
            raise self._unreachable(error) from None
        said = {name.lower(): value for name, value in response.getheaders()}
        if response.status == 304 and known:
            return Answer(body=known[1], headers=said)
        if len(raw) > _LARGEST:
            raise self.strange(f"answers with more than {_LARGEST} bytes", operation)
        body = _parsed(raw)
        if response.status < 300:
            if body is None:
                raise self.strange("answers with something that is no JSON", operation)
            self._remember(target, said, body)
            return Answer(body=body, headers=said)
        raise self._refusal(response.status, said, _words(body), operation)

    def _remember(self, target: str, said: Mapping[str, str], body: Any) -> None:
        if self._remembered is not None and said.get("etag") and len(self._remembered) < _REMEMBERED:
            self._remembered[target] = (said["etag"], body)

    def _exchange(
        self, method: str, target: str, headers: Mapping[str, str], sent: tuple[bytes, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        fresh = self._http.sock is None
        body = None if method == "GET" else sent[0]
        given = headers if method == "GET" else {**headers, "Content-Type": sent[1]}
        try:
            self._http.request(method, target, body=body, headers=dict(given))
            response = self._http.getresponse()
        except (ConnectionError, http.client.BadStatusLine):
            self._http.close()
            if fresh:
                raise
            # The server may close a connection that was idle: that is no failure of this request.
            self._http.request(method, target, body=body, headers=dict(given))
            response = self._http.getresponse()
        with response:
            raw = response.read(_LARGEST + 1)
        if len(raw) > _LARGEST:
            self._http.close()
        elif response.length:  # reading a part does not notice that the rest never came
            raise http.client.IncompleteRead(raw, response.length)
        return response, raw

    def _refusal(self, status: int, said: Mapping[str, str], words: str, operation: str) -> Exception:
        """What a status other than success means; a limit of requests may come as 403 too.

        https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
        """
        name, need = self.server.name, self.server.operations[operation]
        limited = status == 403 and (
            "retry-after" in said or _remaining(said) == "0" or "rate limit" in words.lower()
        )
        if status in _BUSY or limited:
            return ThrottledError(f"{status}, {words}", after=self._wait(said))
        if status == 401 or (status == 400 and words in {"invalid_client", "invalid_grant"}):  # RFC 6749
            message = f"{name} does not accept the credentials, or they have expired"
            return CredentialsRefusedError(message, scope=self._scope, hint=self.server.renewal)
        if status == 403:
            message = f"the right '{need}' is missing: {words}"
            return AccessDeniedError(message, scope=self._scope, hint=f"grant '{need}'")
        if status == 404:
            message = f"it is not there, or the right '{need}' is missing: {name} answers 404 to both"
            return AccessDeniedError(message, scope=self._scope, hint=f"check the name, and grant '{need}'")
        if status in {301, 302, 307, 308}:
            place = urlsplit(said.get("location", "")).path or "another place"
            return self.strange(f"says that it has moved to {place}; write its new name", operation)
        return self.strange(f"answers {status}: {words}", operation)

    def _wait(self, said: Mapping[str, str]) -> float | None:
        """Seconds the server asks to wait: Retry-After (RFC 9110), else the end of its window."""
        after = said.get("retry-after", "")
        if after.isdecimal():
            return float(after)
        if after:
            try:
                return max(0.0, (parsedate_to_datetime(after) - self._clock.now()).total_seconds())
            except (ValueError, TypeError):
                return None
        reset = said.get("x-ratelimit-reset") or said.get("ratelimit-reset") or ""
        if _remaining(said) != "0" or not reset.isdecimal():
            return None
        # Small numbers are seconds to go, others a time since 1970.
        return (
            float(reset) if int(reset) < 10**8 else max(0.0, int(reset) - self._clock.now().timestamp() + 1)
        )

    def _unreachable(self, error: Exception) -> BackendUnreachableError:
        hint = "check the address, the network and whether the server runs"
        if isinstance(error, ssl.SSLCertVerificationError):
            what = f"shows a certificate that is not trusted ({error.verify_message})"
            hint = "name the file of its authority in ca-cert"
        elif isinstance(error, ssl.SSLError):
            what = "does not agree on TLS"
        elif isinstance(error, TimeoutError):
            what, hint = "does not answer in time", f"{hint}, or raise timeout"
        elif isinstance(error, http.client.HTTPException):
            what = "breaks off in the middle of an answer"
        else:
            what = "cannot be reached"
        message = f"{self.server.name} at {self.server.address} {what}"
        return BackendUnreachableError(message, scope=self._scope, hint=hint)


def token_of(environ: Mapping[str, str], *names: str, scope: str) -> str:
    """The first of the environment variables `names` that is set. Raises AccessDeniedError.

    A text with characters that no header may hold is refused here, so that no message can show it.
    """
    found = next((environ[name].strip() for name in names if environ.get(name, "").strip()), "")
    wanted = " or ".join(names)
    if not found:
        raise AccessDeniedError(f"there is no token: {wanted} is not set", scope=scope, hint=f"set {wanted}")
    if not (found.isascii() and found.isprintable() and " " not in found):
        what = f"{wanted} has characters that no token has"
        raise AccessDeniedError(what, scope=scope, hint=f"correct {wanted}")
    return found


def _context(path: str | None, scope: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError):
        what = f"the authorities in {path} cannot be used"
        raise CollectError(what, scope=scope, hint="correct ca-cert") from None


def _proxy(scheme: str, netloc: str, host: str, environ: Mapping[str, str]) -> Any:
    """The proxy the environment names for this address, unless it is excepted or on this machine."""
    excepted = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    bypass: Any = getattr(urllib.request, "proxy_bypass_environment")  # noqa: B009 (typeshed does not list it)
    if host in {"localhost", "127.0.0.1", "::1"} or bypass(netloc, {"no": excepted}):
        return None
    name = f"{scheme}_proxy"
    proxy = environ.get(name) or environ.get(name.upper())
    return urlsplit(proxy) if proxy else None


def _remaining(said: Mapping[str, str]) -> str:
    return said.get("x-ratelimit-remaining") or said.get("ratelimit-remaining") or ""


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _words(body: Any) -> str:
    said = body.get("message") or body.get("error") if isinstance(body, Mapping) else None
    return " ".join(str(said).split())[:300] if isinstance(said, str) else "no reason given"
