"""Signing in to Google Cloud, where its interfaces are, and what its refusals mean."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keyproof.errors import (
    AccessDeniedError,
    BackendProtocolError,
    BackendUnreachableError,
    CollectError,
    MissingExtraError,
)
from keyproof.google.config import GoogleConfig
from keyproof.ports import Surroundings
from keyproof.rest.cloud import CloudClient
from keyproof.rest.refusals import LockedOutError, NotThereError, RefusedError, words

EXTRA = "google"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_SIGN_IN = "run `gcloud auth application-default login`, or name a key file under `credentials`"


@dataclass(slots=True, kw_only=True)
class GoogleCloud:
    """One identity at Google Cloud; shared by all scopes of a source."""

    source: str
    config: GoogleConfig
    surroundings: Surroundings
    permissions: tuple[str, ...]
    """Those of the collector: nothing is asked that takes another one."""
    _credentials: Any = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def client(self, scope: str) -> CloudClient:
        """A client for one scope. Raises MissingExtraError, AccessDeniedError."""
        with self._lock:
            if self._credentials is None:
                self._credentials = _credentials(self.config, self.surroundings, scope)
        quota = getattr(self._credentials, "quota_project_id", None)
        return CloudClient(
            self.config,
            self.surroundings,
            scope=scope,
            token=lambda _, renew: self._token(scope, renew=renew),
            meaning=lambda refusal: translated(refusal, scope=scope),
            stated=self.permissions,
            headers={"x-goog-user-project": str(quota)} if quota else {},
        )

    @property
    def identity(self) -> str:
        """Who reads, as far as the credentials tell."""
        found = getattr(self._credentials, "service_account_email", "") or getattr(
            self._credentials, "account", ""
        )
        return str(found or "not stated by the credentials")

    def at(self, service: str) -> str:
        """The address of an interface, e.g. of `secretmanager` or `secretmanager.europe-west3.rep`."""
        return self.config.address or f"https://{service}.googleapis.com"

    def _token(self, scope: str, *, renew: bool) -> str:
        from google.auth.exceptions import GoogleAuthError, TransportError  # noqa: PLC0415 (the google extra)
        from google.auth.transport.requests import Request  # noqa: PLC0415 (same)

        with self._lock:
            try:
                if renew or not self._credentials.valid:
                    self._credentials.refresh(Request())
            except TransportError:
                message = "Google's server for tokens cannot be reached"
                raise BackendUnreachableError(message, scope=scope, hint="check the network") from None
            except GoogleAuthError as error:
                if error.retryable:  # its library has waited and asked again
                    message = "Google's server for tokens is busy"
                    raise BackendUnreachableError(message, scope=scope, hint="scan again later") from None
                said = " ".join(str(error.args[0] if error.args else "no reason given").split())[:300]
                raise LockedOutError(f"Google gives no token: {said}", scope=scope, hint=_SIGN_IN) from None
            return str(self._credentials.token)


def translated(refusal: RefusedError, *, scope: str) -> CollectError:
    """A refusal in keyproof's words: credentials, an interface that is off, a perimeter, or a missing right."""
    said, details, server = words(refusal.body), list(_details(refusal.body)), refusal.server
    if refusal.status == 401:
        message = f"{server} does not accept the credentials, or they have expired: {said}"
        return LockedOutError(message, scope=scope, hint=_SIGN_IN)
    if refusal.status == 403 and any(detail.get("reason") == "SERVICE_DISABLED" for detail in details):
        return AccessDeniedError(
            f"the interface is switched off: {said}", scope=scope, hint="enable it in the project"
        )
    if refusal.status == 403 and "VPC_SERVICE_CONTROLS" in repr(details):
        hint = "scan from inside the perimeter, or add an ingress rule"
        return AccessDeniedError(
            f"a service perimeter lets nobody in from here: {said}", scope=scope, hint=hint
        )
    if refusal.status == 403:
        hint = f"grant a role with {refusal.need}; the how-to has a role with all of them"
        return AccessDeniedError(f"{refusal.need} is missing: {said}", scope=scope, hint=hint)
    if refusal.status == 404:
        message = f"it is not there, or {refusal.need} is missing: {said}"
        return NotThereError(message, scope=scope, hint="check the id of the project")
    return BackendProtocolError(f"{server} answers {refusal.status}: {said} ({refusal.need})", scope=scope)


def _next_page(body: Mapping[str, Any]) -> Mapping[str, str]:
    """The parameter that leads on; empty at the end."""
    token = str(body.get("nextPageToken") or "")
    return {"pageToken": token} if token else {}


def listed(
    client: CloudClient, url: str, right: str, key: str, *, page: int
) -> Iterator[Sequence[Mapping[str, Any]]]:
    """The items under `key` of every page of a listing, `page` at a time. Raises CollectError."""
    for answer in client.pages(url, need=right, following=_next_page, pageSize=page):
        items = answer.get(key, [])
        if not isinstance(items, list):
            raise client.strange(url, "lists something of an unknown shape", right)
        yield items


def _details(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    error = body.get("error")
    listed = error.get("details") if isinstance(error, Mapping) else None
    return [one for one in listed or () if isinstance(one, Mapping)]


def _credentials(config: GoogleConfig, surroundings: Surroundings, scope: str) -> Any:
    try:
        import google.auth  # noqa: PLC0415 (only the google extra has it)
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 (same)
        from google.auth.transport import requests  # noqa: F401, PLC0415 (same; tokens are got with it)
        from google.oauth2.service_account import Credentials  # noqa: PLC0415 (same)
    except ImportError:
        raise MissingExtraError(scope=scope, extra=EXTRA) from None
    try:
        if config.credentials:
            path = str(surroundings.root / config.credentials)
            read: Any = Credentials.from_service_account_file  # not typed
            return read(path, scopes=[_SCOPE])
        return google.auth.default(scopes=[_SCOPE])[0]
    except OSError as error:
        what = f"{config.credentials} cannot be read: {error.strerror}"
        raise AccessDeniedError(what, scope=scope, hint="correct `credentials`") from None
    except (GoogleAuthError, ValueError):  # what they say may show parts of the file
        raise AccessDeniedError(
            "there are no usable credentials for Google", scope=scope, hint=_SIGN_IN
        ) from None
