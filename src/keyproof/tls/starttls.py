"""Asking a server that begins in the clear to go on over TLS: mail servers and PostgreSQL."""

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_LONGEST, _MOST = 1024, 100
"""Bytes of a line, and pieces in which a server may say what it says before TLS begins: each may take its time."""
_SSL_REQUEST = bytes.fromhex("00000008 04d2162f")
"""Its length and 80877103: https://www.postgresql.org/docs/current/protocol-message-formats.html."""


class NotOfferedError(Exception):
    """The server does not go on over TLS; the message says what it did instead, never in its own words.

    Who it is has not been shown yet, so what it says may be anybody's.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How TLS is begun with servers of one kind."""

    port: int
    """The usual one."""
    ask: Callable[[socket.socket], None]
    """Talks until the handshake may begin. Raises NotOfferedError and OSError."""


class _Lines:
    """What a server says, line by line; nothing that comes behind a line is taken from the socket.

    So what somebody adds in the clear before TLS begins meets the handshake, which fails.
    """

    def __init__(self, met: socket.socket) -> None:
        self._met = met
        self._left = _MOST

    def next(self) -> str:
        line = b""
        while not line.endswith(b"\n"):
            self._left -= 1
            if self._left < 0 or len(line) > _LONGEST:
                raise NotOfferedError("it talks on without an end")
            ahead = self._met.recv(_LONGEST, socket.MSG_PEEK)
            if not ahead:
                raise NotOfferedError("it closes the connection")
            line += self._met.recv(ahead.find(b"\n") + 1 or len(ahead))
        return line.decode("latin-1").rstrip("\r\n")

    def say(self, text: str) -> None:
        self._met.sendall(f"{text}\r\n".encode("ascii"))


def _smtp(met: socket.socket) -> None:
    """https://www.rfc-editor.org/rfc/rfc3207."""
    lines = _Lines(met)
    _reply(lines, "220", "as its greeting")
    # A client without a name of its own gives its address (RFC 5321, 4.1.4).
    host = str(met.getsockname()[0])
    lines.say(f"EHLO [{f'IPv6:{host}' if ':' in host else host}]")
    offered = {line[4:].strip().upper() for line in _reply(lines, "250", "to EHLO")}
    if "STARTTLS" not in offered:
        raise NotOfferedError("STARTTLS is not among what it offers")
    lines.say("STARTTLS")
    _reply(lines, "220", "to STARTTLS")


def _reply(lines: _Lines, wanted: str, to: str) -> list[str]:
    """All lines of one reply: the last has a space behind its code."""
    found = [lines.next()]
    while found[-1][3:4] == "-":
        found.append(lines.next())
    if found[-1][:3] != wanted:
        code = found[-1][:3] if found[-1][:3].isdecimal() else "something that is not SMTP"
        raise NotOfferedError(f"it says {code} {to}")
    return found


def _imap(met: socket.socket) -> None:
    """https://www.rfc-editor.org/rfc/rfc9051, 6.2.1."""
    lines = _Lines(met)
    if not lines.next().upper().startswith("* OK"):
        raise NotOfferedError("it does not greet as an IMAP server does that waits for a login")
    lines.say("k STARTTLS")
    while not (line := lines.next()).startswith("k "):
        continue
    if not line.upper().startswith("K OK"):
        raise NotOfferedError("it refuses STARTTLS")


def _pop3(met: socket.socket) -> None:
    """https://www.rfc-editor.org/rfc/rfc2595, 4."""
    lines = _Lines(met)
    if not lines.next().startswith("+OK"):
        raise NotOfferedError("it does not greet as a POP3 server does")
    lines.say("STLS")
    if not lines.next().startswith("+OK"):
        raise NotOfferedError("it refuses STLS")


def _postgres(met: socket.socket) -> None:
    """https://www.postgresql.org/docs/current/protocol-flow.html, SSL Session Encryption."""
    met.sendall(_SSL_REQUEST)
    match met.recv(1):
        case b"S":
            return
        case b"N":
            raise NotOfferedError("it answers that it serves without TLS")
        case b"":
            raise NotOfferedError("it closes the connection")
        case _:
            raise NotOfferedError("it does not answer as PostgreSQL does")


OPENINGS: Mapping[str, Opening] = {
    "smtp": Opening(port=25, ask=_smtp),
    "imap": Opening(port=143, ask=_imap),
    "pop3": Opening(port=110, ask=_pop3),
    "postgres": Opening(port=5432, ask=_postgres),
}
"""Scheme → how TLS is begun."""
