"""Signing in to Azure, and what its refusals mean."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from keyproof.azure.config import AzureKeyVaultConfig
from keyproof.azure.permissions import ACCESS_POLICY
from keyproof.errors import (
    AccessDeniedError,
    BackendProtocolError,
    BackendUnreachableError,
    CollectError,
    MissingExtraError,
)
from keyproof.rest.connection import origin
from keyproof.rest.refusals import LockedOutError, RefusedError, words
from keyproof.rest.transport import Token

EXTRA = "azure"
VAULT_VERSION = "7.4"
"""Of the data plane: every cloud has it, and what is read here is the same in later ones."""
_SIGN_IN = "sign in with `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"


class MissingError(BackendProtocolError):
    """What was asked for is not there."""


def sign_in(config: AzureKeyVaultConfig, *, scope: str) -> Token:
    """Tokens of azure-identity's default chain, which reads the environment itself. Raises MissingExtraError.

    What is returned raises AccessDeniedError and BackendUnreachableError.
    """
    try:
        from azure.core.exceptions import AzureError, ClientAuthenticationError  # noqa: PLC0415 (the azure extra)
        from azure.identity import DefaultAzureCredential  # noqa: PLC0415 (same)
    except ImportError:
        raise MissingExtraError(scope=scope, extra=EXTRA) from None
    options: dict[str, Any] = {}
    if config.authority:
        options = {"authority": config.authority, "disable_instance_discovery": True}
    credential = DefaultAzureCredential(**options)
    tenant = {"tenant_id": config.tenant} if config.tenant else {}

    def token(url: str, renew: bool) -> str:  # noqa: ARG001 (the credential keeps tokens and renews them itself)
        to = audience(url, config.management)
        if not to:
            message = f"{urlsplit(url).netloc} is not the name of a key vault, so it gets no token"
            raise CollectError(message, scope=scope, hint="write https://NAME.vault.azure.net")
        try:
            return credential.get_token(f"{to}/.default", **tenant).token
        except ClientAuthenticationError as error:
            said = " ".join(error.message.split())[:300]
            raise LockedOutError(f"Azure gives no token: {said}", scope=scope, hint=_SIGN_IN) from None
        except AzureError as error:
            message = f"Azure cannot be signed in to: {type(error).__name__}"
            raise BackendUnreachableError(message, scope=scope, hint="check the network") from None

    return token


def audience(url: str, management: str) -> str:
    """Whom a token for `url` is for: the resource manager, or the vaults of its cloud; empty for other servers."""
    asked, manager = urlsplit(url), urlsplit(management)
    if origin(url) == origin(management) and asked.path.startswith(f"{manager.path}/"):
        return management
    _, found, suffix = (asked.hostname or "").partition(".vault.")
    return f"https://vault.{suffix}" if found else ""


def translated(refusal: RefusedError, *, scope: str) -> CollectError:
    """A refusal in keyproof's words: the firewall, a missing right, credentials, or an unknown answer."""
    said, code, server = words(refusal.body), _inner_code(refusal.body), refusal.server
    if refusal.status == 401:
        message = f"{server} does not accept the credentials: {said}"
        return LockedOutError(message, scope=scope, hint=f"{_SIGN_IN}; check the tenant")
    if refusal.status == 403 and code in {"ForbiddenByFirewall", "ForbiddenByConnection"}:
        hint = "add this machine's address to the vault's network rules, or scan from inside its network"
        return LockedOutError(
            f"the firewall of {server} lets nobody in from here: {said}", scope=scope, hint=hint
        )
    if refusal.status == 403:
        instead = ACCESS_POLICY.get(refusal.need)
        other = f" (access policy: {instead})" if instead else ""
        hint = f"assign a role with {refusal.need}{other}; the how-to has a role with all of them"
        return AccessDeniedError(f"{refusal.need} is missing: {said}", scope=scope, hint=hint)
    error = MissingError if refusal.status == 404 else BackendProtocolError
    return error(f"{server} answers {refusal.status}: {said} ({refusal.need})", scope=scope)


def next_link(body: Mapping[str, Any]) -> str:
    """Where a listing goes on."""
    return str(body.get("nextLink") or "")


def _inner_code(body: Mapping[str, Any]) -> str:
    error = body.get("error")
    inner = error.get("innererror") if isinstance(error, Mapping) else None
    return str(inner.get("code") or "") if isinstance(inner, Mapping) else ""
