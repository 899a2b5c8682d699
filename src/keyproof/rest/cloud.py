"""Asking the APIs of a cloud: several servers by URL, with tokens that end, from several threads."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from keyproof.domain.verdict import Evidence
from keyproof.errors import BackendProtocolError, CollectError
from keyproof.ports import Surroundings
from keyproof.rest.config import RestConfig
from keyproof.rest.connection import connections_of, origin
from keyproof.rest.paging import walk
from keyproof.rest.refusals import RefusedError
from keyproof.rest.transport import JSON, Request, Token, Transport, with_params
from keyproof.value_operations import cloud_value

PARALLEL = 8
"""How many objects of a page are read at a time."""

Body = Mapping[str, Any]


class CloudClient:
    """Questions of one identity for one scope; may be shared by threads."""

    def __init__(
        self,
        config: RestConfig,
        surroundings: Surroundings,
        *,
        scope: str,
        token: Token,
        meaning: Callable[[RefusedError], CollectError],
        stated: Collection[str],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare, without asking anything yet; `stated` are the rights that may be used, `meaning` tells refusals.

        Raises CollectError for a file of authorities that is none.
        """
        self.scope = scope
        self._transport = Transport(
            scope=scope,
            surroundings=surroundings,
            connections=connections_of(config, surroundings, scope=scope),
            stated=stated,
            denied=_denied,
            meaning=meaning,
            headers=headers or {},
            token=token,
            tls_only=True,
            max_wait=config.max_wait,
        )
        self.counts = self._transport.counts
        """The right a request needs → requests made."""

    def get(self, url: str, *, need: str, **params: str | int) -> Body:
        """The object at `url`. Raises what `meaning` makes, BackendUnreachableError, BackendProtocolError."""
        return self._object(Request(method="GET", url=with_params(url, params), purpose=need))

    def post(self, url: str, body: Body, *, need: str) -> Body:
        """What the server answers to `body`; for the few reads that are no GET. Raises as `get`."""
        sent, headers = json.dumps(body).encode(), {"Content-Type": JSON}
        return self._object(Request(method="POST", url=url, purpose=need, headers=headers, body=sent))

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

        def after(body: Body) -> str:
            told = following(body)
            if not isinstance(told, str):
                return with_params(url, {**params, **told}) if told else ""
            if told and origin(told) != origin(url):
                raise self.strange(url, "sends the next page to another server", need)
            return told

        return walk(
            with_params(url, params),
            lambda target: self.get(target, need=need),
            after,
            circle=lambda: self.strange(url, "lists the same page again and again", need),
        )

    def account(self) -> Evidence:
        """How often was asked for what."""
        return self._transport.account()

    def close(self) -> None:
        """Let go of the sockets."""
        self._transport.close()

    def strange(self, url: str, what: str, need: str) -> BackendProtocolError:
        """The error for an answer that cannot be understood."""
        return self._transport.strange(url, what, need)

    def _object(self, request: Request) -> Body:
        answer = self._transport.send(request)
        if not isinstance(answer.body, Mapping):
            what = f"answers {answer.status} with something that is no JSON object"
            raise self.strange(request.url, what, request.purpose)
        return answer.body


def _denied(request: Request) -> bool:
    return cloud_value(request.method, unquote(urlsplit(request.url).path))
