"""Certificates in files, and servers that do not show theirs."""

import socket
from base64 import encodebytes
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

from cryptography.hazmat.primitives.serialization import Encoding

from keyproof.collectors.tls import TlsCollector
from keyproof.ports import Collector
from tests.fakes.certificates import Pair, make
from tests.fakes.estates.estate import Clause, Estate, Grounds
from tests.fakes.estates.files import FileRunning
from tests.fakes.ports import NOW

_BEGINS, _ENDS = datetime(2025, 9, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)
_FEW = 20


class _TlsRunning(FileRunning):
    """A file with all certificates; for what only a server can do wrong, a server alone."""

    host = ""

    def collector(
        self, *, patience: float = 30.0, credentials: bool = True, now: datetime = NOW
    ) -> Collector:
        given = {"hosts": [self.host]} if self.host else {"files": ["*.pem"]}
        settings = TlsCollector.Config.model_validate({**given, "timeout": patience})
        return TlsCollector("contract", settings, self.surroundings(now=now, root=self.path.parent))

    def stall(self) -> None:
        listening = self._stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.host = _address(listening)

    def say(self, status: int, body: bytes) -> None:
        listening = self._stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.host = _address(listening)

        def answer() -> None:
            met, _ = listening.accept()
            with met:
                met.recv(4096)
                met.sendall(body)

        thread = Thread(target=answer)
        thread.start()
        self._stack.callback(thread.join)

    def cut(self, *, honest: bool) -> None:
        data = self.path.read_bytes()
        self.path.write_bytes(data[: data.rindex(b"-----BEGIN CERTIFICATE") + 200])

    def vanish(self) -> None:
        self.host = "127.0.0.1:9"


def _address(listening: socket.socket) -> str:
    return f"127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def _open(names: Sequence[str], grounds: Grounds) -> Iterator[FileRunning]:
    path = grounds.make_folder() / "all.pem"
    pairs = [_pair(name) for name in names[:_FEW]]
    path.write_text("".join(pair.pem + pair.key_pem for pair in pairs), encoding="ascii")
    if rest := names[_FEW:]:
        _append(path, pairs[0], len(rest))
    with ExitStack() as stack:
        yield _TlsRunning("tls", path, config={}, form="CN={}", stack=stack)


def _pair(name: str) -> Pair:
    return make(name, begins=_BEGINS, ends=_ENDS)


def _append(path: Path, pair: Pair, count: int) -> None:
    """So many more of its like with serial numbers of their own: to make and to sign them takes longer."""
    whole = pair.certificate.public_bytes(Encoding.DER)
    number = pair.certificate.serial_number.to_bytes(20, "big")
    with path.open("ab") as file:
        for other in range(count):
            der = whole.replace(number, number[:-4] + other.to_bytes(4, "big"))
            file.write(b"-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % encodebytes(der))


TLS_ESTATES = (
    Estate(
        kind="tls",
        open=_open,
        odd=("a b", "ü/ß", "x" * 64, "%2e%2e", "..", "q?x&y", "Case", "case"),
        right="read",
        counted="certificates",
        excused={
            Clause.PAGING: "a file is read whole, and a server shows one certificate",
            Clause.EMPTY: "a source names its hosts and files, and what is not there is an error",
            Clause.BUSY: "a handshake has no word for it",
            Clause.EXPIRED: "a server shows its certificate to anybody",
            Clause.STRANGER: "a server shows its certificate to anybody",
            Clause.DELETED: "a file that is deleted is not there",
            Clause.SEALED: "a server without its certificate does not speak TLS, as in the clause before",
            Clause.AWAY: "a server has one certificate, and a file that is open stays readable",
        },
    ),
)
