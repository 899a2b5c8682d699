"""Searches a blob together with everything that stands in it in another form."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from keyproof.leaks.blob import Match
from keyproof.leaks.decoding.kinds import opens
from keyproof.leaks.sighting import Scan

if TYPE_CHECKING:
    from keyproof.leaks.decoding.part import Part


@dataclass(slots=True)
class DeepScan:
    """A Scan that opens archives, documents and notebooks; ordinary text costs it one look at the first bytes."""

    scan: Scan
    closed: Callable[[str, str], None]
    """Hears of what stayed closed: the blob's id with the path inside it, and the reason."""
    room: int = 8 << 30
    """Bytes that may still be opened in all: what many small bombs together are bounded by."""
    object_format: str = "sha1"
    """How git makes ids here, so that a blob is named as git names it."""

    def __call__(self, content: bytes) -> tuple[Match, ...]:
        """The matches of `content` and of its parts; what a part shows is not told again of the packed bytes."""
        if not opens(content):
            return self.scan(content)
        layers = [_Layer("", (), self.scan(content))]
        above = layers[:]
        for part in self._parts(content):
            layer = _Layer(part.path, part.chain, self.scan(part.content))
            while not above[-1].holds(layer):
                above.pop()
            for outer in above:
                outer.shown.update(match.secret for match in layer.matches)
            above.append(layer)
            layers.append(layer)
        return tuple(match for layer in layers for match in layer.told())

    def _parts(self, content: bytes) -> Iterator["Part"]:
        from keyproof.leaks.decoding.opening import decoded  # noqa: PLC0415 (a hook seldom meets an archive)
        from keyproof.leaks.decoding.part import Budget, Closed  # noqa: PLC0415

        budget = Budget()
        budget.room = given = min(budget.room, self.room)
        for one in decoded(content, budget):
            if isinstance(one, Closed):
                self.closed(f"{self._blob_id(content)}{one.path}", one.reason)
            else:
                yield one
        self.room -= given - max(0, budget.room)

    def _blob_id(self, content: bytes) -> str:
        header = b"blob %d\0" % len(content)
        return hashlib.new(self.object_format, header + content, usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class _Layer:
    """A part with its matches; layers come from the outside in."""

    path: str
    chain: tuple[str, ...]
    matches: tuple[Match, ...]
    shown: set[bytes] = field(default_factory=set)
    """Secrets that stand in what this one holds."""

    def holds(self, other: "_Layer") -> bool:
        deeper = len(other.chain) > len(self.chain)
        return deeper and other.chain[: len(self.chain)] == self.chain and other.path.startswith(self.path)

    def told(self) -> Iterator[Match]:
        """What is seen here first; packed bytes may show more than the secret itself, such as a quote's escape."""
        shown = tuple(self.shown)
        for match in self.matches:
            if not match.secret.startswith(shown):
                yield replace(match, inner=self.path + match.inner, chain=self.chain + match.chain)
