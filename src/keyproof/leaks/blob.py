"""The only types that hold plaintext; nothing outside `keyproof.leaks` may import this module."""

from dataclasses import dataclass

from keyproof.domain.leak import LeakConfidence


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Blob:
    """Bytes to search, with the git object id where there is one."""

    id: str | None
    content: bytes

    def __repr__(self) -> str:
        return f"Blob({self.id}, {len(self.content)} bytes)"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Match:
    """A secret seen in a blob, before it is sealed; its repr hides it."""

    detector: str
    """Detector id."""
    secret: bytes
    """The secret itself, decoded to UTF-8, without its surroundings."""
    line: int
    """1-based, in the decoded text of the blob."""
    column: int
    """1-based, in characters."""
    end_line: int
    confidence: LeakConfidence
    marker: str | None = None
    """The inline allow marker that covers it, or None."""
    inner: str = ""
    """Where in the blob it stands when it was unpacked, e.g. `!/conf/.env`: line and column are of that part."""
    chain: tuple[str, ...] = ()
    """How it was packed or encoded, outermost first, e.g. `zip`, `base64`."""

    def __repr__(self) -> str:
        return f"Match({self.detector}, line {self.line}, {len(self.secret)} bytes sealed)"
