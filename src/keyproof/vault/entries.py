"""Walking what an engine lists in one folder: each entry read, or a gap that names the missing right."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from keyproof.domain.assessment import Collected
from keyproof.errors import AccessDeniedError
from keyproof.vault.reading import Reading

Maker = Callable[[Reading, str, Mapping[str, Any]], Collected]
"""Makes a secret of a reading, a name and the data of its entry. Raises ValueError for an unknown shape."""


def listed(reading: Reading, folder: str) -> Iterator[str | Collected]:
    """The names in a folder of the mount, or the gap of one that may not be listed."""
    try:
        yield from reading.mount.client.keys(reading.mount.place.mount + folder)
    except AccessDeniedError as error:
        yield reading.denied(folder, error)


def entries(reading: Reading, folder: str, make: Maker) -> Iterator[Collected]:
    """A secret for each entry of `folder` that is wanted."""
    for name in listed(reading, folder):
        if not isinstance(name, str):
            yield name
        elif reading.wanted(f"{folder}/{name}"):
            yield from entry(reading, f"{folder}/{name}", name, make)


def entry(reading: Reading, path: str, name: str, make: Maker) -> Iterator[Collected]:
    """The secret of one entry; nothing when it is gone since it was listed."""
    try:
        data = reading.mount.client.read(reading.mount.place.mount + path)
    except AccessDeniedError as error:
        yield reading.denied(path, error)
    else:
        if data is not None:
            yield made(reading, path, name, data, make)


def made(reading: Reading, path: str, name: str, data: Mapping[str, Any], make: Maker) -> Collected:
    """The secret, or a gap when its data has an unknown shape."""
    try:
        return make(reading, name, data)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        reason = f"what the server says cannot be understood: {type(error).__name__}"
        return reading.gap(reading.mount.scope + path, reason, "report this with the server's version")
