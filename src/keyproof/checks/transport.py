"""A secret travels to its readers over TLS only."""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from keyproof.check_model import CheckModel
from keyproof.domain.aspects import join
from keyproof.domain.check import Context
from keyproof.domain.declared import is_row, judged_elsewhere
from keyproof.domain.deletion import not_kept
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.stated import stated, stated_flag, why_unstated
from keyproof.domain.subject import Subject
from keyproof.domain.verdict import Severity, Verdict

_OVER_TLS = frozenset({"https", "rediss", "ldaps", "amqps", "wss", "mqtts", "ftps", "smtps", "grpcs"})
_IN_THE_CLEAR = frozenset({"http", "redis", "ldap", "amqp", "ws", "mqtt", "ftp", "smtp", "grpc"})
_FILES = frozenset({"docker-compose", "dotenv", "encrypted-files", "sops", "terraform-state"})
_FACTS = ("tls", "address", "tls-verified", "tls-version")


class Transport(CheckModel):
    """The secret is fetched over TLS, from a server whose certificate is verified.

    Rests on what a source or a tag states: `address` it is read at (its scheme tells), `tls` (yes or no), `tls-verified`
    (yes or no) and `tls-version` (such as 1.2). Where neither `address` nor `tls` is stated, nothing is known.
    """

    kind: ClassVar[str] = "transport"
    base_severity: ClassVar[Severity] = Severity.HIGH

    min_version: Literal["1.0", "1.1", "1.2", "1.3"] | None = None
    """The lowest version of TLS that is good enough; with it the version has to be stated."""
    accept_loopback: bool = False
    """Whether an address without TLS is in order when it never leaves the machine."""

    def evaluate(self, subject: Subject, context: Context) -> Verdict:
        """Look at the scheme of the address, the verification of its certificate, and the version of TLS."""
        if not isinstance(subject, SecretMetadata):
            return Verdict.not_applicable("only a secret travels to its readers")
        if is_row(subject, context) and not any(stated(subject, name) for name in _FACTS):
            return judged_elsewhere(subject, "address")
        if subject.backend in _FILES and not any(stated(subject, name) for name in _FACTS):
            return Verdict.not_applicable(f"{subject.backend} keeps it in a file, fetched from no server")
        return not_kept(subject, context.now) or join(list(self._aspects(subject)))

    def _aspects(self, secret: SecretMetadata) -> Iterator[Verdict]:
        address, tls = _shown(stated(secret, "address")), self._tls(secret)
        shown = address or "its source"
        if tls is False:
            if self.accept_loopback and _is_loopback(stated(secret, "address")):
                yield Verdict.passed(
                    f"it is fetched from {shown} without TLS, on this machine only", tls="no"
                )
            else:
                yield Verdict.failed(f"it is fetched from {shown} without TLS", tls="no")
            return
        if tls is None:
            why = why_unstated(secret, "tls", "address")
            yield Verdict.not_evaluated(f"whether it is fetched over TLS is not known: {why}")
        else:
            yield Verdict.passed(f"it is fetched from {shown} over TLS", tls="yes")
        if stated_flag(secret, "tls-verified") is False:
            yield Verdict.failed(f"the certificate of {shown} is not verified", tls_verified="no")
        if self.min_version and (tls or stated(secret, "tls-version")):
            yield self._version(secret, self.min_version)

    def _tls(self, secret: SecretMetadata) -> bool | None:
        """Whether TLS is used; where scheme and statement disagree, it is not."""
        scheme = stated(secret, "address").partition("://")[0].lower()
        by_scheme = True if scheme in _OVER_TLS else False if scheme in _IN_THE_CLEAR else None
        said = stated_flag(secret, "tls")
        return False if by_scheme is False or said is False else by_scheme or said

    def _version(self, secret: SecretMetadata, wanted: str) -> Verdict:
        text = stated(secret, "tls-version")
        found = re.fullmatch(r"(?:TLS\s*v?)?(1\.[0-9])", text, re.IGNORECASE)
        if found is None:
            why = f"{text!r} is none" if text else why_unstated(secret, "tls-version")
            return Verdict.not_evaluated(f"its version of TLS is not known: {why}; {wanted} wanted")
        if found[1] < wanted:
            return Verdict.failed(f"TLS {found[1]} is used, {wanted} wanted", tls_version=found[1])
        return Verdict.passed(f"TLS {found[1]} is used", tls_version=found[1])


def _shown(address: str) -> str:
    """The address without what may stand before the host or after it, where values are sometimes put."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "") if host else ""


def _is_loopback(address: str) -> bool:
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
