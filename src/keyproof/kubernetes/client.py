"""Asking a Kubernetes API server: GET requests only, page by page, and what its refusals mean."""

import base64
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendProtocolError, CollectError
from keyproof.kubernetes.config import KubernetesConfig
from keyproof.kubernetes.credentials import Credentials
from keyproof.kubernetes.kubeconfig import ClusterAccess
from keyproof.kubernetes.permissions import PERMISSIONS
from keyproof.ports import Surroundings
from keyproof.rest.connection import Connections
from keyproof.rest.paging import walk
from keyproof.rest.refusals import RefusedError, words
from keyproof.rest.transport import JSON, Answer, Request, Transport, with_params
from keyproof.value_operations import whole_secrets

TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
"""Names, types and counts of keys. The values of Secrets have no column, so they stay on the server:
https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables."""
METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

_PAGE = 500
_RESTARTS = 3
_NOT_FOUND, _GONE = 404, 410


class Client:
    """Questions of one scope to one API server."""

    def __init__(
        self,
        access: ClusterAccess,
        config: KubernetesConfig,
        surroundings: Surroundings,
        *,
        scope: str,
        credentials: Credentials | None = None,
    ) -> None:
        """Prepare, without asking anything yet; where `access` is renewable, `credentials` give the next one.

        Raises CollectError for certificates that are none.
        """
        self._server, self._scope = access.server, scope
        self.access = access
        """The one in force: its credentials may change on the way."""
        self._credentials = credentials
        renewable = credentials is not None and access.renewable
        self._transport = Transport(
            scope=scope,
            surroundings=surroundings,
            connections=Connections(
                tls=_context(access, scope),
                timeout=config.timeout,
                environ=surroundings.environ,
                proxy=access.proxy,
                shown_name=access.server_name,
            ),
            stated=PERMISSIONS,
            denied=_denied,
            meaning=self._meant,
            headers={} if renewable else _authorization(access, scope),
            token=self._token if renewable else None,
            max_wait=config.max_wait,
            authorities="correct the certificate authority of the kubeconfig",
            check="check that the address is that of a Kubernetes API server",
        )
        self.counts = self._transport.counts
        """The right a request needs → requests made."""

    def account(self) -> Evidence:
        """How often was asked for what."""
        return self._transport.account()

    def close(self) -> None:
        """Let go of the socket."""
        self._transport.close()

    def get(self, path: str, *, need: str, accept: str = JSON, **params: str | int) -> Answer:
        """Ask for `path`; 404 and 410 are answers. `need` is the right it takes, e.g. `list secrets`.

        Raises AccessDeniedError, BackendUnreachableError, BackendProtocolError.
        """
        request = Request(
            method="GET",
            url=with_params(f"{self._server}{path}", params),
            purpose=need,
            headers={"Accept": accept},
            answers=frozenset({_NOT_FOUND, _GONE}),
        )
        answer = self._transport.send(request)
        if isinstance(answer.body, Mapping):
            return answer
        if answer.found and accept != "text/plain":
            raise self._strange("answers with something that is no JSON object", need)
        return replace(answer, body={})

    def pages(
        self, path: str, *, need: str, accept: str = JSON, **params: str
    ) -> Iterator[Mapping[str, Any]]:
        """Every page of a listing; nothing for a path that is not served.

        When the server forgets where the listing stood (410 Gone), it goes on with the token the server offers
        instead, else from the start: an object may then come twice.
        """
        restarts, served = 0, False

        def read(token: str) -> Answer:
            nonlocal restarts
            answer = self.get(path, need=need, accept=accept, limit=_PAGE, **{**params, "continue": token})
            if answer.status != _GONE or restarts == _RESTARTS:
                return answer
            restarts += 1
            return read(_next(answer))

        circle = "lists the same page again and again"
        for answer in walk("", read, _next, circle=lambda: self._strange(circle, need)):
            if answer.status == _NOT_FOUND and not served:
                return
            if not answer.found:
                raise self._strange(f"answers {answer.status}: {words(answer.body)}", need)
            served = True
            yield answer.body

    def _token(self, _: str, refused: bool) -> str:
        """The token in force; empty where a certificate of the client stands for it. Raises CollectError."""
        assert self._credentials is not None
        found = self._credentials.current(self._scope)
        if refused and found is self.access:
            found = self._credentials.after(found, self._scope)
        if (found.certificate, found.key) != (self.access.certificate, self.access.key):
            self._transport.connections.trust(_context(found, self._scope))
        self.access = found
        return _checked(found.token, self._scope)

    def _meant(self, refusal: RefusedError) -> CollectError:
        """A refusal in keyproof's words."""
        said = words(refusal.body)
        if refusal.status == 401:
            hint = "renew the token or certificate of the kubeconfig"
            message = f"{self._server} does not accept the credentials, or they have expired"
            return AccessDeniedError(message, scope=self._scope, hint=hint)
        if refusal.status == 403:
            hint = (
                f"bind a role that may {refusal.need}; the reference of this kind of source lists all rights"
            )
            message = f"the right to {refusal.need} is missing: {said}"
            return AccessDeniedError(message, scope=self._scope, hint=hint)
        return self._strange(f"answers {refusal.status}: {said}", refusal.need)

    def _strange(self, what: str, need: str) -> BackendProtocolError:
        return self._transport.strange(self._server, what, need)


def _denied(request: Request) -> bool:
    return whole_secrets(unquote(urlsplit(request.url).path), request.headers["Accept"])


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
        return {"Authorization": f"Bearer {_checked(access.token, scope)}"}
    if access.basic:
        return {"Authorization": f"Basic {base64.b64encode(access.basic.encode()).decode()}"}
    return {}


def _checked(token: str, scope: str) -> str:
    if token.isascii() and " " not in token and token.isprintable():
        return token
    what = "the token found has characters that no token has"
    raise AccessDeniedError(what, scope=scope, hint="correct the token of the kubeconfig")


def _next(answer: Answer) -> str:
    metadata = answer.body.get("metadata")
    return str(metadata.get("continue") or "") if isinstance(metadata, Mapping) else ""
