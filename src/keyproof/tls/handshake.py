"""What a server shows in a TLS handshake, and whether a client would accept it."""

import socket
import ssl
from dataclasses import dataclass

from keyproof.errors import BackendProtocolError, BackendUnreachableError, CollectError
from keyproof.tls.starttls import OPENINGS, NotOfferedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The outcome of two handshakes: one that accepts anything, one that checks."""

    certificate: bytes
    """In DER."""
    version: str
    """The version of TLS agreed on, e.g. `1.3`."""
    problem: str
    """Why a client would refuse; empty when it would not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a server is, and how TLS is begun there."""

    host: str
    port: int
    scheme: str = ""
    """One of OPENINGS; empty where TLS is spoken from the start."""

    @property
    def shown(self) -> str:
        """`HOST:PORT`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def shake_hands(place: Place, *, name: str, ca_cert: str, timeout: float, scope: str) -> Shown:
    """Look at the server twice; nothing is sent but the handshake, and what asks for it.

    Raises BackendUnreachableError, BackendProtocolError, and CollectError for an unusable `ca_cert`.
    """
    open_to_all = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    open_to_all.check_hostname = False
    open_to_all.verify_mode = ssl.CERT_NONE
    open_to_all.minimum_version = (
        ssl.TLSVersion.MINIMUM_SUPPORTED
    )  # an old version is a finding, not a failure
    try:
        with _connected(open_to_all, place, name, timeout) as met:
            der, version = met.getpeercert(binary_form=True) or b"", met.version() or ""
        problem = _problem(place, name=name, ca_cert=ca_cert, timeout=timeout, scope=scope)
    except NotOfferedError as error:
        hint = "check the port; a server that speaks TLS from the start is written as HOST:PORT"
        raise BackendProtocolError(
            f"{scope} does not go on over TLS: {error}", scope=scope, hint=hint
        ) from None
    except (ssl.SSLError, ConnectionResetError) as error:
        reason = getattr(error, "reason", None) or "it closes the connection"
        hint = (
            "check that this port speaks TLS from the start"
            if not place.scheme
            else "check its settings of TLS"
        )
        raise BackendProtocolError(f"{scope} does not speak TLS: {reason}", scope=scope, hint=hint) from None
    except OSError as error:
        raise _unreachable(error, scope) from None
    return Shown(certificate=der, version=version.removeprefix("TLSv"), problem=problem)


def _problem(place: Place, *, name: str, ca_cert: str, timeout: float, scope: str) -> str:
    try:
        strict = ssl.create_default_context(cafile=ca_cert or None)
    except (OSError, ssl.SSLError):
        hint = "correct ca-cert of this source"
        raise CollectError(f"{ca_cert} is no PEM file of authorities", scope=scope, hint=hint) from None
    try:
        _connected(strict, place, name, timeout).close()
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except ssl.SSLError as error:
        return f"no agreement with a current client: {error.reason}"
    except OSError as error:
        raise _unreachable(error, scope) from None
    return ""


def _connected(context: ssl.SSLContext, place: Place, name: str, timeout: float) -> ssl.SSLSocket:
    plain = socket.create_connection((place.host, place.port), timeout=timeout)
    try:
        if place.scheme:
            OPENINGS[place.scheme].ask(plain)
        return context.wrap_socket(plain, server_hostname=name or place.host)
    except BaseException:
        plain.close()
        raise


def _unreachable(error: OSError, scope: str) -> BackendUnreachableError:
    why = "it does not answer in time" if isinstance(error, TimeoutError) else error.strerror or str(error)
    hint = "check the address, the network and whether the server runs"
    return BackendUnreachableError(f"{scope} cannot be reached: {why}", scope=scope, hint=hint)
