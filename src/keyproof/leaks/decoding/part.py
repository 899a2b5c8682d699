"""What decoding brings to light, and what it had to leave closed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Part:
    """Bytes that stand in a blob in another form; holds plaintext."""

    path: str
    """What is appended to the blob's own path, e.g. `!/conf/.env`; empty when the blob is one thing compressed."""
    content: bytes
    chain: tuple[str, ...]
    """How it was packed, outermost first, e.g. `gzip`, `tar`."""

    def __repr__(self) -> str:
        return f"Part({self.path!r}, {len(self.content)} bytes, {'/'.join(self.chain)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Something that was not opened, or not to its end."""

    path: str
    reason: str
    """`encrypted`, `damaged`, `too large`, `too many`, `too deep`, `unsupported`,
    or where the content is to be found instead."""


class Stop(Exception):  # noqa: N818 (no error: the bound of the work was reached)
    """Nothing more of this blob is opened."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Budget:
    """How much may still be opened of one blob; bounds on work, so that the result never hangs on the clock."""

    room: int = 64 << 20
    """Bytes."""
    parts: int = 10_000
    depth: int = 4
    """Archives within archives."""

    def take(self, size: int) -> None:
        """One more part of `size` bytes was opened. Raises Stop when that was the last."""
        self.parts -= 1
        self.room -= size
        if self.parts < 0:
            raise Stop("too many")
        if self.room < 0:
            raise Stop("too large")
