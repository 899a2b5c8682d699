"""Listings in pages: from one to the next, and never round in a circle."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

_MOST = 100_000
"""More pages than any listing has: an end for those whose every page names another one."""
_NEXT = re.compile(r'<([^<>]*)>\s*;[^,]*\brel="?next"?')

T = TypeVar("T")


def walk(
    first: str, read: Callable[[str], T], following: Callable[[T], str], *, circle: Callable[[], Exception]
) -> Iterator[T]:
    """Every page from the place `first` on; `following` tells the place of the next one, empty at the end.

    Raises what `circle` makes when a page leads to one that was read already, and what `read` raises.
    """
    place, seen = first, {first}
    while True:
        page = read(place)
        yield page
        place = following(page)
        if not place:
            return
        if place in seen or len(seen) >= _MOST:
            raise circle()
        seen.add(place)


def linked(headers: Mapping[str, str]) -> str:
    """The address of the next page in a `Link` header (RFC 8288); empty where there is none."""
    found = _NEXT.search(headers.get("link", ""))
    return found[1] if found else ""
