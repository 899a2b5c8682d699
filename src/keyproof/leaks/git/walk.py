"""Searches the blobs of a pack along their deltas: a base whole, of a child only what its delta changed.

Why that is exact. A match stands in lines; whether there is one depends on these lines and, for a detector
over several lines, on no more bytes than its longest match. If none of that was touched by the delta, all of it
was copied in one run, and the base holds the match as well. So when the base has no match, a child has one
only if its windows have one: whole touched lines, widened where such a detector's anchor is in reach. Whatever
the windows show is decided by a search of the whole child. The children of a base with a match, with the anchor
of a very long match, or in UTF-16 are searched whole. A blob that holds others is not judged here at all: whoever
opens it keeps account of what stayed closed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from keyproof.leaks.blob import Match
from keyproof.leaks.decoding.kinds import opens
from keyproof.leaks.detection.decoders import wide_encoding
from keyproof.leaks.git.packs import Pack

_WIDEST = 16384
"""Bytes; the anchor of a longer match makes children be searched whole."""
_WHOLE = -1
"""The margin of children that are searched whole."""
_PROBE = 4096
"""Bytes by which a text is known as UTF-16."""
_HELD = 96 << 20
"""Bytes of bases held for children yet to come; beyond it they are made anew."""

Look = Callable[[bytes], tuple[tuple[Match, ...], int]]
"""The matches of a text, and how many bytes one over several lines may reach from it."""
Visit = tuple[int, int, tuple[Match, ...] | None]
"""Number of a blob, its bytes, its matches; None for one that is to be opened."""


@dataclass(frozen=True, slots=True)
class Searcher:
    """Decides whether a blob has matches, from what its base had."""

    look: Look

    def whole(self, content: bytes) -> tuple[tuple[Match, ...] | None, int]:
        """The matches, None for a blob to open, and how its children are to be searched: their margin, or whole."""
        if opens(content):
            return None, _WHOLE
        matches, reach = self.look(content)
        if matches or reach > _WIDEST or _wide(content):
            return matches, _WHOLE
        return matches, 2 * reach

    def child(self, content: bytes, part: bytes, margin: int) -> tuple[tuple[Match, ...] | None, int, bool]:
        """The same for the child of a base with this margin, by its windows; and whether they were wide enough."""
        if margin == _WHOLE or _wide(content) or opens(content):
            return *self.whole(content), True
        if not part:
            return (), margin, True
        matches, reach = self.look(part)
        if matches or reach > _WIDEST or _wide(part):
            return *self.whole(content), True
        return (), max(margin, 2 * reach), 2 * reach <= margin


def _wide(content: bytes) -> bool:
    if content.find(b"\0", 0, _PROBE) < 0 and content[:1] not in {b"\xff", b"\xfe"}:
        return False
    return wide_encoding(content) is not None


@dataclass(slots=True)
class _Frame:
    number: int
    content: bytes | None
    margin: int
    child: int


def walk_family(pack: Pack, root: int, searcher: Searcher, largest: int) -> Iterator[Visit]:
    """Visit the blobs of one family, each base before its children; what is not visited is not known.

    A blob that cannot be read is not visited and neither is what hangs on it. Larger blobs end their branch.
    """
    if pack.sizes[root] > largest:
        return
    try:
        content = pack.record(root)
    except ValueError:
        return
    matches, margin = searcher.whole(content)
    yield root, len(content), matches
    stack = [_Frame(root, content, margin, pack.first[root])]
    held = len(content)
    while stack:
        frame = stack[-1]
        number = frame.child
        if number < 0:
            stack.pop()
            held -= len(frame.content or b"")
            continue
        frame.child = pack.following[number]
        margin, enough = frame.margin, False
        try:
            base = frame.content if frame.content is not None else pack.content(frame.number, largest)
            while not enough:
                content, part = pack.child(base, number, largest, margin)
                matches, margin, enough = searcher.child(content, part, margin)
        except ValueError:
            continue
        if frame.child < 0:
            stack.pop()
            held -= len(frame.content or b"")
        yield number, len(content), matches
        if pack.first[number] >= 0:
            stack.append(_Frame(number, content, margin, pack.first[number]))
            held += len(content)
            held -= _spill(stack, held)


def _spill(stack: list[_Frame], held: int) -> int:
    """Let go of the oldest contents until little enough is held; bytes let go."""
    freed = 0
    if held <= _HELD:
        return freed
    for frame in stack[:-1]:
        if held - freed <= _HELD:
            break
        freed += len(frame.content or b"")
        frame.content = None
    return freed
