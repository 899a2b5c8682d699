"""TLS that begins on demand: mail servers that also the standard library's clients take for such, and PostgreSQL."""

import imaplib
import os
import poplib
import shutil
import smtplib
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keyproof.checks.transport import Transport
from keyproof.collectors.tls import TlsCollector
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.verdict import Outcome
from keyproof.errors import BackendProtocolError, BackendUnreachableError
from keyproof.ports import Surroundings
from tests.fakes import postgres_server
from tests.fakes.certificates import Pair, make
from tests.fakes.ports import FixedClock
from tests.fakes.secrets import context
from tests.fakes.starttls_server import IMAP, POP3, SMTP, Manners, mail_server

pytestmark = pytest.mark.server
MAIL = {"smtp": SMTP, "imap": IMAP, "pop3": POP3}


@pytest.fixture(scope="module")
def authority() -> Pair:
    return make("House CA", authority=True)


def look(root: Path, host: str, **config: Any) -> SecretMetadata:
    settings = TlsCollector.Config.model_validate({"hosts": [host], "timeout": 5, **config})
    here = Surroundings(root=root, environ={}, clock=FixedClock(), sleep=lambda _: None)
    collector = TlsCollector("certs", settings, here)
    (scope,) = collector.scopes()
    (found,) = [item for item in collector.collect(scope) if isinstance(item, SecretMetadata)]
    return found


@pytest.mark.parametrize("scheme", MAIL)
def test_the_certificate_of_a_mail_server(authority: Pair, tmp_path: Path, scheme: str) -> None:
    (tmp_path / "ca.pem").write_text(authority.pem, encoding="ascii")
    with mail_server(MAIL[scheme], make("mail", issuer=authority), tmp_path) as server:
        found = look(tmp_path, f"{scheme}://{server.address}", ca_cert="ca.pem")
    assert (found.id, found.scope) == (f"tls://{server.address}", f"{scheme}://{server.address}")
    assert found.attributes["subject"] == "CN=mail"
    assert found.attributes["tls-verified"] is True
    assert found.attributes["address"] == f"{scheme}+starttls://{server.address}"
    said = {word for line in server.heard for word in line.split()}
    assert said <= {"EHLO", "[127.0.0.1]", "STARTTLS", "k", "STLS"}


def test_the_same_servers_satisfy_the_standard_librarys_clients(authority: Pair, tmp_path: Path) -> None:
    trusting = ssl.create_default_context(cadata=authority.pem)
    for scheme, manners in MAIL.items():
        with mail_server(manners, make("mail", issuer=authority), tmp_path) as server:
            port = int(server.address.rpartition(":")[2])
            if scheme == "smtp":
                smtp = smtplib.SMTP("127.0.0.1", port, timeout=5)
                assert smtp.starttls(context=trusting)[0] == 220
                smtp.close()
            elif scheme == "imap":
                imap = imaplib.IMAP4("127.0.0.1", port, timeout=5)
                with pytest.raises(imaplib.IMAP4.abort):  # it asks for more behind the handshake
                    imap.starttls(trusting)
                assert isinstance(imap.sock, ssl.SSLSocket)
                imap.shutdown()
            else:
                pop = poplib.POP3("127.0.0.1", port, timeout=5)
                assert pop.stls(trusting).startswith(b"+OK")
                pop.close()


def test_tls_on_demand_alone_is_no_proof_but_what_is_bad_fails(authority: Pair, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(authority.pem, encoding="ascii")
    with mail_server(SMTP, make("mail", issuer=authority), tmp_path) as server:
        good = look(tmp_path, f"smtp://{server.address}", ca_cert="ca.pem")
        bad = look(tmp_path, f"smtp://{server.address}")
    verdict = Transport().evaluate(good, context())
    assert verdict.outcome is Outcome.NOT_EVALUATED
    assert "whether the server also serves clients that do not cannot be seen" in verdict.reason
    assert Transport().evaluate(bad, context()).outcome is Outcome.FAIL
    strict = Transport.model_validate({"min-version": "1.3"})
    old = replace(good, attributes={**good.attributes, "tls-version": "1.1"})
    assert strict.evaluate(old, context()).outcome is Outcome.FAIL


@contextmanager
def _postgres(pair: Pair | None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server on loopback, with TLS where a certificate is given."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("PGPORT", str(port))
    settings = ["listen_addresses=127.0.0.1", f"port={port}"]
    with tempfile.TemporaryDirectory(prefix="keyproof-pg-tls-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        if pair:
            certificate, key = pair.write(folder, "server")
            for path in (certificate, key):
                Path(path).chmod(0o600)
                if os.geteuid() == 0:
                    shutil.chown(path, "postgres")
            settings += ["ssl=on", f"ssl_cert_file={certificate}", f"ssl_key_file={key}"]
        with postgres_server.serve(*settings):
            yield f"127.0.0.1:{port}"


def test_the_certificate_of_postgresql(
    authority: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ca.pem").write_text(authority.pem, encoding="ascii")
    with _postgres(make("db", issuer=authority), monkeypatch) as address:
        found = look(tmp_path, f"postgres://{address}", ca_cert="ca.pem")
    assert found.attributes["subject"] == "CN=db"
    assert found.attributes["tls-verified"] is True
    assert found.attributes["tls-version"] == "1.3"


def test_postgresql_without_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        _postgres(None, monkeypatch) as address,
        pytest.raises(BackendProtocolError, match="it answers that it serves without TLS"),
    ):
        look(tmp_path, f"postgres://{address}")


@pytest.mark.parametrize(
    ("scheme", "manners", "words"),
    [
        ("smtp", replace(SMTP, greeting=b"554 no\r\n"), "it says 554 as its greeting"),
        ("smtp", replace(SMTP, greeting=b"* OK\r\n"), "it says something that is not SMTP"),
        (
            "smtp",
            replace(SMTP, replies={"EHLO": b"250 mail.example\r\n"}),
            "STARTTLS is not among what it offers",
        ),
        ("smtp", replace(SMTP, replies={"EHLO": b"502 no\r\n"}), "it says 502 to EHLO"),
        (
            "smtp",
            replace(SMTP, replies={**SMTP.replies, "STARTTLS": b"454 later\r\n"}, go_on=""),
            "it says 454 to STARTTLS",
        ),
        ("smtp", replace(SMTP, greeting=b"220-on\r\n" * 2000), "it talks on without an end"),
        ("pop3", replace(POP3, greeting=b"+OK" * 2000), "it talks on without an end"),
        ("imap", replace(IMAP, greeting=b"* PREAUTH hello\r\n"), "that waits for a login"),
        (
            "imap",
            replace(IMAP, replies={"STARTTLS": b"%s BAD what\r\n"}, go_on=""),
            "it refuses STARTTLS",
        ),
        ("imap", replace(IMAP, replies={}), "it closes the connection"),
        ("pop3", replace(POP3, greeting=b"-ERR\r\n"), "it does not greet as a POP3 server does"),
        ("pop3", replace(POP3, replies={"STLS": b"-ERR\r\n"}, go_on=""), "it refuses STLS"),
        ("postgres", SMTP, "it does not answer as PostgreSQL does"),
    ],
)
def test_a_server_that_does_not_go_on_is_named(
    tmp_path: Path, scheme: str, manners: Manners, words: str
) -> None:
    with (
        mail_server(manners, make("mail"), tmp_path) as server,
        pytest.raises(BackendProtocolError, match=words) as caught,
    ):
        look(tmp_path, f"{scheme}://{server.address}")
    assert caught.value.scope == f"{scheme}://{server.address}"


def test_what_somebody_adds_before_tls_begins_ends_it(tmp_path: Path) -> None:
    added = replace(SMTP, replies={**SMTP.replies, "STARTTLS": b"220 go on\r\n250 added\r\n"})
    with (
        mail_server(added, make("mail"), tmp_path) as server,
        pytest.raises(BackendProtocolError, match="does not speak TLS"),
    ):
        look(tmp_path, f"smtp://{server.address}")


def test_a_server_that_says_nothing(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(BackendUnreachableError, match="it does not answer in time"),
    ):
        look(tmp_path, f"imap://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)


def test_a_database_that_closes_the_connection(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closing:

        def close() -> None:
            met, _ = closing.accept()
            with met:
                met.recv(8)

        thread = threading.Thread(target=close)
        thread.start()
        with pytest.raises(BackendProtocolError, match="it closes the connection"):
            look(tmp_path, f"postgres://127.0.0.1:{closing.getsockname()[1]}")
        thread.join()
