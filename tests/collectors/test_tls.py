"""The TLS collector against real TLS servers with good and bad certificates."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from keyproof.checks.key_strength import KeyStrength
from keyproof.checks.transport import Transport
from keyproof.collectors.tls import TlsCollector
from keyproof.domain.secret import Basis, Confidence, SecretMetadata, SubjectKind
from keyproof.domain.verdict import Outcome
from keyproof.errors import BackendProtocolError, BackendUnreachableError, CollectError
from keyproof.ports import Surroundings
from tests.fakes.certificates import Pair, make
from tests.fakes.ports import FixedClock
from tests.fakes.secrets import context

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
Serve = Callable[..., str]


@contextmanager
def _served(pair: Pair, folder: Path, **settings: Any) -> Iterator[str]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*pair.write(folder, "served"))
    for name, value in settings.items():
        setattr(tls, name, value)
    listening = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            try:
                tls.wrap_socket(plain, server_side=True).close()
            except (ssl.SSLError, OSError):
                plain.close()

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    with ExitStack() as running:
        yield lambda pair, **settings: running.enter_context(_served(pair, tmp_path, **settings))


@pytest.fixture(scope="module")
def authority() -> Pair:
    return make("House CA", authority=True)


def _collector(root: Path, **config: Any) -> TlsCollector:
    here = Surroundings(root=root, environ={}, clock=FixedClock(), sleep=lambda _: None)
    return TlsCollector("certs", TlsCollector.Config.model_validate(config), here)


def _one(root: Path, host: str, **config: Any) -> SecretMetadata:
    items = list(_collector(root, hosts=[host], timeout=5, **config).collect(host))
    (found,) = [item for item in items if isinstance(item, SecretMetadata)]
    return found


@pytest.mark.server
def test_a_good_certificate(serve: Serve, authority: Pair, tmp_path: Path) -> None:
    begins = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
    address = serve(make("good", issuer=authority, begins=begins))
    (tmp_path / "ca.pem").write_text(authority.pem, encoding="ascii")
    found = _one(tmp_path, address, ca_cert="ca.pem")
    assert (found.id, found.kind) == (f"tls://{address}", SubjectKind.CERTIFICATE)
    assert found.attributes["tls-verified"] is True
    assert found.attributes["issuer"] == "CN=House CA"
    assert found.attributes["names"] == "127.0.0.1, localhost"
    assert (found.attributes["key-type"], found.attributes["key-bits"]) == ("secp256r1", 256)
    assert found.attributes["self-signed"] is False
    best = found.value_date
    assert best is not None
    assert (best.at, best.basis, best.confidence) == (begins, Basis.VERSION_CREATED, Confidence.EXACT)
    assert found.expires_at is not None
    good = context()
    assert Transport().evaluate(found, good).outcome is Outcome.PASS
    assert KeyStrength().evaluate(found, good).outcome is Outcome.PASS


@pytest.mark.server
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"hosts": ("elsewhere.example",)}, "IP address mismatch"),
        ({"begins": LONG_AGO, "ends": LONG_AGO + timedelta(days=90)}, "expired"),
        ({"begins": datetime.now(UTC) + timedelta(days=5)}, "not yet valid"),
    ],
    ids=["wrong host", "expired", "too early"],
)
def test_a_certificate_no_client_accepts_is_still_read(
    serve: Serve, authority: Pair, tmp_path: Path, changed: dict[str, Any], words: str
) -> None:
    address = serve(make("bad", issuer=authority, **changed))
    (tmp_path / "ca.pem").write_text(authority.pem, encoding="ascii")
    found = _one(tmp_path, address, ca_cert="ca.pem")
    assert found.attributes["tls-verified"] is False
    assert words in str(found.attributes["verification"])
    assert "not verified" in Transport().evaluate(found, context()).reason


@pytest.mark.server
def test_one_that_signs_itself_and_one_of_an_unknown_authority(
    serve: Serve, authority: Pair, tmp_path: Path
) -> None:
    alone = _one(tmp_path, serve(make("alone")))
    assert alone.attributes["self-signed"] is True
    assert "self-signed" in str(alone.attributes["verification"])
    unknown = _one(tmp_path, serve(make("unknown", issuer=authority)))
    assert unknown.attributes["self-signed"] is False
    assert "unable to get local issuer" in str(unknown.attributes["verification"])


@pytest.mark.server
def test_the_version_agreed_on(serve: Serve, tmp_path: Path) -> None:
    address = serve(make("old"), maximum_version=ssl.TLSVersion.TLSv1_2)
    found = _one(tmp_path, address)
    assert found.attributes["tls-version"] == "1.2"
    strict = Transport.model_validate({"min-version": "1.3"})
    assert strict.evaluate(found, context()).outcome is Outcome.FAIL


@pytest.mark.server
def test_a_name_that_is_not_the_host(serve: Serve, authority: Pair, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(authority.pem, encoding="ascii")
    address = serve(make("named", issuer=authority, hosts=("api.example",)))
    found = _one(tmp_path, address, ca_cert="ca.pem", server_name="api.example")
    assert found.attributes["tls-verified"] is True


@pytest.mark.server
def test_servers_that_are_gone_or_speak_something_else(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:
        port = plain.getsockname()[1]

        def hello() -> None:
            met, _ = plain.accept()
            met.sendall(b"220 ready\r\n")
            met.recv(600)
            met.close()

        threading.Thread(target=hello, daemon=True).start()
        with pytest.raises(BackendProtocolError, match="does not speak TLS"):
            _one(tmp_path, f"127.0.0.1:{port}")
    with pytest.raises(BackendUnreachableError, match="cannot be reached: Connection refused"):
        _one(tmp_path, f"127.0.0.1:{port}")


@pytest.mark.server
def test_authorities_that_are_none(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing", encoding="ascii")
    with pytest.raises(CollectError, match="is no PEM file of authorities"):
        _one(tmp_path, serve(make("x")), ca_cert="ca.pem")


def test_certificates_in_files(authority: Pair, tmp_path: Path) -> None:
    leaf = make("leaf", issuer=authority)
    folder = tmp_path / "certs"
    folder.mkdir()
    (folder / "chain.pem").write_text(leaf.key_pem + leaf.pem + authority.pem, encoding="ascii")
    (folder / "ca.der").write_bytes(authority.certificate.public_bytes(serialization.Encoding.DER))
    (folder / "note.txt").write_text("no certificate", encoding="ascii")
    collector = _collector(tmp_path, files=["certs/*"])
    assert collector.scopes() == ["certs/ca.der", "certs/chain.pem", "certs/note.txt"]
    found = {
        scope: [item for item in collector.collect(scope) if isinstance(item, SecretMetadata)]
        for scope in collector.scopes()
    }
    assert [one.name for one in found["certs/chain.pem"]] == ["CN=leaf", "CN=House CA"]
    assert len({one.id for one in found["certs/chain.pem"]}) == 2
    assert [one.attributes["self-signed"] for one in found["certs/ca.der"]] == [True]
    assert found["certs/note.txt"] == []
    assert "PRIVATE" not in repr(found)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text(
        "-----BEGIN CERTIFICATE-----\n%%\n-----END CERTIFICATE-----", encoding="ascii"
    )
    (tmp_path / "b.pem").write_text(
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", encoding="ascii"
    )
    collector = _collector(tmp_path, files=["*.pem"])
    for scope in collector.scopes():
        with pytest.raises(BackendProtocolError, match="cannot be read"):
            list(collector.collect(scope))
    with pytest.raises(BackendUnreachableError, match="No such file"):
        list(collector.collect("c.pem"))
    with pytest.raises(BackendUnreachableError, match="no file matches"):
        _collector(tmp_path, files=["*.crt"]).scopes()


@pytest.mark.parametrize(
    "host", ["", "https://x", "a/b", "u@h", "h:port", "smtp://", "smtp://x/y", "ldap://x", "SMTP://x"]
)
def test_what_is_no_host(host: str) -> None:
    with pytest.raises(ValidationError):
        TlsCollector.Config.model_validate({"hosts": [host]})
    with pytest.raises(ValidationError, match="name hosts or files"):
        TlsCollector.Config.model_validate({})


def test_how_hosts_are_shown(tmp_path: Path) -> None:
    hosts = ["api.example", "[::1]:8443", "api.example:443"]
    assert _collector(tmp_path, hosts=hosts).scopes() == ["api.example:443", "[::1]:8443"]
    hosts = ["smtp://a", "smtp://a:587", "imap://a", "pop3://a", "postgres://[::1]"]
    shown = ["smtp://a:25", "smtp://a:587", "imap://a:143", "pop3://a:110", "postgres://[::1]:5432"]
    assert _collector(tmp_path, hosts=hosts).scopes() == shown


@pytest.mark.parametrize(
    ("key", "type_", "bits"),
    [
        (rsa.generate_private_key(65537, 2048), "rsa", 2048),
        (ed25519.Ed25519PrivateKey.generate(), "ed25519", 256),
        (ed448.Ed448PrivateKey.generate(), "ed448", 456),
        (dsa.generate_private_key(2048), "dsa", 2048),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_kinds_of_keys(tmp_path: Path, key: Any, type_: str, bits: int) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "k")])
    hashed = None if "ed" in type_ else hashes.SHA256()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(LONG_AGO)
        .not_valid_after(LONG_AGO + timedelta(days=90))
        .sign(key, hashed)
    )
    (tmp_path / "k.der").write_bytes(made.public_bytes(serialization.Encoding.DER))
    (found,) = [
        item
        for item in _collector(tmp_path, files=["k.der"]).collect("k.der")
        if isinstance(item, SecretMetadata)
    ]
    assert (found.attributes["key-type"], found.attributes["key-bits"]) == (type_, bits)
    assert found.attributes["signature"] == ("sha256" if hashed else "")
    assert found.id == "tls://file/k.der#7"
    assert found.attributes["self-signed"] is True


def test_a_certificate_that_only_claims_to_sign_itself(authority: Pair, tmp_path: Path) -> None:
    forged = make("House CA", issuer=authority)
    (tmp_path / "f.pem").write_text(forged.pem, encoding="ascii")
    (found,) = [
        item
        for item in _collector(tmp_path, files=["f.pem"]).collect("f.pem")
        if isinstance(item, SecretMetadata)
    ]
    assert found.attributes["self-signed"] is False
