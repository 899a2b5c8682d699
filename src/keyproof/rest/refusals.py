"""What a request that was not answered as asked means, in the words of keyproof."""

import http.client
import ssl
from collections.abc import Mapping
from typing import Any

from keyproof.errors import AccessDeniedError, BackendUnreachableError


class RefusedError(Exception):
    """The server answered with a 4xx that waiting does not cure; the provider's package says what it means."""

    def __init__(self, status: int, body: Mapping[str, Any], need: str, server: str) -> None:
        super().__init__(f"{status} for {need}")
        self.status = status
        self.body = body
        self.need = need
        """The purpose of the request."""
        self.server = server
        """As it stands in messages."""


class NotThereError(AccessDeniedError):
    """What was asked for is not there, or hidden from those who may not see it."""


class LockedOutError(AccessDeniedError):
    """The server refuses the credentials or this machine's address: nothing else can be read either."""


def words(body: object) -> str:
    """What an error says, in the shapes servers have for it: `message`, `messages`, `error`, and `error.message`."""
    if not isinstance(body, Mapping):
        return "no reason given"
    error, several = body.get("error"), body.get("messages")
    said = error.get("message") if isinstance(error, Mapping) else body.get("message") or error
    if not said and isinstance(several, list):  # https://docs.doppler.com/reference/api-errors
        said = "; ".join(map(str, several))
    line = " ".join(said.split())[:300].rstrip() if isinstance(said, str) else ""
    return line.encode(errors="replace").decode() or "no reason given"  # JSON can hold halves of characters


def unreachable(error: Exception, *, server: str, scope: str, authorities: str) -> BackendUnreachableError:
    """The error for a server that could not be asked; `authorities` tells where to name those to trust."""
    hint = "check the address, the network and whether the server runs"
    if isinstance(error, ssl.SSLCertVerificationError):
        what = f"shows a certificate that is not trusted ({error.verify_message})"
        hint = authorities
    elif isinstance(error, ssl.SSLError):
        what = "does not agree on TLS"
    elif isinstance(error, TimeoutError):
        what, hint = "does not answer in time", f"{hint}, or raise timeout"
    elif isinstance(error, http.client.HTTPException):
        what = "breaks off in the middle of an answer"
    else:
        what = "cannot be reached"
    return BackendUnreachableError(f"{server} {what}", scope=scope, hint=hint)
