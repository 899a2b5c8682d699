"""Everything a repository stores, read from its packs in place; where that does not do, git is to be asked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from keyproof.leaks.git.delta_compiled import Names
from keyproof.leaks.git.objects import GitObject, Ids, Listing, object_types, read_objects
from keyproof.leaks.git.packs import BLOB, COMMIT, TAG, TREE, Pack
from keyproof.leaks.git.repository import Repository

_KINDS = {"commit": COMMIT, "tree": TREE, "blob": BLOB, "tag": TAG}
_FOLDER = re.compile("[0-9a-f]{2}")
_HEX = re.compile("[0-9a-f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """The objects of a repository by number; to be closed."""

    repository: Repository
    packs: tuple[Pack, ...]
    loose: dict[bytes, int]
    """Raw id → type of what lies in no pack."""
    unreadable: tuple[str, ...]
    names: Names
    """Of the packs, then of the loose objects."""
    kinds: bytearray
    """The type of every object by number."""

    def close(self) -> None:
        """Nothing can be read afterwards."""
        for pack in self.packs:
            pack.close()

    def listing(self) -> Listing:
        """All objects, each once."""
        width = self.repository.id_length
        listing = Listing(
            blobs=Ids(width),
            commits=Ids(width),
            tags=Ids(width),
            unreadable=list(self.unreadable),
            packs=self.packs,
        )
        for ids, kind in ((listing.blobs, BLOB), (listing.commits, COMMIT), (listing.tags, TAG)):
            for place in range(len(self.packs)):
                ids.extend(name for _, name in self.packed(place, kind))
            ids.extend(name for name, its in self.loose.items() if its == kind)
        return listing

    def packed(self, place: int, kind: int) -> Iterator[tuple[int, bytes]]:
        """Number in the pack and raw id of the objects of a kind that no earlier pack holds."""
        pack, first = self.packs[place], self.names.first[place]
        named = ((number, pack.id(number)) for number in pack.of_kind(kind))
        if place == 0:
            return named
        return ((number, name) for number, name in named if self.names.number(name) == first + number)

    def read_loose(self, kind: int) -> Iterator[GitObject]:
        """The loose objects of a kind that can be read."""
        names = [name.hex() for name, its in self.loose.items() if its == kind]
        return (answer for answer in read_objects(self.repository, names) if isinstance(answer, GitObject))


def take_stock(repository: Repository) -> Stock | None:
    """The stock of `repository`; None when its objects lie elsewhere as well, or a pack cannot be read.

    Raises GitFailedError.
    """
    folder = repository.common_dir / "objects"
    if repository.quarantined or _has_alternates(folder):
        return None
    packs = _open_packs(folder / "pack", repository.id_length // 2)
    if packs is None:
        return None
    names = Names(repository.id_length // 2, [pack.names for pack in packs])
    kinds = bytearray(b"".join(pack.kinds for pack in packs))
    found = [name for name in _loose(folder, repository.id_length) if names.number(bytes.fromhex(name)) < 0]
    types = object_types(repository, found) if found else {}
    loose = {bytes.fromhex(name): _KINDS[kind] for name, kind in types.items() if kind in _KINDS}
    for name, kind in loose.items():
        names.add(name)
        kinds.append(kind)
    return Stock(
        repository=repository,
        packs=packs,
        loose=loose,
        unreadable=tuple(name for name in found if bytes.fromhex(name) not in loose),
        names=names,
        kinds=kinds,
    )


def _has_alternates(folder: Path) -> bool:
    return (folder / "info" / "alternates").exists() or (folder / "info" / "http-alternates").exists()


def _open_packs(folder: Path, width: int) -> tuple[Pack, ...] | None:
    packs: list[Pack] = []
    try:
        for index in sorted(folder.glob("*.idx")):
            packs.append(Pack(index, width))
            if not packs[-1].complete:
                raise ValueError  # noqa: TRY301 (an object without its base: not for us)
    except (OSError, ValueError):
        for pack in packs:
            pack.close()
        return None
    return tuple(packs)


def _loose(folder: Path, id_length: int) -> Iterator[str]:
    for below in sorted(folder.iterdir()):
        if _FOLDER.fullmatch(below.name) and below.is_dir():
            for file in sorted(below.iterdir()):
                name = below.name + file.name
                if len(name) == id_length and _HEX.fullmatch(name):
                    yield name
