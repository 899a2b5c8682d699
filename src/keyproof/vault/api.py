"""Asking a Vault or OpenBao server: one request, its answer, and every failure in the words of keyproof."""

import ipaddress
import logging
import urllib.request
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from keyproof.errors import (
    AccessDeniedError,
    BackendProtocolError,
    BackendUnreachableError,
    MissingExtraError,
)

_LOG = logging.getLogger(__name__)
_BUSY = frozenset({412, 429, 502, 503, 504})
"""412 is a standby that lags behind (https://developer.hashicorp.com/vault/api-docs#http-status-codes)."""
_UPGRADING = "Upgrading from non-versioned"
"""What a new KV version 2 mount says for its first moments."""
_SUDO = ("sys/audit", "auth/token/accessors")
_LEASES = "sys/leases/lookup/"
_IGNORED = "Endpoint ignored"
"""What a server says to a parameter it does not know, like the size of a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server said, when it said something that is not a refusal."""

    status: int
    body: Mapping[str, Any]
    retry_after: float | None = None
    """Seconds the server asks to wait, if it says."""

    @property
    def data(self) -> Mapping[str, Any]:
        """The payload; empty when there is none."""
        data = self.body.get("data")
        return data if isinstance(data, Mapping) else {}

    @property
    def keys(self) -> list[str]:
        """What a listing holds."""
        return [str(key) for key in self.data.get("keys") or ()]

    @property
    def found(self) -> bool:
        """Whether the path holds something."""
        return self.status < 300

    @property
    def empty(self) -> bool:
        """Whether the path is served but holds nothing: an unserved path is a 404 with words."""
        remarks = [one for one in self.body.get("warnings") or () if not str(one).startswith(_IGNORED)]
        return self.status == 404 and not self.body.get("errors") and not remarks

    @property
    def busy(self) -> bool:
        """Whether asking again later may help."""
        return self.status in _BUSY or (self.status == 400 and _UPGRADING in self.words)

    @property
    def words(self) -> str:
        """What the server says went wrong."""
        said = self.body.get("errors") or self.body.get("warnings") or ()
        return "; ".join(" ".join(str(one).split()) for one in said) or "no reason given"


class Connection:
    """One connection to one server; not to be shared between threads."""

    def __init__(
        self, address: str, *, scope: str, environ: Mapping[str, str], authorities: str, timeout: float
    ) -> None:
        """Prepare, without asking anything yet. Raises MissingExtraError.

        `authorities` is a PEM file, empty for the well-known ones; `timeout` is in seconds.
        """
        try:
            import hvac.adapters  # noqa: PLC0415 (only a scan of this source needs it)
            import requests  # noqa: PLC0415 (same)
        except ImportError:
            raise MissingExtraError(scope=scope, extra="vault") from None
        session = requests.Session()
        session.trust_env = False  # the environment is handed in, and .netrc is none of Vault's business
        session.proxies.update(_proxies(address, environ))
        session.verify = authorities or True
        # A redirect would carry the token to whatever host it names.
        self._adapter = hvac.adapters.RawAdapter(
            base_uri=address, session=session, timeout=timeout, allow_redirects=False
        )
        self._errors = requests.exceptions
        self._address = address
        self._scope = scope
        self.counts: Counter[str] = Counter()
        """Verb → requests made."""

    def close(self) -> None:
        """Let go of the sockets."""
        self._adapter.close()

    def use(self, token: str) -> None:
        """Send `token` from now on."""
        self._adapter.token = token

    def ask(
        self,
        verb: str,
        path: str,
        *,
        namespace: str = "",
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Ask once; 404, 405 and a busy server are answers.

        Raises AccessDeniedError, BackendUnreachableError or BackendProtocolError.
        """
        self.counts[verb] += 1
        try:
            response = self._adapter.request(
                verb,
                f"v1/{quote(path, safe='/')}",
                headers={"X-Vault-Namespace": namespace} if namespace else {},
                raise_exception=False,
                params=params,
                json=body,
            )
        except OSError as error:  # every error of requests is one, and a missing PEM file is a plain one
            raise self._unreachable(error) from error
        _LOG.debug("%s %s: %d", verb, namespace + path, response.status_code)
        answer = Answer(
            status=response.status_code,
            body=self._body(response, verb, path),
            retry_after=_seconds(response.headers.get("Retry-After")),
        )
        self._refuse(verb, namespace + path, answer, response.headers.get("Location", ""))
        return answer

    def _body(self, response: Any, verb: str, path: str) -> Mapping[str, Any]:
        try:
            body = response.json() if response.content else {}
        except ValueError:
            body = None
        if isinstance(body, Mapping):
            return body
        if response.ok:
            raise self._strange(verb, path, "answers with something that is no JSON object")
        return {"errors": ["the answer is no JSON object"]}

    def _refuse(self, verb: str, path: str, answer: Answer, location: str) -> None:
        status = answer.status
        if 300 <= status < 400:
            message = f"{self._address} redirects, and the token goes nowhere but to the address configured"
            hint = f"set address to {_host_of(location)}"
            raise BackendUnreachableError(message, scope=self._scope, hint=hint)
        if status in {401, 403}:
            raise self._denied(verb, path)
        if status == 503 and ("sealed" in answer.words or answer.body.get("sealed") is True):
            hint = "unseal it (`bao operator unseal` or `vault operator unseal`) and scan again"
            raise BackendUnreachableError(f"{self._address} is sealed", scope=self._scope, hint=hint)
        if not (answer.found or answer.busy or status in {404, 405}):
            raise self._strange(verb, path, f"answers {status}: {answer.words}")

    def _denied(self, verb: str, path: str) -> AccessDeniedError:
        if verb == "POST" and path.endswith("/login"):
            hint = "check role, secret id and the mount of the auth method"
            return AccessDeniedError(f"the server refuses the login at {path}", scope=self._scope, hint=hint)
        capability = {"GET": "read", "LIST": "list"}.get(verb, "update")
        needed = f"'{capability}'" + (" with 'sudo'" if path.endswith(_SUDO) or _LEASES in path else "")
        return AccessDeniedError(
            f"the token has no {needed} on {path}",
            scope=self._scope,
            hint="add it to the token's policy, or renew the token if it has expired",
        )

    def _strange(self, verb: str, path: str, what: str) -> BackendProtocolError:
        hint = "check that the address is that of a Vault or OpenBao server"
        return BackendProtocolError(f"{self._address} {what} ({verb} {path})", scope=self._scope, hint=hint)

    def _unreachable(self, error: Exception) -> BackendUnreachableError:
        hint = "check the address, the network and whether the server runs"
        if not isinstance(error, self._errors.RequestException):
            what, hint = "cannot be verified: the file of ca-cert cannot be read", "correct the path"
        elif isinstance(error, self._errors.SSLError):
            what, hint = "shows a certificate that is not trusted", "set ca-cert to the authority's PEM file"
        elif isinstance(error, self._errors.Timeout):
            what, hint = "does not answer in time", f"{hint}, or raise timeout"
        else:
            what = "cannot be reached"
        return BackendUnreachableError(f"{self._address} {what}", scope=self._scope, hint=hint)


def _host_of(location: str) -> str:
    parts = urlsplit(location)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else "the active node's own address"


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isdecimal() else None


def _proxies(address: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The proxy the environment names for this address, unless it is excepted or on this machine."""
    parts = urlsplit(address)
    excepted = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    bypass: Any = getattr(urllib.request, "proxy_bypass_environment")  # noqa: B009 (typeshed does not list it)
    if _loopback(parts.hostname or "") or bypass(parts.netloc, {"no": excepted}):
        return {}
    name = f"{parts.scheme}_proxy"
    proxy = environ.get(name) or environ.get(name.upper())
    return {parts.scheme: proxy} if proxy else {}


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
