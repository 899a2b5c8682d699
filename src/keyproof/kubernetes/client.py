"""Asking a Kubernetes API server: GET requests only, page by page, every failure in the words of keyproof."""

import base64
import http.client
import json
import ssl
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from keyproof.errors import AccessDeniedError, BackendProtocolError, BackendUnreachableError, CollectError
from keyproof.kubernetes.kubeconfig import ClusterAccess
from keyproof.retry import RetryBudget, ThrottledError
from keyproof.value_operations import ValueOperationError, whole_secrets

JSON = "application/json"
TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
"""Names, types and counts of keys. The values of Secrets have no column, so they stay on the server:
https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables."""
METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
USER_AGENT = "keyproof"
"""How requests are marked in the server's audit log."""

_PAGE = 500
_BUSY = frozenset({429, 500, 502, 503, 504})
_RESTARTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server said, when it said something that is not a refusal."""

    status: int
    body: Mapping[str, Any]
    text: str = ""
    """The whole answer where it is no JSON."""

    @property
    def found(self) -> bool:
        """Whether the path is served."""
        return self.status < 300


class Client:
    """One connection to one API server; not to be shared between threads."""

    def __init__(
        self,
        access: ClusterAccess,
        *,
        scope: str,
        budget: RetryBudget,
        timeout: float,
        environ: Mapping[str, str],
    ) -> None:
        """Prepare, without asking anything yet. Raises CollectError for certificates that are none."""
        parts = urlsplit(access.server)
        self._server, self._scope, self._budget = access.server, scope, budget
        self._prefix = parts.path.rstrip("/")
        self._headers = {"User-Agent": USER_AGENT, **_authorization(access, scope)}
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        proxy = urlsplit(access.proxy) if access.proxy else _proxy(parts.scheme, parts.netloc, host, environ)
        at = (proxy.hostname or "", proxy.port or 3128) if proxy else (host, port)
        if parts.scheme == "https":
            self._http: http.client.HTTPConnection = _Named(
                *at, timeout=timeout, context=_context(access, scope), name=access.server_name
            )
        else:
            self._http = http.client.HTTPConnection(*at, timeout=timeout)
        if proxy:
            self._http.set_tunnel(host, port)
        self.counts: Counter[str] = Counter()
        """What was asked for → requests made."""

    def close(self) -> None:
        """Let go of the socket."""
        self._http.close()

    def get(self, path: str, *, need: str, accept: str = JSON, **params: str | int) -> Answer:
        """Ask for `path`; 404 and 410 are answers. `need` is the right it takes, e.g. `list secrets`.

        Raises AccessDeniedError, BackendUnreachableError, BackendProtocolError.
        """
        if whole_secrets(path, accept):
            raise ValueOperationError(path)
        given = {name: value for name, value in params.items() if value != ""}
        target = f"{self._prefix}{path}" + (f"?{urlencode(given)}" if given else "")
        try:
            return self._budget.call(lambda: self._ask(target, need=need, accept=accept))
        except ThrottledError as error:
            hint = "scan at a quieter hour, or raise max-wait"
            message = f"{self._server} stays busy: {error}"
            raise BackendUnreachableError(message, scope=self._scope, hint=hint) from None

    def pages(
        self, path: str, *, need: str, accept: str = JSON, **params: str
    ) -> Iterator[Mapping[str, Any]]:
        """Every page of a listing; nothing for a path that is not served.

        When the server forgets where the listing stood (410 Gone), it goes on with the token the server offers
        instead, else from the start: an object may then come twice.
        """
        token, restarts = "", 0
        seen: set[str] = set()
        while True:
            answer = self.get(path, need=need, accept=accept, limit=_PAGE, **{**params, "continue": token})
            if answer.status == 410 and restarts < _RESTARTS:
                token, restarts = _next(answer.body), restarts + 1
                continue
            if answer.status == 404:
                return
            if not answer.found:
                raise self._strange(f"answers {answer.status}: {_words(answer.body)}", need)
            yield answer.body
            token = _next(answer.body)
            if not token:
                return
            if token in seen:
                raise self._strange("lists the same page again and again", need)
            seen.add(token)

    def _ask(self, target: str, *, need: str, accept: str) -> Answer:
        self.counts[need] += 1
        try:
            response, raw = self._exchange(target, {**self._headers, "Accept": accept})
        except (OSError, http.client.HTTPException) as error:
            self._http.close()
            raise self._unreachable(error) from None
        status = response.status
        body = _object(raw)
        if status in _BUSY:
            wait = response.headers.get("Retry-After") or ""
            reason = f"{status}, {_words(body or {})}"
            raise ThrottledError(reason, after=float(wait) if wait.isdecimal() else None)
        if status in {401, 403}:
            raise self._denied(status, body or {}, need)
        if status < 300 and accept != "text/plain":
            if body is None:
                raise self._strange("answers with something that is no JSON object", need)
            return Answer(status=status, body=body)
        if status < 300 or status in {404, 410}:
            return Answer(status=status, body=body or {}, text=raw.decode("utf-8", errors="replace"))
        raise self._strange(f"answers {status}: {_words(body or {})}", need)

    def _exchange(self, target: str, headers: Mapping[str, str]) -> tuple[http.client.HTTPResponse, bytes]:
        fresh = self._http.sock is None
        try:
            self._http.request("GET", target, headers=dict(headers))
            response = self._http.getresponse()
        except (ConnectionError, http.client.BadStatusLine):
            self._http.close()
            if fresh:
                raise
            # The server may close a connection that was idle: that is no failure of this request.
            self._http.request("GET", target, headers=dict(headers))
            response = self._http.getresponse()
        return response, response.read()

    def _denied(self, status: int, body: Mapping[str, Any], need: str) -> AccessDeniedError:
        if status == 401:
            hint = "renew the token or certificate of the kubeconfig"
            message = f"{self._server} does not accept the credentials, or they have expired"
            return AccessDeniedError(message, scope=self._scope, hint=hint)
        said = _words(body)
        hint = f"bind a role that may {need}; the reference of this kind of source lists all rights"
        return AccessDeniedError(f"the right to {need} is missing: {said}", scope=self._scope, hint=hint)

    def _strange(self, what: str, need: str) -> BackendProtocolError:
        hint = "check that the address is that of a Kubernetes API server"
        return BackendProtocolError(f"{self._server} {what} ({need})", scope=self._scope, hint=hint)

    def _unreachable(self, error: Exception) -> BackendUnreachableError:
        hint = "check the address, the network and whether the server runs"
        if isinstance(error, ssl.SSLCertVerificationError):
            what = f"shows a certificate that is not trusted ({error.verify_message})"
            hint = "correct the certificate authority of the kubeconfig"
        elif isinstance(error, ssl.SSLError):
            what = "does not agree on TLS"
        elif isinstance(error, TimeoutError):
            what, hint = "does not answer in time", f"{hint}, or raise timeout"
        elif isinstance(error, http.client.HTTPException):
            what = "breaks off in the middle of an answer"
        else:
            what = "cannot be reached"
        return BackendUnreachableError(f"{self._server} {what}", scope=self._scope, hint=hint)


class _Named(http.client.HTTPSConnection):
    """A connection to a server whose certificate may bear another name than its host."""

    def __init__(self, host: str, port: int, *, timeout: float, context: ssl.SSLContext, name: str) -> None:
        super().__init__(host, port, timeout=timeout, context=context)
        self._tls, self._name = context, name

    def connect(self) -> None:
        """As the standard library's, but for the name."""
        http.client.HTTPConnection.connect(self)
        name = self._name or getattr(self, "_tunnel_host", None) or self.host
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=name)


def _context(access: ClusterAccess, scope: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=access.authorities or None)
        if not access.verified:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if access.certificate:
            with tempfile.TemporaryDirectory(prefix="keyproof-") as folder:  # readable by this user only
                path = Path(folder) / "client.pem"  # OpenSSL reads a key from files only
                path.touch(mode=0o600)
                path.write_text(f"{access.certificate}\n{access.key}\n", "ascii")
                context.load_cert_chain(path)
    except (ssl.SSLError, ValueError):
        what = "the certificates or the key for the API server cannot be used"
        raise CollectError(what, scope=scope, hint="correct them in the kubeconfig") from None
    return context


def _authorization(access: ClusterAccess, scope: str) -> dict[str, str]:
    if access.token:
        if not (access.token.isascii() and access.token.isprintable() and " " not in access.token):
            what = "the token found has characters that no token has"
            raise AccessDeniedError(what, scope=scope, hint="correct the token of the kubeconfig")
        return {"Authorization": f"Bearer {access.token}"}
    if access.basic:
        return {"Authorization": f"Basic {base64.b64encode(access.basic.encode()).decode()}"}
    return {}


def _proxy(scheme: str, netloc: str, host: str, environ: Mapping[str, str]) -> Any:
    """The proxy the environment names for this address, unless it is excepted or on this machine."""
    excepted = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    bypass: Any = getattr(urllib.request, "proxy_bypass_environment")  # noqa: B009 (typeshed does not list it)
    if host in {"localhost", "127.0.0.1", "::1"} or bypass(netloc, {"no": excepted}):
        return None
    name = f"{scheme}_proxy"
    proxy = environ.get(name) or environ.get(name.upper())
    return urlsplit(proxy) if proxy else None


def _object(raw: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(raw)
    except ValueError:
        return None
    return found if isinstance(found, Mapping) else None


def _next(body: Mapping[str, Any]) -> str:
    metadata = body.get("metadata")
    return str(metadata.get("continue") or "") if isinstance(metadata, Mapping) else ""


def _words(body: Mapping[str, Any]) -> str:
    return " ".join(str(body.get("message") or "no reason given").split())[:300]
