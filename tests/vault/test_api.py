"""Answers that a healthy OpenBao never gives: proxies, standbys, strangers and odd certificates."""

import ipaddress
import json
import socket
import ssl
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from keyproof.errors import (
    AccessDeniedError,
    BackendProtocolError,
    BackendUnreachableError,
    CollectError,
    MissingExtraError,
)
from keyproof.vault.api import Answer, Connection, _proxies

pytestmark = pytest.mark.server

TOKEN = "s." + "token" * 4


class Scripted(ThreadingHTTPServer):
    """Gives one answer to everything and remembers the requests."""

    def __init__(self) -> None:
        self.status = 200
        self.body = b"{}"
        self.headers: dict[str, str] = {}
        self.seen: list[tuple[str, str, Mapping[str, str]]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, status: int, body: Any, **headers: str) -> None:
        self.status = status
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.headers = headers


class _Handler(BaseHTTPRequestHandler):
    server: Scripted
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        self.server.seen.append((self.command, self.path, dict(self.headers)))
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_LIST = do_POST = _answer  # noqa: N815 (the names http.server looks for)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's own name)
        """Nothing."""


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    with Scripted() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _connection(address: str, environ: Mapping[str, str] | None = None, timeout: float = 5) -> Connection:
    connection = Connection(address, scope="kv/", environ=environ or {}, authorities="", timeout=timeout)
    connection.use(TOKEN)
    return connection


def _ask(scripted: Scripted, path: str = "kv/metadata/a b/ü%?#", verb: str = "GET") -> Answer:
    connection = _connection(scripted.address)
    try:
        return connection.ask(verb, path, namespace="team/")
    finally:
        connection.close()


def test_asks_as_the_api_wants_it(scripted: Scripted) -> None:
    scripted.answer(200, {"data": {"keys": ["a"]}})
    answer = _ask(scripted, verb="LIST")
    assert answer.keys == ["a"]
    verb, path, headers = scripted.seen[0]
    assert (verb, path) == ("LIST", "/v1/kv/metadata/a%20b/%C3%BC%25%3F%23")
    assert headers["X-Vault-Token"] == TOKEN
    assert headers["X-Vault-Namespace"] == "team/"


@pytest.mark.parametrize(
    ("status", "body", "error", "message"),
    [
        (403, {"errors": ["permission denied"]}, AccessDeniedError, "the token has no 'read' on team/kv/x"),
        (401, {"errors": []}, AccessDeniedError, "the token has no 'read' on team/kv/x"),
        (503, {"errors": ["Vault is sealed"]}, BackendUnreachableError, "is sealed"),
        (503, {"initialized": True, "sealed": True}, BackendUnreachableError, "is sealed"),
        (200, b"<html>hello</html>", BackendProtocolError, "answers with something that is no JSON object"),
        (200, [1], BackendProtocolError, "answers with something that is no JSON object"),
        (
            500,
            {"errors": ["1 error occurred:\n\t* oh\n\n"]},
            BackendProtocolError,
            r"500: 1 error occurred: \* oh",
        ),
        (418, b"teapot", BackendProtocolError, "418: the answer is no JSON object"),
        (400, {"errors": ["bad"]}, BackendProtocolError, r"400: bad \(GET team/kv/x\)"),
        (473, {}, BackendProtocolError, "473: no reason given"),
    ],
)
def test_every_failure_is_translated(
    scripted: Scripted, status: int, body: Any, error: type[CollectError], message: str
) -> None:
    scripted.answer(status, body)
    with pytest.raises(error, match=message) as raised:
        _ask(scripted, "kv/x")
    assert raised.value.hint
    assert raised.value.scope == "kv/"
    assert TOKEN not in f"{raised.value} {raised.value.hint} {raised.value.__cause__!r}"


def test_a_refused_login_says_what_to_check(scripted: Scripted) -> None:
    scripted.answer(403, {"errors": ["permission denied"]})
    with pytest.raises(AccessDeniedError, match="refuses the login at team/auth/jwt/login") as raised:
        _ask(scripted, "auth/jwt/login", verb="POST")
    assert "role" in raised.value.hint


def test_a_redirect_does_not_carry_the_token_away(scripted: Scripted) -> None:
    scripted.answer(307, {}, Location="https://elsewhere.example:8200/v1/x")
    with pytest.raises(BackendUnreachableError, match="redirects") as raised:
        _ask(scripted)
    assert raised.value.hint == "set address to https://elsewhere.example:8200"
    assert len(scripted.seen) == 1
    scripted.answer(301, {}, Location="/ui/")
    with pytest.raises(BackendUnreachableError) as raised:
        _ask(scripted)
    assert raised.value.hint == "set address to the active node's own address"


@pytest.mark.parametrize("status", [404, 405])
def test_what_is_not_there_is_an_answer(scripted: Scripted, status: int) -> None:
    scripted.answer(status, {"errors": []})
    answer = _ask(scripted)
    assert not answer.found
    assert answer.keys == []
    assert answer.empty == (status == 404)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (429, {"errors": ["quota"]}),
        (412, {"errors": ["required index state not present"]}),
        (502, b"bad gateway"),
        (503, {"errors": ["local node not active but active cluster node not found"]}),
        (
            400,
            {"errors": ["Upgrading from non-versioned to versioned data. This backend will be unavailable"]},
        ),
    ],
)
def test_a_busy_server_says_so_and_for_how_long(scripted: Scripted, status: int, body: Any) -> None:
    scripted.answer(status, body, Retry_After="7")
    answer = _ask(scripted)
    assert answer.busy
    assert answer.retry_after == 7.0
    scripted.answer(status, body, Retry_After="Fri, 31 Dec 2027 23:59:59 GMT")
    assert _ask(scripted).retry_after is None


def test_an_unreadable_body_of_an_empty_answer_is_empty(scripted: Scripted) -> None:
    scripted.answer(204, b"")
    assert _ask(scripted).data == {}


def test_a_silent_server_is_late() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connection = _connection(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)
        with pytest.raises(BackendUnreachableError, match="does not answer in time") as raised:
            connection.ask("GET", "kv/x")
        connection.close()
    assert "raise timeout" in raised.value.hint


def test_a_certificate_is_checked_against_the_authority_configured(
    scripted: Scripted, tmp_path: Path
) -> None:
    certificate, key = _self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    scripted.socket = context.wrap_socket(scripted.socket, server_side=True)
    address = scripted.address.replace("http://", "https://")
    stranger = _connection(address)
    with pytest.raises(BackendUnreachableError, match="certificate that is not trusted") as raised:
        stranger.ask("GET", "kv/x")
    stranger.close()
    assert raised.value.hint == "set ca-cert to the authority's PEM file"
    known = Connection(address, scope="kv/", environ={}, authorities=str(certificate), timeout=5)
    assert known.ask("GET", "kv/x").found
    known.close()
    missing = Connection(address, scope="kv/", environ={}, authorities=str(tmp_path / "no.pem"), timeout=5)
    with pytest.raises(BackendUnreachableError, match="the file of ca-cert cannot be read"):
        missing.ask("GET", "kv/x")
    missing.close()


def _self_signed(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return folder / "cert.pem", folder / "key.pem"


def test_counts_requests_by_verb(scripted: Scripted) -> None:
    connection = _connection(scripted.address)
    for verb in ("GET", "LIST", "GET"):
        connection.ask(verb, "x")
    connection.close()
    assert connection.counts == {"GET": 2, "LIST": 1}


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hvac.adapters", None)
    with pytest.raises(MissingExtraError) as raised:
        _connection("http://127.0.0.1:1")
    assert raised.value.hint == 'run: pip install "keyproof[vault]"'


@pytest.mark.parametrize(
    ("address", "environ", "proxies"),
    [
        ("https://vault.example", {"HTTPS_PROXY": "http://p:1"}, {"https": "http://p:1"}),
        (
            "https://vault.example",
            {"https_proxy": "http://q:1", "HTTPS_PROXY": "http://p:1"},
            {"https": "http://q:1"},
        ),
        ("http://vault.example", {"HTTPS_PROXY": "http://p:1"}, {}),
        ("https://vault.example:8200", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "other,.example"}, {}),
        ("https://127.0.0.1:8200", {"HTTPS_PROXY": "http://p:1"}, {}),
        ("https://localhost", {"HTTPS_PROXY": "http://p:1"}, {}),
    ],
)
def test_proxies_come_from_the_environment_handed_in(
    address: str, environ: Mapping[str, str], proxies: Mapping[str, str]
) -> None:
    assert _proxies(address, environ) == proxies
