"""Mail servers on loopback that begin in the clear and go on over TLS when they are asked to."""

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.certificates import Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """What a server says."""

    greeting: bytes
    replies: Mapping[str, bytes]
    """Word in a line of the client → the answer; `%s` stands for the first word of the line."""
    go_on: str
    """The word after whose answer the handshake comes; none where that never happens."""


SMTP = Manners(
    greeting=b"220-mail.example ESMTP\r\n220 ready\r\n",
    replies={
        "EHLO": b"250-mail.example\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 8BITMIME\r\n",
        "STARTTLS": b"220 go on\r\n",
    },
    go_on="STARTTLS",
)
IMAP = Manners(
    greeting=b"* OK ready\r\n",
    replies={
        "CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS\r\n%s OK done\r\n",
        "STARTTLS": b"* NOTE so be it\r\n%s OK go on\r\n",
    },
    go_on="STARTTLS",
)
POP3 = Manners(
    greeting=b"+OK ready\r\n",
    replies={"CAPA": b"+OK\r\nSTLS\r\n.\r\n", "STLS": b"+OK go on\r\n"},
    go_on="STLS",
)


@dataclass(slots=True)
class MailServer:
    """A running one."""

    address: str
    heard: list[str] = field(default_factory=list)
    """Every line of clients before TLS."""


@contextmanager
def mail_server(manners: Manners, pair: Pair, folder: Path) -> Iterator[MailServer]:
    """Serve while the block runs, one client after the other."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*pair.write(folder, "mail"))
    listening = socket.create_server(("127.0.0.1", 0))
    server = MailServer(address=f"127.0.0.1:{listening.getsockname()[1]}")

    def serve() -> None:
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            try:
                with plain:
                    if _talk(plain, manners, server.heard):
                        with tls.wrap_socket(plain, server_side=True) as secured:
                            secured.recv(1)
            except OSError:
                continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def _talk(plain: socket.socket, manners: Manners, heard: list[str]) -> bool:
    """Whether the handshake comes next."""
    plain.sendall(manners.greeting)
    with plain.makefile("rb") as lines:
        for raw in lines:
            line = raw.decode("ascii").strip()
            heard.append(line)
            known = next((word for word in manners.replies if word in line.upper().split()), None)
            if known is None:
                return False
            plain.sendall(manners.replies[known].replace(b"%s", line.split()[0].encode()))
            if known == manners.go_on:
                return True
    return False
