"""Lists every stored object and reads objects in bulk, around those that are damaged."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, TypeVar

from keyproof.errors import GitFailedError
from keyproof.leaks.git.repository import Repository

if TYPE_CHECKING:  # the hook comes this way, and reads no packs
    from keyproof.leaks.git.packs import Pack

T = TypeVar("T")

_CHECK = "--batch-check=%(objectname) %(objecttype)"
_BATCH = 256
"""Ids written to git at a time."""
_LARGEST_RECORD = 64 << 20
"""Bytes; a commit, tag or tree beyond it is made to exhaust memory."""
_MOST_DEATHS = 5000
"""Damaged objects in a row after which a repository is given up."""


class Ids:
    """Many object ids in little memory, in order."""

    def __init__(self, id_length: int) -> None:
        self._width = id_length // 2
        self._raw = bytearray()

    def append(self, name: str) -> None:
        """Add one id in hex."""
        self._raw += bytes.fromhex(name)

    def extend(self, names: Iterable[bytes]) -> None:
        """Add raw ids."""
        self._raw += b"".join(names)

    def raw(self) -> Iterator[bytes]:
        """The ids as bytes."""
        return (bytes(self._raw[at : at + self._width]) for at in range(0, len(self._raw), self._width))

    def __len__(self) -> int:
        return len(self._raw) // self._width

    def __iter__(self) -> Iterator[str]:
        return (name.hex() for name in self.raw())


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The objects there are, reachable or not, each once and in the order of storage. Trees are only counted."""

    blobs: Ids
    commits: Ids
    tags: Ids
    unreadable: list[str] = field(default_factory=list)
    """Objects whose header is damaged."""
    packs: "tuple[Pack, ...]" = ()
    """The packs it was read from, when it was not read by git; open as long as the search lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitObject:
    """One object as it is stored."""

    id: str
    type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """An object that could not be read."""

    id: str
    reason: str
    """`missing`, `unreadable`, or `size` for a blob larger than was asked for and a record beyond all measure."""


def list_objects(repository: Repository, ids: Iterable[str] | None = None) -> Listing:
    """List every object of the repository and its alternates, or only `ids`. Raises GitFailedError."""
    width = repository.id_length
    listing = Listing(blobs=Ids(width), commits=Ids(width), tags=Ids(width))
    if ids is None:
        with repository.start(
            "cat-file", _CHECK, "--buffer", "--batch-all-objects", "--unordered"
        ) as process:
            for line in process.output:
                _enter(listing, line)
            process.finish()
        return listing
    for answer in _ask(repository, [_CHECK], ids, _line):
        _enter(listing, f"{answer.id} missing".encode() if isinstance(answer, Unread) else answer)
    return listing


def object_types(repository: Repository, ids: Iterable[str]) -> dict[str, str]:
    """The type of each of `ids` that is stored. Raises GitFailedError."""
    answers = _ask(repository, [_CHECK], ids, _line)
    fields = (line.decode("ascii", "replace").split() for line in answers if isinstance(line, bytes))
    return {name: kind for name, kind in fields if kind != "missing"}


def read_objects(
    repository: Repository, ids: Iterable[str], *, largest: int | None = None
) -> Iterator[GitObject | Unread]:
    """Read the objects `ids` in their order, each answered once; blobs of more than `largest` bytes are passed over.

    Raises GitFailedError when nothing can be read any more.
    """
    return _ask(repository, ["--batch"], ids, partial(_object, largest=largest))


def _enter(listing: Listing, line: bytes) -> None:
    match line.decode("ascii", "replace").split():
        case [name, "blob"]:
            listing.blobs.append(name)
        case [name, "commit"]:
            listing.commits.append(name)
        case [name, "tag"]:
            listing.tags.append(name)
        case [name, "missing"]:
            listing.unreadable.append(name)
        case _:
            pass


def _ask(
    repository: Repository,
    options: Sequence[str],
    ids: Iterable[str],
    answer: Callable[[IO[bytes]], T | None],
) -> Iterator[T | Unread]:
    """Ask git about `ids`; it dies of a damaged object, and is started again after it."""
    rest = iter(ids)
    asked: deque[str] = deque()
    deaths = 0
    while True:
        unanswered, asked = asked, deque()
        with repository.start("cat-file", "--buffer", *options, fed=True) as process:
            process.feed(_lines(_noting(chain(unanswered, rest), asked)))
            while (found := answer(process.output)) is not None:
                deaths = 0
                asked.popleft()
                yield found
            code = process.wait()
        if code == 0:
            return
        if not asked or deaths >= _MOST_DEATHS:
            raise GitFailedError(
                f"git cat-file failed with exit code {code}: {process.last_words}",
                hint="run `git fsck --full` in the repository to see what is damaged",
            )
        deaths += 1
        promised = "promisor remote" in process.last_words
        yield Unread(id=asked.popleft(), reason="missing" if promised else "unreadable")


def _line(output: IO[bytes]) -> bytes | None:
    return output.readline() or None


def _object(output: IO[bytes], largest: int | None) -> GitObject | Unread | None:
    """The next answer; None when there is none, or it was cut short."""
    match output.readline().decode("ascii", "replace").split():
        case [name, "missing"]:
            return Unread(id=name, reason="missing")
        case [name, kind, size]:
            most = largest if kind == "blob" else _LARGEST_RECORD
            if most is not None and int(size) > most:
                return _pass_over(output, name, int(size) + 1)
            content = output.read(int(size))
            whole = len(content) == int(size) and output.read(1) == b"\n"
            return GitObject(id=name, type=kind, content=content) if whole else None
        case _:
            return None


def _pass_over(output: IO[bytes], name: str, left: int) -> Unread | None:
    while left:
        piece = output.read(min(left, 1 << 20))
        if not piece:
            return None
        left -= len(piece)
    return Unread(id=name, reason="size")


def _noting(ids: Iterable[str], asked: deque[str]) -> Iterator[str]:
    for name in ids:
        asked.append(name)
        yield name


def _lines(ids: Iterable[str]) -> Iterator[bytes]:
    rest = iter(ids)
    while batch := list(islice(rest, _BATCH)):
        yield ("\n".join(batch) + "\n").encode()
