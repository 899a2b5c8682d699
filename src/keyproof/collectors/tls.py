"""Reads TLS certificates as servers show them and as files hold them; a private key is never looked at."""

from collections.abc import Iterator, Mapping, Sequence
from glob import glob
from pathlib import Path
from typing import ClassVar, Self
from urllib.parse import quote, urlsplit

from pydantic import PositiveFloat, field_validator, model_validator

from keyproof.certificate import Certificate, certificates_in, read_certificate
from keyproof.domain.assessment import Collected
from keyproof.domain.secret import Basis, Confidence, DatedFact, SecretMetadata, SubjectKind
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendProtocolError, BackendUnreachableError
from keyproof.fields import StrictModel
from keyproof.ports import Surroundings
from keyproof.tls.handshake import Place, shake_hands
from keyproof.tls.starttls import OPENINGS

_PORT = 443
_OPTIONAL = (
    "TLS begins when a client asks for it; whether the server also serves clients that do not cannot be seen"
)


class TlsConfig(StrictModel):
    """Servers to look at and files to read."""

    hosts: tuple[str, ...] = ()
    """`HOST` or `HOST:PORT`; the port is 443 where none is given, and speaks TLS from the start. Where it begins in the
    clear: `smtp://HOST:PORT`, `imap://`, `pop3://` or `postgres://`; without a port 25, 143, 110 or 5432."""
    server_name: str = ""
    """The name to ask for and to expect, where it is not the host."""
    ca_cert: str = ""
    """PEM file of the authorities to trust, relative to the folder of keyproof.yaml; empty takes the system's."""
    files: tuple[str, ...] = ()
    """Globs over files with certificates in PEM or DER, relative to the folder of keyproof.yaml."""
    timeout: PositiveFloat = 10.0
    """Seconds for a connection."""

    @field_validator("hosts")
    @classmethod
    def _are_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            _place(host)
        return hosts

    @model_validator(mode="after")
    def _looks_somewhere(self) -> Self:
        if not self.hosts and not self.files:
            raise ValueError("name hosts or files")
        return self


class TlsCollector:
    """Collects certificates; its scopes are the hosts and the files.

    Of a server it learns what any client does in a handshake, and whether such a client would accept it.
    """

    kind: ClassVar[str] = "tls"
    permissions: ClassVar[tuple[str, ...]] = ("connect to the hosts", "read the files")
    Config: ClassVar[type[TlsConfig]] = TlsConfig

    def __init__(self, source: str, config: TlsConfig, surroundings: Surroundings) -> None:
        self._source = source
        self._config = config
        self._root = surroundings.root

    def scopes(self) -> Sequence[str]:
        """`HOST:PORT` of each host, with its scheme where it has one, and each file by its path. Raises BackendUnreachableError for a glob that meets none."""
        hosts = [_scope(_place(host)) for host in self._config.hosts]
        files: list[str] = []
        for pattern in self._config.files:
            found = glob(str(self._root / pattern), recursive=True)  # noqa: PTH207 (also absolute ones)
            if not found:
                hint = "correct 'files' of this source"
                raise BackendUnreachableError(f"no file matches {pattern!r}", scope=pattern, hint=hint)
            files += found
        return [*dict.fromkeys(hosts), *sorted(dict.fromkeys(self._relative(Path(path)) for path in files))]

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield the certificate of a host, or all of a file. Raises CollectError."""
        places = {_scope(place): place for place in map(_place, self._config.hosts)}
        if scope in places:
            yield from self._of_host(scope, places[scope])
        else:
            yield from self._of_file(scope)

    def _relative(self, path: Path) -> str:
        inside = path.is_relative_to(self._root)
        return path.relative_to(self._root).as_posix() if inside else path.as_posix()

    def _of_host(self, scope: str, place: Place) -> Iterator[Collected]:
        authorities = self._config.ca_cert
        shown = shake_hands(
            place,
            name=self._config.server_name,
            ca_cert=str(self._root / authorities) if authorities else "",
            timeout=self._config.timeout,
            scope=scope,
        )
        try:
            found = read_certificate(shown.certificate, scope=scope)
        except ValueError as error:
            raise self._damaged(scope, error) from None
        attributes: dict[str, str | int | bool] = {
            "address": f"{place.scheme}+starttls://{place.shown}" if place.scheme else f"https://{scope}",
            "tls-version": shown.version,
            "tls-verified": not shown.problem,
        }
        if shown.problem:
            attributes["verification"] = shown.problem
        unread = {"tls": _OPTIONAL} if place.scheme else {}
        yield self._secret(f"tls://{place.shown}", place.shown, scope, found, attributes, unread)
        yield Evidence(
            name="handshake", value=f"TLS {shown.version}; {shown.problem or 'a client accepts it'}"
        )

    def _of_file(self, scope: str) -> Iterator[Collected]:
        try:
            data = (self._root / scope).read_bytes()
        except PermissionError:
            hint = "grant read access to the file, or leave it out"
            raise AccessDeniedError(f"{scope} may not be read", scope=scope, hint=hint) from None
        except OSError as error:
            hint = "correct 'files' of this source"
            raise BackendUnreachableError(f"{scope}: {error.strerror}", scope=scope, hint=hint) from None
        try:
            found = [read_certificate(der, scope=scope) for der in certificates_in(data)]
        except ValueError as error:
            raise self._damaged(scope, error) from None
        for certificate in found:
            identifier = f"tls://file/{quote(scope)}#{certificate.serial}"
            yield self._secret(identifier, certificate.subject or scope, scope, certificate, {}, {})
        yield Evidence(name="certificates", value=str(len(found)))

    def _damaged(self, scope: str, error: ValueError) -> BackendProtocolError:
        hint = "have the certificate issued again, or leave it out"
        why = " ".join(str(error).split())[:200]
        return BackendProtocolError(
            f"the certificate of {scope} cannot be read: {why}", scope=scope, hint=hint
        )

    def _secret(
        self,
        identifier: str,
        name: str,
        scope: str,
        found: Certificate,
        attributes: dict[str, str | int | bool],
        unread: Mapping[str, str],
    ) -> SecretMetadata:
        issued = DatedFact(at=found.begins, basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT)
        return SecretMetadata(
            id=identifier,
            name=name,
            source=self._source,
            backend=self.kind,
            scope=scope,
            kind=SubjectKind.CERTIFICATE,
            created_at=found.begins,
            facts=(issued,),
            expires_at=found.ends,
            attributes={
                "subject": found.subject,
                "issuer": found.issuer,
                "serial": found.serial,
                "names": ", ".join(found.names),
                "key-type": found.key_type,
                "key-bits": found.key_bits,
                "signature": found.signature,
                "self-signed": found.self_signed,
                **attributes,
            },
            unread={
                "grants": "a certificate does not tell who holds its key",
                "encryption": "a certificate does not tell how its key is kept",
                **unread,
            },
        )


def _place(text: str) -> Place:
    """Where a host is. Raises ValueError for anything else."""
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = "", text
    parts = urlsplit(f"//{rest}")
    known = not found or scheme in OPENINGS
    if not known or not parts.hostname or parts.path or parts.query or parts.fragment or parts.username:
        raise ValueError(
            f"{text!r} is no host; write HOST, HOST:PORT or one of {', '.join(OPENINGS)} as SCHEME://HOST:PORT"
        )
    usual = OPENINGS[scheme].port if scheme else _PORT
    return Place(host=parts.hostname, port=parts.port or usual, scheme=scheme)


def _scope(place: Place) -> str:
    return f"{place.scheme}://{place.shown}" if place.scheme else place.shown
