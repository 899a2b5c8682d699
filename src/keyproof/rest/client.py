"""Asking one server for JSON by stated operations, page by page, and what its refusals mean."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendProtocolError, CollectError
from keyproof.ports import Surroundings
from keyproof.rest.config import RestConfig
from keyproof.rest.connection import connections_of
from keyproof.rest.paging import linked, walk
from keyproof.rest.refusals import LockedOutError, NotThereError, RefusedError, words
from keyproof.rest.transport import JSON, Answer, Request, Transport
from keyproof.value_operations import returns_value

_REMEMBERED = 256
"""Answers kept by their ETag."""
_UNCHANGED = 304


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
    ended: frozenset[str] = frozenset({"invalid_client", "invalid_grant"})
    """What stands as `error` in refusals of credentials that come with another status than 401 (RFC 6749, 5.2)."""


class RestClient:
    """Questions of one scope to one server; may be shared by threads."""

    def __init__(
        self,
        server: Server,
        config: RestConfig,
        surroundings: Surroundings,
        *,
        scope: str,
        remembered: dict[str, Answer] | None = None,
    ) -> None:
        """Prepare, without asking anything yet; `remembered` keeps answers with an ETag, also for later clients.

        Raises CollectError for a file of authorities that is none.
        """
        self.server, self._scope = server, scope
        self._remembered = remembered
        self._transport = Transport(
            scope=scope,
            surroundings=surroundings,
            connections=connections_of(config, surroundings, scope=scope),
            stated=server.operations,
            denied=lambda request: returns_value(request.asks),
            meaning=self._meant,
            name=server.name,
            headers=server.headers,
            max_wait=config.max_wait,
            check=f"check that {server.address} is the address of {server.name}, and its version",
        )
        self.counts = self._transport.counts
        """Operation → requests made."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

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
        Raises AccessDeniedError, NotThereError for 404, LockedOutError, BackendUnreachableError,
        BackendProtocolError.
        """
        method, _, path = operation.partition(" ")
        plain, _, fixed = path.partition("?")
        filled = plain.format(**{name: quote(part, safe="") for name, part in (parts or {}).items()})
        asked = "&".join(filter(None, (fixed, urlencode(query or {}))))
        url = f"{self.server.address.rstrip('/')}{filled}" + (f"?{asked}" if asked else "")
        sent, kind = text.encode(), "text/plain"
        if json_body is not None:
            sent, kind = json.dumps(json_body).encode(), JSON
        elif form is not None:
            sent, kind = urlencode(form).encode(), "application/x-www-form-urlencoded"
        with_body = method != "GET"
        return self._answered(
            Request(
                method=method,
                url=url,
                purpose=operation,
                headers={"Content-Type": kind} if with_body else {},
                body=sent if with_body else None,
                asks=str((json_body or {}).get("query") or ""),
            )
        )

    def pages(
        self,
        operation: str,
        parts: Mapping[str, str] | None = None,
        *,
        query: Mapping[str, str | int] | None = None,
    ) -> Iterator[Any]:
        """The body of every page of a listing, as the server's `Link` headers join them (RFC 8288)."""
        # Only the question is taken from a link: neither another host nor another path gets the token.
        found = walk(
            urlencode(query or {}),
            lambda asked: self.ask(operation, parts, query=dict(parse_qsl(asked, keep_blank_values=True))),
            lambda answer: urlsplit(linked(answer.headers)).query,
            circle=lambda: self.strange("lists the same page again and again", operation),
        )
        for answer in found:
            yield answer.body

    def strange(self, what: str, operation: str) -> BackendProtocolError:
        """The error for an answer that cannot be understood."""
        return self._transport.strange(self.server.address, what, operation)

    def account(self) -> Iterator[Evidence]:
        """Where was asked, and how often what."""
        yield Evidence(name="endpoint", value=self.server.address)
        yield self._transport.account()

    def _answered(self, request: Request) -> Answer:
        remembered = self._remembered if request.method == "GET" else None
        known = (remembered or {}).get(request.url)
        if known:
            tagged = {**request.headers, "If-None-Match": known.headers["etag"]}
            request = replace(request, headers=tagged, answers=frozenset({_UNCHANGED}))
        answer = self._transport.send(request)
        if known and answer.status == _UNCHANGED:
            # What leads to the next page need not be said again (RFC 9110, 15.4.5).
            return replace(known, headers={**known.headers, **answer.headers})
        if answer.body is None:
            raise self.strange("answers with something that is no JSON", request.purpose)
        if remembered is not None and "etag" in answer.headers and len(remembered) < _REMEMBERED:
            remembered[request.url] = replace(answer, raw=b"")
        return answer

    def _meant(self, refusal: RefusedError) -> CollectError:
        """A refusal in keyproof's words."""
        name, need, said = self.server.name, self.server.operations[refusal.need], words(refusal.body)
        if refusal.status == 401 or str(refusal.body.get("error")) in self.server.ended:
            message = f"{name} does not accept the credentials, or they have expired"
            return LockedOutError(message, scope=self._scope, hint=self.server.renewal)
        if refusal.status == 403:
            message = f"the right '{need}' is missing: {said}"
            return AccessDeniedError(message, scope=self._scope, hint=f"grant '{need}'")
        if refusal.status == 404:
            message = f"it is not there, or the right '{need}' is missing: {name} answers 404 to both"
            return NotThereError(message, scope=self._scope, hint=f"check the name, and grant '{need}'")
        return self.strange(f"answers {refusal.status}: {said}", refusal.need)


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
